"""Exim: PLAIN, LOGIN and CRAM-MD5 from a file, a VRFY that looks, and recipients. Its limits are its defaults."""
import os
import shutil

from .mail_server import MAILBOXES, MailServer, USERS
from .place import free_port, put
from .process import Process, greeting, port_open
from .unpacked import accounts, namespaced, unpack

PACKAGES = ["exim4-base", "exim4-config", "exim4-daemon-light", "libidn12", "libgnutls-dane0", "libunbound8", "libevent-2.1-7"]
# With the drivers for Dovecot's authentication and saslauthd, and what else it is linked with.
HEAVY_PACKAGES = [p for p in PACKAGES if p != "exim4-daemon-light"] + ["exim4-daemon-heavy", "libmariadb3", "libpq5", "libspf2-2", "libperl5.36"]
UID = 28501

_AUTHENTICATORS = """
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{!eq{$auth3}{}}{eq{$auth3}{${lookup{$auth2}lsearch{@FILE@}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{!eq{$auth2}{}}{eq{$auth2}{${lookup{$auth1}lsearch{@FILE@}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${lookup{$auth1}lsearch{@FILE@}{$value}fail}
  server_set_id = $auth1
"""


class Exim(MailServer):
    """without_vrfy: VRFY as Exim has it by default, refused by no rule at all. `main`: more of the main section; `authenticators`: others
    than the usual ones; `heavy`: Debian's larger build; `mounts`: more of what namespaced() puts in place; `relay`:
    domains to relay to, and rules for their recipients."""
    name = "exim"

    def __init__(self, folder, certificate, cache, main="", authenticators=None, heavy=False, mounts=(), relay=None):
        self.folder, self._certificate, self._main, self._relay = folder, certificate, main, relay
        self._authenticators = authenticators
        self.smtp, self.smtps, self.without_vrfy = (free_port() for _ in range(3))
        root = unpack(cache, "exim-heavy", HEAVY_PACKAGES) if heavy else unpack(cache, "exim", PACKAGES)
        os.chmod(root + "/usr/sbin/exim4", 0o755)  # not as root's by whoever starts it
        self._mounts = [("over", root + "/usr", "/usr"), *accounts(folder, [("Debian-exim", UID)]), *mounts]
        self.process = None
        for name in ("spool", "log"):
            os.mkdir(self._at(name), 0o755)
            shutil.chown(self._at(name), UID, UID)
        put(self._at("passwords"), "".join(f"{user}: {password}\n" for user, password in USERS.items()), 0o600)
        shutil.chown(self._at("passwords"), UID, UID)
        shutil.copy(certificate[1], self._at("key.pem"))
        shutil.chown(self._at("key.pem"), UID, UID)
        put(self._at("exim.conf"), self._configuration())
        self.start()

    def _at(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        text = ""
        for name in ("main", "reject", "panic"):
            if os.path.exists(self._at(f"log/{name}log")):
                with open(self._at(f"log/{name}log"), errors="replace") as f:
                    text += f.read()
        return text

    def connections(self):
        return self.log().count("(TCP/IP connection count = ")

    def start(self):
        self.process = Process(namespaced(self._mounts, ["/usr/sbin/exim4", "-C", self._at("exim.conf"), "-bdf"]), log=self._at("stdout.log"))
        try:
            port_open(self.host, self.smtps)
            greeting(self.host, self.smtp, self.greets, alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def _configuration(self):
        domains, rules = self._relay or ("", "")
        listening = f"{self.smtp} : {self.smtps} : {self.without_vrfy}"
        return f"""
primary_hostname = mail.example.test
spool_directory = {self._at('spool')}
log_file_path = {self._at('log')}/%slog
pid_file_path = {self._at('exim.pid')}
local_interfaces = {self.host}
daemon_smtp_ports = {listening}
tls_on_connect_ports = {self.smtps}
tls_advertise_hosts = *
tls_certificate = {self._certificate[0]}
tls_privatekey = {self._at('key.pem')}
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
never_users = root
queue_only = true
smtputf8_advertise_hosts = *
log_selector = +smtp_connection +smtp_protocol_error
domainlist ours = example.test : catchall.test
domainlist relay_to_domains = {domains.replace(",", " :")}
acl_smtp_vrfy = ${{if eq{{$received_port}}{{{self.without_vrfy}}}{{}}{{acl_vrfy}}}}
acl_smtp_rcpt = acl_rcpt
{self._main}
begin acl
acl_vrfy:
  accept
acl_rcpt:
  accept authenticated = *
  deny message = relay not permitted
       !domains = +ours : +relay_to_domains
{rules}
  accept domains = +relay_to_domains
  defer message = 4.2.0 Greylisted, please try again in 300 seconds
       local_parts = grey
  defer message = 4.3.0 Temporary lookup failure
       local_parts = tempfail
  deny message = 5.7.1 Message refused by policy
       local_parts = policy
  drop message = 5.7.1 Enough of this
       local_parts = drop
  require verify = recipient
  accept
begin routers
everybody:
  driver = accept
  domains = catchall.test
  transport = nowhere
mailboxes:
  driver = accept
  domains = example.test
  local_parts = {" : ".join(MAILBOXES)} : grey : tempfail : policy : drop
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
  user = mail
begin retry
begin authenticators
""" + (self._authenticators or _AUTHENTICATORS.replace("@FILE@", self._at("passwords")))
