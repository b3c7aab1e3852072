"""The plugin `smtpauth`: the same table of logins on Postfix, Exim, Sendmail and Dovecot's submission service, by every way to reach them
and every mechanism they have."""
import concurrent.futures
import re

from lab.case import LabCase, SharedCase, backend, route
from lab.dovecot import USERS as OTHERS
from lab.exim import Exim
from lab.mail_server import USERS
from lab.mail_server_dovecot import Submission
from lab.mail_server_saslauthd import Saslauthd
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until
from lab.sendmail import Sendmail

ALICE, WRONG = USERS["alice@example.test"], "wrong-Pw-30412"


def smtp_backend(name, upstream, lab=None, **more):
    return backend(name, "smtpauth", upstream, lab, **({"timeouts": {"reply": "7s"}} | more))


class Table:
    """A way is (upstream, mechanism or None for the plugin's own choice); the domain of its route is its name. Login names are full."""

    hashed = ()  # mechanisms beside PLAIN and LOGIN

    @classmethod
    def prepare(cls):
        cls.server = cls.start_server()
        cls.ways = cls.make_ways()
        settings = {name: {"helo": "broker.example.test"} | ({"mechanisms": [mechanism]} if mechanism else {}) for name, (_, mechanism) in cls.ways.items()}
        cls.daemon = cls.lab.daemon(backends=[smtp_backend(name, url, cls.lab, settings=settings[name]) for name, (url, _) in cls.ways.items()],
                                    routes=[route(f"{name}.test", name, login_name="{local}@example.test") for name in cls.ways])

    @classmethod
    def make_ways(cls):
        urls = cls.server.urls()
        return {name: (url, None) for name, url in urls.items()} | {m.lower(): (urls["starttls"], m) for m in ("PLAIN", "LOGIN", *cls.hashed)}

    def each(self, user, password, verdict, reason=None, but=()):
        for name in self.ways:
            if name not in but:
                with self.subTest(way=name):
                    answer = self.daemon.login(f"{user}@{name}.test", password)
                    self.verdict(answer, verdict, reason)
                    self.assertEqual(answer.status, 200 if verdict == "accept" else 401)

    def test_right_password(self):
        self.each("alice", ALICE, "accept")

    def test_wrong_password(self):
        self.each("alice", WRONG, "reject", "wrong_password")

    def test_somebody_elses_password(self):
        self.each("bob", ALICE, "reject", "wrong_password")

    def test_unknown_user(self):
        """SCRAM's servers know before the password: they say so where they refuse the name."""
        for name in self.ways:
            with self.subTest(way=name):
                no = self.daemon.login(f"nosuch@{name}.test", WRONG)
                self.assertEqual((no.verdict, no.status, no.reason in ("wrong_password", "no_such_user")), ("reject", 401, True), no)

    def test_A_07_password_with_spaces(self):
        self.each("dora", USERS["dora@example.test"], "accept")

    def test_password_in_utf_8(self):
        self.each("eve", USERS["eve@example.test"], "accept")

    def test_passwords_that_look_like_protocol(self):
        for password in ("*", "=", "==", "AA==", "a b", "\\", '"', "235 2.7.0", "p" * 255, "p" * 400):
            for way in ("starttls", "plain", "login"):
                with self.subTest(way=way, password=password):
                    self.verdict(self.daemon.login(f"alice@{way}.test", password), "reject", "wrong_password")

    def test_many_wrong_passwords_in_a_row_and_at_once(self):
        """Beyond what the server takes of one session, and of one caller in a moment."""
        def ask(n):
            right = n % 4 == 0
            return right, self.daemon.login("alice@starttls.test", ALICE if right else WRONG)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for right, answer in pool.map(ask, range(64)):
                self.verdict(answer, *(("accept", None) if right else ("reject", "wrong_password")))

    def test_saslauthd_ok_and_no(self):
        self.assertEqual(self.daemon.saslauthd("alice", ALICE, "starttls.test"), "OK")
        self.assertEqual(self.daemon.saslauthd("alice", WRONG, "starttls.test"), "NO")


class PostfixTable(Table, SharedCase):
    """Passwords by Cyrus' sasldb, by saslauthd, and by Dovecot."""
    label = "postfix"
    hashed = ("CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "NTLM")

    @classmethod
    def start_server(cls):
        relay = cls.lab.server(Postfix, cls.lab.ca.good, cache())
        cls.dovecot = cls.lab.server(Submission, cls.lab.ca.good, relay.smtp)
        cls.saslauthd = cls.lab.server(Saslauthd)
        return cls.lab.server(Postfix, cls.lab.ca.good, cache(), saslauthd=cls.saslauthd.socket, dovecot=cls.dovecot.socket)

    @classmethod
    def make_ways(cls):
        s = cls.server
        more = {"submission": s.submission, "saslauthd": s.by_saslauthd, "dovecot": s.by_dovecot}
        return super().make_ways() | {name: (f"smtp+starttls://localhost:{port}", None) for name, port in more.items()}

    def test_the_server_saw_the_mechanisms(self):
        for mechanism in ("PLAIN", "LOGIN", *self.hashed):
            with self.subTest(mechanism=mechanism):
                line = f"SASL {mechanism} authentication failed"
                before = self.server.log().count(line)
                self.verdict(self.daemon.login(f"alice@{mechanism.lower()}.test", WRONG), "reject", "wrong_password")
                wait_until(lambda: self.server.log().count(line) > before, 5, line)

    def test_the_strongest_is_taken_by_default(self):
        before = self.server.log().count("SASL SCRAM-SHA-256 authentication failed")
        self.verdict(self.daemon.login("alice@starttls.test", WRONG), "reject", "wrong_password")
        wait_until(lambda: self.server.log().count("SASL SCRAM-SHA-256 authentication failed") > before, 5, "SCRAM in Postfix' log")

    def test_who_cannot_ask_says_nothing_of_the_password(self):
        self.saslauthd.kill()
        try:
            self.assertEqual(self.daemon.login("alice@saslauthd.test", ALICE).verdict, "tempfail")
            self.assertEqual(self.daemon.saslauthd("alice", ALICE, "saslauthd.test"), "")
        finally:
            self.saslauthd.start()
        wait_until(lambda: self.daemon.login("alice@saslauthd.test", ALICE).verdict == "accept", 10, "accept again")

    def test_every_session_ends_in_order(self):
        before = len(re.findall(r"disconnect from .* auth=1 .*quit=1", self.server.log()))
        for _ in range(10):
            self.verdict(self.daemon.login("alice@plain.test", ALICE), "accept")
        wait_until(lambda: len(re.findall(r"disconnect from .* auth=1 .*quit=1", self.server.log())) >= before + 10, 10, "ten orderly goodbyes")


class EximTable(Table, SharedCase):
    label = "exim"
    hashed = ("CRAM-MD5",)

    @classmethod
    def start_server(cls):
        return cls.lab.server(Exim, cls.lab.ca.good, cache())


class SendmailTable(Table, SharedCase):
    label = "sendmail"
    hashed = ("CRAM-MD5", "DIGEST-MD5")

    @classmethod
    def start_server(cls):
        return cls.lab.server(Sendmail, cls.lab.ca.good, cache())


class SubmissionTable(Table, SharedCase):
    label = "submission"

    @classmethod
    def start_server(cls):
        relay = cls.lab.server(Postfix, cls.lab.ca.good, cache())
        return cls.lab.server(Submission, cls.lab.ca.good, relay.smtp)

    def test_temporary_trouble_and_disabled_people(self):
        self.daemon.backends.append(smtp_backend("bare", self.server.urls()["starttls"], self.lab))
        self.daemon.routes.append(route("bare.test", "bare", strip_domain=True))
        self.daemon.write_config()
        self.daemon.reload()
        self.verdict(self.daemon.login("frank@bare.test", OTHERS["frank"]), "reject", "account_disabled")
        self.assertEqual(self.daemon.login("tempfail@bare.test", OTHERS["tempfail"]).verdict, "tempfail")


class Ways(LabCase):
    """Mechanisms and encryption that are not there."""

    def start(self, server_url, lab=True, **more):
        return self.lab.daemon(backends=[smtp_backend("mail", server_url, self.lab if lab else None, **more)], routes=[route("example.test", "mail")])

    def test_C_01_no_mechanism_before_tls_is_no_wrong_password(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache())
        daemon = self.start(f"smtp://127.0.0.1:{server.submission}")
        self.assertEqual(daemon.login("alice@example.test", ALICE).verdict, "tempfail")

    def test_no_starttls_here(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache(), main="smtpd_tls_security_level = none")
        daemon = self.start(f"smtp+starttls://localhost:{server.smtp}")
        self.verdict(daemon.login("alice@example.test", ALICE), "tempfail", "tls_unavailable")
        self.assertNotIn("auth=", server.log())

    def test_C_18_certificates(self):
        for name, certificate, reason in (("wrong name", self.lab.ca.wrong_name, "tls_name"), ("expired", self.lab.ca.expired, "tls_untrusted")):
            server = self.lab.server(Postfix, certificate, cache())
            for way in ("starttls", "smtps"):
                with self.subTest(certificate=name, way=way):
                    daemon = self.start(server.urls()[way])
                    self.verdict(daemon.login("alice@example.test", ALICE), "tempfail", reason)
                    daemon.stop()
            self.assertNotIn("auth=", server.log())

    def test_only_mechanisms_of_both_sides(self):
        server = self.lab.server(Exim, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["starttls"], settings={"mechanisms": ["SCRAM-SHA-256"]})
        self.assertEqual(daemon.login("alice@example.test", ALICE).verdict, "tempfail")
        self.assertNotIn("authenticator", server.log())

    def test_the_users_address_reaches_postfix(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache(), main="smtpd_authorized_xclient_hosts = 127.0.0.0/8")
        daemon = self.lab.daemon(backends=[smtp_backend("mail", server.urls()["starttls"], self.lab, settings={"forward_client": True})], routes=[route("example.test", "mail")], start=False)
        daemon.listeners[0]["trust_client"] = True
        daemon.write_config()
        daemon.start()
        self.verdict(daemon.login("alice@example.test", WRONG, client="192.0.2.77"), "reject", "wrong_password")
        wait_until(lambda: re.search(r"\[192\.0\.2\.77\]: SASL \S+ authentication failed", server.log()), 5, "the user's address in Postfix' log")
        self.verdict(daemon.login("alice@example.test", ALICE, client="192.0.2.78"), "accept")
