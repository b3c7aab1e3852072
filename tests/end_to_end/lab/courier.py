"""Courier's POP3 and IMAP servers: no APOP, no response codes, and every refusal takes five seconds."""
import os
import shutil
import signal

from .place import free_port, put
from .process import Process, greeting, must, port_open, wait_until
from .unpacked import accounts, namespaced, unpack

PACKAGES = ["courier-base", "courier-pop", "courier-imap", "courier-authlib", "courier-authdaemon", "courier-authlib-userdb", "libcourier-unicode4", "libidn12", "libgamin0",
            "libltdl7"]
USERS = {"alice": "alice-Pw-77231", "bob@example.test": "bob-Pw-example-58"}
UID = 28201
LIBRARY = "/usr/lib/courier/courier"


class Courier:
    """Several processes: the password daemon, and a TCP daemon for each port."""
    name = "courier"
    host = "127.0.0.1"
    greets = b"+OK"
    has_apop = False
    tempfail_user = None

    def __init__(self, folder, certificate, cache, imap=False, users=None):
        self.folder, self._certificate, self._users = folder, certificate, users or USERS
        self.pop3, self.pop3s = free_port(), free_port()
        self.imap, self.imaps = (free_port(), free_port()) if imap else (None, None)
        root = unpack(cache, "courier", PACKAGES)
        for name in ("lower/etc/courier", "lower/run/courier", "etc", "run/authdaemon", "mail", "varlib"):
            os.makedirs(self._at(name), 0o755)
        self._mounts = [("over", root + "/usr", "/usr"), ("over", self._at("lower/etc"), "/etc"), *accounts(folder, [("courier", UID)]),
                        ("bind", self._at("etc"), "/etc/courier"), ("over", self._at("lower/run"), "/run"), ("bind", self._at("run"), "/run/courier"),
                        ("bind", self._at("varlib"), "/var/lib/misc")]
        self._processes = []
        self._prepare()
        self.start()

    def _at(self, name):
        return os.path.join(self.folder, name)

    def _prepare(self):
        certificate, key = self._certificate
        with open(key) as k, open(certificate) as c:
            put(self._at("etc/pop3d.pem"), k.read() + c.read(), 0o600)
        shutil.chown(self._at("etc/pop3d.pem"), UID)
        put(self._at("etc/authdaemonrc"), 'authmodulelist="authuserdb"\nauthmodulelistorig="authuserdb"\ndaemons=5\nauthdaemonvar=/run/courier/authdaemon\n'
                                          'DEBUG_LOGIN=0\nDEFAULTOPTIONS=""\nLOGGEROPTS=""\n')
        rows = ""
        for user, password in self._users.items():
            home = self._at(f"mail/{user}")
            for part in ("cur", "new", "tmp"):
                os.makedirs(f"{home}/Maildir/{part}")
            must(["chown", "-R", "mail:mail", home])
            hashed = must(["openssl", "passwd", "-6", "-stdin"], input=password + "\n").strip()
            rows += f"{user}\tuid=8|gid=8|home={home}|mail={home}/Maildir|systempw={hashed}\n"
        put(self._at("etc/userdb"), rows, 0o600)
        must(namespaced(self._mounts, ["/usr/sbin/makeuserdb"]))

    def _launch(self, name, command):
        self._processes.append(Process(namespaced(self._mounts, ["bash", "-c", command]), log=self._at(name + ".log")))

    def start(self):
        self._processes = []
        self._launch("authdaemond", "set -a; . /etc/courier/authdaemonrc; exec /usr/lib/courier/courier-authlib/authdaemond")
        wait_until(lambda: os.path.exists(self._at("run/authdaemon/socket")), 10, "authdaemond's socket")
        common = ("exec env -i PATH=/usr/bin:/bin:/usr/sbin TLS_CERTFILE=/etc/courier/pop3d.pem TLS_VERIFYPEER=NONE COURIERTLS=/usr/bin/couriertls TLS_CERTFILE_OWNER=x "
                  "MAILDIRPATH=Maildir POP3AUTH='PLAIN LOGIN' POP3AUTH_TLS='PLAIN LOGIN' POP3_TLS_REQUIRED=0 ")
        listen = f"/usr/sbin/couriertcpd -address={self.host} -maxprocs=60 -maxperip=60 -nodnslookup -noidentlookup "
        end = f"{LIBRARY}/courierpop3login {LIBRARY}/courierpop3d Maildir"
        self._launch("pop3", f"{common} POP3_STARTTLS=YES {listen} {self.pop3} {end}")
        self._launch("pop3s", f"{common} POP3_TLS=1 POP3_STARTTLS=NO {listen} {self.pop3s} /usr/bin/couriertls -server -tcpd {end}")
        try:
            if self.imap:
                self._start_imap(common, listen)
            port_open(self.host, self.pop3s)
            greeting(self.host, self.pop3, self.greets, alive=lambda: all(p.status is None for p in self._processes))
        except BaseException:
            self.stop()
            raise

    def _start_imap(self, common, listen):
        common += ("IMAP_CAPABILITY='IMAP4rev1 UIDPLUS IDLE AUTH=PLAIN' IMAP_CAPABILITY_TLS='IMAP4rev1 UIDPLUS IDLE AUTH=PLAIN' IMAP_KEYWORDS=1 "
                   "IMAP_EMPTYTRASH=Trash:7 IMAP_TLS_REQUIRED=0 ")
        end = f"{LIBRARY}/imaplogin /usr/bin/imapd Maildir"
        self._launch("imap", f"{common} IMAP_STARTTLS=YES {listen} {self.imap} {end}")
        self._launch("imaps", f"{common} IMAP_TLS=1 IMAP_STARTTLS=NO {listen} {self.imaps} /usr/bin/couriertls -server -tcpd {end}")
        port_open(self.host, self.imaps)
        greeting(self.host, self.imap, b"* OK", alive=lambda: all(p.status is None for p in self._processes))

    def stop(self):
        for p in reversed(self._processes):
            p.stop()

    def kill(self):
        for p in self._processes:
            p.kill()

    def freeze(self):
        for p in self._processes:
            p.signal_all(signal.SIGSTOP)

    def thaw(self):
        for p in self._processes:
            p.signal_all(signal.SIGCONT)

    def log(self):
        return "".join(p.log() for p in self._processes)
