"""What an administrator meets who has just installed the broker: check-config and the start judge alike, and say what to do."""
import json
import os
import re
import socket
import threading

from fakes.pop3 import Pop3Server
from lab.case import LabCase, backend, pop3_backend, route, static_backend
from lab.daemon import NotReady
from lab.place import put
from lab.process import run, wait_until

ANN, RIGHT = "ann@example.test", "admin-Pw-90210"
YES, TEMPFAIL, CONFIGURATION = 0, 75, 78


class Unimpressed:
    """Reads what comes first and hangs up, as directories do that are sent a TLS handshake on their plain port."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)

    def stop(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


def text(path):
    with open(path) as f:
        return f.read()


class Admin(LabCase):
    def daemon(self, **more):
        more.setdefault("backends", [static_backend(self.lab, {ANN: (RIGHT, [])})])
        return self.lab.daemon(routes=more.pop("routes", [route("example.test", "people")]), start=False, **more)

    def check(self, daemon, *more, **env):
        daemon.write_config()
        return run([daemon.prefix.tool, "--config", daemon.config_path, "check-config", *more], env={"PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=0"} | env)

    def refused_by_both(self, daemon, *parts):
        """check-config says so, with a place; and so does the start."""
        done = self.check(daemon)
        self.assertEqual(done.returncode, CONFIGURATION, done)
        with self.assertRaises(NotReady) as refused:
            daemon.start()
        for part in parts:
            self.assertRegex(done.stderr, r"authbroker\.toml:\d+:\d+: ")
            self.assertIn(part, done.stderr)
            self.assertIn(part, str(refused.exception))


class JudgedAlike(Admin):
    def test_plugins_are_found_beside_the_daemon(self):
        daemon = self.daemon()
        del daemon.broker["plugin_dirs"]
        done = self.check(daemon)
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done)
        daemon.start()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        self.assertIn(os.path.join(daemon.prefix.plugins, "static.so"), daemon.tool("plugins").stdout)

    def test_a_plugin_that_is_nowhere_names_the_key_to_set(self):
        daemon = self.daemon()
        daemon.backends[0]["plugin"] = "statik"
        self.refused_by_both(daemon, "no statik.so in " + daemon.prefix.plugins + "; wanted: another name, or its directory in broker.plugin_dirs")

    def test_unknown_groups_and_users(self):
        for key, value, part in (("group", "postfixx", '.group: found "postfixx", a group that this machine does not know'), ("owner", "nobodyy", '.owner: found "nobodyy"'),
                                 ("peers", {"users": ["nobodyy"]}, '.peers.users: found "nobodyy"'), ("peers", {"groups": ["postfixx"]}, '.peers.groups: found "postfixx"'),
                                 ("trust_client", ["nobodyy"], '.trust_client: found "nobodyy"')):
            with self.subTest(key=key):
                daemon = self.daemon()
                daemon.listeners[0][key] = value
                self.refused_by_both(daemon, "listener.http" + part)

    def test_owner_and_group_may_be_numbers(self):
        daemon = self.daemon()
        daemon.listeners[0].update(owner="65534", group="65534", mode="0600")
        self.assertEqual(self.check(daemon).returncode, YES)
        daemon.start()
        s = os.stat(daemon.http)
        self.assertEqual((s.st_uid, s.st_gid), (65534, 65534))

    def test_missing_directories(self):
        daemon = self.daemon()
        nowhere = os.path.join(daemon.folder, "nowhere")
        daemon.listeners[0]["address"] = f"unix:{nowhere}/http.sock"
        self.refused_by_both(daemon, "listener.http.address: the directory " + nowhere + " does not exist; wanted: mkdir " + nowhere)
        daemon = self.daemon(log={"target": nowhere + "/log"})
        self.refused_by_both(daemon, "log.target: the directory " + nowhere + " does not exist; wanted: mkdir " + nowhere)
        daemon = self.daemon(broker={"admin_socket": nowhere + "/admin.sock"})
        self.refused_by_both(daemon, "broker.admin_socket: the directory " + nowhere + " does not exist; wanted: mkdir " + nowhere)

    def test_a_directory_that_the_service_manager_makes_is_a_warning(self):
        daemon = self.daemon()
        daemon.listeners[0]["address"] = "unix:/run/authbroker-is-not-here/http.sock"
        done = self.check(daemon)
        self.assertEqual(done.returncode, YES, done)
        self.assertRegex(done.stderr, r"^warning: \S+: listener.http.address: the directory /run/authbroker-is-not-here does not exist \(yet\).*RuntimeDirectory=")

    def test_problems_of_the_file_and_of_plugins_are_shown_at_once_and_each_once(self):
        daemon = self.daemon()
        daemon.backends[0]["settings"] = {"file": "/nonexistent/users"}
        daemon.backends += [{"name": "other", "plugin": "imapp", "upstream": ["pop3+starttls://h"], "verfiy": True},
                            {"name": "secret", "plugin": "ldap", "upstream": ["ldaps://h"], "settings": {"base": "dc=x", "bind_dn": "cn=x", "bind_password": {"file": "/nonexistent/secret"}}}]
        daemon.routes[0]["login"] = ["people", "nobody"]
        done = self.check(daemon)
        self.assertEqual(done.returncode, CONFIGURATION)
        for part in ("verfiy", "imapp.so", "/nonexistent/users", '"nobody"', "bind_password: cannot open /nonexistent/secret"):
            self.assertEqual(done.stderr.count(part), 1, part + "\n" + done.stderr)
        self.assertNotIn("missing or empty", done.stderr)

    def test_warnings_are_shown_once_and_like_each_other(self):
        ldap = {"name": "dir", "plugin": "ldap", "upstream": ["ldap://127.0.0.1:1"], "cleartext": True,
                "settings": {"base": "dc=x", "filter": "(uid={local})", "mailbox_filter": "(uid={local})"}}
        daemon = self.daemon(backends=[ldap], routes=[route("a.test", "dir", mailbox=["dir"]), route("b.test", "dir", mailbox=["dir"])])
        done = self.check(daemon)
        self.assertEqual(done.returncode, YES, done)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), len(set(lines)), done.stderr)
        for line in lines:
            self.assertRegex(line, r"^warning: \S+authbroker\.toml:\d+:\d+: ")
        self.assertTrue(any("two people could be one account" in line for line in lines), done.stderr)

    def test_credentials_are_checked_where_they_are(self):
        ldap = {"name": "dir", "plugin": "ldap", "upstream": ["ldaps://127.0.0.1:1"], "tls": {"ca_file": self.lab.ca.ca_file},
                "settings": {"base": "dc=x", "filter": "(mail={address})", "bind_dn": "cn=x", "bind_password": {"credential": "reader"}}}
        daemon = self.daemon(backends=[ldap], routes=[route("a.test", "dir")])
        done = self.check(daemon)
        self.assertEqual(done.returncode, YES, done)
        self.assertIn('backend.dir.settings.bind_password: the credential "reader" is not checked', done.stderr)
        self.assertIn("LoadCredential=reader:", done.stderr)
        self.assertEqual(self.check(daemon, "--connect").returncode, CONFIGURATION)
        folder = self.lab.place.sub("credentials")
        self.assertEqual(self.check(daemon, CREDENTIALS_DIRECTORY=folder).returncode, CONFIGURATION)
        put(os.path.join(folder, "reader"), "s3cret-admin-word\n", 0o600)
        done = self.check(daemon, CREDENTIALS_DIRECTORY=folder)
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done)
        with self.assertRaises(NotReady) as refused:  # the daemon itself takes no stand-in
            daemon.start()
        self.assertIn('the credential "reader" is asked for', str(refused.exception))


    def test_the_daemons_own_check_says_ok(self):
        daemon = self.daemon()
        daemon.write_config()
        done = run([daemon.prefix.daemon, "--check", "--config", daemon.config_path])
        self.assertEqual((done.returncode, done.stdout), (YES, daemon.config_path + ": ok\n"), done)


class Connecting(Admin):
    def test_a_failing_connect_does_not_end_with_ok(self):
        good = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good))
        bad = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.expired))
        daemon = self.daemon(backends=[pop3_backend("good", good.url(), self.lab), pop3_backend("bad", bad.url(), self.lab)], routes=[route("a.test", "good"), route("b.test", "bad")])
        done = self.check(daemon, "--connect")
        self.assertEqual(done.returncode, TEMPFAIL, done)
        self.assertNotIn("ok (", done.stdout)
        self.assertNotIn("accept", done.stdout)
        self.assertEqual(done.stderr, "authbroker: not every backend works: see above; the configuration itself has no problem (2 listeners, 2 backends, 2 routes)\n")
        self.assertFalse(json.loads(self.check(daemon, "--connect", "--json").stdout)["connected"])


class Mismatch(Admin):
    """The commonest slip of all: TLS from the start where the server wants STARTTLS, and the other way round."""

    def explained(self, backend, word):
        daemon = self.daemon(backends=[backend], routes=[route("a.test", backend["name"])])
        done = self.check(daemon, "--connect")
        self.assertEqual(done.returncode, TEMPFAIL, done)
        self.assertIn("it was reached", done.stdout)
        self.assertIn(word, done.stdout)
        self.assertIn("see host and port, the scheme", done.stdout.lower())

    def test_starttls_on_a_port_that_speaks_tls_from_the_start(self):
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good))
        self.explained(pop3_backend("mail", f"pop3+starttls://localhost:{server.port}", self.lab, timeouts={"reply": "300ms"}), "then the scheme is pop3s")
        self.explained(backend("dir", "ldap", f"ldap+starttls://localhost:{server.port}", self.lab, timeouts={"reply": "300ms"}, settings={"base": "dc=x", "filter": "(mail={address})"}),
                       "then the scheme is ldaps")

    def test_tls_from_the_start_on_a_port_that_waits_for_its_protocol(self):
        server = self.lab.adopt(Unimpressed())
        self.explained(backend("dir", "ldap", f"ldaps://localhost:{server.port}", self.lab, settings={"base": "dc=x", "filter": "(mail={address})"}), "if not, the scheme ends with +starttls")


class Told(Admin):
    def test_explain_without_a_route_says_what_was_looked_for(self):
        daemon = self.daemon()
        daemon.listeners[0]["default_domain"] = "example.test"
        daemon.write_config()
        daemon.start()
        done = daemon.tool("explain", "zed@exmaple.test")
        self.assertEqual(done.returncode, 1)
        self.assertIn('no route has the domain "exmaple.test"; the nearest is "example.test"', done.stdout)
        done = daemon.tool("explain", "zed")
        self.assertIn("listener http takes it for zed@example.test", done.stdout)
        self.assertEqual(json.loads(daemon.tool("--json", "explain", "zed@exmaple.test").stdout)["domain"], "exmaple.test")

    def test_a_mailbox_question_is_not_told_of_passwords(self):
        daemon = self.daemon().start()
        answer = daemon.mailbox("ann@nowhere.test")
        self.verdict(answer, "no_route", "no_route")
        self.assertNotIn("password", answer["text"])

    def test_status_calls_up_only_what_has_worked(self):
        good = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, users={"ann": RIGHT}))
        bad = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.expired))
        backends = [pop3_backend("good", good.url(), self.lab), pop3_backend("bad", bad.url(), self.lab), pop3_backend("idle", "pop3s://localhost:1", self.lab)]
        daemon = self.daemon(backends=backends, routes=[route(f"{b['name']}.test", b["name"], strip_domain=True) for b in backends]).start()
        self.verdict(daemon.login("ann@good.test", RIGHT), "accept")
        self.verdict(daemon.login("ann@bad.test", RIGHT), "tempfail", "tls_untrusted")
        states = {u["url"]: (u["state"], u["failures"]) for b in json.loads(daemon.tool("--json", "status").stdout)["backends"] for u in b["upstreams"]}
        self.assertEqual(states, {good.url(): ("up", 0), bad.url(): ("failing", 1), "pop3s://localhost:1": ("untried", 0)})
        text = daemon.tool("status").stdout
        self.assertRegex(text, r"pop3s://localhost:\d+  failing \(1 of 5\) for \d+ s  \S")
        self.assertRegex(text, r"pop3s://localhost:1 +not asked yet")


class Operating(Admin):
    def refused(self, daemon, *parts):
        daemon.write_config()
        with self.assertRaises(NotReady) as refused:
            daemon.start()
        for part in parts:
            self.assertIn(part, str(refused.exception))
        return str(refused.exception)

    def test_a_port_that_is_taken_says_how_to_find_by_whom(self):
        taken = self.lab.adopt(Unimpressed())
        daemon = self.daemon()
        daemon.listeners[0].update(address=f"tcp:127.0.0.1:{taken.port}")
        said = self.refused(daemon, f"listener.http.address: tcp:127.0.0.1:{taken.port}: another process listens there", f"ss -ltnp 'sport = :{taken.port}'")
        line = int(re.search(r"authbroker\.toml:(\d+):\d+: listener\.http\.address: tcp:", said).group(1))
        self.assertIn(str(taken.port), text(daemon.config_path).splitlines()[line - 1])

    def test_locks_that_root_left_behind_are_explained(self):
        daemon = self.daemon()
        run_as = self.lab.place.sub("owned")
        os.chown(run_as, 65534, 65534)
        os.chmod(daemon.folder, 0o711)
        os.chmod(self.lab.place.path, 0o711)
        daemon.listeners[0]["address"] = f"unix:{run_as}/http.sock"
        put(os.path.join(run_as, "http.sock.lock"), "", 0o600)
        daemon.write_config()
        os.chown(daemon.config_path, 65534, 65534)
        os.chown(daemon.folder, 65534, 65534)
        users = daemon.backends[0]["settings"]["file"]
        os.chown(users, 65534, 65534)
        os.chown(os.path.dirname(users), 65534, 65534)
        with self.assertRaises(NotReady) as refused:
            daemon.start(wrap=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"])
        self.assertIn(f"{run_as}/http.sock.lock belongs to uid 0, and we are uid 65534; wanted: rm {run_as}/http.sock.lock", str(refused.exception))

    def test_the_log_is_opened_again_whatever_the_configuration_is_like(self):
        folder = self.lab.place.sub("log")
        target = os.path.join(folder, "authbroker.log")
        daemon = self.daemon(log={"target": target, "level": "info"}).start()
        daemon.login(ANN, RIGHT)
        daemon.write_config("half = [edited\n")
        os.rename(target, target + ".1")
        daemon.reload()
        wait_until(lambda: "reload_refused" in text(target), 5, "the refusal in the new file")
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_reload_tells_its_warnings_and_what_needs_a_restart(self):
        daemon = self.daemon().start()
        daemon.broker["workers"] = 3
        daemon.backends.append({"name": "spare", "plugin": "static", "settings": daemon.backends[0]["settings"]})
        daemon.write_config()
        done = daemon.tool("reload")
        self.assertEqual(done.returncode, YES, done)
        self.assertRegex(done.stderr, r"warning: \S+authbroker\.toml:\d+:\d+: broker\.workers: changes only when the daemon is started again")
        self.assertIn("backend.spare: is used by no route", done.stderr)
        self.assertNotIn("admin_socket", done.stderr)
        warnings = json.loads(daemon.tool("--json", "reload").stdout)["warnings"]
        self.assertEqual(["backend.spare" in w for w in warnings], [True])

    def test_a_log_that_cannot_be_opened_has_its_place(self):
        folder = self.lab.place.sub("log")
        daemon = self.daemon(log={"target": folder + "/there/is/no.log"})
        os.makedirs(folder + "/there/is/no.log")
        daemon.write_config()
        self.assertRegex(self.refused(daemon, "cannot open the log file"), r"authbroker\.toml:\d+:\d+: log\.target: ")

    def test_no_journal_is_said_and_standard_error_takes_its_place(self):
        hidden = 'mount -t tmpfs tmpfs /run && exec "$@"'
        daemon = self.daemon(log={"target": "journal", "level": "info"})
        daemon.write_config()
        daemon.start(wrap=["unshare", "--mount", "--propagation", "private", "sh", "-c", hidden, "sh"])
        self.assertRegex(daemon.log(), r"warning: \S+: log\.target: there is no /run/systemd/journal/socket")
        daemon.login(ANN, RIGHT)
        daemon.await_log("event=decision")

    def test_a_secret_that_only_root_can_read_again_is_warned_of(self):
        daemon = self.daemon(broker={"user": "nobody"})
        os.chmod(daemon.folder, 0o755)
        daemon.start()
        daemon.await_log("event=reload_impossible.*Permission denied")
