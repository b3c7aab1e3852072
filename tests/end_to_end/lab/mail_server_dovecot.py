"""Dovecot as a server for SMTP AUTH: its submission service, which hands mail on to another server; and the socket through which
Postfix asks it."""
import os

from .dovecot import Dovecot
from .mail_server import MailServer, USERS
from .place import free_port


class Submission(Dovecot):
    """relay: the port of the server to which it would hand mail, which it greets at each login."""
    name = "submission"
    urls = MailServer.urls

    def __init__(self, folder, certificate, relay):
        self.smtp, self.smtps = free_port(), free_port()
        self.socket = os.path.join(folder, "auth")
        # Two accounts stand for what Dovecot's fixture knows by their names: disabled, and a temporary failure.
        users = USERS | {name: f"{name}-Pw-66120" for name in ("frank", "tempfail")}
        super().__init__(folder, certificate, users=users, extra=f"""
protocols = pop3 submission
hostname = mail.example.test
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
service submission-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener submission {{
    port = {self.smtp}
  }}
  inet_listener submissions {{
    port = {self.smtps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {self.socket} {{
    mode = 0666
  }}
}}
""")
