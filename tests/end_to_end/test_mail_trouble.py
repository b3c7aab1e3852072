"""Mail servers that are killed, frozen, restarted, crowded and of another mind: nothing they do becomes a yes or a no that is not theirs."""
import concurrent.futures
import threading
import time

from fakes.smtp import SmtpServer
from lab.case import LabCase, backend, route, static_backend
from lab.exim import Exim
from lab.mail_server import UNKNOWN, USERS
from lab.place import free_port
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import readable, wait_until

ALICE, WRONG = "alice@example.test", "wrong-Pw-30412"
BESIDE = ("ann@static.test", "beside-Pw-81132")


class Case(LabCase):
    """One server asked for logins and mailboxes, and a route beside it that has nothing to do with it."""

    def start(self, upstream, timeout="3s", methods=("rcpt",), helo="broker.example.test", **more):
        tables = [backend(name, plugin, upstream, self.lab, settings=({"helo": helo} if helo else {}) | settings, **more)
                  for name, plugin, settings in (("login", "smtpauth", {}), ("mailbox", "vrfy", {"methods": list(methods)}))]
        self.daemon = self.lab.daemon(backends=[*tables, static_backend(self.lab, {BESIDE[0]: (BESIDE[1], [])})],
                                      routes=[route("example.test", "login", mailbox=["mailbox"]), route("static.test", "people")], broker={"request_timeout": timeout})
        return self.daemon

    def questions(self):
        """Each kind of question with its right answer."""
        return ((lambda: self.daemon.login(ALICE, USERS[ALICE]), "accept"), (lambda: self.daemon.login(ALICE, WRONG), "reject"),
                (lambda: self.daemon.mailbox(ALICE), "exists"), (lambda: self.daemon.mailbox(UNKNOWN), "absent"))

    def all_right(self):
        return [ask().verdict for ask, _ in self.questions()] == [right for _, right in self.questions()]

    def timed(self, ask):
        started = time.monotonic()
        return ask(), time.monotonic() - started

    def in_trouble(self, seconds, reasons=None):
        for ask, _ in self.questions():
            later, took = self.timed(ask)
            self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)
            self.assertLess(took, seconds)
            if reasons:
                self.assertIn(later.reason, reasons)


class Outages(Case):
    def make(self, kind=Postfix, **more):
        return self.lab.server(kind, self.lab.ca.good, cache(), **more)

    def test_killed_and_restarted(self):
        for kind in (Postfix, Exim):
            with self.subTest(server=kind.__name__):
                server = self.make(kind)
                self.start(server.urls()["starttls"])
                self.assertTrue(self.all_right())
                server.kill()
                for _ in range(2):  # a child of it that dies last may still take a connection, and hang up
                    self.in_trouble(2.5, ("upstream_down", "upstream_refuses_us"))
                self.assertEqual(self.daemon.saslauthd("alice", USERS[ALICE], "example.test"), "")
                server.start()
                started = time.monotonic()
                wait_until(self.all_right, 8, "right answers after the restart")
                self.assertLess(time.monotonic() - started, 8)
                self.daemon.stop()

    def test_restarted_between_two_questions(self):
        """Kept sessions are dead without a word: nobody notices."""
        server = self.make()
        self.start(server.urls()["clear"])
        for _ in range(3):
            self.assertTrue(self.all_right())
            server.kill()
            server.start()
            for ask, right in self.questions():
                self.assertEqual(ask().verdict, right)

    def test_frozen_is_a_tempfail_by_the_deadline_and_delays_nobody_else(self):
        server = self.make()
        self.start(server.urls()["starttls"], timeout="5s")
        self.assertTrue(self.all_right())
        server.freeze()
        try:
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                tasks = [pool.submit(self.timed, ask) for ask, _ in self.questions() for _ in range(3)]
                slowest = 0
                while not all(t.done() for t in tasks):
                    yes, seconds = self.timed(lambda: self.daemon.login(*BESIDE))
                    self.verdict(yes, "accept")
                    slowest = max(slowest, seconds)
            for answer, seconds in (t.result() for t in tasks):
                self.assertEqual((answer.verdict, answer.status), ("tempfail", 503), answer)
                self.assertLess(seconds, 15)
            self.assertLess(slowest, 4, "the other route waited for the frozen server")
        finally:
            server.thaw()
        wait_until(self.all_right, 8, "right answers after the thaw")

    def test_answers_under_load_are_right_or_none(self):
        server = self.make()
        self.start(server.urls()["clear"])
        over, seen = threading.Event(), []

        def one(n):
            while not over.is_set():
                ask, right = self.questions()[n % 4]
                seen.append((right, ask()))
        pool = concurrent.futures.ThreadPoolExecutor(8)
        tasks = [pool.submit(one, n) for n in range(8)]
        try:
            for trouble, cure in ((server.kill, server.start), (server.freeze, server.thaw)):
                before = len(seen)
                wait_until(lambda: len(seen) > before + 60, 20, "the load")
                trouble()
                wait_until(lambda: seen[-1][1].verdict == "tempfail", 6, "a tempfail")
                cure()
                wait_until(self.all_right, 20, "right answers again")
        finally:
            over.set()
            pool.shutdown()
        for task in tasks:
            task.result()
        for right, answer in seen:
            self.assertIn(answer.verdict, (right, "tempfail"), answer)

    def test_second_server_takes_over(self):
        first, second = self.make(), self.make(Exim)
        self.start([first.urls()["smtps"], second.urls()["starttls"]])
        self.assertTrue(self.all_right())
        first.kill()
        wait_until(self.all_right, 5, "the second server")
        self.assertEqual(self.daemon.mailbox(ALICE)["upstream"], f"localhost:{second.smtp}")

    def test_nobody_there(self):
        self.start(f"smtps://localhost:{free_port()}")
        self.in_trouble(2.5, ("upstream_down",))


class Crowds(Case):
    """Limits of connections and of logins: not a word about passwords and mailboxes."""

    def test_postfix_takes_no_more_connections(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache(), main="smtpd_client_connection_rate_limit = 2")
        self.start(server.urls()["clear"])
        wait_until(lambda: self.daemon.login(ALICE, WRONG).verdict == "tempfail", 5, "the limit")
        later = self.daemon.login(ALICE, USERS[ALICE])
        self.assertEqual((later.verdict, later.reason), ("tempfail", "upstream_busy"), later)

    def test_postfix_takes_no_more_logins(self):
        """It says 450 to AUTH."""
        server = self.lab.server(Postfix, self.lab.ca.good, cache(), main="smtpd_client_auth_rate_limit = 3")
        self.start(server.urls()["starttls"])
        for _ in range(3):
            self.assertEqual(self.daemon.login(ALICE, WRONG).verdict, "reject")
        later = self.daemon.login(ALICE, USERS[ALICE])
        self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)

    def test_exim_takes_few_connections(self):
        """Ours are fewer than what it allows, or wait for each other."""
        server = self.lab.server(Exim, self.lab.ca.good, cache(), main="smtp_accept_max_per_host = 4")
        self.start(server.urls()["starttls"], timeout="25s", pool={"connections": 1})
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for (_, right), answer in zip(self.questions() * 5, pool.map(lambda q: q[0](), self.questions() * 5)):
                self.assertEqual(answer.verdict, right, answer)

    def test_E_06_only_what_is_offered_inside_tls_counts(self):
        def inside(mechanisms):
            return b"250-fake.example.test\r\n250 AUTH " + mechanisms + b"\r\n"
        for mechanisms, sasl in ((b"X-OTHER", ["PLAIN"]), (b"", ["PLAIN"])):
            with self.subTest(mechanisms=mechanisms):
                server = self.lab.adopt(SmtpServer(tls="starttls", certificate=self.lab.ca.good, sasl=sasl, users={ALICE: USERS[ALICE]}, replies={"ehlo2": inside(mechanisms)}))
                self.start(server.url())
                self.assertEqual(self.daemon.login(ALICE, USERS[ALICE]).verdict, "tempfail")
                self.assertEqual(server.credentials, 0)
                self.daemon.stop()

    def test_C_03_what_comes_with_the_reply_to_starttls_is_not_believed(self):
        server = self.lab.adopt(SmtpServer(tls="starttls", certificate=self.lab.ca.good, users={ALICE: USERS[ALICE]},
                                           replies={"starttls": b"220 2.0.0 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n"}))
        self.start(server.url())
        self.in_trouble(4)
        self.assertEqual(server.credentials, 0)

    def test_a_greeting_in_two_parts_is_waited_for(self):
        """Servers show the first line of two to whoever speaks too early, and then know him for what he is."""
        early = []

        def slowly(s, normal):
            s.send(b"220-wait for it\r\n")
            early.append(readable(s.sock, 0.3))
            return normal
        server = self.lab.adopt(SmtpServer(users={ALICE: USERS[ALICE]}, replies={"greeting": slowly}))
        self.start(server.url("127.0.0.1"))
        self.assertTrue(self.all_right())
        self.assertEqual(set(early), {False})

    def test_postfix_that_looks_at_how_it_is_greeted(self):
        """By default we have a name for ourselves that a server without DNS can make sense of."""
        server = self.lab.server(Postfix, self.lab.ca.good, cache(), main="smtpd_helo_required = yes\n"
                                 "smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname\nsmtpd_delay_reject = no")
        self.start(server.urls()["starttls"], helo=None)
        self.assertTrue(self.all_right())

    def test_F_11_one_login_a_session_that_was_right(self):
        server = self.lab.adopt(SmtpServer(users={ALICE: USERS[ALICE]}, sasl=["PLAIN"]))
        self.start(server.url("127.0.0.1"), pool={"connections": 1})
        for _ in range(5):
            self.assertEqual(self.daemon.login(ALICE, USERS[ALICE]).verdict, "accept")
        for s in server.sessions:
            self.assertLessEqual(sum(line.startswith(b"AUTH") for _, line in s.lines), 1)
