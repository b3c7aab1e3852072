"""`authbroker probe` at real directories: what they say of themselves, and what that is good for."""
import os

from lab import domain_people, people
from lab.place import put
from lab.prefix import cache
from lab.probing import NO, Probing, TEMPFAIL, YES
from lab.samba import Controller
from lab.slapd import Slapd

WRONG = "wrong-Pw-probe-77120"


class OpenLdap(Probing):
    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Slapd, cls.lab.ca.good, cls.lab.ca.ca_file, cache())
        cls.urls = {"ldaps": f"ldaps://localhost:{cls.server.ldaps}", "starttls": f"ldap+starttls://localhost:{cls.server.ldap}", "clear": f"ldap://localhost:{cls.server.ldap}"}
        cls.secret = os.path.join(cls.lab.place.sub("secret"), "reader")
        put(cls.secret, people.READER_PASSWORD + "\n", 0o600)
        cls.reader = ("--set", f"base={people.PEOPLE}", "--set", f"bind_dn={people.READER}", "--set", f'bind_password={{ file = "{cls.secret}" }}')

    def test_the_base_is_learnt_from_the_directory_itself(self):
        for way, url in self.urls.items():
            with self.subTest(way=way):
                report = self.probe(url, status=YES, trusted=way != "clear")
                self.assertEqual(self.attributes(report["servers"][0])["naming-context"], people.BASE)
                self.assertIn(f'base = "{people.BASE}"', report["configuration"])
                self.paste(report)

    def test_strangers_see_nobody_and_nothing_is_concluded(self):
        before = self.server.binds(f"uid=alice,{people.PEOPLE}")
        report = self.probe(self.urls["ldaps"], "--address", "alice@example.test", password=people.PASSWORDS["alice"], status=TEMPFAIL)
        self.assertEqual([(t["verdict"], t["reason"]) for t in report["logins"]], [("tempfail", "service_account")])
        self.assertEqual(self.server.binds(f"uid=alice,{people.PEOPLE}"), before)
        self.assertIn("--set bind_dn", " ".join(report["advice"]))
        self.assertNotIn("mailbox =", report["configuration"])

    def test_with_an_account_that_may_search_both_questions_work(self):
        report = self.probe(self.urls["ldaps"], *self.reader, "--address", "alice@example.test", password=people.PASSWORDS["alice"], status=YES)
        self.assertEqual(self.forms(report), [("full address", "accept")])
        self.assertEqual([(t["invented"]["verdict"], t["account"]["verdict"]) for t in report["mailboxes"]], [("absent", "exists")])
        self.assertNotIn(people.READER_PASSWORD, str(report))
        daemon = self.paste(report)
        self.verdict(daemon.login("alice@example.test", people.PASSWORDS["alice"]), "accept")
        self.verdict(daemon.login("alice@example.test", WRONG), "reject", "wrong_password")
        self.verdict(daemon.mailbox("alice@example.test"), "exists")
        self.verdict(daemon.mailbox("nobody@example.test"), "absent")

    def test_one_wrong_password_is_one_bind(self):
        before = self.server.binds(f"uid=bob,{people.PEOPLE}")
        report = self.probe(self.urls["starttls"], *self.reader, "--address", "bob@example.test", password=WRONG, status=NO)
        self.assertEqual(self.forms(report), [("full address", "reject")])
        self.assertEqual(self.server.binds(f"uid=bob,{people.PEOPLE}"), before + 1)

    def test_the_service_account_does_not_go_to_strangers(self):
        before = self.server.binds(people.READER)
        report = self.probe(self.urls["ldaps"], *self.reader, status=TEMPFAIL, trusted=False)
        self.assertEqual((report["servers"][0]["reason"], self.server.binds(people.READER)), ("tls_untrusted", before))
        self.assertEqual(self.attributes(report["servers"][0])["naming-context"], people.BASE)

    def test_a_wrong_service_account_is_tried_once(self):
        wrong = os.path.join(self.lab.place.sub("secret"), "wrong")
        put(wrong, WRONG, 0o600)
        before = self.server.binds(people.READER)
        report = self.probe(self.urls["ldaps"], "--set", f"base={people.PEOPLE}", "--set", f"bind_dn={people.READER}", "--set", f'bind_password={{ file = "{wrong}" }}',
                            "--address", "alice@example.test", password=people.PASSWORDS["alice"], status=TEMPFAIL)
        self.assertEqual((report["servers"][0]["reason"], report["logins"]), ("service_account", []))
        self.assertEqual(self.server.binds(people.READER), before + 1)


class ActiveDirectory(Probing):
    @classmethod
    def prepare(cls):
        cls.server = cls.lab.server(Controller, cls.lab.ca, cache())

    def test_it_is_known_by_its_own_words(self):
        url = f"ldaps://{self.server.address}"
        name = "alice@" + domain_people.REALM
        report = self.probe(url, "--address", name, password=domain_people.PASSWORDS["alice"], status=YES)
        self.assertEqual(self.attributes(report["servers"][0])["active-directory"], "yes")
        self.assertEqual(report["servers"][0]["plugin"], "exchange")
        self.assertIn('bind_as = "upn"', report["configuration"])
        daemon = self.paste(report)
        self.verdict(daemon.login(name, domain_people.PASSWORDS["alice"]), "accept")
        self.verdict(daemon.login(name, WRONG), "reject", "wrong_password")
