"""Samba as an Active Directory domain controller: a real one, made from nothing once a test run and copied for each server.

Its ports are fixed (389, 636, 3268, 3269), so each controller has a loopback address of its own. Needs root, for those ports.
"""
import fcntl
import os
import random
import shutil
import socket

from . import domain_people as people
from .place import put
from .process import Process, Server, must, port_open, run, wait_until

PORTS = LDAP, LDAPS, CATALOG, CATALOG_TLS = 389, 636, 3268, 3269


def free_address():
    """A loopback address where nobody has a directory's ports."""
    while True:
        address = "127." + ".".join(str(random.SystemRandom().randrange(2, 250)) for _ in range(3))
        try:
            for port in PORTS:
                with socket.socket() as s:
                    s.bind((address, port))
            return address
        except OSError:
            continue


def _configuration(folder, address, name, extra):
    return f"""[global]
	netbios name = {name}
	realm = {people.REALM.upper()}
	workgroup = EXAMPLE
	server role = active directory domain controller
	server services = ldap, cldap
	interfaces = {address}/{8 if address.startswith("127.") else 32}
	bind interfaces only = yes
	private dir = {folder}/private
	state directory = {folder}/state
	lock directory = {folder}
	cache directory = {folder}/cache
	pid directory = {folder}/run
	ncalrpc dir = {folder}/ncalrpc
	binddns dir = {folder}/bind-dns
	ldap server require strong auth = no
	tls enabled = yes
	tls certfile = {folder}/tls/cert.pem
	tls keyfile = {folder}/tls/key.pem
	tls cafile = {folder}/tls/ca.pem
	log level = 1 auth_audit:3
	{extra}
"""


def seed(cache):
    """A tar of the domain, which holds no address and no path; made by whoever of a run needs it first."""
    os.makedirs(cache, mode=0o755, exist_ok=True)
    path = os.path.join(cache, "domain.tar")
    with open(os.path.join(cache, "domain.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(path):
            return path
        home = os.path.join(cache, "domain")
        shutil.rmtree(home, ignore_errors=True)
        must(["samba-tool", "domain", "provision", "--realm=" + people.REALM.upper(), "--domain=EXAMPLE", "--server-role=dc", "--dns-backend=NONE",
              "--adminpass=Adm1n-Passw0rd", "--host-name=dc1", "--host-ip=127.0.0.20", "--targetdir=" + home, "--option=interfaces=127.0.0.20/8",
              "--option=bind interfaces only=yes"], timeout=120)
        put(home + "/etc/smb.conf", _configuration(home, "127.0.0.20", "DC1", ""))
        # -P: the "samba" it imports is Debian's, not this file.
        must(["/usr/bin/python3", "-P", os.path.join(os.path.dirname(__file__), "domain_people.py"), home + "/etc/smb.conf"], timeout=60)
        must(["tar", "-C", home, "-cSf", path + ".new", "--exclude=./private/ldap_priv", "--exclude=./private/msg.sock", "--exclude=./run", "--exclude=./ncalrpc", "."])
        os.rename(path + ".new", path)
        shutil.rmtree(home)
        return path


class Controller(Server):
    """One domain controller. All of a run begin alike and know nothing of each other. wrap: put before its command.

    extra: a line for smb.conf, such as "ldap server require strong auth = yes".
    """
    name = "samba"

    def __init__(self, folder, authority, cache, extra="", address=None, wrap=(), names=("dc1." + people.REALM,)):
        self.folder, self.address = folder, address or free_address()
        self._wrap, self._ca = list(wrap), authority.ca_file
        must(["tar", "-C", folder, "-xSf", seed(cache)])
        for sub in ("etc", "run", "cache", "ncalrpc", "tls", "bind-dns"):
            os.makedirs(os.path.join(folder, sub), exist_ok=True)
        certificate, key = authority.issue("dc" + self.address, ",".join([f"IP:{self.address}", *(f"DNS:{n}" for n in names)]))
        for source, target in ((certificate, "cert.pem"), (key, "key.pem"), (authority.ca_file, "ca.pem")):
            shutil.copy(source, os.path.join(folder, "tls", target))
        os.chmod(os.path.join(folder, "tls/key.pem"), 0o600)
        put(os.path.join(folder, "etc/smb.conf"), _configuration(folder, self.address, "DC1", extra))
        self.process = None
        self.start()

    def start(self):
        self.process = Process([*self._wrap, "samba", "-F", "--no-process-group", "-s", os.path.join(self.folder, "etc/smb.conf"), "--debug-stdout"],
                               log=os.path.join(self.folder, "samba.log"))
        try:
            if not self._wrap:
                for port in PORTS:
                    port_open(self.address, port, 20)
            wait_until(self._answers, 20, "samba")
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        if self.process.status is not None:
            raise RuntimeError("samba died at start\n" + self.log()[-2000:])
        argv = [*self._wrap, "ldapsearch", "-x", "-H", f"ldap://{self.address}", "-b", "", "-s", "base", "defaultNamingContext"]
        return people.BASE in run(argv, timeout=10).stdout

    def binds(self, account):
        """How many passwords it was asked about, by whatever name of this account."""
        return sum(f"[EXAMPLE]\\[{account}]" in line for line in self.log().splitlines() if "Auth: [LDAP,simple bind" in line)

    def client(self, program, *words, secret=None, dn=None, url=None):
        argv = [program, "-x", "-H", url or f"ldap://{self.address}", *(["-D", dn, "-w", secret] if dn else []), *words]
        return run(argv, env=os.environ | {"LDAPTLS_CACERT": self._ca})
