"""The plugin `ldap` with a real OpenLDAP of ten thousand people: logins, and what its password policy says of them."""
from lab import clients
from lab.case import LabCase, SharedCase, route
from lab.directory import BY_MAIL, BY_NAME, TEMPLATE, ldap_backend, start_slapd, urls
from lab.people import PASSWORDS, password, person_dn
from lab.process import wait_until

WRONG = "wrong-Pw-30412"


class Logins(SharedCase):
    """The same table by template and by search, over each transport. Each has a route: WAY-TRANSPORT.test."""

    @classmethod
    def prepare(cls):
        cls.server = start_slapd(cls.lab)
        backends, routes = [], []
        for way, settings in (("template", TEMPLATE), ("search", BY_NAME)):
            for transport, url in urls(cls.server).items():
                name = f"{way}-{transport}"
                backends.append(ldap_backend(name, url, cls.lab, settings))
                routes.append(route(f"{name}.test", name, allow_chars="#"))
        cls.ways = [b["name"] for b in backends]
        backends.append(ldap_backend("mail", urls(cls.server)["starttls"], cls.lab, BY_MAIL))
        routes.append(route(["example.test", "alias.example.test"], "mail"))
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes)

    def each(self, check):
        for number, way in enumerate(self.ways, 1):
            with self.subTest(way=way):
                check(way, number)

    def test_right_password(self):
        def right(way, number):
            yes = self.daemon.login(f"u{number:05d}@{way}.test", password(number))
            self.verdict(yes, "accept")
            self.assertEqual((yes.status, yes["backend"], yes["identity"]), (200, way, f"u{number:05d}@{way}.test"))
            self.assertEqual(self.daemon.saslauthd(f"u{number:05d}", password(number), f"{way}.test"), "OK")
        self.each(right)

    def test_wrong_password(self):
        def wrong(way, number):
            no = self.daemon.login(f"u{100 + number:05d}@{way}.test", WRONG)
            self.verdict(no, "reject", "wrong_password")
            self.assertEqual(no.status, 401)
            self.assertEqual(self.daemon.saslauthd(f"u{100 + number:05d}", WRONG, f"{way}.test"), "NO")
            self.verdict(self.daemon.login(f"u{100 + number:05d}@{way}.test", password(1)), "reject", "wrong_password")  # somebody else's
        self.each(wrong)

    def test_unknown_user(self):
        def unknown(way, number):
            no = self.daemon.login(f"nobody@{way}.test", WRONG)  # to a template a directory says no more than that
            self.verdict(no, "reject", "no_such_user" if way.startswith("search") else "wrong_password")
            self.assertEqual(no.status, 401)
            self.assertEqual(self.daemon.saslauthd("nobody", WRONG, f"{way}.test"), "NO")
        self.each(unknown)

    def test_A_01_empty_password_never_leaves(self):
        before = self.server.binds(person_dn("bob"))
        self.each(lambda way, number: self.verdict(self.daemon.login(f"bob@{way}.test", ""), "reject", "empty_password"))
        self.assertEqual(self.server.binds(person_dn("bob")), before)

    def test_exactly_one_bind_of_the_users_password(self):
        def one(way, number):
            name = f"u{200 + number:05d}"
            for secret, verdict, so_far in ((password(200 + number), "accept", 1), (WRONG, "reject", 2), (password(200 + number), "accept", 3)):
                self.assertEqual(self.daemon.login(f"{name}@{way}.test", secret).verdict, verdict)
                wait_until(lambda: self.server.binds(person_dn(name)) >= so_far, 5, "the bind in slapd's log")
                self.assertEqual(self.server.binds(person_dn(name)), so_far)
        self.each(one)

    def test_B_12_a_changed_password_is_seen_at_once(self):
        def change(way, number):
            name = f"u{300 + number:05d}"
            self.verdict(self.daemon.login(f"{name}@{way}.test", password(300 + number)), "accept")
            self.server.set_password(person_dn(name), "changed-Pw-5567")
            self.verdict(self.daemon.login(f"{name}@{way}.test", password(300 + number)), "reject", "wrong_password")
            self.verdict(self.daemon.login(f"{name}@{way}.test", "changed-Pw-5567"), "accept")
        self.each(change)

    def test_B_01_B_03_names_that_need_quoting(self):
        def odd(way, number):
            for uid in ("star*user", "paren(user)", "back\\slash", "comma,user", "#hash+plus", "jürgen"):
                with self.subTest(uid=uid):
                    self.verdict(self.daemon.login(f"{uid}@{way}.test", PASSWORDS[uid]), "accept")
        self.each(odd)

    def test_A_07_A_12_passwords_are_sent_as_they_are(self):
        def odd(way, number):
            for uid in ("spaces", "jürgen", "ssha", "crypted"):
                self.verdict(self.daemon.login(f"{uid}@{way}.test", PASSWORDS[uid]), "accept")
            self.assertEqual(self.daemon.login(f"spaces@{way}.test", PASSWORDS["spaces"].strip()).verdict, "reject")
        self.each(odd)

    def test_A_11_passwords_that_differ_late_are_different(self):
        secret = "long-Pw-" + "0123456789" * 40
        self.server.set_password(person_dn("bob"), secret)

        def late(way, number):
            self.verdict(self.daemon.login(f"bob@{way}.test", secret), "accept")
            for other in (secret[:-1], secret + "0", secret[:-1] + "x", secret[:127], secret[:128], secret[:255]):
                self.verdict(self.daemon.login(f"bob@{way}.test", other), "reject", "wrong_password")
                self.verdict(self.daemon.login(f"bob@{way}.test", secret), "accept")  # the policy counts failures in a row
        try:
            self.each(late)
        finally:
            self.server.set_password(person_dn("bob"), PASSWORDS["bob"])

    def test_B_01_B_02_B_03_names_that_say_more_than_a_name_are_nobody(self):
        """With alice's password: whoever gets in got in as alice."""
        def attack(way, number):
            for name in ("*", "a*", "alic*", "alice)(uid=*", "*)(uid=*))(|(uid=*", "admin)(!(&(1=0", "\\2a", "\\28", "alice\\", "alice,ou=people", "alice+cn=alice", "alice\\,x", '"alice"',
                         "#04", "alice\\00"):
                with self.subTest(name=name):
                    no = self.daemon.login(f"{name}@{way}.test", PASSWORDS["alice"])
                    self.assertEqual((no.verdict, no.status), ("reject", 401), no)
                    self.assertIn(no.reason, ("no_such_user", "wrong_password", "bad_name"))
        self.each(attack)

    def test_B_14_other_spellings_are_refused(self):
        """slapd takes each of them for alice: with her password, they would be names of hers that nobody else knows."""
        def spelled(way, number):
            for name in ("ａlice", "𝐚lice", "al\u00adice", "al\u200bice"):
                with self.subTest(name=name):
                    self.verdict(self.daemon.login(f"{name}@{way}.test", PASSWORDS["alice"]), "reject", "bad_name")
        self.each(spelled)

    def test_person_without_a_password(self):
        self.each(lambda way, number: self.assertEqual(self.daemon.login(f"nopassword@{way}.test", WRONG).verdict, "reject"))

    def test_B_05_two_entries_are_nobodys_yes(self):
        later = self.daemon.login("dup@example.test", PASSWORDS["dup1"])
        self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)
        self.assertEqual((self.server.binds(person_dn("dup1")), self.server.binds(person_dn("dup2"))), (0, 0))
        self.assertEqual(self.daemon.saslauthd("dup", PASSWORDS["dup1"], "example.test"), "")

    def test_login_by_address_and_by_alias(self):
        everything = {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"}
        for address in everything:
            with self.subTest(address=address):
                yes = self.daemon.login(address.upper() if address.startswith("a.") else address, PASSWORDS["alice"])
                self.verdict(yes, "accept")
                self.assertEqual((yes["identity"], yes["mailbox"], set(yes["addresses"]), yes["addresses_state"]), (address, "alice@example.test", everything, "complete"))
        self.verdict(self.daemon.login("first.last07777@alias.example.test", password(7777)), "accept")
        self.assertEqual(clients.basic(self.daemon.http, "alice@example.test", PASSWORDS["alice"]).headers["x-auth-identity"], "alice@example.test")


class Policies(SharedCase):
    """What the password policy says, by template and by search, on a server each: a grace login is used up by trying."""

    @classmethod
    def prepare(cls):
        cls.servers = {way: start_slapd(cls.lab) for way in ("template", "search")}
        cls.daemon = cls.lab.daemon(
            backends=[ldap_backend(way, urls(s)["ldaps"], cls.lab, TEMPLATE if way == "template" else BY_NAME) for way, s in cls.servers.items()],
            routes=[route(f"{way}.test", way, help_url="https://help.example.test/") for way in cls.servers])

    def ask(self, uid, secret):
        for way in self.servers:
            with self.subTest(way=way, uid=uid):
                yield self.daemon.login(f"{uid}@{way}.test", secret)

    def test_refused(self):
        for uid, right, wrong in (("locked", "account_locked", "account_locked"), ("lockedtemp", "account_locked", "account_locked"),
                                  ("expired", "password_expired", "wrong_password")):
            for no in self.ask(uid, PASSWORDS[uid]):
                self.verdict(no, "reject", right)
                self.assertEqual((no.status, no["help_url"]), (401, "https://help.example.test/"))
            for no in self.ask(uid, WRONG):
                self.verdict(no, "reject", wrong)
        self.assertEqual(self.daemon.saslauthd("locked", PASSWORDS["locked"], "search.test"), "NO")
        self.assertEqual(self.daemon.saslauthd("expired", PASSWORDS["expired"], "template.test"), "NO")

    def test_must_change(self):
        for answer in self.ask("mustchange", PASSWORDS["mustchange"]):
            self.assertEqual(answer.reason, "password_must_change", answer)
            self.assertIn(answer.verdict, ("accept", "reject"))
        for no in self.ask("mustchange", WRONG):
            self.verdict(no, "reject", "wrong_password")

    def test_grace_logins_are_counted_down(self):
        for left in (2, 1, 0):
            for yes in self.ask("expiredgrace", PASSWORDS["expiredgrace"]):
                self.verdict(yes, "accept", "password_expiring")
                self.assertEqual(yes["grace_logins"], left)
        for no in self.ask("expiredgrace", PASSWORDS["expiredgrace"]):
            self.verdict(no, "reject", "password_expired")

    def test_expiring(self):
        for yes in self.ask("expiring", PASSWORDS["expiring"]):
            self.verdict(yes, "accept", "password_expiring")
            self.assertTrue(13_000 < yes["password_expires_in"] <= 14_400, yes)
        self.assertEqual(self.daemon.saslauthd("expiring", PASSWORDS["expiring"], "search.test"), "OK")

    def test_too_many_wrong_passwords_lock(self):
        for way in self.servers:
            for _ in range(5):
                self.verdict(self.daemon.login(f"lockme@{way}.test", WRONG), "reject", "wrong_password")
            self.verdict(self.daemon.login(f"lockme@{way}.test", PASSWORDS["lockme"]), "reject", "account_locked")


class PolicyControl(LabCase):
    """The control that asks for what the policy says: OpenLDAP logs each one that it does not know."""

    def start(self, server, **settings):
        self.daemon = self.lab.daemon(backends=[ldap_backend(way, urls(server)["clear"], self.lab, how | settings) for way, how in (("template", TEMPLATE), ("search", BY_NAME))],
                                      routes=[route(f"{way}.test", way) for way in ("template", "search")])

    def complaints(self, server):
        """Of logins, right and wrong; how often it said that it does not know the control."""
        for way in ("template", "search"):
            for _ in range(3):
                self.verdict(self.daemon.login(f"alice@{way}.test", PASSWORDS["alice"]), "accept")
                self.verdict(self.daemon.login(f"bob@{way}.test", WRONG), "reject", "wrong_password")
        wait_until(lambda: server.binds(person_dn("alice")) == server.binds(person_dn("bob")) == 6, 5, "the binds in slapd's log")
        return server.log().count("unrecognized control")

    def test_a_server_without_policies_is_not_asked_for_them(self):
        server = start_slapd(self.lab, policies=False)
        self.start(server, password_policy="auto")
        self.assertEqual(self.complaints(server), 0)

    def test_a_server_with_policies_is_asked(self):
        self.start(start_slapd(self.lab), password_policy="auto")
        for way in ("template", "search"):
            self.verdict(self.daemon.login(f"locked@{way}.test", PASSWORDS["locked"]), "reject", "account_locked")
            self.verdict(self.daemon.login(f"mustchange@{way}.test", PASSWORDS["mustchange"]), "reject", "password_must_change")

    def test_always_which_is_the_default_and_never(self):
        for settings, told in (({}, 13), ({"password_policy": "always"}, 13), ({"password_policy": "never"}, 0)):
            with self.subTest(settings=settings):
                server = start_slapd(self.lab, policies=False)
                self.start(server, **settings)
                self.assertEqual(self.complaints(server), told)

    def test_policies_that_nobody_asks_for_are_not_told(self):
        server = start_slapd(self.lab)
        self.start(server, password_policy="never")
        self.verdict(self.daemon.login("locked@template.test", PASSWORDS["locked"]), "reject", "wrong_password")

    def test_a_server_that_does_not_say_what_it_knows_is_asked(self):
        """One that shows nobody what it says of itself, and one that answers nobody but who is bound."""
        for more in ({"root": False}, {"extra": "require authc"}):
            with self.subTest(**more):
                self.start(start_slapd(self.lab, **more), password_policy="auto")
                for way in ("template", "search"):
                    self.verdict(self.daemon.login(f"alice@{way}.test", PASSWORDS["alice"]), "accept")
                    self.verdict(self.daemon.login(f"locked@{way}.test", PASSWORDS["locked"]), "reject", "account_locked")
