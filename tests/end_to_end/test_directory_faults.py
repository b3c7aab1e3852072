"""The fault matrix of LDAP over real sockets: each fault at each step of each dialogue. Nothing a directory can do wrong becomes an
accept or a reject, costs more than one password, or delays another route."""
import threading

from fakes import faults, ldap
from fakes.ldap import LdapServer
from lab import matrix
from lab.case import LabCase, backend, route
from lab.matrix import PASSWORD

SEARCH = {"base": "ou=people,dc=fake,dc=test", "filter": "(mail={address})", "bind_dn": "cn=reader,dc=fake,dc=test", "bind_password": "reader-Pw-51884", "password_policy": "auto"}
TEMPLATE = {"user_dn": "uid={local},ou=people,dc=fake,dc=test", "password_policy": "auto"}

# dialogue -> how its server speaks, the backend's settings, and its steps in order
DIALOGUES = {
    "clear": (None, SEARCH, ["service", "search", "root", "bind"]),
    "ldaps": ("implicit", SEARCH, ["tls", "service", "search", "root", "bind"]),
    "starttls": ("starttls", SEARCH, ["starttls", "tls", "service", "search", "root", "bind"]),
    "template": ("implicit", TEMPLATE, ["root", "bind"]),
    "template-starttls": ("starttls", TEMPLATE, ["starttls", "tls", "root", "bind"]),
}
FAULTS = faults.EVERYWHERE + [faults.close_inside, faults.reset_inside, faults.extra, faults.duplicate, faults.close_after] + ldap.MESSAGES + ldap.RESULTS

# The reply was complete and in order before the fault: it counts, or the server's manners cost it.
COMPLETE = {"extra", "duplicate", "close_after"}


def cells():
    for name, (tls, _, steps) in DIALOGUES.items():
        for step in steps:
            wrong = faults.HANDSHAKE if step == "tls" else list(FAULTS)
            if step in ("search", "root"):
                wrong = wrong + [ldap.entries_without_end]
            if step not in ("tls", "starttls") and tls:
                wrong = wrong + faults.INSIDE_TLS
            for fault in wrong:
                yield name, step, fault


class Matrix(matrix.Matrix):
    @classmethod
    def prepare(cls):
        def make(dialogue, step, fault, name):
            tls, settings, _ = DIALOGUES[dialogue]
            server = cls.lab.adopt(LdapServer(tls, certificate=cls.lab.ca.good, users={"ann": PASSWORD}, faults={step: fault}))
            # No breaker: the second question meets the same server, not our memory of it.
            return server, backend(name, "ldap", server.url(), cls.lab, settings=settings, breaker={"failures": 1000}), {}
        cls.arrange(cells(), make)

    def allowed(self, step, fault):
        if step == "root" and fault in {f.__name__ for f in ldap.RESULTS}:
            return {"accept"}  # what it knows is not told: the bind says the rest
        if step == "root":
            return {"accept", "tempfail"}  # one that ends the connection is not asked again
        return {"accept", "tempfail"} if fault in COMPLETE and step != "starttls" else {"tempfail"}

    def test_without_a_fault_each_dialogue_ends_well(self):
        for name, (tls, settings, _) in DIALOGUES.items():
            with self.subTest(dialogue=name):
                server = self.lab.adopt(LdapServer(tls, certificate=self.lab.ca.good, users={"ann": PASSWORD}))
                daemon = self.lab.daemon(backends=[backend("fake", "ldap", server.url(), self.lab, settings=settings)], routes=[route("fake.test", "fake")])
                self.verdict(daemon.login("ann@fake.test", PASSWORD), "accept")
                self.verdict(daemon.login("ann@fake.test", "wrong-Pw-30412"), "reject", "wrong_password")
                self.assertEqual(server.credentials, 2)

    def test_B_09_B_10_B_15_F_02_F_05_F_06_each_fault_at_each_step(self):
        self.each_fault_at_each_step()


class Strict(LabCase):
    def test_a_server_that_hangs_up_on_who_reads_before_a_bind_costs_one_connection(self):
        for fault in (faults.close_before, ldap.refused_and_closed, ldap.disconnection):
            for settings in (TEMPLATE, SEARCH):
                with self.subTest(fault=fault.__name__, settings=settings):
                    server = self.lab.adopt(LdapServer(users={"ann": PASSWORD}, faults={"root": fault}))
                    daemon = self.lab.daemon(backends=[backend("strict", "ldap", server.url("127.0.0.1"), self.lab, settings=settings)], routes=[route("fake.test", "strict")], broker={"workers": 2})
                    verdicts = [daemon.login("ann@fake.test", PASSWORD).verdict for _ in range(10)]
                    self.assertIn(verdicts, (["accept"] * 10, ["tempfail"] + ["accept"] * 9))


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
