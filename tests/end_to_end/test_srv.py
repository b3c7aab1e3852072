"""Servers that SRV records name: the priorities count again once the better server works again, however busy the other one is kept."""
import re
import threading

from fakes.dns import NameServer
from fakes.ldap import BIND, LdapServer, wrong_password
from lab.case import LabCase, backend, route
from lab.netns import Island
from lab.process import wait_until

ADDRESS = "198.51.100.7"
SETTINGS = {"base": "ou=people,dc=fake,dc=test", "mailbox_filter": "(mail={address})", "bind_dn": "cn=reader,dc=fake,dc=test", "bind_password": "reader-Pw-51884"}


class Priorities(LabCase):
    def setUp(self):
        super().setUp()
        self.island = self.lab.adopt(Island(ADDRESS, {}, self.lab.place.sub("island"), name_server=ADDRESS))
        self.running = {}

    def server(self, port, number, **more):
        """Starts this one, at a port or at any."""
        with self.island.inside():
            self.running[number] = self.lab.adopt(LdapServer(host=ADDRESS, port=port, **more))
        return self.running[number]

    def target(self, number):
        return f"dc{number}.fake.test:{self.ports[number]}"

    def start(self, priorities, breaker={}, **more):
        """A server per priority, all of them down, and the broker."""
        self.ports = {}
        for number in range(1, len(priorities) + 1):
            server = self.server(0, number)
            self.ports[number] = server.port
        for server in self.running.values():
            server.stop()
        with self.island.inside():
            self.names = self.lab.adopt(NameServer(ADDRESS, {f"dc{n}.fake.test": ADDRESS for n in self.ports},
                                                   {"_ldap._tcp.fake.test": [(priority, 10, self.ports[n], f"dc{n}.fake.test") for n, priority in enumerate(priorities, 1)]}))
        table = backend("srv", "ldap", "srv+ldap://fake.test", settings=SETTINGS, breaker={"failures": 2, "reopen": "1s"} | breaker, cleartext=True, **more)
        self.daemon = self.lab.daemon(backends=[table], routes=[route("fake.test", mailbox=["srv"])], start=False)
        self.daemon.start(wrap=self.island.wrap())

    def up(self, number, **more):
        return self.server(self.ports[number], number, **more)

    def answered_by(self):
        answer = self.daemon.mailbox("ann@fake.test")
        return answer["upstream"] if answer.verdict == "exists" else answer.verdict

    def keep_busy(self):
        """Askers that leave no connection a moment's rest; what they were told stands in `told`."""
        self.told, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                self.told.append(self.answered_by())
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for t in threads:
            t.start()

        def end():
            stop.set()
            for t in threads:
                t.join()
        self.addCleanup(end)

    def settles_at(self, number):
        """From some moment on everybody is answered by this one."""
        def only_this_one():
            here = len(self.told)
            wait_until(lambda: len(self.told) >= here + 30, 20, "30 answers")
            return set(self.told[here:here + 30]) == {self.target(number)}
        wait_until(only_this_one, 40, f"answers by {self.target(number)} alone")

    def test_busy_connections_go_back_to_the_better_target(self):
        self.start((10, 20), pool={"connections": 2})
        self.up(2)
        wait_until(lambda: self.answered_by() == self.target(2), 20, "the second server")
        self.keep_busy()
        self.settles_at(2)
        self.up(1)
        self.settles_at(1)
        self.assertLessEqual(set(self.told), {self.target(1), self.target(2)}, "nobody is turned away for it")

    def test_also_when_the_worse_one_was_found_by_a_probe(self):
        """Both were down, and known to be. The worse one is back first: its connection was made when nobody looked at the records."""
        self.start((10, 20), pool={"connections": 1})
        wait_until(lambda: self.answered_by() == "tempfail" and len(re.findall(r"dc\d\.fake\.test:\d+ +down for ", self.daemon.tool("status").stdout)) == 2, 20, "both breakers open")
        self.up(2)
        wait_until(lambda: self.answered_by() == self.target(2), 20, "the second server")
        self.keep_busy()
        self.settles_at(2)
        self.up(1)
        self.settles_at(1)

    def test_B_19_targets_take_turns_at_a_refused_service_account(self):
        """At once, after one second, and after four more."""
        self.start((10, 20), breaker={"service_account": "250ms"})
        refuse = [self.up(number, faults={"service": wrong_password}) for number in (1, 2)]

        def refused():
            return [s.commands().count(chr(BIND)) for s in refuse]
        wait_until(lambda: self.answered_by() == "tempfail" and sum(refused()) == 4, 20, "the fourth refusal")
        self.assertEqual(refused(), [2, 2])
