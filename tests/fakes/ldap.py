"""An LDAP server that does what it is told: well-behaved by default, hostile at any step. Its life is the fake POP3 server's.

It has one person, found by any search: uid=ann,ou=people,dc=fake,dc=test. The steps, as faults name them: starttls, tls, service (the
bind of anybody else), search (its entry and its end), root (what it says of itself), bind (the person's). Faults are those of faults.py and of this file; each
replaces the reply of its step. Credentials are the person's passwords only.
"""
from .faults import _end, _keep_sending
from .pop3 import Pop3Server

POLICY = b"1.3.6.1.4.1.42.2.27.8.5.1"
PERSON = b"uid=ann,ou=people,dc=fake,dc=test"
BIND, BIND_RESPONSE, UNBIND, SEARCH, ENTRY, DONE, EXTENDED, EXTENDED_RESPONSE = 0x60, 0x61, 0x42, 0x63, 0x64, 0x65, 0x77, 0x78
REFERRAL = 10


def element(tag, *contents):
    data = b"".join(contents)
    size = len(data)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + data


def integer(number, tag=2):
    return element(tag, number.to_bytes(4, "big"))


def message(number, *operation):
    return element(0x30, integer(number), *operation)


def result(tag, code, text=b"", *more):
    return element(tag, element(0x0a, bytes([code])), element(4, b""), element(4, text), *more)


def read_element(data):
    """(tag, content, rest), or None while it is incomplete."""
    if len(data) < 2:
        return None
    head, size = 2, data[1]
    if size & 128:
        head, size = 2 + (size & 127), int.from_bytes(data[2:2 + (size & 127)], "big")
    return (data[0], data[head:head + size], data[head + size:]) if len(data) >= head + size else None


# what else can be wrong with a reply; each takes (session, reply) as in faults.py

def _number_of(reply):
    return int.from_bytes(read_element(read_element(reply)[1])[1], "big")


def _instead(tag_of, code, *more):
    def fault(s, reply):
        s.send(message(_number_of(reply), result(tag_of(s), code, b"not now", *more)))
        return True
    return fault


def _named(name, function):
    function.__name__ = name
    return function


def _renumbered(by):
    def fault(s, reply):
        while reply:
            _, content, rest = read_element(reply)
            _, number, operation = read_element(content)
            s.send(message(int.from_bytes(number, "big") + by if by else 0, operation))
            reply = rest
        return True
    return fault


def disconnection(s, reply):
    s.send(message(0, result(EXTENDED_RESPONSE, 52, b"going down", element(0x8a, b"1.3.6.1.4.1.1466.20036"))))
    return _end(s)


def refused_and_closed(s, reply):
    """GLAuth's way."""
    s.send(message(_number_of(reply), result(s.reply_tag, 50)))
    return _end(s)


def four_gigabytes(s, reply):
    s.send(b"\x30\x84\xff\xff\xff\xff" + reply)
    return True


def indefinite(s, reply):
    s.send(b"\x30\x80" + reply[2:] + b"\0\0")
    return True


def nested(s, reply):
    s.send(b"\x30\x80" * 10_000)
    return True


def another_operation(s, reply):
    """The right number on a reply to something else."""
    s.send(message(_number_of(reply), result(0x69, 0)))  # of an add
    return True


def entries_without_end(s, reply):
    _, content, _ = read_element(reply)
    _, number, _ = read_element(content)
    one = message(int.from_bytes(number, "big"), element(ENTRY, element(4, PERSON), element(0x30)))
    return _keep_sending(s, one * 500, 64 << 20)


CODES = {"operations_error": 1, "protocol_error": 2, "time_limit": 3, "stronger_auth": 8, "referral": 10, "admin_limit": 11, "confidentiality": 13, "insufficient_access": 50,
         "busy": 51, "unavailable": 52, "unwilling": 53, "other": 80, "unheard_of": 123}
RESULTS = [_named(name, _instead(lambda s: s.reply_tag, code, *([element(0xa3, element(4, b"ldap://127.0.0.1:9/"))] if code == REFERRAL else []))) for name, code in CODES.items()]
wrong_password = _named("wrong_password", _instead(lambda s: s.reply_tag, 49))
MESSAGES = [_named("number_of_another", _renumbered(1)), _named("number_zero", _renumbered(0)), disconnection, four_gigabytes, indefinite, nested, another_operation]


class LdapServer(Pop3Server):
    """tls: None, "starttls" or "implicit". users: {"ann": password}."""

    def url(self, host="localhost"):
        return f"{ {None: 'ldap', 'starttls': 'ldap+starttls', 'implicit': 'ldaps'}[self.tls] }://{host}:{self.port}"

    def _request(self, s):
        """(number, tag, content) of the next message; None at the end of the stream."""
        while (whole := read_element(s._buffer)) is None:
            chunk = s.sock.recv(4096)
            if not chunk:
                return None
            s._buffer += chunk
        _, content, s._buffer = whole
        _, number, operation = read_element(content)
        tag, body, _ = read_element(operation)
        return int.from_bytes(number, "big"), tag, body

    def _dialogue(self, s):
        if self.tls == "implicit" and not self._handshake(s):
            return
        while (request := self._request(s)) is not None:
            number, tag, body = request
            s.lines.append((s.tls, bytes([tag])))
            self.changed()
            if tag == UNBIND:
                return
            if not {BIND: self._on_bind, SEARCH: self._on_search, EXTENDED: self._on_extended}[tag](s, number, body):
                return

    def _on_extended(self, s, number, body):
        s.reply_tag = EXTENDED_RESPONSE
        return self._reply(s, "starttls", message(number, result(EXTENDED_RESPONSE, 0))) and (s.tls or self._handshake(s))

    def _on_search(self, s, number, body):
        s.reply_tag = DONE
        _, base, _ = read_element(body)
        step, dn, name, value = ("search", PERSON, b"mail", b"ann@fake.test") if base else ("root", b"", b"supportedControl", POLICY)
        found = message(number, element(ENTRY, element(4, dn), element(0x30, element(0x30, element(4, name), element(0x31, element(4, value))))))
        return self._reply(s, step, found + message(number, result(DONE, 0)))

    def _on_bind(self, s, number, body):
        s.reply_tag = BIND_RESPONSE
        _, _, rest = read_element(body)
        _, name, rest = read_element(rest)
        _, password, _ = read_element(rest)
        if name != PERSON:
            return self._reply(s, "service", message(number, result(BIND_RESPONSE, 0)))
        s.credential()
        self.changed()
        return self._reply(s, "bind", message(number, result(BIND_RESPONSE, 0 if password.decode() == self.users["ann"] else 49)))
