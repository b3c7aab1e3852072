"""Who is in the laboratory's OpenLDAP directory, as LDIF. Pure: text out.

Ten thousand ordinary people, and one of each kind that gives directories their bad name.
"""
import base64
import datetime

BASE = "dc=example,dc=test"
PEOPLE = "ou=people," + BASE
MORE = "ou=more," + BASE  # a second base: the partners
GROUPS = "ou=groups," + BASE
ELSEWHERE = "ou=elsewhere," + BASE  # a referral
READER, READER_PASSWORD = "cn=reader," + BASE, "reader-Pw-61273"  # may search
SMALL, SMALL_PASSWORD = "cn=small," + BASE, "small-Pw-40411"  # may search, and gets five entries at most
ADMIN, ADMIN_PASSWORD = "cn=admin," + BASE, "admin-Pw-90310"  # the root DN
COUNT = 10_000
STAFF = "cn=staff," + GROUPS
BROAD_ALIASES = 300
HUGE_ALIASES = 4000
TEAMS = 2000

# uid -> password. The right one of each, whatever else is wrong with the account.
PASSWORDS = {
    "alice": "alice-Pw-77231",
    "bob": "bob-Pw-31883",
    "locked": "locked-Pw-1173",
    "lockedtemp": "lockedtemp-Pw-1174",
    "lockme": "lockme-Pw-1175",
    "expired": "expired-Pw-1176",
    "expiredgrace": "expiredgrace-Pw-1177",
    "expiring": "expiring-Pw-1178",
    "mustchange": "mustchange-Pw-1179",
    "dup1": "duplicate-Pw-1180",
    "dup2": "duplicate-Pw-1180",
    "star*user": "star-Pw-1181",
    "paren(user)": "paren-Pw-1182",
    "back\\slash": "slash-Pw-1183",
    "comma,user": "comma-Pw-1184",
    "#hash+plus": "hash-Pw-1185",
    "jürgen": "pässwörd€-1186",
    "spaces": "  pass word with spaces 1187 ",
    "ssha": "ssha-Pw-1188",
    "crypted": "crypted-Pw-1189",
    "broad": "broad-Pw-1190",
    "huge": "huge-Pw-1191",
    "popular": "popular-Pw-1194",
    "pictured": "pictured-Pw-1195",
}
PARTNER_PASSWORD = "partner-Pw-1192"
MOVING, MOVING_PASSWORD = "cn=moving," + BASE, "moving-Pw-1193"  # a service account whose password tests change


def password(number):
    """Of the ordinary person of this number, from 1 on: u00001."""
    return f"pw-of-u{number:05d}"


def _line(name, value):
    data = value.encode()
    safe = value.isascii() and data == data.strip() and not data[:1] in (b":", b"<")
    return f"{name}: {value}\n" if safe else f"{name}:: {base64.b64encode(data).decode()}\n"


def escape_dn(value):
    """RFC 4514, for one value; more is escaped than must be."""
    return "".join(f"\\{b:02X}" if not (chr(b).isalnum() and b < 128) else chr(b) for b in value.encode())


def _entry(dn, *pairs):
    return _line("dn", dn) + "".join(_line(name, value) for name, value in pairs) + "\n"


def _person(uid, secret, *more, mail=None, base=PEOPLE, classes=("inetOrgPerson", "mailUser")):
    pairs = [("objectClass", c) for c in classes] + [("uid", uid), ("cn", uid), ("sn", uid), ("mail", mail or f"{uid}@example.test")]
    return _entry(person_dn(uid, base), *pairs, *([("userPassword", secret)] if secret else []), *more)


def person_dn(uid, base=PEOPLE):
    plain = uid.isascii() and uid.isalnum()
    return f"uid={uid if plain else escape_dn(uid)},{base}"


def _policy(name, **values):
    pairs = [("objectClass", "person"), ("objectClass", "pwdPolicy"), ("cn", name), ("sn", name), ("pwdAttribute", "userPassword")]
    return _entry(f"cn={name},ou=policies,{BASE}", *pairs, *values.items())


def _service(dn, secret):
    return _entry(dn, ("objectClass", "organizationalRole"), ("objectClass", "simpleSecurityObject"), ("cn", dn.split(",")[0][3:]), ("userPassword", secret))


def _stamp(ago):
    return (datetime.datetime.utcnow() - ago).strftime("%Y%m%d%H%M%SZ")


def policy_of(name):
    return "pwdPolicySubentry", f"cn={name},ou=policies,{BASE}"


def _alias(uid, domain="example.test"):
    return "mailAlternateAddress", f"{uid}@{domain}"


def ldif(ssha, crypted, count=COUNT):
    """Everything. ssha and crypted: how the server stores those two passwords."""
    day, pw = datetime.timedelta(days=1), PASSWORDS
    text = _entry(BASE, ("objectClass", "dcObject"), ("objectClass", "organization"), ("o", "Example"), ("dc", "example"))
    for ou in ("people", "more", "groups", "policies"):
        text += _entry(f"ou={ou},{BASE}", ("objectClass", "organizationalUnit"), ("ou", ou))
    text += _policy("default", pwdLockout="TRUE", pwdMaxFailure="5", pwdLockoutDuration="600", pwdFailureCountInterval="600", pwdMaxAge="0")
    text += _policy("aging", pwdMaxAge="86400", pwdGraceAuthNLimit="0", pwdExpireWarning="43200", pwdMustChange="TRUE")
    text += _policy("grace", pwdMaxAge="86400", pwdGraceAuthNLimit="3")
    text += _policy("patient", pwdLockout="FALSE", pwdMaxAge="0")
    text += _service(READER, READER_PASSWORD) + _service(SMALL, SMALL_PASSWORD)
    text += _service(MOVING, MOVING_PASSWORD)[:-1] + _line(*policy_of("patient")) + "\n"
    text += _entry(ELSEWHERE, ("objectClass", "referral"), ("objectClass", "extensibleObject"), ("ou", "elsewhere"),
                   ("ref", "ldap://127.0.0.1:9/" + PEOPLE))  # nobody is there
    text += _entry(STAFF, ("objectClass", "groupOfNames"), ("objectClass", "mailUser"), ("cn", "staff"), ("mail", "staff@example.test"), _alias("team"),
                   ("member", person_dn("alice")))
    text += _person("alice", pw["alice"], ("displayName", "Alice Anders"), _alias("a.anders"), _alias("alice", "alias.example.test"), ("memberOf", STAFF))
    text += _person("bob", pw["bob"], _alias("robert"))
    text += _person("locked", pw["locked"], ("pwdAccountLockedTime", "000001010000Z"))
    text += _person("lockedtemp", pw["lockedtemp"], ("pwdAccountLockedTime", _stamp(0 * day)))
    text += _person("lockme", pw["lockme"])
    text += _person("expired", pw["expired"], policy_of("aging"), ("pwdChangedTime", "20200101000000Z"))
    text += _person("expiredgrace", pw["expiredgrace"], policy_of("grace"), ("pwdChangedTime", "20200101000000Z"))
    text += _person("expiring", pw["expiring"], policy_of("aging"), ("pwdChangedTime", _stamp(day * 20 / 24)))
    text += _person("mustchange", pw["mustchange"], policy_of("aging"), ("pwdReset", "TRUE"))
    for uid in ("dup1", "dup2"):
        text += _person(uid, pw[uid], mail="dup@example.test")
    for uid, mail in (("star*user", "star*user"), ("paren(user)", "paren(user)"), ("back\\slash", "back\\slash"), ("comma,user", "comma"), ("#hash+plus", "hash"),
                      ("jürgen", "juergen"), ("spaces", "spaces")):
        text += _person(uid, pw[uid], mail=mail + "@example.test")
    text += _person("ssha", ssha) + _person("crypted", crypted) + _person("nopassword", None)
    text += _person("broad", pw["broad"], *(_alias(f"broad.{i:04d}") for i in range(BROAD_ALIASES)))
    text += _person("huge", pw["huge"], *(_alias(f"huge.{i:04d}") for i in range(HUGE_ALIASES)))
    text += _person("popular", pw["popular"], ("displayName", "Popular Person"), *(("memberOf", f"cn=team {i:04d} of the department of departments,{GROUPS}") for i in range(TEAMS)))
    # Twice as large as any entry that is read.
    picture = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + bytes(2 << 20) + b"\xff\xd9"
    text += _person("pictured", pw["pictured"])[:-1] + f"jpegPhoto:: {base64.b64encode(picture).decode()}\n\n"
    text += _person("catchall", None, mail="@catchall.test")
    text += _person("real", None, mail="real@catchall.test")
    text += _person("adlike", None, ("proxyAddresses", "SMTP:adlike@example.test"), ("proxyAddresses", "smtp:adlike.alias@example.test"))
    text += _person("partner", PARTNER_PASSWORD, base=MORE)
    text += _person("accounting", PARTNER_PASSWORD, ("uidNumber", "2001"), ("gidNumber", "2001"), ("homeDirectory", "/nonexistent"), base=MORE,
                    classes=("inetOrgPerson", "mailUser", "posixAccount"))
    return text + "".join(_ordinary(i) for i in range(1, count + 1))


def _ordinary(i):
    u = f"u{i:05d}"
    return (f"dn: uid={u},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: mailUser\nuid: {u}\ncn: User {i}\nsn: {i}\nmail: {u}@example.test\n"
            f"mailAlternateAddress: {u}.alias@example.test\nmailAlternateAddress: first.last{i:05d}@alias.example.test\nuserPassword: {password(i)}\n\n")
