"""The broker reloaded, restarted and killed under a stream of SMTP sessions at Postfix, which asks it for logins and for recipients.

No session may ever see a wrong answer; what sessions do see is counted, and printed."""
import base64
import collections
import contextlib
import signal
import smtplib
import threading

from lab.case import LabCase, route, static_backend
from lab.mail_server import ask, session
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until

ANN, RIGHT, WRONG, NOBODY = "ann@example.com", "ann-Pw-55219", "wrong-horse-9913", "nobody@example.com"
CALLERS = 4
# What is asked -> the code that is right.
RIGHT_CODES = {"wrong password": "535", "right password": "235", "recipient": "250", "nobody": "550"}
# What else may be said while the broker is away. A session may also end without an answer: Postfix serves none without its
# authentication server.
AWAY = {"wrong password": "454", "right password": "454", "recipient": "451", "nobody": "451"}


class Stream:
    """Sessions, one after the other, by some callers at once. seen: (question, code) -> how often."""

    def __init__(self, port):
        self._port, self._stop, self._lock = port, threading.Event(), threading.Lock()
        self.seen, self.sessions = collections.Counter(), 0
        self._threads = [threading.Thread(target=self._run) for _ in range(CALLERS)]
        for t in self._threads:
            t.start()

    def _run(self):
        while not self._stop.is_set():
            heard = collections.Counter()
            try:
                self._one(heard)
            except (smtplib.SMTPException, OSError, EOFError):
                heard["session", "without an answer"] += 1
            with self._lock:
                self.seen += heard
                self.sessions += 1

    def _one(self, heard):
        def said(what, reply):
            heard[what, reply[:3]] += 1

        def plain(password):
            return "PLAIN " + base64.b64encode(f"\0{ANN}\0{password}".encode()).decode()
        with session(self._port) as s:
            ask(s, "MAIL", "FROM:<>")
            said("recipient", ask(s, "RCPT", f"TO:<{ANN}>"))
            said("nobody", ask(s, "RCPT", f"TO:<{NOBODY}>"))
            ask(s, "RSET")
            said("wrong password", ask(s, "AUTH", plain(WRONG)))
            said("right password", ask(s, "AUTH", plain(RIGHT)))

    def take(self):
        """What was seen since the last call."""
        with self._lock:
            seen, self.seen = self.seen, collections.Counter()
        return seen

    def await_sessions(self, more):
        before = self.sessions
        wait_until(lambda: self.sessions >= before + more, 60, f"{more} more sessions")

    def stop(self):
        self._stop.set()
        for t in self._threads:
            t.join()


class GatewayLife(LabCase):
    def setUp(self):
        super().setUp()
        self.notes = []
        folder = self.lab.place.sub("g")
        people = static_backend(self.lab, {ANN: (RIGHT, [])})
        listeners = [{"name": name, "protocol": protocol, "address": f"unix:{folder}/{name}", "mode": "0666"} for name, protocol in (("auth", "dovecot-auth"), ("map", "socketmap"))]
        self.daemon = self.lab.daemon(listeners=listeners, backends=[people], routes=[route("example.com", "people", mailbox=["people"])])
        self.postfix = self.lab.server(Postfix, self.lab.ca.good, cache(), main=f"""
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
relay_domains = example.com
relay_recipient_maps = socketmap:unix:{folder}/map:mailbox
relay_transport = discard:
smtpd_error_sleep_time = 0
service_throttle_time = 1s
""")
        self.stream = self.lab.adopt(Stream(self.postfix.smtp))
        self.stream.await_sessions(2 * CALLERS)

    def shown(self, what, seen):
        self.notes.append(f"{what}: " + ", ".join(f"{question} {code} x{n}" for (question, code), n in sorted(seen.items())))
        return seen

    def right(self, seen):
        self.assertEqual({key for key in seen if RIGHT_CODES.get(key[0]) != key[1]}, set(), seen)
        self.assertEqual({question for question, _ in seen}, set(RIGHT_CODES))

    def never_wrong(self, seen):
        allowed = {*RIGHT_CODES.items(), *AWAY.items(), ("session", "without an answer")}
        self.assertEqual({key for key in seen if key not in allowed}, set(), seen)

    def right_again(self):
        def so():
            self.stream.take()
            self.stream.await_sessions(2 * CALLERS)
            with contextlib.suppress(AssertionError):
                self.right(self.stream.take())
                return True
            return False
        wait_until(so, 60, "right answers alone")

    def test_no_session_sees_a_wrong_answer(self):
        self.right(self.shown("undisturbed", self.stream.take()))
        for turn in range(10):
            self.daemon.routes[0]["help_url"] = f"https://help.example.test/{turn}"
            self.daemon.write_config()
            self.daemon.reload()
            self.stream.await_sessions(CALLERS)
        self.stream.await_sessions(2 * CALLERS)
        self.right(self.shown("ten reloads", self.stream.take()))
        for _ in range(3):
            self.daemon.stop()
            self.stream.await_sessions(CALLERS)
            self.daemon.start()
            self.stream.await_sessions(CALLERS)
        self.never_wrong(self.shown("three restarts, some sessions without a broker in each", self.stream.take()))
        self.right_again()
        for _ in range(3):
            self.daemon.process.signal(signal.SIGKILL)
            wait_until(lambda: self.daemon.process.status is not None, 10, "its end")
            self.stream.await_sessions(CALLERS)
            self.daemon.kill()
            self.daemon.start()
            self.stream.await_sessions(CALLERS)
        self.never_wrong(self.shown("killed three times", self.stream.take()))
        self.right_again()
        self.daemon.process.signal(signal.SIGSTOP)
        try:
            self.stream.take()
            wait_until(lambda: self.stream.seen["right password", "454"] or self.stream.seen["session", "without an answer"], 60, "what a stopped broker looks like")
        finally:
            self.daemon.process.signal(signal.SIGCONT)
        self.never_wrong(self.shown("stopped for a while", self.stream.take()))
        self.right_again()
