"""What the mail servers of the laboratory say to a client that is not the broker: what the tests of `smtpauth` and `vrfy` stand on."""
import smtplib
import time

from lab import mail_server
from lab.case import SharedCase
from lab.dovecot import USERS as OTHERS
from lab.exim import Exim
from lab.mail_server import EVERYBODY, FOREIGN, UNKNOWN, USERS, ask, recipients, session
from lab.mail_server_dovecot import Submission
from lab.postfix import Postfix
from lab.prefix import cache
from lab.sendmail import PRIVACY, Sendmail

ALICE = "alice@example.test"


class Case(SharedCase):
    def logins(self, port, mechanisms, unknown="535"):
        for mechanism in mechanisms:
            for user, password, begins in ((ALICE, USERS[ALICE], "235"), (ALICE, "wrong-Pw-30412", "535"), (UNKNOWN, "wrong-Pw-30412", unknown)):
                with self.subTest(mechanism=mechanism, user=user):
                    try:
                        said = mail_server.login(port, mechanism, user, password, ca_file=self.lab.ca.ca_file)
                    except smtplib.SMTPAuthenticationError as e:
                        said = f"{e.smtp_code}"
                    self.assertTrue(said.startswith(begins), said)

    def recipients(self, port, rows):
        said = recipients(port, rows)
        self.assertEqual({a: r[:len(w)] for (a, w), r in zip(rows.items(), said)}, rows, said)

    def vrfys(self, port, rows):
        with session(port) as s:
            self.assertEqual({a: ask(s, "VRFY", a)[:len(w)] for a, w in rows.items()}, rows)


class PostfixHabits(Case):
    label = "postfix"

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Postfix, cls.lab.ca.good, cache())

    def test_logins(self):
        self.logins(self.server.smtp, ("PLAIN", "LOGIN", "CRAM-MD5"))

    def test_recipients(self):
        self.recipients(self.server.smtp, {ALICE: "250 2.1.5", UNKNOWN: "550 5.1.1", "anybody@" + EVERYBODY: "250 2.1.5", "anybody@" + FOREIGN: "554 5.7.1",
                                           "grey@example.test": "450 4.2.0", "quota@example.test": "552 5.2.2", "policy@example.test": "550 5.7.1"})

    def test_vrfy_tells_the_unknown_only(self):
        self.vrfys(self.server.smtp, {ALICE: "252 2.0.0", UNKNOWN: "550 5.1.1"})
        self.vrfys(self.server.without_vrfy, {ALICE: "502 5.5.1"})

    def test_from_the_eleventh_error_on_replies_are_late(self):
        with session(self.server.smtp) as s:
            ask(s, "MAIL", "FROM:<>")
            for n in range(10):
                self.assertTrue(ask(s, "RCPT", f"TO:<nosuch{n}@example.test>").startswith("550"))
            started = time.monotonic()
            said = ask(s, "RCPT", "TO:<nosuch10@example.test>")
            self.assertGreater(time.monotonic() - started, 0.8, said)  # and from now on each reply takes a second


class EximHabits(Case):
    label = "exim"

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Exim, cls.lab.ca.good, cache())

    def test_logins(self):
        self.logins(self.server.smtp, ("PLAIN", "LOGIN", "CRAM-MD5"))

    def test_recipients(self):
        """Relay denied has the code of an unknown mailbox, and no status code."""
        self.recipients(self.server.smtp, {ALICE: "250 Accepted", UNKNOWN: "550 Unrouteable", "anybody@" + EVERYBODY: "250", "anybody@" + FOREIGN: "550 relay not permitted",
                                           "grey@example.test": "451 4.2.0"})

    def test_vrfy(self):
        self.vrfys(self.server.smtp, {ALICE: "250", UNKNOWN: "550"})
        self.vrfys(self.server.without_vrfy, {ALICE: "252", UNKNOWN: "252"})

    def test_ten_vrfys_end_a_session(self):
        with session(self.server.smtp) as s:
            said = [ask(s, "VRFY", ALICE) for _ in range(11)]
        self.assertEqual([x[:3] for x in said], ["250"] * 10 + ["554"])


class SendmailHabits(Case):
    label = "sendmail"

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Sendmail, cls.lab.ca.good, cache())
        cls.private = cls.lab.server(Sendmail, cls.lab.ca.good, cache(), privacy=PRIVACY + ",novrfy")

    def test_logins(self):
        self.logins(self.server.smtp, ("PLAIN", "LOGIN", "CRAM-MD5"))

    def test_recipients(self):
        self.recipients(self.server.smtp, {ALICE: "250 2.1.5", UNKNOWN: "550 5.1.1", "sales@example.test": "250 2.1.5"})

    def test_vrfy(self):
        self.vrfys(self.server.smtp, {ALICE: "250 2.1.5", UNKNOWN: "550 5.1.1", "postmaster": "250 2.1.5", "anybody@" + FOREIGN: "252 2.1.5"})
        self.vrfys(self.private.smtp, {ALICE: "252 2.5.2", UNKNOWN: "252 2.5.2"})

    def test_the_sixth_vrfy_is_late(self):
        with session(self.server.smtp) as s:
            seconds = []
            for _ in range(6):
                started = time.monotonic()
                ask(s, "VRFY", ALICE)
                seconds.append(time.monotonic() - started)
        self.assertLess(min(seconds[:5]), 0.9)
        self.assertGreater(seconds[5], 0.9)


class SubmissionHabits(Case):
    """Dovecot's own service, and Postfix that asks Dovecot."""
    label = "submission"

    @classmethod
    def prepare(cls):
        relay = cls.lab.server(Postfix, cls.lab.ca.good, cache())
        cls.server = cls.lab.server(Submission, cls.lab.ca.good, relay.smtp)
        cls.postfix = cls.lab.server(Postfix, cls.lab.ca.good, cache(), dovecot=cls.server.socket)

    def test_logins(self):
        self.logins(self.server.smtp, ("PLAIN", "LOGIN"))
        self.logins(self.postfix.by_dovecot, ("PLAIN", "LOGIN"))

    def test_trouble_and_disabled_people(self):
        for user, code in (("tempfail", "454"), ("frank", "525")):
            with self.assertRaises(smtplib.SMTPAuthenticationError) as e:
                mail_server.login(self.server.smtp, "PLAIN", user, OTHERS[user], ca_file=self.lab.ca.ca_file)
            self.assertEqual(str(e.exception.smtp_code), code)
