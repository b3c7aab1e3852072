"""A fault matrix: one backend and one route a cell, all asked at once, beside a route that is well. Cells are
(name, which is the domain as well; dialogue; step; fault; server)."""
import concurrent.futures
import threading
import time

from .case import SharedCase, route, static_backend

PASSWORD = "matrix-Pw-51882"
REQUEST_SECONDS = 2


class Matrix(SharedCase):
    """prepare() calls arrange(); allowed() says which verdicts a cell may have. question: what the routes are asked."""
    question = "login"

    @classmethod
    def arrange(cls, cells, make):
        """make(dialogue, step, fault, name): (server, backend, options of its route)."""
        cls.cells, backends, routes = [], [static_backend(cls.lab, {"ann@healthy.test": (PASSWORD, [])})], [route("healthy.test", "people")]
        for dialogue, step, fault in cells:
            name = f"{dialogue}-{step}-{fault.__name__}".replace("_", "-")
            server, backend, options = make(dialogue, step, fault, name)
            cls.cells.append((name, dialogue, step, fault.__name__, server))
            backends.append(backend)
            routes.append(route(f"{name}.test", **{cls.question: [name]}, **options))
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes, broker={"request_timeout": f"{REQUEST_SECONDS}s"}, log={"level": "info"})

    def allowed(self, step, fault):
        raise NotImplementedError

    def ask(self, address):
        return self.daemon.login(address, PASSWORD) if self.question == "login" else self.daemon.mailbox(address)

    def _ask_all(self):
        def one(cell):
            started = time.monotonic()
            answer = self.ask(f"ann@{cell[0]}.test")
            return cell, answer, time.monotonic() - started
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            return list(pool.map(one, self.cells))

    def each_fault_at_each_step(self):
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
                for (cell, dialogue, step, fault, server), answer, seconds in self._ask_all():
                    with self.subTest(turn=turn, cell=cell):
                        self.assertIn(answer.verdict, self.allowed(step, fault), answer)
                        self.assertEqual(answer.status, {"accept": 200, "exists": 200, "unverifiable": 200, "tempfail": 503}[answer.verdict])
                        self.assertLessEqual(server.credentials - before[cell], 1)
                        if dialogue != "clear":
                            self.assertEqual(server.clear_credentials, 0)
                        self.assertLess(seconds, REQUEST_SECONDS + 6)  # the machine is busy with some hundreds of them
        finally:
            stop.set()
            beside.join()
        self.assertEqual({v for _, v in slow}, {"accept"})
        self.assertGreater(len(slow), 10)
