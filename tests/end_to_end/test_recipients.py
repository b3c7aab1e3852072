"""Real mail servers that ask for recipients: Postfix by socketmap, by policy and by tcp, Sendmail by a socket map, Exim by readsocket.
Each is configured by the recipe's own files and spoken to over real SMTP."""
import os
import re
import threading

from lab.case import LabCase, SharedCase, backend, route, static_backend
from lab.exim import Exim
from lab.mail_server import ask, recipients, session
from lab.place import free_port
from lab.postfix import Postfix
from lab.prefix import cache
from lab.process import wait_until
from lab.recipe import broker_of, recipe
from lab.sendmail import Sendmail

ANN, ALIAS, NOBODY = "ann@example.com", "annie@example.com", "nobody@example.com"
QUOTED = '"ann;smith"@example.com'
UNSURE, DOWN, FOREIGN = "anybody@unsure.test", "ann@down.test", "ann@elsewhere.test"
DOMAINS = "example.com, unsure.test, down.test"


def world(lab):
    """Who is there. unsure.test has nobody who could say; down.test's server does not answer."""
    people = static_backend(lab, [f"{ANN}:!:{ALIAS}", f"{QUOTED}:!:", "bob@example.com:!:"])
    down = backend("down", "vrfy", f"smtp://127.0.0.1:{free_port()}", settings={"helo": "broker.example.test"})
    routes = [route("example.com", mailbox=["people"], delimiter="+"), route("unsure.test", "people"), route("down.test", mailbox=["down"])]
    return {"backends": [people, down], "routes": routes}


def broker(lab, name, changes=None, **more):
    """The daemon under the recipe's listener. Returns it and its socket."""
    path = lab.place.sub("b") + "/s"
    with_path = {old: new.replace("@", path) for old, new in changes.items()}
    return broker_of(lab, recipe(name, with_path), **(world(lab) | more)), path


class Recipients:
    """What every such server says to every kind of recipient. `port` is the server's."""
    unknown = "550 5.1.1"

    def said(self, *addresses):
        return recipients(self.port(), addresses)

    def test_who_is_there_is_taken(self):
        for address in (ANN, "Ann@EXAMPLE.com", "ann+list@example.com", ALIAS, QUOTED):
            with self.subTest(address=address):
                self.assertRegex(self.said(address)[0], "^250 ")

    def test_who_is_not_is_refused(self):
        for address in (NOBODY, "nobody+list@example.com", '"no..body"@example.com', '"no body"@example.com', '"ann,bob"@example.com'):
            with self.subTest(address=address):
                self.assertRegex(self.said(address)[0], f"^{self.unknown} ")

    table, told_unsure = "mailbox", "exists"  # which is asked first, and what of this the log says

    def test_what_nobody_can_verify_is_taken(self):
        before = len(self.daemon.log())
        self.assertRegex(self.said(UNSURE)[0], "^250 ")
        self.daemon.await_log(rf"event=decision .*address={UNSURE} verdict=unverifiable reason=not_checked said={self.told_unsure} .*table={self.table} ", after=before)

    def test_N_07_O_05_while_the_upstream_is_down_mail_is_put_off(self):
        for reply in self.said(DOWN, "other@down.test"):
            self.assertRegex(reply, "^45[01] 4")

    def test_each_of_many_recipients_gets_its_own_answer(self):
        replies = self.said(ANN, NOBODY, DOWN, ANN, UNSURE)
        self.assertEqual([r[:1] for r in replies], ["2", "5", "4", "2", "2"], replies)

    def test_others_domains_are_not_ours(self):
        self.assertRegex(self.said(FOREIGN)[0], "^55[04] ")


def relay(lab, main):
    """Postfix as a gateway: mail for its relay domains is thrown away once it is taken."""
    quiet = "smtpd_soft_error_limit = 1000\nsmtpd_hard_error_limit = 1000\nrelay_transport = discard:\n"
    return lab.server(Postfix, lab.ca.good, cache(), main=quiet + main)


SOCKETMAP = "postfix-recipients-socketmap/"
POLICY = "postfix-recipients-policy/"


def by_socketmap(lab):
    daemon, path = broker(lab, SOCKETMAP + "recipients-socketmap.toml", {"/var/spool/postfix/authbroker/recipients.sock": "@", 'group = "postfix"': 'mode = "0666"'})
    return daemon, path, relay(lab, recipe(SOCKETMAP + "main.cf", {"unix:authbroker/recipients.sock": "unix:" + path, "= example.com": "= " + DOMAINS}))


def by_policy(lab):
    daemon, path = broker(lab, POLICY + "recipients-policy.toml", {
        "/var/spool/postfix/authbroker/policy.sock": "@", 'group = "postfix"': 'mode = "0666"', '["postfix"]': '["28401"]'})
    return daemon, path, relay(lab, f"relay_domains = {DOMAINS}\n" + recipe(POLICY + "main.cf", {"unix:authbroker/policy.sock": "unix:" + path}))


class PostfixSocketmap(Recipients, SharedCase):
    label = "postfix_socketmap"
    table = "canonical"

    @classmethod
    def prepare(cls):
        cls.daemon, cls.socket, cls.postfix = by_socketmap(cls.lab)

    def port(self):
        return self.postfix.smtp

    def test_what_postfix_says_of_the_unknown(self):
        self.assertEqual(self.said(NOBODY), [f"550 5.1.1 <{NOBODY}>: Recipient address rejected: User unknown in relay recipient table"])

    def test_mail_for_an_alias_goes_to_its_mailbox(self):
        with session(self.port()) as s:
            s.sendmail("", [ALIAS, ANN], "Subject: hello\r\n\r\nhello\r\n")
        wait_until(lambda: re.search(rf"to=<{ANN}>, orig_to=<{ALIAS}>, relay=none, .*status=sent", self.postfix.log()), 10, "the mail in the mailbox")

    def test_other_peoples_addresses_have_no_alias(self):
        """Else mail of one's own users to the world would be put off."""
        for address in (FOREIGN, "ann@[192.0.2.1]", "ann@-.test", f"{'x' * 400}@elsewhere.test"):
            with self.subTest(address=address):
                self.assertEqual(self.postmap(address, "canonical"), (1, "", ""))

    def postmap(self, key, table, input=None):
        done = self.postfix.command(["postmap", "-q", key, f"socketmap:unix:{self.socket}:{table}"], input)
        return done.returncode, done.stdout, done.stderr

    def test_postmap_asks_each_table(self):
        for table, key, value in (("mailbox", ANN, ANN), ("mailbox", ALIAS, ANN), ("canonical", ALIAS, ANN), ("canonical", "ANN+x@Example.com", ANN), ("mailbox", QUOTED, QUOTED),
                                  ("mailbox", "ann;smith@example.com", QUOTED), ("domain", "example.com", "example.com"), ("domain", ANN, "example.com"),
                                  ("access", ANN, "DUNNO"), ("access", NOBODY, "REJECT 5.1.1 User unknown"), ("access", UNSURE, "DUNNO")):
            with self.subTest(table=table, key=key):
                self.assertEqual(self.postmap(key, table), (0, value + "\n", ""))
        for table, key in (("mailbox", NOBODY), ("canonical", NOBODY), ("canonical", "example.com"), ("domain", "elsewhere.test"), ("access", FOREIGN)):
            with self.subTest(table=table, key=key):
                self.assertEqual(self.postmap(key, table), (1, "", ""))

    def test_N_04_N_07_postmap_hears_what_cannot_be_told(self):
        for table, key, text in (("mailbox", DOWN, "upstream_down"), ("access", DOWN, "upstream_down"), ("mailbox", FOREIGN, "no_route"), ("nosuch", ANN, "no such map here")):
            with self.subTest(table=table, key=key):
                status, out, err = self.postmap(key, table)
                self.assertEqual((status, out), (1, ""))
                self.assertIn("socketmap server temporary error: " + text, err)
        self.daemon.await_log(r"event=unknown_map listener=recipients map=nosuch")

    def test_postmap_asks_thousands_on_one_connection(self):
        keys = [f"{name}{i}@example.com" if name == "nobody" else f"ann+{i}@example.com" for i in range(2000) for name in ("ann", "nobody")]
        status, out, err = self.postmap("-", "mailbox", "\n".join(keys) + "\n")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.splitlines(), [f"ann+{i}@example.com\t{ANN}" for i in range(2000)])


class PostfixPolicy(Recipients, SharedCase):
    label = "postfix_policy"
    table, told_unsure = "policy", "DUNNO"

    @classmethod
    def prepare(cls):
        cls.daemon, cls.socket, cls.postfix = by_policy(cls.lab)

    def port(self):
        return self.postfix.smtp

    def test_what_postfix_says(self):
        self.assertEqual(self.said(NOBODY, DOWN), [f"550 5.1.1 <{NOBODY}>: Recipient address rejected: User unknown",
                                                   f"450 4.3.0 <{DOWN}>: Recipient address rejected: The recipient cannot be checked now, try again later"])

    def test_the_log_knows_the_client_and_the_message(self):
        before = len(self.daemon.log())
        self.said("bob@example.com")
        self.daemon.await_log(r"event=decision .*address=bob@example.com .*client=127\.0\.0\.1 session=[0-9a-f.]+ ", after=before)


class SendmailSocketmap(Recipients, SharedCase):
    label = "sendmail"

    @classmethod
    def prepare(cls):
        cls.daemon, cls.socket = broker(cls.lab, "sendmail-recipients/recipients-sendmail.toml", {"/run/authbroker/recipients-sendmail.sock": "@", 'group = "smmsp"': 'mode = "0660"'})
        domains = "".join(f"RELAY_DOMAIN(`{d}')dnl\n" for d in DOMAINS.split(", "))
        rules = recipe("sendmail-recipients/recipients.m4", {"/run/authbroker/recipients-sendmail.sock": cls.socket})
        cls.sendmail = cls.lab.server(Sendmail, cls.lab.ca.good, cache(), more=domains + rules + "divert(0)dnl\n")

    def port(self):
        return self.sendmail.smtp

    def test_others_domains_are_not_ours(self):
        """Sendmail relays for whoever is on its own machine: what it says is no answer of the broker's, who is not asked."""
        self.said(FOREIGN)
        self.assertNotIn("elsewhere", self.daemon.log())

    def test_other_ways_to_write_an_address_are_no_way_around(self):
        with session(self.port()) as s:
            ask(s, "MAIL", "FROM:<>")
            for way in (NOBODY, f"<{NOBODY}>", f"<{NOBODY}.>", f"Who <{NOBODY}>", f"<@example.com:{NOBODY}>", "<nobody%example.com@example.com>"):
                with self.subTest(way=way):
                    self.assertRegex(ask(s, "RCPT", f"TO:{way}"), "^5")


class SendmailAliases(LabCase):
    def test_sendmails_virtual_users(self):
        """The line that the recipe's comment has: Sendmail's own name of the map, and an answer that it can look up again."""
        daemon, path = broker(self.lab, "sendmail-recipients/recipients-sendmail.toml", {"/run/authbroker/recipients-sendmail.sock": "@", 'group = "smmsp"': 'mode = "0660"'})
        feature = "FEATURE(`virtusertable', `socket -T<TMPF> unix:/run/authbroker/recipients-sendmail.sock')"
        self.assertIn(feature, recipe("sendmail-recipients/recipients-sendmail.toml", {}))
        lines = "".join(f"VIRTUSER_DOMAIN(`{d}')dnl\n" for d in DOMAINS.split(", ")) + feature.replace("/run/authbroker/recipients-sendmail.sock", path) + "dnl\n"
        sendmail = self.lab.server(Sendmail, self.lab.ca.good, cache(), more=lines)
        for address, user in ((ANN, ANN), (ALIAS, ANN), ("ann+list@example.com", ANN), (UNSURE, UNSURE)):
            with self.subTest(address=address):
                self.assertRegex(sendmail.route(address), f"deliverable: mailer esmtp, host .*, user {re.escape(user)}\n")
        # What cannot be looked up now it takes and keeps until it can.
        self.assertRegex(recipients(sendmail.smtp, [DOWN])[0], r"^250 .*\(will queue\)$")


class EximReadsocket(Recipients, SharedCase):
    label = "exim"
    table, told_unsure = "policy", "DUNNO"

    @classmethod
    def prepare(cls):
        cls.daemon, cls.socket = broker(cls.lab, "exim-recipients/recipients-exim.toml", {
            "/run/authbroker/recipients-exim.sock": "@", 'group = "Debian-exim"': 'mode = "0666"', '["Debian-exim"]': '["28501"]'})
        acl = recipe("exim-recipients/acl-rcpt.conf", {"/run/authbroker/recipients-exim.sock": cls.socket})
        cls.exim = cls.lab.server(Exim, cls.lab.ca.good, cache(), relay=(DOMAINS, acl))

    def port(self):
        return self.exim.smtp

    def test_the_log_knows_the_client(self):
        before = len(self.daemon.log())
        self.said("bob@example.com")
        self.daemon.await_log(r"event=decision .*address=bob@example.com .*client=127\.0\.0\.1 ", after=before)


class WhileItGoes(LabCase):
    """The broker's own troubles, as a mail server passes them on."""

    def test_without_a_broker_mail_is_put_off(self):
        for start in (by_socketmap, by_policy):
            with self.subTest(start=start.__name__):
                daemon, _, postfix = start(self.lab)
                self.assertRegex(recipients(postfix.smtp, [ANN])[0], "^250 ")
                daemon.stop()
                for reply in recipients(postfix.smtp, [ANN, NOBODY]):
                    self.assertRegex(reply, "^45[01] 4")

    def stream(self, port, sessions, seen):
        for _ in range(sessions):
            seen.append(recipients(port, [ANN, NOBODY]))

    def test_reloads_under_a_stream_change_no_answer(self):
        for start in (by_socketmap, by_policy):
            with self.subTest(start=start.__name__):
                daemon, _, postfix = start(self.lab)
                seen = []
                callers = [threading.Thread(target=self.stream, args=(postfix.smtp, 20, seen)) for _ in range(4)]
                for c in callers:
                    c.start()
                while any(c.is_alive() for c in callers):
                    daemon.reload()
                for c in callers:
                    c.join()
                self.assertEqual({(a[:3], b[:9]) for a, b in seen}, {("250", "550 5.1.1")})
                self.assertEqual(len(seen), 80)

    def test_restarts_under_a_stream_are_right_or_later(self):
        for start in (by_socketmap, by_policy):
            with self.subTest(start=start.__name__):
                daemon, _, postfix = start(self.lab)
                seen = []
                callers = [threading.Thread(target=self.stream, args=(postfix.smtp, 15, seen)) for _ in range(4)]
                for c in callers:
                    c.start()
                for _ in range(2):
                    daemon.stop()
                    daemon.start()
                for c in callers:
                    c.join()
                self.assertEqual(len(seen), 60)
                for there, not_there in seen:
                    self.assertRegex(there, "^(250 |45[01] 4)")
                    self.assertRegex(not_there, "^(550 5\\.1\\.1|45[01] 4)")
                self.assertRegex(recipients(postfix.smtp, [ANN])[0], "^250 ")


class PostfixTables(LabCase):
    """What the recipes do not use."""

    def test_tcp_table(self):
        port = free_port()
        listener = {"name": "tcp", "protocol": "tcp-table", "address": f"tcp:127.0.0.1:{port}", "limits": {"idle": "100ms"}}
        self.lab.daemon(listeners=[listener], **world(self.lab))
        postfix = relay(self.lab, f"relay_domains = {DOMAINS}\nrelay_recipient_maps = tcp:127.0.0.1:{port}\n")
        said = recipients(postfix.smtp, [ANN, NOBODY, QUOTED, UNSURE, ALIAS, DOWN])
        self.assertEqual([r[:3] for r in said], ["250", "550", "250", "250", "250", "451"], said)
        done = postfix.command(["postmap", "-q", "-", f"tcp:127.0.0.1:{port}"], "".join(f"ann+{i}@example.com\nnobody{i}@example.com\n" for i in range(500)))
        self.assertEqual((done.returncode, done.stdout.count(f"\t{ANN}\n"), len(done.stdout.splitlines())), (0, 500, 500), done.stderr)

    def test_domains_that_are_ours(self):
        """The broker's word on relay_domains, by the domain's full name. A domain that it does not name stays closed."""
        path = self.lab.place.sub("b") + "/s"
        listener = {"name": "map", "protocol": "socketmap", "address": "unix:" + path, "mode": "0666"}
        tables = world(self.lab)
        tables["routes"].append(route("*", mailbox=["people"]))  # it names none
        self.lab.daemon(listeners=[listener], **tables)
        postfix = relay(self.lab, f"relay_domains = socketmap:unix:{path}:domain\nrelay_recipient_maps = socketmap:unix:{path}:mailbox\n")
        said = recipients(postfix.smtp, [ANN, "ann@EXAMPLE.COM", NOBODY, UNSURE, FOREIGN, "ann@sub.example.com"])
        self.assertEqual([r[:9] for r in said], ["250 2.1.5", "250 2.1.5", "550 5.1.1", "250 2.1.5", "554 5.7.1", "554 5.7.1"], said)

    def test_N_05_an_access_table_opens_no_relay(self):
        path = self.lab.place.sub("b") + "/s"
        listener = {"name": "map", "protocol": "socketmap", "address": "unix:" + path, "mode": "0666",
                    "values": {"access": {"absent": "550 5.1.1 Nobody of that name", "unverifiable": "DEFER_IF_PERMIT 4.1.1 Cannot verify"}}}
        daemon = self.lab.daemon(listeners=[listener], **world(self.lab))
        # Even before reject_unauth_destination, where "OK" would let everything through.
        postfix = relay(self.lab, f"relay_domains = {DOMAINS}\nsmtpd_relay_restrictions =\n"
                                  f"smtpd_recipient_restrictions = check_recipient_access socketmap:unix:{path}:access, reject_unauth_destination\n")
        said = recipients(postfix.smtp, [ANN, NOBODY, UNSURE, DOWN, FOREIGN])
        self.assertEqual([r[:9] for r in said], ["250 2.1.5", "550 5.1.1", "450 4.1.1", "451 4.3.5", "554 5.7.1"], said)
        self.assertIn("Nobody of that name", said[1])
        daemon.await_log(rf'address={NOBODY} verdict=absent said="550 5.1.1 Nobody of that name" .*table=access ')
        daemon.await_log(rf'address={UNSURE} .*said="DEFER_IF_PERMIT 4.1.1 Cannot verify" ')
        daemon.await_log(rf"address={FOREIGN} verdict=no_route reason=no_route said=nothing ")
