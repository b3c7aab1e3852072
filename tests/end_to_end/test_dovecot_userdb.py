"""Who asks Dovecot's user database: its LMTP server over real LMTP, and doveadm."""
import glob
import os
import smtplib

from lab import clients
from lab.case import SharedCase, pop3_backend, route, static_backend
from lab.dovecot import Lmtp
from lab.place import free_port, put
from lab.process import run

ANN, ALIAS, ABSENT, DOWN, UNCHECKED = "ann@example.test", "annie@example.test", "nobody@example.test", "ann@down.test", "ann@unchecked.test"


def listener(name, path, **more):
    return {"name": name, "protocol": "dovecot-userdb", "address": "unix:" + path, "mode": "0666", "allow": ["mailbox"]} | more


class Userdb(SharedCase):
    @classmethod
    def prepare(cls):
        folder = cls.lab.place.sub("p")
        cls.paths = {word: os.path.join(folder, word) for word in ("exists", "absent", "tempfail")}
        for path in (folder, os.path.dirname(folder)):
            os.chmod(path, 0o755)
        cls.daemon = cls.lab.daemon(
            listeners=[listener(word, path, unverifiable=word) for word, path in cls.paths.items()],
            backends=[static_backend(cls.lab, {ANN: ("ann-Pw-55219", [ALIAS])}), pop3_backend("logins", f"pop3://127.0.0.1:{free_port()}"),
                      {"name": "nobody", "plugin": "vrfy", "upstream": [f"smtp://127.0.0.1:{free_port()}"], "cleartext": True, "settings": {"helo": "b.test"}}],
            routes=[route("example.test", "people", mailbox=["people"]), route("down.test", mailbox=["nobody"]), route("unchecked.test", "logins")])
        cls.conf = os.path.join(folder, "dovecot.conf")
        put(cls.conf, f"base_dir = {folder}/run\nlog_path = {folder}/dovecot.log\nssl = no\n")
        os.mkdir(os.path.join(folder, "run"))
        cls.lmtp = cls.lab.server(Lmtp, cls.paths["exists"])

    def doveadm(self, user, word="exists"):
        done = run(["doveadm", "-c", self.conf, "-o", "auth_socket_path=" + self.paths[word], "user", user], timeout=30)
        return done.returncode, done.stdout + done.stderr

    def test_doveadm_tells_who_exists(self):
        self.assertEqual(self.doveadm(ANN)[0], 0)
        self.assertEqual(self.doveadm(ABSENT)[0], 67)
        self.assertEqual(self.doveadm("ann@nowhere.test")[0], 67)
        self.assertEqual(self.doveadm(DOWN)[0], 75)

    def test_unverifiable_is_what_the_listener_says(self):
        self.assertEqual({word: self.doveadm(UNCHECKED, word)[0] for word in self.paths}, {"exists": 0, "absent": 67, "tempfail": 75})

    def test_users_are_not_listed(self):
        status, text = self.doveadm("*")
        self.assertNotEqual(status, 0)
        self.assertNotIn("ann", text)

    def test_lmtp_takes_refuses_and_puts_off(self):
        with smtplib.LMTP("127.0.0.1", self.lmtp.port) as s:
            s.ehlo("caller.test")
            s.docmd("MAIL FROM:<x@elsewhere.test>")
            said = {who: s.docmd(f"RCPT TO:<{who}>") for who in (ANN, ABSENT, DOWN, ALIAS)}
            self.assertEqual({who: code for who, (code, _) in said.items()}, {ANN: 250, ABSENT: 550, DOWN: 451, ALIAS: 250}, said)
            self.assertTrue(said[ABSENT][1].startswith(b"5.1.1"), said)
            self.assertTrue(said[DOWN][1].startswith(b"4.3.0"), said)

    def test_lmtp_delivers_to_whom_an_alias_means(self):
        with smtplib.LMTP("127.0.0.1", self.lmtp.port) as s:
            self.assertEqual(s.sendmail("x@elsewhere.test", [ALIAS], "Subject: for the alias\r\n\r\nhello\r\n"), {})
        texts = []
        for path in glob.glob(os.path.join(self.lmtp.mail, ANN, "new", "*")):
            with open(path) as f:
                texts.append(f.read())
        self.assertTrue(any("Subject: for the alias" in text for text in texts), os.listdir(self.lmtp.mail))
        self.assertFalse(os.path.exists(os.path.join(self.lmtp.mail, ALIAS)))

    def test_many_lookups_on_one_connection(self):
        with clients.connect(self.paths["exists"]) as s:
            s.sendall(b"VERSION\t1\t0\n" + b"".join(f"USER\t{n}\t{ANN if n % 2 else ABSENT}\tservice=lmtp\n".encode() for n in range(1, 2001)))
            text = b""
            while text.count(b"\n") < 2002:
                text += s.recv(65536)
        wanted = {f"USER\t{n}\t{ANN}" if n % 2 else f"NOTFOUND\t{n}" for n in range(1, 2001)}
        self.assertEqual(set(text.decode().splitlines()[2:]), wanted)
