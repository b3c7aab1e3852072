"""`authbroker probe` at real IMAP servers."""
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot, USERS
from lab.prefix import cache
from lab.probing import NO, Probing, TEMPFAIL, YES

ALICE_PW, BOB, BOB_PW, WRONG = USERS["alice"], "bob@example.test", USERS["bob@example.test"], "wrong-Pw-probe-30412"


class Table:
    """Bob's account is his address, Alice's her bare name."""

    @classmethod
    def prepare(cls):
        cls.server = cls.start_server()
        cls.urls = [f"imaps://localhost:{cls.server.imaps}", f"imap+starttls://localhost:{cls.server.imap}"]

    def test_full_address(self):
        for url in self.urls:
            with self.subTest(url=url):
                report = self.probe(url, "--address", BOB, password=BOB_PW, status=YES)
                self.assertEqual((report["servers"][0]["plugin"], self.forms(report)), ("imap", [("full address", "accept")]))
                self.assertEqual(self.attributes(report["servers"][0])["login-disabled"], "no")
                self.assertEqual(self.paste(report).login(BOB, BOB_PW).verdict, "accept")  # with an alert, or without

    def test_bare_name(self):
        report = self.probe(self.urls[0], "--address", "alice@example.test", password=ALICE_PW, status=YES)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "accept")])
        self.assertEqual(report["logins"][0]["after_refusal"], "stays")
        daemon = self.paste(report)
        self.assertEqual(daemon.login("alice@example.test", ALICE_PW).verdict, "accept")
        self.verdict(daemon.login("alice@example.test", WRONG), "reject", "wrong_password")

    def test_wrong_password(self):
        report = self.probe(self.urls[1], "--address", BOB, password=WRONG, status=NO)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "reject")])

    def test_certificate(self):
        report = self.probe(self.urls[1], "--address", BOB, password=BOB_PW, status=TEMPFAIL, trusted=False)
        self.assertEqual((report["servers"][0]["reason"], report["logins"]), ("tls_untrusted", []))
        self.assertEqual(self.attributes(report["servers"][0])["login-disabled"], "no")


class OnDovecot(Table, Probing):
    label = "dovecot"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Dovecot, cls.lab.ca.good, imap=True)


class OnCyrus(Table, Probing):
    label = "cyrus"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Cyrus, cls.lab.ca.good, cache())


class OnCourier(Table, Probing):
    """Each of its refusals takes five seconds, which is as long as the broker waits by default."""
    label = "courier"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Courier, cls.lab.ca.good, cache(), imap=True)

    def test_its_slow_refusals_are_provided_for(self):
        report = self.probe(self.urls[0], "--address", BOB, password=WRONG, status=NO)
        self.assertGreater(report["logins"][0]["took_ms"], 4900)
        self.assertRegex(report["configuration"], r"timeouts = { reply = .(9|1\d)s. }")
