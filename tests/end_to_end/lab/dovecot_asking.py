"""Dovecot that asks somebody else who may log in: an IMAP server with nothing but what a recipe says about that."""
import imaplib
import os
import shutil

from .place import free_port, put
from .process import Process, Server, greeting
from .unpacked import namespaced


class DovecotAsking(Server):
    host = "127.0.0.1"

    def __init__(self, folder, authentication, mounts=()):
        """authentication: the text of a file of its conf.d. mounts: as of namespaced()."""
        self.folder = folder
        self.imap = free_port()
        for name in ("run", "state", "mail"):
            os.mkdir(self._at(name), 0o755)
        shutil.chown(self._at("mail"), "mail", "mail")
        put(self._at("auth-authbroker.conf.ext"), authentication)
        put(self._at("dovecot.conf"), self._configuration())
        argv = ["dovecot", "-c", self._at("dovecot.conf"), "-F"]
        self.process = Process(namespaced(mounts, argv) if mounts else argv, log=self._at("stdout.log"))
        try:
            greeting(self.host, self.imap, b"* OK", alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def _at(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self._at("dovecot.log")) as f:
            return f.read()

    def says(self, user, password):
        """What a mail program hears: "OK" or the whole text of the refusal."""
        c = imaplib.IMAP4(self.host, self.imap, timeout=40)
        try:
            c.login(user, password)
            said = "OK"
        except imaplib.IMAP4.error as e:
            said = e.args[0].decode() if isinstance(e.args[0], bytes) else str(e.args[0])
        c.logout()
        return said

    def _configuration(self):
        return f"""
instance_name = asking{self.imap}
base_dir = {self._at('run')}
state_dir = {self._at('state')}
log_path = {self._at('dovecot.log')}
protocols = imap
listen = {self.host}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0 secs
auth_verbose = yes
mail_location = maildir:{self._at('mail')}/%u
first_valid_uid = 1
mail_privileged_group = mail
shutdown_clients = yes
!include auth-authbroker.conf.ext
userdb {{
  driver = static
  args = uid=mail gid=mail home={self._at('mail')}/%u
}}
service imap-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
