"""Logins on independent real IMAP servers, over every way to reach them."""
import imaplib
import time

from lab.case import SharedCase, backend, route
from lab.courier import Courier, USERS as COURIER_USERS
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot, USERS
from lab.prefix import cache
from lab.process import wait_until

WRONG = "wrong-Pw-30412"
# Quotes, backslashes, eight bits, blanks, what looks like a literal, 200 bytes: each is a user's password.
ODD = {
    "quote": 'say "open" sesame',
    "backslash": "back\\slash\\",
    "both": '\\"\\\\""',
    "umlaut": "pässwörd-€-8472",
    "blanks": "  two before and two behind  ",
    "literal": "{12} +{3+}",
    "special": "%*(){}[]!#&~^|;<>'`",
    "long": "long-" * 40,
    "nil": "NIL-nil-NIL",
}


def imap_backend(name, upstream, lab=None, **more):
    return backend(name, "imap", upstream, lab, **more)


class Table:
    """Each transport has a route: TRANSPORT.test strips the domain; the full addresses of example.test go over STARTTLS."""
    reply_timeout = "5s"

    @classmethod
    def prepare(cls):
        cls.server = s = cls.start_server()
        lab = cls.lab
        clear, starttls, imaps = f"imap://127.0.0.1:{s.imap}", f"imap+starttls://localhost:{s.imap}", f"imaps://localhost:{s.imaps}"
        backends = [imap_backend("clear", clear), imap_backend("starttls", starttls, lab), imap_backend("imaps", imaps, lab),
                    imap_backend("login", imaps, lab, settings={"mechanisms": ["LOGIN"]}), imap_backend("login-clear", clear, settings={"mechanisms": ["LOGIN"]}),
                    imap_backend("plain", starttls, lab, settings={"mechanisms": ["PLAIN"]}), imap_backend("full", starttls, lab)]
        cls.all = [b["name"] for b in backends[:-1]]
        for b in backends:
            b["timeouts"] = {"reply": cls.reply_timeout}
        cls.daemon = lab.daemon(backends=backends, routes=[route(f"{t}.test", t, strip_domain=True) for t in cls.all] + [route(["example.test", "other.test"], "full")])

    def each(self, user, password, check):
        """check(transport, address, answer) for a login over every transport."""
        for t in self.all:
            with self.subTest(transport=t):
                check(t, f"{user}@{t}.test", self.daemon.login(f"{user}@{t}.test", password))

    def accepted(self, transport, address, yes):
        self.verdict(yes, "accept")
        self.assertEqual((yes.status, yes["backend"], yes["identity"]), (200, transport, address))

    def rejected(self, transport, address, no):
        self.verdict(no, "reject", "wrong_password")
        self.assertEqual(no.status, 401)

    def test_right_password(self):
        self.each("alice", USERS["alice"], self.accepted)

    def test_wrong_password(self):
        self.each("alice", WRONG, self.rejected)

    def test_unknown_user(self):
        self.rejected("imaps", None, self.daemon.login("nobody@imaps.test", WRONG))

    def test_full_addresses_are_different_people(self):
        for domain, password, verdict in (("example.test", "bob@example.test", "accept"), ("other.test", "bob@other.test", "accept"),
                                          ("other.test", "bob@example.test", "reject"), ("example.test", "bob@other.test", "reject")):
            if domain == "other.test" and "bob@other.test" not in self.people or password not in self.people:
                continue
            with self.subTest(domain=domain, password=password):
                self.assertEqual(self.daemon.login(f"bob@{domain}", USERS[password]).verdict, verdict)

    def test_saslauthd_ok_and_no(self):
        self.assertEqual(self.daemon.saslauthd("alice", USERS["alice"], "imaps.test"), "OK")
        self.assertEqual(self.daemon.saslauthd("alice", WRONG, "imaps.test"), "NO")

    def test_probed_capabilities(self):
        done = self.daemon.tool("check-config", "--connect")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for line in ("login-disabled: no", "sasl-plain: yes"):
            self.assertEqual(done.stdout.count(line), len(self.all) + 1, done.stdout)


class Spaces:
    def test_A_07_A_12_password_with_spaces_and_in_utf_8(self):
        self.each("dora", USERS["dora"], self.accepted)
        self.each("eve", USERS["eve"], self.accepted)


class Odd:
    def test_A_07_A_12_odd_passwords_are_sent_as_they_are(self):
        for user, password in ODD.items():
            with self.subTest(user=user):
                self.each(user, password, self.accepted)
                self.each(user, password[:-1], self.rejected)


class DovecotTable(Table, Spaces, Odd, SharedCase):
    label = "dovecot"
    people = USERS

    @classmethod
    def start_server(cls):
        return cls.lab.server(Dovecot, cls.lab.ca.good, imap=True, users=USERS | ODD | {"jörg": ODD["umlaut"]}, extra="auth_username_chars =")

    def test_name_in_utf_8(self):
        self.each("jörg", ODD["umlaut"], self.accepted)
        self.each("jörg", WRONG, self.rejected)

    def test_disabled_user_is_rejected(self):
        self.each("frank", USERS["frank"], lambda transport, address, no: self.verdict(no, "reject", "account_disabled"))

    def test_temporary_failure_is_no_refusal(self):
        self.each("tempfail", USERS["tempfail"], lambda transport, address, later: self.verdict(later, "tempfail", "upstream_busy"))
        self.assertEqual(self.daemon.saslauthd("tempfail", USERS["tempfail"], "imaps.test"), "")

    def test_no_session_is_left_open(self):
        before = self.server.log().count("Disconnected: Logged out")
        for _ in range(20):
            self.verdict(self.daemon.login("alice@imaps.test", USERS["alice"]), "accept")
        # LOGOUT was heard, although nobody waits for its reply.
        wait_until(lambda: self.server.log().count("Disconnected: Logged out") >= before + 20, 10, "20 orderly goodbyes")
        self.assertNotRegex(self.server.log(), "Maximum number of connections|reset by peer|Broken pipe|Panic")

    def test_what_a_refusal_looked_like_is_in_the_transcript(self):
        done = self.daemon.tool("test", "login", "alice@starttls.test", "--password-stdin", password=WRONG)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for words in ("STARTTLS", "AUTHENTICATE PLAIN", "[AUTHENTICATIONFAILED]", "auth-plain.no-authenticationfailed"):
            self.assertIn(words, done.stdout)
        self.assertNotIn(WRONG, done.stdout)


class CyrusTable(Table, Spaces, Odd, SharedCase):
    label = "cyrus"
    people = USERS

    @classmethod
    def start_server(cls):
        return cls.lab.server(Cyrus, cls.lab.ca.good, cache(), users=USERS | ODD)


class CourierTable(Table, SharedCase):
    """No response codes: a bare NO is the refusal, and it comes after five seconds."""
    label = "courier"
    people = ("alice", "bob@example.test")
    reply_timeout = "7s"
    odd = ("both", "umlaut")

    @classmethod
    def start_server(cls):
        return cls.lab.server(Courier, cls.lab.ca.good, cache(), imap=True, users=COURIER_USERS | {user: ODD[user] for user in cls.odd})

    def accepted(self, transport, address, yes):
        """Without the daemon that watches files, this Courier has an alert at each login."""
        self.verdict(yes, "accept", "alert")
        self.assertIn("Filesystem notification", yes["notice"])
        self.assertEqual((yes.status, yes["backend"], yes["identity"]), (200, transport, address))

    def test_A_07_A_12_odd_passwords_are_sent_as_they_are(self):
        for user in self.odd:
            with self.subTest(user=user):
                self.accepted("login", f"{user}@login.test", self.daemon.login(f"{user}@login.test", ODD[user]))

    # Five seconds each: two refusals are enough here.
    def test_wrong_password(self):
        started = time.monotonic()
        self.rejected("starttls", None, self.daemon.login("alice@starttls.test", WRONG))
        self.assertGreater(time.monotonic() - started, 4)

    def test_saslauthd_ok_and_no(self):
        self.assertEqual(self.daemon.saslauthd("alice", USERS["alice"], "imaps.test"), "OK")


class StrictDovecot(Dovecot):
    """Elsewhere than our own address, or Dovecot takes the caller for itself and lets it do what it likes."""
    host = "127.0.0.2"


class DovecotHabits(SharedCase):
    """What Dovecot does by its own settings: limits, addresses of users, and no passwords in the clear."""
    label = "dovecot_habits"

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Dovecot, cls.lab.ca.good, imap=True, max_userip=1, extra="login_trusted_networks = 127.0.0.0/8")
        cls.strict = cls.lab.server(StrictDovecot, cls.lab.ca.good, imap=True, extra="disable_plaintext_auth = yes")
        imaps = f"imaps://localhost:{cls.server.imaps}"
        cls.daemon = cls.lab.daemon(
            backends=[imap_backend("busy", imaps, cls.lab), imap_backend("careful", imaps, cls.lab, settings={"in_use": "tempfail"}),
                      imap_backend("clear", f"imap://127.0.0.2:{cls.strict.imap}"),
                      imap_backend("inside", f"imap+starttls://127.0.0.2:{cls.strict.imap}", cls.lab, tls={"server_name": "localhost"}),
                      imap_backend("forward", imaps, cls.lab, settings={"forward_client": True})],
            routes=[route(f"{n}.test", n, strip_domain=True) for n in ("busy", "careful", "clear", "inside", "forward")], start=False)
        cls.daemon.listeners[0]["trust_client"] = True
        cls.daemon.write_config()
        cls.daemon.start()

    def test_too_many_sessions_of_a_user_are_no_refusal(self):
        held = []
        try:
            with self.assertRaisesRegex(imaplib.IMAP4.error, "Maximum number of connections"):
                while len(held) < 20:  # Dovecot counts late: the limit is reached some sessions after one
                    held.append(imaplib.IMAP4("127.0.0.1", self.server.imap, timeout=10))
                    held[-1].login("alice", USERS["alice"])
            self.verdict(self.daemon.login("alice@busy.test", USERS["alice"]), "accept", "mailbox_busy")
            self.verdict(self.daemon.login("alice@careful.test", USERS["alice"]), "tempfail", "upstream_busy")
            for name in ("busy", "careful"):  # the limit comes after the password
                self.verdict(self.daemon.login(f"alice@{name}.test", WRONG), "reject", "wrong_password")
        finally:
            for session in held:
                session.shutdown()

    def test_the_users_address_reaches_dovecot(self):
        self.verdict(self.daemon.login("eve@forward.test", USERS["eve"], client="192.0.2.77"), "accept")
        wait_until(lambda: "user=<eve>, method=PLAIN, rip=192.0.2.77" in self.server.log(), 5, "the user's address in Dovecot's log")
        self.verdict(self.daemon.login("eve@forward.test", WRONG, client="192.0.2.78"), "reject", "wrong_password")
        wait_until(lambda: "rip=192.0.2.78" in self.server.log(), 5, "the other address in Dovecot's log")

    def test_C_01_login_disabled_in_the_clear_and_not_inside_tls(self):
        later = self.daemon.login("alice@clear.test", USERS["alice"])
        self.verdict(later, "tempfail", "misconfigured")
        self.assertNotIn("user=<alice>", self.strict.log())
        self.verdict(self.daemon.login("alice@inside.test", USERS["alice"]), "accept")


class Life(SharedCase):
    """A server that goes away and comes back."""
    label = "life"

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Dovecot, cls.lab.ca.good, imap=True)
        cls.daemon = cls.lab.daemon(
            backends=[imap_backend("one", f"imaps://localhost:{cls.server.imaps}", cls.lab, breaker={"reopen": "300ms"}, timeouts={"reply": "1s"})],
            routes=[route("one.test", "one", strip_domain=True)])

    def ask(self, password=USERS["alice"]):
        return self.daemon.login("alice@one.test", password)

    def test_down_frozen_and_back(self):
        self.verdict(self.ask(), "accept")
        self.server.freeze()
        try:
            self.assertEqual(self.ask().verdict, "tempfail")
        finally:
            self.server.thaw()
        self.server.kill()
        self.verdict(self.ask(), "tempfail", "upstream_down")
        self.assertEqual(self.daemon.saslauthd("alice", USERS["alice"], "one.test"), "")
        self.server.start()
        wait_until(lambda: self.ask().verdict == "accept", 10, "the server to be found again")
        self.verdict(self.ask(WRONG), "reject", "wrong_password")
