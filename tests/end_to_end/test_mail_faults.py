"""The fault matrices of SMTP AUTH, RCPT and VRFY over real sockets: each fault at each step of each dialogue. Nothing a mail server can
do wrong becomes a yes or a no, costs more than one credential, or delays another route."""
import threading

from fakes import faults, smtp
from fakes.smtp import SmtpServer
from lab import matrix
from lab.case import LabCase, backend, route
from lab.matrix import PASSWORD

GENERAL = faults.EVERYWHERE + [faults.close_inside, faults.reset_inside, faults.nul_inside, faults.duplicate, faults.close_after] + smtp.REPLIES
# The reply was complete and in order before the fault: it counts, or the server's manners cost it.
COMPLETE = {"extra", "duplicate", "close_after"}


class Mail:
    """dialogues: name -> (how its server is made, the backend's settings, its steps in order, the one at which a yes is said)."""

    @classmethod
    def _cells(cls):
        for name, (server, _, steps, yes) in cls.dialogues.items():
            for step in steps:
                wrong = faults.HANDSHAKE if step == "tls" else GENERAL + ([smtp.bare_line_feed] if step == yes else [])  # elsewhere a line may end so
                if server.get("tls") == "implicit" or step in ("ehlo2", "auth", "auth2", "auth3", "mail", "rcpt", "vrfy") and server.get("tls"):
                    wrong = wrong + (faults.INSIDE_TLS if step != "tls" else [])
                for fault in wrong:
                    yield name, step, fault

    @classmethod
    def prepare(cls):
        def make(dialogue, step, fault, name):
            server_options, settings, *_ = cls.dialogues[dialogue]
            server = cls.lab.adopt(SmtpServer(certificate=cls.lab.ca.good, users={"ann": PASSWORD}, faults={step: fault}, **server_options))
            # No breaker: the second question meets the same server, not our memory of it.
            table = backend(name, cls.plugin, server.url(), cls.lab, settings={"helo": "broker.example.test"} | settings, breaker={"failures": 1000})
            return server, table, {"strip_domain": True} if cls.question == "login" else {}
        cls.arrange(cls._cells(), make)

    def test_without_a_fault_each_dialogue_ends_well(self):
        for name, (server_options, settings, *_) in self.dialogues.items():
            with self.subTest(dialogue=name):
                server = self.lab.adopt(SmtpServer(certificate=self.lab.ca.good, users={"ann": PASSWORD}, **server_options))
                table = backend("fake", self.plugin, server.url(), self.lab, settings={"helo": "broker.example.test"} | settings)
                daemon = self.lab.daemon(backends=[table], routes=[route("fake.test", **{self.question: ["fake"]}, **({"strip_domain": True} if self.question == "login" else {}))])
                if self.question == "login":
                    self.verdict(daemon.login("ann@fake.test", PASSWORD), "accept")
                    self.verdict(daemon.login("ann@fake.test", "wrong-Pw-30412"), "reject", "wrong_password")
                    self.assertEqual(server.credentials, 2)
                else:
                    self.verdict(daemon.mailbox("ann@fake.test"), "exists")
                    self.verdict(daemon.mailbox("bob@fake.test"), "absent")

    def test_F_01_F_02_F_05_F_06_each_fault_at_each_step(self):
        self.each_fault_at_each_step()


class Auth(Mail, matrix.Matrix):
    label = "smtpauth"
    plugin = "smtpauth"
    dialogues = {
        "clear": (dict(sasl=["PLAIN"]), {"mechanisms": ["PLAIN"]}, ["greeting", "ehlo", "auth", "quit"], "auth"),
        "tls": (dict(tls="implicit", sasl=["PLAIN"]), {"mechanisms": ["PLAIN"]}, ["tls", "greeting", "ehlo", "auth"], "auth"),
        "starttls": (dict(tls="starttls", sasl=["PLAIN"]), {"mechanisms": ["PLAIN"]}, ["greeting", "ehlo", "starttls", "tls", "ehlo2", "auth", "quit"], "auth"),
        "login": (dict(tls="implicit", sasl=["LOGIN"]), {"mechanisms": ["LOGIN"]}, ["auth", "auth2", "auth3"], "auth3"),
        "cram": (dict(tls="implicit", sasl=["CRAM-MD5"]), {"mechanisms": ["CRAM-MD5"]}, ["auth", "auth2"], "auth2"),
    }

    def allowed(self, step, fault):
        if step == "quit":
            return {"accept"}
        return {"accept", "tempfail"} if fault in COMPLETE else {"tempfail"}


class Rcpt(Mail, matrix.Matrix):
    label = "rcpt"
    plugin = "vrfy"
    question = "mailbox"
    dialogues = {
        "clear": (dict(extensions=["ENHANCEDSTATUSCODES"]), {}, ["greeting", "ehlo", "mail", "rcpt", "quit"], "rcpt"),
        "starttls": (dict(tls="starttls"), {}, ["greeting", "ehlo", "starttls", "tls", "ehlo2", "mail", "rcpt"], "rcpt"),
        "alone": (dict(), {"detect_accept_all": False}, ["mail", "rcpt", "rset"], "rcpt"),
    }

    def allowed(self, step, fault):
        if step in ("quit", "rset"):  # after the answer; at most the next question meets it
            return {"exists", "tempfail"}
        if fault in COMPLETE:
            return {"exists", "tempfail"}
        return {"tempfail"}


class Vrfy(Mail, matrix.Matrix):
    label = "vrfy"
    plugin = "vrfy"
    question = "mailbox"
    dialogues = {
        "clear": (dict(), {"methods": ["vrfy"]}, ["greeting", "ehlo", "vrfy"], "vrfy"),
        "tls": (dict(tls="implicit"), {"methods": ["vrfy"]}, ["tls", "greeting", "ehlo", "vrfy"], "vrfy"),
    }

    def allowed(self, step, fault):
        if fault == "bad_sequence":  # to VRFY alone: a server that does not do it
            return {"unverifiable", "tempfail"}
        return {"exists", "tempfail"} if fault in COMPLETE else {"tempfail"}


class Late(LabCase):
    def test_F_10_a_late_reply_is_nobodys(self):
        """The reply to the first question comes after its deadline, when a second one is waiting."""
        release = threading.Event()

        def late(s, normal):
            release.wait(10)
            return normal
        login = self.lab.adopt(SmtpServer(users={"ann": PASSWORD}, sasl=["PLAIN"], replies={"auth": late}))
        rcpt = self.lab.adopt(SmtpServer(users={"ann": ""}, replies={"rcpt": late}))
        one = {"pool": {"connections": 1}}
        daemon = self.lab.daemon(backends=[backend("login", "smtpauth", login.url("127.0.0.1"), **one), backend("rcpt", "vrfy", rcpt.url("127.0.0.1"), **one)],
                                 routes=[route("fake.test", "login", mailbox=["rcpt"], strip_domain=True)], broker={"request_timeout": "1s"})
        self.assertEqual(daemon.login("ann@fake.test", PASSWORD).verdict, "tempfail")
        self.assertEqual(daemon.mailbox("ann@fake.test").verdict, "tempfail")
        release.set()
        self.verdict(daemon.login("ann@fake.test", "wrong-Pw-30412"), "reject", "wrong_password")
        self.verdict(daemon.mailbox("nosuch@fake.test"), "absent")
        self.verdict(daemon.mailbox("ann@fake.test"), "exists")
