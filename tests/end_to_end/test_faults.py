"""The fault matrix over real sockets: each fault at each step of each dialogue. Nothing a server can do wrong becomes an accept or a
reject, costs more than one credential, or delays another route."""
import concurrent.futures
import os
import threading
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab.case import SharedCase, pop3_backend, route, static_backend
from lab.process import wait_until

PASSWORD = "matrix-Pw-51882"
REQUEST_SECONDS = 2

# dialogue -> how its server and its backend are made, and its steps in order
DIALOGUES = {
    "clear": (dict(), dict(), ["greeting", "capa", "user", "pass", "quit"]),
    "tls": (dict(tls="implicit"), dict(), ["tls", "greeting", "capa", "user", "pass", "quit"]),
    "stls": (dict(tls="stls"), dict(), ["greeting", "capa", "stls", "tls", "capa2", "user", "pass", "quit"]),
    "plain": (dict(tls="implicit", sasl=["PLAIN"]), dict(settings={"mechanisms": ["PLAIN"]}), ["auth2"]),
    "login": (dict(tls="implicit", sasl=["LOGIN"]), dict(settings={"mechanisms": ["LOGIN"]}), ["auth", "auth2"]),
    "apop": (dict(tls="implicit", apop=True), dict(settings={"apop": "require"}), ["greeting", "apop"]),
}

# The reply was complete and in order before the fault: the verdict stands, or the server's manners cost it.
AFTER_THE_VERDICT = {(step, fault) for step in ("pass", "auth2", "apop") for fault in ("extra", "duplicate", "close_after", "endless")}
# CAPA is a courtesy: a server that answers it oddly may still be asked.
COURTESY = {(step, fault) for step in ("capa", "capa2") for fault in ("sys_temp", "okay", "lower_case", "smtp_code", "garbage", "nul_inside")}


def cells():
    for name, (_, _, steps) in DIALOGUES.items():
        for step in steps:
            if step == "tls":
                wrong = faults.HANDSHAKE
            else:
                wrong = faults.EVERYWHERE + faults.REPLIES + [faults.extra, faults.duplicate, faults.close_after]
                if name in ("tls", "plain", "login", "apop") or (name == "stls" and step in ("capa2", "user", "pass", "quit")):
                    wrong = wrong + faults.INSIDE_TLS
            for fault in wrong:
                if step == "auth" and fault is faults.lower_case:  # a challenge has no letters
                    continue
                yield name, step, fault


class Matrix(SharedCase):
    """One backend and one route a cell, all asked at once. The cell's name is its domain."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        cls.cells, backends, routes = [], [static_backend(lab, {"ann@healthy.test": (PASSWORD, [])})], [route("healthy.test", "people")]
        for name, step, fault in cells():
            server_options, backend_options, _ = DIALOGUES[name]
            server = lab.adopt(Pop3Server(certificate=lab.ca.good, users={"ann": PASSWORD}, faults={step: fault}, **server_options))
            cell = f"{name}-{step}-{fault.__name__}".replace("_", "-")
            cls.cells.append((cell, name, step, fault.__name__, server))
            # A pool of one and no breaker: the second question meets the same server, not our memory of it.
            backends.append(pop3_backend(cell, server.url(), lab, breaker={"failures": 1000}, **backend_options))
            routes.append(route(f"{cell}.test", cell, strip_domain=True))
        cls.daemon = lab.daemon(backends=backends, routes=routes, broker={"request_timeout": f"{REQUEST_SECONDS}s"}, log={"level": "info"})

    def allowed(self, step, fault):
        if step == "quit":
            return {"accept"}
        return {"accept", "tempfail"} if (step, fault) in AFTER_THE_VERDICT | COURTESY else {"tempfail"}

    def ask_all(self):
        def one(cell):
            started = time.monotonic()
            answer = self.daemon.login(f"ann@{cell[0]}.test", PASSWORD)
            return cell, answer, time.monotonic() - started
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            return list(pool.map(one, self.cells))

    def test_F_01_F_02_F_05_F_06_each_fault_at_each_step(self):
        slow, stop = [], threading.Event()

        def healthy():
            while not stop.is_set():
                started = time.monotonic()
                answer = self.daemon.login("ann@healthy.test", PASSWORD)
                slow.append((time.monotonic() - started, answer.verdict))
        beside = threading.Thread(target=healthy)
        beside.start()
        try:
            for turn in ("cold", "again"):
                before = {cell[0]: cell[4].credentials for cell in self.cells}
                for (cell, name, step, fault, server), answer, seconds in self.ask_all():
                    with self.subTest(turn=turn, cell=cell):
                        self.assertIn(answer.verdict, self.allowed(step, fault), answer)
                        self.assertEqual(answer.status, {"accept": 200, "tempfail": 503}[answer.verdict])
                        self.assertLessEqual(server.credentials - before[cell], 1)
                        if name != "clear":
                            self.assertEqual(server.clear_credentials, 0)
                        self.assertLess(seconds, REQUEST_SECONDS + 2)  # the machine is busy with some 250 of them
        finally:
            stop.set()
            beside.join()
        self.assertEqual({v for _, v in slow}, {"accept"})
        self.assertGreater(len(slow), 10)

    def test_nothing_stays_open(self):
        """Every connection to a server ends soon after its question."""
        folder = f"/proc/{self.daemon.process.pid}/fd"
        sockets = lambda: [fd for fd in os.listdir(folder) if self._is_socket(folder, fd)]  # noqa: E731
        wait_until(lambda: len(sockets()) < 40, 15, "connections to be closed")

    @staticmethod
    def _is_socket(folder, fd):
        try:
            return os.readlink(f"{folder}/{fd}").startswith("socket:")
        except OSError:
            return False
