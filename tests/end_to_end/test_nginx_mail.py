"""nginx's mail proxy, run from the recipe's own files, in front of a real Dovecot and a real Postfix."""
import concurrent.futures
import contextlib
import imaplib
import poplib
import smtplib
import ssl
import threading
import urllib.parse

from lab.case import LabCase, SharedCase, backend, pop3_backend, route, static_backend
from lab.dovecot import Dovecot
from lab.nginx import NginxMail
from lab.place import free_port
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until
from lab.recipe import broker_of, recipe

ANN, RIGHT, WRONG = "ann@example.com", "ann-Pw-55219 %41+x", "wrong-horse-9913"
EVE, EVE_PASSWORD = "eve@example.com", "p€ss-wörd-8472"
SHORT, SHORT_PASSWORD = "Dora@Short.test", "pass word with  spaces 31"
DOWN, NOWHERE = "ann@down.test", "ann@nowhere.test"
NO_ANSWER = "NO socket error: EOF"  # Python's words: nginx says "* BAD internal server error", which answers no command, and hangs up
SENDER = "x@sender.example"


def mail_conf(socket_path, ports, certificate):
    """The recipe on other ports."""
    imap, pop3, submission, smtp = ports
    return recipe("nginx-mail/authbroker-mail.conf", {
        "/run/authbroker/nginx-mail.sock": socket_path, "/etc/ssl/certs/mail.example.com.pem": certificate[0],
        "/etc/ssl/private/mail.example.com.key": certificate[1], "listen 143;": f"listen 127.0.0.1:{imap};", "listen 110;": f"listen 127.0.0.1:{pop3};",
        "listen 587;": f"listen 127.0.0.1:{submission};", "listen 25;": f"listen 127.0.0.1:{smtp};"})


def code(reply):
    number, text = reply
    return f"{number} {text.decode()}"


class Proxy:
    """Clients of the proxy. Each logs in inside TLS, as the recipe wants it."""

    def __init__(self, ports, ca_file):
        self.imap_port, self.pop3_port, self.submission_port, self.smtp_port = ports
        self.tls = ssl.create_default_context(cafile=ca_file)

    @contextlib.contextmanager
    def imap(self):
        c = imaplib.IMAP4("localhost", self.imap_port, timeout=20)
        try:
            c.starttls(self.tls)
            yield c
        finally:
            c.shutdown()

    @contextlib.contextmanager
    def pop3(self):
        c = poplib.POP3("localhost", self.pop3_port, timeout=20)
        try:
            c.stls(self.tls)
            yield c
        finally:
            c.close()

    @contextlib.contextmanager
    def submission(self):
        c = smtplib.SMTP("localhost", self.submission_port, "client.example", timeout=20)
        try:
            c.starttls(context=self.tls)
            c.ehlo()
            yield c
        finally:
            c.close()

    @contextlib.contextmanager
    def smtp(self):
        c = smtplib.SMTP("localhost", self.smtp_port, "client.example", timeout=20)
        try:
            c.ehlo()
            c.mail(SENDER)
            yield c
        finally:
            c.close()

    def imap_login(self, user, password):
        with self.imap() as c:
            return imap_login(c, user, password)

    def smtp_login(self, c, user, password):
        c.user, c.password = user, password
        return code(c.auth("PLAIN", c.auth_plain, initial_response_ok=True))


def imap_login(c, user, password):
    try:
        status, text = c.authenticate("PLAIN", lambda _: b"\0" + user.encode() + b"\0" + password.encode())
        return f"{status} {text[0].decode()}"
    except imaplib.IMAP4.error as e:
        return "NO " + str(e).removeprefix("b'").removesuffix("'")


def closed(c):
    """The other side has hung up, now or in a moment."""
    c.sock.settimeout(10)
    try:
        return c.sock.recv(1) == b""
    except ConnectionResetError:
        return True


class NginxMailRecipe(SharedCase):
    @classmethod
    def prepare(cls):
        cls.dovecot = cls.lab.server(Dovecot, cls.lab.ca.good, imap=True, users={ANN: RIGHT, EVE: EVE_PASSWORD, "dora": SHORT_PASSWORD})
        cls.postfix = cls.lab.server(Postfix, cls.lab.ca.good, cache(), main="smtpd_authorized_xclient_hosts = 127.0.0.1", mailboxes={"example.com": ("ann", "bob", "eve")})
        servers = {"imap": f"127.0.0.1:{cls.dovecot.imap}", "pop3": f"127.0.0.1:{cls.dovecot.pop3}", "smtp": f"127.0.0.1:{cls.postfix.smtp}"}
        broker_socket = cls.lab.place.sub("b") + "/m.sock"
        trust = f"tls = {{ ca_file = \"{cls.lab.ca.ca_file}\" }}"
        text = recipe("nginx-mail/nginx-mail.toml", {
            "/run/authbroker/nginx-mail.sock": broker_socket,
            '"imaps://mail1.example.com"]': f'"imaps://localhost:{cls.dovecot.imaps}"]\n{trust}',
            '"smtp+starttls://mail1.example.com"]': f'"smtp+starttls://localhost:{cls.postfix.smtp}"]\n{trust}',
            "127.0.0.1:1143": servers["imap"], "127.0.0.1:1110": servers["pop3"], "127.0.0.1:1025": servers["smtp"]})
        cls.daemon = broker_of(cls.lab, text, backends=[pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}"),
                                                        backend("nobody-rcpt", "vrfy", f"smtp://127.0.0.1:{free_port()}", settings={"helo": "broker.example.test"})],
                               routes=[route("down.test", "nobody", mailbox=["nobody-rcpt"], nginx_mail=servers),
                                       route("short.test", "mail1", strip_domain=True, canonical_domain="long.test", nginx_mail=servers),
                                       route("nowhere.test", "mail1")])
        cls.daemon.canaries |= {RIGHT, WRONG, EVE_PASSWORD, SHORT_PASSWORD, urllib.parse.quote(RIGHT)}
        ports = [free_port() for _ in range(4)]
        cls.nginx = cls.lab.server(NginxMail, cache(), mail_conf(broker_socket, ports, cls.lab.ca.good), ports)
        cls.proxy = Proxy(ports, cls.lab.ca.ca_file)

    # logins

    def test_imap_right_password_leads_to_the_server(self):
        for user, password in ((ANN, RIGHT), (EVE, EVE_PASSWORD)):
            with self.subTest(user=user), self.proxy.imap() as c:
                self.assertTrue(imap_login(c, user, password).startswith("OK "))
                self.assertEqual(c.select("INBOX")[0], "OK")

    def test_imap_wrong_password_is_a_no_and_may_be_tried_again(self):
        with self.proxy.imap() as c:
            self.assertEqual(imap_login(c, ANN, WRONG), "NO [AUTHENTICATIONFAILED] The address or the password is not right.")
            self.assertEqual(imap_login(c, "nobody@example.com", RIGHT), "NO [AUTHENTICATIONFAILED] The address or the password is not right.")
            self.assertTrue(imap_login(c, ANN, RIGHT).startswith("OK "))

    def test_G_08_imap_trouble_is_unavailable_and_the_end(self):
        with self.proxy.imap() as c:
            self.assertEqual(imap_login(c, DOWN, RIGHT), "NO [UNAVAILABLE] This cannot be checked at the moment. Please try again later.")
            self.assertTrue(closed(c))

    def test_pop3(self):
        with self.proxy.pop3() as c:
            c.user(ANN)
            with self.assertRaises(poplib.error_proto) as no:
                c.pass_(WRONG)
            self.assertEqual(no.exception.args[0], b"-ERR [AUTH] The address or the password is not right.")
            c.user(ANN)
            self.assertTrue(c.pass_(RIGHT).startswith(b"+OK"))
            self.assertTrue(c.stat() is not None)

    def test_G_08_pop3_trouble_is_temporary_and_the_end(self):
        with self.proxy.pop3() as c:
            c.user(DOWN)
            with self.assertRaises(poplib.error_proto) as later:
                c.pass_(RIGHT)
            self.assertEqual(later.exception.args[0], b"-ERR [SYS/TEMP] This cannot be checked at the moment. Please try again later.")
            self.assertTrue(closed(c))

    def test_smtp_right_password_sends_mail_under_the_identity(self):
        with self.proxy.submission() as c:
            self.assertTrue(self.proxy.smtp_login(c, ANN.upper(), RIGHT).startswith("235 "))
            c.sendmail("ann@example.com", ["far@elsewhere.test"], "Subject: x\r\n\r\nx\r\n")
        wait_until(lambda: "sasl_username=ann@example.com" in self.postfix.log(), 10, "the name in Postfix' log")

    def test_smtp_wrong_password(self):
        with self.proxy.submission() as c:
            with self.assertRaises(smtplib.SMTPAuthenticationError) as no:
                self.proxy.smtp_login(c, ANN, WRONG)
            self.assertEqual(code(no.exception.args), "535 5.7.8 The address or the password is not right.")
            self.assertTrue(self.proxy.smtp_login(c, ANN, RIGHT).startswith("235 "))

    def test_G_08_smtp_trouble_is_temporary_and_the_end(self):
        with self.proxy.submission() as c:
            with self.assertRaises(smtplib.SMTPAuthenticationError) as later:
                self.proxy.smtp_login(c, DOWN, RIGHT)
            self.assertEqual(code(later.exception.args), "451 4.3.0 This cannot be checked at the moment. Please try again later.")
            self.assertTrue(closed(c))

    def test_the_server_is_told_the_login_name_that_it_knows(self):
        with self.proxy.imap() as c:
            self.assertTrue(imap_login(c, SHORT, SHORT_PASSWORD).startswith("OK "))
        with self.proxy.pop3() as c:
            c.user(SHORT)
            self.assertTrue(c.pass_(SHORT_PASSWORD).startswith(b"+OK"))
        with self.proxy.submission() as c:
            self.proxy.smtp_login(c, SHORT, SHORT_PASSWORD)
            c.sendmail("dora@long.test", ["far@elsewhere.test"], "Subject: x\r\n\r\nx\r\n")
        wait_until(lambda: "sasl_username=dora@long.test" in self.postfix.log(), 10, "the name in Postfix' log")

    def test_a_route_without_server_asks_nobody(self):
        after, before = len(self.daemon.log()), self.dovecot.log()
        self.assertEqual(self.proxy.imap_login(NOWHERE, RIGHT), "NO [UNAVAILABLE] This cannot be checked at the moment. Please try again later.")
        self.daemon.await_log(r"decision .*address=ann@nowhere\.test .*reason=misconfigured .*route nowhere\.test has no nginx_mail\.imap", after=after)
        self.assertNotIn("nowhere.test", self.dovecot.log()[len(before):])

    def test_explain_says_where_nginx_goes_on_to(self):
        done = self.daemon.tool("explain", ANN)
        self.assertRegex(done.stdout, rf"nginx goes on to: +imap 127\.0\.0\.1:{self.dovecot.imap}\n +pop3 127\.0\.0\.1:{self.dovecot.pop3}\n +smtp 127\.0\.0\.1:{self.postfix.smtp}\n")
        self.assertNotIn("nginx", self.daemon.tool("explain", NOWHERE).stdout)

    def test_no_route_is_a_no(self):
        self.assertTrue(self.proxy.imap_login("ann@unknown.test", RIGHT).startswith("NO [AUTHENTICATIONFAILED] "))

    def test_the_clients_address_is_believed_from_nginx(self):
        after = len(self.daemon.log())
        self.assertTrue(self.proxy.imap_login(ANN, RIGHT).startswith("OK "))
        line = self.daemon.await_log(r"decision .* service=imap .*", after=after).group()
        self.assertIn(" client=127.0.0.1", line)
        self.assertIn("(www-data)", line)

    # recipients

    def test_an_unverifiable_recipient_is_passed_on(self):
        with self.proxy.smtp() as c:
            self.assertTrue(code(c.rcpt("dora@short.test")).startswith(("250 ", "454 ", "554 ")))
        self.daemon.await_log(r"decision .*address=dora@long\.test verdict=unverifiable reason=not_checked")

    def test_recipients_of_one_mail(self):
        """One after the other and in one packet; after the first that exists the server behind is asked."""
        lines = [f"RCPT TO:<{a}>" for a in ("nosuch@example.com", "ann@down.test", "ann@unknown.test", "ann@example.com", "nosuch@example.com", "bob@example.com")]
        wanted = ["550 5.1.1 The address does not exist.", "451 4.3.0 This cannot be checked at the moment. Please try again later.",
                  "550 5.7.1 The address is not served here.", "250 2.1.5 Ok",
                  "550 5.1.1 <nosuch@example.com>: Recipient address rejected: User unknown in virtual mailbox table", "250 2.1.5 Ok"]
        for together in (False, True):
            with self.subTest(together=together), self.proxy.smtp() as c:
                if together:
                    c.sock.sendall("".join(line + "\r\n" for line in lines).encode())
                    got = [c.getreply() for _ in lines]
                else:
                    got = [c.docmd(line) for line in lines]
                self.assertEqual([code(reply) for reply in got], wanted)
                self.assertEqual(c.data("Subject: x\r\n\r\nx\r\n")[0], 250)

    def test_recipients_with_parameters_and_routes(self):
        for path in ("TO:<ann@example.com> NOTIFY=NEVER", "to: <@relay.example:ann@example.com>", "TO:<ANN@EXAMPLE.COM>"):
            with self.subTest(path=path), self.proxy.smtp() as c:
                after = len(self.daemon.log())
                c.docmd("RCPT", path)
                self.daemon.await_log(r"decision .*question=mailbox address=ann@example\.com verdict=exists", after=after)


    def test_z_reload_and_restart_make_no_wrong_answer(self):
        """Seen while there is no broker: nginx's own 451, or the end of an IMAP session without an answer."""
        stop, answers = threading.Event(), {"right": [], "wrong": [], "exists": [], "absent": []}

        def login(kind, password):
            while not stop.is_set():
                answers[kind].append(self.proxy.imap_login(ANN, password))

        def rcpt(kind, address):
            while not stop.is_set():
                with self.proxy.smtp() as c:
                    answers[kind].append(code(c.rcpt(address)))
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            streams = [pool.submit(*x) for x in ((login, "right", RIGHT), (login, "right", RIGHT), (login, "wrong", WRONG), (rcpt, "exists", ANN), (rcpt, "absent", "nosuch@example.com"))]
            try:
                wait_until(lambda: all(answers.values()), 20, "answers")
                for _ in range(3):
                    self.daemon.reload()
                before = {kind: len(all_) for kind, all_ in answers.items()}
                self.daemon.stop()
                self.daemon.start()
                wait_until(lambda: all(len(answers[kind]) > before[kind] + 3 for kind in answers), 60, "answers after the restart")
            finally:
                stop.set()
            for one in streams:
                one.result(20)
        temporary = (NO_ANSWER, "NO [UNAVAILABLE]", "451 ")
        yes_or_no = {"right": "OK ", "wrong": "NO [AUTHENTICATIONFAILED] ", "exists": "250 ", "absent": "550 5.1.1 "}
        for kind, said in answers.items():
            with self.subTest(kind=kind):
                self.assertEqual([s for s in said if not s.startswith((yes_or_no[kind], *temporary))], [])
                self.assertTrue(said[-1].startswith(yes_or_no[kind]), said[-1])


class NginxMailTrouble(LabCase):
    def setUp(self):
        super().setUp()
        people = static_backend(self.lab, {ANN: (RIGHT, [])})
        self.daemon = self.lab.daemon(backends=[people], routes=[route("example.com", "people", mailbox=["people"], nginx_mail={"imap": "127.0.0.1:9"})])

    def proxy(self, broker_socket, changes):
        ports = [free_port() for _ in range(4)]
        text = mail_conf(broker_socket, ports, self.lab.ca.good)
        for old, new in changes.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.lab.server(NginxMail, cache(), text, ports)
        return Proxy(ports, self.lab.ca.ca_file)

    def test_without_a_broker_nobody_is_refused_for_good(self):
        proxy = self.proxy(self.lab.place / "nothing.sock", {})
        self.assertEqual(proxy.imap_login(ANN, RIGHT), NO_ANSWER)
        with proxy.submission() as c:
            with self.assertRaises(smtplib.SMTPAuthenticationError) as later:
                proxy.smtp_login(c, ANN, RIGHT)
            self.assertEqual(code(later.exception.args), "451 4.3.2 Internal server error")
        with proxy.smtp() as c:
            self.assertEqual(code(c.rcpt(ANN)), "451 4.3.2 Internal server error")

    def test_a_digest_is_temporary_and_logged(self):
        proxy = self.proxy(self.daemon.http, {"pop3_auth plain;": "pop3_auth plain apop;"})
        with proxy.pop3() as c, self.assertRaises(poplib.error_proto) as later:
            c.apop(ANN, RIGHT)
        self.assertTrue(later.exception.args[0].startswith(b"-ERR [SYS/TEMP] "))
        self.daemon.await_log(r"nginx_mail_refused listener=http protocol=pop3 method=apop")

    def test_S_17_a_question_that_is_not_allowed_is_temporary_and_logged(self):
        self.daemon.listeners[0]["allow"] = ["mailbox"]
        self.daemon.write_config()
        self.daemon.reload()
        proxy = self.proxy(self.daemon.http, {})
        self.assertIn("[UNAVAILABLE]", proxy.imap_login(ANN, RIGHT))
        self.daemon.await_log(r"nginx_mail_refused listener=http protocol=imap not_allowed=login")

    def test_a_dead_server_behind_is_nginx_own_trouble(self):
        proxy = self.proxy(self.daemon.http, {})
        self.assertEqual(proxy.imap_login(ANN, RIGHT), NO_ANSWER)
