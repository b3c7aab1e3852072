"""A real directory for the benchmark: OpenLDAP's slapd with ten thousand people, all with the password "right"."""
import os
import shutil
import subprocess

PEOPLE = "ou=people,dc=bench,dc=example"
READER = "cn=reader,dc=bench,dc=example"
DOMAINS = ("bind.example", "search.example", "tls.example", "far.example")
COUNT = 10_000


def configuration(folder, certificate, key):
    return f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
loglevel none
conn_max_pending 1000
conn_max_pending_auth 1000
password-hash {{CLEARTEXT}}
access to attrs=userPassword by anonymous auth by * none
access to * by * read
database mdb
suffix "dc=bench,dc=example"
directory {folder}
maxsize 268435456
envflags nosync
index objectClass,uid,mail eq
"""


def people():
    yield "dn: dc=bench,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: bench\ndc: bench\n\n"
    yield f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
    yield f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: reader\n\n"
    for i in range(COUNT):
        mails = "".join(f"mail: u{i}@{domain}\n" for domain in DOMAINS)
        yield f"dn: uid=u{i},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: u{i}\ncn: u{i}\nsn: {i}\n{mails}userPassword: right\n\n"


def prepare(folder, certificate, key):
    """Fills `folder`; returns the command of the server, but for its addresses."""
    os.mkdir(folder)
    # Copies, away from the path that AppArmor profiles confine.
    for name in ("slapd", "slapadd"):
        shutil.copy(os.path.realpath("/usr/sbin/slapd"), os.path.join(folder, name))
    conf = os.path.join(folder, "slapd.conf")
    with open(conf, "w") as f:
        f.write(configuration(folder, certificate, key))
    subprocess.run([os.path.join(folder, "slapadd"), "-q", "-f", conf], input="".join(people()), text=True, check=True)
    return [os.path.join(folder, "slapd"), "-f", conf, "-d", "0"]
