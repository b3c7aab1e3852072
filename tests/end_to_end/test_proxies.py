"""Web proxies that ask /v1/auth, each run from its recipe's own file, with a real application behind."""
import base64
import concurrent.futures
import contextlib
import http.client
import os
import socket
import ssl
import threading
import time

from lab import clients
from lab.case import LabCase, SharedCase, pop3_backend, route, static_backend
from lab.nginx import NginxSite
from lab.place import free_port, put
from lab.prefix import cache
from lab.process import wait_until
from lab.proxies import Application, Caddy, HAProxy
from lab.recipe import broker_of, recipe

ANN, RIGHT, WRONG = "ann@example.test", "correct:horse 7781 %41+x", "wrong-horse-9913"
EVE, EVE_PASSWORD = "eve@example.test", "p€ss-wörd-8472"
DOWN = "ann@down.test"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


def credentials(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def nginx(lab, application, tls):
    path = lab.place.sub("b") + "/p.sock"
    port = free_port()
    site = recipe("nginx-auth-request/portal.conf", {
        "/run/authbroker/portal.sock": path, "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;", "/etc/ssl/certs/portal.example.com.pem": tls[0],
        "/etc/ssl/private/portal.example.com.key": tls[1], "127.0.0.1:8080": f"127.0.0.1:{application.port}"})
    return recipe("nginx-auth-request/nginx-auth-request.toml", {"/run/authbroker/portal.sock": path}), lambda: lab.server(NginxSite, site, port)


def haproxy(lab, application, tls):
    folder, listener, port = lab.place.sub("b"), free_port(), free_port()
    for name in ("token", "broker.token"):
        put(f"{folder}/{name}", "8d1f0c6be1a24c5f9f6f1b1f\n", 0o600)
    with open(tls[0]) as certificate, open(tls[1]) as key:
        put(folder + "/both.pem", certificate.read() + key.read(), 0o600)
    put(folder + "/authbroker.lua", recipe("haproxy/authbroker.lua", {"/etc/haproxy/authbroker.token": folder + "/token", "8089": str(listener)}))
    os.mkdir(folder + "/root")
    config = recipe("haproxy/haproxy.cfg", {
        "user haproxy": "user www-data", "group haproxy": "group www-data", "/var/lib/haproxy": folder + "/root", "/etc/haproxy/authbroker.lua": folder + "/authbroker.lua",
        "bind :443": f"bind 127.0.0.1:{port}", "/etc/haproxy/portal.pem": folder + "/both.pem", "127.0.0.1:8080": f"127.0.0.1:{application.port}"})
    return recipe("haproxy/haproxy.toml", {"/etc/authbroker/haproxy.token": folder + "/broker.token", "8089": str(listener)}), lambda: lab.server(HAProxy, cache(), config, port)


def caddy(lab, application, _):
    path = lab.place.sub("b") + "/p.sock"
    port = free_port()
    site = recipe("caddy/Caddyfile", {"portal.example.com": f"http://127.0.0.1:{port}", "/run/authbroker/caddy.sock": path, "127.0.0.1:8080": f"127.0.0.1:{application.port}"})
    config = "{\n\tadmin off\n\tauto_https off\n}\n" + site
    return recipe("caddy/caddy.toml", {"/run/authbroker/caddy.sock": path, '"caddy" ': '"www-data" ', '["caddy"]': '["www-data"]'}), lambda: lab.server(Caddy, cache(), config, port)


class AnyProxy:
    make = None
    tls = True

    @classmethod
    def prepare(cls):
        cls.application = cls.lab.adopt(Application())
        text, start = cls.make(cls.lab, cls.application, cls.lab.ca.good)
        people = static_backend(cls.lab, {ANN: (RIGHT, []), EVE: (EVE_PASSWORD, [])})
        cls.silent = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(cls.silent.close)
        backends = [people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}"), pop3_backend("silent", f"pop3://127.0.0.1:{cls.silent.getsockname()[1]}")]
        cls.daemon = broker_of(cls.lab, text, backends=backends, routes=[route("example.test", "people"), route("down.test", "nobody"), route("silent.test", "silent")])
        cls.daemon.canaries |= {RIGHT, WRONG, EVE_PASSWORD}
        cls.proxy = start()
        cls.context = ssl.create_default_context(cafile=cls.lab.ca.ca_file)

    def connection(self):
        c = http.client.HTTPSConnection("localhost", self.proxy.port, timeout=20, context=self.context) if self.tls else http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=20)
        return contextlib.closing(c)

    def ask(self, user=None, password=None, method="GET", path="/page?x=%2f&y", body=None, **headers):
        """The reply, and what of it came from the application: None if it was not asked."""
        before = len(self.application.seen)
        with self.connection() as c:
            fields = {k.replace("_", "-"): v for k, v in headers.items()} | (credentials(user, password) if user else {})
            c.request(method, path, body, fields, encode_chunked=not isinstance(body, (bytes, type(None))))
            r = c.getresponse()
            r.content = r.read()
        seen = self.application.seen[before:]
        self.assertLessEqual(len(seen), 1)
        return r, dict(seen[0], all=seen[0]["headers"], headers=dict(seen[0]["headers"])) if seen else None

    def identities(self, seen):
        return [v for k, v in seen["all"] if k.replace("_", "-") == "x-auth-identity"]

    def refused(self, r, seen):
        self.assertEqual(r.status, 401)
        self.assertTrue(r.getheader("WWW-Authenticate", "").startswith("Basic realm="), r.getheaders())
        self.assertIsNone(seen)

    def later(self, r, seen):
        self.assertEqual((r.status, r.getheader("WWW-Authenticate")), (503, None))
        self.assertGreaterEqual(int(r.getheader("Retry-After")), 1)
        self.assertIsNone(seen)

    def test_right_password_reaches_the_application_with_the_identity(self):
        for user, password, identity in ((ANN, RIGHT, ANN), (ANN.upper(), RIGHT, ANN), (EVE, EVE_PASSWORD, EVE)):
            with self.subTest(user=user):
                r, seen = self.ask(user, password)
                self.assertEqual((r.status, seen["path"], self.identities(seen)), (200, "/page?x=%2f&y", [identity]))
                self.assertNotIn("authorization", seen["headers"])

    def test_wrong_unknown_and_none_are_asked_for_their_password(self):
        for who in ((ANN, WRONG), ("nobody@example.test", RIGHT), ("ann@unknown.test", RIGHT), (ANN, ""), (None, None)):
            with self.subTest(who=who):
                self.refused(*self.ask(*who))

    def test_G_08_trouble_is_a_503_and_no_password_question(self):
        self.later(*self.ask(DOWN, RIGHT))

    def test_an_identity_cannot_be_forged(self):
        for name in ("X-Auth-Identity", "x-auth-identity", "X_Auth_Identity", "X-Auth_Identity", "X_Auth-Identity"):
            with self.subTest(name=name), self.connection() as c:
                before = len(self.application.seen)
                c.request("GET", "/", headers=credentials(ANN, RIGHT) | {name: "root@example.test"})
                self.assertEqual(c.getresponse().status, 200)
                seen = self.application.seen[before]
                self.assertEqual(self.identities({"all": seen["headers"]}), [ANN])
            with self.subTest(name=name, credentials=None):
                with self.connection() as c:
                    c.request("GET", "/", headers={name: "root@example.test"})
                    self.assertEqual(c.getresponse().status, 401)

    def test_any_method(self):
        for method in METHODS:
            with self.subTest(method=method):
                r, seen = self.ask(ANN, RIGHT, method=method)
                self.assertEqual((r.status, seen["method"], self.identities(seen)), (200, method, [ANN]))
                self.refused(*self.ask(ANN, WRONG, method=method))

    def test_bodies_go_to_the_application(self):
        for what, body, headers in (("length", b"x" * 100_000, {}), ("chunks", iter([b"y" * 1000] * 30), {"Transfer_Encoding": "chunked"}),
                                    ("expect", b"z" * 10, {"Expect": "100-continue"}), ("empty", b"", {})):
            with self.subTest(what=what):
                size = {"length": 100_000, "chunks": 30_000, "expect": 10, "empty": 0}[what]
                r, seen = self.ask(ANN, RIGHT, method="POST", body=body, **headers)
                self.assertEqual((r.status, seen["body"]), (200, size))

    def test_what_browsers_send_along_does_no_harm(self):
        more = {"Cookie": "a=b; " + "c" * 4000, "Origin": "https://evil.example", "Range": "bytes=0-1", "If_None_Match": "*", "Accept_Encoding": "gzip, br",
                "X_Forwarded_Method": "POST", "X_Original_URI": "/v1/login", "X_HTTP_Method_Override": "DELETE"}
        r, seen = self.ask(ANN, RIGHT, **more)
        self.assertEqual((r.status, self.identities(seen)), (200, [ANN]))
        self.refused(*self.ask(ANN, WRONG, **more))

    def test_K_16_two_credentials_are_nobodys(self):
        with self.connection() as c:
            before = len(self.application.seen)
            c.putrequest("GET", "/")
            for user, password in ((ANN, RIGHT), (EVE, EVE_PASSWORD)):
                c.putheader("Authorization", credentials(user, password)["Authorization"])
            c.endheaders()
            self.assertGreaterEqual(c.getresponse().status, 400)
            self.assertEqual(len(self.application.seen), before)

    def test_the_clients_address_is_the_proxys_word(self):
        after = len(self.daemon.log())
        r, _ = self.ask(ANN, RIGHT, X_Real_IP="203.0.113.9", X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9", X_Client_IP="203.0.113.9")
        self.assertEqual(r.status, 200)
        line = self.daemon.await_log(r"decision .*address=ann@example\.test.*", after=after).group()
        self.assertIn(" client=127.0.0.1 ", line)

    def test_K_18_many_people_at_once_are_not_mixed_up(self):
        def one(number):
            user, password = ((ANN, RIGHT), (EVE, EVE_PASSWORD), (ANN, WRONG))[number % 3]
            with self.connection() as c:
                c.request("GET", f"/{number}", headers=credentials(user, password))
                r = c.getresponse()
                return number, user if password != WRONG else None, r.status
        before = len(self.application.seen)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            done = list(pool.map(one, range(90)))
        self.assertEqual([status for _, user, status in done if user is None], [401] * 30)
        wanted = {f"/{number}": user for number, user, _ in done if user}
        self.assertEqual({s["path"]: self.identities({"all": s["headers"]})[0] for s in self.application.seen[before:]}, wanted)

    def test_z_reload_and_restart_make_no_wrong_answer(self):
        """A reload is not noticed. While there is no broker, people are told to come back."""
        stop, answers = threading.Event(), []

        def stream(user, password, right):
            while not stop.is_set():
                with self.connection() as c:
                    c.request("GET", "/", headers=credentials(user, password))
                    answers.append((user, right, c.getresponse().status))
        people = ((ANN, RIGHT, 200), (EVE, EVE_PASSWORD, 200), (ANN, WRONG, 401), (ANN, RIGHT, 200))
        with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
            streams = [pool.submit(stream, *who) for who in people]
            try:
                wait_until(lambda: len(answers) > 50, 10, "answers")
                for _ in range(3):
                    self.daemon.reload()
                self.assertEqual([a for a in answers if a[1] != a[2]], [], "while it was reloaded")
                before = len(answers)
                self.daemon.stop()
                self.daemon.start()
                wait_until(lambda: len(answers) > before + 50 and {a[1] for a in answers[-20:] if a[1] == a[2]} == {200, 401}, 20, "answers after the restart")
            finally:
                stop.set()
            for one in streams:
                one.result(20)
        self.assertEqual([a for a in answers if a[2] != a[1] and a[2] < 500], [], "while it was restarted")

    def test_z_without_a_broker_nobody_gets_in_and_nobody_is_asked_for_a_password(self):
        """Last, by its name."""
        self.daemon.stop()
        self.addCleanup(self.daemon.start)
        r, seen = self.ask(ANN, RIGHT)
        self.assertGreaterEqual(r.status, 500)
        self.assertIsNone(r.getheader("WWW-Authenticate"))
        self.assertIsNone(seen)


class NginxRecipe(AnyProxy, SharedCase):
    label, make = "nginx", staticmethod(nginx)

    def test_a_request_has_one_name_in_all_logs(self):
        after = len(self.daemon.log())
        r, seen = self.ask(ANN, RIGHT, X_Request_ID="forged")
        self.assertEqual(r.status, 200)
        self.assertRegex(seen["headers"]["x-request-id"], "^[0-9a-f]{32}$")
        self.daemon.await_log(f"decision .* session={seen['headers']['x-request-id']} ", after=after)


class HAProxyRecipe(AnyProxy, SharedCase):
    label, make = "haproxy", staticmethod(haproxy)

    def test_G_08_slow_trouble_is_waited_for(self):
        """Longer than the four seconds that a Lua script may compute."""
        began = time.monotonic()
        self.later(*self.ask("ann@silent.test", RIGHT))
        self.assertGreater(time.monotonic() - began, 4.2)


class CaddyRecipe(AnyProxy, SharedCase):
    label, make, tls = "caddy", staticmethod(caddy), False


class Shapes(LabCase):
    """Requests as proxies make them that Debian does not have."""

    def setUp(self):
        super().setUp()
        self.daemon = self.lab.daemon(backends=[static_backend(self.lab, {ANN: (RIGHT, [])}), pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
                                      routes=[route("example.test", "people"), route("down.test", "nobody")])
        self.daemon.listeners[0]["trust_client"] = True
        self.daemon.write_config()
        self.daemon.reload()
        self.daemon.canaries |= {RIGHT, WRONG}

    def answers(self, method, target, headers):
        for user, password, status in ((ANN, RIGHT, 200), (ANN, WRONG, 401), (DOWN, RIGHT, 503)):
            with self.subTest(user=user, status=status):
                r = clients.request(self.daemon.http, method, target, None, headers | credentials(user, password))
                self.assertEqual((r.status, r.headers.get("x-auth-identity")), (status, ANN if status == 200 else None))
                self.assertEqual("www-authenticate" in r.headers, status == 401)
        self.daemon.await_log(r"decision .* client=192\.0\.2\.7 ")

    def test_traefik_forward_auth(self):
        self.answers("GET", "/v1/auth", {"X-Forwarded-Method": "POST", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example.test", "X-Forwarded-Uri": "/cart?x=1",
                                         "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Server": "t1", "User-Agent": "Mozilla/5.0", "Accept-Encoding": "gzip", "Cookie": "session=1"})

    def test_envoy_ext_authz(self):
        for method, target in (("POST", "/v1/auth/cart/items?x=%2F..%2f"), ("HEAD", "/v1/auth/"), ("PATCH", "/v1/auth/%00")):
            with self.subTest(target=target):
                self.answers(method, target, {"Content-Length": "0", "x-envoy-internal": "true", "x-forwarded-for": "203.0.113.1,192.0.2.7", "x-request-id": "d0a1", "x-envoy-expected-rq-timeout-ms": "200"})

    def test_haproxy_auth_request_script(self):
        self.answers("HEAD", "/v1/auth", {"X-Real-IP": "192.0.2.7", "Content-Type": "text/plain", "Content-Length": "500", "Connection": "close"})
