"""The rows about mail servers: logins by SMTP AUTH and IMAP, and recipients, at servers that do no work and at Postfix."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "tests/end_to_end"))

from lab.certs import Authority  # noqa: E402
from lab.dovecot import Dovecot, USERS  # noqa: E402
from lab.mail_server import USERS as ACCOUNTS  # noqa: E402
from lab.postfix import Postfix  # noqa: E402

ROWS = {"smtpauth", "imap", "rcpt"}
MAILBOXES = 10_000


def prepare(bench, certificate, key, port):
    """Starts the servers of the chosen rows; returns their backends and routes."""
    text = start_servers(bench) if "servers" in bench.options.rows else ""
    for row in sorted(ROWS & set(bench.options.rows)):
        plain, tls = (f"tcp:127.0.0.1:{port()}" for _ in range(2))
        speaks = "imap" if row == "imap" else "smtp"
        setattr(bench, row, (bench.start(f"{bench.options.programs}/mail_upstream", speaks, plain, tls, certificate, key, ready=[plain, tls]), plain, tls))
        urls = {row: f"{speaks}://127.0.0.1:{plain.rsplit(':', 1)[1]}", row + "-tls": f"{speaks}s://localhost:{tls.rsplit(':', 1)[1]}"}
        if row == "rcpt":
            bench.postfix = start_postfix(bench)
            urls["rcpt-postfix"] = f"smtp://127.0.0.1:{bench.postfix.smtp}"
        for name, url in urls.items():
            text += backend(bench, row, name, url)
    return text


def backend(bench, row, name, url):
    plugin, question, settings = ("vrfy", "mailbox", 'helo = "bench.example"\nsession_questions = 10000\n') if row == "rcpt" else (
        row, "login", 'mechanisms = ["PLAIN"]\n' if row == "smtpauth" else "")
    return (f'[[backend]]\nname = "{name}"\nplugin = "{plugin}"\nupstream = ["{url}"]\ncleartext = true\ntls = {{ ca_file = "{bench.path("cert.pem")}" }}\n'
            f'pool = {{ connections = {4 if row == "rcpt" else 32}, queue = 4000 }}\n[backend.settings]\n{settings}'
            f'[[route]]\ndomains = ["{name}.example"]\n{question} = ["{name}"]\n')


def start_postfix(bench):
    """Its service `submission` is what asks another server whether an address exists; nothing is remembered."""
    folder = bench.path("postfix")
    for name in (folder, bench.path("cache"), bench.path("ca")):
        os.mkdir(name, 0o755)
    upstream = bench.rcpt[1].rsplit(":", 1)[1]
    people = {"rcpt-postfix.example": [f"u{i}" for i in range(MAILBOXES)]}
    server = Postfix(folder, Authority(bench.path("ca")).good, bench.path("cache"), mailboxes=people, main=f"""
smtpd_error_sleep_time = 0
in_flow_delay = 0
default_process_limit = 200
relay_domains = verified.example
relay_transport = smtp:[127.0.0.1]:{upstream}
address_verify_map =
unverified_recipient_reject_code = 550
smtp_tls_security_level = none
""", submission=("smtpd_tls_security_level=none", "smtpd_recipient_restrictions=reject_unauth_destination,reject_unverified_recipient"))
    bench.closing.callback(server.stop)
    return server


def start_servers(bench):
    """Dovecot and Postfix as they answer a login for real, each with what keeps guessers slow off."""
    for name in ("dovecot", "login-postfix", "login-cache", "login-ca"):
        os.mkdir(bench.path("servers." + name), 0o755)
    bench.dovecot = Dovecot(bench.path("servers.dovecot"), Authority(bench.path("servers.login-ca")).good, max_userip=0, imap=True)
    bench.closing.callback(bench.dovecot.stop)
    os.mkdir(bench.path("servers.postfix-ca"), 0o755)
    bench.login_postfix = Postfix(bench.path("servers.login-postfix"), Authority(bench.path("servers.postfix-ca")).good, bench.path("servers.login-cache"),
                                  main="default_process_limit = 200\nsmtpd_delay_reject = no\n")
    bench.closing.callback(bench.login_postfix.stop)
    text = ""
    for plugin, url, name in servers(bench):
        text += (f'[[backend]]\nname = "server-{plugin}"\nplugin = "{plugin}"\nupstream = ["{url}"]\ncleartext = true\npool = {{ connections = 32, queue = 4000 }}\n'
                 + ('[backend.settings]\nmechanisms = ["PLAIN"]\n' if plugin == "smtpauth" else "") +
                 f'[[route]]\ndomains = ["server-{plugin}.example"]\nlogin = ["server-{plugin}"]\nlogin_name = "{name}"\n')
    return text


def servers(bench):
    return (("pop3", f"pop3://127.0.0.1:{bench.dovecot.pop3}", "{local}"), ("imap", f"imap://127.0.0.1:{bench.dovecot.imap}", "{local}"),
            ("smtpauth", f"smtp://127.0.0.1:{bench.login_postfix.smtp}", "{local}@example.test"))


def real_logins(bench):
    daemon = bench.broker()
    passwords = USERS | ACCOUNTS
    for plugin, url, template in servers(bench):
        name = template.replace("{local}", "alice")
        what = {"pop3": "POP3 at Dovecot", "imap": "IMAP at Dovecot", "smtpauth": "SMTP AUTH at Postfix"}[plugin]
        user = ("--password", passwords[name])
        direct = bench.row(f"{what}, direct", bench.best(plugin, "tcp:" + url.split("//")[1], "--user", name, *user))
        bench.row(f"{what}, through the broker", bench.best("http", "unix:" + bench.path("http"), "--user", f"alice@server-{plugin}.example", *user, watch=[daemon]), direct)
    bench.stop(daemon)


def login(bench, row, what):
    server, plain, tls = getattr(bench, row)
    daemon = bench.broker()
    http = "unix:" + bench.path("http")
    direct = bench.row(f"{what} direct (the server's CPU)", bench.best(row, plain, watch=[server]))
    bench.row(f"{what} through the broker", bench.best("http", http, "--user", f"ann@{row}.example", watch=[daemon]), direct)
    full = bench.row(f"{what} over TLS direct, full handshakes", bench.best(row, tls, "--tls", "--full-handshake", watch=[server]))
    bench.row(f"{what} over TLS through the broker", bench.best("http", http, "--user", f"ann@{row}-tls.example", watch=[daemon]), full)
    bench.stop(daemon)


def recipients(bench):
    server, plain, _ = bench.rcpt
    daemon = bench.broker()
    http = "unix:" + bench.path("http")

    def compare(what, domain, target, watch):
        user = ("--user", f"ann@{domain}", "--users", MAILBOXES)
        once = bench.row(f"{what}, direct, a connection each", bench.best("rcpt-once", target, *user, watch=watch))
        direct = bench.row(f"{what}, direct, kept connections", bench.best("rcpt", target, *user, watch=watch), once)
        bench.row(f"{what}, through the broker, 16 callers", bench.best("mailbox", http, *user, watch=[daemon]), direct)
        many = bench.row(f"{what}, through the broker, 100 callers", bench.best("mailbox", http, *user, "--callers", 100, watch=[daemon]), direct)
        return once, many

    compare("RCPT", "rcpt.example", plain, [server])
    once, many = compare("RCPT at Postfix", "rcpt-postfix.example", f"tcp:127.0.0.1:{bench.postfix.smtp}", [])
    bench.note("through the broker against a connection each", f"{many['per_second'] / once['per_second']:.1f}")
    address = f"tcp:127.0.0.1:{bench.postfix.submission}"
    bench.row("Postfix' own address verification", bench.load("rcpt", address, "--user", "ann@verified.example", "--users", MAILBOXES, seconds=10), many)
    bench.stop(daemon)
    daemon = bench.broker()
    before = bench.postfix.connections()
    asked = bench.load("mailbox", http, "--user", "ann@rcpt-postfix.example", "--users", MAILBOXES)["requests"]
    bench.note("connections that Postfix saw", f"{bench.postfix.connections() - before} for {asked:,.0f} questions")
    bench.stop(daemon)


DEEDS = {"smtpauth": lambda bench: login(bench, "smtpauth", "SMTP AUTH"), "imap": lambda bench: login(bench, "imap", "IMAP"), "rcpt": recipients,
         "servers": real_logins}
