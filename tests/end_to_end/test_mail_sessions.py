"""The plugin `vrfy` and its sessions: many questions each, within the limits that servers have by default, and nothing on the wire but
what belongs there."""
import time

from fakes.smtp import SmtpServer
from lab.case import LabCase, route
from lab.exim import Exim
from lab.mail_server import MAILBOXES, ask_all, vrfy_backend
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until
from lab.sendmail import DEBIAN, Sendmail


class Limits(LabCase):
    """What servers allow one session, by default. No question is lost by it, or misjudged."""

    def start(self, url, **more):
        return self.lab.daemon(backends=[vrfy_backend("mail", url, self.lab, **more)], routes=[route("example.test", mailbox=["mail"])])

    def judge(self, daemon, addresses, callers=16):
        started = time.monotonic()
        for address, answer in ask_all(daemon, addresses, callers):
            self.assertEqual(answer.verdict, "exists" if address.partition("@")[0] in MAILBOXES else "absent", answer)
        return time.monotonic() - started

    def test_three_hundred_unknown_recipients_at_postfix(self):
        """From the eleventh error of a session on it takes a second for each reply; it ends the session after the twentieth."""
        server = self.lab.server(Postfix, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["starttls"])
        self.judge(daemon, [f"nosuch{n}@example.test" for n in range(300)])

    def test_known_and_unknown_in_turn_at_postfix(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["starttls"])
        self.judge(daemon, [f"nosuch{n}@example.test" if n % 3 else "alice@example.test" for n in range(120)])

    def test_a_thousand_known_recipients_take_few_connections(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["starttls"])
        before, start = server.connections(), len(server.log())
        self.judge(daemon, ["alice@example.test", "bob@example.test"] * 500)
        made = server.connections() - before
        self.assertLess(made, 40)
        daemon.stop()
        wait_until(lambda: server.log()[start:].count(" quit=1 ") == made, 5, "orderly goodbyes")
        self.assertNotIn("lost connection", server.log()[start:])

    def test_recipients_at_exim(self):
        """It ends a session after ten commands that belong to no mail."""
        server = self.lab.server(Exim, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["starttls"])
        self.judge(daemon, [f"nosuch{n}@example.test" if n % 3 else "alice@example.test" for n in range(150)])

    def test_vrfys_at_exim(self):
        server = self.lab.server(Exim, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["clear"], methods=["vrfy"])
        self.judge(daemon, [f"nosuch{n}@example.test" if n % 2 else "alice@example.test" for n in range(60)])

    def test_vrfys_at_sendmail(self):
        """From the sixth of a session on they take a second, two, four."""
        server = self.lab.server(Sendmail, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["clear"], methods=["vrfy"], preset="sendmail")
        self.assertLess(self.judge(daemon, [f"nosuch{n}@example.test" if n % 2 else "alice@example.test" for n in range(60)]), 20)

    def test_recipients_at_sendmail_as_debian_has_it(self):
        """It waits a second before its greeting, and after each refused recipient of a mail from the fourth on."""
        server = self.lab.server(Sendmail, self.lab.ca.good, cache(), more=DEBIAN)
        daemon = self.start(server.urls()["starttls"])
        self.assertLess(self.judge(daemon, [f"nosuch{n}@example.test" if n % 3 else "alice@example.test" for n in range(60)]), 30)

    def test_421_at_any_point(self):
        for questions in (1, 2, 3, 4, 5, 7, 11):
            with self.subTest(questions=questions):
                server = self.lab.adopt(SmtpServer(users={"alice": "", "bob": ""}, questions=questions))
                daemon = self.start(server.url("127.0.0.1"))
                for address, answer in ask_all(daemon, ["alice@example.test", "nosuch@example.test", "bob@example.test"] * 10):
                    allowed = {"absent" if address.startswith("nosuch") else "exists"} | ({"tempfail"} if questions < 4 else set())  # nobody is asked again for ever
                    self.assertIn(answer.verdict, allowed, answer)
                daemon.stop()

    def test_too_many_recipients_of_one_mail(self):
        """452 4.5.3 is about the mail, not about the mailbox."""
        def crowded(s, normal):
            s.recipients = getattr(s, "recipients", 0) + 1
            return b"452 4.5.3 too many recipients\r\n" if s.recipients % 5 == 0 else normal
        server = self.lab.adopt(SmtpServer(users={"alice": ""}, replies={"rcpt": crowded}))
        daemon = self.start(server.url("127.0.0.1"))
        for address, answer in ask_all(daemon, ["alice@example.test", "nosuch@example.test"] * 20):
            self.assertIn(answer.verdict, ("tempfail", "exists" if address.startswith("alice") else "absent"), answer)


class Everybody(dict):
    def get(self, address, default=None):
        return b"250 2.1.5 ok\r\n"


class Fakes(LabCase):
    def start(self, server, domains=("example.test",), **more):
        self.server = self.lab.adopt(server)
        self.daemon = self.lab.daemon(backends=[vrfy_backend("mail", server.url("127.0.0.1"), self.lab, **more)], routes=[route(list(domains), mailbox=["mail"])])
        return self.daemon

    def test_E_12_a_random_name_is_asked_once(self):
        self.start(SmtpServer(recipients=Everybody()), domains=("example.test", "other.test"))
        for _ in range(5):
            self.verdict(self.daemon.mailbox("alice@example.test"), "unverifiable", "accepts_all")
        strangers = [a for a in self.server.asked if not a.startswith("alice@")]
        self.assertEqual(len(strangers), 1, strangers)
        self.assertTrue(strangers[0].endswith("@example.test"))
        self.verdict(self.daemon.mailbox("alice@other.test"), "unverifiable", "accepts_all")

    def test_E_12_detection_may_be_switched_off(self):
        self.start(SmtpServer(recipients=Everybody()), detect_accept_all=False)
        self.verdict(self.daemon.mailbox("alice@example.test"), "exists")
        self.assertEqual(self.server.asked, ["alice@example.test"])

    def test_E_16_the_senders_address(self):
        for settings, wanted in (({}, b"FROM:<>"), ({"sender": "probe@broker.example.test"}, b"FROM:<probe@broker.example.test>")):
            self.start(SmtpServer(users={"alice": ""}), **settings)
            self.verdict(self.daemon.mailbox("alice@example.test"), "exists")
            self.assertTrue(self.server.sessions[0].sender.startswith(wanted), self.server.sessions[0].sender)

    def test_E_16_a_refused_sender_is_no_absence(self):
        for reply in (b"550 5.7.1 no bounces here\r\n", b"550 no\r\n", b"501 5.1.7 bad sender\r\n", b"451 4.3.0 later\r\n"):
            with self.subTest(reply=reply):
                self.start(SmtpServer(users={"alice": ""}, replies={"mail": reply}))
                for name in ("alice", "nosuch"):
                    self.assertEqual(self.daemon.mailbox(f"{name}@example.test").verdict, "tempfail")

    def test_E_10_names_in_utf_8_are_not_sent_where_nobody_takes_them(self):
        self.start(SmtpServer(users={"alice": ""}))
        self.verdict(self.daemon.mailbox("jürgen@example.test"), "unverifiable", "bad_name")
        self.assertEqual(self.server.asked, [])

    def test_E_10_names_in_utf_8_and_international_domains(self):
        self.start(SmtpServer(users={"jürgen": "", "alice": ""}, extensions=("PIPELINING", "SMTPUTF8", "8BITMIME")), domains=("example.test", "bücher.test"))
        self.verdict(self.daemon.mailbox("jürgen@example.test"), "exists")
        self.verdict(self.daemon.mailbox("alice@bücher.test"), "exists")
        self.assertIn("alice@xn--bcher-kva.test", self.server.asked)

    def test_E_09_no_address_is_a_command(self):
        self.start(SmtpServer(users={"alice": ""}))
        for address in ("alice@example.test> NOTIFY=SUCCESS", "alice>@example.test", "<alice@example.test>", "alice@example.test\r\nDATA", "@a.test,@b.test:alice@example.test", "al ice@example.test"):
            with self.subTest(address=address):
                answer = self.daemon.mailbox(address)
                self.assertNotIn(answer.verdict, ("exists", "tempfail"), answer)
        for s in self.server.sessions:
            for _, line in s.lines:
                self.assertRegex(line, rb"^(EHLO broker\.example\.test|MAIL FROM:<>[^<>]*|RCPT TO:<[^<>]*>|RSET|QUIT|NOOP)$")

    def test_E_18_there_is_never_mail(self):
        self.start(SmtpServer(users={"alice": ""}))
        ask_all(self.daemon, ["alice@example.test", "nosuch@example.test"] * 50)
        self.assertFalse({"DATA", "BDAT"} & set(self.server.commands()))

    def test_questions_of_one_transaction_are_pipelined(self):
        """One connection, and many who wait: they share transactions."""
        self.start(SmtpServer(users={"alice": "", "bob": ""}), pool={"connections": 1}, session_questions=1000)
        for _, answer in ask_all(self.daemon, ["alice@example.test", "bob@example.test"] * 100, callers=32):
            self.verdict(answer, "exists")
        self.assertLessEqual(len(self.server.sessions), 2)
        self.assertLess(self.server.commands().count("MAIL"), 150)

    def test_a_session_ends_after_session_questions(self):
        self.start(SmtpServer(users={"alice": ""}), pool={"connections": 1}, session_questions=10, detect_accept_all=False)
        for _ in range(40):
            self.verdict(self.daemon.mailbox("alice@example.test"), "exists")
        self.assertTrue(self.server.wait(lambda s: sum(x.quit for x in s.sessions) >= 3), "no goodbye")
        self.assertLessEqual(max(x.answered for x in self.server.sessions), 10)

    def test_idle_sessions_say_goodbye(self):
        self.start(SmtpServer(users={"alice": ""}), pool={"idle": "200ms"})
        self.verdict(self.daemon.mailbox("alice@example.test"), "exists")
        self.assertTrue(self.server.wait(lambda s: s.sessions[0].quit), "no QUIT")
