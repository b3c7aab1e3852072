"""The fault matrix of LDAP over real sockets: each fault at each step of each dialogue. Nothing a directory can do wrong becomes an
accept or a reject, costs more than one password, or delays another route."""
import concurrent.futures
import threading
import time

from fakes import faults, ldap
from fakes.ldap import LdapServer
from lab.case import LabCase, SharedCase, backend, route, static_backend

PASSWORD = "matrix-Pw-51883"
REQUEST_SECONDS = 2
SEARCH = {"base": "ou=people,dc=fake,dc=test", "filter": "(mail={address})", "bind_dn": "cn=reader,dc=fake,dc=test", "bind_password": "reader-Pw-51884"}
TEMPLATE = {"user_dn": "uid={local},ou=people,dc=fake,dc=test"}

# dialogue -> how its server speaks, the backend's settings, and its steps in order
DIALOGUES = {
    "clear": (None, SEARCH, ["service", "search", "bind"]),
    "ldaps": ("implicit", SEARCH, ["tls", "service", "search", "bind"]),
    "starttls": ("starttls", SEARCH, ["starttls", "tls", "service", "search", "bind"]),
    "template": ("implicit", TEMPLATE, ["bind"]),
    "template-starttls": ("starttls", TEMPLATE, ["starttls", "tls", "bind"]),
}
FAULTS = faults.EVERYWHERE + [faults.close_inside, faults.reset_inside, faults.extra, faults.duplicate, faults.close_after] + ldap.MESSAGES + ldap.RESULTS

# The reply was complete and in order before the fault: it counts, or the server's manners cost it.
COMPLETE = {"extra", "duplicate", "close_after"}


def cells():
    for name, (tls, _, steps) in DIALOGUES.items():
        for step in steps:
            wrong = faults.HANDSHAKE if step == "tls" else list(FAULTS)
            if step == "search":
                wrong = wrong + [ldap.entries_without_end]
            if step not in ("tls", "starttls") and tls:
                wrong = wrong + faults.INSIDE_TLS
            for fault in wrong:
                yield name, step, fault


class Matrix(SharedCase):
    """One backend and one route a cell, all asked at once. The cell's name is its domain."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        cls.cells, backends, routes = [], [static_backend(lab, {"ann@healthy.test": (PASSWORD, [])})], [route("healthy.test", "people")]
        for name, step, fault in cells():
            tls, settings, _ = DIALOGUES[name]
            server = lab.adopt(LdapServer(tls, certificate=lab.ca.good, users={"ann": PASSWORD}, faults={step: fault}))
            cell = f"{name}-{step}-{fault.__name__}".replace("_", "-")
            cls.cells.append((cell, name, step, fault.__name__, server))
            # No breaker: the second question meets the same server, not our memory of it.
            backends.append(backend(cell, "ldap", server.url(), lab, settings=settings, breaker={"failures": 1000}))
            routes.append(route(f"{cell}.test", cell))
        cls.daemon = lab.daemon(backends=backends, routes=routes, broker={"request_timeout": f"{REQUEST_SECONDS}s"}, log={"level": "info"})

    def test_without_a_fault_each_dialogue_ends_well(self):
        for name, (tls, settings, _) in DIALOGUES.items():
            with self.subTest(dialogue=name):
                server = self.lab.adopt(LdapServer(tls, certificate=self.lab.ca.good, users={"ann": PASSWORD}))
                daemon = self.lab.daemon(backends=[backend("fake", "ldap", server.url(), self.lab, settings=settings)], routes=[route("fake.test", "fake")])
                self.verdict(daemon.login("ann@fake.test", PASSWORD), "accept")
                self.verdict(daemon.login("ann@fake.test", "wrong-Pw-30412"), "reject", "wrong_password")
                self.assertEqual(server.credentials, 2)

    def ask_all(self):
        def one(cell):
            started = time.monotonic()
            answer = self.daemon.login(f"ann@{cell[0]}.test", PASSWORD)
            return cell, answer, time.monotonic() - started
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            return list(pool.map(one, self.cells))

    def test_B_09_B_10_B_15_F_02_F_05_F_06_each_fault_at_each_step(self):
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
                        self.assertIn(answer.verdict, {"accept", "tempfail"} if fault in COMPLETE and step != "starttls" else {"tempfail"}, answer)
                        self.assertEqual(answer.status, {"accept": 200, "tempfail": 503}[answer.verdict])
                        self.assertLessEqual(server.credentials - before[cell], 1)
                        if name != "clear":
                            self.assertEqual(server.clear_credentials, 0)
                        self.assertLess(seconds, REQUEST_SECONDS + 2)  # the machine is busy with some 500 of them
        finally:
            stop.set()
            beside.join()
        self.assertEqual({v for _, v in slow}, {"accept"})
        self.assertGreater(len(slow), 10)


class Late(LabCase):
    def test_F_10_a_late_reply_is_nobodys(self):
        """A reply that comes after its question's deadline, on a connection that others use as well."""
        for step, settings in (("bind", TEMPLATE), ("search", SEARCH)):
            with self.subTest(step=step):
                release = threading.Event()

                def late(s, normal):
                    release.wait(10)
                    return normal
                server = self.lab.adopt(LdapServer(users={"ann": PASSWORD}, replies={step: late}))
                daemon = self.lab.daemon(backends=[backend("slow", "ldap", server.url("127.0.0.1"), self.lab, settings=settings, pool={"connections": 1})],
                                         routes=[route("fake.test", "slow")], broker={"request_timeout": "1s"})
                self.assertEqual(daemon.login("ann@fake.test", PASSWORD).verdict, "tempfail")
                release.set()
                self.verdict(daemon.login("ann@fake.test", "wrong-Pw-30412"), "reject", "wrong_password")
                self.verdict(daemon.login("ann@fake.test", PASSWORD), "accept")
