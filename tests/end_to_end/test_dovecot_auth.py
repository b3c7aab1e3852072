"""Who speaks Dovecot's authentication protocol: Postfix and Exim over real SMTP, each from its recipe's own files, and Dovecot itself."""
import base64
import concurrent.futures
import configparser
import contextlib
import imaplib
import os
import random
import shutil
import signal
import socket
import socketserver
import threading
import time

from lab import clients
from lab.case import LabCase, SharedCase, backend, pop3_backend, route, static_backend
from lab.dovecot import ImapLogin
from lab.exim import UID as EXIM, Exim
from lab.mail_server import ask, session
from lab.place import free_port, put
from lab.postfix import UID as POSTFIX, Postfix
from lab.prefix import cache
from lab.process import run, wait_until
from lab.recipe import broker_of, recipe

ANN, RIGHT, WRONG = "ann@example.com", "ann-Pw-55219", "wrong-horse-9913"
EVE, EVE_PASSWORD = "eve@example.com", "p€ss-wörd-8472"
DORA, DORA_PASSWORD = "dora@example.com", "pass word with  spaces 31"
DOWN, NOWHERE = "ann@down.test", "ann@nowhere.test"
PEOPLE = {ANN: (RIGHT, []), EVE: (EVE_PASSWORD, []), DORA: (DORA_PASSWORD, []), "off@example.com": (None, [])}


def listener(name, path, **more):
    return {"name": name, "protocol": "dovecot-auth", "address": "unix:" + path, "mode": "0666", "allow": ["login"]} | more


def greeted(path):
    """A connection whose greeting has been read, and the greeting."""
    s = clients.connect(path)
    text = b""
    while not text.endswith(b"DONE\n"):
        part = s.recv(4096)
        if not part:
            raise EOFError(text)
        text += part
    return s, text.decode()


def plain(user, password):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def auth(number, user, password, more=""):
    return f"AUTH\t{number}\tPLAIN\tservice=smtp{more}\tresp={plain(user, password)}\n".encode()


def submit(lab, server, user, password, mechanism="PLAIN"):
    """What AUTH ends with, over real SMTP inside TLS."""
    with session(server.smtp, ca_file=lab.ca.ca_file) as s:
        if mechanism == "PLAIN":
            return ask(s, "AUTH", "PLAIN " + plain(user, password))
        for word in ("AUTH LOGIN", *(base64.b64encode(x.encode()).decode() for x in (user, password))):
            said = ask(s, word)
        return said


HELLO = b"VERSION\t1\t2\nCPID\t4711\n"


class HangingUpstream:
    """Takes connections and says nothing."""

    def __init__(self, _folder):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._socket.getsockname()[1]
        self._callers = []

    def await_caller(self):
        self._socket.settimeout(20)
        self._callers.append(self._socket.accept()[0])

    def stop(self):
        for s in [*self._callers, self._socket]:
            s.close()


class ExpiredUpstream:
    """An IMAP server whose users' passwords have all expired."""
    WORDS = "ask in room 4711"

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] here\r\n")
            while line := self.rfile.readline():
                tag, command = line.split()[:2]
                if command.upper() == b"CAPABILITY":
                    self.wfile.write(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
                elif command.upper() in (b"AUTHENTICATE", b"LOGIN"):
                    self.wfile.write(tag + f" NO [EXPIRED] {ExpiredUpstream.WORDS}\r\n".encode())
                else:
                    self.wfile.write(tag + b" OK done\r\n")

    def __init__(self, _folder):
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self.Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def expired_backend(lab):
    return backend("expired", "imap", f"imap://127.0.0.1:{lab.server(ExpiredUpstream).port}")


def postfix_of(lab, path, **more):
    """Postfix with the recipe's lines, asking at this socket."""
    text = recipe("postfix-dovecot/main.cf", {"smtpd_sasl_path = authbroker/auth": "smtpd_sasl_path = " + path})
    return lab.server(Postfix, lab.ca.good, cache(), main=text, **more)


def postfix_broker(lab, path, backends, routes, **more):
    text = recipe("postfix-dovecot/postfix-auth.toml", {
        "/var/spool/postfix/authbroker/auth": path, '"postfix"': f'"{POSTFIX}"', 'upstream = ["imaps://mail1.example.com"]': "",
        'plugin = "imap"': 'plugin = "static"\nsettings = { file = "' + backends[0]["settings"]["file"] + '" }'})
    return broker_of(lab, text, backends=backends[1:], routes=routes, **more)


class MailServerCase:
    """What holds for both, over real SMTP inside TLS."""
    TEMPFAIL = None

    def say(self, user, password, mechanism="PLAIN"):
        return submit(self.lab, self.server, user, password, mechanism)

    def test_right_passwords_are_235(self):
        for user, (password, _) in PEOPLE.items():
            if password is None:
                continue
            for mechanism in ("PLAIN", "LOGIN"):
                with self.subTest(user=user, mechanism=mechanism):
                    self.assertRegex(self.say(user, password, mechanism), r"^235 ")

    def test_wrong_and_unknown_are_the_same_535(self):
        for mechanism in ("PLAIN", "LOGIN"):
            words = {self.say(user, WRONG, mechanism) for user in (ANN, "nobody@example.com", "off@example.com", NOWHERE)}
            self.assertEqual(words, {self.REJECT}, mechanism)

    def test_M_11_G_08_a_tempfail_is_temporary_on_the_wire(self):
        for mechanism in ("PLAIN", "LOGIN"):
            self.assertEqual(self.say(DOWN, RIGHT, mechanism), self.TEMPFAIL)

    def test_a_session_goes_on_after_a_tempfail(self):
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            self.assertEqual(ask(s, "AUTH", "PLAIN " + plain(DOWN, RIGHT)), self.TEMPFAIL)
            self.assertEqual(ask(s, "AUTH", "PLAIN " + plain(ANN, WRONG)), self.REJECT)
            self.assertRegex(ask(s, "AUTH", "PLAIN " + plain(ANN, RIGHT)), r"^235 ")
            self.assertRegex(ask(s, "MAIL", "FROM:<ann@example.com>"), r"^250 ")

    def test_A_01_an_empty_password_is_no_yes(self):
        self.assertRegex(self.say(ANN, ""), r"^5\d\d ")

    def test_nobody_acts_as_somebody_else(self):
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            word = base64.b64encode(f"{EVE}\0{ANN}\0{RIGHT}".encode()).decode()
            self.assertRegex(ask(s, "AUTH", "PLAIN " + word), r"^535 ")

    def test_the_clients_address_is_believed_and_logged(self):
        before = len(self.daemon.log())
        self.say(ANN, RIGHT)
        line = self.daemon.await_log(r"event=decision[^\n]*address=ann@example\.com[^\n]*", after=before).group()
        self.assertRegex(line, r" client=127\.0\.0\.1 ")
        self.assertRegex(line, r" service=smtp ")

    def test_no_auth_outside_tls(self):
        with session(self.server.smtp) as s:
            self.assertNotIn("auth", s.esmtp_features)

    def test_many_sessions_at_once(self):
        users = [(ANN, RIGHT, "235"), (ANN, WRONG, "535"), (EVE, EVE_PASSWORD, "235"), (DOWN, RIGHT, self.TEMPFAIL[:3])]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            said = list(pool.map(lambda n: (users[n % 4][2], self.say(users[n % 4][0], users[n % 4][1])[:3]), range(36)))
        self.assertEqual([got for _, got in said], [wanted for wanted, _ in said])


class PostfixAuth(MailServerCase, SharedCase):
    label = "postfix"
    TEMPFAIL = "454 4.7.0 Temporary authentication failure: Connection lost to authentication server"
    REJECT = "535 5.7.8 Error: authentication failed: (reason unavailable)"

    @classmethod
    def prepare(cls):
        """In a chroot, with the recipe's main.cf as it is."""
        backends = [static_backend(cls.lab, PEOPLE, "mail1"), pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}"), expired_backend(cls.lab)]

        def start_broker(spool):
            folder = os.path.join(spool, "authbroker")
            os.mkdir(folder, 0o710)
            os.chmod(folder, 0o710)
            shutil.chown(folder, 0, POSTFIX)
            cls.daemon = postfix_broker(cls.lab, os.path.join(folder, "auth"), backends, [route("down.test", "nobody"), route("expired.test", "expired")])
            cls.daemon.canaries |= {RIGHT, WRONG, EVE_PASSWORD, DORA_PASSWORD}

        cls.server = cls.lab.server(Postfix, cls.lab.ca.good, cache(), main=recipe("postfix-dovecot/main.cf", {}), chroot=True, prepared=start_broker)

    def test_an_expired_password_is_said_to_be_one_in_our_words(self):
        self.assertEqual(self.say("ann@expired.test", RIGHT), "535 5.7.8 Error: authentication failed: Your password has expired.")

    def test_the_server_never_died(self):
        self.say(ANN, RIGHT)
        self.assertNotIn("fatal", self.server.log())
        self.assertNotIn("throttling", self.server.log())


class EximAuth(MailServerCase, SharedCase):
    label = "exim"
    TEMPFAIL = "435 Unable to authenticate at present"
    REJECT = "535 Incorrect authentication data"

    @classmethod
    def prepare(cls):
        cls.path = os.path.join(cls.lab.place.sub("p"), "auth")
        people = static_backend(cls.lab, PEOPLE, "mail1")
        text = recipe("exim-dovecot/exim-auth.toml", {
            "/run/authbroker/exim-auth.sock": cls.path, '"Debian-exim"': f'"{EXIM}"', 'upstream = ["imaps://mail1.example.com"]': "",
            'plugin = "imap"': 'plugin = "static"\nsettings = { file = "' + people["settings"]["file"] + '" }'})
        cls.daemon = broker_of(cls.lab, text, backends=[pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")], routes=[route("down.test", "nobody")])
        cls.daemon.canaries |= {RIGHT, WRONG, EVE_PASSWORD, DORA_PASSWORD}
        authenticators = recipe("exim-dovecot/30_authbroker", {"/run/authbroker/exim-auth.sock": cls.path})
        cls.server = cls.lab.server(Exim, cls.lab.ca.good, cache(), authenticators=authenticators, heavy=True)


class PostfixInTrouble(LabCase):
    """Whatever becomes of the broker, SMTP goes on, and no right password is called wrong."""
    label = "trouble"

    def prepare(self, broker=None, limits=None):
        self.path = os.path.join(self.lab.place.sub("p"), "auth")
        os.chmod(os.path.dirname(self.path), 0o755)
        self.hanging = self.lab.server(HangingUpstream)
        self.daemon = self.lab.daemon(
            broker=broker, listeners=[listener("auth", self.path, limits=limits or {})],
            backends=[static_backend(self.lab, PEOPLE), pop3_backend("slow", f"pop3://127.0.0.1:{self.hanging.port}", timeouts={"connect": "60s", "reply": "60s"})],
            routes=[route("example.com", "people"), route("slow.test", "slow")])
        self.daemon.canaries |= {RIGHT, WRONG}
        self.server = postfix_of(self.lab, self.path)

    def say(self, user, password):
        return submit(self.lab, self.server, user, password)

    def test_a_slow_upstream_is_a_tempfail_before_postfix_gives_up(self):
        self.prepare(broker={"request_timeout": "1s"})
        began = time.monotonic()
        self.assertEqual(self.say("ann@slow.test", RIGHT), PostfixAuth.TEMPFAIL)
        self.assertLess(time.monotonic() - began, 20)

    def test_at_its_limit_of_connections_smtp_goes_on(self):
        self.prepare(broker={"request_timeout": "20s"}, limits={"connections": 1})
        busy, _ = greeted(self.path)
        with busy:
            busy.sendall(HELLO + auth(1, "ann@slow.test", RIGHT))
            self.hanging.await_caller()
            with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
                self.assertRegex(ask(s, "AUTH", "PLAIN " + plain(ANN, RIGHT)), r"^454 4\.7\.0 ")
                self.assertRegex(ask(s, "MAIL", "FROM:<x@elsewhere.test>"), r"^250 ")
                self.assertRegex(ask(s, "RCPT", "TO:<alice@example.test>"), r"^250 ")
            self.assertNotIn("fatal", self.server.log())
        self.assertRegex(self.say(ANN, RIGHT), r"^235 ")

    def test_a_restart_is_not_noticed_by_sessions_after_it(self):
        self.prepare()
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            self.assertEqual(ask(s, "AUTH", "PLAIN " + plain(ANN, WRONG)), PostfixAuth.REJECT)
            self.daemon.stop()
            self.daemon.start()
            self.assertRegex(ask(s, "AUTH", "PLAIN " + plain(ANN, RIGHT)), r"^235 ")

    def test_while_the_broker_is_away_a_session_hears_454(self):
        self.prepare()
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            self.daemon.stop()
            self.assertRegex(ask(s, "AUTH", "PLAIN " + plain(ANN, RIGHT)), r"^454 4\.7\.0 ")
            self.assertRegex(ask(s, "AUTH", "PLAIN " + plain(ANN, WRONG)), r"^454 4\.7\.0 ")
            self.daemon.start()
            self.assertRegex(ask(s, "AUTH", "PLAIN " + plain(ANN, RIGHT)), r"^235 ")

    def test_restarts_and_reloads_under_a_stream_of_sessions(self):
        """With the recipe's socket, which outlives the daemon: right passwords are 235 or, of a session that waits at that moment, 454;
        wrong ones 535 or 454; and every session is served."""
        folder = self.lab.place.sub("p")
        self.path = os.path.join(folder, "auth")
        os.chmod(folder, 0o755)
        unit = configparser.ConfigParser()
        unit.read_string(recipe("postfix-dovecot/authbroker-postfix.socket", {"/var/spool/postfix/authbroker/auth": self.path, "SocketGroup=postfix": f"SocketGroup={POSTFIX}"}))
        options = unit["Socket"]
        listening = self.enterContext(contextlib.closing(socket.socket(socket.AF_UNIX)))
        listening.bind(options["ListenStream"])
        listening.listen(128)
        os.chmod(options["ListenStream"], int(options["SocketMode"], 8))
        os.chown(options["ListenStream"], 0, int(options["SocketGroup"]))
        backends = [static_backend(self.lab, PEOPLE, "mail1")]
        activated = {"wrap": ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "activate"], "pass_fds": (3,),
                     "env": {"LISTEN_FDS": "1", "LISTEN_FDNAMES": options["FileDescriptorName"]}}
        self.daemon = postfix_broker(self.lab, self.path, backends, [], start=activated,
                                     preexec=lambda: os.dup2(listening.fileno(), 3, inheritable=True))
        self.daemon.canaries |= {RIGHT, WRONG}
        self.server = postfix_of(self.lab, self.path)
        seen, stop = [], []

        def stream(right):
            while not stop:
                seen.append((right, submit(self.lab, self.server, ANN, RIGHT if right else WRONG)[:3]))

        def some_more(n):
            wanted = len(seen) + n
            wait_until(lambda: len(seen) >= wanted, 60, "sessions")

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            streams = [pool.submit(stream, n % 2 == 0) for n in range(6)]
            try:
                for _ in range(3):
                    some_more(12)
                    self.daemon.reload()
                    some_more(12)
                    self.daemon.stop()
                    self.daemon.start(**activated)
                some_more(12)
            finally:
                stop.append(True)
            for s in streams:
                s.result()
        self.assertLessEqual(set(seen), {(True, "235"), (True, "454"), (False, "535"), (False, "454")})
        self.assertGreater(seen.count((True, "235")), 10)
        self.assertGreater(seen.count((False, "535")), 10)
        self.assertLess(len([word for _, word in seen if word == "454"]), len(seen) / 2, "trouble is the exception")


class Doveadm(SharedCase):
    """Dovecot's own client library, by its tool."""
    label = "doveadm"

    @classmethod
    def prepare(cls):
        folder = cls.lab.place.sub("p")
        cls.closing, cls.coding = os.path.join(folder, "close"), os.path.join(folder, "code")
        cls.daemon = cls.lab.daemon(
            listeners=[listener("close", cls.closing), listener("code", cls.coding, tempfail="code", reveal=True, trust_client=True)],
            backends=[static_backend(cls.lab, PEOPLE), pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
            routes=[route("example.com", "people"), route("down.test", "nobody")])
        cls.daemon.canaries |= {RIGHT, WRONG}
        cls.conf = os.path.join(folder, "dovecot.conf")
        put(cls.conf, f"base_dir = {folder}/run\nlog_path = {folder}/dovecot.log\nssl = no\n")
        os.mkdir(os.path.join(folder, "run"))

    def check(self, path=None, user=ANN, password=RIGHT, *more):
        done = run(["doveadm", "-c", self.conf, "auth", "test", "-a", path or self.closing, *more, user, password], timeout=30)
        return done.returncode, done.stdout + done.stderr

    def test_right_and_wrong(self):
        for path in (self.closing, self.coding):
            status, text = self.check(path)
            self.assertEqual(status, 0, text)
            self.assertIn("auth succeeded", text)
            status, text = self.check(path, ANN, WRONG)
            self.assertEqual(status, 77, text)
            self.assertNotIn("temp", text)

    def test_a_tempfail_is_told_from_a_reject(self):
        status, text = self.check(self.coding, DOWN)
        self.assertIn("temp", text)
        self.assertNotEqual(status, 0)

    def test_reveal_names_a_disabled_account(self):
        self.assertIn("user_disabled", self.check(self.coding, "off@example.com")[1])
        self.assertNotIn("user_disabled", self.check(self.closing, "off@example.com")[1])

    def test_parameters(self):
        status, text = self.check(self.coding, ANN, RIGHT, "-x", "service=imap", "-x", "rip=203.0.113.9", "-x", "session=abc123")
        self.assertEqual(status, 0, text)
        line = self.daemon.await_log(r"event=decision[^\n]*client=203\.0\.113\.9[^\n]*").group()
        self.assertIn("service=imap", line)
        self.assertIn("session=abc123", line)


class DovecotLogin(SharedCase):
    """Dovecot's own process for logins, many of which share a connection: it understands the code."""
    label = "imap_login"

    @classmethod
    def prepare(cls):
        folder = cls.lab.place.sub("p")
        path = os.path.join(folder, "auth")
        os.chmod(folder, 0o755)
        cls.daemon = cls.lab.daemon(
            listeners=[listener("auth", path, tempfail="code", trust_client=["dovenull"])],
            backends=[static_backend(cls.lab, PEOPLE), pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}"), expired_backend(cls.lab)],
            routes=[route("example.com", "people"), route("down.test", "nobody"), route("expired.test", "expired")])
        cls.daemon.canaries |= {RIGHT, WRONG}
        cls.server = cls.lab.server(ImapLogin, path)

    def said(self, user, password, mechanism=None):
        c = imaplib.IMAP4("127.0.0.1", self.server.port, timeout=30)
        try:
            if mechanism == "LOGIN":
                words = iter((user, password))
                c.authenticate("LOGIN", lambda _: next(words).encode())
            else:
                c.login(user, password)
        except imaplib.IMAP4.error as e:
            return str(e)
        finally:
            c.shutdown()
        return "OK"

    def test_a_reject_is_told_from_a_tempfail(self):
        for mechanism in (None, "LOGIN"):
            self.assertIn("[AUTHENTICATIONFAILED]", self.said(ANN, WRONG, mechanism))
            self.assertIn("[UNAVAILABLE] Temporary authentication failure", self.said(DOWN, RIGHT, mechanism))

    def test_an_expired_password_is_said_to_be_one(self):
        said = self.said("ann@expired.test", RIGHT)
        self.assertIn("[EXPIRED]", said)
        self.assertNotIn(ExpiredUpstream.WORDS, said)

    def test_the_users_address_and_session_are_logged(self):
        self.said("nobody@example.com", WRONG)
        line = self.daemon.await_log(r"event=decision[^\n]*address=nobody@example\.com[^\n]*").group()
        self.assertRegex(line, r" service=imap client=127\.0\.0\.1 session=\S+ ")

    def test_many_at_once(self):
        users = [(ANN, WRONG, "AUTHENTICATIONFAILED"), (DOWN, RIGHT, "UNAVAILABLE")]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            said = list(pool.map(lambda n: users[n % 2][2] in self.said(*users[n % 2][:2]), range(64)))
        self.assertEqual(said, [True] * 64)


class Raw(SharedCase):
    """What no real client sends."""
    label = "raw"

    @classmethod
    def prepare(cls):
        folder = cls.lab.place.sub("p")
        cls.path = os.path.join(folder, "auth")
        cls.hanging = cls.lab.server(HangingUpstream)
        cls.daemon = cls.lab.daemon(
            listeners=[listener("auth", cls.path, limits={"connections": 1200, "in_flight": 5000})],
            broker={"request_timeout": "3s"},
            # Room for all questions of a storm: on a busy machine hashes take long, and what is too much would be a tempfail.
            backends=[static_backend(cls.lab, PEOPLE) | {"pool": {"queue": 5000}}, pop3_backend("slow", f"pop3://127.0.0.1:{cls.hanging.port}", timeouts={"connect": "60s", "reply": "60s"})],
            routes=[route("example.com", "people"), route("slow.test", "slow")])
        cls.daemon.canaries |= {RIGHT, WRONG}

    def lines(self, s, count):
        text = b""
        while text.count(b"\n") < count:
            part = s.recv(65536)
            if not part:
                break
            text += part
        return sorted(text.decode().splitlines())

    def test_M_06_names_add_no_fields(self):
        s, _ = greeted(self.path)
        with s:
            s.sendall(HELLO + auth(1, ANN + "\tuser=admin", RIGHT) + auth(2, "ann\nOK\t3\tuser=admin", RIGHT) + auth(3, ANN, RIGHT))
            self.assertEqual(self.lines(s, 3), ["FAIL\t1", "FAIL\t2", f"OK\t3\tuser={ANN}"])

    def test_M_07_fifty_at_once_and_one_of_them_bad(self):
        s, _ = greeted(self.path)
        with s:
            s.sendall(HELLO + b"".join(b"AUTH\t25\tPLAIN\tservice=smtp\tresp=%%%\n" if n == 25 else auth(n, ANN, RIGHT if n % 2 else WRONG) for n in range(1, 51)))
            wanted = ["FAIL\t25\tcode=invalid_base64" if n == 25 else f"OK\t{n}\tuser={ANN}" if n % 2 else f"FAIL\t{n}" for n in range(1, 51)]
            self.assertEqual(self.lines(s, 50), sorted(wanted))

    def test_M_02_an_endless_line_ends_the_connection(self):
        s, _ = greeted(self.path)
        with s:
            s.sendall(HELLO)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(64):
                    s.sendall(b"x" * 65536)
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(clients.read_all(s), b"")

    def test_M_08_vanished_clients_leave_nothing_behind(self):
        for _ in range(5):
            s, _ = greeted(self.path)
            s.sendall(HELLO + b"".join(auth(n, "ann@slow.test", RIGHT) for n in range(1, 51)))
            s.close()
        s, _ = greeted(self.path)
        with s:
            s.sendall(HELLO + auth(1, ANN, RIGHT))
            self.assertEqual(self.lines(s, 1), [f"OK\t1\tuser={ANN}"])

    def test_a_thousand_connections(self):
        held = []
        try:
            for n in range(1000):
                s, _ = greeted(self.path)
                held.append(s)
                s.sendall(HELLO + auth(n + 1, ANN, RIGHT))
            for n, s in enumerate(held):
                self.assertEqual(self.lines(s, 1), [f"OK\t{n + 1}\tuser={ANN}"])
        finally:
            for s in held:
                s.close()

    def test_M_09_a_storm_of_clients_of_all_kinds(self):
        """Each asks in bursts, cancels, splits lines, half-closes or goes away as chance has it: no id has two replies, none a reply of
        another's, and what is asked at the end is answered as ever."""
        seconds, users = 5, {ANN: RIGHT, EVE: EVE_PASSWORD, DORA: DORA_PASSWORD}
        self.daemon.canaries |= set(users.values())
        wrong = []

        def client(seed):
            chance = random.Random(seed)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                s, _ = greeted(self.path)
                with s:
                    s.settimeout(20)
                    wanted, cancelled, lines = {}, set(), HELLO
                    for number in chance.sample(range(1, 2**32), chance.randrange(1, 80)):
                        user = chance.choice(list(users))
                        kind = chance.randrange(10)
                        if kind == 0:
                            lines += f"AUTH\t{number}\tPLAIN\tservice=smtp\tresp=?\n".encode()
                            wanted[number] = f"FAIL\t{number}\tcode=invalid_base64"
                        elif kind < 5:
                            lines += auth(number, user, users[user])
                            wanted[number] = f"OK\t{number}\tuser={user}"
                        else:
                            lines += auth(number, user, WRONG)
                            wanted[number] = f"FAIL\t{number}"
                        if chance.randrange(8) == 0:
                            lines += f"CANCEL\t{number}\n".encode()
                            cancelled.add(number)
                    while lines:
                        n = chance.randrange(1, 3000)
                        s.sendall(lines[:n])
                        lines = lines[n:]
                    end = chance.randrange(4)
                    if end == 0:
                        continue  # gone, without a word
                    if end == 1:
                        s.shutdown(socket.SHUT_WR)
                    seen, text = {}, b""
                    while len(seen) < len(wanted) - len(cancelled) or not seen.keys() >= wanted.keys() - cancelled:
                        part = s.recv(65536)
                        if not part:
                            break
                        text += part
                        *whole, text = text.split(b"\n")
                        for line in whole:
                            number = int(line.split(b"\t")[1])
                            if number in seen or wanted.get(number) != line.decode():
                                wrong.append((line, wanted.get(number)))
                            seen[number] = line
                    if not seen.keys() >= wanted.keys() - cancelled:
                        wrong.append(("unanswered", wanted.keys() - cancelled - seen.keys()))

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            for done in [pool.submit(client, seed) for seed in range(12)]:
                done.result()
        self.assertEqual(wrong[:5], [])
        s, _ = greeted(self.path)
        with s:
            s.sendall(HELLO + auth(1, ANN, RIGHT))
            self.assertEqual(self.lines(s, 1), [f"OK\t1\tuser={ANN}"])
