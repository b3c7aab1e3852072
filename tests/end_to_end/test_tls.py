"""Certificates, pins and downgrades, on real sockets: who may see a password."""
import socket
import ssl

from fakes import faults
from fakes.pop3 import Pop3Server
from lab.case import SharedCase, pop3_backend, route
from lab.certs import Authority, pin
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot, USERS
from lab.prefix import cache

PASSWORD = "tls-Pw-60031"


class Certificates(SharedCase):
    """Every kind of server certificate behind both ways into TLS. The name of a case is its domain."""

    @classmethod
    def prepare(cls):
        lab, ca = cls.lab, cls.lab.ca
        cls.servers, backends, routes = {}, [], []

        def add(name, tls, certificate, host="localhost", rules=None, listen="127.0.0.1", **more):
            server = cls.servers[name] = lab.adopt(Pop3Server(tls=tls, certificate=certificate, users={"ann": PASSWORD}, host=listen, **more))
            backends.append(pop3_backend(name, server.url(host), lab, tls=rules or {}))
            routes.append(route(f"{name}.test", name, strip_domain=True))

        for tls in ("implicit", "stls"):
            for kind in ("good", "expired", "wrong_name", "self_signed"):
                add(f"{kind.replace('_', '-')}-{tls}", tls, getattr(ca, kind))
        add("asked-stls", "stls", ca.good)
        add("right-pin", "implicit", ca.good, rules={"pin_sha256": [pin(ca.good[0])]})
        add("old-and-new-pin", "implicit", ca.good, rules={"pin_sha256": [pin(ca.wrong_name[0]), pin(ca.good[0])]})
        add("wrong-pin", "implicit", ca.good, rules={"pin_sha256": [pin(ca.wrong_name[0])]})
        add("pin-adds-to-chain", "implicit", ca.self_signed, rules={"pin_sha256": [pin(ca.self_signed[0])]})
        add("pin-replaces", "implicit", ca.self_signed, rules={"verify": False, "pin_sha256": [pin(ca.self_signed[0])]})
        add("pin-replaces-wrong", "implicit", ca.self_signed, rules={"verify": False, "pin_sha256": [pin(ca.good[0])]})
        add("server-name", "implicit", ca.wrong_name, rules={"server_name": "other.example.test"})
        add("by-address", "implicit", ca.good, host="127.0.0.1")
        add("client-certificate", "implicit", ca.good, client_ca=ca.ca_file, rules={"client_cert": ca.client[0], "client_key": ca.client[1]})
        add("no-client-certificate", "implicit", ca.good, client_ca=ca.ca_file)
        add("old-tls", "implicit", ca.good, tls_maximum=ssl.TLSVersion.TLSv1_1)
        add("needs-1-3", "implicit", ca.good, tls_maximum=ssl.TLSVersion.TLSv1_2, rules={"minimum": "1.3"})
        add("no-stls", "stls", ca.good, replies={"capa": b"+OK\r\nUSER\r\n.\r\n"})
        add("stls-refused", "stls", ca.good, replies={"stls": b"-ERR not today\r\n"})
        add("capa-refused", "stls", ca.good, replies={"capa": b"-ERR unknown\r\n", "stls": b"-ERR unknown\r\n"})
        add("stls-injection", "stls", ca.good, faults={"stls": faults.extra})
        add("stls-injection-later", "stls", ca.good, faults={"stls": faults.early})
        add("stls-broken-helper", "stls", ca.good, faults={"tls": faults.plain_in_handshake})
        # The same server as good-implicit, believed by another authority or another pin: its session must not be resumed for them.
        other = Authority(lab.place.sub("other_ca"))
        for name, rules in (("same-server-other-ca", {"ca_file": other.ca_file}), ("same-server-wrong-pin", {"pin_sha256": [pin(ca.wrong_name[0])]})):
            cls.servers[name] = cls.servers["good-implicit"]
            backends.append(pop3_backend(name, cls.servers[name].url(), lab, tls=rules))
            routes.append(route(f"{name}.test", name, strip_domain=True))
        add("ipv6", "implicit", ca.good, host="[::1]", listen="::1", family=socket.AF_INET6)
        add("not-tls", None, None)
        backends[-1] |= {"upstream": [cls.servers["not-tls"].url().replace("pop3:", "pop3s:")], "cleartext": False, "tls": {"ca_file": ca.ca_file}}
        cls.daemon = lab.daemon(backends=backends, routes=routes, broker={"request_timeout": "4s"})

    def ask(self, name):
        server = self.servers[name]
        before = server.credentials
        answer = self.daemon.login(f"ann@{name}.test", PASSWORD)
        return answer, server.credentials - before

    def refused(self, name, *reasons):
        with self.subTest(case=name):
            answer, credentials = self.ask(name)
            self.assertEqual((answer.verdict, answer.status), ("tempfail", 503), answer)
            self.assertIn(answer.reason, reasons, answer)
            self.assertEqual(credentials, 0, "a credential left without verified TLS")
            self.assertEqual(self.servers[name].clear_credentials, 0)

    def accepted(self, name):
        with self.subTest(case=name):
            answer, credentials = self.ask(name)
            self.verdict(answer, "accept")
            self.assertEqual((credentials, self.servers[name].clear_credentials), (1, 0))

    def test_good_certificates_are_taken(self):
        for name in ("good-implicit", "good-stls", "by-address", "server-name"):
            self.accepted(name)

    def test_C_08_bad_certificates_see_no_credential(self):
        for tls in ("implicit", "stls"):
            self.refused(f"expired-{tls}", "tls_untrusted")
            self.refused(f"self-signed-{tls}", "tls_untrusted")
            self.refused(f"wrong-name-{tls}", "tls_name")

    def test_C_19_pins(self):
        for name in ("right-pin", "old-and-new-pin", "pin-replaces"):
            self.accepted(name)
        for name in ("wrong-pin", "pin-adds-to-chain", "pin-replaces-wrong"):
            self.refused(name, "tls_untrusted")

    def test_C_27_client_certificate(self):
        self.accepted("client-certificate")
        subject = dict(x[0] for x in self.servers["client-certificate"].sessions[0].client_certificate["subject"])
        self.assertEqual(subject["commonName"], "broker")
        self.refused("no-client-certificate", "tls_untrusted", "upstream_down", "upstream_nonsense", "upstream_refuses_us")

    def test_C_14_old_versions_are_refused(self):
        self.refused("old-tls", "tls_untrusted", "tls_unavailable")
        self.refused("needs-1-3", "tls_untrusted", "tls_unavailable")

    def test_C_01_stripped_stls_sees_no_credential(self):
        for name in ("no-stls", "stls-refused", "capa-refused"):
            self.refused(name, "tls_unavailable")

    def test_C_03_C_04_nothing_before_the_handshake_is_believed(self):
        for name in ("stls-injection", "stls-injection-later"):
            self.refused(name, "upstream_nonsense", "tls_untrusted")

    def test_plaintext_where_tls_belongs(self):
        self.refused("stls-broken-helper", "upstream_nonsense", "tls_untrusted")
        self.refused("not-tls", "upstream_nonsense", "tls_untrusted")

    def test_C_07_capabilities_are_asked_again_inside(self):
        self.accepted("asked-stls")
        self.accepted("asked-stls")
        words = [[(tls, line.split(b" ")[0]) for tls, line in s.lines] for s in self.servers["asked-stls"].sessions]
        self.assertEqual(words[0][:3], [(False, b"CAPA"), (False, b"STLS"), (True, b"CAPA")])
        self.assertEqual(words[1][:2], [(False, b"STLS"), (True, b"USER")])  # remembered: what the server said inside, and that STLS works

    def test_C_21_a_session_is_not_resumed_for_others(self):
        for _ in range(2):
            self.accepted("good-implicit")
        self.refused("same-server-other-ca", "tls_untrusted")
        self.refused("same-server-wrong-pin", "tls_untrusted")

    def test_ipv6_address(self):
        self.accepted("ipv6")

    def test_session_resumption_is_used(self):
        for _ in range(3):
            self.accepted("good-implicit")
        self.assertTrue(any(s.resumed for s in self.servers["good-implicit"].sessions), "no TLS session was resumed")


class RealCertificates:
    """The same with real servers."""

    @classmethod
    def prepare(cls):
        cls.servers, backends, routes = {}, [], []
        for kind in ("expired", "wrong_name", "self_signed"):
            server = cls.servers[kind] = cls.make_server(getattr(cls.lab.ca, kind))
            for scheme, port in (("pop3+starttls", server.pop3), ("pop3s", server.pop3s)):
                name = f"{kind}-{scheme}".replace("_", "-").replace("+", "-")
                backends.append(pop3_backend(name, f"{scheme}://localhost:{port}", cls.lab))
                routes.append(route(f"{name}.test", name, strip_domain=True))
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes)

    def test_C_08_no_login_with_a_bad_certificate(self):
        for kind, reason in (("expired", "tls_untrusted"), ("wrong_name", "tls_name"), ("self_signed", "tls_untrusted")):
            for scheme in ("pop3-starttls", "pop3s"):
                with self.subTest(kind=kind, scheme=scheme):
                    self.verdict(self.daemon.login(f"alice@{kind.replace('_', '-')}-{scheme}.test", USERS["alice"]), "tempfail", reason)
            self.assertFalse(self.saw_login(self.servers[kind]))


class DovecotCertificates(RealCertificates, SharedCase):
    label = "dovecot"

    @classmethod
    def make_server(cls, certificate):
        return cls.lab.server(Dovecot, certificate)

    def saw_login(self, server):
        return "user=<alice>" in server.log()


class CyrusCertificates(RealCertificates, SharedCase):
    label = "cyrus"

    @classmethod
    def make_server(cls, certificate):
        return cls.lab.server(Cyrus, certificate, cache())

    def saw_login(self, server):
        return False  # it tells its log to syslog, which is not there
