"""The plugin `ldap` with a real OpenLDAP of ten thousand people: what it answers."""
import json

from lab import clients, people
from lab.case import LabCase, SharedCase, pop3_backend, route, static_backend
from lab.directory import BY_MAIL, BY_NAME, READER, TEMPLATE, ldap_backend, start_slapd, urls
from lab.dovecot import Dovecot
from lab.people import PASSWORDS, password, person_dn
from lab.place import free_port
from lab.process import wait_until

RIGHT, WRONG = "right-Pw-55071", "wrong-Pw-30412"


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


class Mailboxes(SharedCase):
    @classmethod
    def prepare(cls):
        cls.server = start_slapd(cls.lab)
        url = urls(cls.server)["ldaps"]
        everywhere = BY_MAIL | {"base": [people.PEOPLE, people.MORE, people.GROUPS]}
        backends = [ldap_backend("mail", url, cls.lab, everywhere | {"attributes": ["displayName", "memberOf"]}),
                    ldap_backend("catch", url, cls.lab, BY_MAIL | {"catch_all": "@{domain}"}),
                    ldap_backend("elsewhere", url, cls.lab, BY_MAIL | {"base": people.ELSEWHERE}),
                    ldap_backend("above", url, cls.lab, BY_MAIL | {"base": people.BASE}),
                    ldap_backend("nowhere", url, cls.lab, BY_MAIL | {"base": "ou=nowhere," + people.BASE}),
                    ldap_backend("one", url, cls.lab, BY_MAIL | {"base": people.BASE, "scope": "one"}),
                    ldap_backend("anybody", url, cls.lab, BY_MAIL | {"mailbox_filter": "(&(objectClass=inetOrgPerson)(!(mail={address})))"}),
                    ldap_backend("small", url, cls.lab, BY_MAIL | {"bind_dn": people.SMALL, "bind_password": people.SMALL_PASSWORD, "mailbox_filter": "(&(objectClass=inetOrgPerson)(!(mail={address})))"}),
                    ldap_backend("nobody", url, cls.lab, {k: v for k, v in BY_MAIL.items() if k not in READER})]
        cls.daemon = cls.lab.daemon(backends=backends, routes=[
            route(["example.test", "alias.example.test", "partner.test"], "mail", mailbox=["mail"]), route("catchall.test", None, mailbox=["catch"]),
            *(route(f"{n}.test", n, mailbox=[n]) for n in ("elsewhere", "above", "nowhere", "one", "anybody", "small", "nobody"))])

    def test_addresses_that_exist(self):
        aliases = {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"}
        for address in (*aliases, "A.Anders@EXAMPLE.test"):
            with self.subTest(address=address):
                yes = self.daemon.mailbox(address)
                self.verdict(yes, "exists")
                self.assertEqual((yes.status, yes["mailbox"], set(yes["addresses"]), yes["addresses_state"]), (200, "alice@example.test", aliases, "complete"))
        self.assertEqual([self.daemon.mailbox(f"{n}@example.test")["kind"] for n in ("alice", "a.anders")], ["user", "alias"])
        self.assertEqual(self.daemon.mailbox("first.last09999@alias.example.test")["mailbox"], "u09999@example.test")

    def test_absent(self):
        for address in ("nobody@example.test", "u10001@example.test", "*@example.test", "alice@partner.test"):
            with self.subTest(address=address):
                no = self.daemon.mailbox(address)
                self.verdict(no, "absent")
                self.assertEqual(no.status, 404)

    def test_several_bases_and_kinds(self):
        for address, mailbox, kind in (("partner@example.test", "partner@example.test", "user"), ("staff@example.test", "staff@example.test", "group"),
                                       ("team@example.test", "staff@example.test", "group")):
            with self.subTest(address=address):
                yes = self.daemon.mailbox(address)
                self.verdict(yes, "exists")
                self.assertEqual((yes["mailbox"], yes["kind"]), (mailbox, kind))

    def test_attributes_on_request(self):
        attributes = self.daemon.mailbox("alice@example.test")["attributes"]
        self.assertEqual(attributes["displayName"], ["Alice Anders"])
        self.assertEqual(attributes["memberOf"], [people.STAFF])
        self.assertEqual(self.daemon.login("alice@example.test", PASSWORDS["alice"])["attributes"], attributes)

    def test_catch_all(self):
        real, any_other = self.daemon.mailbox("real@catchall.test"), self.daemon.mailbox("whatever@catchall.test")
        self.verdict(real, "exists")
        self.assertEqual(real["mailbox"], "real@catchall.test")
        self.verdict(any_other, "exists")

    def test_B_05_two_entries_are_no_answer(self):
        self.assertEqual(self.daemon.mailbox("dup@example.test").verdict, "tempfail")

    def test_B_08_referrals_are_not_followed(self):
        later = self.daemon.mailbox("alice@elsewhere.test")
        self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)
        decision = self.daemon.tool("why", later["id"]).stdout
        self.assertIn("referral", decision)
        # A continuation reference beside entries is no trouble, and is not followed either.
        self.verdict(self.daemon.mailbox("nobody@above.test"), "absent")

    def test_base_that_is_not_there_is_no_absent(self):
        later = self.daemon.mailbox("alice@nowhere.test")
        self.verdict(later, "tempfail", "misconfigured")
        self.assertIn("ou=nowhere", self.daemon.tool("why", later["id"]).stdout)

    def test_scope(self):
        self.verdict(self.daemon.mailbox("alice@one.test"), "absent")  # one level below the base there are no people

    def test_size_limits_are_no_absent(self):
        self.assertEqual([self.daemon.mailbox(f"alice@{n}.test").verdict for n in ("anybody", "small")], ["tempfail", "tempfail"])

    def test_anonymous_searches_refused_are_our_trouble(self):
        for later in (self.daemon.mailbox("alice@nobody.test"), self.daemon.login("alice@nobody.test", PASSWORDS["alice"])):
            self.assertEqual(later.verdict, "tempfail", later)
            self.assertIn(later.reason, ("service_account", "misconfigured"))

    def test_B_20_many_aliases(self):
        yes = self.daemon.mailbox("broad@example.test")
        self.verdict(yes, "exists")
        self.assertEqual((len(yes["addresses"]), yes["addresses"][0]), (256, "broad@example.test"))
        self.assertNotEqual(yes["addresses_state"], "complete")
        self.assertEqual(self.daemon.mailbox("huge@example.test").verdict, "tempfail")  # more than is ever read
        self.verdict(self.daemon.mailbox("alice@example.test"), "exists")


class Defaults(LabCase):
    """What an administrator gets who has host, base and service account, and nothing else."""

    def ask(self, *, base=(people.PEOPLE, people.GROUPS), **settings):
        server = start_slapd(self.lab)
        return self.lab.daemon(backends=[ldap_backend("corp", urls(server)["ldaps"], self.lab, READER | {"base": list(base)} | settings)],
                               routes=[route("example.test", "corp", mailbox=["corp"])])

    def test_host_base_and_account_are_enough(self):
        for settings in ({}, {"preset": "openldap"}):
            daemon = self.ask(**settings)
            yes = daemon.login("alice@example.test", PASSWORDS["alice"])
            self.verdict(yes, "accept")
            self.assertEqual((yes["mailbox"], yes["addresses_state"]), ("alice@example.test", "complete"))
            self.assertIn("a.anders@example.test", yes["addresses"])
            self.verdict(daemon.login("alice@example.test", WRONG), "reject", "wrong_password")
            self.verdict(daemon.login("locked@example.test", PASSWORDS["locked"]), "reject", "account_locked")
            self.verdict(daemon.login("expired@example.test", PASSWORDS["expired"]), "reject", "password_expired")
            self.assertEqual(daemon.mailbox("a.anders@example.test")["mailbox"], "alice@example.test")
            self.assertEqual(daemon.mailbox("staff@example.test")["kind"], "group")
            self.verdict(daemon.mailbox("nobody@example.test"), "absent")

    def test_preset_posix_needs_no_mail_attribute(self):
        daemon = self.ask(base=[people.MORE], preset="posix")
        self.verdict(daemon.login("accounting@example.test", people.PARTNER_PASSWORD), "accept")
        self.assertEqual(daemon.mailbox("accounting@example.test")["mailbox"], "accounting@example.test")
        self.verdict(daemon.mailbox("partner@example.test"), "absent")  # no account of the system
        self.verdict(daemon.login("partner@example.test", people.PARTNER_PASSWORD), "reject", "no_such_user")

    def test_proxy_addresses(self):
        daemon = self.ask(mailbox_filter="(proxyAddresses=smtp:{address})", alias_attributes=["proxyAddresses"])
        for address in ("adlike@example.test", "adlike.alias@example.test"):
            yes = daemon.mailbox(address)
            self.verdict(yes, "exists")
            self.assertEqual((yes["mailbox"], set(yes["addresses"])), ("adlike@example.test", {"adlike@example.test", "adlike.alias@example.test"}))


class Members(LabCase):
    def test_login_for_members_only(self):
        server = start_slapd(self.lab)
        daemon = self.lab.daemon(backends=[ldap_backend("staff", urls(server)["ldaps"], self.lab, BY_MAIL | {"require_filter": f"(memberOf={people.STAFF})"})],
                                 routes=[route("example.test", "staff", mailbox=["staff"])])
        self.verdict(daemon.login("alice@example.test", PASSWORDS["alice"]), "accept")
        self.verdict(daemon.login("bob@example.test", PASSWORDS["bob"]), "reject", "not_permitted")
        self.verdict(daemon.login("nobody@example.test", WRONG), "reject", "no_such_user")
        self.assertEqual(server.binds(person_dn("bob")), 0)
        self.verdict(daemon.mailbox("bob@example.test"), "exists")  # his mail goes on


class Sources(LabCase):
    def test_two_directories_of_different_people(self):
        ours, theirs = start_slapd(self.lab), start_slapd(self.lab)
        daemon = self.lab.daemon(backends=[ldap_backend("ours", urls(ours)["ldaps"], self.lab, BY_MAIL), ldap_backend("theirs", urls(theirs)["ldaps"], self.lab, BY_MAIL | {"base": people.MORE})],
                                 routes=[route("example.test", ["ours", "theirs"], mailbox=["ours", "theirs"], combine="search")])

        def asked(name, secret=None):
            answer = daemon.login(f"{name}@example.test", secret) if secret else daemon.mailbox(f"{name}@example.test")
            return answer.verdict, answer.reason, answer["backend"]
        self.assertEqual(asked("alice", PASSWORDS["alice"]), ("accept", None, "ours"))
        self.assertEqual(asked("partner", people.PARTNER_PASSWORD), ("accept", None, "theirs"))
        self.assertEqual(asked("alice", WRONG), ("reject", "wrong_password", "ours"))
        self.assertEqual(asked("nobody", WRONG)[:2], ("reject", "no_such_user"))
        self.assertEqual([asked("alice")[0], asked("partner")[0], asked("nobody")[0]], ["exists", "exists", "absent"])
        theirs.kill()  # nobody can say any more who is not there
        self.assertEqual([asked("alice", PASSWORDS["alice"])[0], asked("nobody", WRONG)[0], asked("alice")[0], asked("nobody")[0]], ["accept", "tempfail", "exists", "tempfail"])


class Companions(LabCase):
    """The login is a POP3 server's; the directory says whose it is."""

    def setUp(self):
        super().setUp()
        lab = self.lab
        self.dovecot, self.server = lab.server(Dovecot, lab.ca.good, users={name: RIGHT for name in ("alice", "a.anders", "al", "stranger", "broad")}), start_slapd(lab)
        pop3 = f"pop3s://localhost:{self.dovecot.pop3s}"
        self.daemon = lab.daemon(
            backends=[pop3_backend("pop3", pop3, lab), pop3_backend("pop3too", pop3, lab), ldap_backend("corp", urls(self.server)["ldaps"], lab, BY_MAIL),
                      static_backend(lab, {"alice@static.test": (None, ["al@static.test"])})],
            routes=[route("example.test", "pop3", strip_domain=True, addresses=["corp"]), route("static.test", "pop3too", strip_domain=True, addresses=["people"])])

    def test_identity_and_addresses_come_from_the_directory(self):
        yes = self.daemon.login("a.anders@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["mailbox"], yes["addresses_state"], yes["backend"]), ("alice@example.test", "alice@example.test", "complete", "pop3"))
        self.assertEqual(set(yes["addresses"]), {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"})
        self.assertEqual(self.daemon.saslauthd("a.anders", RIGHT, "example.test"), "OK")
        self.verdict(self.daemon.login("a.anders@example.test", WRONG), "reject", "wrong_password")

    def test_more_addresses_than_are_kept_are_not_called_complete(self):
        yes = self.daemon.login("broad@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], len(yes["addresses"])), ("broad@example.test", 256))
        self.assertNotEqual(yes["addresses_state"], "complete")

    def test_static_serves_as_well(self):
        yes = self.daemon.login("al@static.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], set(yes["addresses"]), yes["addresses_state"]), ("alice@static.test", {"alice@static.test", "al@static.test"}, "complete"))

    def test_its_failure_never_changes_the_verdict(self):
        for trouble in (self.server.freeze, self.server.kill):
            trouble()
            yes = self.daemon.login("a.anders@example.test", RIGHT)
            self.verdict(yes, "accept")
            self.assertEqual((yes["identity"], yes["addresses_state"]), ("a.anders@example.test", "unavailable"))
            self.assertLess(yes["elapsed_ms"], 2500)
            self.assertEqual(self.daemon.saslauthd("a.anders", RIGHT, "example.test"), "OK")
        self.server.start()
        wait_until(lambda: self.daemon.login("alice@example.test", RIGHT)["addresses_state"] == "complete", 12, "the directory again")

    def test_not_in_the_directory(self):
        yes = self.daemon.login("stranger@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["addresses_state"]), ("stranger@example.test", "none"))


class Tool(SharedCase):
    """What the command line tells an administrator."""

    @classmethod
    def prepare(cls):
        cls.server = start_slapd(cls.lab)
        cls.daemon = cls.lab.daemon(backends=[ldap_backend("mail", urls(cls.server)["starttls"], cls.lab, BY_MAIL | {"attributes": ["displayName"]})],
                                    routes=[route("example.test", "mail", mailbox=["mail"])])

    def test_login_shows_filter_base_entry_and_attributes(self):
        done = self.daemon.tool("test", "login", "a.anders@example.test", "--password-stdin", password=PASSWORDS["alice"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for part in (people.READER, people.PEOPLE, "(|(mail=a.anders@example.test)(mailAlternateAddress=a.anders@example.test))", person_dn("alice"), "alice@example.test", "TLS"):
            self.assertIn(part, done.stdout)
        self.assertNotIn(PASSWORDS["alice"], done.stdout)
        self.assertNotIn(people.READER_PASSWORD, done.stdout)

    def test_login_that_fails_shows_why(self):
        done = self.daemon.tool("test", "login", "expired@example.test", "--password-stdin", password=PASSWORDS["expired"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("password_expired", done.stdout)
        done = self.daemon.tool("test", "login", "star*user@example.test", "--password-stdin", password=WRONG)
        self.assertIn("(mail=star\\2auser@example.test)", done.stdout)

    def test_mailbox(self):
        done = self.daemon.tool("test", "mailbox", "a.anders@example.test")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(person_dn("alice"), done.stdout)
        answer = json.loads(self.daemon.tool("--json", "test", "mailbox", "a.anders@example.test").stdout)["answer"]
        self.assertEqual(answer["mailbox"], "alice@example.test")

    def check(self, settings, url=None):
        daemon = self.lab.daemon(backends=[ldap_backend("mail", url or urls(self.server)["starttls"], self.lab, settings)], routes=[route("example.test", "mail")], start=False)
        done = daemon.tool("check-config", "--connect")
        return done.returncode, done.stdout + done.stderr

    def test_check_config_names_the_account_and_counts_entries(self):
        status, text = self.check(BY_MAIL | {"base": [people.PEOPLE, people.MORE]})
        self.assertEqual(status, 0, text)
        self.assertIn(people.READER, text)
        self.assertRegex(text, r"at least \d+ entries")  # ten thousand, and the server shows 500
        self.assertRegex(text, r"\b3 entries")
        self.assertNotIn(people.READER_PASSWORD, text)

    def test_check_config_says_what_is_wrong(self):
        for what, settings, url, words in (
                ("password", BY_MAIL | {"bind_password": WRONG}, None, (people.READER, "service_account")),
                ("account", BY_MAIL | {"bind_dn": "cn=raeder," + people.BASE}, None, ("cn=raeder," + people.BASE, "service_account")),
                ("base", BY_MAIL | {"base": "ou=poeple," + people.BASE}, None, ("ou=poeple," + people.BASE,)),
                ("nobody there", BY_MAIL, f"ldaps://localhost:{free_port()}", ("upstream_down",))):
            with self.subTest(what=what):
                status, text = self.check(settings, url)
                self.assertEqual(status, 75, text)
                for word in words:
                    self.assertIn(word, text)
                self.assertNotIn(WRONG, text)

    def test_check_config_warns_of_a_root_dn(self):
        status, text = self.check(BY_MAIL | {"bind_dn": people.ADMIN, "bind_password": people.ADMIN_PASSWORD})
        self.assertEqual(status, 0, text)
        self.assertIn("rootdn", text)
        self.assertIn(people.ADMIN, text)
