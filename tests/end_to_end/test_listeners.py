"""Sockets: who may connect, how they are made, and what rude callers can do to others."""
import concurrent.futures
import os
import pwd
import re
import socket
import stat
import time

from fakes import faults
from fakes.pop3 import Pop3Server
from lab import clients
from lab.case import LabCase, SharedCase, pop3_backend, route, static_backend
from lab.daemon import Daemon, NotReady
from lab.place import free_port, put
from lab.process import wait_until

ANN, RIGHT, WRONG = "ann@example.test", "listener-Pw-4711", "wrong-Pw-30412"


def login_bytes(address=ANN, password=RIGHT, extra=""):
    body = f'{{"address":"{address}","password":"{password}"}}'
    return f"POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class Small(LabCase):
    """A daemon with one static route and listeners of the test's choice."""

    def start(self, *listeners, start=True, **more):
        daemon = self.lab.daemon(backends=[static_backend(self.lab, {ANN: (RIGHT, [])})] + more.pop("backends", []),
                                 routes=[route("example.test", "people", mailbox=["people"])] + more.pop("routes", []), start=False, **more)
        if listeners:
            daemon.listeners = [{"protocol": "http", "address": "unix:" + os.path.join(daemon.folder, one["name"]), "mode": "0666"} | one for one in listeners]
            daemon.http = os.path.join(daemon.folder, listeners[0]["name"])
        daemon.write_config()
        return daemon.start() if start else daemon

    def refuses_to_start(self, daemon, *words):
        with self.assertRaises(NotReady) as caught:
            daemon.start()
        for word in words:
            self.assertIn(word, str(caught.exception))

    def sock(self, daemon, name):
        return os.path.join(daemon.folder, name)


class Permissions(Small):
    def test_J_01_mode_owner_and_group(self):
        daemon = self.start({"name": "http", "mode": "0640", "owner": "nobody", "group": "www-data"}, {"name": "wide", "mode": "0666"})
        s = os.stat(daemon.http)
        self.assertEqual((stat.S_IMODE(s.st_mode), pwd.getpwuid(s.st_uid).pw_name, s.st_gid), (0o640, "nobody", pwd.getpwnam("www-data").pw_gid))
        self.assertEqual(stat.S_IMODE(os.stat(self.sock(daemon, "wide")).st_mode), 0o666)
        self.assertEqual(stat.S_IMODE(os.stat(daemon.admin).st_mode), 0o600)

    def test_J_01_file_mode_keeps_strangers_out(self):
        daemon = self.start({"name": "http", "mode": "0660", "group": "www-data"})
        self.assertEqual(clients.ask_as("www-data", daemon.http), "HTTP/1.1 200 OK")
        self.assertEqual(clients.ask_as("nobody", daemon.http), "PermissionError")
        self.assertEqual(clients.ask_as("www-data", daemon.admin), "PermissionError")

    def test_J_01_peers_are_told_apart_behind_an_open_mode(self):
        daemon = self.start({"name": "http", "peers": {"users": ["www-data"]}}, {"name": "groups", "peers": {"groups": ["www-data"]}}, {"name": "all"})
        for name, nobody in (("http", "closed"), ("groups", "closed"), ("all", "HTTP/1.1 200 OK")):
            with self.subTest(listener=name):
                self.assertEqual(clients.ask_as("www-data", self.sock(daemon, name)), "HTTP/1.1 200 OK")
                self.assertEqual(clients.ask_as("nobody", self.sock(daemon, name)), nobody)

    def test_questions_that_are_not_allowed_are_403(self):
        daemon = self.start({"name": "http", "allow": ["login"]}, {"name": "second", "allow": ["mailbox"]})
        self.assertEqual(daemon.login(ANN, RIGHT).status, 200)
        self.assertEqual(daemon.mailbox(ANN).status, 403)
        self.assertEqual(daemon.login(ANN, RIGHT, path=self.sock(daemon, "second")).status, 403)
        self.assertEqual(daemon.mailbox(ANN, path=self.sock(daemon, "second")).status, 200)
        self.assertEqual(clients.request(daemon.http, "GET", "/v1/status").status, 403)
        self.assertEqual(clients.request(daemon.http, "GET", "/healthz").status, 200)

    def test_who_is_refused_is_in_the_log_and_in_the_status(self):
        """Else the caller's own log would be the only one that knows."""
        daemon = self.start({"name": "http", "allow": ["login"]}, {"name": "sasl", "protocol": "saslauthd"}, {"name": "map", "protocol": "socketmap"},
                            {"name": "auth", "protocol": "dovecot-auth"}, {"name": "peers", "peers": {"users": ["www-data"]}}, {"name": "quiet"})
        self.assertEqual(daemon.mailbox(ANN).status, 403)
        daemon.await_log(r'level=warning event=request_refused listener=http caller="uid=\d+\(\w+\)" error=question_not_allowed\n')
        self.assertEqual(clients.request(daemon.http, "POST", "/v1/login", "{", {"Content-Type": "application/json"}).status, 400)
        for name, words in (("sasl", b"\xff\xff" + bytes(300)), ("map", b"GET / HTTP/1.1\r\n\r\n"), ("auth", b"GET / HTTP/1.1\r\n\r\n")):
            with self.subTest(listener=name):
                s = clients.connect(self.sock(daemon, name))
                s.sendall(words)
                daemon.await_log(rf'event=request_refused listener={name} caller="uid=\d+\(\w+\)" error=not_this_protocol\n')
                s.close()
        self.assertEqual(clients.ask_as("nobody", self.sock(daemon, "peers")), "closed")
        daemon.await_log("event=peer_not_admitted listener=peers")
        status = daemon.tool("status").stdout
        for line in ("http: 2 not understood or refused", "sasl: 1 not understood or refused", "map: 1 not understood or refused", "auth: 1 not understood or refused", "peers: 1 not admitted"):
            self.assertIn(f"\nlistener {line}\n", status)
        self.assertNotIn("listener quiet:", status)

    def test_default_domain_is_the_listeners(self):
        daemon = self.start({"name": "http", "default_domain": "example.test"}, {"name": "without"})
        yes = daemon.login("ann", RIGHT)
        self.assertEqual((yes.verdict, yes["identity"]), ("accept", ANN))
        self.verdict(daemon.login("ann", RIGHT, path=self.sock(daemon, "without")), "no_route", "no_route")

    def test_trust_client(self):
        daemon = self.start({"name": "http", "trust_client": True}, {"name": "named", "trust_client": ["www-data"]}, {"name": "never"})
        believed = [daemon.login(ANN, RIGHT, path=self.sock(daemon, name), client="192.0.2.9")["client_believed"] for name in ("http", "named", "never")]
        self.assertEqual(believed, [True, False, False])

    def test_reveal_tells_strangers_more_only_if_asked(self):
        daemon = self.start({"name": "http"}, {"name": "open", "reveal": True})
        self.assertEqual(clients.basic(daemon.http, "nobody@example.test", WRONG).headers.get("x-auth-reason"), "wrong_password")
        self.assertEqual(clients.basic(self.sock(daemon, "open"), "nobody@example.test", WRONG).headers.get("x-auth-reason"), "no_such_user")

    def test_tcp_is_loopback_with_networks_and_a_token(self):
        one, two = free_port(), free_port()
        daemon = self.start(start=False)
        token = daemon.folder + "/token"
        put(token, "letmein-token-99123\n", 0o600)
        daemon.listeners += [{"name": "tcp", "protocol": "http", "address": f"tcp:127.0.0.1:{one}", "token": {"file": token}},
                             {"name": "nets", "protocol": "http", "address": f"tcp:127.0.0.1:{two}", "networks": ["127.0.0.9/32"]}]
        daemon.write_config()
        daemon.start()
        self.assertEqual(self.tcp(one, login_bytes()), "403")
        self.assertEqual(self.tcp(one, login_bytes(extra="Authorization: Bearer wrong\r\n")), "403")
        self.assertEqual(self.tcp(one, login_bytes(extra="Authorization: Bearer letmein-token-99123\r\n")), "200")
        self.assertEqual(self.tcp(two, login_bytes()), "")
        self.assertEqual(self.tcp(two, login_bytes(), source="127.0.0.9"), "200")
        self.assertNotIn("letmein-token-99123", daemon.log())

    def tcp(self, port, data, source="127.0.0.1"):
        with socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0)) as s:
            try:
                s.sendall(data)
                return (s.recv(1000).split(b" ") + [b"", b""])[1].decode()
            except ConnectionError:
                return ""


class Making(Small):
    def test_J_04_stale_socket_is_replaced_after_kill_9(self):
        daemon = self.start()
        made = os.stat(daemon.http).st_ctime_ns
        daemon.kill()
        self.assertTrue(os.path.exists(daemon.http))
        with self.assertRaises(ConnectionRefusedError):
            clients.connect(daemon.http)
        daemon.start()
        self.assertNotEqual(os.stat(daemon.http).st_ctime_ns, made)
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_J_05_second_instance_refuses_and_the_first_goes_on(self):
        first = self.start()
        second = Daemon(self.lab.place.sub("d"), backends=first.backends, routes=first.routes, listeners=first.listeners, start=False)
        self.refuses_to_start(second, first.http)
        self.verdict(first.login(ANN, RIGHT), "accept")

    def test_J_03_symbolic_link_or_foreign_file_is_not_replaced(self):
        for kind in ("link", "file"):
            with self.subTest(kind=kind):
                daemon = self.start(start=False)
                target = daemon.folder + "/precious"
                put(target, "precious\n")
                os.symlink(target, daemon.http) if kind == "link" else put(daemon.http, "precious\n")
                self.refuses_to_start(daemon, daemon.http)
                with open(target if kind == "link" else daemon.http) as f:
                    self.assertEqual(f.read(), "precious\n")

    def test_J_03_world_writable_folder_is_refused(self):
        daemon = self.start(start=False)
        open_folder = daemon.folder + "/open"
        os.mkdir(open_folder)
        os.chmod(open_folder, 0o777)
        daemon.listeners[0]["address"] = f"unix:{open_folder}/http.sock"
        daemon.write_config()
        self.refuses_to_start(daemon, "open")

    def test_sockets_are_gone_after_a_clean_stop(self):
        daemon = self.start()
        daemon.stop()
        self.assertFalse(os.path.exists(daemon.http) or os.path.exists(daemon.mux) or os.path.exists(daemon.admin))


class Limits(Small):
    def test_J_07_connections_beyond_the_limit_are_closed_and_room_comes_back(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"pass": faults.silence}))
        daemon = self.start({"name": "http", "limits": {"connections": 5}}, backends=[pop3_backend("stuck", server.url("127.0.0.1"))],
                            routes=[route("stuck.test", "stuck", strip_domain=True)])
        held = [clients.connect(daemon.http) for _ in range(5)]
        for s in held:
            s.sendall(login_bytes("ann@stuck.test"))
        self.assertTrue(server.wait(lambda s: s.credentials == 5))
        with clients.connect(daemon.http) as sixth:
            sixth.settimeout(5)
            try:
                sixth.sendall(login_bytes())
                self.assertFalse(sixth.recv(100).startswith(b"HTTP/1.1 200"))
            except ConnectionError:
                pass
        held.pop().close()
        wait_until(lambda: self.try_login(daemon), 5, "room for another connection")
        for s in held:
            s.close()

    def test_J_07_idle_callers_make_room(self):
        daemon = self.start({"name": "http", "limits": {"connections": 5}})
        held = [clients.connect(daemon.http) for _ in range(5)]
        wait_until(lambda: self.try_login(daemon), 5, "room for a caller that has a question")
        for s in held:
            s.close()

    def try_login(self, daemon):
        try:
            return daemon.login(ANN, RIGHT).status == 200
        except (OSError, ValueError, clients.http.client.HTTPException):
            return False

    def test_in_flight_limit_is_a_tempfail(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"pass": faults.silence}))
        daemon = self.start({"name": "http", "limits": {"in_flight": 4}}, backends=[pop3_backend("stuck", server.url("127.0.0.1"))],
                            routes=[route("stuck.test", "stuck", strip_domain=True)], broker={"request_timeout": "3s"})
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: daemon.login("ann@stuck.test", RIGHT), range(12)))
        self.assertEqual({a.verdict for a in answers}, {"tempfail"})
        self.assertEqual(sum(a.reason == "overloaded" for a in answers), 8)

    def test_J_10_idle_and_half_requests_are_closed(self):
        daemon = self.start({"name": "http", "limits": {"idle": "1s"}})
        with clients.connect(daemon.http) as s:
            started = time.monotonic()
            self.assertEqual(s.recv(100), b"")
            self.assertLess(time.monotonic() - started, 8)
        with clients.connect(daemon.http, 20) as s:
            s.sendall(b"POST /v1/login HTTP/1.1\r\nHost:")
            started = time.monotonic()
            rest = clients.read_all(s)
            self.assertFalse(rest.startswith(b"HTTP/1.1 200"))
            self.assertLess(time.monotonic() - started, 18)

    def test_J_10_a_drip_is_cut_and_others_go_on(self):
        daemon = self.start()
        request = login_bytes()
        with clients.connect(daemon.http, 20) as s:
            started, sent = time.monotonic(), 0
            try:
                while time.monotonic() - started < 20:
                    s.sendall(request[sent:sent + 1])
                    sent += 1
                    self.verdict(daemon.login(ANN, RIGHT), "accept")
                    s.settimeout(0.5)
                    try:
                        if s.recv(100) is not None:
                            break
                    except TimeoutError:
                        pass
            except ConnectionError:
                pass
            self.assertLess(time.monotonic() - started, 18)

    def test_K_06_K_07_request_size_limits(self):
        daemon = self.start({"name": "http", "limits": {"request": "2KiB", "headers": "4KiB"}})
        self.assertEqual(daemon.login(ANN, "x" * 3000).status, 413)
        many = "".join(f"X-Pad-{i}: {'y' * 200}\r\n" for i in range(40))
        with clients.connect(daemon.http) as s:
            s.sendall(login_bytes(extra=many))
            self.assertTrue(clients.read_all(s).startswith(b"HTTP/1.1 431"))
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_J_07_a_thousand_idle_callers_beside_a_working_one(self):
        daemon = self.start({"name": "http", "limits": {"connections": 1100}})
        before = rss(daemon)
        held = [clients.connect(daemon.http) for _ in range(1000)]
        with clients.connect(daemon.http) as s:
            s.sendall(login_bytes())
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 200"))
        grown = rss(daemon) - before
        for s in held:
            s.close()
        if not daemon.prefix.sanitized:
            self.assertLess(grown, 96 << 20)

    def test_one_malformed_caller_does_not_hurt_another(self):
        daemon = self.start()
        good = clients.UnixHTTP(daemon.http)
        for bad in (b"\x00\xff\xfe garbage\r\n\r\n", b"GET\r\n\r\n", b"POST /v1/login HTTP/9.9\r\n\r\n", b"POST /v1/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    b"POST /v1/login HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345", os.urandom(3000)):
            with clients.connect(daemon.http) as s:
                s.sendall(bad)
                s.shutdown(socket.SHUT_WR)
                try:
                    self.assertFalse(clients.read_all(s).startswith(b"HTTP/1.1 2"))
                except ConnectionError:
                    pass
            good.request("POST", "/v1/login", f'{{"address":"{ANN}","password":"{RIGHT}"}}', {"Content-Type": "application/json"})
            reply = good.getresponse()
            self.assertEqual(reply.status, 200)
            reply.read()
        good.close()

    def test_L_03_L_04_saslauthd_nonsense_gets_no_answer(self):
        daemon = self.start()
        for bad in (b"\xff\xff", b"\x00\x03ann\x00\x03pw1\x00", b"\x20\x00" + b"a" * 8192, b""):
            with clients.connect(daemon.mux) as s:
                s.sendall(bad)
                s.shutdown(socket.SHUT_WR)
                try:
                    self.assertEqual(clients.read_all(s), b"")
                except ConnectionError:
                    pass
        self.assertEqual(daemon.saslauthd(ANN, RIGHT), "OK")

    def test_K_09_pipelined_requests_are_answered_in_order(self):
        daemon = self.start()
        with clients.connect(daemon.http) as s:
            s.sendall(b"".join(login_bytes(password=RIGHT if i % 2 else WRONG) for i in range(20)) + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            reply = clients.read_all(s)
        statuses = re.findall(rb"HTTP/1.1 (\d+) ", reply)
        self.assertEqual(statuses, [b"401", b"200"] * 10 + [b"200"])

    def test_J_11_a_vanished_caller_hurts_nobody(self):
        server = self.lab.adopt(Pop3Server(users={"ann": RIGHT}, faults={"pass": faults.silence}))
        daemon = self.start(backends=[pop3_backend("stuck", server.url("127.0.0.1"))], routes=[route("stuck.test", "stuck", strip_domain=True)],
                            broker={"request_timeout": "3s"})
        for _ in range(50):
            with clients.connect(daemon.http) as s:
                s.sendall(login_bytes("ann@stuck.test"))
            with clients.connect(daemon.mux) as s:
                s.sendall(clients.saslauthd_request("ann@stuck.test", RIGHT))
        self.verdict(daemon.login(ANN, RIGHT), "accept")


def rss(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


class Slow(SharedCase):
    """J_12: a caller that never reads its answers."""
    label = "never_reads"

    @classmethod
    def prepare(cls):
        cls.daemon = cls.lab.daemon(backends=[static_backend(cls.lab, {ANN: (RIGHT, [])})], routes=[route("example.test", "people")])

    def test_J_12_output_is_bounded(self):
        before = rss(self.daemon)
        s = clients.connect(self.daemon.http)
        s.settimeout(0.5)
        data = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 500
        sent = 0
        try:
            while sent < 64 << 20:
                sent += s.send(data)
        except (TimeoutError, ConnectionError):
            pass
        self.assertLess(sent, 64 << 20, "it goes on reading although nobody takes its answers")
        self.assertLess(rss(self.daemon) - before, 16 << 20)
        self.verdict(self.daemon.login(ANN, RIGHT), "accept")
        s.close()
