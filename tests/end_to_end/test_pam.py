"""The installed pam_authbroker.so in programs that use PAM: pamtester, su, Dovecot by its recipe; and Dovecot by checkpassword."""
import glob
import json
import os
import re
import shutil
import socketserver
import threading

from lab.case import SharedCase, pop3_backend, route, static_backend
from lab.dovecot_asking import DovecotAsking
from lab.place import free_port, put
from lab.prefix import Prefix
from lab.process import must, run
from lab.recipe import broker_of, recipe
from lab.unpacked import namespaced

ANN, RIGHT, WRONG = "ann@example.test", "correct-horse-7781", "wrong-horse-9913"
DOWN = "ann@down.test"
LATER = "The password cannot be checked at the moment. Please try again later."


class Asking(SharedCase):
    """A broker that knows somebody, and has a route to a server that is down; with a copy of /etc/pam.d to write into."""
    listener = ""

    @classmethod
    def prepare(cls):
        people = static_backend(cls.lab, {ANN: (RIGHT, []), "root@example.test": (RIGHT, []), "off@example.test": (None, [])})
        cls.daemon = broker_of(cls.lab, cls.listener.replace("@FOLDER@", cls.lab.place.path), [people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
                               [route("example.test", "people"), route("down.test", "nobody")])
        cls.daemon.canaries |= {RIGHT, WRONG}
        cls.module = glob.glob(os.path.join(cls.daemon.prefix.path, "lib/*/security/pam_authbroker.so"))[0]
        cls.pam_d = cls.lab.place.sub("pam") + "/pam.d"
        shutil.copytree("/etc/pam.d", cls.pam_d)
        cls.mounts = [("bind", cls.pam_d, "/etc/pam.d")]


class Programs(Asking):
    label = "programs"

    @classmethod
    def prepare(cls):
        cls.listener = ('[[listener]]\nname = "pam"\nprotocol = "http"\naddress = "unix:@FOLDER@/pam.sock"\nmode = "0600"\nallow = ["login"]\n'
                        'trust_client = ["root"]\n')
        super().prepare()
        cls.socket = f"socket={cls.lab.place.path}/pam.sock"

    def service(self, *lines):
        put(os.path.join(self.pam_d, "authbroker-test"), "".join(line.replace("MODULE", f"{self.module} {self.socket}") + "\n" for line in lines))

    def pamtester(self, user, password, *operations, items=()):
        words = [word for item in items for word in ("-I", item)]
        return run(namespaced(self.mounts, ["pamtester", *words, "authbroker-test", user, *(operations or ("authenticate", "acct_mgmt"))]), input=password + "\n")

    def test_the_module_needs_nothing_and_shows_nothing_else(self):
        needs = re.findall(r"Shared library: \[(\w+)", must(["readelf", "-dW", self.module]))
        self.assertLessEqual(set(needs), {"libpam", "libc", "ld"})
        shown = [line.split()[-1] for line in must(["nm", "-D", "--defined-only", self.module]).splitlines()]
        self.assertEqual(set(shown), {f"pam_sm_{name}" for name in ("authenticate", "setcred", "acct_mgmt", "chauthtok", "open_session", "close_session")})
        self.assertLess(os.path.getsize(self.module), 1 << 20)

    def test_pamtester_right_and_wrong(self):
        self.service("auth required MODULE", "account required MODULE")
        done = self.pamtester(ANN, RIGHT)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("successfully authenticated", done.stdout)
        self.assertIn("account management done", done.stdout)
        for user, password in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("off@example.test", RIGHT)):
            with self.subTest(user=user):
                done = self.pamtester(user, password)
                self.assertEqual((done.returncode, "Authentication failure" in done.stderr), (1, True), done)

    def test_G_08_pamtester_hears_that_it_cannot_be_found_out(self):
        self.service("auth required MODULE")
        done = self.pamtester(DOWN, RIGHT, "authenticate")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Authentication service cannot retrieve authentication info", done.stderr)
        self.assertIn(LATER, done.stdout + done.stderr)

    def test_users_without_a_domain_are_the_systems(self):
        """The stack of the manual page: a broker that cannot tell ends the matter."""
        self.service("auth [success=done user_unknown=ignore default=die] MODULE", "auth required pam_permit.so")
        for user, password, status in ((ANN, RIGHT, 0), (ANN, WRONG, 1), ("root", WRONG, 0), (DOWN, RIGHT, 1)):
            with self.subTest(user=user):
                self.assertEqual(self.pamtester(user, password, "authenticate").returncode, status)

    def test_the_broker_hears_the_client(self):
        self.service("auth required MODULE")
        self.assertEqual(self.pamtester(ANN, RIGHT, "authenticate", items=["rhost=203.0.113.9"]).returncode, 0)
        self.daemon.await_log(r"service=authbroker-test client=203\.0\.113\.9")

    def test_su_is_setuid_and_asks_for_another_user(self):
        """nobody becomes root, with the password that the broker knows."""
        put(os.path.join(self.pam_d, "su"), f"auth required {self.module} {self.socket} domain=example.test\naccount required {self.module} {self.socket} domain=example.test\n"
            "session required pam_permit.so\n")
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "su", "-s", "/bin/sh", "-c", "id -un", "root"]
        done = run(namespaced(self.mounts, command), input=RIGHT + "\n")
        self.assertEqual((done.returncode, done.stdout), (0, "root\n"), done)
        done = run(namespaced(self.mounts, command), input=WRONG + "\n")
        self.assertEqual((done.returncode != 0, done.stdout), (True, ""), done)
        self.assertIn("Authentication failure", done.stderr)

    def test_a_host_of_another_user_is_not_let_in(self):
        self.service("auth required MODULE")
        done = run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "pamtester", "authbroker-test", ANN, "authenticate"], input=RIGHT + "\n")
        self.assertNotEqual(done.returncode, 0)
        alone = namespaced(self.mounts, ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "pamtester", "authbroker-test", ANN, "authenticate"])
        done = run(alone, input=RIGHT + "\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Authentication service cannot retrieve authentication info", done.stderr)


class ByDovecot:
    """What a mail program hears of Dovecot."""

    def test_right_password(self):
        self.assertEqual(self.dovecot.says(ANN, RIGHT), "OK")

    def test_the_broker_hears_the_client(self):
        self.dovecot.says(ANN, RIGHT)
        self.daemon.await_log(r"service=(dovecot|imap) client=127\.0\.0\.1")

    def test_R_02_no_password_is_in_dovecots_log(self):
        self.dovecot.says(ANN, RIGHT), self.dovecot.says(ANN, WRONG), self.dovecot.says(DOWN, RIGHT)
        for password in (RIGHT, WRONG):
            self.assertNotIn(password, self.dovecot.log())


class DovecotByPam(ByDovecot, Asking):
    label = "dovecot"

    @classmethod
    def prepare(cls):
        cls.listener = recipe("dovecot-pam/dovecot-pam.toml", {"/run/authbroker/": "@FOLDER@/"})
        super().prepare()
        put(os.path.join(cls.pam_d, "dovecot"), recipe("dovecot-pam/pam.d-dovecot", {"required  pam_authbroker.so": "required  " + cls.module, "/run/authbroker/": cls.lab.place.path + "/"}))
        cls.dovecot = cls.lab.server(DovecotAsking, recipe("dovecot-pam/auth-authbroker.conf.ext", {}), cls.mounts)

    def test_wrong_password(self):
        for user, password in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("off@example.test", RIGHT)):
            with self.subTest(user=user):
                self.assertEqual(self.dovecot.says(user, password), "[AUTHENTICATIONFAILED] Authentication failed.")

    def test_tempfail_is_a_wrong_password_to_dovecot_as_the_recipe_warns(self):
        self.assertEqual(self.dovecot.says(DOWN, RIGHT), "[AUTHENTICATIONFAILED] Authentication failed.")
        self.assertIn("Authentication service cannot retrieve authentication info", self.dovecot.log())


class Expiry(SharedCase):
    """Answers that only directories give, said by a socket that plays the broker: what Dovecot makes of PAM's codes for them."""
    label = "expiry"

    class Broker(socketserver.StreamRequestHandler):
        def handle(self):
            length = 0
            while (line := self.rfile.readline().strip()):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            name = json.loads(self.rfile.read(length))["address"].split("@")[0]
            verdict, reason = {"expired": ("reject", "password_expired"), "change": ("accept", "password_must_change"), "soon": ("accept", "password_expiring")}[name]
            body = json.dumps({"verdict": verdict, "reason": reason, "identity": "x@example.test", "password_expires_in": 90000, "text": "Your password has expired."}).encode()
            self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (200 if verdict == "accept" else 401, len(body)) + body)

    @classmethod
    def prepare(cls):
        path = cls.lab.place / "broker.sock"
        server = socketserver.ThreadingUnixStreamServer(path, cls.Broker)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        pam_d = cls.lab.place.sub("pam") + "/pam.d"
        shutil.copytree("/etc/pam.d", pam_d)
        module = glob.glob(os.path.join(Prefix.given().path, "lib/*/security/pam_authbroker.so"))[0]
        put(os.path.join(pam_d, "dovecot"), recipe("dovecot-pam/pam.d-dovecot", {"required  pam_authbroker.so": "required  " + module, "/run/authbroker/pam.sock": path}))
        cls.dovecot = cls.lab.server(DovecotAsking, recipe("dovecot-pam/auth-authbroker.conf.ext", {}), [("bind", pam_d, "/etc/pam.d")])

    def test_an_expired_password_is_said_to_be_one(self):
        self.assertEqual(self.dovecot.says("expired@example.test", RIGHT), "[EXPIRED] Password expired")

    def test_a_login_that_needs_a_new_password_waits_for_it(self):
        self.assertEqual(self.dovecot.says("change@example.test", RIGHT), "[EXPIRED] Password expired")

    def test_a_password_that_expires_soon_is_right(self):
        self.assertEqual(self.dovecot.says("soon@example.test", RIGHT), "OK")


class DovecotByCheckpassword(ByDovecot, Asking):
    label = "dovecot_checkpassword"

    @classmethod
    def prepare(cls):
        cls.listener = recipe("dovecot-checkpassword/dovecot-checkpassword.toml", {"/run/authbroker/": "@FOLDER@/"})
        super().prepare()
        cls.dovecot = cls.lab.server(DovecotAsking, recipe("dovecot-checkpassword/auth-authbroker.conf.ext",
                                                           {"/usr/bin/": cls.daemon.prefix.path + "/bin/", "/run/authbroker/": cls.lab.place.path + "/"}))

    def test_wrong_password(self):
        for user, password in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("off@example.test", RIGHT)):
            with self.subTest(user=user):
                self.assertEqual(self.dovecot.says(user, password), "[AUTHENTICATIONFAILED] Authentication failed.")

    def test_G_08_tempfail_is_temporary_for_mail_programs(self):
        self.assertTrue(self.dovecot.says(DOWN, RIGHT).startswith("[UNAVAILABLE] Temporary authentication failure."), self.dovecot.says(DOWN, RIGHT))
