"""The plugin `exchange` with real Active Directory domain controllers, made by Samba."""
import concurrent.futures
import time

from fakes.dns import NameServer
from lab import domain_people as people
from lab.case import LabCase, SharedCase, backend, route
from lab.domain_people import PASSWORDS, password
from lab.netns import Island
from lab.prefix import cache
from lab.process import wait_until
from lab.samba import CATALOG, CATALOG_TLS, Controller

WRONG = "Wrong-Pw-30412"
READER = {"bind_dn": people.READER, "bind_password": people.READER_PASSWORD}
BY_DN = READER | {"base": people.BASE}


def exchange_backend(name, upstream, lab, settings, **more):
    return backend(name, "exchange", upstream, lab, settings=settings, **more)


def start_controller(lab, **more):
    return lab.server(Controller, lab.ca, cache(), **more)


class Logins(SharedCase):
    """Each way of naming whom to bind, and each way to reach the controller. Names that address in the domain AD knows become each
    way's form by the route."""

    # way -> (settings, login_name)
    WAYS = {"dn": (BY_DN, "{address}"), "upn": ({"bind_as": "upn"}, "{local}@" + people.REALM), "down-level": ({"bind_as": "down-level", "netbios_domain": "EXAMPLE"}, "{local}")}
    # account -> (reason with the right password, with a wrong one)
    TABLE = {"disabled": ("account_disabled", "wrong_password"), "expiredpw": ("password_expired", "wrong_password"), "mustchange": ("password_must_change", "wrong_password"),
             "acctexpired": ("account_expired", "wrong_password"), "neverhours": ("not_permitted", "wrong_password"), "workstation": ("not_permitted", "wrong_password"),
             "locked": ("account_locked", "account_locked")}

    @classmethod
    def prepare(cls):
        cls.server = c = start_controller(cls.lab)
        backends, routes = [], []
        for way, (settings, login_name) in cls.WAYS.items():
            backends.append(exchange_backend(way, f"ldaps://{c.address}", cls.lab, settings))
            routes.append(route("example.test" if way == "dn" else f"{way}.test", way, login_name=login_name))
        for name, url in (("clear", f"ldap://{c.address}"), ("starttls", f"ldap+starttls://{c.address}"), ("catalog", f"ldap://{c.address}:{CATALOG}"),
                          ("catalog-tls", f"ldaps://{c.address}:{CATALOG_TLS}")):
            filters = {"filter": "(sAMAccountName={local})"}
            backends.append(exchange_backend(name, url, cls.lab, BY_DN | filters | ({"base": ""} if "catalog" in name else {})))
            routes.append(route(f"{name}.test", name))
        backends.append(exchange_backend("ask", f"ldaps://{c.address}", cls.lab, BY_DN | {"disabled_login": "ask", "filter": "(sAMAccountName={local})"}))
        routes.append(route("ask.test", "ask"))
        cls.domains = [r["domains"][0] for r in routes]
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes)

    def each(self, check, domains=None):
        for domain in domains or self.domains:
            with self.subTest(domain=domain):
                check(domain)

    def test_right_password(self):
        def right(domain):
            yes = self.daemon.login(f"alice@{domain}", PASSWORDS["alice"])
            self.verdict(yes, "accept")
            self.assertEqual((yes.status, yes["identity"]), (200, f"alice@{domain}"))
            self.assertEqual(self.daemon.saslauthd("alice", PASSWORDS["alice"], domain), "OK")
        self.each(right)

    def test_wrong_password(self):
        """One wrong password a way: three would lock the account."""
        def wrong(domain):
            name = f"u{self.domains.index(domain) + 1:05d}"
            self.verdict(self.daemon.login(f"{name}@{domain}", WRONG), "reject", "wrong_password")
            self.assertEqual(self.daemon.saslauthd(name, WRONG, domain), "NO")
            self.verdict(self.daemon.login(f"{name}@{domain}", password(self.domains.index(domain) + 1)), "accept")
        self.each(wrong)

    def test_unknown_user(self):
        def unknown(domain):
            no = self.daemon.login(f"nobody@{domain}", WRONG)
            self.verdict(no, "reject", "wrong_password" if domain in ("upn.test", "down-level.test") else "no_such_user")
            self.assertEqual(no.status, 401)
        self.each(unknown)

    def test_state_of_the_account_right_password(self):
        for name, (reason, _) in self.TABLE.items():
            def told(domain):
                no = self.daemon.login(f"{name}@{domain}", PASSWORDS[name])
                self.verdict(no, "reject", reason)
                self.assertEqual(no.status, 401)
            with self.subTest(account=name):
                self.each(told, ("example.test", "upn.test", "down-level.test", "ask.test"))
        self.assertEqual(self.daemon.saslauthd("disabled", PASSWORDS["disabled"], "example.test"), "NO")

    def test_state_of_the_account_wrong_password(self):
        for name, (right, wrong) in self.TABLE.items():
            def told(domain):
                no = self.daemon.login(f"{name}@{domain}", WRONG)
                # What is read from the entry is known without the password; what the bind says is not.
                allowed = {wrong, right} if domain == "example.test" and name == "disabled" else {wrong}
                self.assertEqual(no.verdict, "reject", no)
                self.assertIn(no.reason, allowed)
            with self.subTest(account=name):
                self.each(told, ("example.test", "upn.test"))

    def test_too_many_wrong_passwords_lock(self):
        for _ in range(3):
            self.verdict(self.daemon.login("lockme@example.test", WRONG), "reject", "wrong_password")
        self.verdict(self.daemon.login("lockme@example.test", PASSWORDS["lockme"]), "reject", "account_locked")
        self.verdict(self.daemon.login("lockme@upn.test", PASSWORDS["lockme"]), "reject", "account_locked")

    def test_exactly_one_bind_of_the_users_password(self):
        for number, domain in enumerate(self.domains, 11):
            with self.subTest(domain=domain):
                self.verdict(self.daemon.login(f"u{number:05d}@{domain}", password(number)), "accept")
                wait_until(lambda: self.server.binds(f"u{number:05d}") >= 1, 5, "the bind in the controller's log")
                self.assertEqual(self.server.binds(f"u{number:05d}"), 1)

    def test_A_01_empty_password_never_leaves(self):
        self.each(lambda domain: self.verdict(self.daemon.login(f"bob@{domain}", ""), "reject", "empty_password"))

    def test_login_by_alias_and_by_upn_of_another_suffix(self):
        everything = {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"}
        yes = self.daemon.login("A.Anders@example.test", PASSWORDS["alice"])
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["mailbox"], set(yes["addresses"]), yes["addresses_state"]), ("a.anders@example.test", "alice@example.test", everything, "complete"))
        self.verdict(self.daemon.login("robert@example.test", PASSWORDS["bob"]), "accept")
        self.verdict(self.daemon.login("robert@example.test", PASSWORDS["alice"]), "reject", "wrong_password")
        self.verdict(self.daemon.login("jurgen@example.test", PASSWORDS["jurgen"]), "accept")  # an umlaut in the DN, an euro in the password

    def test_B_01_names_that_say_more_than_a_name_are_nobody(self):
        for name in ("*", "ali*", "*)(mail=*", "alice)(objectClass=*", "EXAMPLE\\alice", "\\2a"):
            for domain in ("example.test", "ask.test"):
                with self.subTest(name=name, domain=domain):
                    no = self.daemon.login(f"{name}@{domain}", PASSWORDS["alice"])
                    self.assertEqual((no.verdict, no.status), ("reject", 401), no)


class Mailboxes(SharedCase):
    @classmethod
    def prepare(cls):
        cls.server = c = start_controller(cls.lab)
        backends = [exchange_backend("mail", f"ldaps://{c.address}", cls.lab, BY_DN), exchange_backend("catalog", f"ldaps://{c.address}:{CATALOG_TLS}", cls.lab, READER | {"base": ""}),
                    exchange_backend("strict", f"ldap+starttls://{c.address}", cls.lab, BY_DN | {"disabled_mailbox": "absent"})]
        routes = [route("example.test", "mail", mailbox=["mail"]), route("alias.example.test", "mail", mailbox=["catalog"])]
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes)
        cls.strict = cls.lab.daemon(backends=backends, routes=[route("example.test", "strict", mailbox=["strict"])])
        cls.catalog = cls.lab.daemon(backends=backends, routes=[route("example.test", "catalog", mailbox=["catalog"])])

    def test_primary_and_alias(self):
        for daemon in (self.daemon, self.catalog, self.strict):
            for address in ("alice@example.test", "a.anders@example.test", "A.ANDERS@Example.Test"):
                with self.subTest(address=address):
                    yes = daemon.mailbox(address)
                    self.verdict(yes, "exists")
                    kind = "user" if address.startswith("alice") else "alias"
                    self.assertEqual((yes["mailbox"], yes["kind"], yes["addresses_state"]), ("alice@example.test", kind, "complete"))
                    self.assertEqual(set(yes["addresses"]), {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"})
        self.assertEqual(self.daemon.mailbox("alice@alias.example.test")["mailbox"], "alice@example.test")

    def test_addresses_of_other_protocols_are_none(self):
        for address in ("alice.sip@example.test", "nobody@example.test", "alice.anders@example.test"):
            with self.subTest(address=address):
                no = self.daemon.mailbox(address)
                self.verdict(no, "absent")
                self.assertEqual(no.status, 404)

    def test_group(self):
        for address in ("sales@example.test", "verkauf@example.test"):
            yes = self.daemon.mailbox(address)
            self.verdict(yes, "exists")
            self.assertEqual((yes["mailbox"], yes["kind"]), ("sales@example.test", "group"))
        self.verdict(self.daemon.login("sales@example.test", WRONG), "reject", "no_such_user")

    def test_shared_mailbox_on_a_disabled_account(self):
        for address in ("info@example.test", "help@example.test"):
            yes = self.daemon.mailbox(address)
            self.verdict(yes, "exists")
            self.assertEqual((yes["mailbox"], yes["kind"]), ("info@example.test", "shared"))
            self.verdict(self.strict.mailbox(address), "absent")
        self.verdict(self.daemon.login("info@example.test", PASSWORDS["shared"]), "reject", "account_disabled")

    def test_accounts_in_trouble_still_have_mail(self):
        for name in ("locked", "expiredpw", "mustchange", "acctexpired"):
            with self.subTest(name=name):
                self.verdict(self.daemon.mailbox(f"{name}@example.test"), "exists")

    def test_tool(self):
        done = self.daemon.tool("test", "login", "a.anders@example.test", "--password-stdin", password=PASSWORDS["alice"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for part in (people.READER, people.BASE, "proxyAddresses=smtp:a.anders@example.test", people.dn("alice"), "alice@example.test"):
            self.assertIn(part, done.stdout)
        self.assertNotIn(PASSWORDS["alice"], done.stdout)
        done = self.daemon.tool("check-config", "--connect")
        text = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, text)
        self.assertIn(people.READER, text)
        self.assertRegex(text, r"\d+ entries")


class Controllers(LabCase):
    def start(self, urls, settings=BY_DN, **backend_options):
        self.daemon = self.lab.daemon(backends=[exchange_backend("ad", urls, self.lab, settings, **backend_options)],
                                      routes=[route("example.test", "ad", mailbox=["ad"])], broker={"request_timeout": "2s"})
        return self.daemon

    def alice(self):
        return self.daemon.login("alice@example.test", PASSWORDS["alice"])

    def test_the_next_one_takes_over(self):
        first, second = start_controller(self.lab), start_controller(self.lab)
        self.start([f"ldaps://{first.address}", f"ldaps://{second.address}"], pool={"idle": "500ms"})

        def answered_by(server):
            yes = self.alice()
            return (yes.verdict, yes["upstream"]) == ("accept", f"{server.address}:636")
        self.assertTrue(answered_by(first))
        first.kill()
        wait_until(lambda: answered_by(second), 3, "the second controller")
        self.verdict(self.daemon.login("bob@example.test", WRONG), "reject", "wrong_password")
        self.verdict(self.daemon.mailbox("a.anders@example.test"), "exists")
        first.start()

        def first_again():  # connections are used for as long as there are questions; a new one goes to the first controller
            wait_until(lambda: "0 idle" in self.daemon.tool("status").stdout, 5, "the end of the idle connections")
            return answered_by(first)
        wait_until(first_again, 12, "the first controller again")

    def test_B_18_frozen_one_costs_a_password_at_most_once(self):
        first, second = start_controller(self.lab), start_controller(self.lab)
        self.start([f"ldaps://{first.address}", f"ldaps://{second.address}"])
        self.verdict(self.alice(), "accept")
        wait_until(lambda: first.binds("alice") == 1, 5, "the bind in the controller's log")
        first.freeze()
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: self.alice(), range(6)))
        self.assertLess(time.monotonic() - started, 6)
        self.assertLessEqual({a.verdict for a in answers}, {"accept", "tempfail"})
        first.thaw()
        self.verdict(self.daemon.login("bob@example.test", PASSWORDS["bob"]), "accept")
        self.assertLessEqual(first.binds("alice") + second.binds("alice"), 1 + 6)

    def test_strong_auth(self):
        """As Windows and Samba are delivered: no passwords in the clear."""
        server = start_controller(self.lab, extra="ldap server require strong auth = yes")
        for scheme, verdict in (("ldap", "tempfail"), ("ldap+starttls", "accept"), ("ldaps", "accept")):
            for settings in (BY_DN, {"bind_as": "upn"}):
                with self.subTest(scheme=scheme, settings=settings):
                    daemon = self.lab.daemon(backends=[exchange_backend("ad", f"{scheme}://{server.address}", self.lab, settings)],
                                             routes=[route("example.test", "ad", login_name="{local}@" + people.REALM)])
                    answer = daemon.login("alice@example.test", PASSWORDS["alice"])
                    self.assertEqual(answer.verdict, verdict, answer)
                    if verdict == "tempfail":
                        self.assertIn(answer.reason, ("misconfigured", "service_account"))

    def test_B_19_service_account_is_not_tried_at_each_controller(self):
        """Controllers tell each other of failures."""
        servers = [start_controller(self.lab) for _ in range(2)]
        self.start([f"ldaps://{s.address}" for s in servers], BY_DN | {"bind_dn": "reader@" + people.REALM, "bind_password": WRONG})
        for _ in range(4):
            self.verdict(self.alice(), "tempfail", "service_account")
            self.verdict(self.daemon.mailbox("alice@example.test"), "tempfail", "service_account")
        wait_until(lambda: servers[1].binds("reader") == 1, 5, "the other controller's word")
        self.assertEqual([s.binds("reader") for s in servers], [1, 1])
        self.assertEqual(sum(s.binds("alice") for s in servers), 0)

    def test_discovery_by_srv_records(self):
        address = "198.51.100.7"
        island = self.lab.adopt(Island(address, {}, self.lab.place.sub("island"), name_server=address))
        with island.inside():
            names = self.lab.adopt(NameServer(address, {"dc1.ad.example.test": address, "dc0.ad.example.test": address},
                                              {"_ldap._tcp.ad.example.test": [(20, 10, 636, "dc1.ad.example.test"), (10, 10, 6360, "dc0.ad.example.test")],
                                               "_ldap._tcp.evil.example.test": [(10, 10, 636, "dc1.ad.example.test")]}))
        start_controller(self.lab, address=address, wrap=island.wrap())
        daemon = self.lab.daemon(backends=[exchange_backend("ad", "srv+ldaps://ad.example.test", self.lab, BY_DN), exchange_backend("evil", "srv+ldaps://evil.example.test", self.lab, BY_DN)],
                                 routes=[route("example.test", "ad", mailbox=["ad"]), route("evil.test", "evil")], start=False)
        daemon.start(wrap=island.wrap())
        yes = daemon.login("alice@example.test", PASSWORDS["alice"])  # the first target has nobody at its port
        self.verdict(yes, "accept")
        self.assertEqual(yes["upstream"], "dc1.ad.example.test:636")
        self.verdict(daemon.mailbox("a.anders@example.test"), "exists")
        self.assertEqual(daemon.login("alice@evil.test", PASSWORDS["alice"]).verdict, "tempfail")  # a target outside the domain
        self.assertIn("_ldap._tcp.ad.example.test", names.asked)

    def test_controllers_that_srv_records_name_fail_over_and_no_password_goes_to_two(self):
        """The better one freezes, comes back, and is killed. Everybody logs in once, and is asked about at one controller at most."""
        one, two = "198.51.100.7", "198.51.100.8"
        island = self.lab.adopt(Island(one, {}, self.lab.place.sub("island"), name_server=one, more=[two]))
        with island.inside():
            self.lab.adopt(NameServer(one, {"dc1.ad.example.test": one, "dc2.ad.example.test": two},
                                      {"_ldaps._tcp.ad.example.test": [(20, 10, 636, "dc2.ad.example.test"), (10, 10, 636, "dc1.ad.example.test")]}))
        first, second = (start_controller(self.lab, address=address, wrap=island.wrap(), names=(name + ".ad.example.test",)) for address, name in ((one, "dc1"), (two, "dc2")))
        daemon = self.lab.daemon(backends=[exchange_backend("ad", "srv+ldaps://ad.example.test", self.lab, BY_DN, timeouts={"connect": "500ms", "reply": "1s"}, breaker={"failures": 2, "reopen": "1s"})],
                                 routes=[route("example.test", "ad")], broker={"request_timeout": "3s"}, start=False)
        daemon.start(wrap=island.wrap())
        answers, numbers = {}, iter(range(1, people.COUNT + 1))

        def login(number):
            answers[number] = daemon.login(f"u{number:05d}@example.test", password(number))
            self.assertIn(answers[number].verdict, ("accept", "tempfail"), answers[number])
            return answers[number]

        def answered_by(name):
            """Asked by somebody who does not count, until it is so; then by one who does."""
            def is_so(answer):
                return (answer.verdict, answer["upstream"]) == ("accept", name + ".ad.example.test:636")
            wait_until(lambda: is_so(daemon.login("alice@example.test", PASSWORDS["alice"])), 12, name)
            self.assertTrue(is_so(login(next(numbers))))
        answered_by("dc1")
        first.freeze()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:  # over the connections that there are, and new ones
            list(pool.map(login, [next(numbers) for _ in range(4)]))
        answered_by("dc2")
        first.thaw()  # and it reads what had been sent to it
        answered_by("dc1")
        first.kill()
        answered_by("dc2")
        for number, answer in answers.items():
            server, other = (first, second) if answer["upstream"].startswith("dc1") else (second, first)
            if answer.verdict == "accept":
                wait_until(lambda: server.binds(f"u{number:05d}") == 1, 5, "the bind in the controller's log")
                self.assertEqual(other.binds(f"u{number:05d}"), 0)
            self.assertLessEqual(server.binds(f"u{number:05d}") + other.binds(f"u{number:05d}"), 1, answer)
