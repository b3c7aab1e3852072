"""The plugin `vrfy`: which mailboxes exist, asked of Postfix, Exim and Sendmail by RCPT and by VRFY."""
from lab.case import LabCase, SharedCase, route
from lab.exim import Exim
from lab.mail_server import EVERYBODY, FOREIGN, MAILBOXES, UNKNOWN, ask_all, vrfy_backend
from lab.postfix import Postfix
from lab.prefix import cache
from lab.sendmail import PRIVACY, Sendmail

REFUSED = ("upstream_refuses_us", "misconfigured")


class Table:
    """Each way is a domain of its own whose people are those of example.test."""

    ways = {"clear": {}, "starttls": {}, "smtps": {}}

    @classmethod
    def prepare(cls):
        cls.server = cls.start_server()
        urls = cls.server.urls()
        ways = {name: settings for name, settings in cls.ways.items() if name in urls}
        backends = [vrfy_backend(name, urls[name], cls.lab, **settings) for name, settings in ways.items()] + [vrfy_backend("mail", urls["starttls"], cls.lab)]
        routes = [route(f"{name}.test", mailbox=[name], login_name="{local}@example.test", canonical_domain="example.test") for name in ways]
        routes.append(route([EVERYBODY, FOREIGN], mailbox=["mail"]))
        routes.append(route("example.test", mailbox=["mail"], delimiter="+"))
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes)
        cls.domains = [f"{name}.test" for name in ways] + ["example.test"]

    def test_mailboxes_that_exist(self):
        for domain in self.domains:
            for name in MAILBOXES:
                with self.subTest(address=f"{name}@{domain}"):
                    yes = self.daemon.mailbox(f"{name}@{domain}")
                    self.verdict(yes, "exists")
                    self.assertEqual((yes.status, yes["mailbox"]), (200, f"{name}@example.test"))

    def test_mailboxes_that_do_not(self):
        for domain in self.domains:
            no = self.daemon.mailbox(UNKNOWN.replace("example.test", domain))
            self.verdict(no, "absent")
            self.assertEqual(no.status, 404)

    def test_case_does_not_matter(self):
        yes = self.daemon.mailbox("ALICE@Example.TEST")
        self.verdict(yes, "exists")
        self.assertEqual(yes["identity"], "alice@example.test")

    def test_an_extension_may_be_left_off(self):
        self.verdict(self.daemon.mailbox("alice+list@example.test"), "exists")
        self.verdict(self.daemon.mailbox("nosuch+list@example.test"), "absent")

    def test_relaying_denied_is_not_absence(self):
        later = self.daemon.mailbox("anybody@" + FOREIGN)
        self.assertEqual((later.verdict, later.reason in REFUSED), ("tempfail", True), later)

    def test_E_12_a_domain_that_takes_everybody_says_nothing(self):
        for name in ("anybody", "alice"):
            self.verdict(self.daemon.mailbox(f"{name}@{EVERYBODY}"), "unverifiable", "accepts_all")

    def test_E_13_greylisted_is_not_absence(self):
        self.verdict(self.daemon.mailbox("grey@example.test"), "tempfail", "greylisted")
        self.assertEqual(self.daemon.mailbox("tempfail@example.test").verdict, "tempfail")

    def test_E_14_policy_is_not_absence(self):
        answer = self.daemon.mailbox("policy@example.test")
        self.assertIn(answer.verdict, ("tempfail", "unverifiable"), answer)

    def test_E_13_a_recipient_that_ends_the_session_costs_the_others_nothing(self):
        wanted = {"drop@example.test": "tempfail", UNKNOWN: "absent", "alice@example.test": "exists", "bob@example.test": "exists"}
        for address, answer in ask_all(self.daemon, list(wanted) * 5):
            self.assertEqual(answer.verdict, wanted[address], answer)


class PostfixTable(Table, SharedCase):
    label = "postfix"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Postfix, cls.lab.ca.good, cache())

    def test_E_15_mailboxes_that_are_full_or_moved(self):
        self.assertIn(self.daemon.mailbox("quota@example.test").verdict, ("exists", "unverifiable"))
        self.assertEqual(self.daemon.mailbox("full@example.test").verdict, "tempfail")
        self.verdict(self.daemon.mailbox("moved@example.test"), "absent")
        self.assertIn(self.daemon.mailbox("disabled@example.test").verdict, ("exists", "unverifiable"))

    def test_E_10_names_in_utf_8_where_the_server_takes_them(self):
        self.verdict(self.daemon.mailbox("jürgen@example.test"), "absent")


class EximTable(Table, SharedCase):
    label = "exim"

    @classmethod
    def start_server(cls):
        return cls.lab.server(Exim, cls.lab.ca.good, cache())


class Vrfy(LabCase):
    """VRFY means something at some servers only."""

    def start(self, server, methods=("vrfy",), url=None, **more):
        url = url or server.urls()["starttls"]
        return self.lab.daemon(backends=[vrfy_backend("mail", url, self.lab, methods=list(methods), **more)], routes=[route("example.test", mailbox=["mail"])])

    def test_exim_says_who_exists(self):
        daemon = self.start(self.lab.server(Exim, self.lab.ca.good, cache()))
        self.verdict(daemon.mailbox(UNKNOWN), "absent")  # it says 250 to VRFY postmaster, so its 550 is believed
        self.verdict(daemon.mailbox("alice@example.test"), "exists")

    def test_E_11_exim_by_default_says_252_to_all(self):
        server = self.lab.server(Exim, self.lab.ca.good, cache())
        url = f"smtp+starttls://localhost:{server.without_vrfy}"
        daemon = self.start(server, url=url)
        for address in (UNKNOWN, "alice@example.test"):
            self.verdict(daemon.mailbox(address), "unverifiable", "vrfy_unsupported")
        both = self.start(server, methods=("vrfy", "rcpt"), url=url)
        self.verdict(both.mailbox("alice@example.test"), "exists")
        self.verdict(both.mailbox(UNKNOWN), "absent")

    def test_postfix_is_not_believed(self):
        """252 for whoever exists: its 550 alone proves nothing. 502 where VRFY is switched off."""
        server = self.lab.server(Postfix, self.lab.ca.good, cache())
        for url in (server.urls()["starttls"], f"smtp+starttls://localhost:{server.without_vrfy}"):
            with self.subTest(url=url):
                daemon = self.start(server, url=url)
                for address in (UNKNOWN, "alice@example.test"):
                    self.verdict(daemon.mailbox(address), "unverifiable", "vrfy_unsupported")
                daemon.stop()
                daemon = self.start(server, methods=("vrfy", "rcpt"), url=url)
                self.verdict(daemon.mailbox("alice@example.test"), "exists")
                self.verdict(daemon.mailbox(UNKNOWN), "absent")
                daemon.stop()

    def test_sendmail_with_the_options_of_the_manual(self):
        daemon = self.start(self.lab.server(Sendmail, self.lab.ca.good, cache()), preset="sendmail")
        self.verdict(daemon.mailbox("alice@example.test"), "exists")
        self.verdict(daemon.mailbox("sales@example.test"), "exists")
        self.verdict(daemon.mailbox(UNKNOWN), "absent")

    def test_sendmail_with_novrfy(self):
        server = self.lab.server(Sendmail, self.lab.ca.good, cache(), privacy=PRIVACY + ",novrfy")
        daemon = self.start(server)
        for address in (UNKNOWN, "alice@example.test"):
            self.verdict(daemon.mailbox(address), "unverifiable", "vrfy_unsupported")
        self.verdict(self.start(server, methods=("vrfy", "rcpt")).mailbox(UNKNOWN), "absent")
