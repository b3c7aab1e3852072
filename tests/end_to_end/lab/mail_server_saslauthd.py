"""Cyrus' saslauthd over a sasldb, for Postfix to ask."""
import os

from .mail_server import make_sasldb
from .process import Process, Server, wait_until
from .unpacked import namespaced


class Saslauthd(Server):
    def __init__(self, folder):
        self.socket = os.path.join(folder, "run/mux")
        self._etc = os.path.join(folder, "etc")
        self._folder = folder
        for name in ("etc", "run"):
            os.mkdir(os.path.join(folder, name), 0o755)
        make_sasldb(os.path.join(self._etc, "sasldb2"), 0)
        self.start()

    def start(self):
        argv = ["/usr/sbin/saslauthd", "-d", "-a", "sasldb", "-m", os.path.dirname(self.socket), "-n", "2"]
        self.process = Process(namespaced([("over", self._etc, "/etc")], argv), log=os.path.join(self._folder, "log"))
        wait_until(lambda: os.path.exists(self.socket), 10, "saslauthd's socket")

    def _gone(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def stop(self):
        super().stop()
        self._gone()

    def kill(self):
        super().kill()
        self._gone()
