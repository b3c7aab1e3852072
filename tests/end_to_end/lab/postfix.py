"""Postfix: one master with a service for each habit. Passwords by Cyrus' sasldb, by saslauthd, by Dovecot.

Its limits are those of its defaults: ten errors of a session, then a second before each reply; twenty, then 421.
"""
import os
import shutil

from .mail_server import MAILBOXES, MailServer, make_sasldb
from .place import free_port, put
from .process import Process, greeting, port_open, run
from .unpacked import accounts, namespaced, unpack

PACKAGES = ["postfix"]
UID, DROP = 28401, 28402
MECHANISMS = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 NTLM"
# What the server says to MAIL or RCPT for these of example.test, whoever asks.
SPECIAL = {
    "grey": "450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/example.test.html",
    "tempfail": "451 4.3.0 Temporary lookup failure",
    "full": "452 4.2.2 Mailbox full",
    "quota": "552 5.2.2 Mailbox full",
    "disabled": "550 5.2.1 The email account that you tried to reach is disabled",
    "moved": "551 5.1.6 User has moved; please try alice@example.test",
    "policy": "550 5.7.1 Message rejected due to content restrictions",
    "drop": "421 4.7.0 Try again later, closing connection",
}


class Postfix(MailServer):
    """stop() and start() keep the ports. `main`: more lines of main.cf; `submission`: more options of that service. `saslauthd`: the path
    of its socket; `dovecot`: of Dovecot's. `mailboxes`: further addresses, by domain. `sasl`: another smtpd.conf. `chroot`: smtpd sees
    only what is below `spool`, as Debian runs it. `prepared`: called at each start, once `spool` is there and before anything looks for
    a socket in it."""
    name = "postfix"
    packages, unpacked = PACKAGES, "postfix"

    def __init__(self, folder, certificate, cache, main="", submission=(), saslauthd=None, dovecot=None, mailboxes=None, sasl=None, chroot=False, prepared=None):
        self.folder, self._certificate, self._main, self._submission, self._saslauthd, self._dovecot = folder, certificate, main, submission, saslauthd, dovecot
        self._mailboxes, self._sasl, self._chroot, self._prepared = mailboxes or {}, sasl, chroot, prepared
        self.smtp, self.smtps, self.without_vrfy, self.submission, self.by_saslauthd, self.by_dovecot = (free_port() for _ in range(6))
        self._root = unpack(cache, self.unpacked, self.packages)
        self._mounts = [("over", self._root + "/usr", "/usr"), *accounts(folder, [("postfix", UID), ("postdrop", DROP)])]
        self.process = None
        self._prepare()
        self.start()

    @property
    def spool(self):
        return self._at("spool")

    def _at(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        try:
            with open(self._at("log/mail.log"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def connections(self):
        return self.log().count(": connect from ")

    def _prepare(self):
        for name in ("etc/sasl", "data", "log", "sasl"):
            os.makedirs(self._at(name), 0o755)
        shutil.chown(self._at("data"), UID, UID)
        make_sasldb(self._at("sasl/sasldb2"), UID)
        common = "log_level: 3\n"
        put(self._at("etc/sasl/smtpd.conf"), self._sasl or f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {self._at('sasl/sasldb2')}\nmech_list: {MECHANISMS}\n" + common)
        put(self._at("etc/sasl/saslauthd.conf"), f"pwcheck_method: saslauthd\nsaslauthd_path: {self._saslauthd}\nmech_list: PLAIN LOGIN\n" + common)
        boxes = {"example.test": (*MAILBOXES, *SPECIAL), "catchall.test": ("",)} | self._mailboxes
        put(self._at("etc/domains"), "".join(f"{domain} x\n" for domain in boxes))
        put(self._at("etc/mailboxes"), "".join(f"{name}@{domain} x\n" for domain, names in boxes.items() for name in names))
        put(self._at("etc/special"), "".join(f"{name}@example.test {reply}\n" for name, reply in SPECIAL.items()))
        put(self._at("etc/main.cf"), self._main_cf())
        put(self._at("etc/master.cf"), self._master_cf())

    def start(self):
        # What "postfix start" does, without its pauses: the queue's folders, and the master in the foreground.
        shutil.rmtree(self._at("spool"), ignore_errors=True)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace", "public", "maildrop", "pid"):
            os.makedirs(self._at("spool/" + name), 0o700)
            if name != "pid":
                shutil.chown(self._at("spool/" + name), UID, DROP if name in ("public", "maildrop") else UID)
        os.chmod(self._at("spool"), 0o755)
        os.chmod(self._at("spool/public"), 0o710)
        os.chmod(self._at("spool/maildrop"), 0o730)
        for folder, _, files in os.walk(self._at("etc")):
            for name in files:  # it waits until files of its configuration are two seconds old
                os.utime(os.path.join(folder, name), (1_700_000_000, 1_700_000_000))
        if self._prepared:
            self._prepared(self.spool)
        argv = ["/usr/lib/postfix/sbin/master", "-c", self._at("etc"), "-d"]
        self.process = Process(namespaced(self._mounts, argv), log=self._at("master.log"), env=os.environ | {"MAIL_CONFIG": self._at("etc")})
        try:
            port_open(self.host, self.smtps)
            greeting(self.host, self.smtp, self.greets, alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def command(self, argv, input=None):
        """One of its own tools, such as postmap."""
        return run(namespaced(self._mounts, argv), input=input, timeout=60, env=os.environ | {"MAIL_CONFIG": self._at("etc")})

    def _main_cf(self):
        certificate, key = self._certificate
        return f"""
compatibility_level = 3.6
config_directory = {self._at('etc')}
queue_directory = {self._at('spool')}
data_directory = {self._at('data')}
meta_directory = {self._root}/etc/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
multi_instance_name = postfix-{self.smtp}
multi_instance_enable = yes
maillog_file = {self._at('log/mail.log')}
maillog_file_prefixes = {self.folder}
myhostname = mail.example.test
myorigin = example.test
mydestination = localhost
inet_interfaces = {self.host}
inet_protocols = ipv4
mynetworks =
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
virtual_mailbox_domains = texthash:{self._at('etc/domains')}
virtual_mailbox_maps = texthash:{self._at('etc/mailboxes')}
virtual_transport = discard:
default_transport = discard:
smtpd_recipient_restrictions = check_recipient_access texthash:{self._at('etc/special')}, permit_sasl_authenticated, reject_unauth_destination, reject_unlisted_recipient
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_event_limit_exceptions =
smtpd_client_connection_count_limit = 0
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = example.test
{self._main}
"""

    def _master_cf(self):
        def listen(port, *options):
            return f"{self.host}:{port} inet n - {'y' if self._chroot else 'n'} - - smtpd {' '.join('-o ' + o for o in options)}\n"
        text = listen(self.smtp) + listen(self.smtps, "smtpd_tls_wrappermode=yes") + listen(self.without_vrfy, "disable_vrfy_command=yes")
        text += listen(self.submission, "smtpd_tls_security_level=encrypt", "smtpd_tls_auth_only=yes", *self._submission)
        if self._saslauthd:
            text += listen(self.by_saslauthd, "smtpd_sasl_path=saslauthd")
        if self._dovecot:
            text += listen(self.by_dovecot, "smtpd_sasl_type=dovecot", f"smtpd_sasl_path={self._dovecot}")
        return text + """
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
