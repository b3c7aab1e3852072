"""The fault matrix over real sockets: each fault at each step of each dialogue. Nothing a server can do wrong becomes an accept or a
reject, costs more than one credential, or delays another route."""
import os

from fakes import faults
from fakes.pop3 import Pop3Server
from lab import matrix
from lab.case import pop3_backend
from lab.matrix import PASSWORD
from lab.process import wait_until

# dialogue -> how its server and its backend are made, and its steps in order
DIALOGUES = {
    "clear": (dict(), dict(), ["greeting", "capa", "user", "pass", "quit"]),
    "tls": (dict(tls="implicit"), dict(), ["tls", "greeting", "capa", "user", "pass", "quit"]),
    "stls": (dict(tls="stls"), dict(), ["greeting", "capa", "stls", "tls", "capa2", "user", "pass", "quit"]),
    "plain": (dict(tls="implicit", sasl=["PLAIN"]), dict(settings={"mechanisms": ["PLAIN"]}), ["auth2"]),
    "login": (dict(tls="implicit", sasl=["LOGIN"]), dict(settings={"mechanisms": ["LOGIN"]}), ["auth", "auth2"]),
    "apop": (dict(tls="implicit", apop=True), dict(settings={"apop": "require"}), ["greeting", "apop"]),
}

# The reply was complete and in order before the fault: the verdict stands, or the server's manners cost it.
AFTER_THE_VERDICT = {(step, fault) for step in ("pass", "auth2", "apop") for fault in ("extra", "duplicate", "close_after", "endless")}
# CAPA is a courtesy: a server that answers it oddly may still be asked.
COURTESY = {(step, fault) for step in ("capa", "capa2") for fault in ("sys_temp", "okay", "lower_case", "smtp_code", "garbage", "nul_inside")}


def cells():
    for name, (_, _, steps) in DIALOGUES.items():
        for step in steps:
            if step == "tls":
                wrong = faults.HANDSHAKE
            else:
                wrong = faults.EVERYWHERE + faults.REPLIES + [faults.extra, faults.duplicate, faults.close_after]
                if name in ("tls", "plain", "login", "apop") or (name == "stls" and step in ("capa2", "user", "pass", "quit")):
                    wrong = wrong + faults.INSIDE_TLS
            for fault in wrong:
                if step == "auth" and fault is faults.lower_case:  # a challenge has no letters
                    continue
                yield name, step, fault


class Matrix(matrix.Matrix):
    @classmethod
    def prepare(cls):
        def make(dialogue, step, fault, name):
            server_options, backend_options, _ = DIALOGUES[dialogue]
            server = cls.lab.adopt(Pop3Server(certificate=cls.lab.ca.good, users={"ann": PASSWORD}, faults={step: fault}, **server_options))
            # No breaker: the second question meets the same server, not our memory of it.
            return server, pop3_backend(name, server.url(), cls.lab, breaker={"failures": 1000}, **backend_options), {"strip_domain": True}
        cls.arrange(cells(), make)

    def allowed(self, step, fault):
        if step == "quit":
            return {"accept"}
        return {"accept", "tempfail"} if (step, fault) in AFTER_THE_VERDICT | COURTESY else {"tempfail"}

    def test_F_01_F_02_F_05_F_06_each_fault_at_each_step(self):
        self.each_fault_at_each_step()

    def test_nothing_stays_open(self):
        """Every connection to a server ends soon after its question."""
        folder = f"/proc/{self.daemon.process.pid}/fd"
        sockets = lambda: [fd for fd in os.listdir(folder) if self._is_socket(folder, fd)]  # noqa: E731
        wait_until(lambda: len(sockets()) < 40, 15, "connections to be closed")

    @staticmethod
    def _is_socket(folder, fd):
        try:
            return os.readlink(f"{folder}/{fd}").startswith("socket:")
        except OSError:
            return False
