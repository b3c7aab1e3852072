"""What the laboratory's SMTP servers have in common: who has an account, who has a mailbox, a raw client to ask them, and backends."""
import concurrent.futures
import contextlib
import os
import shutil
import smtplib
import ssl

from .case import backend
from .process import Server, must

# Accounts, by their full address.
USERS = {
    "alice@example.test": "alice-Pw-77231",
    "bob@example.test": "bob-Pw-31883",
    "dora@example.test": "pass word with  spaces 31",
    "eve@example.test": "p€ss-wörd-8472",
}
# Mailboxes of example.test; any other is unknown. Whatever is before @catchall.test exists; no other domain is the server's.
MAILBOXES = ("alice", "bob", "carol", "first.last", "postmaster")
UNKNOWN = "nosuch@example.test"
EVERYBODY, FOREIGN = "catchall.test", "elsewhere.test"


class MailServer(Server):
    host = "127.0.0.1"
    greets = b"220"

    def urls(self):
        """Of the way into the same server that a name stands for."""
        return {"clear": f"smtp://127.0.0.1:{self.smtp}", "starttls": f"smtp+starttls://localhost:{self.smtp}", "smtps": f"smtps://localhost:{self.smtps}"}


@contextlib.contextmanager
def session(port, host="127.0.0.1", ca_file=None, implicit=False):
    """Python's own client, greeted and introduced; with ca_file inside TLS."""
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    if implicit:
        s = smtplib.SMTP_SSL("localhost", port, "caller.example.test", timeout=20, context=context)
    else:
        s = smtplib.SMTP(host, port, "caller.example.test", timeout=20)
    try:
        s.ehlo()
        if context and not implicit:
            s._host = "localhost"  # the name in the certificate
            s.starttls(context=context)
            s.ehlo()
        yield s
    finally:
        with contextlib.suppress(smtplib.SMTPException):
            s.quit()
        s.close()


def ask(s, command, argument=""):
    """"CODE text" of the reply to one command."""
    code, text = s.docmd(command, argument)
    return f"{code} {text.decode(errors='replace')}"


def recipients(port, addresses, **more):
    """What RCPT says to each address, in one transaction."""
    with session(port, **more) as s:
        ask(s, "MAIL", "FROM:<>")
        return [ask(s, "RCPT", f"TO:<{a}>") for a in addresses]


def login(port, mechanism, user, password, **more):
    """What AUTH ends with, for the mechanisms that Python knows."""
    with session(port, **more) as s:
        s.user, s.password = user, password
        initial = mechanism == "PLAIN"
        code, text = s.auth(mechanism, {"PLAIN": s.auth_plain, "LOGIN": s.auth_login, "CRAM-MD5": s.auth_cram_md5}[mechanism], initial_response_ok=initial)
        return f"{code} {text.decode(errors='replace')}"


def make_sasldb(path, owner, users=USERS):
    """The accounts in Cyrus' database, readable by one user only."""
    for address, password in users.items():
        local, _, domain = address.partition("@")
        must(["saslpasswd2", "-f", path, "-c", "-p", "-u", domain, local], input=password)
    shutil.chown(path, owner, owner)
    os.chmod(path, 0o600)


def vrfy_backend(name, upstream, lab=None, **settings):
    more = {key: settings.pop(key) for key in ("pool", "timeouts", "breaker") if key in settings}
    return backend(name, "vrfy", upstream, lab, settings={"helo": "broker.example.test"} | settings, **more)


def ask_all(daemon, addresses, callers=16):
    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        return list(zip(addresses, pool.map(daemon.mailbox, addresses)))
