"""What stands between a question and an upstream: caps, queues, time-outs, the breaker, warm connections."""
import concurrent.futures
import json
import socket
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab import clients
from lab.case import LabCase, pop3_backend, route, static_backend
from lab.process import wait_until

ANN, RIGHT = "ann@mail.test", "pool-Pw-90917"
BESIDE = ("beside@static.test", "pool-Pw-beside-1")


class Pools(LabCase):
    def start(self, server, *more_urls, timeout="5s", listener_limits=None, **backend):
        urls = [server] if isinstance(server, str) else [server.url("127.0.0.1")]
        daemon = self.lab.daemon(backends=[pop3_backend("mail", urls + list(more_urls), **backend), static_backend(self.lab, {BESIDE[0]: (BESIDE[1], [])})],
                                 routes=[route("mail.test", "mail", strip_domain=True), route("static.test", "people")],
                                 broker={"request_timeout": timeout}, log={"level": "info"}, start=False)
        if listener_limits:
            daemon.listeners[0]["limits"] = listener_limits
            daemon.write_config()
        return daemon.start()

    def together(self, n, ask):
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            return list(pool.map(lambda _: ask(), range(n)))

    def timed(self, daemon):
        started = time.monotonic()
        return daemon.login(ANN, RIGHT), time.monotonic() - started

    def test_connections_are_capped_and_the_others_wait(self):
        busy, most = [0], [0]

        def slowly(s, normal):
            busy[0] += 1
            most[0] = max(most[0], busy[0])
            s.closing.wait(0.05)
            busy[0] -= 1
            return normal
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, replies={"pass": slowly}))
        daemon = self.start(server, pool={"connections": 4})
        self.assertEqual({a.verdict for a in self.together(40, lambda: daemon.login(ANN, RIGHT))}, {"accept"})
        self.assertLessEqual(most[0], 4)
        self.assertGreater(most[0], 1)

    def test_a_full_queue_is_a_tempfail_at_once(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"pass": faults.silence}))
        daemon = self.start(server, pool={"connections": 1, "queue": 3}, timeout="3s")
        answers = self.together(12, lambda: self.timed(daemon))
        self.assertEqual({a.verdict for a, _ in answers}, {"tempfail"})
        fast = sorted(seconds for a, seconds in answers if a.reason == "overloaded")
        self.assertIn(len(fast), (8, 9))  # the first one waits in the queue while its connection is made
        self.assertLess(fast[4], 1)

    def test_F_01_connect_timeout_where_nobody_takes_the_call(self):
        """A listening socket whose queue is full: the kernel drops what else comes."""
        filtered = socket.socket()
        filtered.bind(("127.0.0.1", 0))
        filtered.listen(0)
        self.addCleanup(filtered.close)
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(filtered.getsockname())
            self.addCleanup(filler.close)
        url = f"pop3://127.0.0.1:{filtered.getsockname()[1]}"
        daemon = self.start(url, timeouts={"connect": "500ms"})
        later, seconds = self.timed(daemon)
        self.verdict(later, "tempfail", "upstream_down")
        self.assertTrue(0.4 < seconds < 4, seconds)
        good = self.lab.adopt(Pop3Server(users={"ann": RIGHT}))
        daemon = self.start(url, good.url("127.0.0.1"), timeouts={"connect": "500ms"})
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_reply_timeout(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"user": faults.silence}))
        daemon = self.start(server, timeouts={"reply": "600ms"})
        later, seconds = self.timed(daemon)
        self.assertEqual(later.verdict, "tempfail")
        self.assertTrue(0.5 < seconds < 4, seconds)

    def test_breaker_opens_after_its_failures_and_closes_again(self):
        silent = [True]

        def greeting(s, normal):
            if silent[0]:
                s.closing.wait(3)
                return None
            return normal
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, replies={"greeting": greeting}))
        daemon = self.start(server, breaker={"failures": 3, "reopen": "1s"}, timeouts={"reply": "300ms"})
        waited = [self.timed(daemon) for _ in range(3)]
        self.assertTrue(all(seconds > 0.25 for _, seconds in waited), waited)
        quick = [self.timed(daemon) for _ in range(5)]
        self.assertEqual({a.verdict for a, _ in waited + quick}, {"tempfail"})
        self.assertLess(sorted(seconds for _, seconds in quick)[2], 0.2, quick)
        self.assertRegex(daemon.tool("status").stdout, r"down for \d+ s  no answer within 300ms")
        silent[0] = False
        wait_until(lambda: daemon.login(ANN, RIGHT).verdict == "accept", 4, "the breaker to close")
        self.assertEqual(server.credentials, 1)

    def test_wrong_passwords_do_not_open_the_breaker(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, hang_up=True))
        daemon = self.start(server, breaker={"failures": 2, "reopen": "10s"})
        for _ in range(8):
            self.verdict(daemon.login(ANN, "wrong-Pw-30412"), "reject", "wrong_password")
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_warm_connections_wait_before_any_question(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, capa=("USER",)))  # one that is asked for CAPA each time
        daemon = self.start(server, pool={"warm": 2})
        self.assertTrue(server.wait(lambda s: sum(any(line.startswith(b"CAPA") for _, line in one.lines) for one in list(s.sessions)) >= 2))
        self.assertEqual(server.credentials, 0)
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_R9_a_thousand_questions_waiting_on_a_stalled_upstream(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"pass": faults.silence}))
        daemon = self.start(server, pool={"queue": 2000}, timeout="30s", listener_limits={"connections": 1100, "in_flight": 1100})
        body = json.dumps({"address": ANN, "password": RIGHT})
        request = f"POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        before = self.resident(daemon)
        held = []
        for _ in range(1000):
            held.append(clients.connect(daemon.http))
            held[-1].sendall(request)
        started = time.monotonic()
        self.verdict(daemon.login(*BESIDE), "accept")
        self.assertLess(time.monotonic() - started, 5)
        self.assertTrue(server.wait(lambda s: s.credentials >= 8))
        self.assertEqual(server.credentials, 8)  # the pool's connections, and nothing beyond
        if not daemon.prefix.sanitized:
            self.assertLess((self.resident(daemon) - before) / 1000, 96 << 10)
        for s in held:
            s.close()
        wait_until(lambda: daemon.tool("--json", "status").stdout.count('"waiting":0') > 0, 5, "the vanished callers' questions to be dropped")
        self.verdict(daemon.login(*BESIDE), "accept")

    @staticmethod
    def resident(daemon):
        with open(f"/proc/{daemon.process.pid}/status") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))
