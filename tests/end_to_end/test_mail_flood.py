"""The plugin `vrfy` while somebody tries names from a list: the server must not shut the broker out for it."""
import collections
import threading

from fakes.smtp import SmtpServer
from lab.case import LabCase, route
from lab.mail_server import ask_all, vrfy_backend
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until

PATIENCE = 60  # unknown recipients that the server below puts up with


def impatient():
    """Refuses everything once it was asked about too many who are not there, whatever the connection."""
    lock, strangers = threading.Lock(), []

    def rcpt(s, normal):
        with lock:
            if len(strangers) >= PATIENCE:
                return b"554 5.7.1 your address is on a list\r\n"
            if normal.startswith(b"550"):
                strangers.append(s)
            return normal
    server = SmtpServer(users={"alice": "", "bob": "", "carol": ""}, replies={"rcpt": rcpt})
    server.strangers = strangers
    return server


class Flood(LabCase):
    def start(self, url, **settings):
        return self.lab.daemon(backends=[vrfy_backend("mail", url, self.lab, **settings)], routes=[route("example.test", mailbox=["mail"])])

    def flood(self, daemon, questions):
        """How often which answer came; never that somebody who is not there exists."""
        told = collections.Counter((answer.verdict, answer.reason) for _, answer in ask_all(daemon, [f"nosuch{n}@example.test" for n in range(questions)]))
        self.assertLessEqual(set(told), {("absent", None), ("tempfail", "slow_down"), ("tempfail", "upstream_refuses_us")}, told)
        return told

    def test_E_17_a_flood_of_unknown_names_does_not_get_us_shut_out(self):
        server = self.lab.adopt(impatient())
        daemon = self.start(server.url("127.0.0.1"), unknown_budget={"burst": 20, "per_minute": 60})
        self.verdict(daemon.mailbox("alice@example.test"), "exists")
        told = self.flood(daemon, 300)
        self.assertGreaterEqual(told["absent", None], 20)
        self.assertGreaterEqual(told["tempfail", "slow_down"], 200)
        self.assertLess(len(server.strangers), PATIENCE)
        self.verdict(daemon.mailbox("alice@example.test"), "exists")  # who existed lately is asked about all the same
        later = daemon.mailbox("nosuch@example.test")
        self.verdict(later, "tempfail", "slow_down")
        self.assertGreater(later["retry_after_ms"], 0)
        wait_until(lambda: daemon.mailbox("bob@example.test").verdict == "exists", 45, "somebody new who exists is found in the end")
        daemon.await_log("unknown_budget_spent")

    def test_E_17_without_a_budget_it_does(self):
        server = self.lab.adopt(impatient())
        daemon = self.start(server.url("127.0.0.1"), unknown_budget={"burst": 0})
        self.verdict(daemon.mailbox("alice@example.test"), "exists")
        self.assertNotIn(("tempfail", "slow_down"), self.flood(daemon, 300))
        self.verdict(daemon.mailbox("alice@example.test"), "tempfail", "upstream_refuses_us")

    def test_E_17_postfix_sees_no_more_refusals_than_the_budget_has(self):
        server = self.lab.server(Postfix, self.lab.ca.good, cache())
        daemon = self.start(server.urls()["starttls"], unknown_budget={"burst": 40, "per_minute": 6})
        self.verdict(daemon.mailbox("alice@example.test"), "exists")
        told = self.flood(daemon, 400)
        self.assertGreaterEqual(told["absent", None], 40)
        refusals = server.log().count("NOQUEUE: reject: RCPT")
        self.assertLessEqual(refusals, 40 + 16 + 1 + 12)  # those under way when it ended; one of our own; two minutes
        self.verdict(daemon.mailbox("alice@example.test"), "exists")
