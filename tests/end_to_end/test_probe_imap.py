"""`authbroker probe` at a real IMAP server."""
from lab.dovecot import Dovecot, USERS
from lab.probing import NO, Probing, TEMPFAIL, YES

BOB, BOB_PW, WRONG = "bob@example.test", USERS["bob@example.test"], "wrong-Pw-probe-30412"


class Imap(Probing):
    @classmethod
    def prepare(cls):
        cls.dovecot = cls.lab.server(Dovecot, cls.lab.ca.good, imap=True)
        cls.urls = [f"imaps://localhost:{cls.dovecot.imaps}", f"imap+starttls://localhost:{cls.dovecot.imap}"]

    def test_full_address(self):
        for url in self.urls:
            with self.subTest(url=url):
                report = self.probe(url, "--address", BOB, password=BOB_PW, status=YES)
                self.assertEqual((report["servers"][0]["plugin"], self.forms(report)), ("imap", [("full address", "accept")]))
                self.assertEqual(self.attributes(report["servers"][0])["sasl-plain"], "yes")
                daemon = self.paste(report)
                self.verdict(daemon.login(BOB, BOB_PW), "accept")
                self.verdict(daemon.login(BOB, WRONG), "reject", "wrong_password")

    def test_bare_name(self):
        report = self.probe(self.urls[0], "--address", "alice@example.test", password=USERS["alice"], status=YES)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "accept")])
        self.assertEqual(report["logins"][0]["after_refusal"], "stays")
        self.verdict(self.paste(report).login("alice@example.test", USERS["alice"]), "accept")

    def test_wrong_password(self):
        report = self.probe(self.urls[1], "--address", BOB, password=WRONG, status=NO)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "reject")])

    def test_certificate(self):
        report = self.probe(self.urls[1], "--address", BOB, password=BOB_PW, status=TEMPFAIL, trusted=False)
        self.assertEqual((report["servers"][0]["reason"], report["logins"]), ("tls_untrusted", []))
        self.assertEqual(self.attributes(report["servers"][0])["sasl-plain"], "yes")
