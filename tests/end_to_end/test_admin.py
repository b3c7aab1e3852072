"""What an administrator meets who has just installed the broker: check-config and the start judge alike, and say what to do."""
import json
import os

from fakes.pop3 import Pop3Server
from lab.case import LabCase, pop3_backend, route, static_backend
from lab.daemon import NotReady
from lab.place import put
from lab.process import run

ANN, RIGHT = "ann@example.test", "admin-Pw-90210"
YES, TEMPFAIL, CONFIGURATION = 0, 75, 78


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
