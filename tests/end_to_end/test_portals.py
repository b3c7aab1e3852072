"""Portals that ask by themselves, run from the recipes' own files."""
import contextlib
import http.client
import os
import socket
import threading
import urllib.parse

from lab.case import SharedCase, pop3_backend, route, static_backend
from lab.place import free_port, put
from lab.process import Process, port_open
from lab.proxies import as_www_data
from lab.recipe import broker_of, recipe

ANN, RIGHT, WRONG = "ann@example.test", "correct:horse&7781 %41+x", "wrong-horse-9913"
EVE, EVE_PASSWORD = "eve@example.test", "p€ss-wörd-8472"
ALIAS, DOWN = "annie@example.test", "ann@down.test"
WRONG_TEXT, LATER_TEXT = "The address or the password is not right.", "This cannot be checked at the moment. Please try again later."


class AnyPortal:
    """Each portal has one form, posts it to itself, and says who is logged in."""
    form_page = "/"

    @classmethod
    def prepare(cls):
        cls.socket, cls.port, folder = cls.lab.place.sub("b") + "/p.sock", free_port(), cls.lab.place.sub("w")
        text, argv, env = cls.portal(folder)
        people = static_backend(cls.lab, {ANN: (RIGHT, [ALIAS]), EVE: (EVE_PASSWORD, []), "off@example.test": (None, [])})
        cls.daemon = broker_of(cls.lab, text, backends=[people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
                               routes=[route("example.test", "people", mailbox=["people"], addresses=["people"]), route("down.test", "nobody")])
        cls.daemon.canaries |= {RIGHT, WRONG, EVE_PASSWORD}
        os.chmod(folder, 0o777)
        cls.process = cls.lab.adopt(Process(as_www_data(argv), log=folder + "/log", cwd=folder, env={"PATH": os.environ["PATH"]} | env))
        port_open("127.0.0.1", cls.port)

    def request(self, method, path, form=None, cookie=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Cookie": cookie} if cookie else {}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        c.request(method, path, body, headers)
        r = c.getresponse()
        r.content = r.read().decode()
        c.close()
        return r

    def log_in(self, address, password, **more):
        return self.request("POST", self.form_page, {"address": address, "password": password}, **more)

    def test_right_password(self):
        for address, password, identity, addresses in ((ANN.upper(), RIGHT, ANN, f"{ANN}, {ALIAS}"), (EVE, EVE_PASSWORD, EVE, EVE)):
            with self.subTest(address=address):
                r = self.log_in(address, password)
                self.assertEqual((r.status, r.getheader("Location")), (303, self.form_page))
                page = self.request("GET", self.form_page, cookie=r.headers.get_all("Set-Cookie")[-1].split(";")[0])
                self.assertEqual(page.status, 200)
                self.assertIn(f"{identity}", page.content)
                self.assertIn(f" to: {addresses}</p>", page.content)
                self.assertNotIn(password, page.content)

    def test_wrong_unknown_and_disabled_are_told_alike(self):
        for address, password in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("off@example.test", RIGHT), ("ann@unknown.test", RIGHT), (ANN, ""), ("", "")):
            with self.subTest(address=address):
                r = self.log_in(address, password)
                self.assertEqual(r.status, 403)
                self.assertIn(WRONG_TEXT, r.content)

    def test_G_08_trouble_is_neither_in_nor_wrong(self):
        r = self.log_in(DOWN, RIGHT)
        self.assertEqual(r.status, 503)
        self.assertGreaterEqual(int(r.getheader("Retry-After")), 1)
        self.assertIn(LATER_TEXT, r.content)
        self.assertNotIn(WRONG_TEXT, r.content)

    def test_a_session_that_was_there_before_is_not_the_users(self):
        r = self.log_in(ANN, RIGHT, cookie=f"{self.cookie}=0123456789abcdef0123456789")
        self.assertEqual(r.status, 303)
        self.assertNotIn("0123456789abcdef0123456789", " ".join(r.headers.get_all("Set-Cookie")[-1:]))
        self.assertNotIn(ANN, self.request("GET", self.form_page, cookie=f"{self.cookie}=0123456789abcdef0123456789").content)

    def test_K_17_what_was_typed_stays_text(self):
        r = self.log_in("<script>alert(1)</script>@example.test", WRONG)
        self.assertEqual(r.status, 403)
        self.assertNotIn("<script>", r.content)

    def test_the_clients_address_goes_along(self):
        after = len(self.daemon.log())
        self.log_in(ANN, RIGHT)
        line = self.daemon.await_log(r"decision .*", after=after).group()
        self.assertIn(" service=portal client=127.0.0.1 ", line)

    def test_z_without_a_broker_it_is_trouble_too(self):
        self.daemon.stop()
        self.addCleanup(self.daemon.start)
        r = self.log_in(ANN, RIGHT)
        self.assertEqual(r.status, 503)
        self.assertIn(LATER_TEXT, r.content)


    def test_z_an_answer_that_contradicts_itself_lets_nobody_in(self):
        self.daemon.stop()
        self.addCleanup(self.daemon.start)
        accept = '{"verdict":"accept","identity":"ann@example.test","addresses":[],"text":"Accepted."}'
        for reply in (http_reply(503, accept), http_reply(401, accept), http_reply(200, '{"verdict":"reject","text":"x"}'), http_reply(200, accept[:-1]), http_reply(200, "[]"),
                      http_reply(200, '"accept"'), http_reply(404, accept), http_reply(200, accept, more=20), accept, "", "HTTP/1.1 200 OK\r\n"):
            with self.subTest(reply=reply), once(self.socket, reply):
                r = self.log_in(ANN, RIGHT)
                self.assertEqual(r.status, 503)
                self.assertIn(LATER_TEXT, r.content)


def http_reply(status, body, more=0):
    """`more`: bytes that are promised and do not come."""
    return f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body) + more}\r\n\r\n{body}"


@contextlib.contextmanager
def once(path, reply):
    """A socket that answers one request with these bytes."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        os.chmod(path, 0o666)
        s.listen(5)
        s.settimeout(10)

        def serve():
            c, _ = s.accept()
            with c:
                c.recv(65536)
                c.sendall(reply.encode())
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(15)
    os.unlink(path)


class PhpPortal(AnyPortal, SharedCase):
    label, cookie, form_page = "php", "PHPSESSID", "/index.php"

    @classmethod
    def portal(cls, folder):
        put(folder + "/authbroker.php", recipe("php-portal/authbroker.php", {"/run/authbroker/php-portal.sock": cls.socket}))
        put(folder + "/index.php", recipe("php-portal/index.php", {}))
        options = [x for o in ("extension=curl", "session.save_path=" + folder) for x in ("-d", o)]
        return recipe("php-portal/php-portal.toml", {"/run/authbroker/php-portal.sock": cls.socket}), ["php", "-n", *options, "-S", f"127.0.0.1:{cls.port}", "-t", folder], {}

    def test_log_out(self):
        cookie = self.log_in(ANN, RIGHT).headers.get_all("Set-Cookie")[-1].split(";")[0]
        self.assertIn(ANN, self.request("GET", self.form_page, cookie=cookie).content)
        self.request("POST", self.form_page, {"logout": "1"}, cookie=cookie)
        self.assertNotIn(ANN, self.request("GET", self.form_page, cookie=cookie).content)


class PythonPortal(AnyPortal, SharedCase):
    label, cookie = "python", "session"

    @classmethod
    def portal(cls, folder):
        put(folder + "/authbroker.py", recipe("python-portal/authbroker.py", {"/run/authbroker/python-portal.sock": cls.socket}))
        put(folder + "/portal.py", recipe("python-portal/portal.py", {"PORT = 8000": f"PORT = {cls.port}"}))
        return (recipe("python-portal/python-portal.toml", {"/run/authbroker/python-portal.sock": cls.socket}),
                ["/usr/bin/python3", "-B", folder + "/portal.py"], {"NO_PROXY": "*"})

    def test_mailboxes(self):
        cookie = self.log_in(ANN, RIGHT).headers.get_all("Set-Cookie")[-1].split(";")[0]
        for address, said in ((ALIAS, f"{ALIAS} exists: it is {ANN}."), ("nosuch@example.test", "nosuch@example.test does not exist."),
                              ("ann@unknown.test", "ann@unknown.test is not ours."), (DOWN, f"{DOWN}: its mail server does not say.")):
            with self.subTest(address=address):
                self.assertIn(f"<p>{said}</p>", self.request("GET", "/?" + urllib.parse.urlencode({"exists": address}), cookie=cookie).content)

    def test_z_mailboxes_without_a_broker(self):
        cookie = self.log_in(ANN, RIGHT).headers.get_all("Set-Cookie")[-1].split(";")[0]
        self.daemon.stop()
        self.addCleanup(self.daemon.start)
        self.assertIn(f"<p>{ANN}: {LATER_TEXT}</p>", self.request("GET", "/?exists=" + ANN, cookie=cookie).content)
