"""What tests of `authbroker probe` are made of."""
import json
import random
import socket
import threading

from . import toml
from .case import SharedCase
from .prefix import Prefix
from .process import run

YES, NO, USAGE, UNVERIFIABLE, TEMPFAIL, CONFIGURATION = 0, 1, 2, 3, 75, 78


def own_address(ports):
    """A loopback address where nobody has these ports."""
    while True:
        address = "127." + ".".join(str(random.SystemRandom().randrange(2, 250)) for _ in range(3))
        try:
            for port in ports:
                with socket.socket() as s:
                    s.bind((address, port))
            return address
        except OSError:
            continue


class Forwarder:
    """Hands every connection to `address` on to a port of this host."""

    def __init__(self, address, port):
        self._port = port
        self._listener = socket.create_server(address)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self._port))
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(4096):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Probing(SharedCase):
    """No daemon runs, and no configuration exists, while a server is probed."""

    def probe(self, *words, password=None, status=None, trusted=True, json_too=True):
        argv = [Prefix.given().tool, "--config", "/nonexistent/authbroker.toml", "probe", *words]
        argv += ["--ca", self.lab.ca.ca_file] if trusted else []
        argv += ["--password-stdin"] if password is not None else []
        done = run(argv + (["--json"] if json_too else []), input=None if password is None else password + "\n", timeout=60)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        if password:
            self.assertNotIn(password, done.stdout + done.stderr)
        return json.loads(done.stdout) if json_too and done.stdout else done

    def paste(self, report):
        """A daemon that runs with what was printed."""
        daemon = self.lab.daemon(start=False)
        head = toml.document({"broker": daemon.broker, "log": daemon.log_table, "listener": daemon.listeners})
        daemon.write_config(head + report["configuration"])
        checked = run([daemon.prefix.tool, "check-config", "--config", daemon.config_path])
        self.assertEqual(checked.returncode, YES, checked.stdout + checked.stderr + report["configuration"])
        return daemon.start()

    @staticmethod
    def forms(report):
        return [(t["form"], t["verdict"]) for t in report["logins"]]

    @staticmethod
    def attributes(server):
        return {a["name"]: a["value"] for a in server["attributes"]}
