"""The fault matrix of IMAP over real sockets: each fault at each step of each dialogue. Nothing a server can do wrong becomes an accept
or a reject, costs more than one credential, or delays another route."""
from fakes import faults, imap
from fakes.imap import ImapServer
from lab import matrix
from lab.case import backend, route
from lab.matrix import PASSWORD

PLAIN, OLD = ("IMAP4rev1", "AUTH=PLAIN"), ("IMAP4rev1",)
# dialogue -> how its server is made, the backend's settings, its steps in order, the login name
DIALOGUES = {
    "clear": (dict(capabilities=OLD, asked=True), {}, ["greeting", "capability", "login", "logout"], "{local}"),
    "tls": (dict(tls="implicit"), {}, ["tls", "greeting", "auth2", "logout"], "{local}"),
    "starttls": (dict(tls="starttls"), {}, ["greeting", "starttls", "tls", "capability2", "auth2", "logout"], "{local}"),
    "waited": (dict(tls="implicit", capabilities=PLAIN), {}, ["auth", "auth2"], "{local}"),
    "literal": (dict(tls="implicit", capabilities=OLD), {}, ["literal", "login"], "ö{local}"),
    "id": (dict(tls="implicit"), {"forward_client": True}, ["id", "auth2"], "{local}"),
}
JUDGES = {"login", "auth2"}
# The reply was complete and in order before the fault: the verdict stands, or the server's manners cost it.
COMPLETE = {"extra", "duplicate", "close_after"}
# A server may greet with two lines, and need not know ID.
HARMLESS = {("greeting", "duplicate"), ("id", "bad"), ("id", "unavailable"), ("id", "refused")}
USERS = {"ann": PASSWORD, "öann": PASSWORD}


def cells():
    for name, (server, _, steps, _) in DIALOGUES.items():
        for step in steps:
            wrong = faults.EVERYWHERE + [faults.close_inside, faults.reset_inside, faults.nul_inside, faults.duplicate, faults.close_after] + imap.REPLIES
            wrong = wrong + ([imap.bare_line_feed] if step in JUDGES else [imap.REFUSED])
            if server.get("tls") == "implicit" or (server.get("tls") and step in ("capability2", "auth2", "logout")):
                wrong = wrong + faults.INSIDE_TLS
            for fault in faults.HANDSHAKE if step == "tls" else wrong:
                yield name, step, fault


def fake(lab, dialogue, name, **more):
    server_options, settings, _, login_name = DIALOGUES[dialogue]
    server = lab.adopt(ImapServer(certificate=lab.ca.good, users=USERS, **server_options, **more))
    # No breaker: the second question meets the same server, not our memory of it.
    return server, backend(name, "imap", server.url(), lab, settings=settings, breaker={"failures": 1000}), {"login_name": login_name}


class Matrix(matrix.Matrix):
    @classmethod
    def prepare(cls):
        cls.arrange(cells(), lambda dialogue, step, fault, name: fake(cls.lab, dialogue, name, faults={step: fault}))
        cls.daemon.listeners[0]["trust_client"] = True
        cls.daemon.write_config()
        cls.daemon.reload()

    def ask(self, address):
        return self.daemon.login(address, PASSWORD, client="192.0.2.77")

    def allowed(self, step, fault):
        if step == "logout":
            return {"accept"}
        if (step, fault) in HARMLESS or (step in JUDGES and fault in COMPLETE):
            return {"accept", "tempfail"}
        return {"tempfail"}

    def test_without_a_fault_each_dialogue_ends_well(self):
        for dialogue in DIALOGUES:
            with self.subTest(dialogue=dialogue):
                server, table, options = fake(self.lab, dialogue, "fake")
                daemon = self.lab.daemon(backends=[table], routes=[route("fake.test", "fake", **options)], start=False)
                daemon.listeners[0]["trust_client"] = True
                daemon.write_config()
                daemon.start()
                self.verdict(daemon.login("ann@fake.test", PASSWORD, client="192.0.2.77"), "accept")
                self.verdict(daemon.login("ann@fake.test", "wrong-Pw-30412", client="192.0.2.77"), "reject", "wrong_password")
                self.assertEqual(server.credentials, 2)
                self.assertTrue(server.wait(lambda s: all(one.quit for one in s.sessions)), server.commands())
                words = [line.split(b" ")[1].upper() for one in server.sessions for _, line in one.lines if line.count(b" ")]
                self.assertEqual(b"ID" in words, dialogue == "id", words)

    def test_F_01_F_02_F_05_F_06_each_fault_at_each_step(self):
        self.each_fault_at_each_step()
