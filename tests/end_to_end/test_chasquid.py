"""chasquid, from its recipe's own files: users by dovecot-auth, recipients by dovecot-userdb."""
import base64
import os

from lab.case import SharedCase, backend, pop3_backend, route, static_backend
from lab.chasquid import Chasquid
from lab.mail_server import ask, recipients, session
from lab.place import free_port
from lab.prefix import cache
from lab.recipe import broker_of, recipe

ANN, RIGHT, WRONG, DOWN = "ann@example.com", "ann-Pw-55219", "wrong-horse-9913", "ann@down.test"


class ChasquidCase(SharedCase):
    @classmethod
    def prepare(cls):
        folder = cls.lab.place.sub("p")
        sockets = {f"/run/authbroker/chasquid-{word}.sock": os.path.join(folder, word) for word in ("auth", "userdb")}
        people = static_backend(cls.lab, {ANN: (RIGHT, ["annie@example.com"])}, "mail1")
        static = 'plugin = "static"\nsettings = { file = "' + people["settings"]["file"] + '" }'
        text = recipe("chasquid/chasquid.toml", sockets | {
            '"chasquid"': '"root"', 'plugin = "imap"\nupstream = ["imaps://mail1.example.com"]': static,
            'plugin = "vrfy"\nupstream = ["smtp+starttls://mail1.example.com"]\nsettings = { helo = "broker.example.com" }': static})
        nobody = free_port()
        cls.daemon = broker_of(cls.lab, text, backends=[pop3_backend("logins", f"pop3://127.0.0.1:{nobody}"),
                                                       backend("recipients", "vrfy", f"smtp://127.0.0.1:{nobody}", settings={"helo": "broker.test"})],
                               routes=[route("down.test", "logins", mailbox=["recipients"])])
        cls.daemon.canaries |= {RIGHT, WRONG}
        cls.server = cls.lab.server(Chasquid, cls.lab.ca.good, cache(), recipe("chasquid/chasquid.conf", sockets), ["example.com", "down.test"])

    def say(self, user, password):
        with session(self.server.submission, ca_file=self.lab.ca.ca_file) as s:
            return ask(s, "AUTH", "PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def test_right_and_wrong_passwords(self):
        self.assertRegex(self.say(ANN, RIGHT), r"^235 ")
        self.assertRegex(self.say(ANN, WRONG), r"^535 ")
        self.assertRegex(self.say("nobody@example.com", WRONG), r"^535 ")

    def test_M_11_G_08_a_tempfail_is_temporary_on_the_wire(self):
        self.assertRegex(self.say(DOWN, RIGHT), r"^454 ")

    def test_recipients(self):
        known, alias, absent, trouble = recipients(self.server.smtp, [ANN, "annie@example.com", "nobody@example.com", DOWN])
        self.assertRegex(known, r"^250 ")
        self.assertRegex(alias, r"^250 ")
        self.assertRegex(absent, r"^550 5\.1\.1 ")
        self.assertRegex(trouble, r"^451 ")
