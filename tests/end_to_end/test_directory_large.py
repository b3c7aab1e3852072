"""Entries that are larger than most, in a real OpenLDAP: members of thousands of groups, mailboxes with thousands of addresses, pictures."""
import concurrent.futures

from lab import people
from lab.case import SharedCase, route
from lab.directory import BY_MAIL, ldap_backend, start_slapd, urls
from lab.people import PASSWORDS


class Large(SharedCase):
    @classmethod
    def prepare(cls):
        cls.server = start_slapd(cls.lab)
        settings = {"all": {"attributes": ["displayName", "memberOf"]}, "picture": {"attributes": ["displayName", "jpegPhoto"]}, "plain": {}}
        backends = [ldap_backend(name, urls(cls.server)["ldaps"], cls.lab, BY_MAIL | more) for name, more in settings.items()]
        cls.daemons = {name: cls.lab.daemon(backends=backends, routes=[route("example.test", name, mailbox=[name])]) for name in settings}

    def both(self, name, user):
        """(the answer to a login, the answer about the mailbox)"""
        return self.daemons[name].login(f"{user}@example.test", PASSWORDS[user]), self.daemons[name].mailbox(f"{user}@example.test")

    def test_B_20_a_member_of_thousands_of_groups(self):
        login, mailbox = self.both("all", "popular")
        self.verdict(login, "accept")
        self.verdict(mailbox, "exists")
        for answer in login, mailbox:
            self.assertEqual((answer["mailbox"], answer["addresses"]), ("popular@example.test", ["popular@example.test"]))
            self.assertEqual(answer["addresses_state"], "complete")  # the groups were not all read, the addresses were
            self.assertEqual(answer["attributes"]["displayName"], ["Popular Person"])
        self.assertEqual(len(mailbox["attributes"]["memberOf"]), 63)
        self.verdict(self.daemons["all"].login("popular@example.test", "wrong-Pw-30412"), "reject", "wrong_password")

    def test_B_20_a_mailbox_with_thousands_of_addresses(self):
        for name in "all", "plain":
            for answer, verdict in zip(self.both(name, "huge"), ("accept", "exists")):
                self.verdict(answer, verdict)
                self.assertEqual((answer["mailbox"], answer["addresses"][0]), ("huge@example.test", "huge@example.test"))
                self.assertNotEqual(answer["addresses_state"], "complete")
        last = self.daemons["plain"].mailbox(f"huge.{people.HUGE_ALIASES - 1}@example.test")
        self.verdict(last, "exists")  # found by one that is not among those that are read
        self.assertEqual((last["mailbox"], last["kind"]), ("huge@example.test", "alias"))

    def test_B_20_what_is_not_asked_for_is_not_sent(self):
        for name in "all", "plain":
            login, mailbox = self.both(name, "pictured")
            self.verdict(login, "accept")
            self.verdict(mailbox, "exists")
            self.assertEqual(login["addresses_state"], "complete")

    def test_B_20_what_is_larger_than_all_that_is_read_costs_nobody_else_anything(self):
        for answer in self.both("picture", "pictured"):
            self.verdict(answer, "tempfail", "misconfigured")
        self.daemons["picture"].await_log(r"rule=search.entry-too-large .*text=\"an entry of 2\d{6} bytes was left out")
        self.verdict(self.both("picture", "alice")[0], "accept")

    def test_B_20_many_at_a_time_and_the_memory_comes_back(self):
        daemon = self.daemons["all"]
        before = self.resident(daemon)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(lambda i: self.both("all", ("popular", "huge", "alice")[i % 3]), range(300)))
        self.assertEqual({(login.verdict, mailbox.verdict) for login, mailbox in answers}, {("accept", "exists")})
        if not daemon.prefix.sanitized:
            self.assertLess(self.resident(daemon) - before, 24 << 20)

    @staticmethod
    def resident(daemon):
        with open(f"/proc/{daemon.process.pid}/status") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))
