"""Dovecot's POP3 server, and its IMAP server if that is wanted: plain with STARTTLS on one port, TLS on another."""
import os
import shutil

from .place import free_port, put
from .process import Process, Server, greeting, port_open

# address or bare name -> password; all plain, so that APOP works
USERS = {
    "alice": "alice-Pw-77231",
    "bob@example.test": "bob-Pw-example-58",
    "bob@other.test": "bob-Pw-other-9121",
    "dora": "pass word with  spaces 31",
    "eve": "p€ss-wörd-8472",
    "frank": "frank-Pw-55120",
    "tempfail": "tempfail-Pw-4417",
}


def _users(users):
    lines = [f"{name}:{{PLAIN}}{password}::::::" for name, password in users.items() if name not in ("frank", "tempfail")]
    lines.append(f"frank:{{PLAIN}}{USERS['frank']}::::::nologin=y reason=Account_disabled")
    return "\n".join(lines) + "\n"


class Dovecot(Server):
    """stop() and start() keep the ports. freeze() stops every process with SIGSTOP: connections are taken by the kernel, nothing answers."""
    name = "dovecot"
    host = "127.0.0.1"
    greets = b"+OK"
    has_apop = True
    tempfail_user = "tempfail"

    def __init__(self, folder, certificate, max_userip=100, penalty=False, extra="", users=None, imap=False):
        self.folder, self._certificate, self._max_userip, self._penalty, self._extra = folder, certificate, max_userip, penalty, extra
        self._accounts = users or USERS
        self.pop3, self.pop3s = free_port(), free_port()
        self.imap, self.imaps = (free_port(), free_port()) if imap else (None, None)
        self.process = None
        self.starts = 0
        self.start()

    def start(self):
        # A penalty socket or a pid file of an earlier life would cost each login five seconds, or the start.
        for name in ("run", "state"):
            shutil.rmtree(self._at(name), ignore_errors=True)
            os.mkdir(self._at(name), 0o755)
        os.makedirs(self._at("mail"), exist_ok=True)
        shutil.chown(self._at("mail"), "mail", "mail")
        os.makedirs(self._at("deny"), mode=0o700, exist_ok=True)
        put(self._at("users"), _users(self._accounts))
        put(self._at("dovecot.conf"), self._configuration())
        self.process = Process(["dovecot", "-c", self._at("dovecot.conf"), "-F"], log=self._at("stdout.log"))
        self.starts += 1
        try:
            port_open(self.host, self.pop3s)
            greeting(self.host, self.pop3, self.greets, alive=lambda: self.process.status is None)
            if self.imap:
                port_open(self.host, self.imaps)
                greeting(self.host, self.imap, b"* OK", alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def _at(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self._at("dovecot.log")) as f:
            return f.read()

    def _imap_service(self):
        return "" if self.imap is None else f"""
service imap-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps}
    ssl = yes
  }}
}}
"""

    def _configuration(self):
        certificate, key = self._certificate
        return f"""
instance_name = e2e{self.pop3}
base_dir = {self._at('run')}
state_dir = {self._at('state')}
log_path = {self._at('dovecot.log')}
protocols = pop3{' imap' if self.imap else ''}
listen = {self.host}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login apop
auth_username_format = %Lu
auth_failure_delay = 0 secs
auth_verbose = yes
auth_cache_size = 0
mail_location = maildir:{self._at('mail')}/%u
mail_max_userip_connections = {self._max_userip}
first_valid_uid = 1
mail_privileged_group = mail
shutdown_clients = yes
default_process_limit = 200
default_client_limit = 2000
{self._extra}
# Failures at once: dovecot-auth would hold them up to half a second even without a failure delay.
passdb {{
  driver = static
  args = noauthenticate=y nodelay=y
  result_success = continue
  result_failure = continue
}}
# This user's passdb fails: a temporary failure.
passdb {{
  driver = passwd-file
  username_filter = tempfail
  args = {self._at('deny')}/%u
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {self._at('users')}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={self._at('mail')}/%u
}}
service pop3-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener pop3 {{
    port = {self.pop3}
  }}
  inet_listener pop3s {{
    port = {self.pop3s}
    ssl = yes
  }}
}}
{self._imap_service()}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = {'0600' if self._penalty else '0'}
  }}
}}
"""


class Part(Server):
    """One of Dovecot's services alone, which asks somebody else who its users are."""
    host = "127.0.0.1"

    def __init__(self, folder, socket):
        self.folder, self.port, self.mail = folder, free_port(), os.path.join(folder, "mail")
        for name in ("run", "state", "mail"):
            os.mkdir(os.path.join(folder, name), 0o755)
        shutil.chown(self.mail, "mail", "mail")
        put(os.path.join(folder, "dovecot.conf"), f"""
instance_name = e2e{self.port}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = {self.name}
listen = {self.host}
ssl = no
disable_plaintext_auth = no
postmaster_address = postmaster@example.test
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_home = {self.mail}/%u
mail_location = maildir:{self.mail}/%u
{self.service(socket)}
""")
        self.process = Process(["dovecot", "-c", os.path.join(folder, "dovecot.conf"), "-F"], log=os.path.join(folder, "stdout.log"))
        try:
            greeting(self.host, self.port, self.greets, alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def log(self):
        with open(os.path.join(self.folder, "dovecot.log")) as f:
            return f.read()


class Lmtp(Part):
    """Its LMTP server: the socket is a user database."""
    name = "lmtp"
    greets = b"220"

    def service(self, socket):
        return f"""
auth_socket_path = {socket}
service lmtp {{
  inet_listener lmtp {{
    port = {self.port}
  }}
}}
"""


class ImapLogin(Part):
    """Its process that users of IMAP log in to: the socket is for logins. After a yes it wants more than a broker has."""
    name = "imap"
    greets = b"* OK"

    def service(self, socket):
        return f"""
service imap-login {{
  executable = imap-login {socket}
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
