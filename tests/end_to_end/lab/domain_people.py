#!/usr/bin/python3
"""domain_people.py SMB_CONF: fills a provisioned domain that is not running, in one transaction. Debian's python3-samba does it.

Also imported by tests, for the names and passwords; then nothing of Samba is needed.
"""
import os
import sys
import time

REALM = "ad.example.test"
BASE = "DC=ad,DC=example,DC=test"
USERS = "CN=Users," + BASE
MAIL = "OU=Mail Users," + BASE
SALES = "CN=Sales List," + MAIL
READER, READER_PASSWORD = "reader@" + REALM, "Reader-Pw-61274"
COUNT = 20

# sAMAccountName -> password
PASSWORDS = {name: f"{name.capitalize()}-Pw-{4410 + i}" for i, name in enumerate(
    ("alice", "bob", "disabled", "expiredpw", "mustchange", "acctexpired", "neverhours", "workstation", "locked", "lockme", "shared"))}
PASSWORDS["jurgen"] = "Pässw€rd-4499"


def password(number):
    return f"Pw-of-u{number:05d}"


def dn(name):
    """Of everybody except those with a place of their own."""
    return {"alice": "CN=Alice Anders," + MAIL, "bob": "CN=Builder\\, Bob," + MAIL, "jurgen": "CN=Jürgen Müller," + MAIL,
            "shared": "CN=Info Desk," + MAIL}.get(name, f"CN={name}," + (MAIL if name.startswith("u0") else USERS))


def _file_time(seconds):
    return str(int((seconds + 11_644_473_600) * 10_000_000))


class Filler:
    def __init__(self, configuration):
        import ldb
        from samba.auth import system_session
        from samba.param import LoadParm
        from samba.samdb import SamDB
        self._ldb = ldb
        self._parameters = LoadParm()
        self._parameters.load(configuration)
        self._db = SamDB(session_info=system_session(self._parameters), lp=self._parameters)

    def _user(self, name, secret, control=512, upn=None, mail=None, **more):
        self._db.add({"dn": dn(name), "objectClass": "user", "sAMAccountName": name, "userPrincipalName": upn or f"{name}@{REALM}",
                      "mail": mail or f"{name}@example.test", "userAccountControl": str(control), "clearTextPassword": secret.encode("utf-16-le")} | more)

    def _set(self, db, name, **values):
        for attribute, value in values.items():
            message = self._ldb.Message()
            message.dn = self._ldb.Dn(db, name)
            message[attribute] = self._ldb.MessageElement(value, self._ldb.FLAG_MOD_REPLACE, attribute)
            db.modify(message)

    def fill(self):
        self._db.transaction_start()
        try:
            self._everybody()
        except BaseException:
            self._db.transaction_cancel()
            raise
        self._db.transaction_commit()
        # Nobody may set these times, so they go into the partition's own file, below the rules.
        partition = self._ldb.Ldb(os.path.join(self._parameters.private_path("sam.ldb.d"), BASE.upper() + ".ldb"))
        self._set(partition, dn("expiredpw"), pwdLastSet=_file_time(time.time() - 100 * 86400))
        self._set(partition, dn("locked"), lockoutTime=_file_time(time.time() + 365 * 86400), badPwdCount="3", badPasswordTime=_file_time(time.time()))

    def _everybody(self):
        minute = 60 * 10**7
        self._set(self._db, BASE, pwdProperties="0", minPwdLength="1", minPwdAge="0", pwdHistoryLength="0", lockoutThreshold="3",
                  lockoutDuration=str(-30 * minute), lockOutObservationWindow=str(-30 * minute))
        self._set(self._db, "CN=Partitions,CN=Configuration," + BASE, uPNSuffixes="example.test")
        self._db.add({"dn": MAIL, "objectClass": "organizationalUnit"})
        pw = PASSWORDS
        self._user("alice", pw["alice"], displayName="Alice Anders", proxyAddresses=[
            "smtp:a.anders@example.test", "SMTP:alice@example.test", "smtp:alice@alias.example.test", "X500:/o=x/cn=alice", "SIP:alice.sip@example.test"])
        self._user("bob", pw["bob"], upn="bob@example.test", proxyAddresses=["SMTP:bob@example.test", "smtp:robert@example.test"])
        self._user("jurgen", pw["jurgen"])
        self._user("reader", READER_PASSWORD, 66048, mail="none@example.test")  # its password never expires
        self._user("disabled", pw["disabled"], 514, proxyAddresses=["SMTP:disabled@example.test"])
        self._user("shared", pw["shared"], 514, mail="info@example.test", proxyAddresses=["SMTP:info@example.test", "smtp:help@example.test"])
        self._user("expiredpw", pw["expiredpw"])
        self._user("mustchange", pw["mustchange"])
        self._set(self._db, dn("mustchange"), pwdLastSet="0")
        self._user("acctexpired", pw["acctexpired"], accountExpires=_file_time(time.time() - 86400))
        self._user("neverhours", pw["neverhours"], logonHours=b"\0" * 21)
        self._user("workstation", pw["workstation"], userWorkstations="OTHERPC")
        self._user("locked", pw["locked"])
        self._user("lockme", pw["lockme"])
        self._db.add({"dn": SALES, "objectClass": "group", "sAMAccountName": "sales", "mail": "sales@example.test",
                      "proxyAddresses": ["SMTP:sales@example.test", "smtp:verkauf@example.test"], "member": [dn("alice")]})
        self._db.add({"dn": "CN=Ext Contact," + MAIL, "objectClass": "contact", "mail": "ext@partner.test", "proxyAddresses": ["SMTP:ext@partner.test"]})
        for i in range(1, COUNT + 1):
            name = f"u{i:05d}"
            self._user(name, password(i), displayName=f"{name} Display", servicePrincipalName=f"HTTP/{name}.{REALM}",
                       proxyAddresses=[f"SMTP:{name}@example.test", f"smtp:{name}.alias@example.test"])


if __name__ == "__main__":
    Filler(sys.argv[1]).fill()
