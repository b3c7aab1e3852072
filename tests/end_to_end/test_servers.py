"""The same table of logins on independent real POP3 servers, over every way to reach them."""
import re
import poplib
import time

from lab import clients
from lab.case import SharedCase, pop3_backend, route
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot, USERS
from lab.prefix import cache
from lab.process import wait_until

WRONG = "wrong-Pw-30412"


class Table:
    """Each transport has two routes: TRANSPORT.test strips the domain; the full addresses of example.test go over STLS."""

    reply_timeout = "5s"
    transports = ("plain", "stls", "pop3s", "login", "sasl")

    @classmethod
    def prepare(cls):
        cls.server = s = cls.start_server()
        lab = cls.lab
        plain, stls, pop3s = f"pop3://127.0.0.1:{s.pop3}", f"pop3+starttls://localhost:{s.pop3}", f"pop3s://localhost:{s.pop3s}"
        backends = [pop3_backend("plain", plain), pop3_backend("stls", stls, lab), pop3_backend("pop3s", pop3s, lab),
                    pop3_backend("login", stls, lab, settings={"mechanisms": ["LOGIN"]}), pop3_backend("sasl", pop3s, lab, settings={"mechanisms": ["PLAIN"]}),
                    pop3_backend("full", stls, lab), pop3_backend("template", pop3s, lab)]
        transports = list(cls.transports)
        if s.has_apop:
            backends += [pop3_backend("apop_clear", plain, settings={"apop": "require"}), pop3_backend("apop_tls", pop3s, lab, settings={"apop": "require"}),
                         pop3_backend("apop_prefer", pop3s, lab, settings={"apop": "prefer"})]
            transports += ["apop_clear", "apop_tls", "apop_prefer"]
        cls.all = transports
        routes = [route(f"{t.replace('_', '-')}.test", t, strip_domain=True) for t in transports]
        routes += [route(["example.test", "other.test"], "full", strip_domain=False),
                   route("template.test", "template", login_name="{local}@example.test")]
        for b in backends:
            b["timeouts"] = {"reply": cls.reply_timeout}
        cls.daemon = lab.daemon(backends=backends, routes=routes)

    def each(self, user, password, check, but=()):
        """check(transport, address, answer) for a login over every transport."""
        for t in self.all:
            if t not in but:
                with self.subTest(transport=t):
                    address = f"{user}@{t.replace('_', '-')}.test"
                    check(t, address, self.daemon.login(address, password))

    def accepted(self, transport, address, yes):
        self.verdict(yes, "accept")
        self.assertEqual((yes.status, yes["backend"]), (200, transport))

    def rejected(self, transport, address, no):
        self.verdict(no, "reject", "wrong_password")
        self.assertEqual(no.status, 401)

    def test_right_password(self):
        self.each("alice", USERS["alice"], self.accepted)

    def test_identity_stays_full_where_the_domain_is_stripped(self):
        for t in self.all:
            with self.subTest(transport=t):
                address = f"alice@{t.replace('_', '-')}.test"
                yes = self.daemon.login(address.replace(".test", ".TEST"), USERS["alice"])
                self.assertEqual((yes.verdict, yes["identity"], yes["login_name"]), ("accept", address, "alice"))

    def test_wrong_password(self):
        self.each("alice", WRONG, self.rejected, but=("apop_prefer",))  # its second try is a test of its own

    def test_unknown_user(self):
        no = self.daemon.login("nobody@pop3s.test", WRONG)
        self.assertEqual((no.verdict, no.status), ("reject", 401))

    def test_full_addresses_are_different_people(self):
        for domain, password, verdict in (("example.test", "bob@example.test", "accept"), ("other.test", "bob@other.test", "accept"),
                                          ("other.test", "bob@example.test", "reject"), ("example.test", "bob@other.test", "reject")):
            if "bob@other.test" not in self.people:
                continue
            with self.subTest(domain=domain, password=password):
                self.assertEqual(self.daemon.login(f"bob@{domain}", USERS[password]).verdict, verdict)

    def test_template_makes_the_login_name(self):
        yes = self.daemon.login("bob@template.test", USERS["bob@example.test"])
        self.verdict(yes, "accept")
        self.assertEqual(yes["identity"], "bob@template.test")

    def test_saslauthd_ok_and_no(self):
        self.assertEqual(self.daemon.saslauthd("alice", USERS["alice"], "pop3s.test"), "OK")
        self.assertEqual(self.daemon.saslauthd("alice", WRONG, "pop3s.test"), "NO")

    def test_A_01_empty_password_never_leaves(self):
        self.verdict(self.daemon.login("alice@pop3s.test", ""), "reject", "empty_password")


class Spaces:
    def test_A_07_password_with_spaces(self):
        self.each("dora", USERS["dora"], self.accepted)

    def test_password_in_utf_8(self):
        self.each("eve", USERS["eve"], self.accepted)


class DovecotTable(Table, Spaces, SharedCase):
    label = "dovecot"
    people = USERS

    @classmethod
    def start_server(cls):
        return cls.lab.server(Dovecot, cls.lab.ca.good)

    def test_disabled_user_is_rejected(self):
        self.each("frank", USERS["frank"], lambda transport, address, no: self.assertEqual((no.verdict, no.status), ("reject", 401), no), but=("apop_prefer",))

    def test_temporary_failure_is_no_refusal(self):
        self.each("tempfail", USERS["tempfail"], lambda transport, address, later: self.assertEqual((later.verdict, later.status), ("tempfail", 503), later))
        self.assertEqual(self.daemon.saslauthd("tempfail", USERS["tempfail"], "pop3s.test"), "")

    def test_the_server_saw_the_mechanisms(self):
        for transport, mechanism in (("plain", "PLAIN"), ("sasl", "PLAIN"), ("login", "LOGIN"), ("apop_tls", "APOP"), ("apop_clear", "APOP"), ("apop_prefer", "APOP")):
            with self.subTest(transport=transport):
                line = f"Login: user=<alice>, method={mechanism}"
                before = self.server.log().count(line)
                self.verdict(self.daemon.login(f"alice@{transport.replace('_', '-')}.test", USERS["alice"]), "accept")
                wait_until(lambda: self.server.log().count(line) > before, 5, line)

    def test_apop_prefer_wrong_password_costs_two_tries_at_most(self):
        def tries():
            return sum(int(n) for n in re.findall(r"auth failed, (\d+) attempts[^\n]*user=<dora>", self.server.log()))
        before = tries()
        self.verdict(self.daemon.login("dora@apop-prefer.test", WRONG), "reject", "wrong_password")
        wait_until(lambda: tries() > before, 5, "the refusal in Dovecot's log")  # one line, when the connection has ended
        self.assertIn(tries() - before, (1, 2))

    def test_no_session_is_left_open(self):
        before = self.server.log().count("Disconnected: Logged out")
        for _ in range(20):
            self.verdict(self.daemon.login("alice@pop3s.test", USERS["alice"]), "accept")
        # QUIT was heard, although nobody waits for its reply.
        wait_until(lambda: self.server.log().count("Disconnected: Logged out") >= before + 20, 10, "20 orderly goodbyes")
        self.assertNotRegex(self.server.log(), "Maximum number of connections|reset by peer|Broken pipe")


class CyrusTable(Table, Spaces, SharedCase):
    label = "cyrus"
    people = USERS

    @classmethod
    def start_server(cls):
        return cls.lab.server(Cyrus, cls.lab.ca.good, cache())


class CourierTable(Table, SharedCase):
    """No response codes: a bare -ERR is the refusal, and it comes after five seconds."""
    label = "courier"
    people = ("alice", "bob@example.test")
    reply_timeout = "7s"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Courier, cls.lab.ca.good, cache())

    # Five seconds each: one refusal is enough here, and the request must outlive it.
    def test_wrong_password(self):
        started = time.monotonic()
        self.verdict(self.daemon.login("alice@stls.test", WRONG), "reject", "wrong_password")
        self.assertGreater(time.monotonic() - started, 4)

    def test_saslauthd_ok_and_no(self):
        self.assertEqual(self.daemon.saslauthd("alice", USERS["alice"], "pop3s.test"), "OK")

    def test_unknown_user(self):
        self.assertEqual(clients.basic(self.daemon.http, "alice@pop3s.test", USERS["alice"]).status, 200)


class StrictDovecot(Dovecot):
    """Elsewhere than our own address, or Dovecot takes the caller for itself and lets it do what it likes."""
    host = "127.0.0.2"


class DovecotHabits(SharedCase):
    """What Dovecot does by its own settings: limits, and no passwords in the clear."""
    label = "dovecot_habits"

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Dovecot, cls.lab.ca.good, max_userip=1)
        cls.strict = cls.lab.server(StrictDovecot, cls.lab.ca.good, extra="disable_plaintext_auth = yes")
        cls.trusting = cls.lab.server(Dovecot, cls.lab.ca.good, extra="login_trusted_networks = 127.0.0.0/8")
        url = f"pop3s://localhost:{cls.server.pop3s}"
        cls.daemon = cls.lab.daemon(
            backends=[pop3_backend("busy", url, cls.lab), pop3_backend("strict_busy", url, cls.lab, settings={"in_use": "tempfail"}),
                      pop3_backend("clear", f"pop3://127.0.0.2:{cls.strict.pop3}"),
                      pop3_backend("forward", f"pop3s://localhost:{cls.trusting.pop3s}", cls.lab, settings={"forward_client": True})],
            routes=[route("busy.test", "busy", strip_domain=True), route("strict.test", "strict_busy", strip_domain=True),
                    route("clear.test", "clear", strip_domain=True), route("forward.test", "forward", strip_domain=True)], start=False)
        cls.daemon.listeners[0]["trust_client"] = True
        cls.daemon.write_config()
        cls.daemon.start()

    def test_mailbox_in_use_was_a_right_password(self):
        held = []
        try:
            with self.assertRaisesRegex(poplib.error_proto, "IN-USE"):
                while len(held) < 20:  # Dovecot counts late: the limit is reached some sessions after one
                    held.append(poplib.POP3("127.0.0.1", self.server.pop3, timeout=10))
                    held[-1].user("alice")
                    held[-1].pass_(USERS["alice"])
            self.verdict(self.daemon.login("alice@busy.test", USERS["alice"]), "accept", "mailbox_busy")
            self.verdict(self.daemon.login("alice@busy.test", WRONG), "reject", "wrong_password")
            self.assertEqual(self.daemon.login("alice@strict.test", USERS["alice"]).verdict, "tempfail")
        finally:
            for session in held:
                session.close()

    def test_the_users_address_reaches_dovecot(self):
        yes = self.daemon.login("alice@forward.test", USERS["alice"], client="192.0.2.77")
        self.verdict(yes, "accept")
        wait_until(lambda: "user=<alice>, method=PLAIN, rip=192.0.2.77" in self.trusting.log(), 5, "the user's address in Dovecot's log")

    def test_C_01_plaintext_disallowed_is_no_wrong_password(self):
        later = self.daemon.login("alice@clear.test", USERS["alice"])
        self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)
