"""What test files are made of."""
import contextlib
import os
import unittest

from .certs import Authority
from .daemon import Daemon
from .place import Place, put
from .process import must


class Lab:
    """A folder, what runs in it, and its end: everything is stopped in reverse, and every stop checks."""

    def __init__(self):
        self.place = Place()
        self._stack = contextlib.ExitStack()
        self._stack.callback(self.place.close)
        self._authority = None

    @property
    def ca(self):
        if self._authority is None:
            self._authority = Authority(self.place.sub("ca"))
        return self._authority

    def adopt(self, thing):
        """Anything with stop()."""
        self._stack.callback(thing.stop)
        return thing

    def server(self, kind, *args, **more):
        return self.adopt(kind(self.place.sub("s"), *args, **more))

    def daemon(self, **more):
        return self.adopt(Daemon(self.place.sub("d"), **more))

    def close(self):
        self._stack.close()


class LabCase(unittest.TestCase):
    """One laboratory a test."""
    maxDiff = None

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)

    def verdict(self, answer, verdict, reason=None):
        """The whole of an answer's meaning, in one comparison that shows everything when it fails."""
        if (answer.verdict, answer.reason) != (verdict, reason):
            self.fail(f"wanted {verdict}/{reason}, got {answer}")


class SharedCase(unittest.TestCase):
    """One laboratory a class; prepare() fills it."""
    maxDiff = None
    verdict = LabCase.verdict

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.prepare()

    @classmethod
    def prepare(cls):
        raise NotImplementedError


def backend(name, plugin, upstream, lab=None, **more):
    """A [[backend]] table. With a laboratory its authority is trusted. Clear text is allowed where an upstream has no TLS."""
    table = {"name": name, "plugin": plugin, "upstream": upstream if isinstance(upstream, list) else [upstream]}
    if any(u.startswith(("pop3://", "ldap://", "smtp://", "imap://")) for u in table["upstream"]):
        table["cleartext"] = True
    if lab is not None:
        table["tls"] = {"ca_file": lab.ca.ca_file}
    for key, value in more.items():
        table[key] = table[key] | value if isinstance(value, dict) and key in table else value
    return table


def pop3_backend(name, upstream, lab=None, **more):
    return backend(name, "pop3", upstream, lab, **more)


def route(domains, login=None, **more):
    table = {"domains": domains if isinstance(domains, list) else [domains]}
    if login is not None:
        table["login"] = login if isinstance(login, list) else [login]
    return table | more


def static_backend(lab, lines, name="people"):
    """lines: address -> (password or None for a disabled account, [aliases]); or a list of raw lines."""
    if isinstance(lines, dict):
        lines = [f"{address}:{'!' if password is None else sha512(password)}:{','.join(aliases)}" for address, (password, aliases) in lines.items()]
    path = os.path.join(lab.place.sub("static"), "users")
    put(path, "\n".join(lines) + "\n", 0o600)
    return {"name": name, "plugin": "static", "settings": {"file": path}}


def sha512(password):
    return must(["openssl", "passwd", "-6", "-stdin"], input=password + "\n").strip()
