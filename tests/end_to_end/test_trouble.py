"""Upstreams that die, freeze and come back; replicas; other routes meanwhile."""
import socket
import threading
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab.case import LabCase, pop3_backend, route, static_backend
from lab.dovecot import Dovecot, USERS
from lab.netns import Island
from lab.place import free_port
from lab.process import readable, wait_until

ALICE = ("alice@mail.test", USERS["alice"])
ANN = ("ann@static.test", "static-Pw-1122")


class Upstreams(LabCase):
    def start(self, dovecot=None, timeout="3s", **backend):
        self.dovecot = dovecot or self.lab.server(Dovecot, self.lab.ca.good)
        urls = backend.pop("upstream", [f"pop3s://localhost:{self.dovecot.pop3s}"])
        self.daemon = self.lab.daemon(
            backends=[pop3_backend("mail", urls, self.lab, **backend), static_backend(self.lab, {ANN[0]: (ANN[1], [])})],
            routes=[route("mail.test", "mail", strip_domain=True), route("static.test", "people")], broker={"request_timeout": timeout})

    def timed(self, ask):
        started = time.monotonic()
        answer = ask()
        return answer, time.monotonic() - started

    def test_killed_is_a_fast_tempfail_and_back_within_moments(self):
        self.start()
        self.verdict(self.daemon.login(*ALICE), "accept")
        self.dovecot.kill()
        for _ in range(8):  # beyond what opens the breaker
            later, seconds = self.timed(lambda: self.daemon.login(*ALICE))
            self.verdict(later, "tempfail", "upstream_down")
            self.assertLess(seconds, 1)
        self.assertEqual(self.daemon.saslauthd(*ALICE), "")
        self.dovecot.start()
        started = time.monotonic()
        wait_until(lambda: self.daemon.login(*ALICE).verdict == "accept", 5, "accept after the restart")
        self.assertLess(time.monotonic() - started, 2.5)

    def test_frozen_is_a_tempfail_by_the_deadline_and_others_go_on(self):
        self.start(timeout="2s")
        self.verdict(self.daemon.login(*ALICE), "accept")
        self.dovecot.freeze()
        try:
            done = []
            threads = [threading.Thread(target=lambda: done.append(self.timed(lambda: self.daemon.login(*ALICE)))) for _ in range(12)]
            for t in threads:
                t.start()
            slowest = 0
            while any(t.is_alive() for t in threads):
                yes, seconds = self.timed(lambda: self.daemon.login(*ANN))
                self.verdict(yes, "accept")
                slowest = max(slowest, seconds)
            for t in threads:
                t.join()
            self.assertEqual(len(done), 12)
            for answer, seconds in done:
                self.assertEqual((answer.verdict, answer.status), ("tempfail", 503), answer)
                self.assertIn(answer.reason, ("deadline", "upstream_down", "upstream_busy"))
                self.assertLess(seconds, 2.6)
            self.assertLess(slowest, 0.5, "the other route waited for the frozen upstream")
        finally:
            self.dovecot.thaw()
        wait_until(lambda: self.daemon.login(*ALICE).verdict == "accept", 6, "accept after the thaw")

    def test_callers_own_deadline_is_kept(self):
        self.start(timeout="8s")
        self.dovecot.freeze()
        later, seconds = self.timed(lambda: self.daemon.login(*ALICE, deadline_ms=700))
        self.assertEqual(later.verdict, "tempfail")
        self.assertLess(seconds, 1.3)

    def test_second_upstream_takes_over(self):
        second = self.lab.server(Dovecot, self.lab.ca.good)
        first = self.lab.server(Dovecot, self.lab.ca.good)
        self.start(first, upstream=[f"pop3s://localhost:{first.pop3s}", f"pop3+starttls://localhost:{second.pop3}"])
        self.verdict(self.daemon.login(*ALICE), "accept")
        self.assertNotIn("user=<alice>", second.log())
        first.kill()
        self.verdict(self.daemon.login(*ALICE), "accept")
        self.assertIn("Login: user=<alice>", second.log())
        self.verdict(self.daemon.login(ALICE[0], "wrong-Pw-30412"), "reject", "wrong_password")
        first.start()
        before = first.log().count("Login: user=<alice>")
        wait_until(lambda: self.daemon.login(*ALICE).verdict == "accept" and first.log().count("Login: user=<alice>") > before, 12, "the first upstream again")

    def test_first_upstream_dead_from_the_start(self):
        good = self.lab.server(Dovecot, self.lab.ca.good)
        self.start(good, upstream=[f"pop3s://localhost:{free_port()}", f"pop3s://localhost:{good.pop3s}"])
        for _ in range(3):
            self.verdict(self.daemon.login(*ALICE), "accept")

    def test_unknown_host_name_is_a_tempfail(self):
        self.start(upstream=["pop3s://does-not-exist.invalid:995"])
        self.verdict(self.daemon.login(*ALICE), "tempfail", "upstream_down")


class Names(LabCase):
    """T-02: a name server that takes questions and never answers."""

    def test_T_02_a_silent_name_server_delays_only_its_own_route(self):
        island = self.lab.adopt(Island("198.51.100.7", {}, self.lab.place.sub("island"), name_server="198.51.100.7"))
        with island.inside():
            silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("198.51.100.7", 53))
        self.addCleanup(silent.close)
        daemon = self.lab.daemon(backends=[pop3_backend("named", "pop3://mail.slow.example:110"), static_backend(self.lab, {ANN[0]: (ANN[1], [])})],
                                 routes=[route("mail.test", "named", strip_domain=True), route("static.test", "people")], broker={"request_timeout": "2s"}, start=False)
        daemon.start(wrap=island.wrap())
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(daemon.login(*ALICE))) for _ in range(30)]
        started = time.monotonic()
        for t in threads:
            t.start()
        slowest = 0
        while any(t.is_alive() for t in threads):
            before = time.monotonic()
            self.verdict(daemon.login(*ANN), "accept")
            slowest = max(slowest, time.monotonic() - before)
        self.assertTrue(readable(silent, 0), "nobody asked the name server")
        self.assertLess(time.monotonic() - started, 3.5)
        self.assertEqual({a.verdict for a in answers}, {"tempfail"})
        self.assertLess(slowest, 0.5)


class OneTry(LabCase):
    """Law 2: one request, one password, one account, once."""

    def test_no_other_upstream_is_tried_after_the_password(self):
        cut = self.lab.adopt(Pop3Server(users={"ann": ANN[1]}, replies={"pass": None}))
        spare = self.lab.adopt(Pop3Server(users={"ann": ANN[1]}))
        daemon = self.lab.daemon(backends=[pop3_backend("one", [cut.url("127.0.0.1"), spare.url("127.0.0.1")]), pop3_backend("two", spare.url("127.0.0.1"))],
                                 routes=[route("mail.test", ["one", "two"], strip_domain=True, ambiguous_names=True)])
        for n in range(1, 4):
            self.assertEqual(daemon.login("ann@mail.test", ANN[1]).verdict, "tempfail")
            self.assertEqual((cut.credentials, spare.credentials), (n, 0))

    def test_F_10_a_late_reply_is_nobodys(self):
        """The first request's +OK comes after its deadline; the next request on this upstream has a wrong password."""
        release = threading.Event()

        def late(s, normal):
            release.wait(10)
            return normal
        server = self.lab.adopt(Pop3Server(users={"ann": ANN[1]}, replies={"pass": late}))
        daemon = self.lab.daemon(backends=[pop3_backend("slow", server.url("127.0.0.1"), pool={"connections": 1})],
                                 routes=[route("mail.test", "slow", strip_domain=True)], broker={"request_timeout": "1s"})
        self.assertEqual(daemon.login("ann@mail.test", ANN[1]).verdict, "tempfail")
        release.set()
        self.verdict(daemon.login("ann@mail.test", "wrong-Pw-30412"), "reject", "wrong_password")

    def test_D_13_quit_never_answered_holds_nothing_up(self):
        server = self.lab.adopt(Pop3Server(users={"ann": ANN[1]}, faults={"quit": faults.silence}))
        daemon = self.lab.daemon(backends=[pop3_backend("rude", server.url("127.0.0.1"))], routes=[route("mail.test", "rude", strip_domain=True)])
        for _ in range(12):  # more than the pool has connections
            started = time.monotonic()
            self.verdict(daemon.login("ann@mail.test", ANN[1]), "accept")
            self.assertLess(time.monotonic() - started, 3)
        self.assertTrue(server.wait(lambda s: s.sessions[0].quit))
        self.assertFalse({"LIST", "STAT", "RETR", "DELE", "TOP", "UIDL"} & set(server.commands()))
