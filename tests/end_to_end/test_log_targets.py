"""Where the log goes when it goes to the system: to journald and syslogd, played by sockets in a mount namespace."""
import os
import signal
import socket
import threading

from lab.case import LabCase, route, static_backend
from lab.process import wait_until

RIGHT = "sesame-0815"
# The daemon's own /run and /dev, with nothing in them but what it needs and our socket.
JOURNAL = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind "$1" /run/systemd/journal && shift && exec "$@"'
SYSLOG = ('d="$1.dev"; mkdir "$d" && mount -t tmpfs tmpfs "$d" && '
          'for n in null zero random urandom; do : >"$d/$n" && mount --bind "/dev/$n" "$d/$n" || exit; done; '
          ': >"$d/log" && mount --bind "$1/log" "$d/log" && mount --rbind "$d" /dev && shift && exec "$@"')


class Listener:
    """A datagram socket, and all that came."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.heard = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while datagram := self.socket.recv(65536):
            self.heard.append(datagram)

    def wait_for(self, *words):
        wait_until(lambda: any(all(w in d for w in words) for d in list(self.heard)), 10, f"{words} in the log")
        return next(d for d in list(self.heard) if all(w in d for w in words))


class LogTargets(LabCase):
    def daemon_that_tells(self, target, setup, name):
        folder = self.lab.place.sub("t")
        listener = Listener(os.path.join(folder, name))
        daemon = self.lab.daemon(backends=[static_backend(self.lab, {"ann@static.test": (RIGHT, [])})], routes=[route("static.test", "people")],
                                 log={"target": target, "level": "info"}, start=False)
        daemon.start(wrap=["unshare", "--mount", "--propagation", "private", "sh", "-c", setup, "sh", folder])
        return daemon, listener

    def ask(self, daemon):
        self.verdict(daemon.login("ann@static.test", RIGHT), "accept")
        self.verdict(daemon.login("ann@static.test", "wrong-one-4711"), "reject", "wrong_password")

    def test_the_journal_hears_each_decision_with_its_priority(self):
        daemon, journal = self.daemon_that_tells("journal", JOURNAL, "socket")
        self.ask(daemon)
        heard = journal.wait_for(b"event=decision", b"verdict=reject")
        for field in (b"PRIORITY=6\n", b"SYSLOG_IDENTIFIER=authbroker\n", b"MESSAGE=ts="):
            self.assertIn(field, heard)
        daemon.process.signal(signal.SIGHUP)
        self.assertIn(b"PRIORITY=", journal.wait_for(b"event=reloaded"))
        self.assertFalse(any(b"wrong-one-4711" in d or RIGHT.encode() in d for d in journal.heard))
        self.assertNotIn("event=decision", daemon.log())

    def test_syslog_hears_each_decision_with_its_facility(self):
        daemon, syslog = self.daemon_that_tells("syslog", SYSLOG, "log")
        self.ask(daemon)
        heard = syslog.wait_for(b"event=decision", b"verdict=accept")
        self.assertTrue(heard.startswith(b"<22>"), heard)  # mail.info
        self.assertIn(b" authbroker[", heard)
        self.assertNotIn("event=decision", daemon.log())
