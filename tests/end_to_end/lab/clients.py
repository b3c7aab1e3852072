"""Those who ask: each real client that the broker promises to serve, and raw ones for what real clients never send."""
import base64
import http.client
import json
import os
import socket
import struct
import subprocess

from .place import put
from .process import run


class UnixHTTP(http.client.HTTPConnection):
    """Python's own client over a Unix socket, as a portal would use it."""

    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        try:
            self.json = json.loads(body) if body else {}
        except ValueError:
            self.json = {}

    verdict = property(lambda self: self.json.get("verdict"))
    reason = property(lambda self: self.json.get("reason"))

    def __getitem__(self, name):
        return self.json[name]

    def __repr__(self):
        return f"<{self.status} {self.body.decode(errors='replace')}>"


def request(path, method, target, body=None, headers=None, timeout=20):
    c = UnixHTTP(path, timeout)
    try:
        c.request(method, target, body, headers or {})
        r = c.getresponse()
        return Answer(r.status, dict((k.lower(), v) for k, v in r.getheaders()), r.read())
    finally:
        c.close()


def post(path, target, members, timeout=20):
    return request(path, "POST", target, json.dumps(members), {"Content-Type": "application/json"}, timeout)


def basic(path, user, password, target="/v1/auth", **headers):
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return request(path, "GET", target, None, {"Authorization": "Basic " + token} | {k.replace("_", "-"): v for k, v in headers.items()})


def connect(path, timeout=10):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(path)
    return s


def saslauthd_request(user, password, realm="", service="imap"):
    return b"".join(struct.pack("!H", len(x)) + x for x in (part.encode() for part in (user, password, service, realm)))


def read_all(s):
    data = b""
    while chunk := s.recv(4096):
        data += chunk
    return data


def saslauthd(path, user, password, realm="", timeout=20):
    """"OK", "NO", or "" for a connection that was closed without a reply."""
    with connect(path, timeout) as s:
        s.sendall(saslauthd_request(user, password, realm))
        data = read_all(s)
    if not data:
        return ""
    if struct.unpack("!H", data[:2])[0] != len(data) - 2:
        raise AssertionError(f"not a counted string: {data!r}")
    return data[2:].decode()


def testsaslauthd(path, user, password, realm=None):
    """Cyrus' own tester: (exit status, what it printed)."""
    done = run(["testsaslauthd", "-f", path, "-u", user, "-p", password] + (["-r", realm] if realm else []))
    return done.returncode, done.stdout + done.stderr


def curl(path, target, data=None, user=None):
    """(HTTP status, body)."""
    argv = ["curl", "-sS", "--max-time", "20", "--unix-socket", path, "-w", "\n%{http_code}"]
    if data is not None:
        argv += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(data)]
    if user is not None:
        argv += ["-u", user]
    done = run(argv + ["http://localhost" + target])
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


_PHP_CURL = """<?php
$c = curl_init("http://localhost" . $argv[2]);
curl_setopt_array($c, [CURLOPT_UNIX_SOCKET_PATH => $argv[1], CURLOPT_POSTFIELDS => stream_get_contents(STDIN), CURLOPT_RETURNTRANSFER => true,
                       CURLOPT_HTTPHEADER => ["Content-Type: application/json"], CURLOPT_TIMEOUT => 20]);
$body = curl_exec($c);
if ($body === false) { fwrite(STDERR, curl_error($c)); exit(1); }
echo curl_getinfo($c, CURLINFO_RESPONSE_CODE), "\\n", $body;
"""

_PHP_STREAM = """<?php
$s = stream_socket_client("unix://" . $argv[1], $code, $text, 5);
if (!$s) { fwrite(STDERR, $text); exit(1); }
$body = stream_get_contents(STDIN);
fwrite($s, "POST {$argv[2]} HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nConnection: close\\r\\nContent-Length: " . strlen($body) . "\\r\\n\\r\\n" . $body);
$reply = stream_get_contents($s);
[$head, $rest] = explode("\\r\\n\\r\\n", $reply, 2);
echo explode(" ", $head)[1], "\\n", $rest;
"""


def php(folder, path, target, data, how="curl"):
    """PHP with its curl extension, or with nothing but streams: (HTTP status, body)."""
    script = os.path.join(folder, f"{how}.php")
    put(script, {"curl": _PHP_CURL, "stream": _PHP_STREAM}[how])
    done = run(["php", "-n", "-d", "extension=curl", script, path, target] if how == "curl" else ["php", "-n", script, path, target], input=json.dumps(data))
    if done.returncode != 0:
        raise RuntimeError(done.stderr + done.stdout)
    status, _, body = done.stdout.partition("\n")
    return int(status), body


def ask_as(user, path, kind="http"):
    """Connects as another user of the system, with that user's groups: the first bytes of the answer, or why there was no connection."""
    code = ("import socket,sys\n"
            "s=socket.socket(socket.AF_UNIX); s.settimeout(10)\n"
            "try: s.connect(sys.argv[1])\n"
            "except OSError as e: print(type(e).__name__); sys.exit()\n"
            "try:\n"
            " s.sendall(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
            " print(s.recv(100).split(b'\\r')[0].decode() or 'closed')\n"
            "except OSError as e: print('closed')\n")
    return subprocess.run(["setpriv", "--reuid", user, "--regid", user if user != "nobody" else "nogroup", "--init-groups", "/usr/bin/python3", "-c", code, path],
                          capture_output=True, text=True, timeout=20, check=True).stdout.strip()
