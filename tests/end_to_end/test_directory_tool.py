"""The command line and the plugin `ldap` with a real OpenLDAP: what an administrator is told."""
import json
import re

from lab import people
from lab.case import SharedCase, route
from lab.directory import BY_MAIL, BY_NAME, TEMPLATE, ldap_backend, start_slapd, urls
from lab.people import PASSWORDS, person_dn
from lab.place import free_port
from lab.process import run

WRONG = "wrong-Pw-30412"


class Tool(SharedCase):
    @classmethod
    def prepare(cls):
        cls.server = start_slapd(cls.lab)
        cls.daemon = cls.lab.daemon(backends=[ldap_backend("mail", urls(cls.server)["starttls"], cls.lab, BY_MAIL | {"attributes": ["displayName"]})],
                                    routes=[route("example.test", "mail", mailbox=["mail"])])

    def test_login_shows_filter_base_entry_and_attributes(self):
        done = self.daemon.tool("test", "login", "a.anders@example.test", "--password-stdin", password=PASSWORDS["alice"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for part in (people.READER, people.PEOPLE, "(|(mail=a.anders@example.test)(mailAlternateAddress=a.anders@example.test))", person_dn("alice"), "alice@example.test", "TLS"):
            self.assertIn(part, done.stdout)
        self.assertNotIn(PASSWORDS["alice"], done.stdout)
        self.assertNotIn(people.READER_PASSWORD, done.stdout)

    def test_login_shows_the_filter_that_logins_must_match(self):
        settings = BY_NAME | {"require_filter": f"(memberOf={people.STAFF})"}
        daemon = self.lab.daemon(backends=[ldap_backend("mail", urls(self.server)["starttls"], self.lab, settings)], routes=[route("example.test", "mail")])
        for name, status in (("alice", 0), ("bob", 1)):
            done = daemon.tool("test", "login", f"{name}@example.test", "--password-stdin", password=PASSWORDS[name])
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            self.assertRegex(done.stdout, rf"required +base=.*filter=\(&\(uid={name}\)\(memberOf={people.STAFF}\)\)")

    def test_what_is_to_be_tried_next_can_be_tried(self):
        """By pasting it into a shell. Not as "localhost", for which OpenLDAP's programs put the machine's own name."""
        daemon = self.lab.daemon(backends=[ldap_backend("mail", f"ldap+starttls://127.0.0.1:{self.server.ldap}", self.lab, BY_MAIL)], routes=[route("example.test", "mail", mailbox=["mail"])])
        done = daemon.tool("test", "login", "star*user@example.test", "--password-stdin", password=WRONG)
        command = re.search("`(.*ldapwhoami .*)`", done.stdout)[1].replace("NAME", person_dn("bob"))
        told = run(["sh", "-c", command.replace("-W", "-w " + PASSWORDS["bob"])])
        self.assertEqual((told.returncode, told.stdout), (0, "dn:" + person_dn("bob") + "\n"), command + told.stderr)
        done = daemon.tool("test", "mailbox", "nobody@example.test")
        asked = re.search('base="(.*)" scope=sub filter=(.*)', done.stdout)
        command = re.search("`(.*ldapsearch .*)`", done.stdout)[1].replace("BIND_DN", people.READER).replace("BASE", asked[1]).replace("FILTER", asked[2].replace("nobody", "alice"))
        told = run(["sh", "-c", command.replace("-W", "-w " + people.READER_PASSWORD)])
        self.assertEqual((told.returncode, told.stdout.count("dn: ")), (0, 1), command + told.stdout + told.stderr)

    def test_login_shows_the_groups_that_were_asked(self):
        daemon = self.lab.daemon(backends=[ldap_backend("mail", urls(self.server)["starttls"], self.lab, BY_NAME | {"require_group": people.STAFF})], routes=[route("example.test", "mail")])
        done = daemon.tool("test", "login", "alice@example.test", "--password-stdin", password=PASSWORDS["alice"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for part in (people.STAFF, f"(|(member={person_dn('alice')})(uniqueMember={person_dn('alice')})(memberUid=alice))"):
            self.assertIn(part, done.stdout)
        done = daemon.tool("test", "login", "bob@example.test", "--password-stdin", password=PASSWORDS["bob"])
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("not_permitted", done.stdout)
        self.assertIn("group.not-a-member", done.stdout)

    def test_check_config_counts_the_members_of_groups(self):
        status, text = self.check(BY_MAIL | {"require_group": people.STAFF})
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"\b1 member\b")
        gone = "cn=gone," + people.GROUPS
        status, text = self.check(BY_MAIL | {"require_group": gone})
        self.assertEqual(status, 75, text)
        self.assertIn(gone, text)

    def test_login_that_fails_shows_why(self):
        done = self.daemon.tool("test", "login", "expired@example.test", "--password-stdin", password=PASSWORDS["expired"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("password_expired", done.stdout)
        done = self.daemon.tool("test", "login", "star*user@example.test", "--password-stdin", password=WRONG)
        self.assertIn("(mail=star\\2auser@example.test)", done.stdout)

    def test_mailbox(self):
        done = self.daemon.tool("test", "mailbox", "a.anders@example.test")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(person_dn("alice"), done.stdout)
        answer = json.loads(self.daemon.tool("--json", "test", "mailbox", "a.anders@example.test").stdout)["answer"]
        self.assertEqual(answer["mailbox"], "alice@example.test")

    def check(self, settings, url=None):
        daemon = self.lab.daemon(backends=[ldap_backend("mail", url or urls(self.server)["starttls"], self.lab, settings)], routes=[route("example.test", "mail")], start=False)
        done = daemon.tool("check-config", "--connect")
        return done.returncode, done.stdout + done.stderr

    def test_check_config_names_the_account_and_counts_entries(self):
        status, text = self.check(BY_MAIL | {"base": [people.PEOPLE, people.MORE]})
        self.assertEqual(status, 0, text)
        self.assertIn(people.READER, text)
        self.assertRegex(text, r"at least \d+ entries")  # ten thousand, and the server shows 500
        self.assertRegex(text, r"\b3 entries")
        self.assertNotIn(people.READER_PASSWORD, text)

    def test_check_config_tells_of_references_to_other_servers(self):
        status, text = self.check(BY_MAIL | {"base": people.BASE})
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"references: to ldap://127.0.0.1:9/\S*; not followed")
        self.assertNotIn("references:", self.check(BY_MAIL)[1])

    def test_check_config_says_what_is_wrong(self):
        for what, settings, url, words in (
                ("password", BY_MAIL | {"bind_password": WRONG}, None, (people.READER, "service_account")),
                ("account", BY_MAIL | {"bind_dn": "cn=raeder," + people.BASE}, None, ("cn=raeder," + people.BASE, "service_account")),
                ("base", BY_MAIL | {"base": "ou=poeple," + people.BASE}, None, ("ou=poeple," + people.BASE,)),
                ("nobody there", BY_MAIL, f"ldaps://localhost:{free_port()}", ("upstream_down",))):
            with self.subTest(what=what):
                status, text = self.check(settings, url)
                self.assertEqual(status, 75, text)
                for word in words:
                    self.assertIn(word, text)
                self.assertNotIn(WRONG, text)

    def test_check_config_warns_of_people_who_could_be_one(self):
        def warnings(settings, *routes):
            daemon = self.lab.daemon(backends=[ldap_backend("mail", urls(self.server)["starttls"], self.lab, settings)], routes=list(routes), start=False)
            done = daemon.tool("check-config")
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr.count("two people could be one account")
        one, two = route("example.test", "mail"), route("other.test", "mail")
        both = ["example.test", "other.test"]
        for settings in (TEMPLATE, BY_NAME):
            with self.subTest(settings=settings):
                self.assertEqual(warnings(settings, one), 0)
                self.assertEqual(warnings(settings, one, two), 1)
                self.assertEqual(warnings(settings, route(both, "mail")), 1)
                self.assertEqual(warnings(settings, route("*.example.test", "mail")), 1)
                self.assertEqual(warnings(settings, route(both, "mail", canonical_domain="example.test")), 0)
                self.assertEqual(warnings(settings, route(both, "mail", ambiguous_names=True)), 0)
        self.assertEqual(warnings(BY_MAIL, one, two), 0)

    def test_check_config_warns_of_a_root_dn(self):
        status, text = self.check(BY_MAIL | {"bind_dn": people.ADMIN, "bind_password": people.ADMIN_PASSWORD})
        self.assertEqual(status, 0, text)
        self.assertIn("rootdn", text)
        self.assertIn(people.ADMIN, text)
