#!/usr/bin/python3
"""The benchmark's rows: starts broker, reference and upstream, drives them with `load`, and prints a table.

    rows.py PREFIX PROGRAMS [--seconds N] [--rounds N] [ROW...]
"""
import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import directory
import gateways
import mail
import peers


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bench:
    def __init__(self, options):
        self.options = options
        self.home = tempfile.mkdtemp(prefix="ab.", dir="/tmp")
        os.chmod(self.home, 0o755)
        self.children = []
        self.closing = contextlib.ExitStack()  # what is stopped otherwise
        self.rows = []

    def path(self, name):
        return os.path.join(self.home, name)

    def start(self, *words, ready):
        """Starts a program and waits until somebody listens at each address of `ready`."""
        log = open(self.path(os.path.basename(words[0]) + ".log"), "ab")
        child = subprocess.Popen([str(w) for w in words], stdout=log, stderr=log)
        self.children.append(child)
        until = time.monotonic() + 10
        for address in ready:
            while not self.answers(address):
                if child.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{words[0]} did not start:\n" + open(log.name).read())
                time.sleep(0.01)
        return child

    @staticmethod
    def answers(address):
        kind, rest = address.split(":", 1)
        try:
            if kind == "unix":
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(rest)
            else:
                host, port = rest.rsplit(":", 1)
                socket.create_connection((host, int(port))).close()
            return True
        except OSError:
            return False

    def stop(self, child):
        peers.end(child)
        self.children.remove(child)

    def close(self):
        for child in list(self.children):
            self.stop(child)
        self.closing.close()
        shutil.rmtree(self.home)

    def prepare(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("key.pem"), "-out", self.path("cert.pem"), "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        self.plain, self.tls, self.stalled, self.stalled_tls = (f"tcp:127.0.0.1:{free_port()}" for _ in range(4))
        programs = self.options.programs
        references = ["unix:" + self.path(name) for name in ("ref-http", "ref-sasl", "ref-map", "ref-dovecot")]
        self.reference = self.start(f"{programs}/reference", *references, ready=references)
        pem = [self.path("cert.pem"), self.path("key.pem")]
        self.upstream = self.start(f"{programs}/pop3_upstream", self.plain, self.tls, *pem, ready=[self.plain, self.tls])
        self.stuck = self.start(f"{programs}/pop3_upstream", self.stalled, self.stalled_tls, *pem, "--stall", ready=[self.stalled])
        self.with_directory = bool({"ldap", "far", "gateways"} & set(self.options.rows))
        if self.with_directory:
            self.start_directory(pem)
        gateways.prepare(self)
        self.mail_config = mail.prepare(self, *pem, free_port)
        self.write_config()

    def start_directory(self, pem):
        self.ldap, self.ldaps, self.far = (f"tcp:127.0.0.1:{free_port()}" for _ in range(3))
        command = directory.prepare(self.path("directory"), *pem)
        self.slapd = self.start(*command, "-h", f"ldap://{self.ldap[4:]} ldaps://{self.ldaps[4:]}", ready=[self.ldap, self.ldaps])
        self.start(f"{self.options.programs}/delay", self.far, self.ldap, 250, ready=[self.far])

    def directory_backends(self):
        """By template, by search, by template over TLS, and by template with a quarter of a second on the way."""
        text = ""
        template, search = f'user_dn = "uid={{local}},{directory.PEOPLE}"\npassword_policy = "auto"\n', (
            f'password_policy = "auto"\nbase = "{directory.PEOPLE}"\nfilter = "(mail={{address}})"\nbind_dn = "{directory.READER}"\nbind_password = "reader"\n')
        for name, url, settings, pool in (("bind", "ldap://" + self.ldap[4:], template, 32), ("search", "ldap://" + self.ldap[4:], search, 32),
                                          ("tls", "ldaps://localhost:" + self.ldaps.rsplit(":", 1)[1], template, 32), ("far", "ldap://" + self.far[4:], template, 1000)):
            text += (f'[[backend]]\nname = "ldap-{name}"\nplugin = "ldap"\nupstream = ["{url}"]\ncleartext = true\npool = {{ connections = {pool}, queue = 4000 }}\n'
                     f'tls = {{ ca_file = "{self.path("cert.pem")}" }}\n[backend.settings]\n{settings}[[route]]\ndomains = ["{name}.example"]\nlogin = ["ldap-{name}"]\n'
                     + ('mailbox = ["ldap-search"]\n' if name == "search" else ""))
        return text

    def write_config(self):
        port = {name: address.rsplit(":", 1)[1] for name, address in (("plain", self.plain), ("tls", self.tls), ("stalled", self.stalled))}
        limits = "limits = { connections = 4000, in_flight = 4000 }"
        backend = '[[backend]]\nname = "{0}"\nplugin = "pop3"\nupstream = ["{1}"]\ncleartext = {2}\n'
        # It holds a password, though one that means nothing.
        with open(os.open(self.path("authbroker.toml"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(f"""
[broker]
plugin_dirs = ["{os.path.abspath(self.options.prefix)}/lib/authbroker/plugins"]
state_dir = "{self.home}"
admin_socket = "{self.path('admin.sock')}"
request_timeout = "30s"
[log]
target = "{self.path('broker.log')}"
[[listener]]
name = "http"
protocol = "http"
address = "unix:{self.path('http')}"
{limits}
[[listener]]
name = "sasl"
protocol = "saslauthd"
address = "unix:{self.path('sasl')}"
{limits}
[[listener]]
name = "map"
protocol = "socketmap"
address = "unix:{self.path('map')}"
mode = "0666"
{limits}
[[listener]]
name = "policy"
protocol = "policy"
address = "unix:{self.path('policy')}"
{limits}
[[listener]]
name = "dovecot"
protocol = "dovecot-auth"
address = "unix:{self.path('dovecot')}"
{limits}
[[backend]]
name = "bench"
plugin = "bench"
{backend.format("plain", "pop3://127.0.0.1:" + port["plain"], "true")}pool = {{ connections = 32, queue = 1000 }}
{backend.format("tls", "pop3s://localhost:" + port["tls"], "false")}pool = {{ connections = 32, queue = 1000 }}
tls = {{ ca_file = "{self.path('cert.pem')}" }}
{backend.format("stalled", "pop3://127.0.0.1:" + port["stalled"], "true")}pool = {{ connections = 1000, queue = 1000 }}
timeouts = {{ reply = "29s" }}
""")
            for name in ("bench", "plain", "tls", "stalled"):
                domain = "pop3s" if name == "tls" else name
                f.write(f'[[route]]\ndomains = ["{domain}.example"]\nlogin = ["{name}"]\n' + ('mailbox = ["bench"]\n' if name == "bench" else ""))
            if self.with_directory:
                f.write(self.directory_backends())
            f.write(self.mail_config)

    def broker(self):
        return self.start(os.path.join(self.options.prefix, "sbin/authbrokerd"), "--config", self.path("authbroker.toml"),
                          ready=["unix:" + self.path(s) for s in ("admin.sock", "http", "sasl", "map", "policy", "dovecot")])

    def load_words(self, mode, target, *more, seconds=None, watch=()):
        words = [f"{self.options.programs}/load", "--mode", mode, "--target", target, "--seconds", str(seconds or self.options.seconds)]
        for child in watch:
            words += ["--watch", str(child if isinstance(child, int) else child.pid)]
        return words + [str(m) for m in more]

    def load(self, *args, **more):
        done = subprocess.run(self.load_words(*args, **more), capture_output=True, text=True)
        result = json.loads(done.stdout)
        if done.returncode:
            sys.exit(f"verdicts that are not right: {result}\n" + open(self.path("broker.log")).read()[-2000:])
        return result

    def best(self, *args, **more):
        """Of several rounds the fastest: what disturbs can only slow down."""
        return max((self.load(*args, **more) for _ in range(self.options.rounds)), key=lambda r: r["per_second"])

    def row(self, name, result, beside=None):
        cpu, rss = (sum(w[what] for w in result["watched"]) for what in ("cpu_us_per_request", "rss_kib"))
        self.rows.append((name, f"{result['per_second']:,.0f}", f"{result['per_second'] / beside['per_second']:.2f}" if beside else "", f"{cpu:.1f}", f"{result['own_cpu_us_per_request']:.1f}",
                          f"{result['p50_us']:,.0f}", f"{result['p99_us']:,.0f}", f"{rss / 1024:.1f}"))
        return result

    def note(self, name, text):
        self.rows.append((name, text, "", "", "", "", "", ""))

    def front(self):
        daemon = self.broker()
        user = ("--user", "ann@bench.example")
        http, sasl = "unix:" + self.path("http"), "unix:" + self.path("sasl")
        reference = self.row("reference, HTTP POST", self.best("http", "unix:" + self.path("ref-http"), *user, watch=[self.reference]))
        self.row("broker, POST /v1/login", self.best("http", http, *user, watch=[daemon]), reference)
        self.row("broker, /v1/auth", self.best("basic", http, *user, watch=[daemon]), reference)
        reference = self.row("reference, saslauthd", self.best("saslauthd", "unix:" + self.path("ref-sasl"), *user, watch=[self.reference]))
        self.row("broker, saslauthd", self.best("saslauthd", sasl, *user, watch=[daemon]), reference)
        self.stop(daemon)

    def pop3(self):
        daemon = self.broker()
        http = "unix:" + self.path("http")
        direct = self.row("POP3 direct", self.best("pop3", self.plain, watch=[self.upstream]))
        self.row("POP3 through the broker", self.best("http", http, "--user", "ann@plain.example", watch=[daemon]), direct)
        full = self.row("POP3 over TLS direct, full handshakes", self.best("pop3", self.tls, "--tls", "--full-handshake", watch=[self.upstream]))
        self.row("POP3 over TLS direct, resumed", self.best("pop3", self.tls, "--tls", watch=[self.upstream]), full)
        self.row("POP3 over TLS through the broker", self.best("http", http, "--user", "ann@pop3s.example", watch=[daemon]), full)
        self.stop(daemon)

    def directories(self):
        daemon = self.broker()
        http, sasl = "unix:" + self.path("http"), "unix:" + self.path("sasl")
        everybody = ("--users", directory.COUNT)

        def compare(what, mode, domain, target, *more, others=()):
            user = ("--user", "ann@" + domain, *everybody)
            direct = self.row(f"LDAP {what} direct (the server's CPU)", self.best(mode, target, *user, *more, watch=[self.slapd]))
            self.row(f"LDAP {what}, HTTP", self.best("http", http, *user, watch=[daemon]), direct)
            self.row(f"LDAP {what}, saslauthd", self.best("saslauthd", sasl, *user, watch=[daemon]), direct)
            self.row(f"LDAP {what}, dovecot-auth", self.best("dovecot", "unix:" + self.path("dovecot"), *user, watch=[daemon]), direct)
            for name, wire, started in others:
                with started as (address, pids):
                    self.row(f"LDAP {what}, {name}", self.best(wire, address, *user, watch=pids), direct)
            alone = self.row(f"LDAP {what} direct, one caller", self.best(mode, target, *user, *more, "--callers", 1, watch=[self.slapd]))
            broker = self.row(f"LDAP {what}, HTTP, one caller", self.best("http", http, *user, "--callers", 1, watch=[daemon]), alone)
            self.note("added by the broker, one caller", f"p50 {broker['p50_us'] - alone['p50_us']:.0f} µs, p99 {broker['p99_us'] - alone['p99_us']:.0f} µs")
        compare("login", "ldap", "bind.example", self.ldap, others=peers.of_directory(self.path("peer"), self.ldap, by_search=False))
        compare("search, then bind", "ldap-search", "search.example", self.ldap, others=peers.of_directory(self.path("peer"), self.ldap, by_search=True))
        compare("login over TLS", "ldap", "tls.example", self.ldaps, "--tls")
        self.stop(daemon)

    def far_away(self):
        daemon = self.broker()
        idle = self.rss(daemon)
        user = ("--user", "ann@far.example", "--users", directory.COUNT)
        for callers in (100, 1000):
            words = (*user, "--callers", callers)
            direct = self.row(f"LDAP login 250 ms away, {callers:,} callers, direct", self.load("ldap", self.far, *words, seconds=2 * self.options.seconds))
            through = self.load("http", "unix:" + self.path("http"), *words, seconds=2 * self.options.seconds, watch=[daemon])
            self.row(f"the same through the broker, {callers:,} connections", through, direct)
        self.note("RSS beyond idle", f"{through['watched'][0]['rss_kib'] / 1024 - idle:.1f} MiB")
        self.stop(daemon)

    def rss(self, child):
        with open(f"/proc/{child.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")) / 1024

    def memory(self):
        daemon = self.broker()
        http = "unix:" + self.path("http")
        idle = self.rss(daemon)
        self.note("RSS, idle, all plugins", f"{idle:.1f} MiB")
        held = self.load("http", http, "--user", "ann@bench.example", "--callers", 1, "--hold", 1000, seconds=2, watch=[daemon])
        with_callers = held["watched"][0]["rss_kib"] / 1024
        self.note("RSS, 1,000 idle callers", f"{with_callers:.1f} MiB ({(with_callers - idle) * 1024 / 1000:.1f} KiB each)")
        self.stop(daemon)
        daemon = self.broker()
        waiting = subprocess.Popen(self.load_words("http", http, "--user", "ann@stalled.example", "--callers", 1000, "--expect", "later", seconds=8, watch=[daemon]),
                                   stdout=subprocess.PIPE, text=True)
        rss = json.loads(waiting.communicate()[0])["watched"][0]["rss_kib"] / 1024
        self.note("RSS, 1,000 requests waiting upstream", f"{rss:.1f} MiB ({(rss - idle) * 1024 / 1000:.1f} KiB each)")
        self.stop(daemon)

    def stuck_beside_healthy(self):
        daemon = self.broker()
        http = "unix:" + self.path("http")
        healthy = ("http", http, "--user", "ann@plain.example", "--callers", 4)
        alone = self.row("healthy POP3 route alone", self.best(*healthy, watch=[daemon]))
        other = subprocess.Popen(self.load_words("http", http, "--user", "ann@stalled.example", "--callers", 500, "--expect", "later", seconds=self.options.seconds * self.options.rounds + 2),
                                 stdout=subprocess.DEVNULL)
        beside = self.row("the same beside 500 stuck requests", self.best(*healthy, watch=[daemon]), alone)
        other.wait()
        self.note("p99 beside / alone", f"{beside['p99_us'] / alone['p99_us']:.2f}")
        self.stop(daemon)

    def table(self):
        head = ("row", "requests/s", "of the row above it is compared with", "CPU µs", "generator's own", "p50 µs", "p99 µs", "RSS MiB")
        print("| " + " | ".join(head) + " |\n|---|" + "---:|" * (len(head) - 1))
        for row in self.rows:
            print("| " + " | ".join(row) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("programs")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("rows", nargs="*", default=["front", "gateways", "pop3", "smtpauth", "imap", "servers", "rcpt", "ldap", "far", "memory", "stuck"])
    bench = Bench(parser.parse_intermixed_args())
    deeds = {"front": bench.front, "pop3": bench.pop3, "memory": bench.memory, "stuck": bench.stuck_beside_healthy, "ldap": bench.directories, "far": bench.far_away}
    deeds |= {name: lambda deed=deed: deed(bench) for name, deed in (mail.DEEDS | gateways.DEEDS).items()}
    try:
        bench.prepare()
        for name in bench.options.rows:
            deeds[name]()
        bench.table()
    finally:
        bench.close()


main()
