"""Upstreams that die, freeze and come back; replicas; other routes meanwhile."""
import socket
import threading
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab.case import LabCase, pop3_backend, route, static_backend
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot, USERS
from lab.netns import Island
from lab.place import free_port
from lab.prefix import cache
from lab.process import readable, wait_until

ALICE = ("alice@mail.test", USERS["alice"])
ANN = ("ann@static.test", "static-Pw-1122")


class Upstreams:
    """The same on every server."""

    def start(self, server=None, timeout="3s", **backend):
        self.server = server or self.make_server()
        urls = backend.pop("upstream", [f"pop3s://localhost:{self.server.pop3s}"])
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
        self.server.kill()
        for _ in range(8):  # beyond what opens the breaker
            later, seconds = self.timed(lambda: self.daemon.login(*ALICE))
            self.verdict(later, "tempfail", "upstream_down")
            self.assertLess(seconds, 2.5)
        self.assertEqual(self.daemon.saslauthd(*ALICE), "")
        self.server.start()
        started = time.monotonic()
        wait_until(lambda: self.daemon.login(*ALICE).verdict == "accept", 5, "accept after the restart")
        self.assertLess(time.monotonic() - started, 8)

    def test_frozen_is_a_tempfail_by_the_deadline_and_others_go_on(self):
        self.start(timeout="2s")
        self.verdict(self.daemon.login(*ALICE), "accept")
        self.server.freeze()
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
                self.assertLess(seconds, 15)
            self.assertLess(slowest, 1.5, "the other route waited for the frozen upstream")
        finally:
            self.server.thaw()
        wait_until(lambda: self.daemon.login(*ALICE).verdict == "accept", 6, "accept after the thaw")

    def test_callers_own_deadline_is_kept(self):
        self.start(timeout="8s")
        self.server.freeze()
        later, seconds = self.timed(lambda: self.daemon.login(*ALICE, deadline_ms=700))
        self.assertEqual(later.verdict, "tempfail")
        self.assertLess(seconds, 5)

    def test_second_upstream_takes_over(self):
        second, first = self.make_server(), self.make_server()
        self.start(first, upstream=[f"pop3s://localhost:{first.pop3s}", f"pop3+starttls://localhost:{second.pop3}"])

        def answered_by(port):
            yes = self.daemon.login(*ALICE)
            return (yes.verdict, yes["upstream"]) == ("accept", f"localhost:{port}")
        self.assertTrue(answered_by(first.pop3s))
        first.kill()
        self.assertTrue(answered_by(second.pop3))
        self.verdict(self.daemon.login(ALICE[0], "wrong-Pw-30412"), "reject", "wrong_password")
        first.start()
        wait_until(lambda: answered_by(first.pop3s), 12, "the first upstream again")

    def test_first_upstream_dead_from_the_start(self):
        good = self.make_server()
        self.start(good, upstream=[f"pop3s://localhost:{free_port()}", f"pop3s://localhost:{good.pop3s}"])
        for _ in range(3):
            self.verdict(self.daemon.login(*ALICE), "accept")


class OnDovecot(Upstreams, LabCase):
    label = "dovecot"

    def make_server(self):
        return self.lab.server(Dovecot, self.lab.ca.good)


class OnCyrus(Upstreams, LabCase):
    label = "cyrus"

    def make_server(self):
        return self.lab.server(Cyrus, self.lab.ca.good, cache())


class Names(LabCase):
    """Name servers that know nothing, and that say nothing."""

    def test_T_01_unknown_host_name_is_a_tempfail(self):
        daemon = self.lab.daemon(backends=[pop3_backend("named", "pop3s://does-not-exist.invalid:995")], routes=[route("mail.test", "named", strip_domain=True)])
        self.verdict(daemon.login(*ALICE), "tempfail", "upstream_down")

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
        self.assertLess(time.monotonic() - started, 7)
        self.assertEqual({a.verdict for a in answers}, {"tempfail"})
        self.assertLess(slowest, 1.5)


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
            self.assertLess(time.monotonic() - started, 6)
        self.assertTrue(server.wait(lambda s: s.sessions[0].quit))
        self.assertFalse({"LIST", "STAT", "RETR", "DELE", "TOP", "UIDL"} & set(server.commands()))
