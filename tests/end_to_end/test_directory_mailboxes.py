"""The plugin `ldap` with a real OpenLDAP: which addresses exist and whose they are, for mailbox questions and after logins."""
from fakes.smtp import SmtpServer
from lab import people
from lab.case import LabCase, SharedCase, backend, pop3_backend, route, static_backend
from lab.directory import BY_MAIL, BY_NAME, READER, ldap_backend, start_slapd, urls
from lab.dovecot import Dovecot
from lab.people import PASSWORDS, person_dn
from lab.process import wait_until

RIGHT, WRONG = "right-Pw-55071", "wrong-Pw-30412"


class Mailboxes(SharedCase):
    @classmethod
    def prepare(cls):
        cls.server = start_slapd(cls.lab)
        url = urls(cls.server)["ldaps"]
        everywhere = BY_MAIL | {"base": [people.PEOPLE, people.MORE, people.GROUPS]}
        backends = [ldap_backend("mail", url, cls.lab, everywhere | {"attributes": ["displayName", "memberOf"]}),
                    ldap_backend("catch", url, cls.lab, BY_MAIL | {"catch_all": "@{domain}"}),
                    ldap_backend("elsewhere", url, cls.lab, BY_MAIL | {"base": people.ELSEWHERE}),
                    ldap_backend("above", url, cls.lab, BY_MAIL | {"base": people.BASE}),
                    ldap_backend("nowhere", url, cls.lab, BY_MAIL | {"base": "ou=nowhere," + people.BASE}),
                    ldap_backend("one", url, cls.lab, BY_MAIL | {"base": people.PEOPLE, "scope": "one", "mailbox_filter": "(uid={local})"}),
                    ldap_backend("alone", url, cls.lab, BY_MAIL | {"base": people.PEOPLE, "scope": "base", "mailbox_filter": "(uid={local})"}),
                    ldap_backend("anybody", url, cls.lab, BY_MAIL | {"mailbox_filter": "(&(objectClass=inetOrgPerson)(uid={local}*))"}),
                    ldap_backend("small", url, cls.lab, BY_MAIL | {"bind_dn": people.SMALL, "bind_password": people.SMALL_PASSWORD, "mailbox_filter": "(&(objectClass=inetOrgPerson)(uid={local}*))"}),
                    ldap_backend("nobody", url, cls.lab, {k: v for k, v in BY_MAIL.items() if k not in READER})]
        cls.daemon = cls.lab.daemon(backends=backends, routes=[
            route(["example.test", "alias.example.test", "partner.test"], "mail", mailbox=["mail"]), route("catchall.test", None, mailbox=["catch"]),
            *(route(f"{n}.test", n, mailbox=[n]) for n in ("elsewhere", "above", "nowhere", "one", "alone", "anybody", "small", "nobody"))])

    def test_addresses_that_exist(self):
        aliases = {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"}
        for address in (*aliases, "A.Anders@EXAMPLE.test"):
            with self.subTest(address=address):
                yes = self.daemon.mailbox(address)
                self.verdict(yes, "exists")
                self.assertEqual((yes.status, yes["mailbox"], set(yes["addresses"]), yes["addresses_state"]), (200, "alice@example.test", aliases, "complete"))
        self.assertEqual([self.daemon.mailbox(f"{n}@example.test")["kind"] for n in ("alice", "a.anders")], ["user", "alias"])
        self.assertEqual(self.daemon.mailbox("first.last09999@alias.example.test")["mailbox"], "u09999@example.test")

    def test_absent(self):
        for address in ("nobody@example.test", "u10001@example.test", "*@example.test", "alice@partner.test"):
            with self.subTest(address=address):
                no = self.daemon.mailbox(address)
                self.verdict(no, "absent")
                self.assertEqual(no.status, 404)

    def test_several_bases_and_kinds(self):
        for address, mailbox, kind in (("partner@example.test", "partner@example.test", "user"), ("staff@example.test", "staff@example.test", "group"),
                                       ("team@example.test", "staff@example.test", "group")):
            with self.subTest(address=address):
                yes = self.daemon.mailbox(address)
                self.verdict(yes, "exists")
                self.assertEqual((yes["mailbox"], yes["kind"]), (mailbox, kind))

    def test_attributes_on_request(self):
        attributes = self.daemon.mailbox("alice@example.test")["attributes"]
        self.assertEqual(attributes["displayName"], ["Alice Anders"])
        self.assertEqual(attributes["memberOf"], [people.STAFF])
        self.assertEqual(self.daemon.login("alice@example.test", PASSWORDS["alice"])["attributes"], attributes)

    def test_catch_all(self):
        real, any_other = self.daemon.mailbox("real@catchall.test"), self.daemon.mailbox("whatever@catchall.test")
        self.verdict(real, "exists")
        self.assertEqual(real["mailbox"], "real@catchall.test")
        self.verdict(any_other, "exists")

    def test_B_05_two_entries_are_no_answer(self):
        self.assertEqual(self.daemon.mailbox("dup@example.test").verdict, "tempfail")

    def test_B_08_referrals_are_not_followed(self):
        later = self.daemon.mailbox("alice@elsewhere.test")
        self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)
        decision = self.daemon.tool("why", later["id"]).stdout
        self.assertIn("referral", decision)
        # A continuation reference is not followed either: who is not here may be there.
        self.verdict(self.daemon.mailbox("nobody@above.test"), "tempfail", "misconfigured")

    def test_base_that_is_not_there_is_no_absent(self):
        later = self.daemon.mailbox("alice@nowhere.test")
        self.verdict(later, "tempfail", "misconfigured")
        self.assertIn("ou=nowhere", self.daemon.tool("why", later["id"]).stdout)

    def test_scope(self):
        self.verdict(self.daemon.mailbox("alice@one.test"), "exists")
        self.verdict(self.daemon.mailbox("alice@alone.test"), "absent")  # the base itself is nobody

    def test_size_limits_are_no_absent(self):
        self.assertEqual([self.daemon.mailbox(f"u@{n}.test").verdict for n in ("anybody", "small")], ["tempfail", "tempfail"])

    def test_anonymous_searches_refused_are_our_trouble(self):
        for later in (self.daemon.mailbox("alice@nobody.test"), self.daemon.login("alice@nobody.test", PASSWORDS["alice"])):
            self.assertEqual(later.verdict, "tempfail", later)
            self.assertIn(later.reason, ("service_account", "misconfigured"))

    def test_B_20_many_aliases(self):
        yes = self.daemon.mailbox("broad@example.test")
        self.verdict(yes, "exists")
        self.assertEqual((len(yes["addresses"]), yes["addresses"][0]), (256, "broad@example.test"))
        self.assertNotEqual(yes["addresses_state"], "complete")
        self.verdict(self.daemon.mailbox("alice@example.test"), "exists")


class Defaults(LabCase):
    """What an administrator gets who has host, base and service account, and nothing else."""

    def ask(self, *, base=(people.PEOPLE, people.GROUPS), **settings):
        server = start_slapd(self.lab)
        return self.lab.daemon(backends=[ldap_backend("corp", urls(server)["ldaps"], self.lab, READER | {"base": list(base)} | settings)],
                               routes=[route("example.test", "corp", mailbox=["corp"])])

    def test_host_base_and_account_are_enough(self):
        for settings in ({}, {"preset": "openldap"}):
            daemon = self.ask(**settings)
            yes = daemon.login("alice@example.test", PASSWORDS["alice"])
            self.verdict(yes, "accept")
            self.assertEqual((yes["mailbox"], yes["addresses_state"]), ("alice@example.test", "complete"))
            self.assertIn("a.anders@example.test", yes["addresses"])
            self.verdict(daemon.login("alice@example.test", WRONG), "reject", "wrong_password")
            self.verdict(daemon.login("locked@example.test", PASSWORDS["locked"]), "reject", "account_locked")
            self.verdict(daemon.login("expired@example.test", PASSWORDS["expired"]), "reject", "password_expired")
            self.assertEqual(daemon.mailbox("a.anders@example.test")["mailbox"], "alice@example.test")
            self.assertEqual(daemon.mailbox("staff@example.test")["kind"], "group")
            self.verdict(daemon.mailbox("nobody@example.test"), "absent")

    def test_preset_posix_needs_no_mail_attribute(self):
        daemon = self.ask(base=[people.MORE], preset="posix")
        self.verdict(daemon.login("accounting@example.test", people.PARTNER_PASSWORD), "accept")
        self.assertEqual(daemon.mailbox("accounting@example.test")["mailbox"], "accounting@example.test")
        self.verdict(daemon.mailbox("partner@example.test"), "absent")  # no account of the system
        self.verdict(daemon.login("partner@example.test", people.PARTNER_PASSWORD), "reject", "no_such_user")

    def test_proxy_addresses(self):
        daemon = self.ask(mailbox_filter="(proxyAddresses=smtp:{address})", alias_attributes=["proxyAddresses"])
        for address in ("adlike@example.test", "adlike.alias@example.test"):
            yes = daemon.mailbox(address)
            self.verdict(yes, "exists")
            self.assertEqual((yes["mailbox"], set(yes["addresses"])), ("adlike@example.test", {"adlike@example.test", "adlike.alias@example.test"}))


class Members(LabCase):
    def test_login_for_members_only(self):
        server = start_slapd(self.lab)
        daemon = self.lab.daemon(backends=[ldap_backend("staff", urls(server)["ldaps"], self.lab, BY_MAIL | {"require_filter": f"(memberOf={people.STAFF})"})],
                                 routes=[route("example.test", "staff", mailbox=["staff"])])
        self.verdict(daemon.login("alice@example.test", PASSWORDS["alice"]), "accept")
        self.verdict(daemon.login("bob@example.test", PASSWORDS["bob"]), "reject", "not_permitted")
        self.verdict(daemon.login("nobody@example.test", WRONG), "reject", "no_such_user")
        self.assertEqual(server.binds(person_dn("bob")), 0)
        self.verdict(daemon.mailbox("bob@example.test"), "exists")  # his mail goes on


def group(name, classes, *lines):
    return f"dn: cn={name},{people.GROUPS}\nchangetype: add\nobjectClass: {classes}\ncn: {name}\n" + "".join(line + "\n" for line in lines)


class Groups(SharedCase):
    """Groups that say who is in them, of people who do not."""

    @classmethod
    def prepare(cls):
        hidden = f'access to dn.exact="cn=hidden,{people.GROUPS}" by * none\naccess to dn.exact="cn=blind,{people.GROUPS}" attrs=member by * none'
        cls.server = start_slapd(cls.lab, extra=hidden)
        for text in (group("unix", "posixGroup", "gidNumber: 3000", "memberUid: alice", "memberUid: comma,user"), group("unique", "groupOfUniqueNames", "uniqueMember: " + person_dn("bob")),
                     group("hidden", "groupOfNames", "member: " + person_dn("alice")), group("blind", "groupOfNames", "member: " + person_dn("alice"))):
            cls.server.modify(text)
        rules = {name: {"require_group": [f"cn={name},{people.GROUPS}"]} for name in ("unix", "unique", "hidden", "blind", "gone")}
        rules |= {"staff": {"require_group": people.STAFF}, "odd": {"require_group": people.STAFF, "group_attributes": ["uniqueMember"]},
                  "both": {"require_group": rules["unique"]["require_group"] + [people.STAFF]}, "half": {"require_group": rules["gone"]["require_group"] + [people.STAFF]}}
        cls.daemon = cls.lab.daemon(backends=[ldap_backend(name, urls(cls.server)["ldaps"], cls.lab, BY_NAME | rule) for name, rule in rules.items()],
                                    routes=[route(name + ".test", name, mailbox=[name]) for name in rules])

    def says(self, who, verdict, reason=None):
        uid = who.rpartition("@")[0]
        self.verdict(self.daemon.login(who, PASSWORDS[uid]), verdict, reason)

    def test_member_by_dn(self):
        self.says("alice@staff.test", "accept")
        self.says("bob@unique.test", "accept")
        self.says("alice@unique.test", "reject", "not_permitted")

    def test_member_by_name(self):
        self.says("alice@unix.test", "accept")
        self.says("comma,user@unix.test", "accept")
        self.says("bob@unix.test", "reject", "not_permitted")

    def test_one_of_several_is_enough(self):
        self.says("alice@both.test", "accept")
        self.says("bob@both.test", "accept")
        self.says("ssha@both.test", "reject", "not_permitted")

    def test_who_is_no_member_is_not_bound(self):
        self.says("star*user@staff.test", "reject", "not_permitted")
        self.assertEqual(self.server.binds(person_dn("star*user")), 0)
        self.verdict(self.daemon.mailbox("bob@staff.test"), "exists")  # his mail goes on

    def test_password_and_name_count_as_ever(self):
        self.verdict(self.daemon.login("alice@staff.test", WRONG), "reject", "wrong_password")
        self.verdict(self.daemon.login("nobody@staff.test", WRONG), "reject", "no_such_user")

    def test_G_01_group_that_cannot_be_read_turns_nobody_away(self):
        for name in ("gone", "hidden", "blind", "odd"):
            with self.subTest(name=name):
                self.says(f"alice@{name}.test", "tempfail", "misconfigured")
                self.says(f"bob@{name}.test", "tempfail", "misconfigured")
        self.says("alice@half.test", "accept")
        self.says("bob@half.test", "tempfail", "misconfigured")

    def test_change_is_seen_at_once(self):
        self.says("ssha@staff.test", "reject", "not_permitted")
        self.server.modify(f"dn: {people.STAFF}\nchangetype: modify\nadd: member\nmember: {person_dn('ssha')}\n")
        self.says("ssha@staff.test", "accept")
        self.server.modify(f"dn: {people.STAFF}\nchangetype: modify\ndelete: member\nmember: {person_dn('ssha')}\n")
        self.says("ssha@staff.test", "reject", "not_permitted")


class Sources(LabCase):
    def test_two_directories_of_different_people(self):
        ours, theirs = start_slapd(self.lab), start_slapd(self.lab)
        daemon = self.lab.daemon(backends=[ldap_backend("ours", urls(ours)["ldaps"], self.lab, BY_MAIL), ldap_backend("theirs", urls(theirs)["ldaps"], self.lab, BY_MAIL | {"base": people.MORE})],
                                 routes=[route("example.test", ["ours", "theirs"], mailbox=["ours", "theirs"], combine="search")])

        def asked(name, secret=None):
            answer = daemon.login(f"{name}@example.test", secret) if secret else daemon.mailbox(f"{name}@example.test")
            return answer.verdict, answer.reason, answer["backend"]
        self.assertEqual(asked("alice", PASSWORDS["alice"]), ("accept", None, "ours"))
        self.assertEqual(asked("partner", people.PARTNER_PASSWORD), ("accept", None, "theirs"))
        self.assertEqual(asked("alice", WRONG), ("reject", "wrong_password", "ours"))
        self.assertEqual(asked("nobody", WRONG)[:2], ("reject", "no_such_user"))
        self.assertEqual([asked("alice")[0], asked("partner")[0], asked("nobody")[0]], ["exists", "exists", "absent"])
        theirs.kill()  # nobody can say any more who is not there
        self.assertEqual([asked("alice", PASSWORDS["alice"])[0], asked("nobody", WRONG)[0], asked("alice")[0], asked("nobody")[0]], ["accept", "tempfail", "exists", "tempfail"])


class Companions(LabCase):
    """The login is a POP3 server's; the directory says whose it is."""

    def setUp(self):
        super().setUp()
        lab = self.lab
        self.dovecot, self.server = lab.server(Dovecot, lab.ca.good, users={name: RIGHT for name in ("alice", "a.anders", "al", "stranger", "broad")}), start_slapd(lab)
        pop3 = f"pop3s://localhost:{self.dovecot.pop3s}"
        self.daemon = lab.daemon(
            backends=[pop3_backend("pop3", pop3, lab), pop3_backend("pop3too", pop3, lab), ldap_backend("corp", urls(self.server)["ldaps"], lab, BY_MAIL),
                      static_backend(lab, {"alice@static.test": (None, ["al@static.test"])})],
            routes=[route("example.test", "pop3", strip_domain=True, addresses=["corp"]), route("static.test", "pop3too", strip_domain=True, addresses=["people"])])

    def test_identity_and_addresses_come_from_the_directory(self):
        yes = self.daemon.login("a.anders@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["mailbox"], yes["addresses_state"], yes["backend"]), ("alice@example.test", "alice@example.test", "complete", "pop3"))
        self.assertEqual(set(yes["addresses"]), {"alice@example.test", "a.anders@example.test", "alice@alias.example.test"})
        self.assertEqual(self.daemon.saslauthd("a.anders", RIGHT, "example.test"), "OK")
        self.verdict(self.daemon.login("a.anders@example.test", WRONG), "reject", "wrong_password")

    def test_more_addresses_than_are_kept_are_not_called_complete(self):
        yes = self.daemon.login("broad@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], len(yes["addresses"])), ("broad@example.test", 256))
        self.assertNotEqual(yes["addresses_state"], "complete")

    def test_logins_by_smtp_have_one_too(self):
        smtp = self.lab.adopt(SmtpServer("implicit", certificate=self.lab.ca.good, users={"a.anders@example.test": RIGHT}))
        daemon = self.lab.daemon(backends=[backend("submission", "smtpauth", smtp.url(), self.lab), ldap_backend("corp", urls(self.server)["ldaps"], self.lab, BY_MAIL | {"attributes": ["displayName"]})],
                                 routes=[route("example.test", "submission", addresses=["corp"])])
        yes = daemon.login("a.anders@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["mailbox"], yes["addresses_state"], yes["backend"]), ("alice@example.test", "alice@example.test", "complete", "submission"))
        self.assertIn("alice@alias.example.test", yes["addresses"])
        self.assertEqual(yes["attributes"], {"displayName": ["Alice Anders"]})
        self.verdict(daemon.login("a.anders@example.test", WRONG), "reject", "wrong_password")
        self.server.kill()
        yes = daemon.login("a.anders@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["addresses_state"]), ("a.anders@example.test", "unavailable"))

    def test_static_serves_as_well(self):
        yes = self.daemon.login("al@static.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], set(yes["addresses"]), yes["addresses_state"]), ("alice@static.test", {"alice@static.test", "al@static.test"}, "complete"))

    def test_its_failure_never_changes_the_verdict(self):
        for trouble in (self.server.freeze, self.server.kill):
            trouble()
            yes = self.daemon.login("a.anders@example.test", RIGHT)
            self.verdict(yes, "accept")
            self.assertEqual((yes["identity"], yes["addresses_state"]), ("a.anders@example.test", "unavailable"))
            self.assertLess(yes["elapsed_ms"], 5000)
            self.assertEqual(self.daemon.saslauthd("a.anders", RIGHT, "example.test"), "OK")
        self.server.start()
        wait_until(lambda: self.daemon.login("alice@example.test", RIGHT)["addresses_state"] == "complete", 12, "the directory again")

    def test_not_in_the_directory(self):
        yes = self.daemon.login("stranger@example.test", RIGHT)
        self.verdict(yes, "accept")
        self.assertEqual((yes["identity"], yes["addresses_state"]), ("stranger@example.test", "none"))
