"""Mail servers that take the broker for Cyrus' saslauthd, by the files of conf/recipes: what SMTP clients hear."""
import base64
import collections
import concurrent.futures
import os
import threading

from lab.case import SharedCase, pop3_backend, route, static_backend
from lab.exim import Exim
from lab.mail_server import ask, session
from lab.place import free_port
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until
from lab.recipe import broker_of, recipe
from lab.sendmail import Sendmail

ANN, RIGHT, WRONG = "ann@example.test", "correct-horse-7781", "wrong-horse-9913"
DOWN = "ann@down.test"


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Servers:
    """prepare() of a server makes cls.server and cls.daemon; `later` is what it says when it cannot be found out."""
    wrong, later = "", ""

    @classmethod
    def broker(cls, text):
        people = static_backend(cls.lab, {ANN: (RIGHT, []), "off@example.test": (None, [])})
        cls.daemon = broker_of(cls.lab, text, [people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
                               [route("example.test", "people"), route("down.test", "nobody")])
        cls.daemon.canaries |= {RIGHT, WRONG}

    def plain(self, user, password):
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            return ask(s, "AUTH", "PLAIN " + encoded(f"\0{user}\0{password}"))

    def login(self, user, password):
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            self.assertTrue(ask(s, "AUTH", "LOGIN").startswith("334 "))
            self.assertTrue(ask(s, encoded(user)).startswith("334 "))
            return ask(s, encoded(password))

    def each(self, user, password, said):
        for how in (self.plain, self.login):
            with self.subTest(how=how.__name__, user=user):
                self.assertTrue(how(user, password).startswith(said), how(user, password))

    def test_right_password(self):
        self.each(ANN, RIGHT, "235 ")

    def test_wrong_password(self):
        for user, password in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("off@example.test", RIGHT), ("ann@nowhere.test", RIGHT)):
            self.each(user, password, self.wrong)

    def test_no_password_is_offered_in_the_clear(self):
        with session(self.server.smtp) as s:
            self.assertNotIn("auth", s.esmtp_features)

    def test_only_mechanisms_that_can_be_asked_about_are_offered(self):
        with session(self.server.smtp, ca_file=self.lab.ca.ca_file) as s:
            self.assertEqual(set(s.esmtp_features["auth"].split()), {"PLAIN", "LOGIN"})

    def test_L_08_G_08_what_cannot_be_found_out(self):
        self.each(DOWN, RIGHT, self.later)

    def test_G_08_no_broker(self):
        self.daemon.stop()
        try:
            self.each(ANN, RIGHT, self.later)
        finally:
            self.daemon.start()
        self.each(ANN, RIGHT, "235 ")


class Streams:
    """Sessions all the while, in which the broker gets another configuration or starts anew."""
    sessions = 4

    def stream(self, meanwhile):
        """What clients with the right and with a wrong password heard, from before `meanwhile` to after it."""
        heard, end = {RIGHT: collections.Counter(), WRONG: collections.Counter()}, threading.Event()

        def client(password):
            while not end.is_set():
                heard[password][self.plain(ANN, password)[:4]] += 1
        with concurrent.futures.ThreadPoolExecutor(self.sessions) as pool:
            running = [pool.submit(client, password) for password in (RIGHT, WRONG) * (self.sessions // 2)]
            try:
                meanwhile(lambda: min(sum(c.values()) for c in heard.values()))
            finally:
                end.set()
            for one in running:
                one.result()
        return heard

    def test_reloads_lose_no_login(self):
        def reload(count):
            for _ in range(4):
                before = count()
                self.daemon.reload()
                wait_until(lambda: count() > before + 2, 30, "more sessions")
        heard = self.stream(reload)
        self.assertEqual({p: set(c) for p, c in heard.items()}, {RIGHT: {"235 "}, WRONG: {"535 "}})

    def test_a_restart_is_never_a_wrong_password(self):
        def restart(count):
            for _ in range(3):
                before = count()
                self.daemon.stop()
                wait_until(lambda: count() > before + 2, 30, "sessions without a broker")
                self.daemon.start()
                wait_until(lambda: count() > before + 5, 30, "more sessions")
        heard = self.stream(restart)
        self.assertEqual({p: set(c) for p, c in heard.items()}, {RIGHT: {"235 ", self.later[:4]}, WRONG: {"535 ", self.later[:4]}})


class ByPostfix(Streams, Servers, SharedCase):
    label = "postfix"
    wrong, later = "535 5.7.8 ", "454 4.7.0 "

    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Postfix, cls.lab.ca.good, cache(), main=recipe("postfix-saslauthd/main.cf", {}), sasl=recipe("postfix-saslauthd/smtpd.conf", {}), chroot=True)
        os.makedirs(cls.server.spool + "/var/run/saslauthd")
        cls.broker(recipe("postfix-saslauthd/postfix-saslauthd.toml", {
            'unix:/var/spool/postfix/': f"unix:{cls.server.spool}/", 'group = "postfix"': 'mode = "0666"', 'peers = { users = ["postfix"] }': ""}))


class ByExim(Streams, Servers, SharedCase):
    label = "exim"
    wrong, later = "535 ", "435 "

    @classmethod
    def prepare(cls):
        folder, run = cls.lab.place.sub("sasl"), cls.lab.place.sub("run")
        os.mkdir(os.path.join(run, "saslauthd"))
        cls.broker(recipe("exim-saslauthd/exim-saslauthd.toml", {
            'unix:/run/saslauthd/mux"': f'unix:{folder}/mux"', 'group = "Debian-exim"': 'mode = "0666"', 'peers = { users = ["Debian-exim"] }': ""}))
        cls.server = cls.lab.server(Exim, cls.lab.ca.good, cache(), heavy=True, authenticators=recipe("exim-saslauthd/authenticators", {}),
                                    mounts=[("over", run, "/run"), ("bind", folder, "/run/saslauthd")])


class BySendmail(Servers, SharedCase):
    """Sendmail has one word for everything that is no success: its recipe says so."""
    label = "sendmail"
    wrong, later = "535 5.7.0 ", "535 5.7.0 "

    @classmethod
    def prepare(cls):
        folder = cls.lab.place.sub("sasl")
        cls.broker(recipe("sendmail-saslauthd/sendmail-saslauthd.toml", {"/run/authbroker/sendmail.mux": folder + "/mux"}))
        cls.server = cls.lab.server(Sendmail, cls.lab.ca.good, cache(), more=recipe("sendmail-saslauthd/authbroker.m4", {}),
                                    sasl=recipe("sendmail-saslauthd/Sendmail.conf", {"/run/authbroker/sendmail.mux": folder + "/mux"}))
