"""An IMAP server that does what it is told: well-behaved by default, hostile at any step. Its life is the fake POP3 server's.

The steps, as faults and replies name them: greeting, capability (before TLS), starttls, tls, capability2 (inside STARTTLS' TLS), id,
literal (the go-ahead for one), auth (the go-ahead for AUTHENTICATE), login and auth2 (the replies that judge), logout.
A function in `replies` takes (session, normal reply). Faults are those of faults.py and of this file.
"""
import base64
import re

from .faults import _end, _keep_sending
from .pop3 import Pop3Server


# what else can be wrong with a reply; each takes (session, reply) as in faults.py

def _instead(name, line, ends=False):
    """`line` in place of the reply; %TAG% is the command's tag."""
    def fault(s, reply):
        s.send(line.replace(b"%TAG%", s.tag))
        return _end(s) if ends else True
    fault.__name__ = name
    return fault


def bare_line_feed(s, reply):
    s.send(reply.replace(b"\r\n", b"\n"))
    return True


def endless(s, reply):
    return _keep_sending(s, b"* 17 EXISTS\r\n" * 100, 64 << 20)


def large_literal(s, reply):
    s.send(b"* LIST () {4000000000}\r\n")
    return _keep_sending(s, b"A" * 65536, 64 << 20)


def long_line(s, reply):
    s.send(b"* OK " + b"A" * 65536 + b"\r\n" + reply)
    return True


def extra(s, reply):
    s.send(reply + b"A9 OK and welcome\r\n")
    return True


REPLIES = [endless, large_literal, long_line, extra, _instead("other_tag", b"A9 OK fine\r\n"), _instead("lower_tag", b"a1 OK fine\r\n"), _instead("untagged", b"* OK fine\r\n", ends=True),
           _instead("preauth", b"* PREAUTH ann\r\n"), _instead("bye", b"* BYE going down\r\n", ends=True), _instead("bad", b"%TAG% BAD no\r\n"), _instead("okay", b"%TAG% OKAY fine\r\n"),
           _instead("unavailable", b"%TAG% NO [UNAVAILABLE] later\r\n"), _instead("pop3_line", b"+OK fine\r\n"), _instead("smtp_line", b"250 2.0.0 OK\r\n")]
REFUSED = _instead("refused", b"%TAG% NO [AUTHENTICATIONFAILED] no\r\n")


class ImapServer(Pop3Server):
    """tls: None, "starttls" or "implicit". capabilities: of the server, told in the greeting or, with asked=True, when asked."""

    def __init__(self, tls=None, capabilities=("IMAP4rev1", "SASL-IR", "ID", "AUTH=PLAIN"), asked=False, **more):
        self._capabilities, self._asked = list(capabilities), asked
        super().__init__(tls=tls, **more)

    def url(self, host="localhost"):
        return f"{ {None: 'imap', 'starttls': 'imap+starttls', 'implicit': 'imaps'}[self.tls] }://{host}:{self.port}"

    # the protocol

    def _list(self, s):
        more = ["STARTTLS", "LOGINDISABLED"] if self.tls == "starttls" and not s.tls else []
        return " ".join([w for w in self._capabilities if not more or not w.startswith("AUTH=")] + more).encode()

    def _dialogue(self, s):
        s.tag = b"*"
        if self.tls == "implicit" and not self._handshake(s):
            return
        told = b"" if self._asked else b"[CAPABILITY " + self._list(s) + b"] "
        if not self._reply(s, "greeting", b"* OK " + told + b"ready\r\n"):
            return
        while (words := self._command(s)) is not None:
            self.changed()
            handler = getattr(self, "_on_" + words[1].decode(errors="replace").lower(), None) if len(words) > 1 else None
            s.tag = words[0] if words else b"*"
            if handler is None:
                s.send(s.tag + b" BAD unknown command\r\n")
            elif not handler(s, words[2:]):
                return

    def _command(self, s):
        """Its words, with quoted strings and literals resolved; None at the end of the stream."""
        words, line = [], s.line()
        while line is not None:
            literal = re.search(rb"\{(\d+)(\+?)\}$", line)
            text = line[: literal.start()] if literal else line
            for quoted, atom in re.findall(rb'"((?:[^"\\]|\\.)*)"|([^\s"]+)', text):
                words.append(atom or re.sub(rb"\\(.)", rb"\1", quoted))
            if not literal:
                return words
            s.tag = words[0]
            if not literal[2] and not self._reply(s, "literal", b"+ go ahead\r\n"):
                return None
            words.append(self._exactly(s, int(literal[1])))
            line = s.line()
        return None

    @staticmethod
    def _exactly(s, n):
        while len(s._buffer) < n:
            chunk = s.sock.recv(4096)
            if not chunk:
                raise OSError("the end within a literal")
            s._buffer += chunk
        data, s._buffer = s._buffer[:n], s._buffer[n:]
        return data

    def _on_capability(self, s, _):
        return self._reply(s, "capability2" if self.tls == "starttls" and s.tls else "capability", b"* CAPABILITY " + self._list(s) + b"\r\n" + s.tag + b" OK done\r\n")

    def _on_starttls(self, s, _):
        return self._reply(s, "starttls", s.tag + b" OK begin\r\n") and self._handshake(s)

    def _on_id(self, s, words):
        s.id = words
        return self._reply(s, "id", b'* ID ("name" "fake")\r\n' + s.tag + b" OK done\r\n")

    def _on_authenticate(self, s, words):
        response = words[1] if len(words) > 1 else None
        if response is None:
            if not self._reply(s, "auth", b"+ \r\n"):
                return False
            response = s.line()
            if response is None:
                return False
        s.credential()
        self.changed()
        _, user, password = base64.b64decode(response).split(b"\0")
        return self._judge(s, "auth2", user, password)

    def _on_login(self, s, words):
        s.credential()
        self.changed()
        return self._judge(s, "login", *words)

    def _judge(self, s, step, user, password):
        s.user = user
        if self.users.get(user.decode(errors="replace"), "").encode() == password:
            return self._reply(s, step, s.tag + b" OK logged in\r\n")
        s.tries += 1
        return self._reply(s, step + "_refused", s.tag + b" NO [AUTHENTICATIONFAILED] no\r\n") and not self.hang_up

    def _on_logout(self, s, _):
        s.quit = True
        self.changed()
        self._reply(s, "logout", b"* BYE bye\r\n" + s.tag + b" OK done\r\n")
        return False
