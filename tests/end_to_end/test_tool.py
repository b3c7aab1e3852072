"""The command line: exit statuses, what it shows, and what it never shows."""
import base64
import json
import os
import re

from fakes.pop3 import Pop3Server
from lab import clients
from lab.case import LabCase, SharedCase, pop3_backend, route, static_backend
from lab.dovecot import Dovecot, USERS
from lab.place import free_port
from lab.process import run

ANN, RIGHT, WRONG = "ann@example.test", "tool-Pw-33018", "wrong-Pw-30412"
YES, NO, USAGE, UNVERIFIABLE, TEMPFAIL, CONFIGURATION = 0, 1, 2, 3, 75, 78


class Tool(SharedCase):
    @classmethod
    def prepare(cls):
        lab = cls.lab
        cls.dovecot = lab.server(Dovecot, lab.ca.good)
        people = static_backend(lab, {ANN: (RIGHT, ["annie@example.test"]), "off@example.test": (None, [])})
        cls.daemon = lab.daemon(
            backends=[people, pop3_backend("mail1", f"pop3+starttls://localhost:{cls.dovecot.pop3}", lab), pop3_backend("full", f"pop3s://localhost:{cls.dovecot.pop3s}", lab),
                      pop3_backend("dead", f"pop3://127.0.0.1:{free_port()}")],
            routes=[route("example.test", "people", mailbox=["people"]), route("mail.test", "mail1", strip_domain=True), route("full.test", "full"),
                    route("down.test", "dead")])

    def tool(self, *words, password=None, status=None):
        done = self.daemon.tool(*words, password=password)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        if password:
            self.assertNotIn(password, done.stdout + done.stderr)
        return done

    def test_test_login_statuses(self):
        for address, password, status, word in ((ANN, RIGHT, YES, "accept"), (ANN, WRONG, NO, "reject (wrong_password)"), ("off@example.test", RIGHT, NO, "account_disabled"),
                                                ("ann@down.test", RIGHT, TEMPFAIL, "upstream_down"), ("ann@nowhere.test", RIGHT, NO, "no_route")):
            with self.subTest(address=address, status=status):
                self.assertIn(word, self.tool("test", "login", address, "--password-stdin", password=password, status=status).stdout)

    def test_test_mailbox_statuses(self):
        for address, status, word in ((ANN, YES, "exists"), ("annie@example.test", YES, ANN), ("nobody@example.test", NO, "absent"), ("ann@mail.test", UNVERIFIABLE, "not_checked")):
            with self.subTest(address=address):
                self.assertIn(word, self.tool("test", "mailbox", address, status=status).stdout)

    def test_transcript_shows_each_stage_with_its_time_and_a_masked_secret(self):
        text = self.tool("test", "login", "alice@mail.test", "--password-stdin", password=USERS["alice"], status=YES).stdout
        for part in ("mail.test", "alice", "mail1", f"localhost:{self.dovecot.pop3}", "TLS", "+OK Dovecot", "CAPA", "STLS", "AUTH PLAIN", "+OK Logged in."):
            self.assertIn(part, text)
        self.assertRegex(text, r"(?m)^ *\d+\.\d\d .*AUTH PLAIN \*+$")
        self.assertNotIn(USERS["alice"], text)
        self.assertNotIn(base64.b64encode(b"\0alice\0" + USERS["alice"].encode()).decode(), text)

    def test_reject_says_what_to_try_next(self):
        text = self.tool("test", "login", "alice@full.test", "--password-stdin", password=USERS["alice"], status=NO).stdout
        self.assertIn("strip_domain", text)

    def test_certificate_trouble_is_named(self):
        with_wrong_name = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.wrong_name, users={"ann": RIGHT}))
        daemon = self.lab.daemon(backends=[pop3_backend("bad", with_wrong_name.url(), self.lab)], routes=[route("bad.test", "bad", strip_domain=True)])
        done = daemon.tool("test", "login", "ann@bad.test", "--password-stdin", password=RIGHT)
        self.assertEqual(done.returncode, TEMPFAIL)
        self.assertIn("tls_name", done.stdout)
        self.assertIn("other.example.test", done.stdout)

    def test_json(self):
        for words, password, member in ((("test", "login", ANN, "--password-stdin"), RIGHT, "answer"), (("test", "mailbox", ANN), None, "answer"), (("explain", ANN), None, "route"),
                                        (("status",), None, "listeners"), (("routes",), None, None), (("plugins",), None, None)):
            with self.subTest(words=words):
                value = json.loads(self.tool("--json", *words, password=password, status=YES).stdout)
                if member:
                    self.assertIn(member, value)
        answer = json.loads(self.tool("test", "login", ANN, "--password-stdin", "--json", password=RIGHT, status=YES).stdout)["answer"]
        self.assertEqual((answer["verdict"], answer["identity"]), ("accept", ANN))

    def test_explain_contacts_nothing(self):
        before = self.dovecot.log()
        text = self.tool("explain", "Alice@Mail.test", status=YES).stdout
        for part in ("alice@mail.test", "mail.test", "mail1", "pop3", f"localhost:{self.dovecot.pop3}", "authbroker.toml:"):
            self.assertIn(part, text)
        self.assertEqual(self.dovecot.log(), before)
        self.assertIn("no_route", self.tool("explain", "ann@nowhere.test", status=NO).stdout)

    def test_why_shows_a_recent_decision(self):
        one = self.daemon.login(ANN, WRONG)["id"]
        text = self.tool("why", one, status=YES).stdout
        for part in (ANN, "wrong_password", "people", one):
            self.assertIn(part, text)
        self.assertIn("remembers no decision", self.tool("why", "no-such-id", status=NO).stderr)

    def test_status_routes_plugins(self):
        self.daemon.login("ann@down.test", RIGHT)
        text = self.tool("status", status=YES).stdout
        for part in ("http", "sasl", "people", "mail1", "dead", str(self.daemon.process.pid)):
            self.assertIn(part, text)
        text = self.tool("routes", status=YES).stdout
        for part in ("example.test", "mail.test", "full.test", "down.test"):
            self.assertIn(part, text)
        text = self.tool("plugins", status=YES).stdout
        for part in ("pop3", "static"):
            self.assertIn(part, text)

    def test_hash_password_is_what_static_understands(self):
        for scheme in ("yescrypt", "sha512crypt", "bcrypt"):
            with self.subTest(scheme=scheme):
                hashed = run([self.daemon.prefix.tool, "hash-password", "--scheme", scheme, "--password-stdin"], input=RIGHT + "\n").stdout.strip()
                daemon = self.lab.daemon(backends=[static_backend(self.lab, [f"new@hash.test:{hashed}:"])], routes=[route("hash.test", "people")])
                self.verdict(daemon.login("new@hash.test", RIGHT), "accept")
                self.verdict(daemon.login("new@hash.test", WRONG), "reject", "wrong_password")

    def test_usage(self):
        for words in ((), ("nonsense",), ("test",), ("test", "login"), ("explain",), ("status", "--nonsense")):
            with self.subTest(words=words):
                self.assertEqual(self.tool(*words).returncode, USAGE)
        self.assertEqual(run([self.daemon.prefix.tool, "--help"]).returncode, 0)
        self.assertRegex(run([self.daemon.prefix.tool, "--version"]).stdout, r"\d+\.\d+")

    def test_password_is_never_an_argument(self):
        self.assertEqual(self.tool("test", "login", ANN, "secret").returncode, USAGE)
        self.assertEqual(self.tool("test", "login", ANN, "--password", "secret").returncode, USAGE)

    def test_no_daemon_says_where_it_looked(self):
        done = run([self.daemon.prefix.tool, "--socket", "/tmp/ab.nobody/admin.sock", "status"])
        self.assertEqual(done.returncode, TEMPFAIL)
        self.assertIn("/tmp/ab.nobody/admin.sock", done.stderr)

    def test_strangers_may_not_use_the_admin_socket(self):
        done = run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", self.daemon.prefix.tool, "--socket", self.daemon.admin, "status"])
        self.assertEqual(done.returncode, TEMPFAIL)
        self.assertEqual(clients.ask_as("nobody", self.daemon.admin), "PermissionError")


class Control(LabCase):
    """Commands that change something."""

    def start(self):
        return self.lab.daemon(backends=[static_backend(self.lab, {ANN: (RIGHT, [])})], routes=[route("example.test", "people")])

    def test_reload_says_which_configuration_is_in_use(self):
        daemon = self.start()
        daemon.routes.append(route("second.test", "people"))
        daemon.write_config()
        done = daemon.tool("reload")
        self.assertEqual((done.returncode, "reloaded" in done.stdout), (YES, True), done)
        self.verdict(daemon.login("ann@second.test", RIGHT), "reject", "no_such_user")

    def test_reload_of_a_bad_configuration_names_every_problem(self):
        daemon = self.start()
        daemon.routes += [route("second.test", "poeple"), route("third.test", "people", stripdomain=True)]
        daemon.write_config()
        done = daemon.tool("reload")
        self.assertEqual(done.returncode, CONFIGURATION)
        for part in ("poeple", "stripdomain", "authbroker.toml:"):
            self.assertIn(part, done.stderr)
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_drain_ends_the_daemon(self):
        daemon = self.start()
        done = daemon.tool("drain")
        self.assertEqual(done.returncode, YES, done)
        self.assertEqual(daemon.process.wait(12), 0)
        daemon.kill()

    def check(self, daemon, *more):
        return run([daemon.prefix.tool, "check-config", "--config", daemon.config_path, *more])

    def test_check_config_good(self):
        daemon = self.start()
        done = self.check(daemon)
        self.assertEqual((done.returncode, done.stderr), (YES, ""), done)
        self.assertRegex(done.stdout, r"ok \(2 listeners, 1 backend, 1 route\)")
        self.assertTrue(json.loads(self.check(daemon, "--json").stdout)["ok"])

    def test_check_config_each_message(self):
        daemon = self.start()
        mail = {"name": "mail", "plugin": "pop3", "upstream": ["pop3s://mail.example.test"]}
        daemon.backends.append(mail)

        def broken(what, change, *parts):
            with self.subTest(what=what):
                saved = json.dumps([daemon.broker, daemon.listeners, daemon.backends, daemon.routes])
                change()
                daemon.write_config()
                done = self.check(daemon)
                self.assertEqual(done.returncode, CONFIGURATION, done.stdout + done.stderr)
                self.assertRegex(done.stderr, r"authbroker\.toml:\d+:\d+: ")
                for part in parts:
                    self.assertIn(part, done.stderr)
                daemon.broker, daemon.listeners, daemon.backends, daemon.routes = json.loads(saved)

        broken("Q-01 unknown key", lambda: daemon.backends[1].update(verfiy=True), "verfiy")
        broken("Q-01 nearest name", lambda: daemon.broker.update(request_timeuot="5s"), "request_timeuot", "request_timeout")
        broken("Q-02 wrong type", lambda: daemon.broker.update(workers="many"), "workers", "many")
        broken("Q-02 zero is not for ever", lambda: daemon.broker.update(request_timeout="0s"), "request_timeout")
        broken("Q-02 unit missing", lambda: daemon.broker.update(request_timeout="5"), "request_timeout")
        broken("cleartext", lambda: daemon.backends[1].update(upstream=["pop3://mail.example.test"]), "cleartext")
        broken("scheme", lambda: daemon.backends[1].update(upstream=["pop9://mail.example.test"]), "pop9")
        broken("C-12 no host", lambda: daemon.backends[1].update(upstream=["pop3s://:995"]), "upstream")
        broken("C-12 trailing dot", lambda: daemon.backends[1].update(upstream=["pop3s://mail.example.test.:995"]), "mail.example.test.")
        broken("two of a name", lambda: daemon.backends.append(mail), "mail")
        broken("no such backend", lambda: daemon.routes[0].update(login=["peopel"]), "peopel", "people")
        broken("no such plugin", lambda: daemon.backends[1].update(plugin="pop4"), "pop4")
        broken("plugin's own setting", lambda: daemon.backends[1].update(settings={"apop": "perhaps"}), "apop", "perhaps")
        broken("apop over STARTTLS", lambda: daemon.backends[1].update(upstream=["pop3+starttls://mail.example.test"], settings={"apop": "require"}), "apop")
        broken("same domain twice", lambda: daemon.routes.append(route("example.test", "people")), "example.test")
        broken("stripping two domains", lambda: daemon.routes.append(route(["a.test", "b.test"], "mail", strip_domain=True)), "ambiguous_names")
        broken("template", lambda: daemon.routes[0].update(login_name="{usr}"), "{usr}")
        broken("J-06 long path", lambda: daemon.listeners[0].update(address="unix:/tmp/" + "x" * 120), "107")
        broken("J-14 not loopback", lambda: daemon.listeners[0].update(address="tcp:0.0.0.0:8089"), "0.0.0.0")
        broken("J-15 abstract socket", lambda: daemon.listeners[0].update(address="unix:@abstract"), "@abstract")
        broken("protocol", lambda: daemon.listeners[0].update(protocol="https"), "https")
        broken("mode", lambda: daemon.listeners[0].update(mode="0999"), "mode")
        broken("missing file", lambda: daemon.backends[1].update(tls={"ca_file": "/nonexistent/ca.pem"}), "/nonexistent/ca.pem")
        broken("verify off", lambda: daemon.backends[1].update(tls={"verify": False}), "cleartext")

    def test_check_config_connect_tries_every_upstream(self):
        lab = self.lab
        good = lab.adopt(Pop3Server(tls="implicit", certificate=lab.ca.good))
        bad = lab.adopt(Pop3Server(tls="implicit", certificate=lab.ca.expired))
        replica = lab.adopt(Pop3Server(tls="stls", certificate=lab.ca.good, capa=("USER",)))
        daemon = lab.daemon(backends=[pop3_backend("good", [good.url(), replica.url()], lab, pool={"connections": 1}), pop3_backend("bad", bad.url(), lab)],
                            routes=[route("a.test", "good"), route("b.test", "bad")], start=False)
        done = self.check(daemon, "--connect")
        self.assertNotEqual(done.returncode, YES)
        self.assertIn(f"localhost:{bad.port}", done.stdout + done.stderr)
        parts = re.split(r"(?m)^(?:backend (\w+) \(pop3\)|  (pop3\S*://localhost:\d+): (.*))$", done.stdout)
        shown = {parts[i + 1]: (parts[i + 2], parts[i + 3]) for i in range(1, len(parts), 4) if parts[i + 1]}
        self.assertEqual(set(shown), {good.url(), replica.url(), bad.url()}, done.stdout)
        self.assertEqual((shown[good.url()][0], shown[replica.url()][0]), ("ok", "ok"))
        self.assertRegex(shown[good.url()][1], r"(?m)^    auth-resp-code: yes$")
        self.assertRegex(shown[replica.url()][1], r"(?m)^    auth-resp-code: no$")
        self.assertTrue(shown[bad.url()][0].startswith("tls_untrusted: "), shown[bad.url()])
        self.assertRegex(shown[bad.url()][1], r"(?m)^    what to do: \S")
        self.assertEqual((good.credentials, bad.credentials), (0, 0))
        self.assertGreater(len(good.sessions), 0)
        os.remove(daemon.config_path)
