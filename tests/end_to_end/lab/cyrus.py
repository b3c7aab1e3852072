"""Cyrus' POP3 and IMAP servers: an independent second opinion with STARTTLS, APOP and SASL."""
import os
import shutil
import socket

from .place import free_port, put
from .process import Process, Server, greeting, must, port_open, wait_until
from .unpacked import accounts, namespaced, unpack

PACKAGES = ["cyrus-common", "cyrus-imapd", "cyrus-pop3d", "libmspack0", "libclamav12", "libical3", "libwrap0", "libxapian30", "libzephyr4", "libsigsegv2"]
USERS = {
    "alice": "alice-Pw-77231",
    "bob@example.test": "bob-Pw-example-58",
    "bob@other.test": "bob-Pw-other-9121",
    "dora": "pass word with  spaces 31",
    "eve": "p€ss-wörd-8472",
}
UID = 28301


class Cyrus(Server):
    name = "cyrus"
    host = "127.0.0.1"
    greets = b"+OK"
    has_apop = True
    tempfail_user = None

    def __init__(self, folder, certificate, cache, users=None):
        self.folder, self._certificate, self._users = folder, certificate, users or USERS
        self.pop3, self.pop3s, self.imap, self.imaps = free_port(), free_port(), free_port(), free_port()
        root = unpack(cache, "cyrus", PACKAGES)
        self._mounts = [("over", root + "/usr", "/usr")] + accounts(folder, [("cyrus", UID)])
        self.process = None
        self._prepare()
        self.start()
        self._make_mailboxes()

    def _at(self, name):
        return os.path.join(self.folder, name)

    def _prepare(self):
        for name in ("conf", "spool", "sieve"):
            os.mkdir(self._at(name), 0o755)
        for user, password in self._users.items():
            local, _, domain = user.partition("@")
            must(["saslpasswd2", "-f", self._at("sasldb2"), "-c", "-p", "-u", domain or socket.gethostname(), local], input=password)
        put(self._at("imapd.conf"), self._imapd())
        put(self._at("cyrus.conf"), f"""
START {{
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C {self._at('imapd.conf')} -r"
}}
SERVICES {{
  pop3  cmd="pop3d -C {self._at('imapd.conf')}"     listen="{self.host}:{self.pop3}" prefork=1 maxchild=100
  pop3s cmd="pop3d -s -C {self._at('imapd.conf')}"  listen="{self.host}:{self.pop3s}" prefork=0 maxchild=100
  imap  cmd="imapd -C {self._at('imapd.conf')}"     listen="{self.host}:{self.imap}" prefork=0 maxchild=100
  imaps cmd="imapd -s -C {self._at('imapd.conf')}"  listen="{self.host}:{self.imaps}" prefork=0 maxchild=100
}}
EVENTS {{
}}
""")

    def _imapd(self):
        return f"""
configdirectory: {self._at('conf')}
proc_path: {self._at('run')}/proc
mboxname_lockpath: {self._at('run')}/lock
defaultpartition: default
partition-default: {self._at('spool')}
admins: cyrus
servername: {socket.gethostname()}
virtdomains: userid
unixhierarchysep: yes
autocreate_quota: 0
autocreate_post: yes
sievedir: {self._at('sieve')}
allowplaintext: yes
allowapop: yes
failedloginpause: 0
maxlogins_per_host: 0
maxlogins_per_user: 0
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {self._at('sasldb2')}
sasl_mech_list: PLAIN LOGIN
tls_server_cert: {self._certificate[0]}
tls_server_key: {self._at('key.pem')}
tls_session_timeout: 0
lmtpsocket: {self._at('run')}/socket/lmtp
idlesocket: {self._at('run')}/socket/idle
notifysocket: {self._at('run')}/socket/notify
syslog_prefix: cyrus
"""

    def start(self):
        shutil.rmtree(self._at("run"), ignore_errors=True)
        for name in ("run", "run/proc", "run/lock", "run/socket"):
            os.mkdir(self._at(name), 0o755)
        shutil.copy(self._certificate[1], self._at("key.pem"))
        os.chmod(self._at("key.pem"), 0o600)
        for top in ("conf", "spool", "sieve", "run", "sasldb2", "key.pem"):
            must(["chown", "-R", f"{UID}:8", self._at(top)])
        argv = ["/usr/sbin/cyrmaster", "-C", self._at("imapd.conf"), "-M", self._at("cyrus.conf"), "-p", self._at("master.pid")]
        self.process = Process(namespaced(self._mounts, argv), log=self._at("master.log"))
        try:
            port_open(self.host, self.pop3s)
            greeting(self.host, self.pop3, self.greets, alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def _make_mailboxes(self):
        """A POP3 login needs a mailbox; the first IMAP login makes it."""
        for user, password in self._users.items():
            def once():
                with socket.create_connection((self.host, self.imap), 10) as s, s.makefile("rb") as lines:
                    data = password.encode()
                    s.sendall(f'a LOGIN "{user}" {{{len(data)}+}}\r\n'.encode() + data + b"\r\nb LOGOUT\r\n")
                    return any(line.startswith(b"a OK") for line in lines)
            wait_until(once, 10, f"mailbox of {user}")
