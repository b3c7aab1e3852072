"""A POP3 server that does what it is told: well-behaved by default, hostile at any step.

It knows nothing of the broker. Each connection is a thread; each remembers every line it received, whether it came inside TLS, and how
many credentials (password-derived things) it was given.

The steps of a dialogue, as faults name them: greeting, capa (before TLS), stls, tls, capa2 (inside STLS' TLS), user, pass, apop, auth,
auth2 (the line after a challenge), quit. A fault is a function of faults.py; it replaces the reply of its step.
"""
import base64
import hashlib
import re
import socket
import ssl
import threading


class Session:
    """One connection as the server saw it."""

    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.lines = []            # (inside TLS, bytes without CRLF)
        self.credentials = 0
        self.clear_credentials = 0
        self.tls = False
        self.resumed = False
        self.client_certificate = None
        self.user = None
        self.timestamp = b""
        self.tries = 0
        self.quit = False
        self.closing = threading.Event()
        self._buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        """The next line without its end; None at the end of the stream."""
        while b"\n" not in self._buffer:
            chunk = self.sock.recv(4096)
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        line = line.removesuffix(b"\r")
        self.lines.append((self.tls, line))
        return line

    def credential(self):
        self.credentials += 1
        self.clear_credentials += not self.tls

    def close(self):
        self.closing.set()
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Pop3Server:
    """tls: None, "stls" or "implicit". users: name -> password. replies: step -> bytes, or a function (session, argument) -> bytes or None.

    behaviours: apop (a timestamp in the greeting), hang_up (after a refused login), line_limit (a longer line bans the caller: from
    then on it is hung up on), connections (more at a time are refused before the greeting, as busy), xclient.
    """

    def __init__(self, tls=None, certificate=None, users=None, apop=False, capa=("TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE"), sasl=(), greeting=b"+OK POP3 ready",
                 replies=None, faults=None, hang_up=False, line_limit=None, connections=None, busy=b"-ERR too many connections, try again later\r\n",
                 client_ca=None, tls_maximum=None, host="127.0.0.1", family=socket.AF_INET, xclient=False, port=0):
        self.tls, self.users, self.apop, self.capa, self.sasl, self._greeting = tls, users or {}, apop, list(capa), list(sasl), greeting
        self.replies, self.faults, self.hang_up, self.line_limit = replies or {}, faults or {}, hang_up, line_limit
        self.connections, self.busy, self.xclient = connections, busy, xclient
        self.sessions, self.banned, self.host = [], False, host
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
            if tls_maximum:
                self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                self.context.maximum_version = tls_maximum
                self.context.set_ciphers("ALL:@SECLEVEL=0")
            if client_ca:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(client_ca)
        self._changed = threading.Condition()
        self._open = 0
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, port))
        self.port = self._listener.getsockname()[1]
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, host="localhost"):
        return f"{ {None: 'pop3', 'stls': 'pop3+starttls', 'implicit': 'pop3s'}[self.tls] }://{host}:{self.port}"

    # what was seen

    @property
    def credentials(self):
        return sum(s.credentials for s in self.sessions)

    @property
    def clear_credentials(self):
        return sum(s.clear_credentials for s in self.sessions)

    def commands(self):
        """Every line of every session, in order, upper case first words only."""
        return [line.split(b" ")[0].upper().decode(errors="replace") for s in self.sessions for _, line in s.lines]

    def longest_line(self):
        return max((len(line) + 2 for s in self.sessions for _, line in s.lines), default=0)

    def wait(self, condition, seconds=5):
        """Waits until something that was seen makes condition(self) true."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), seconds)

    def changed(self):
        with self._changed:
            self._changed.notify_all()

    # life

    def stop(self):
        """Refuses from now on; ends what is open."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for s in list(self.sessions):
            s.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(sock, len(self.sessions))
            self.sessions.append(session)
            self.changed()
            threading.Thread(target=self._serve, args=(session,), daemon=True).start()

    def _serve(self, s):
        with self._changed:
            self._open += 1
            crowded = self.connections is not None and self._open > self.connections
        try:
            if self.banned:
                return
            if crowded:
                s.send(self.busy)
                return
            self._dialogue(s)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            if s.tls:
                try:
                    s.sock.settimeout(0.3)
                    s.sock.unwrap()
                except (OSError, ValueError):
                    pass
            s.close()
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    # the protocol

    def _reply(self, s, step, normal):
        """Sends this step's reply, or lets its fault do worse. False: the session is over."""
        given = self.replies.get(step, normal)
        data = given(s, normal) if callable(given) else given
        fault = self.faults.get(step)
        if fault is not None:
            return fault(s, data)
        if data is None:
            return False
        s.send(data)
        return True

    def _handshake(self, s):
        fault = self.faults.get("tls")
        if fault is not None and not fault(s, b""):
            return False
        s.sock = self.context.wrap_socket(s.sock, server_side=True, suppress_ragged_eofs=False)
        s.tls, s.resumed, s._buffer = True, s.sock.session_reused, b""
        s.client_certificate = s.sock.getpeercert() if self.context.verify_mode != ssl.CERT_NONE else None
        self.changed()
        return True

    def _dialogue(self, s):
        if self.tls == "implicit" and not self._handshake(s):
            return
        s.timestamp = b"<%d.%d@fake.example.test>" % (1896 + s.number, self.port) if self.apop else b""
        greeting = self._greeting + (b" " + s.timestamp if s.timestamp else b"") + b"\r\n"
        if not self._reply(s, "greeting", greeting):
            return
        while True:
            line = s.line()
            self.changed()
            if line is None:
                return
            if self.line_limit and len(line) + 2 > self.line_limit:
                self.banned = True
                return
            word, _, argument = line.partition(b" ")
            handler = getattr(self, "_on_" + word.decode(errors="replace").lower(), None)
            going = handler(s, argument) if handler else self._send(s, b"-ERR unknown command\r\n")
            if not going:
                return

    def _send(self, s, data):
        s.send(data)
        return True

    def _on_capa(self, s, _):
        inside = s.tls and self.tls == "stls"
        lines = self.capa + (["STLS"] if self.tls == "stls" and not s.tls else []) + (["SASL " + " ".join(self.sasl)] if self.sasl else [])
        return self._reply(s, "capa2" if inside else "capa", b"+OK\r\n" + b"".join(x.encode() + b"\r\n" for x in lines) + b".\r\n")

    def _on_stls(self, s, _):
        if self.tls != "stls" or s.tls:
            return self._send(s, b"-ERR not now\r\n")
        return self._reply(s, "stls", b"+OK begin\r\n") and self._handshake(s)

    def _on_xclient(self, s, argument):
        return self._reply(s, "xclient", b"+OK updated\r\n" if self.xclient else b"-ERR unknown command\r\n")

    def _on_user(self, s, argument):
        s.user = argument
        return self._reply(s, "user", b"+OK\r\n")

    def _on_pass(self, s, argument):
        s.credential()
        self.changed()
        return self._verdict(s, "pass", s.user, lambda password: password.encode() == argument)

    def _on_apop(self, s, argument):
        s.credential()
        self.changed()
        user, _, digest = argument.partition(b" ")
        return self._verdict(s, "apop", user, lambda password: hashlib.md5(s.timestamp + password.encode()).hexdigest().encode() == digest)

    def _on_auth(self, s, argument):
        mechanism, _, initial = argument.partition(b" ")
        if mechanism.decode(errors="replace").upper() not in self.sasl:
            return self._send(s, b"-ERR no such mechanism\r\n")
        if not initial:
            if not self._reply(s, "auth", b"+ \r\n"):
                return False
            initial = s.line()
            if initial is None:
                return False
        if mechanism.upper() == b"LOGIN":
            s.send(b"+ UGFzc3dvcmQ6\r\n")
            second = s.line()
            if second is None:
                return False
            s.credential()
            return self._verdict(s, "auth2", base64.b64decode(initial), lambda password: password.encode() == base64.b64decode(second))
        s.credential()
        self.changed()
        parts = base64.b64decode(initial).split(b"\0")
        return self._verdict(s, "auth2", parts[1], lambda password: password.encode() == parts[2])

    def _verdict(self, s, step, user, right):
        known = self.users.get((user or b"").decode(errors="replace"))
        if known is not None and right(known):
            return self._reply(s, step, b"+OK logged in\r\n")
        s.tries += 1
        refusal = b"-ERR [AUTH] authentication failed\r\n" if "AUTH-RESP-CODE" in self.capa else b"-ERR authentication failed\r\n"
        return self._reply(s, step + "_refused", refusal) and not self.hang_up

    def _on_quit(self, s, _):
        s.quit = True
        self.changed()
        self._reply(s, "quit", b"+OK bye\r\n")
        return False


def mask(line):
    """For messages of failing tests."""
    return re.sub(rb"^(PASS|APOP \S+|AUTH PLAIN) .*", rb"\1 ***", line)
