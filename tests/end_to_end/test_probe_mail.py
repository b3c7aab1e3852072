"""`authbroker probe` at real SMTP servers: which questions they answer, and how."""
from fakes.smtp import SmtpServer
from lab.exim import Exim
from lab.mail_server import EVERYBODY, FOREIGN, UNKNOWN, USERS
from lab.mail_server_dovecot import Submission
from lab.postfix import Postfix
from lab.prefix import cache
from lab.probing import Probing, TEMPFAIL, UNVERIFIABLE, YES
from lab.sendmail import Sendmail

ALICE, ALICE_PW, WRONG = "alice@example.test", USERS["alice@example.test"], "wrong-Pw-probe-30412"
HELO = ("--set", "helo=broker.example.test")


class Learning:
    """The same of each server: both questions, from one URL, and pasted."""

    @classmethod
    def prepare(cls):
        cls.server = cls.start_server()

    def learn(self, *words, **more):
        return self.probe(*words, *HELO, **more)

    def methods(self, report):
        """What was asked how, and what a mailbox that nobody has was said to be."""
        return [([s for s in t["settings"] if s.startswith("methods")], t["invented"]["verdict"], t["invented"]["reason"]) for t in report["mailboxes"]]

    def test_both_questions_are_learnt_and_work_when_pasted(self):
        report = self.learn(self.server.urls()["starttls"], "--address", ALICE, password=ALICE_PW, status=YES)
        self.assertEqual([(s["plugin"], s["works"]) for s in report["servers"]], [("smtpauth", True), ("vrfy", True)])
        self.assertEqual(self.attributes(report["servers"][0])["sasl-plain"], "yes")
        self.assertEqual(self.forms(report), [("full address", "accept")])
        daemon = self.paste(report)
        self.verdict(daemon.login(ALICE, ALICE_PW), "accept")
        self.verdict(daemon.login(ALICE, WRONG), "reject", "wrong_password")
        self.verdict(daemon.mailbox(ALICE), "exists")
        self.verdict(daemon.mailbox(UNKNOWN), "absent")

    def test_tls_from_the_start(self):
        urls = self.server.urls()
        for way in sorted(set(urls) & {"smtps"}):
            report = self.learn(urls[way], "--address", ALICE, password=ALICE_PW, status=YES)
            self.assertEqual(self.forms(report), [("full address", "accept")])

    def test_a_wrong_password(self):
        report = self.learn(self.server.urls()["starttls"], "--plugin", "smtpauth", "--address", ALICE, password=WRONG, status=1)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "reject")])
        self.assertIn(report["logins"][0]["after_refusal"], ("stays", "hangs up"))

    def test_no_password_in_the_clear(self):
        urls = self.server.urls()
        report = self.learn(urls["clear"], "--address", ALICE, password=ALICE_PW, status=TEMPFAIL, trusted=False)
        self.assertEqual(report["logins"], [])
        # Mailboxes are no secret.
        self.assertIn("absent", [t["invented"]["verdict"] for t in report["mailboxes"]])


class OnPostfix(Learning, Probing):
    label = "postfix"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Postfix, cls.lab.ca.good, cache())

    def test_vrfy_where_it_is_on_and_where_it_is_off(self):
        on = self.learn(self.server.urls()["starttls"], "--plugin", "vrfy", "--address", ALICE, status=YES)
        self.assertEqual(self.attributes(on["servers"][0])["rcpt"], "yes")
        off = self.learn(f"smtp+starttls://localhost:{self.server.without_vrfy}", "--plugin", "vrfy", "--address", ALICE, status=YES)
        self.assertEqual(self.attributes(off["servers"][0])["vrfy"], "no")
        self.assertEqual(self.methods(off), [(['methods = ["vrfy"]'], "unverifiable", "vrfy_unsupported"), (['methods = ["rcpt"]'], "absent", None)])
        self.assertIn('methods = ["rcpt"]', off["configuration"])
        self.verdict(self.paste(off).mailbox(UNKNOWN), "absent")

    def test_a_domain_where_everybody_exists(self):
        report = self.learn(self.server.urls()["starttls"], "--plugin", "vrfy", "--domain", EVERYBODY, "--set", 'methods=["rcpt"]', status=UNVERIFIABLE)
        self.assertEqual([(v, r) for _, v, r in self.methods(report)], [("unverifiable", "accepts_all")])
        self.assertEqual(report["configuration"], "")
        self.assertIn("accepts mailboxes that nobody has", " ".join(report["advice"]))

    def test_a_domain_that_is_not_the_servers(self):
        report = self.learn(self.server.urls()["starttls"], "--plugin", "vrfy", "--domain", FOREIGN)
        self.assertNotIn("absent", [v for _, v, _ in self.methods(report)])
        self.assertNotIn("mailbox =", report["configuration"])


class OnExim(Learning, Probing):
    label = "exim"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Exim, cls.lab.ca.good, cache())


class OnSendmail(Learning, Probing):
    label = "sendmail"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Sendmail, cls.lab.ca.good, cache())

    def test_vrfy_where_privacy_options_allow_it(self):
        report = self.learn(self.server.urls()["starttls"], "--plugin", "vrfy", "--address", ALICE, status=YES)
        self.assertEqual(self.attributes(report["servers"][0])["vrfy"], "yes")
        self.assertEqual(self.methods(report), [(['methods = ["vrfy"]'], "absent", None)])


class OnDovecotSubmission(Probing):
    label = "submission"

    @classmethod
    def prepare(cls):
        cls.relay = cls.lab.adopt(SmtpServer())
        cls.server = cls.lab.server(Submission, cls.lab.ca.good, cls.relay.port)

    def test_login(self):
        report = self.probe(self.server.urls()["starttls"], "--plugin", "smtpauth", *HELO, "--address", ALICE, password=ALICE_PW, status=YES)
        self.assertEqual(self.forms(report), [("full address", "accept")])
        self.verdict(self.paste(report).login(ALICE, ALICE_PW), "accept")


class Pretended(Probing):
    @classmethod
    def prepare(cls):
        pass

    def test_no_starttls_is_no_hindrance_for_mailboxes(self):
        server = self.lab.adopt(SmtpServer(users={ALICE: ALICE_PW}))
        report = self.probe(f"smtp+starttls://localhost:{server.port}", *HELO, "--address", ALICE, password=ALICE_PW, status=TEMPFAIL)
        self.assertEqual([(s["plugin"], s["works"], s["url"]) for s in report["servers"]],
                         [("smtpauth", False, f"smtp+starttls://localhost:{server.port}"), ("vrfy", True, f"smtp://localhost:{server.port}")])
        self.assertEqual(server.credentials, 0)
        daemon = self.paste(report)
        self.verdict(daemon.mailbox(ALICE), "exists")
        self.verdict(daemon.mailbox(UNKNOWN), "absent")

    def test_greylisting_is_no_answer(self):
        server = self.lab.adopt(SmtpServer(tls="starttls", certificate=self.lab.ca.good, replies={"rcpt": b"450 4.2.0 greylisted, try later\r\n", "vrfy": b"502 5.5.1 no\r\n"}))
        report = self.probe(server.url(), "--plugin", "vrfy", *HELO, "--domain", "example.test")
        self.assertNotIn("absent", [t["invented"]["verdict"] for t in report["mailboxes"]])
        self.assertNotEqual(report["status"], YES)

    def test_a_server_that_hangs_up(self):
        server = self.lab.adopt(SmtpServer(tls="starttls", certificate=self.lab.ca.good, users={"alice": ALICE_PW}, hang_up=True))
        report = self.probe(server.url(), "--plugin", "smtpauth", *HELO, "--address", ALICE, password=ALICE_PW, status=YES)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "accept")])
        self.assertEqual(report["logins"][0]["after_refusal"], "hangs up")
        self.assertEqual(server.credentials, 2)
        self.verdict(self.paste(report).login(ALICE, ALICE_PW), "accept")
