"""Which backend is asked, under which name, and what several answers add up to."""
from fakes.pop3 import Pop3Server
from lab.case import LabCase, SharedCase, pop3_backend, route, static_backend
from lab.netns import Island
from lab.place import free_port

ANN, BOB = "routing-Pw-ann-1", "routing-Pw-bob-2"
WRONG = "wrong-Pw-30412"


class Routes(SharedCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        everybody = {"ann": ANN, "ann@exact.example.test": ANN, "ann@sub.example.test": ANN, "ann@x.y.example.test": ANN, "ann@elsewhere.test": ANN,
                     "CORP\\ann": ANN, "ann@internal.example": ANN, "ann@new.test": ANN}
        cls.servers = {name: lab.adopt(Pop3Server(users=everybody)) for name in ("exact", "suffix", "longer", "rest", "corp", "internal", "canonical", "keep")}
        backends = [pop3_backend(name, s.url("127.0.0.1")) for name, s in cls.servers.items()]
        backends.append(static_backend(lab, {"ann@lists.test": (ANN, ["team@lists.test"]), "off@lists.test": (None, [])}))
        domains = lab.place.write("domains.txt", "# two of them\nfirst.file.test\n\nsecond.file.test\n")
        routes = [route("exact.example.test", "exact"), route("*.example.test", "suffix"), route("*.y.example.test", "longer"), route("*", "rest"),
                  route("corp.test", "corp", login_name="CORP\\{local}"), route("internal.test", "internal", login_name="{local}@internal.example"),
                  route(["old.test", "new.test"], "canonical", canonical_domain="new.test", strip_domain=True), route("keep.test", "keep", case="keep", strip_domain=True),
                  route("lists.test", "people", mailbox=["people"], delimiter="+", help_url="https://help.example.test/password"),
                  {"domains": {"file": domains}, "login": ["people"]}]
        cls.daemon = lab.daemon(backends=backends, routes=routes)

    def seen(self, name):
        return [line for s in self.servers[name].sessions for _, line in s.lines if line.startswith(b"USER ")][-1].removeprefix(b"USER ").decode()

    def asked(self, address, backend, login_name, identity):
        with self.subTest(address=address):
            yes = self.daemon.login(address, ANN)
            self.verdict(yes, "accept")
            self.assertEqual((yes["backend"], self.seen(backend), yes["identity"]), (backend, login_name, identity))

    def test_exact_then_longest_suffix_then_the_rest(self):
        self.asked("ann@exact.example.test", "exact", "ann@exact.example.test", "ann@exact.example.test")
        self.asked("ann@sub.example.test", "suffix", "ann@sub.example.test", "ann@sub.example.test")
        self.asked("ann@x.y.example.test", "longer", "ann@x.y.example.test", "ann@x.y.example.test")
        self.asked("ann@elsewhere.test", "rest", "ann@elsewhere.test", "ann@elsewhere.test")

    def test_domain_case_does_not_matter(self):
        yes = self.daemon.login("ann@EXACT.Example.TEST", ANN)
        self.assertEqual((yes["route"], yes["identity"]), ("exact.example.test", "ann@exact.example.test"))

    def test_templates(self):
        self.asked("ann@corp.test", "corp", "CORP\\ann", "ann@corp.test")
        self.asked("ann@internal.test", "internal", "ann@internal.example", "ann@internal.test")

    def test_canonical_domain_is_the_identity(self):
        self.asked("ann@old.test", "canonical", "ann", "ann@new.test")
        self.asked("ann@new.test", "canonical", "ann", "ann@new.test")

    def test_local_part_is_folded_or_kept(self):
        self.assertEqual(self.daemon.login("ANN@canonical.exact.test", WRONG).json.get("identity"), "ann@canonical.exact.test")
        self.assertEqual(self.daemon.login("ANN@keep.test", WRONG)["identity"], "ANN@keep.test")
        self.assertEqual(self.seen("keep"), "ANN")

    def test_domains_from_a_file(self):
        for domain in ("first.file.test", "second.file.test"):
            self.assertEqual(self.daemon.login(f"ann@{domain}", WRONG)["backend"], "people")

    def test_delimiter_asks_again_without_the_extension(self):
        yes = self.daemon.mailbox("team+urgent@lists.test")
        self.assertEqual((yes.verdict, yes["mailbox"]), ("exists", "ann@lists.test"))
        self.verdict(self.daemon.mailbox("nobody+urgent@lists.test"), "absent")

    def test_help_url_comes_with_account_reasons(self):
        no = self.daemon.login("off@lists.test", ANN)
        self.verdict(no, "reject", "account_disabled")
        self.assertEqual(no["help_url"], "https://help.example.test/password")

    def test_D_08_route_without_mailbox_backend_says_not_checked(self):
        answer = self.daemon.mailbox("ann@exact.example.test")
        self.verdict(answer, "unverifiable", "not_checked")
        self.assertEqual(answer.status, 200)

    def test_Q_10_no_domain_no_route(self):
        answer = self.daemon.login("ann", ANN)
        self.verdict(answer, "no_route", "no_route")
        self.assertEqual(answer.status, 401)

    def test_A_17_path_characters_are_refused_unsent(self):
        for name in ("../ann", "~ann", "box#ann"):
            self.verdict(self.daemon.login(f"{name}@exact.example.test", ANN), "reject", "bad_name")


class Several(LabCase):
    """combine = failover and search."""

    def test_G_02_G_03_failover_goes_on_only_where_nothing_answered(self):
        first, second = self.lab.adopt(Pop3Server(users={"ann": ANN})), self.lab.adopt(Pop3Server(users={"ann": ANN, "bob": BOB}))
        daemon = self.lab.daemon(
            backends=[pop3_backend("dead", f"pop3://127.0.0.1:{free_port()}"), pop3_backend("first", first.url("127.0.0.1")), pop3_backend("second", second.url("127.0.0.1"))],
            routes=[route("mail.test", ["dead", "first", "second"], strip_domain=True)])
        yes = daemon.login("ann@mail.test", ANN)
        self.verdict(yes, "accept")
        self.assertEqual(yes["backend"], "first")
        self.assertEqual(daemon.login("bob@mail.test", BOB).verdict, "reject")  # a no is final, whatever the second would say
        self.assertEqual(second.credentials, 0)
        first.stop()
        yes = daemon.login("bob@mail.test", BOB)
        self.verdict(yes, "accept")
        self.assertEqual(yes["backend"], "second")

    def test_failover_all_dead_is_a_tempfail(self):
        daemon = self.lab.daemon(backends=[pop3_backend(n, f"pop3://127.0.0.1:{free_port()}") for n in ("a", "b")], routes=[route("mail.test", ["a", "b"])])
        self.verdict(daemon.login("ann@mail.test", ANN), "tempfail", "upstream_down")

    def test_G_04_search_goes_on_after_a_name_that_is_unknown_without_a_password(self):
        first = self.lab.adopt(Pop3Server(users={"ann": ANN}, capa=("USER",), replies={"user": lambda s, normal: normal if s.user == b"ann" else b"-ERR no such user\r\n"}))
        second = self.lab.adopt(Pop3Server(users={"bob": BOB}))
        daemon = self.lab.daemon(backends=[pop3_backend("first", first.url("127.0.0.1")), pop3_backend("second", second.url("127.0.0.1"))],
                                 routes=[route("mail.test", ["first", "second"], combine="search", strip_domain=True)])
        self.assertEqual(daemon.login("ann@mail.test", ANN)["backend"], "first")
        yes = daemon.login("bob@mail.test", BOB)
        self.verdict(yes, "accept")
        self.assertEqual((yes["backend"], first.credentials, second.credentials), ("second", 1, 1))
        self.verdict(daemon.login("ann@mail.test", WRONG), "reject", "wrong_password")  # the password was sent: final
        self.assertEqual(second.credentials, 1)

    def test_search_of_mailboxes(self):
        one, two = (static_backend(self.lab, {f"{n}@mail.test": (ANN, [])}, name) for n, name in (("ann", "one"), ("bob", "two")))
        daemon = self.lab.daemon(backends=[one, two], routes=[route("mail.test", None, mailbox=["one", "two"], combine="search")])
        self.assertEqual([daemon.mailbox(f"{n}@mail.test").verdict for n in ("ann", "bob", "carl")], ["exists", "exists", "absent"])
        self.assertEqual(daemon.mailbox("bob@mail.test")["backend"], "two")
        self.verdict(daemon.login("ann@mail.test", ANN), "no_route", "no_route")


class Dynamic(LabCase):
    """name#host routes, for hosts on the list only. The hosts resolve through a private hosts file, to an address that is neither
    loopback nor link-local, in a private network namespace."""

    def test_dynamic_routes(self):
        island = self.lab.adopt(Island("198.51.100.7", {"mail.example.net": "198.51.100.7", "pop.isp.example": "198.51.100.7", "evil.example.org": "198.51.100.7",
                                                        "inside.isp.example": "127.0.0.1"}, self.lab.place.sub("island")))
        with island.inside():
            server = self.lab.adopt(Pop3Server(users={"ann": ANN}, host="0.0.0.0"))
        daemon = self.lab.daemon(
            backends=[pop3_backend("isp", f"pop3://placeholder.example:{server.port}")],
            routes=[{"domains": ["proxy.test"], "login": ["isp"], "dynamic": {"separator": "#", "allowed": ["mail.example.net", "*.isp.example"]}}], start=False)
        daemon.start(wrap=island.wrap())
        yes = daemon.login("ann#mail.example.net", ANN)
        self.verdict(yes, "accept")
        self.assertEqual(yes["identity"], "ann#mail.example.net")
        self.verdict(daemon.login("ann#pop.isp.example@proxy.test", ANN), "accept")
        self.verdict(daemon.login("ann#mail.example.net", WRONG), "reject", "wrong_password")
        seen = server.credentials
        self.assertNotEqual(daemon.login("ann#evil.example.org", ANN).verdict, "accept")
        self.assertEqual(daemon.login("ann#inside.isp.example", ANN).verdict, "tempfail")  # an allowed name that leads to us
        self.assertEqual(server.credentials, seen)
