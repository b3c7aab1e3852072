"""Plugins: built outside the tree from the installed package, dropped in, asked; refused when they could be anybody's; and bad ones."""
import concurrent.futures
import os
import re
import shutil
import socketserver
import threading

from lab.case import LabCase, route, static_backend
from lab.daemon import NotReady
from lab.place import put
from lab.prefix import Prefix, source
from lab.process import must

ANN, RIGHT, WRONG = "ann@example.test", "plugin-Pw-61172", "wrong-Pw-30412"


class LineServer(socketserver.ThreadingTCPServer):
    """A greeting, then an answer a line: answer(line) -> bytes, or None to hang up."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, greeting, answer):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    self.wfile.write(greeting)
                    for line in self.rfile:
                        reply = answer(line)
                        if reply is None:
                            return
                        self.wfile.write(reply)
                except OSError:
                    pass
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"tcp://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Plugins(LabCase):
    def setUp(self):
        super().setUp()
        self.prefix = Prefix.given()
        self.dropped = self.lab.place.sub("plugins")
        self.environment = os.environ | {"PKG_CONFIG_PATH": os.path.join(self.prefix.path, "lib/pkgconfig"), "CMAKE_PREFIX_PATH": self.prefix.path}

    def example(self, name):
        folder = os.path.join(self.lab.place.sub("example"), name)
        shutil.copytree(os.path.join(self.prefix.path, "share/doc/authbroker/examples", name), folder)
        return folder

    def pkg_config(self, compiler, code, name, *more):
        flags = must(["pkg-config", "--cflags", "--libs", "authbroker-plugin"], env=self.environment).split()
        must([*compiler, "-fPIC", "-shared", code, "-o", os.path.join(self.dropped, name + ".so"), *more, *flags], timeout=120)

    def daemon_with(self, *backends, start=True, **more):
        backends = [{"plugin": b["name"]} | b for b in backends]
        return self.lab.daemon(backends=[static_backend(self.lab, {ANN: (RIGHT, [])}), *backends],
                               routes=[route("example.test", "people"), *(route(f"{b['name'].replace('_', '-')}.test", b["name"]) for b in backends)],
                               broker={"plugin_dirs": [self.dropped, self.prefix.plugins]} | more.pop("broker", {}), start=start, **more)


class Examples(Plugins):
    def flatfile(self):
        users = os.path.join(self.lab.place.sub("flat"), "users")
        put(users, f"ann@flatfile.test:{RIGHT}\n", 0o600)
        return {"name": "flatfile", "settings": {"file": users}}

    def tiny(self):
        def answer(line):
            words = line.split()
            if words[0] == b"login":
                return {b"ann@tiny.test": b"yes\n" if words[2] == RIGHT.encode() else b"no\n", b"later@tiny.test": b"later\n"}.get(words[1], b"what?\n")
            if words[0] == b"exists":
                return b"yes\n" if words[1] == b"ann@tiny.test" else b"no\n"
            return None
        server = self.lab.adopt(LineServer(b"tiny 1\n", answer))
        return {"name": "tiny", "upstream": [server.url], "cleartext": True}

    def ask_both(self):
        daemon = self.daemon_with(self.flatfile(), self.tiny())
        for name in ("flatfile", "tiny"):
            with self.subTest(plugin=name):
                self.verdict(daemon.login(f"ann@{name}.test", RIGHT), "accept")
                self.verdict(daemon.login(f"ann@{name}.test", WRONG), "reject", "wrong_password")
        self.verdict(daemon.login("later@tiny.test", RIGHT), "tempfail", "upstream_busy")
        self.verdict(daemon.login("other@tiny.test", RIGHT), "tempfail", "upstream_nonsense")
        self.verdict(daemon.login("nobody@flatfile.test", RIGHT), "reject", "no_such_user")
        self.assertRegex(daemon.tool("plugins").stdout, r"flatfile[\s\S]*tiny|tiny[\s\S]*flatfile")

    def test_built_with_pkg_config(self):
        self.pkg_config(["cc", "-std=c11"], os.path.join(self.example("flatfile"), "flatfile.c"), "flatfile")
        self.pkg_config(["c++", "-std=c++20"], os.path.join(self.example("tiny"), "tiny.cpp"), "tiny")
        self.ask_both()

    def test_built_with_cmake_and_tested_there(self):
        for name in ("flatfile", "tiny"):
            folder = self.example(name)
            must(["cmake", "-S", folder, "-B", folder + "/build"], env=self.environment, timeout=120)
            must(["cmake", "--build", folder + "/build"], env=self.environment, timeout=240)
            if name == "tiny":
                must(["ctest", "--test-dir", folder + "/build", "--output-on-failure"], env=self.environment, timeout=120)
            shutil.copy(f"{folder}/build/{name}.so", self.dropped)
        self.ask_both()

    def test_dropped_in_and_reloaded_while_running(self):
        daemon = self.daemon_with()
        self.pkg_config(["cc", "-std=c11"], os.path.join(self.example("flatfile"), "flatfile.c"), "flatfile")
        daemon.backends.append({"plugin": "flatfile"} | self.flatfile())
        daemon.routes.append(route("flatfile.test", "flatfile"))
        daemon.write_config()
        daemon.reload()
        self.verdict(daemon.login("ann@flatfile.test", RIGHT), "accept")


class Trust(Plugins):
    """P-01: a plugin that others could have written runs as nobody's."""

    def refused(self, daemon, *words):
        with self.assertRaises(NotReady) as caught:
            daemon.start()
        for word in ("exit status 78", *words):
            self.assertIn(word, str(caught.exception))

    def dropped_pop3(self):
        shutil.copy(os.path.join(self.prefix.plugins, "pop3.so"), self.dropped)
        return self.daemon_with({"name": "mail", "plugin": "pop3", "upstream": ["pop3s://mail.example.test"]}, start=False), os.path.join(self.dropped, "pop3.so")

    def test_P_01_file_that_others_may_write(self):
        for mode in (0o664, 0o646):
            daemon, path = self.dropped_pop3()
            os.chmod(path, mode)
            self.refused(daemon, path)

    def test_P_01_folder_that_others_may_write(self):
        daemon, path = self.dropped_pop3()
        os.chmod(self.dropped, 0o777)
        self.refused(daemon, self.dropped)

    def test_P_01_foreign_owner(self):
        daemon, path = self.dropped_pop3()
        shutil.chown(path, "nobody")
        self.refused(daemon, path)

    def test_P_01_link_to_where_others_write(self):
        daemon, path = self.dropped_pop3()
        loose = self.lab.place.sub("loose")
        os.chmod(loose, 0o777)
        shutil.move(path, loose + "/pop3.so")
        os.symlink(loose + "/pop3.so", path)
        self.refused(daemon, loose)

    def test_good_ones_are_taken_first_directory_first(self):
        daemon, path = self.dropped_pop3()
        daemon.start()
        self.assertIn(path, daemon.tool("plugins").stdout)


# What must become of a question whose upstream says yes, and of one whose upstream says no.
LAWFUL = {"yes": {"accept", "tempfail"}, "no": {"reject", "tempfail"}}
ALWAYS_TEMPFAIL = {"another_id", "illegal_reason", "unknown_verdict", "never_finishes", "no_answer", "garbage_step", "start_tls_late", "ready_unanswered",
                   "throws_in_open", "null_open", "throws_in_prepare", "throws_in_begin", "throws_in_resume", "yes_in_prepare", "misleading_next", "check_throws",
                   "check_silent", "check_illegal"}


class Zoo(Plugins):
    def build(self, code, names):
        path = os.path.join(source(), "tests/bad_plugins", code)

        def one(name):
            self.pkg_config(["c++", "-std=c++20", f'-DBAD_NAME="bad_{name}"', f"-DBAD_{name}=1"], path, "bad_" + name)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(one, names))

    def deeds(self, code):
        with open(os.path.join(source(), "tests/bad_plugins", code)) as f:
            return sorted(set(re.findall(r"BAD_([a-z_]+)", f.read())) - {"check"})

    def test_P_04_P_05_what_cannot_be_loaded_changes_nothing(self):
        entries = self.deeds("bad_entry.cpp")
        creators = [d for d in self.deeds("bad_deed.cpp") if d.endswith("_create") or d in ("no_open", "short_backend")]
        self.assertGreaterEqual(len(entries) + len(creators), 10)
        self.build("bad_entry.cpp", entries)
        self.build("bad_deed.cpp", creators)
        server = self.lab.adopt(LineServer(b"", lambda line: b"yes\n"))
        daemon = self.daemon_with()
        pid = daemon.process.pid
        for name in entries + creators:
            with self.subTest(plugin=name):
                before = len(daemon.log())
                daemon.backends.append({"name": "bad", "plugin": "bad_" + name, "upstream": [server.url], "cleartext": True})
                daemon.routes.append(route("bad.test", "bad"))
                daemon.write_config()
                daemon.reload()
                daemon.await_log(f"event=reload_refused.*bad", after=before)
                self.assertEqual(daemon.process.pid, pid)
                self.verdict(daemon.login(ANN, RIGHT), "accept")
                self.verdict(daemon.login("ann@bad.test", RIGHT), "no_route", "no_route")
                daemon.backends.pop(), daemon.routes.pop()
        daemon.write_config()
        daemon.reload()
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_P_06_P_07_bad_answers_are_never_wrong_answers(self):
        names = [d for d in self.deeds("bad_deed.cpp") if not d.endswith("_create") and d not in ("no_open", "short_backend")]
        self.assertGreaterEqual(len(names), 20)
        self.build("bad_deed.cpp", names)
        backends = []
        for said in ("yes", "no"):
            server = self.lab.adopt(LineServer(b"", lambda line, said=said: said.encode() + b"\r\n"))
            backends += [{"name": f"{said}_{n}", "plugin": "bad_" + n, "upstream": [server.url], "cleartext": True} for n in names]
        daemon = self.daemon_with(*backends, broker={"request_timeout": "2s"})

        def ask(backend):
            said, _, name = backend["name"].partition("_")
            password = {"yes": RIGHT, "no": "no"}[said] if name.startswith("check_") else RIGHT
            return said, name, daemon.login(f"ann@{backend['name'].replace('_', '-')}.test", password)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, backends * 2))
        for said, name, answer in answers:
            with self.subTest(plugin=name, upstream=said):
                self.assertIn(answer.verdict, {"tempfail"} if name in ALWAYS_TEMPFAIL else LAWFUL[said], answer)
        self.verdict(daemon.login(ANN, RIGHT), "accept")
