"""`authbroker probe`: it learns real and pretended servers, does them no harm, and what it prints works when it is pasted."""
import os

from fakes.pop3 import Pop3Server
from fakes.smtp import SmtpServer
from lab import toml
from lab.certs import pin
from lab.dovecot import Dovecot, USERS
from lab.place import free_port, put
from lab.prefix import Prefix
from lab.probing import CONFIGURATION, Forwarder, NO, own_address, Probing, TEMPFAIL, USAGE, YES
from lab.process import run

BOB, BOB_PW = "bob@example.test", USERS["bob@example.test"]
WRONG = "wrong-Pw-probe-41188"


class Dovecots(Probing):
    @classmethod
    def prepare(cls):
        cls.dovecot = cls.lab.server(Dovecot, cls.lab.ca.good)
        cls.urls = [f"pop3s://localhost:{cls.dovecot.pop3s}", f"pop3+starttls://localhost:{cls.dovecot.pop3}"]

    def test_full_address_for_both_kinds_of_tls(self):
        for url in self.urls:
            with self.subTest(url=url):
                report = self.probe(url, "--address", BOB, password=BOB_PW, status=YES)
                self.assertEqual(self.forms(report), [("full address", "accept")])
                self.assertNotIn("strip_domain", report["configuration"])
                daemon = self.paste(report)
                self.verdict(daemon.login(BOB, BOB_PW), "accept")
                self.verdict(daemon.login(BOB, WRONG), "reject", "wrong_password")

    def test_bare_name_after_one_refusal_of_the_full_address(self):
        report = self.probe(self.urls[0], "--address", "alice@example.test", password=USERS["alice"], status=YES)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "accept")])
        self.assertEqual(report["logins"][0]["after_refusal"], "stays")
        self.assertIn("strip_domain = true\n", report["configuration"])
        daemon = self.paste(report)
        self.verdict(daemon.login("alice@example.test", USERS["alice"]), "accept")
        self.verdict(daemon.login("alice@example.test", WRONG), "reject", "wrong_password")

    def test_wrong_password_fails_once_a_form(self):
        before = self.dovecot.log().count("auth failed")
        report = self.probe(self.urls[0], "--address", BOB, password=WRONG, status=NO)
        self.assertEqual(self.forms(report), [("full address", "reject"), ("bare name", "reject")])
        self.assertEqual(self.dovecot.log().count("auth failed") - before, 2)
        self.assertIn("No form of the name was accepted", " ".join(report["advice"]))

    def test_without_account_nobody_logs_in(self):
        before = self.dovecot.log().count("Login:") + self.dovecot.log().count("auth failed")
        report = self.probe(self.urls[1], status=YES)
        server = report["servers"][0]
        self.assertEqual((server["works"], report["logins"]), (True, []))
        self.assertIn("Dovecot", server["greeting"])
        self.assertRegex(server["tls"], r"^TLSv1\.3 .*CN=localhost, until 20\d\d-\d\d-\d\d, for localhost, mail\.example\.test.*issued by CN=Laboratory CA, key sha256//")
        self.assertEqual(server["key"], pin(self.lab.ca.good[0]))
        self.assertEqual(self.attributes(server)["sasl-plain"], "yes")
        self.assertEqual(self.attributes(server)["auth-resp-code"], "yes")
        advice = " ".join(report["advice"])
        self.assertIn("--address", advice)
        self.assertIn("forward_client", advice)
        self.assertIn("# strip_domain = true", report["configuration"])
        self.assertEqual(self.dovecot.log().count("Login:") + self.dovecot.log().count("auth failed"), before)
        self.paste(report)

    def test_text_shows_what_the_json_has(self):
        done = self.probe(self.urls[0], "--address", "alice@example.test", "--trace", password=USERS["alice"], status=YES, json_too=False)
        for part in (f"{self.urls[0]} (pop3): works", "+OK Dovecot", "TLSv1.3", "login as alice@example.test (full address): reject (wrong_password)", "the server stays",
                     "login as alice (bare name): accept", "***", "[[backend]]", "[[route]]", "strip_domain = true", "What this means:"):
            self.assertIn(part, done.stdout)
        self.assertIn("trying", done.stderr)

    def test_a_disabled_account_is_known_by_its_name(self):
        report = self.probe(self.urls[0], "--address", "frank", "--domain", "example.test", password=USERS["frank"])
        self.assertEqual([t["form"] for t in report["logins"]], ["bare name"])

    def test_password_is_never_an_argument(self):
        done = run([Prefix.given().tool, "probe", self.urls[0], "--address", BOB, BOB_PW])
        self.assertEqual(done.returncode, USAGE)


class Certificates(Probing):
    @classmethod
    def prepare(cls):
        cls.people = {"ann@example.test": "ann-Pw-probe-5582"}

    def server(self, certificate, **more):
        return self.lab.adopt(Pop3Server(certificate=certificate, users=self.people, **({"tls": "implicit"} | more)))

    def test_untrusted_certificates_are_shown_and_get_no_password(self):
        for name, tls, wanted in (("self_signed", "implicit", "tls_untrusted"), ("self_signed", "stls", "tls_untrusted"), ("expired", "implicit", "tls_untrusted"), ("wrong_name", "implicit", "tls_name")):
            with self.subTest(certificate=name, tls=tls):
                certificate = getattr(self.lab.ca, name)
                server = self.server(certificate, tls=tls)
                report = self.probe(server.url(), "--address", "ann@example.test", password=self.people["ann@example.test"], status=TEMPFAIL)
                shown = report["servers"][0]
                self.assertEqual((shown["works"], shown["reason"], shown["key"]), (False, wanted, pin(certificate[0])))
                self.assertEqual(self.attributes(shown)["user"], "yes")
                self.assertEqual((server.credentials, report["logins"]), (0, []))
                # Pasted as it is, it does not trust the server either.
                self.verdict(self.paste(report).login("ann@example.test", "anything-49918"), "tempfail", wanted)
                self.assertEqual(server.credentials, 0)

    def test_a_confirmed_key_is_enough(self):
        server = self.server(self.lab.ca.self_signed)
        key = pin(self.lab.ca.self_signed[0])
        for given in (key, "sha256//" + key):
            report = self.probe(server.url(), "--pin", given, "--address", "ann@example.test", password=self.people["ann@example.test"], trusted=False, status=YES)
            self.assertEqual(self.forms(report), [("full address", "accept")])
        self.verdict(self.paste(report).login("ann@example.test", self.people["ann@example.test"]), "accept")

    def test_another_key_is_not(self):
        server = self.server(self.lab.ca.self_signed)
        self.probe(server.url(), "--pin", pin(self.lab.ca.good[0]), "--address", "ann@example.test", password=WRONG, trusted=False, status=TEMPFAIL)
        self.assertEqual(server.credentials, 0)

    def test_the_name_may_be_given(self):
        server = self.server(self.lab.ca.wrong_name)
        report = self.probe(server.url(), "--server-name", "other.example.test", "--address", "ann@example.test", password=self.people["ann@example.test"], status=YES)
        self.verdict(self.paste(report).login("ann@example.test", self.people["ann@example.test"]), "accept")

    def test_no_starttls_no_password(self):
        server = self.server(None, tls=None)
        report = self.probe(f"pop3+starttls://localhost:{server.port}", "--address", "ann@example.test", password=self.people["ann@example.test"], status=TEMPFAIL)
        self.assertEqual((report["servers"][0]["reason"], server.credentials), ("tls_unavailable", 0))
        self.assertEqual(self.attributes(report["servers"][0])["user"], "yes")

    def test_clear_text_only_on_request(self):
        server = self.server(None, tls=None)
        words = (server.url(), "--address", "ann@example.test")
        report = self.probe(*words, password=self.people["ann@example.test"], status=TEMPFAIL, trusted=False)
        self.assertEqual((report["servers"][0]["works"], report["logins"], server.credentials), (True, [], 0))
        report = self.probe(*words, "--cleartext", password=self.people["ann@example.test"], status=YES, trusted=False)
        self.assertEqual(self.forms(report), [("full address", "accept")])
        self.assertIn("cleartext = true", report["configuration"])
        self.verdict(self.paste(report).login("ann@example.test", self.people["ann@example.test"]), "accept")


class Trouble(Probing):
    @classmethod
    def prepare(cls):
        pass

    def test_a_server_that_hangs_up(self):
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, users={"ann": "ann-Pw-probe-5582"}, hang_up=True))
        report = self.probe(server.url(), "--address", "ann@example.test", password="ann-Pw-probe-5582", status=YES)
        self.assertEqual([t["after_refusal"] for t in report["logins"]], ["hangs up", "unknown"])
        self.assertEqual(server.credentials, 2)
        self.assertIn("hangs up", " ".join(report["advice"]))

    def test_a_dead_port(self):
        report = self.probe(f"pop3s://127.0.0.1:{free_port()}", status=TEMPFAIL)
        self.assertEqual((report["servers"][0]["reason"], report["configuration"]), ("upstream_down", ""))

    def test_a_tempfail_is_no_reason_to_try_another_name(self):
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, users={}, replies={"pass_refused": b"-ERR [SYS/TEMP] later\r\n"}))
        report = self.probe(server.url(), "--address", "ann@example.test", password=WRONG, status=TEMPFAIL)
        self.assertEqual((self.forms(report), server.credentials), ([("full address", "tempfail")], 1))

    def test_a_hostile_server_cannot_forge_what_is_shown(self):
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, greeting=b"+OK \x1b]0;owned\x07\xe2\x80\xaehi"))
        done = self.probe(server.url(), "--trace", status=YES, json_too=False)
        self.assertIn("owned", done.stdout)
        self.assertNotRegex(done.stdout, r"[\x00-\x08\x0b-\x1f\x7f]|\u202e")

    def test_usage(self):
        for words in (("pop9://localhost",), ("pop3s://",), ("pop3s://localhost:0",), ("tcp://localhost:99",), ("",), ("pop3s://localhost", "--set", "nonsense"),
                      ("localhost", "--plugin", "static"), ("pop3s://localhost", "--password-stdin"), ("pop3s://localhost", "--domain", "a b"), ("pop3s://localhost", "--address", "@example.test"), ("a b",)):
            with self.subTest(words=words):
                done = run([Prefix.given().tool, "probe", *words, *(["--password-stdin"] if "--address" in words else [])], input="x\n")
                self.assertEqual(done.returncode, USAGE, done.stdout + done.stderr)
                self.assertNotEqual(done.stderr, "")

    def test_wrong_settings_are_named(self):
        report = self.probe("pop3s://localhost", "--set", "apop=perhaps", status=CONFIGURATION)
        self.assertIn("perhaps", " ".join(report["servers"][0]["problems"]))
        report = self.probe("pop3s://localhost", "--plugin", "nonsense", status=CONFIGURATION)
        self.assertIn("nonsense", " ".join(report["servers"][0]["problems"]))

    def test_settings_are_used_and_printed(self):
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, users={"ann": "ann-Pw-probe-5582"}, apop=True))
        report = self.probe(server.url(), "--set", "apop=prefer", status=YES)
        self.assertEqual(self.attributes(report["servers"][0])["apop"], "yes")
        self.assertIn('[backend.settings]\napop = "prefer"\n', report["configuration"])

    def test_the_configuration_says_where_plugins_are(self):
        folder = self.lab.place.sub("empty")
        config = os.path.join(folder, "authbroker.toml")
        put(config, toml.document({"broker": {"plugin_dirs": [folder]}, "listener": [{"name": "http", "protocol": "http", "address": f"unix:{folder}/http.sock", "allow": ["login"]}],
                                   "backend": [{"name": "b", "plugin": "pop3", "upstream": ["pop3s://localhost"]}], "route": [{"domains": ["*"], "login": ["b"]}]}))
        done = run([Prefix.given().tool, "--config", config, "probe", f"pop3s://127.0.0.1:{free_port()}", "--json"])
        self.assertEqual((done.returncode, "no plugin" in done.stderr), (CONFIGURATION, True), done.stdout + done.stderr)

    def test_a_host_alone_where_two_servers_are(self):
        """POP3 for logins, SMTP for mailboxes: each at its own port, on an address of this test's own."""
        address, people = own_address((995, 25)), {"ann@example.test": "ann-Pw-probe-5582"}
        certificate = self.lab.ca.issue("own", f"IP:{address}")
        pop3 = self.lab.adopt(Pop3Server(tls="implicit", certificate=certificate, users=people))
        smtp = self.lab.adopt(SmtpServer(tls="starttls", certificate=certificate, users=people))
        for port, server in ((995, pop3), (25, smtp)):
            self.lab.adopt(Forwarder((address, port), server.port))
        report = self.probe(address, "--address", "ann@example.test", password=people["ann@example.test"], status=YES)
        self.assertEqual([s["url"] for s in report["servers"] if s["works"]], [f"pop3s://{address}:995", f"smtp+starttls://{address}:25"])
        self.assertEqual((self.forms(report), pop3.credentials, smtp.credentials), ([("full address", "accept")], 1, 0))
        daemon = self.paste(report)
        self.verdict(daemon.login("ann@example.test", people["ann@example.test"]), "accept")
        self.verdict(daemon.mailbox("ann@example.test"), "exists")
        self.verdict(daemon.mailbox("nobody@example.test"), "absent")

    def test_a_host_alone_is_tried_at_the_usual_ports(self):
        report = self.probe("127.0.0.7", status=TEMPFAIL)
        urls = [s["url"] for s in report["servers"]]
        for url in ("pop3s://127.0.0.7:995", "pop3+starttls://127.0.0.7:110", "ldaps://127.0.0.7:636"):
            self.assertIn(url, urls)
        self.assertLess(urls.index("pop3s://127.0.0.7:995"), urls.index("pop3+starttls://127.0.0.7:110"))
