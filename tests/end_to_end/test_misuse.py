"""Upstreams and callers that cost something only if they are let: time, memory, connections, descriptors."""
import array
import os
import re
import socket
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab import clients
from lab.case import LabCase, pop3_backend, route
from lab.life import ANN, RIGHT, WRONG, Life
from lab.process import wait_until


class Upstreams(LabCase):
    def start(self, *servers, timeout="5s", urls=None, **backend):
        urls = urls or [s.url("127.0.0.1") for s in servers]
        return self.lab.daemon(backends=[pop3_backend("mail", urls, **backend)], routes=[route("mail.test", "mail", strip_domain=True)],
                               broker={"request_timeout": timeout}, log={"level": "info"})

    def server(self, **more):
        return self.lab.adopt(Pop3Server(users={"ann": RIGHT, "bob": RIGHT}, **more))

    def timed(self, daemon, password=RIGHT):
        started = time.monotonic()
        return daemon.login("ann@mail.test", password), time.monotonic() - started

    def test_F_03_a_drip_does_not_buy_time(self):
        """Each byte comes well within the limit for a reply; the question's own limit ends it."""
        for step in ("greeting", "user", "pass"):
            with self.subTest(step=step):
                server = self.server(faults={step: faults.drip})
                daemon = self.start(server, timeout="2500ms", timeouts={"reply": "30s"})
                later, seconds = self.timed(daemon)
                self.assertEqual(later.verdict, "tempfail", later)
                self.assertLess(seconds, 10)
                self.assertLessEqual(server.credentials, 1)
                daemon.stop()

    def test_F_05_F_06_a_flood_is_not_kept(self):
        """64 MiB of lines, or of one line: neither is read to its end, let alone stored."""
        for step, fault in (("greeting", faults.flood), ("greeting", faults.endless), ("capa", faults.endless), ("user", faults.flood)):
            with self.subTest(step=step, fault=fault.__name__):
                server = self.server(faults={step: fault})
                daemon = self.start(server, timeout="3s")
                before = resident(daemon)
                later, _ = self.timed(daemon)
                self.assertEqual(later.verdict, "tempfail", later)
                self.assertEqual(server.credentials, 0)
                if not daemon.prefix.sanitized:
                    self.assertLess(resident(daemon) - before, 8 << 20)
                self.assertTrue(server.wait(lambda s: s._open == 0), "the flood is still being listened to")
                daemon.stop()

    def test_F_11_one_login_a_connection(self):
        server = self.server()
        daemon = self.start(server, pool={"connections": 1})
        for name in ("ann", "bob") * 5:
            self.verdict(daemon.login(f"{name}@mail.test", RIGHT), "accept")
            self.verdict(daemon.login(f"{name}@mail.test", WRONG), "reject", "wrong_password")
        self.assertEqual(server.credentials, 20)
        self.assertEqual({s.credentials for s in server.sessions} - {0}, {1}, "a connection served two people")

    def test_F_13_a_dead_upstream_is_not_hammered(self):
        server = self.server(faults={"greeting": faults.reset_before})
        daemon = self.start(server, breaker={"failures": 3, "reopen": "10s"})
        answers = [daemon.login("ann@mail.test", RIGHT) for _ in range(300)]
        self.assertEqual({a.verdict for a in answers}, {"tempfail"})
        self.assertLess(len(server.sessions), 20, "as good as one connection a question")

    def test_F_14_delays_of_all_steps_share_one_deadline(self):
        def slowly(s, normal):
            s.closing.wait(0.45)
            return normal
        server = self.server(replies={step: slowly for step in ("greeting", "capa", "user", "pass", "quit")})
        daemon = self.start(server, timeout="15s")
        yes, seconds = self.timed(daemon)
        self.verdict(yes, "accept")
        self.assertGreater(seconds, 1.2)
        daemon.stop()
        daemon = self.start(server, timeout="1s")
        later, seconds = self.timed(daemon)
        self.assertEqual(later.verdict, "tempfail")
        self.assertLess(seconds, 4)

    def test_G_05_one_answer_in_one_budget_and_nothing_afterwards(self):
        first, second = self.server(faults={"greeting": faults.silence}), self.server(faults={"greeting": faults.silence})
        daemon = self.start(first, second, timeout="1500ms", timeouts={"reply": "700ms"})
        later, seconds = self.timed(daemon)
        self.assertEqual(later.verdict, "tempfail")
        self.assertLess(seconds, 5)
        for server in (first, second):
            self.assertTrue(server.wait(lambda s: s._open == 0), "the question goes on after its answer")
            self.assertEqual(server.credentials, 0)

    def test_G_09_retry_after_is_said_and_a_tempfail_is_not_remembered(self):
        server = self.server(faults={"greeting": faults.close_before})
        daemon = self.start(server, breaker={"failures": 1000})
        answers = [daemon.login("ann@mail.test", RIGHT) for _ in range(25)]
        self.assertEqual({(a.verdict, a.status) for a in answers}, {("tempfail", 503)})
        waits = {int(a.headers["retry-after"]) for a in answers}
        self.assertGreaterEqual(min(waits), 1)
        self.assertGreater(len(waits), 1, "callers told the same second come back in the same second")
        server.faults.clear()
        self.verdict(daemon.login("ann@mail.test", RIGHT), "accept")


class Callers(Life):
    def test_J_09_descriptors_sent_along_are_not_kept(self):
        daemon = self.start()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        folder = f"/proc/{daemon.process.pid}/fd"
        wait_until(lambda: not connections(daemon), 5, "the first connection to be closed")
        before = len(os.listdir(folder))
        gifts = array.array("i", [os.open("/dev/null", os.O_RDONLY) for _ in range(250)])
        self.addCleanup(lambda: [os.close(fd) for fd in gifts])
        body = f'{{"address":"{ANN}","password":"{RIGHT}"}}'
        http = f"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        held = []
        for path, request, good in ((daemon.http, http, b"HTTP/1.1 200"), (daemon.mux, clients.saslauthd_request(ANN, RIGHT), b"\x00\x02OK")):
            for _ in range(10):
                s = clients.connect(path)
                s.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, gifts)])
                self.assertTrue(s.recv(1000).startswith(good))
                held.append(s)
        self.assertLess(len(os.listdir(folder)) - before, 30, "they are kept while the callers stay")
        for s in held:
            s.close()
        wait_until(lambda: len(os.listdir(folder)) <= before, 5, "as many descriptors as before")

    def test_L_05_A_02_nul_in_a_string_is_a_no(self):
        """The strings are counted, so a NUL comes through; what stands before it must not count as the whole."""
        daemon = self.start()
        self.assertEqual(clients.saslauthd(daemon.mux, ANN, RIGHT), "OK")
        for user, password in ((ANN + "\0", RIGHT), (ANN + "\0x", RIGHT), (ANN, RIGHT + "\0"), (ANN, RIGHT + "\0x"), (ANN, "\0" + RIGHT), ("\0" + ANN, RIGHT)):
            self.assertEqual(clients.saslauthd(daemon.mux, user, password), "NO", (user, password))

    def test_G_10_there_is_no_default_for_trouble(self):
        """Nobody can ask for a yes, or for a no, where nothing is known."""
        for table in ("broker", "listeners", "routes", "backends"):
            for key, value in (("default_action", "accept"), ("on_error", "accept"), ("tempfail_action", "reject"), ("fail_open", True)):
                daemon = self.start(start=False)
                place = getattr(daemon, table)
                (place if table == "broker" else place[0])[key] = value
                daemon.write_config()
                done = daemon.tool("check-config")
                self.assertEqual(done.returncode, 78, (table, key))
                self.assertIn(key, done.stdout + done.stderr)


def connections(daemon):
    """Connections of callers that the daemon holds."""
    status = daemon.tool("status").stdout
    return [int(n) for n in re.findall(r"(\d+) connection", status) if int(n)]


def resident(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))
