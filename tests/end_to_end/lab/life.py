"""A daemon with one static route, and what tests of its life add to it."""
import concurrent.futures
import os
import shutil

from fakes import faults
from fakes.pop3 import Pop3Server

from .case import LabCase, pop3_backend, route, static_backend

ANN, RIGHT, WRONG = "ann@example.test", "daemon-Pw-80012", "wrong-Pw-30412"


class Life(LabCase):
    def start(self, start=True, backends=(), routes=(), **more):
        self.people = static_backend(self.lab, {ANN: (RIGHT, [])})
        self.daemon = self.lab.daemon(backends=[self.people, *backends], routes=[route("example.test", "people", mailbox=["people"]), *routes], start=start, **more)
        return self.daemon

    def give_to_nobody(self):
        """What a package would do: root owns, the broker's group may read."""
        shutil.chown(self.people["settings"]["file"], "root", "nogroup")
        os.chmod(self.people["settings"]["file"], 0o640)

    def stuck(self, delay=None, **more):
        """A backend whose server answers PASS after a delay, or never."""
        def late(s, normal):
            s.closing.wait(delay)
            return normal
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, **({"replies": {"pass": late}} if delay else {"faults": {"pass": faults.silence}})))
        return server, pop3_backend("stuck", server.url("127.0.0.1"), pool={"connections": 100}, **more), route("stuck.test", "stuck", strip_domain=True)

    def in_background(self, n, ask):
        pool = concurrent.futures.ThreadPoolExecutor(n)
        self.addCleanup(pool.shutdown)
        return [pool.submit(ask) for _ in range(n)]
