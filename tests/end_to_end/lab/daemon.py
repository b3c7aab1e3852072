"""The daemon under test: its configuration, its life, and what must be true of it whatever a test does."""
import base64
import os
import re
import signal

from . import clients, toml
from .notices import Notices
from .place import put
from .prefix import Prefix
from .process import Process, run, wait_until

_SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:")


class NotReady(Exception):
    pass


running = []  # for the runner: whose log belongs to a failure


class Daemon:
    """Started and ready, or NotReady with its log. stop() checks: exit status 0, no sanitizer report, no password in the log.

    Every password that goes through login(), saslauthd() and tool() is a canary: the log must not have it in any form.
    """

    def __init__(self, folder, backends=(), routes=(), listeners=None, broker=None, log=None, start=True, env=None, preexec=None, extra_tables=None):
        self.folder = folder
        self.prefix = Prefix.given()
        self.http, self.mux, self.admin = (os.path.join(folder, n) for n in ("http.sock", "mux", "admin.sock"))
        self.config_path = os.path.join(folder, "authbroker.toml")
        self.log_path = os.path.join(folder, "log")
        self._env, self._preexec = env, preexec
        self.canaries = set()
        self.broker = {"plugin_dirs": [self.prefix.plugins], "state_dir": folder, "admin_socket": self.admin, "workers": 2} | (broker or {})
        self.listeners = self.default_listeners() if listeners is None else listeners
        self.log_table = {"level": "debug"} | (log or {})
        self.backends, self.routes = list(backends), list(routes)
        self.extra_tables = extra_tables or {}
        self.process = None
        self.write_config()
        if start:
            self.start()

    def default_listeners(self):
        return [{"name": "http", "protocol": "http", "address": "unix:" + self.http, "mode": "0666", "allow": ["login", "mailbox", "status"]},
                {"name": "sasl", "protocol": "saslauthd", "address": "unix:" + self.mux, "mode": "0666", "allow": ["login"]}]

    def write_config(self, text=None):
        if text is None:
            text = toml.document({"broker": self.broker, "log": self.log_table, "listener": self.listeners, "backend": self.backends,
                                  "route": self.routes} | self.extra_tables)
        put(self.config_path, text, 0o600)

    # life

    def spawn(self, wrap=(), pass_fds=(), env=None):
        """Starts it and does not wait. The notify socket is ours."""
        notify_path = os.path.join(self.folder, "notify")
        self.notices = Notices(notify_path)
        environment = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": notify_path, "TZ": "UTC"}
        # The process makes itself undumpable, and LeakSanitizer needs to trace it: leaks are the unit tests' business.
        environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "detect_leaks=0")
        for name in ("TSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment |= (self._env or {}) | (env or {})
        self.process = Process([*wrap, self.prefix.daemon, "--config", self.config_path], log=self.log_path, env=environment,
                               preexec=self._preexec, pass_fds=pass_fds)
        running.append(self)

    def start(self, seconds=20, **more):
        self.spawn(**more)
        try:
            self.await_notice("READY=1", seconds=seconds)
        except NotReady:
            self.kill()
            raise
        return self

    def await_notice(self, line, more_than=0, seconds=20):
        """Waits for this line of a notification, sent more often than so many times."""
        def once():
            if self.notices.wait(line, more_than):
                return True
            if self.process.status is not None:
                raise NotReady(f"exit status {self.process.status}\n{self.log()}")
            return False
        try:
            wait_until(once, seconds, f"notice {line}")
        except TimeoutError as e:
            raise NotReady(f"{e}\n{self.log()}") from e

    def stop(self, seconds=12):
        if self.process is None:
            return
        pid_alive = self.process.status is None
        status = self.process.stop(seconds)
        self._gone()
        self.check_log()
        if pid_alive and status != 0:
            raise AssertionError(f"authbrokerd: exit status {status} after SIGTERM\n{self.log()[-4000:]}")
        if not pid_alive:
            raise AssertionError(f"authbrokerd died by itself: exit status {status}\n{self.log()[-4000:]}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self._gone()

    def _gone(self):
        self.notices.close()
        self.process = None
        running.remove(self)

    def reload(self, seconds=20):
        """SIGHUP; returns once the daemon says that it is ready again, whatever it thought of the configuration."""
        before = self.notices.count("READY=1")
        self.process.signal(signal.SIGHUP)
        self.await_notice("READY=1", before, seconds)

    # what it says

    def log(self):
        if not os.path.isfile(self.log_path):  # a test may have put something else there
            return ""
        with open(self.log_path, "rb") as f:
            return f.read().decode(errors="replace")

    def await_log(self, pattern, seconds=5, after=0):
        """The match. The log is written by a thread of its own, moments after what it tells."""
        return wait_until(lambda: re.search(pattern, self.log()[after:]), seconds, f"log line {pattern}")

    def check_log(self):
        text = self.log()
        if found := _SANITIZER.search(text):
            raise AssertionError("sanitizer report\n" + text[max(0, found.start() - 200):found.start() + 5000])
        for password in self.canaries:
            raw = password.encode()
            escaped = "".join(c if c.isascii() and c.isprintable() else "".join(f"\\x{b:02x}" for b in c.encode()) for c in password)
            for form in {password, escaped, base64.b64encode(raw).decode(), base64.b64encode(raw).decode().rstrip("=")}:
                if form in text:
                    line = next(line for line in text.splitlines() if form in line)
                    raise AssertionError(f"a password is in the log: {line}")

    # questions

    def _canary(self, password):
        if len(password) >= 8:
            self.canaries.add(password)

    def login(self, address, password, path=None, **members):
        """POST /v1/login. An Answer: status, headers, and the members of the JSON body."""
        self._canary(password)
        return clients.post(path or self.http, "/v1/login", {"address": address, "password": password} | members)

    def mailbox(self, address, path=None, **members):
        return clients.post(path or self.http, "/v1/mailbox", {"address": address} | members)

    def saslauthd(self, user, password, realm="", path=None):
        self._canary(password)
        return clients.saslauthd(path or self.mux, user, password, realm)

    def tool(self, *words, password=None, timeout=30):
        """The command line, pointed at this daemon."""
        if password is not None:
            self._canary(password)
        return run([self.prefix.tool, "--config", self.config_path, *words], input=None if password is None else password + "\n", timeout=timeout)
