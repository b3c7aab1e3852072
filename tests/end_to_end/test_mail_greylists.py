"""The plugin `vrfy` at servers that greylist: a try comes when it makes sense, and not before."""
import time

from fakes.greylist import Greylist
from fakes.smtp import SmtpServer
from lab.case import LabCase, route
from lab.mail_server import vrfy_backend
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until

DELAY = 10  # the shortest time that is believed


class Greylists(LabCase):
    def start(self, *urls, **settings):
        return self.lab.daemon(backends=[vrfy_backend("mail", list(urls) if len(urls) > 1 else urls[0], self.lab, **settings)], routes=[route("example.test", mailbox=["mail"])])

    def test_E_13_the_retry_meets_the_time_of_a_greylist_at_postfix(self):
        greylist = self.lab.adopt(Greylist(DELAY))
        server = self.lab.server(Postfix, self.lab.ca.good, cache(), main=f"smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient, {greylist.service}\n")
        daemon = self.start(server.urls()["starttls"], detect_accept_all=False, sender="probe@broker.example.test")
        begun = time.monotonic()
        first = daemon.mailbox("alice@example.test")
        self.verdict(first, "tempfail", "greylisted")
        self.assertLessEqual(first["retry_after_ms"], DELAY * 1000)
        self.assertGreater(first["retry_after_ms"], DELAY * 900)
        self.verdict(daemon.mailbox("nosuch@example.test"), "absent")  # Postfix says that before it asks its greylist
        self.verdict(daemon.mailbox("bob@example.test"), "tempfail", "greylisted")
        asked = len(greylist.tries)
        # However often somebody asks: it is not asked about before its time, which would set the clock back.
        wait_until(lambda: daemon.mailbox("alice@example.test").verdict == "exists", DELAY + 10, "the retry that meets the time")
        self.assertGreaterEqual(time.monotonic() - begun, DELAY)
        self.assertEqual([t for t in greylist.tries[asked:] if not t[2]], [])
        self.assertEqual([t for t in greylist.tries if t[1].startswith("alice")], [("probe@broker.example.test", "alice@example.test", passed) for passed in (False, True)])

    def test_E_13_another_replica_has_a_list_of_its_own(self):
        grey = self.lab.adopt(SmtpServer(users={"alice": ""}, replies={"rcpt": b"450 4.2.0 Greylisted for 300 seconds\r\n"}))
        other = self.lab.adopt(SmtpServer(users={"alice": ""}))
        daemon = self.start(grey.url("127.0.0.1"), other.url("127.0.0.1"), detect_accept_all=False, breaker={"failures": 1})
        for _ in range(3):
            self.verdict(daemon.mailbox("alice@example.test"), "tempfail", "greylisted")
        self.assertEqual(grey.asked, ["alice@example.test"])
        grey.stop()
        wait_until(lambda: daemon.mailbox("alice@example.test").verdict == "exists", 10, "the other replica is asked")
        self.assertEqual(set(other.asked), {"alice@example.test"})

    def test_E_13_a_greylisted_sender_is_not_shown_again_too_early(self):
        server = self.lab.adopt(SmtpServer(users={"alice": "", "bob": ""}, replies={"mail": b"451 4.7.1 Greylisted for 300 seconds\r\n"}))
        daemon = self.start(server.url("127.0.0.1"), detect_accept_all=False)
        for name in ("alice", "bob", "carol", "alice"):
            self.verdict(daemon.mailbox(f"{name}@example.test"), "tempfail", "greylisted")
        self.assertEqual(server.commands().count("MAIL"), 1)
