"""What the daemon's process shows to others, holds after a question, and does when the system denies it something."""
import os
import re
import shutil
import threading
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab import clients
from lab.case import LabCase, pop3_backend, route, static_backend
from lab.daemon import NotReady
from lab.life import ANN, RIGHT, WRONG, Life
from lab.prefix import Prefix
from lab.process import must, run, wait_until

AS_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]


class Memory(LabCase):
    def test_R_08_no_password_is_left_in_memory(self):
        """A hundred passwords over each listener, to each plugin; a second later all memory is searched for their common beginning."""
        head, n = "cAnArY-4711-", 100
        held = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"pass": faults.silence}))
        passwords = [f"{head}{i:03d}-{os.urandom(8).hex()}" for i in range(n)]
        users = {"ann": passwords[0]}
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, users=users, sasl=["PLAIN"]))
        daemon = self.lab.daemon(backends=[pop3_backend("mail", server.url(), self.lab, settings={"mechanisms": ["PLAIN"]}),
                                           pop3_backend("user", server.url(), self.lab, settings={"mechanisms": ["USER"]}),
                                           pop3_backend("held", held.url("127.0.0.1")), static_backend(self.lab, {"ann@static.test": (passwords[-1], [])})],
                                 routes=[route(f"{name}.test", name, strip_domain=True) for name in ("mail", "user", "held")] + [route("static.test", "people")],
                                 log={"level": "info"}, broker={"request_timeout": "3s"})
        if daemon.prefix.sanitized:  # freed memory is kept there on purpose
            return
        waiting = threading.Thread(target=lambda: daemon.login("ann@held.test", passwords[0]))
        waiting.start()
        self.assertTrue(held.wait(lambda s: s.credentials == 1))
        self.assertTrue(memory_has(daemon.process.pid, head.encode()), "a password that is in use is not found: the search is blind")
        waiting.join()
        for i, password in enumerate(passwords):
            self.assertIn(daemon.login("ann@static.test", password).verdict, ("accept", "reject"))
            self.assertIn(daemon.login("ann@mail.test", password).verdict, ("accept", "reject"))
            self.assertIn(daemon.login("ann@user.test", password).verdict, ("accept", "reject"))
            self.assertIn(clients.basic(daemon.http, "ann@mail.test", password).status, (200, 401))
            self.assertIn(daemon.saslauthd("ann@mail.test", password), ("OK", "NO"))
            users["ann"] = passwords[min(i + 1, n - 1)]
        time.sleep(1)  # what is promised: a second after the answer
        found = {name: memory_has(daemon.process.pid, form) for name, form in forms(head).items()}
        self.assertEqual({name: places for name, places in found.items() if places}, {})

    def test_R_07_secrets_are_locked_into_memory(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}))
        daemon = self.lab.daemon(backends=[pop3_backend("mail", server.url("127.0.0.1"))], routes=[route("mail.test", "mail", strip_domain=True)])
        self.verdict(daemon.login("ann@mail.test", RIGHT), "accept")
        if daemon.prefix.sanitized:  # mlock does nothing there
            return
        self.assertGreater(status_of(daemon)["VmLck"], 0)


class Denied(Life):
    def test_S_08_a_full_disk_stops_only_the_log(self):
        daemon = self.start(start=False)
        os.symlink("/dev/full", daemon.log_path)  # standard error
        daemon.start()
        for _ in range(20):
            self.verdict(daemon.login(ANN, RIGHT), "accept")
            self.verdict(daemon.login(ANN, WRONG), "reject", "wrong_password")
        daemon.process.signal(15)
        self.assertEqual(daemon.process.wait(10), 0)
        daemon.kill()

    def as_nobody(self):
        daemon = self.start(start=False, broker={"request_timeout": "1s"})
        for path in (daemon.folder, daemon.config_path, self.people["settings"]["file"]):
            shutil.chown(path, "nobody")
        return daemon

    def test_S_12_without_threads_it_does_not_start(self):
        daemon = self.as_nobody()
        # The limit counts all processes of a user, and root's are not limited.
        with self.assertRaises(NotReady) as caught:
            daemon.start(wrap=[*AS_NOBODY, "prlimit", "--nproc=1", "--"])
        self.assertIn("Resource temporarily unavailable", str(caught.exception))
        self.assertRegex(str(caught.exception), r"exit status (1|78)\n")

    def test_S_12_a_thread_that_cannot_be_had_is_a_tempfail(self):
        daemon = self.as_nobody()
        daemon.start(wrap=AS_NOBODY)
        limit = lambda n: must([*AS_NOBODY, "prlimit", f"--pid={daemon.process.pid}", f"--nproc={n}:"])  # noqa: E731
        limit(1)
        for _ in range(3):
            self.assertIn(daemon.login(ANN, RIGHT).verdict, ("accept", "tempfail"))
            self.assertIn(daemon.login(ANN, WRONG).verdict, ("reject", "tempfail"))
        limit(1000)
        wait_until(lambda: daemon.login(ANN, RIGHT).verdict == "accept", 5, "recovery")

    def test_Q_13_a_file_that_changes_while_it_is_read(self):
        """Written in place, in pieces, by somebody in no hurry: each reload finds a whole configuration or none."""
        daemon = self.start()
        with open(daemon.config_path) as f:
            good = f.read()
        stop = threading.Event()

        def edit():
            while not stop.is_set():
                with open(daemon.config_path, "w") as f:
                    for i in range(0, len(good), 200):
                        f.write(good[i:i + 200])
                        f.flush()
        editor = threading.Thread(target=edit)
        editor.start()
        try:
            for _ in range(30):
                daemon.reload()
                self.verdict(daemon.login(ANN, RIGHT), "accept")
                self.verdict(daemon.login(ANN, WRONG), "reject", "wrong_password")
        finally:
            stop.set()
            editor.join()
        before = len(daemon.log())
        daemon.reload()
        daemon.await_log("event=reloaded", after=before)


class Seen(Life):
    def test_R_06_the_same_user_sees_nothing(self):
        daemon = self.start(start=False)
        for path in (daemon.folder, daemon.config_path, self.people["settings"]["file"]):
            shutil.chown(path, "nobody")
        daemon.start(wrap=AS_NOBODY)
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        pid = daemon.process.pid
        for name in ("cmdline", "environ"):  # as root: there is nothing to be found either
            with open(f"/proc/{pid}/{name}", "rb") as f:
                self.assertNotIn(RIGHT.encode(), f.read())
        if daemon.prefix.sanitized:  # such a process stays open to its tools
            return
        for name in ("mem", "environ", "maps", "fd/0"):
            done = run([*AS_NOBODY, "head", "-c1", f"/proc/{pid}/{name}"])
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn("denied", done.stderr, name)

    def test_R_09_no_descriptor_would_be_inherited(self):
        daemon = self.start()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        folder = f"/proc/{daemon.process.pid}/fdinfo"
        looked = 0
        for number in sorted(int(n) for n in os.listdir(folder)):
            if number > 2:
                try:
                    with open(f"{folder}/{number}") as f:
                        flags = int(re.search(r"flags:\s+(\d+)", f.read()).group(1), 8)
                    name = os.readlink(f"/proc/{daemon.process.pid}/fd/{number}")
                except FileNotFoundError:  # the caller's connection, closed meanwhile
                    continue
                self.assertTrue(flags & os.O_CLOEXEC, name)
                looked += 1
        self.assertGreater(looked, 3)

    def test_R_11_names_are_in_no_status(self):
        daemon = self.start(start=False)
        daemon.listeners[0]["allow"] = ["login", "mailbox", "status", "metrics"]
        daemon.write_config()
        daemon.start()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        self.verdict(daemon.login("strange-name@example.test", WRONG), "reject", "no_such_user")
        for target in ("/v1/status", "/", "/metrics"):
            body = clients.request(daemon.http, "GET", target).body
            for name in (b"ann@", b"strange-name", RIGHT.encode(), WRONG.encode()):
                self.assertNotIn(name, body, target)
        self.assertIn(b"people", clients.request(daemon.http, "GET", "/v1/status").body, "a status without backends shows nothing at all")

    def test_S_03_R_10_few_signals_are_caught(self):
        """Handlers are the event loop's own, which only write a byte; nothing else catches anything."""
        daemon = self.start()
        if daemon.prefix.sanitized:  # its tools catch signals of their own
            return
        caught = status_of(daemon, base=16)["SigCgt"]
        names = {n for n in range(1, 32) if caught >> (n - 1) & 1}
        self.assertTrue(names <= {1, 2, 3, 15}, names)  # HUP, INT, QUIT, TERM
        self.assertTrue(names >= {1, 15}, names)


class Plugins(LabCase):
    """What the shipped plugins show to the linker."""

    def plugins(self):
        folder = Prefix.given().plugins
        names = [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(".so")]
        self.assertGreaterEqual(len(names), 2)
        return names

    def symbols(self, path, *options):
        return {line.split()[-1].split("@")[0] for line in must(["nm", "-D", *options, path]).splitlines()}

    def test_P_09_one_symbol_is_exported(self):
        for path in self.plugins():
            with self.subTest(plugin=os.path.basename(path)):
                self.assertEqual({s for s in self.symbols(path, "--defined-only") if not s.startswith("__odr_asan")}, {"abk_plugin_1"})

    def test_P_11_nothing_global_is_touched(self):
        forbidden = {"setlocale", "signal", "sigaction", "umask", "chdir", "exit", "_exit", "fork", "vfork", "system", "setenv", "putenv", "dlclose", "setuid"}
        for path in self.plugins():
            with self.subTest(plugin=os.path.basename(path)):
                self.assertEqual(self.symbols(path, "--undefined-only") & forbidden, set())


def status_of(daemon, base=10):
    """Numbers of /proc/PID/status."""
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return {name: int(rest.split()[0], base) for name, rest in (line.split(":", 1) for line in f) if re.fullmatch(r"\s*[0-9a-f]+( kB)?\s*", rest)
                and (base == 16 or rest.split()[0].isdigit())}


def forms(text):
    """How a password that begins so may lie in memory. Base64 at the three places where it may begin, without its blurred ends."""
    import base64
    out = {"as it is": text.encode(), "UTF-16": text.encode("utf-16-le")}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + text.encode())
        out[f"base64 at {shift}"] = whole[(0, 2, 3)[shift]:(len(text) + shift) // 3 * 4]
    return out


def memory_has(pid, needle):
    """Where: the mappings, and how often in each."""
    places = {}
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            span, modes, *_ = line.split()
            name = line.split(None, 5)[5].strip() if len(line.split(None, 5)) > 5 else "anonymous"
            if not modes.startswith("r") or name in ("[vvar]", "[vsyscall]"):
                continue
            low, high = (int(x, 16) for x in span.split("-"))
            try:
                count = os.pread(mem.fileno(), high - low, low).count(needle)
            except OSError:
                continue
            if count:
                places[f"{span} {name}"] = count
    return places
