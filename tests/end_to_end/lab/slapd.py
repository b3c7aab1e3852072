"""OpenLDAP's slapd: ldap with StartTLS on one port, ldaps on another, and ten thousand people.

The database is loaded once a test run and copied for each server. The program is a copy too, away from the path that AppArmor
profiles confine, so that it may read folders of ours.
"""
import fcntl
import os
import re
import shutil

from . import people
from .place import free_port, put
from .process import Process, Server, must, port_open, run, wait_until

_SCHEMA = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.7914.1.2.1.4 NAME 'mailAlternateAddress' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'mailUser' SUP top AUXILIARY MAY ( mail $ mailAlternateAddress $ proxyAddresses ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
"""
_POLICIES = "moduleload ppolicy\n"


def _database(folder, policies=True):
    return f"""
database mdb
suffix "{people.BASE}"
rootdn "{people.ADMIN}"
rootpw {people.ADMIN_PASSWORD}
directory {folder}
maxsize 268435456
envflags nosync
limits dn.exact="{people.SMALL}" size=5
index objectClass,uid,mail,mailAlternateAddress,proxyAddresses eq
overlay memberof
""" + (f"""
overlay ppolicy
ppolicy_default "cn=default,ou=policies,{people.BASE}"
ppolicy_use_lockout
""" if policies else "")


def _program(cache):
    """slapd and slapadd are one program that looks at its name."""
    for name in ("slapd", "slapadd"):
        copy = os.path.join(cache, name)
        if not os.path.exists(copy):
            shutil.copy(os.path.realpath("/usr/sbin/slapd"), copy + ".new")
            os.rename(copy + ".new", copy)
    return os.path.join(cache, "slapd")


def loaded(cache):
    """The database's file with everybody in it; made by whoever of a run needs it first."""
    os.makedirs(cache, mode=0o755, exist_ok=True)
    with open(os.path.join(cache, "people.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _program(cache)
        folder = os.path.join(cache, "people")
        if os.path.exists(folder):
            return folder + "/data.mdb"
        new = folder + ".new"
        shutil.rmtree(new, ignore_errors=True)
        os.mkdir(new, 0o755)
        ssha = must(["/usr/sbin/slappasswd", "-h", "{SSHA}", "-s", people.PASSWORDS["ssha"]]).strip()
        crypted = "{CRYPT}" + must(["openssl", "passwd", "-6", "-stdin"], input=people.PASSWORDS["crypted"] + "\n").strip()
        put(new + "/people.ldif", people.ldif(ssha, crypted))
        put(new + "/slapd.conf", _SCHEMA + _POLICIES + _database(new))
        must([os.path.join(cache, "slapadd"), "-q", "-f", new + "/slapd.conf", "-l", new + "/people.ldif"], timeout=120)
        os.rename(new, folder)
        return folder + "/data.mdb"


class Slapd(Server):
    """stop() and start() keep the ports and what was changed. freeze() stops it with SIGSTOP: the kernel takes connections, nobody answers.

    certificate: (certificate, key), or nothing for a server without TLS. extra: lines before the database, such as "idletimeout 1".
    policies: are passwords subject to policies? root: may everybody see what the server says of itself?
    """
    name = "slapd"

    def __init__(self, folder, certificate, authority, cache, extra="", host="127.0.0.1", policies=True, root=True):
        self.folder, self.host = folder, host
        self.ldap, self.ldaps = free_port(host), free_port(host)
        self._ca = authority
        self._log = os.path.join(folder, "slapd.log")
        database = os.path.join(folder, "db")
        os.mkdir(database)
        must(["cp", "--sparse=always", loaded(cache), database])
        self._program = _program(cache)
        tls = f"TLSCertificateFile {certificate[0]}\nTLSCertificateKeyFile {certificate[1]}\nTLSCACertificateFile {authority}" if certificate else ""
        self._urls = f"ldap://{host}:{self.ldap}" + (f" ldaps://{host}:{self.ldaps}" if certificate else "")
        put(os.path.join(folder, "slapd.conf"), f"""{_SCHEMA}
{_POLICIES if policies else ""}
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
{tls}
loglevel stats
sizelimit 500
conn_max_pending 1000
conn_max_pending_auth 1000
threads 4
password-hash {{CLEARTEXT}}
{extra}
# Passwords are for binding; nobody reads them.
access to attrs=userPassword by anonymous auth by self =xw by * none
access to dn.base="" by * {"read" if root else "none"}
access to dn.base="cn=Subschema" by * read
access to * by dn.exact="{people.READER}" read by dn.exact="{people.SMALL}" read by dn.exact="{people.MOVING}" read by self read by * auth
{_database(database, policies)}
""")
        self.process = None
        self.start()

    def start(self):
        # In the foreground; every operation is a line of the log, which tests count.
        self.process = Process([self._program, "-f", os.path.join(self.folder, "slapd.conf"), "-d", "stats", "-h", self._urls], log=self._log)
        try:
            wait_until(self._answers, 15, "slapd")
            if "ldaps" in self._urls:
                port_open(self.host, self.ldaps)
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        if self.process.status is not None:
            raise RuntimeError("slapd died at start\n" + self.log()[-2000:])
        return run(["ldapsearch", "-x", "-H", f"ldap://{self.host}:{self.ldap}", "-b", "", "-s", "base", "1.1"], timeout=5).returncode != 255  # any answer

    def binds(self, dn):
        """How many binds of this name it has seen."""
        return len(re.findall(re.escape(f'BIND dn="{dn}" method=128'), self.log()))

    def connections(self):
        return self.log().count(" ACCEPT from ")

    def dialogues(self):
        """Of each connection, in order: ("BIND", name) and ("SRCH", base)."""
        out = {}
        for number, deed, what in re.findall(r'conn=(\d+) op=\d+ (?:(BIND) dn|(?:SRCH) base)="([^"]*)" (?:method|scope)', self.log()):
            out.setdefault(number, []).append((deed or "SRCH", what))
        return out

    def closed(self):
        return len(re.findall(r"conn=\d+ fd=\d+ closed", self.log()))

    # ways in, for tests of the fixture and for what an administrator would do

    def client(self, program, *words, secret=None, dn=None, url=None, input=None):
        argv = [program, "-x", "-H", url or f"ldap://{self.host}:{self.ldap}", *(["-D", dn, "-w", secret] if dn else []), *words]
        return run(argv, input=input, env=os.environ | {"LDAPTLS_CACERT": self._ca})

    def modify(self, text):
        """As the root DN."""
        done = self.client("ldapmodify", dn=people.ADMIN, secret=people.ADMIN_PASSWORD, input=text)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def set_password(self, dn, secret):
        self.modify(f"dn: {dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: {secret}\n")
