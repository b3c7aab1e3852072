"""B-14: an Active Directory takes one account under many names. The plugin `exchange` lets through those that a route makes one identity of,
and no others get as far as the controller's count of failures. With a real domain controller, made by Samba."""
import base64
import re
import struct
import uuid

from lab import domain_people as people
from lab.case import SharedCase, backend, route
from lab.domain_people import PASSWORDS, password
from lab.prefix import cache
from lab.process import wait_until
from lab.samba import Controller

WRONG = "Wrong-Pw-30412"
READER = {"bind_dn": people.READER, "bind_password": people.READER_PASSWORD}
EVERY_CHARACTER = "#~/"


class Names(SharedCase):
    """Accounts: u00001 and on, alice (mail alice@example.test, principal name alice@ad.example.test), bob (both are bob@example.test)."""

    # Routes that bind without a search: what stands before the last "@" is bound as it is, or made a principal or down-level name.
    BIND_ROUTES = ("raw.test", "upn.test", "down.test")

    @classmethod
    def prepare(cls):
        cls.server = c = cls.lab.server(Controller, cls.lab.ca, cache())
        url = f"ldaps://{c.address}"

        def made(name, settings):
            return backend(name, "exchange", url, cls.lab, settings=settings)
        backends = [made("dn", READER | {"base": people.BASE}), made("account", READER | {"base": people.BASE, "filter": "(sAMAccountName={local})"}), made("upn", {"bind_as": "upn"}),
                    made("down-level", {"bind_as": "down-level", "netbios_domain": "EXAMPLE"})]
        routes = [route(["example.test", people.REALM], "dn", canonical_domain="example.test", allow_chars=EVERY_CHARACTER),
                  route("account.test", "account", allow_chars=EVERY_CHARACTER),
                  route("raw.test", "upn", login_name="{local}", allow_chars=EVERY_CHARACTER, ambiguous_names=True),
                  route("upn.test", "upn", login_name="{local}@" + people.REALM, allow_chars=EVERY_CHARACTER, ambiguous_names=True),
                  route("down.test", "down-level", login_name="{local}", allow_chars=EVERY_CHARACTER)]
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes, start=False)
        cls.daemon.listeners[0]["default_domain"] = "example.test"
        cls.daemon.write_config()
        cls.daemon.start()
        # A domain of its own: two routes over the names of one company.
        cls.two_suffixes = cls.lab.daemon(backends=backends, routes=[route(["example.test", people.REALM], "upn", canonical_domain="example.test")])

    def ids(self, name):
        """(GUID, SID) of an account, as people write them."""
        text = self.server.client("ldapsearch", "-o", "ldif-wrap=no", "-b", people.BASE, f"(sAMAccountName={name})", "objectGUID", "objectSid",
                                  dn=people.READER, secret=people.READER_PASSWORD).stdout
        guid, sid = (base64.b64decode(re.search(a + r":: (\S+)", text).group(1)) for a in ("objectGUID", "objectSid"))
        parts = struct.unpack(f"<{sid[1]}I", sid[8:])
        return str(uuid.UUID(bytes_le=guid)), "-".join(["S", str(sid[0]), str(int.from_bytes(sid[2:8], "big")), *map(str, parts)])

    def forms(self, name):
        """Everything that Microsoft lists for a simple bind (MS-ADTS 5.1.1.1.1), for one account, but what the routes are for."""
        guid, sid = self.ids(name)
        dn = people.dn(name)
        cn = dn.split(",")[0].removeprefix("CN=")
        canonical = f"{people.REALM}/Mail Users/{cn}"
        return {"down-level": f"EXAMPLE\\{name}", "down-level, DNS domain": f"{people.REALM}\\{name}", "down-level, other case": f"example\\{name.upper()}", "NetBIOS domain behind": f"{name}@EXAMPLE",
                "principal name with blanks": f" {name}@{people.REALM}", "blank before @": f"{name} @{people.REALM}", "DN": dn, "DN, other case": dn.upper(), "canonical name": canonical,
                "GUID": guid, "{GUID}": "{" + guid + "}", "GUID as DN": f"<GUID={guid}>", "SID": sid, "SID as DN": f"<SID={sid}>", "display name": f"{name} Display",
                "service": f"HTTP/{name}.{people.REALM}", "service and domain": f"HTTP/{name}.{people.REALM}@{people.REALM}"}

    def lets_in(self, form, secret):
        return self.server.client("ldapsearch", "-b", "", "-s", "base", "1.1", dn=form, secret=secret).returncode == 0

    def passwords_seen(self):
        """[(name, account)] that the controller was asked to judge a password for, but those of the account that searches. The account is
        empty where no name was understood."""
        lines = (line for line in self.server.log().splitlines() if "Auth: [LDAP,simple bind" in line)
        found = (re.search(r"user \[[^]]*\]\\\[(.*?)\] at \[.* (?:became|mapped to) \[[^]]*\]\\\[(.*?)\]", line).groups() for line in lines)
        return [(name, "" if account == "(null)" else account) for name, account in found if name != people.READER]

    def seen_since(self, before, number):
        """What the controller was asked meanwhile: all of it is in its log when what was asked last is."""
        self.verdict(self.daemon.login(f"u{number:05d}@upn.test", password(number)), "accept")
        last = (f"u{number:05d}@{people.REALM}", f"u{number:05d}")
        wait_until(lambda: last in self.passwords_seen()[before:], 5, "the last question in the controller's log")
        return self.passwords_seen()[before:-1]

    def test_B_14_the_controller_itself_takes_many_forms(self):
        """Else the refusals below would say nothing."""
        forms = self.forms("u00001")
        taken = {what for what, form in forms.items() if self.lets_in(form, password(1))}
        self.assertLessEqual({"down-level", "down-level, other case", "NetBIOS domain behind", "principal name with blanks", "blank before @", "DN", "DN, other case", "canonical name", "GUID as DN", "SID",
                              "SID as DN"}, taken, forms)

    def test_B_14_what_is_admitted_is_one_identity(self):
        for names, wanted, mailbox in (
                (("u00002", "U00002", "u00002@example.test", "U00002@EXAMPLE.Test", f"u00002@{people.REALM}", f"U00002@{people.REALM.upper()}"), "u00002@example.test", "u00002@example.test"),
                (("u00002@account.test", "U00002@Account.TEST"), "u00002@account.test", "u00002@example.test"),
                (("u00002@upn.test", "U00002@UPN.test"), "u00002@upn.test", None), (("u00002@down.test", "U00002@Down.test"), "u00002@down.test", None)):
            for name in names:
                with self.subTest(name=name):
                    yes = self.daemon.login(name, password(2))
                    self.verdict(yes, "accept")
                    self.assertEqual((yes["identity"], yes["mailbox"] or None), (wanted, mailbox))

    def test_B_14_two_principal_names_of_one_account_are_one_identity(self):
        """The one in the directory, and the one that every account has besides."""
        for name in ("bob@example.test", "BOB@Example.Test", f"bob@{people.REALM}", f"Bob@{people.REALM.upper()}"):
            with self.subTest(name=name):
                self.assertTrue(self.lets_in(name, PASSWORDS["bob"]))
                yes = self.two_suffixes.login(name, PASSWORDS["bob"])
                self.verdict(yes, "accept")
                self.assertEqual(yes["identity"], "bob@example.test")

    def test_B_14_no_other_form_is_bound(self):
        """With the right password, so that a form that got through would be let in."""
        forms = self.forms("u00003")
        before = len(self.passwords_seen())
        for what, form in forms.items():
            with self.subTest(form=what):
                if what != "NetBIOS domain behind":  # which looks like a principal name: the route says what may stand behind the "@"
                    self.verdict(self.daemon.login(f"{form}@raw.test", password(3)), "reject", "bad_name")
        self.assertEqual(self.seen_since(before, 11), [])
        before = len(self.passwords_seen())
        nobody = {"GUID", "{GUID}", "SID", "display name"}  # within the form that the route makes of them they might be names of accounts, and are of none
        for domain in ("upn.test", "down.test"):
            for what, form in forms.items():
                with self.subTest(domain=domain, form=what):
                    no = self.daemon.login(f"{form}@{domain}", password(3))
                    self.assertEqual((no.verdict, no.status), ("reject", 401), no)
                    self.assertIn(no.reason, {"bad_name"} | ({"wrong_password"} if what in nobody else set()))
                    self.assertEqual(self.daemon.saslauthd(form, password(3), domain if "@" not in form else ""), "NO")
        self.assertEqual({account for _, account in self.seen_since(before, 12)}, {""})

    def test_B_14_no_other_form_is_found(self):
        """Where a search comes first such names are values that nothing has, and no password is tried."""
        forms = self.forms("u00004")
        before = len(self.passwords_seen())
        for domain in ("example.test", "account.test", people.REALM):
            for what, form in forms.items():
                with self.subTest(domain=domain, form=what):
                    no = self.daemon.login(f"{form}@{domain}", password(4))
                    self.assertEqual((no.verdict, no.status), ("reject", 401), no)
                    self.assertIn(no.reason, ("bad_name", "no_such_user"))
        self.assertEqual(self.seen_since(before, 13), [])

    def test_B_14_a_stranger_gets_no_more_tries_by_other_forms(self):
        """The domain locks after three wrong passwords: none of these is counted, and those under forms that are admitted are counted together."""
        for domain in (*self.BIND_ROUTES, "example.test", "account.test"):
            for form in self.forms("u00005").values():
                if (domain, form) != ("raw.test", "u00005@EXAMPLE"):
                    self.assertEqual(self.daemon.login(f"{form}@{domain}", WRONG).verdict, "reject")
        self.verdict(self.daemon.login("u00005@upn.test", password(5)), "accept")
        for name in ("u00005@upn.test", "U00005@down.test", "u00005@example.test"):
            self.verdict(self.daemon.login(name, WRONG), "reject", "wrong_password")
        self.verdict(self.daemon.login("u00005@account.test", password(5)), "reject", "account_locked")
