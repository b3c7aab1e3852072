"""The small programs for callers that run a program: checkpassword, and ejabberd's external authentication."""
import os
import socket
import struct
import subprocess
import time

from lab.case import SharedCase, backend, pop3_backend, route, static_backend
from lab.place import free_port
from lab.process import run

ANN, RIGHT, WRONG = "ann@example.test", "correct-horse-7781", "wrong-horse-9913"
DOWN = "ann@down.test"


class Checkpassword(SharedCase):
    label = "checkpassword"

    @classmethod
    def prepare(cls):
        people = static_backend(cls.lab, {ANN: (RIGHT, []), "off@example.test": (None, [])})
        cls.daemon = cls.lab.daemon(backends=[people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
                                    routes=[route("example.test", "people"), route("down.test", "nobody")])
        cls.daemon.canaries |= {RIGHT, WRONG}
        cls.program = os.path.join(cls.daemon.prefix.path, "bin/authbroker-checkpassword")

    def ask(self, data, *options, command=("/usr/bin/env",), env=None, give=True):
        """(exit status, output). The credentials come on descriptor 3."""
        reading, writing = os.pipe()
        os.write(writing, data)
        os.close(writing)
        script = f'exec 3<&{reading}; exec "$@"' if give else 'exec "$@"'
        try:
            done = subprocess.run(["sh", "-c", script, "sh", self.program, *options, *command], pass_fds=[reading], capture_output=True, text=True, timeout=30,
                                  env={"PATH": os.environ["PATH"]} | (env or {}), check=False)
        finally:
            os.close(reading)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def login(self, name, password, *options, **more):
        return self.ask(f"{name}\0{password}\0Y123456\0".encode(), "-s", self.daemon.http, *options, **more)

    def test_man_finds_each_program(self):
        for program in ("authbroker-checkpassword", "authbroker-extauth"):
            with self.subTest(program=program):
                with open(os.path.join(self.daemon.prefix.path, f"share/man/man7/{program}.7")) as page:
                    self.assertIn(f".Nm {program}\n", page.read())

    def test_accept_runs_the_program_as_the_identity(self):
        status, out = self.login(ANN.upper(), RIGHT, env={"KEPT": "yes"})
        self.assertEqual(status, 0)
        self.assertIn(f"USER={ANN}\n", out)
        self.assertIn("KEPT=yes\n", out)
        self.assertNotIn(RIGHT, out)

    def test_its_status_is_the_programs(self):
        self.assertEqual(self.login(ANN, RIGHT, command=("/bin/sh", "-c", "exit 7"))[0], 7)

    def test_the_program_does_not_get_the_password(self):
        status, out = self.login(ANN, RIGHT, command=("/bin/sh", "-c", "(cat <&3) 2>/dev/null || echo closed; env; cat /proc/self/cmdline"))
        self.assertEqual(status, 0)
        self.assertTrue(out.startswith("closed\n"), out)
        self.assertNotIn(RIGHT, out)

    def test_reject_is_1_and_runs_nothing(self):
        for name, password in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("off@example.test", RIGHT), ("ann@nowhere.test", RIGHT), (ANN, ""), ("", RIGHT)):
            with self.subTest(name=name, password=password):
                self.assertEqual(self.login(name, password), (1, ""))

    def test_G_08_tempfail_is_111_and_runs_nothing(self):
        self.assertEqual(self.login(DOWN, RIGHT), (111, ""))
        data = f"{ANN}\0{RIGHT}\0".encode()
        self.assertEqual(self.ask(data, "-s", "/nonexistent/sock"), (111, ""))
        self.assertEqual(self.ask(f"{ANN}\0p\xe4ss\0".encode("latin-1"), "-s", self.daemon.http), (111, ""))

    def test_a_program_that_is_not_there_is_111(self):
        self.assertEqual(self.login(ANN, RIGHT, command=("/nonexistent/program",)), (111, ""))

    def test_wrong_use_is_2(self):
        whole = f"{ANN}\0{RIGHT}\0".encode()
        for what, data, options, more in (("one text", ANN.encode() + b"\0" + RIGHT.encode(), (), {}), ("nothing", b"", (), {}), ("too much", b"a" * 3000 + b"\0b\0", (), {}),
                                          ("no program", whole, (), {"command": ()}), ("no input", whole, (), {"give": False}), ("an option", whole, ("-x", "1"), {}),
                                          ("a value", whole, ("-t", "soon"), {}), ("a path", whole, ("-s", "sock"), {}), ("a domain", whole, ("-d", "a@b"), {})):
            with self.subTest(what=what):
                self.assertEqual(self.ask(data, "-s", self.daemon.http, *options, **more), (2, ""))

    def test_option_d_is_for_names_without_a_domain(self):
        self.assertEqual(self.login("ann", RIGHT)[0], 1)
        self.assertEqual(self.login("ann", RIGHT, "-d", "example.test")[0], 0)
        self.assertEqual(self.login(ANN, RIGHT, "-d", "nowhere.test")[0], 0)

    def test_option_t_is_how_long_a_broker_may_take(self):
        self.assertEqual(self.login(ANN, RIGHT, "-t", "20")[0], 0)
        silent = os.path.join(self.daemon.folder, "silent")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(silent)
            s.listen()
            began = time.monotonic()
            self.assertEqual(self.ask(f"{ANN}\0{RIGHT}\0".encode(), "-s", silent, "-t", "1"), (111, ""))
        self.assertTrue(1 <= time.monotonic() - began < 6)

    def test_the_broker_hears_client_and_service(self):
        self.login(ANN, RIGHT, env={"TCPREMOTEIP": "203.0.113.9", "SERVICE": "pop3"})
        self.daemon.await_log(r"service=pop3")
        self.login(ANN, RIGHT, "-n", "maildrop")
        self.daemon.await_log(r"service=maildrop")
        self.assertIn("203.0.113.9", self.daemon.log())


class Extauth(SharedCase):
    label = "extauth"

    @classmethod
    def prepare(cls):
        people = static_backend(cls.lab, {ANN: (RIGHT, []), "colon@example.test": ("a:b:c-colons-77", [])})
        cls.daemon = cls.lab.daemon(backends=[people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}"),
                                              backend("nobody-rcpt", "vrfy", f"smtp://127.0.0.1:{free_port()}", settings={"helo": "broker.example.test"})],
                                    routes=[route("example.test", "people", mailbox=["people"]), route("down.test", "nobody", mailbox=["nobody-rcpt"]), route("half.test", "people")])
        cls.daemon.canaries |= {RIGHT, WRONG, "a:b:c-colons-77"}
        cls.program = os.path.join(cls.daemon.prefix.path, "bin/authbroker-extauth")

    def talk(self, *texts, options=()):
        """One process, all questions; its answers."""
        data = b"".join(struct.pack(">H", len(t)) + t for t in (t if isinstance(t, bytes) else t.encode() for t in texts))
        done = subprocess.run([self.program, "-s", self.daemon.http, *options], input=data, capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(len(done.stdout) % 4, 0)
        frames = [done.stdout[i:i + 4] for i in range(0, len(done.stdout), 4)]
        for frame in frames:
            self.assertEqual(frame[:3], b"\0\2\0")
        return [frame[3] for frame in frames]

    def test_logins(self):
        self.assertEqual(self.talk(f"auth:ann:example.test:{RIGHT}", f"auth:ann:example.test:{WRONG}", "auth:colon:example.test:a:b:c-colons-77",
                                   f"auth:nobody:example.test:{RIGHT}", f"auth:ann:nowhere.test:{RIGHT}", "auth:ann:example.test:"), [1, 0, 1, 0, 0, 0])

    def test_users(self):
        self.assertEqual(self.talk("isuser:ann:example.test", "isuser:nobody:example.test", "isuser:ann:nowhere.test"), [1, 0, 0])

    def test_G_08_what_cannot_be_found_out_is_neither_yes_nor_no(self):
        self.assertEqual(self.talk(f"auth:ann:down.test:{RIGHT}", "isuser:ann:down.test", f"auth:ann:example.test:{RIGHT}"), [2, 2, 1])
        self.assertEqual(self.talk(f"auth:ann:example.test:{RIGHT}", options=("-s", "/nonexistent/sock")), [2])

    def test_an_address_that_cannot_be_checked_takes_messages(self):
        self.assertEqual(self.talk("isuser:ann:half.test"), [1])

    def test_passwords_and_accounts_are_made_elsewhere(self):
        self.assertEqual(self.talk(f"setpass:ann:example.test:{WRONG}", f"tryregister:eve:example.test:{WRONG}", "removeuser:ann:example.test",
                                   f"removeuser3:ann:example.test:{RIGHT}", "certauth:ann:example.test:x", f"auth:ann:example.test:{RIGHT}"), [0, 0, 0, 0, 0, 1])

    def test_bad_frames_are_answered_and_hurt_nobody(self):
        self.assertEqual(self.talk("", "auth", "auth:", "auth::example.test:x", "auth:ann@example.test:nowhere.test:" + RIGHT, b"\xff\0\xff", "auth:ann:example.test:" + "x" * 65000,
                                   b"auth:ann:example.test:\xff\xfe", f"auth:ann:example.test:{RIGHT}"), [0, 0, 0, 0, 0, 0, 2, 2, 1])

    def test_option_d_is_the_domain_of_everybody(self):
        self.assertEqual(self.talk(f"auth:ann:xmpp.example.test:{RIGHT}"), [0])
        self.assertEqual(self.talk(f"auth:ann:xmpp.example.test:{RIGHT}", options=("-d", "example.test")), [1])

    def test_part_of_a_frame_ends_it(self):
        done = subprocess.run([self.program, "-s", self.daemon.http], input=b"\0\x40auth:ann", capture_output=True, timeout=30, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_wrong_use_is_2(self):
        for options in (("-x", "1"), ("word",), ("-t",), ("-t", "0")):
            with self.subTest(options=options):
                self.assertEqual(run([self.program, *options]).returncode, 2)
