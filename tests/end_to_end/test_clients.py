"""Every client that the broker promises to serve: each logs a user in, is refused, and sees a tempfail as its protocol says."""
import http.client
import base64

from lab import clients
from lab.case import SharedCase, pop3_backend, route, static_backend
from lab.nginx import Nginx
from lab.place import free_port

ANN, RIGHT, WRONG = "ann@example.test", "correct-horse-7781", "wrong-horse-9913"
DOWN = "ann@down.test"


class Clients(SharedCase):
    @classmethod
    def prepare(cls):
        people = static_backend(cls.lab, {ANN: (RIGHT, ["annie@example.test"]), "off@example.test": (None, [])})
        cls.daemon = cls.lab.daemon(
            backends=[people, pop3_backend("nobody", f"pop3://127.0.0.1:{free_port()}")],
            routes=[route("example.test", "people", mailbox=["people"]), route("down.test", "nobody")])
        cls.nginx = cls.lab.server(Nginx, cls.daemon.http)
        cls.daemon.canaries |= {RIGHT, WRONG}

    def test_testsaslauthd_accept_is_ok(self):
        status, text = clients.testsaslauthd(self.daemon.mux, ANN, RIGHT)
        self.assertEqual((status, text.splitlines()[0]), (0, '0: OK "Success."'))

    def test_L_07_testsaslauthd_realm_is_rejoined(self):
        status, text = clients.testsaslauthd(self.daemon.mux, "ann", RIGHT, "example.test")
        self.assertEqual((status, text.splitlines()[0]), (0, '0: OK "Success."'))

    def test_L_07_testsaslauthd_realm_beside_an_address_is_ignored(self):
        self.assertEqual(clients.testsaslauthd(self.daemon.mux, ANN, RIGHT, "elsewhere.test")[0], 0)

    def test_testsaslauthd_reject_is_no(self):
        status, text = clients.testsaslauthd(self.daemon.mux, ANN, WRONG)
        self.assertNotEqual(status, 0)
        self.assertIn('NO "authentication failed"', text)

    def test_L_08_G_08_testsaslauthd_tempfail_is_a_closed_connection(self):
        status, text = clients.testsaslauthd(self.daemon.mux, DOWN, RIGHT)
        self.assertNotEqual(status, 0)
        self.assertNotIn("OK", text)
        self.assertNotIn("NO", text)
        self.assertEqual(clients.saslauthd(self.daemon.mux, DOWN, RIGHT), "")

    def test_L_09_saslauthd_exact_bytes(self):
        for password, reply in ((RIGHT, b"\0\2OK"), (WRONG, b"\0\2NO")):
            with clients.connect(self.daemon.mux) as s:
                s.sendall(clients.saslauthd_request(ANN, password))
                self.assertEqual(clients.read_all(s), reply)

    def test_saslauthd_no_route_is_no(self):
        self.assertEqual(self.daemon.saslauthd("ann@nowhere.test", RIGHT), "NO")

    def test_L_01_four_strings_are_answered_while_the_caller_waits(self):
        with clients.connect(self.daemon.mux) as s:
            s.sendall(clients.saslauthd_request(ANN, RIGHT))
            self.assertEqual(s.recv(64), b"\0\2OK")

    def test_L_02_a_fifth_string_is_taken(self):
        with clients.connect(self.daemon.mux) as s:
            s.sendall(clients.saslauthd_request(ANN, RIGHT) + b"\0\x09192.0.2.7")
            self.assertEqual(clients.read_all(s), b"\0\2OK")

    def _both(self, ask):
        """curl and PHP see a status and JSON."""
        for address, password, status, verdict in ((ANN, RIGHT, 200, '"accept"'), (ANN, WRONG, 401, '"reject"'), (DOWN, RIGHT, 503, '"tempfail"'),
                                                   ("off@example.test", RIGHT, 401, '"account_disabled"')):
            with self.subTest(address=address, status=status):
                got, body = ask("/v1/login", {"address": address, "password": password})
                self.assertEqual(got, status, body)
                self.assertIn(verdict, body)
        for address, status, verdict in (("annie@example.test", 200, '"exists"'), ("nobody@example.test", 404, '"absent"'), (DOWN, 200, '"unverifiable"')):
            with self.subTest(address=address, status=status):
                got, body = ask("/v1/mailbox", {"address": address})
                self.assertEqual(got, status, body)
                self.assertIn(verdict, body)

    def test_curl(self):
        self._both(lambda target, data: clients.curl(self.daemon.http, target, data))

    def test_php_curl_extension(self):
        self._both(lambda target, data: clients.php(self.daemon.folder, self.daemon.http, target, data, "curl"))

    def test_php_streams(self):
        self._both(lambda target, data: clients.php(self.daemon.folder, self.daemon.http, target, data, "stream"))

    def test_python_http_client(self):
        def ask(target, data):
            answer = clients.post(self.daemon.http, target, data)
            return answer.status, answer.body.decode()
        self._both(ask)

    def test_python_keeps_the_connection(self):
        c, kept = clients.UnixHTTP(self.daemon.http), None
        for password, status in ((RIGHT, 200), (WRONG, 401), (RIGHT, 200)):
            c.request("POST", "/v1/login", f'{{"address":"{ANN}","password":"{password}"}}', {"Content-Type": "application/json"})
            reply = c.getresponse()
            self.assertEqual(reply.status, status)
            reply.read()
            kept = kept or c.sock
            self.assertIsNotNone(c.sock)
            self.assertIs(c.sock, kept)
        c.close()

    def test_curl_basic(self):
        for user, password, status in ((ANN, RIGHT, 200), (ANN, WRONG, 401), (DOWN, RIGHT, 503)):
            with self.subTest(user=user, status=status):
                self.assertEqual(clients.curl(self.daemon.http, "/v1/auth", user=f"{user}:{password}")[0], status)

    def test_basic_says_who_and_what_to_do(self):
        yes = clients.basic(self.daemon.http, ANN.upper(), RIGHT)
        self.assertEqual((yes.status, yes.headers["x-auth-identity"]), (200, ANN))
        no = clients.basic(self.daemon.http, ANN, WRONG)
        self.assertEqual(no.status, 401)
        self.assertTrue(no.headers["www-authenticate"].startswith("Basic realm="))
        later = clients.basic(self.daemon.http, DOWN, RIGHT)
        self.assertEqual(later.status, 503)
        self.assertGreaterEqual(int(later.headers["retry-after"]), 1)

    def test_answer_has_every_member(self):
        yes = self.daemon.login("ANN@Example.test", RIGHT)
        self.assertEqual(yes.status, 200)
        self.assertEqual({k: yes.json.get(k) for k in ("verdict", "reason", "identity", "mailbox", "route", "backend", "cached", "client_believed")},
                         {"verdict": "accept", "reason": None, "identity": ANN, "mailbox": ANN, "route": "example.test", "backend": "people", "cached": False,
                          "client_believed": False})
        self.assertIn("id", yes.json)
        self.assertIn("elapsed_ms", yes.json)
        self.assertIn("text", yes.json)
        later = self.daemon.login(DOWN, RIGHT)
        self.assertEqual((later.status, later.verdict, later.reason), (503, "tempfail", "upstream_down"))
        self.assertIn("retry-after", later.headers)
        self.assertGreater(later["retry_after_ms"], 0)

    def test_public_text_does_not_tell_wrong_from_unknown(self):
        wrong, unknown = self.daemon.login(ANN, WRONG), self.daemon.login("nobody@example.test", WRONG)
        self.verdict(wrong, "reject", "wrong_password")
        self.verdict(unknown, "reject", "no_such_user")
        self.assertEqual(wrong["text"], unknown["text"])

    def test_status_and_health(self):
        status = clients.request(self.daemon.http, "GET", "/v1/status")
        self.assertEqual(status.status, 200)
        self.assertIn("people", status.body.decode())
        self.assertEqual(clients.request(self.daemon.http, "GET", "/healthz").status, 200)
        page = clients.request(self.daemon.http, "GET", "/")
        self.assertEqual(page.status, 200)
        self.assertIn("text/html", page.headers["content-type"])

    def test_K_errors_are_json_with_a_code(self):
        good = b'{"address":"ann@example.test","password":"x"}'
        for what, status, method, target, headers, body in (
                ("not JSON", 400, "POST", "/v1/login", {"Content-Type": "application/json"}, b"{"),
                ("unknown member", 400, "POST", "/v1/login", {"Content-Type": "application/json"}, b'{"address":"a@b.test","password":"x","admin":true}'),
                ("member twice", 400, "POST", "/v1/login", {"Content-Type": "application/json"}, b'{"address":"a@b.test","address":"c@d.test","password":"x"}'),
                ("no password", 400, "POST", "/v1/login", {"Content-Type": "application/json"}, b'{"address":"a@b.test"}'),
                ("no such page", 404, "GET", "/v2/login", {}, None),
                ("encoded slash", 404, "POST", "/v1%2flogin", {"Content-Type": "application/json"}, good),
                ("method", 405, "GET", "/v1/login", {}, None),
                ("too large", 413, "POST", "/v1/login", {"Content-Type": "application/json"}, b" " * 9000),
                ("form", 415, "POST", "/v1/login", {"Content-Type": "application/x-www-form-urlencoded"}, b"address=a&password=b"),
                ("expectation", 417, "POST", "/v1/login", {"Content-Type": "application/json", "Expect": "tea"}, good),
                ("chunked", 501, "POST", "/v1/login", {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, None)):
            with self.subTest(what=what):
                answer = clients.request(self.daemon.http, method, target, body, headers)
                self.assertEqual(answer.status, status, answer)
                self.assertTrue(answer["error"])

    def _page(self, user=None, password=None):
        c = http.client.HTTPConnection("127.0.0.1", self.nginx.port, timeout=20)
        headers = {} if user is None else {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        c.request("GET", "/index.html", headers=headers)
        r = c.getresponse()
        body = r.read()
        c.close()
        return r, body

    def test_nginx_accept_shows_the_page_and_the_identity(self):
        r, body = self._page(ANN, RIGHT)
        self.assertEqual((r.status, body, r.getheader("X-Who")), (200, b"the secret page\n", ANN))

    def test_nginx_reject_asks_again(self):
        for who in ((ANN, WRONG), ("nobody@example.test", RIGHT), (None, None)):
            with self.subTest(who=who):
                r, body = self._page(*who)
                self.assertEqual(r.status, 401)
                self.assertTrue(r.getheader("WWW-Authenticate", "").startswith("Basic realm="))
                self.assertNotIn(b"secret", body)

    def test_nginx_tempfail_is_a_server_error_and_no_password_question(self):
        r, body = self._page(DOWN, RIGHT)
        self.assertEqual((r.status, r.getheader("WWW-Authenticate")), (500, None))
        self.assertNotIn(b"secret", body)
