"""Sendmail with the PrivacyOptions of its own documentation, as one daemon; with novrfy, as another.

From the sixth VRFY of a session on it waits before each answer: a second, two, four.
"""
import os
import shutil

from .mail_server import MAILBOXES, MailServer, make_sasldb
from .place import free_port, put
from .process import Process, greeting, must, run
from .unpacked import accounts, namespaced, unpack

PACKAGES = ["sendmail-bin", "sendmail-base", "sendmail-cf", "liblockfile1", "m4", "libsigsegv2"]
# What Debian's own configuration adds: a second's pause before the greeting, and after each recipient refused beyond the third of a mail.
DEBIAN = "FEATURE(`greet_pause', `1000')dnl\ndefine(`confBAD_RCPT_THROTTLE', `3')dnl\n"
PRIVACY = "authwarnings,noexpn,restrictqrun,nobodyreturn,needmailhelo,restrictmailq"
MECHANISMS = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5"
USER = 28600  # and the next ones
LIST = "sales"  # an alias of two people


class Sendmail(MailServer):
    name = "sendmail"

    def __init__(self, folder, certificate, cache, privacy=PRIVACY, more="", sasl=None):
        self.folder = folder
        self.smtp = free_port()
        root = unpack(cache, "sendmail", PACKAGES)
        for name in ("queue", "sasl", "empty"):
            os.mkdir(self._at(name), 0o700)
        for name, source in (("cert.pem", certificate[0]), ("key.pem", certificate[1])):
            shutil.copy(source, self._at(name))
            os.chmod(self._at(name), 0o600)
        make_sasldb(self._at("sasl/sasldb2"), 0)
        put(self._at("sasl/Sendmail.conf"), sasl or f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {self._at('sasl/sasldb2')}\nmech_list: {MECHANISMS}\n", 0o600)
        put(self._at("aliases"), f"postmaster: alice\n{LIST}: alice, bob\nMAILER-DAEMON: postmaster\n")
        put(self._at("local-host-names"), "localhost\nexample.test\nmail.example.test\n")
        put(self._at("none"), "")
        # It wants a host name with a dot, and asks the DNS a lot: answers at once, and no.
        put(self._at("hosts"), "127.0.0.1 mail.example.test localhost\n")
        put(self._at("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        people = [(name, USER + n) for n, name in enumerate((*MAILBOXES, "smmta", "smmsp"), 1)]
        self._mounts = [*accounts(folder, people), ("bind", self._at("hosts"), "/etc/hosts"), ("bind", self._at("resolv.conf"), "/etc/resolv.conf"),
                        ("over", root + "/usr", "/usr"), ("bind", self._at("sasl"), "/usr/lib/sasl2")]
        put(self._at("sendmail.mc"), self._macros(privacy, more))
        put(self._at("sendmail.cf"), must(namespaced(self._mounts, ["m4", self._at("sendmail.mc")])))
        must(self._command("-bi"))
        self.process = None
        self.start()

    def _at(self, name):
        return os.path.join(self.folder, name)

    def _command(self, mode):
        enter = ["unshare", "-u", "sh", "-c", 'hostname mail.example.test && exec "$@"', "enter"]
        return enter + namespaced(self._mounts, ["/usr/libexec/sendmail/sendmail", "-C", self._at("sendmail.cf"), mode, "-O", "DontProbeInterfaces=true"])

    def start(self):
        self.process = Process(self._command("-bD"), log=self._at("stdout.log"))
        try:
            greeting(self.host, self.smtp, self.greets, alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise

    def route(self, address):
        """Where mail for it would go, in Sendmail's own words."""
        done = run([*self._command("-bv"), address])
        return done.stdout + done.stderr

    def urls(self):
        return {"clear": f"smtp://127.0.0.1:{self.smtp}", "starttls": f"smtp+starttls://localhost:{self.smtp}"}

    def _macros(self, privacy, more):
        def define(name, value):
            return f"define(`{name}', `{value}')dnl\n"
        values = {
            "confPRIVACY_FLAGS": privacy, "ALIAS_FILE": self._at("aliases"), "QUEUE_DIR": self._at("queue"), "STATUS_FILE": self._at("none"), "HELP_FILE": self._at("none"),
            "confPID_FILE": self._at("pid"), "confCW_FILE": "-o " + self._at("local-host-names"), "confCR_FILE": "-o " + self._at("none"), "confTRUSTED_USERS": "root",
            "confDONT_BLAME_SENDMAIL": "TrustStickyBit,MapInUnsafeDirPath,ClassFileInUnsafeDirPath,HelpFileInUnsafeDirPath,GroupWritableDirPathSafe",
            "confTO_IDENT": "0", "confDOMAIN_NAME": "mail.example.test", "confAUTH_MECHANISMS": MECHANISMS, "confAUTH_REALM": "example.test", "confAUTH_OPTIONS": "A",
            "confSERVER_CERT": self._at("cert.pem"), "confSERVER_KEY": self._at("key.pem"), "confCACERT": self._at("cert.pem"), "confCACERT_PATH": self._at("empty"),
            # It would take no connections while the machine is busy.
            "confTLS_SRV_OPTIONS": "V", "confREFUSE_LA": "100000", "confQUEUE_LA": "100000"}
        features = ("nouucp',`reject", "use_cw_file", "no_default_msa", "accept_unresolvable_domains", "accept_unqualified_senders", "nocanonify")
        return ("divert(-1)\ninclude(`/usr/share/sendmail/cf/m4/cf.m4')\ndivert(0)dnl\nVERSIONID(`laboratory')\nOSTYPE(`linux')dnl\n"
                + "".join(define(name, value) for name, value in values.items()) + f"TRUST_AUTH_MECH(`{MECHANISMS}')dnl\n"
                + "".join(f"FEATURE(`{name}')dnl\n" for name in features)
                + more + f"\nDAEMON_OPTIONS(`Port={self.smtp},Addr={self.host},Name=T')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n")
