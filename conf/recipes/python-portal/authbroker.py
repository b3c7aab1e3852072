"""Asks authbroker: is this password right, does this address exist? Standard library only.

Where this goes: beside the portal's other modules. The broker's half is python-portal.toml beside this file.
"""
import http.client
import json
import logging
import socket

SOCKET = "/run/authbroker/python-portal.sock"
SECONDS = 12  # longer than the broker takes at most (request_timeout, 8 s)

_LOGIN = {200: {"accept"}, 401: {"reject", "no_route"}, 503: {"tempfail"}}
_MAILBOX = {200: {"exists", "unverifiable"}, 404: {"absent", "no_route"}, 503: {"tempfail"}}


class _Connection(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("localhost", timeout=SECONDS)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def login(address, password, client):
    """A dictionary. Its "verdict" is one of:

    accept    the password is right: "identity" is who it is, "addresses" are all addresses of the mailbox, as far as they are known.
              Go on with these and never with what was typed.
    reject    it is wrong, or there is no such account, or it may not log in.
    no_route  the broker has no business with this domain. To the user that is the same.
    tempfail  nobody can tell now: do not say that the password is wrong, and let nobody in. "retry_after_ms" may be there.

    "text" is a sentence for the user, to be escaped.
    """
    return _ask("/v1/login", {"address": address, "password": password, "client": client, "service": "portal"}, _LOGIN)


def mailbox(address):
    """exists, absent, no_route, unverifiable (the mail server does not say) or tempfail. With exists, "mailbox" is the canonical address."""
    return _ask("/v1/mailbox", {"address": address}, _MAILBOX)


def _ask(path, question, legal):
    """Status and verdict have to say the same. Whatever else happens, a broker that is not there included, is a tempfail."""
    connection = _Connection()
    try:
        connection.request("POST", path, json.dumps(question), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        answer = json.loads(reply.read())
        if answer.get("verdict") in legal.get(reply.status, ()):
            return answer
        logging.error("authbroker: status %d, %s", reply.status, answer.get("error"))
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as e:
        logging.error("authbroker: %s: %s", type(e).__name__, e)
    finally:
        connection.close()
    return {"verdict": "tempfail", "text": "This cannot be checked at the moment. Please try again later."}
