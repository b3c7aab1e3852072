"""An SMTP server that does what it is told: well-behaved by default, hostile at any step. Its life is the fake POP3 server's.

The steps, as faults and replies name them: greeting, ehlo (before TLS), starttls, tls, ehlo2 (inside STARTTLS' TLS), auth (the first
reply to AUTH), auth2 and auth3 (to the lines after it), refusal, mail, rcpt, vrfy, rset, xclient, quit.
A function in `replies` takes (session, normal reply). Faults are those of faults.py and of this file.

A mailbox exists if `users` has the address or its local part; `recipients` adds others: address -> reply. `asked` has every address.
"""
import base64
import hmac

from .faults import _end, _keep_sending
from .pop3 import Pop3Server


# what else can be wrong with a reply; each takes (session, reply) as in faults.py

def _named(name, function):
    function.__name__ = name
    return function


def _instead(name, line, ends=False):
    def fault(s, reply):
        s.send(line)
        return _end(s) if ends else True
    return _named(name, fault)


def bare_line_feed(s, reply):
    s.send(reply.replace(b"\r\n", b"\n"))
    return True


def two_codes(s, reply):
    """One reply whose lines disagree."""
    s.send(reply[:3] + b"-" + reply[4:] + b"535 5.7.8 no\r\n")
    return True


def endless(s, reply):
    return _keep_sending(s, (reply[:3] + b"-MORE of it\r\n") * 100, 64 << 20)


def long_line(s, reply):
    s.send(reply[:4] + b"A" * 65536 + b"\r\n")
    return True


def extra(s, reply):
    s.send(reply + b"250 2.0.0 and welcome\r\n")
    return True


REPLIES = [two_codes, endless, long_line, extra, _instead("pop3_line", b"+OK fine\r\n"), _instead("shutting_down", b"421 4.3.2 going down\r\n", ends=True),
           _instead("try_later", b"451 4.3.0 try later\r\n"), _instead("intermediate", b"354 go ahead\r\n"), _instead("refused", b"554 5.3.0 not now\r\n"),
           _instead("bad_sequence", b"503 5.5.1 out of order\r\n"), _instead("policy", b"550 5.7.1 your address is on a list\r\n"),
           _instead("four_digits", b"2500 2.0.0 fine\r\n"), _instead("two_digits", b"25 fine\r\n"), _instead("no_blank", b"250fine\r\n")]


class SmtpServer(Pop3Server):
    """tls: None, "starttls" or "implicit". sasl: its mechanisms. extensions: further lines of its reply to EHLO.

    questions: after so many RCPTs and VRFYs of a session it says 421 and closes, as real servers do.
    """

    def __init__(self, tls=None, sasl=("PLAIN", "LOGIN"), extensions=("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME"), greeting=b"220 fake.example.test ESMTP", recipients=None,
                 questions=None, busy=b"421 4.7.0 too many connections\r\n", xclient=(), **more):
        self.extensions, self.recipients, self.questions, self.attributes, self.asked = list(extensions), {} if recipients is None else recipients, questions, xclient, []
        super().__init__(tls=tls, sasl=sasl, greeting=greeting, busy=busy, **more)

    def url(self, host="localhost"):
        return f"{ {None: 'smtp', 'starttls': 'smtp+starttls', 'implicit': 'smtps'}[self.tls] }://{host}:{self.port}"

    def _dialogue(self, s):
        s.answered, s.sender = 0, None
        if self.tls == "implicit" and not self._handshake(s):
            return
        if not self._reply(s, "greeting", self._greeting + b"\r\n"):
            return
        while (line := s.line()) is not None:
            self.changed()
            word, _, argument = line.partition(b" ")
            handler = getattr(self, "_on_" + word.decode(errors="replace").lower(), None)
            if not (handler(s, argument) if handler else self._send(s, b"500 5.5.2 unknown command\r\n")):
                return

    def _on_ehlo(self, s, name):
        s.helo = name
        lines = [b"fake.example.test", *(x.encode() for x in self.extensions)]
        if self.tls == "starttls" and not s.tls:
            lines.append(b"STARTTLS")
        if self.sasl:
            lines.append(b"AUTH " + " ".join(self.sasl).encode())
        if self.attributes:
            lines.append(b"XCLIENT " + " ".join(self.attributes).encode())
        text = b"".join(b"250-" + x + b"\r\n" for x in lines[:-1]) + b"250 " + lines[-1] + b"\r\n"
        return self._reply(s, "ehlo2" if s.tls and self.tls == "starttls" else "ehlo", text)

    def _on_helo(self, s, name):
        s.helo = name
        return self._reply(s, "helo", b"250 fake.example.test\r\n")

    def _on_starttls(self, s, _):
        if self.tls != "starttls" or s.tls:
            return self._send(s, b"503 5.5.1 not now\r\n")
        return self._reply(s, "starttls", b"220 2.0.0 go ahead\r\n") and self._handshake(s)

    def _on_xclient(self, s, argument):
        return self._reply(s, "xclient", b"220 fake.example.test ESMTP\r\n" if self.attributes else b"500 5.5.2 unknown command\r\n")

    # AUTH

    def _challenge(self, s, step, text):
        """The line that the client answers with; None when the session is over or the exchange given up."""
        if not self._reply(s, step, b"334 " + base64.b64encode(text) + b"\r\n"):
            raise ConnectionError
        line = s.line()
        self.changed()
        if line is None:
            raise ConnectionError
        return None if line == b"*" else base64.b64decode(line)

    def _on_auth(self, s, argument):
        mechanism, _, initial = argument.partition(b" ")
        mechanism = mechanism.decode(errors="replace").upper()
        if mechanism not in self.sasl or not hasattr(self, "_auth_" + mechanism.lower().replace("-", "_")):
            return self._reply(s, "mechanism", b"504 5.5.4 no such mechanism\r\n")
        steps = iter(("auth", "auth2", "auth3"))
        said = getattr(self, "_auth_" + mechanism.lower().replace("-", "_"))(s, steps, base64.b64decode(initial) if initial else None)
        if said is None:
            return self._send(s, b"501 5.7.0 given up\r\n")
        user, right = said
        s.credential()
        self.changed()
        known = self.users.get(user.decode(errors="replace"))
        step = next(steps)
        if known is not None and right(known.encode()):
            return self._reply(s, step, b"235 2.7.0 welcome\r\n")
        s.tries += 1
        return self._reply(s, "refusal", b"535 5.7.8 authentication failed\r\n") and not self.hang_up

    def _auth_plain(self, s, steps, initial):
        message = initial if initial is not None else self._challenge(s, next(steps), b"")
        if message is None:
            return None
        _, user, password = message.split(b"\0")
        return user, lambda known: known == password

    def _auth_login(self, s, steps, initial):
        user = initial if initial is not None else self._challenge(s, next(steps), b"Username:")
        password = None if user is None else self._challenge(s, next(steps), b"Password:")
        return None if password is None else (user, lambda known: known == password)

    def _auth_cram_md5(self, s, steps, initial):
        challenge = b"<1896.697170952@fake.example.test>"
        answer = self._challenge(s, next(steps), challenge)
        if answer is None:
            return None
        user, _, digest = answer.rpartition(b" ")
        return user, lambda known: hmac.new(known, challenge, "md5").hexdigest().encode() == digest

    # mailboxes

    def _exists(self, address, normal):
        """The reply about one address: exact, since a server's own rules for case and tags are not ours."""
        if (given := self.recipients.get(address)) is not None:
            return given
        return normal if address in self.users or address.partition("@")[0] in self.users else b"550 5.1.1 no such mailbox\r\n"

    def _enough(self, s):
        s.answered += 1
        return self.questions is not None and s.answered > self.questions

    def _on_mail(self, s, argument):
        s.sender = argument
        return self._reply(s, "mail", b"250 2.1.0 ok\r\n")

    def _on_rcpt(self, s, argument):
        address = argument[argument.find(b"<") + 1:argument.rfind(b">")].decode(errors="replace")
        self.asked.append(address)
        if self._enough(s):
            return self._send(s, b"421 4.7.0 too many questions\r\n") and False
        if s.sender is None:
            return self._send(s, b"503 5.5.1 need MAIL\r\n")
        return self._reply(s, "rcpt", self._exists(address, b"250 2.1.5 ok\r\n"))

    def _on_vrfy(self, s, argument):
        address = argument.strip(b"<>").decode(errors="replace")
        self.asked.append(address)
        if self._enough(s):
            return self._send(s, b"421 4.7.0 too many questions\r\n") and False
        return self._reply(s, "vrfy", self._exists(address, b"250 2.1.5 <" + address.encode() + b">\r\n"))

    def _on_rset(self, s, _):
        s.sender = None
        return self._reply(s, "rset", b"250 2.0.0 ok\r\n")

    def _on_noop(self, s, _):
        return self._reply(s, "noop", b"250 2.0.0 ok\r\n")

    def _on_quit(self, s, _):
        s.quit = True
        self.changed()
        self._reply(s, "quit", b"221 2.0.0 bye\r\n")
        return False
