"""The habits of servers in the field, and what becomes of them."""
import threading

from fakes import vendors
from fakes.pop3 import Pop3Server
from lab.case import SharedCase, pop3_backend, route

RIGHT, WRONG = "vendor-Pw-77120", "wrong-Pw-30412"
USERS = {"ann": RIGHT}


class Vendors(SharedCase):
    @classmethod
    def prepare(cls):
        cls.servers, backends, routes = {}, [], []

        def add(name, server, settings=None, **more):
            cls.servers[name] = cls.lab.adopt(server)
            backends.append(pop3_backend(name, server.url("127.0.0.1"), settings=settings or {}, **more))
            routes.append(route(f"{name}.test", name, strip_domain=True))

        add("communigate", vendors.communigate(USERS), {"preset": "communigate"})
        add("communigate-alert", vendors.communigate(USERS, alert="Your mailbox is <b>92%</b> full"), {"preset": "communigate"})
        add("communigate-often", vendors.communigate(USERS, too_often=True), {"preset": "communigate"})
        add("alert-without-preset", vendors.communigate(USERS, alert="full"))
        add("mailtraq", vendors.mailtraq(USERS), {"preset": "mailtraq"})
        add("mailtraq-locked", vendors.mailtraq(USERS, locked=True), {"preset": "mailtraq"})
        add("mailtraq-full", vendors.mailtraq(USERS, connections=0), {"preset": "mailtraq"})
        add("imail", vendors.imail(USERS | {"n" * 200: RIGHT}), {"preset": "imail"})
        add("popa3d", vendors.popa3d(USERS))
        add("exchange", vendors.exchange(USERS))
        add("apop-refused", Pop3Server(users=USERS, apop=True, replies={"apop": b"-ERR APOP not for this account\r\n"}, capa=("USER",)), {"apop": "prefer"})
        add("apop-hangs-up", Pop3Server(users=USERS, apop=True, replies={"apop": b"-ERR [AUTH] no\r\n"}, hang_up=True), {"apop": "prefer"})
        for code, reply in (("in-use", b"-ERR [IN-USE] locked\r\n"), ("login-delay", b"-ERR [LOGIN-DELAY] wait\r\n"), ("sys-temp", b"-ERR [SYS/TEMP] later\r\n"),
                            ("sys-perm", b"-ERR [SYS/PERM] broken\r\n"), ("auth", b"-ERR [AUTH] no\r\n"), ("auth-lower", b"-ERR [auth] no\r\n"),
                            ("unknown-code", b"-ERR [X-FOO] no\r\n"), ("unclosed", b"-ERR [AUTH no\r\n"), ("bare", b"-ERR no\r\n")):
            add(f"code-{code}", Pop3Server(users=USERS, replies={"pass": reply}))
        add("bare-no-promise", Pop3Server(users=USERS, capa=("USER", "RESP-CODES"), replies={"pass": b"-ERR no\r\n"}))
        add("user-refused", Pop3Server(users=USERS, replies={"user": b"-ERR [AUTH] never heard of\r\n"}))
        add("banned", Pop3Server(users=USERS, greeting=b"-ERR your address is banned"))
        add("no-greeting", Pop3Server(users=USERS, replies={"greeting": None}))
        add("few-connections", Pop3Server(users=USERS, connections=6), pool={"connections": 3})
        add("no-xclient", Pop3Server(users=USERS), {"forward_client": True})
        add("xclient", Pop3Server(users=USERS, xclient=True), {"forward_client": True})
        listeners = [{"name": "http", "protocol": "http", "address": "unix:%s", "mode": "0600", "trust_client": True}]
        cls.daemon = cls.lab.daemon(backends=backends, routes=routes, listeners=listeners, start=False)
        listeners[0]["address"] = "unix:" + cls.daemon.http
        cls.daemon.write_config()
        cls.daemon.start()

    def ask(self, name, password=RIGHT, user="ann", **more):
        return self.daemon.login(f"{user}@{name}.test", password, **more)

    def test_communigate_right_and_wrong(self):
        self.verdict(self.ask("communigate"), "accept")
        self.verdict(self.ask("communigate", WRONG), "reject", "wrong_password")

    def test_communigate_alert_is_an_accept_with_a_notice(self):
        yes = self.ask("communigate-alert")
        self.verdict(yes, "accept", "alert")
        self.assertEqual((yes.status, yes["notice"]), (200, "Your mailbox is <b>92%</b> full"))
        self.verdict(self.ask("communigate-alert", WRONG), "reject", "wrong_password")

    def test_alert_means_nothing_without_the_preset(self):
        self.assertNotEqual(self.ask("alert-without-preset").verdict, "accept")

    def test_communigate_too_often_is_a_tempfail(self):
        self.verdict(self.ask("communigate-often"), "tempfail", "too_frequent")

    def test_communigate_mailbox_names_are_refused_unsent(self):
        self.verdict(self.ask("communigate", user="box#ann"), "reject", "bad_name")
        self.assertNotIn(b"box#ann", b"".join(line for s in self.servers["communigate"].sessions for _, line in s.lines))

    def test_mailtraq_refusal_line_decides_and_the_hang_up_counts_for_nothing(self):
        self.verdict(self.ask("mailtraq"), "accept")
        for _ in range(8):  # more than the breaker would take
            self.verdict(self.ask("mailtraq", WRONG), "reject", "wrong_password")
        self.verdict(self.ask("mailtraq"), "accept")

    def test_mailtraq_locked_mailbox_was_a_right_password(self):
        self.verdict(self.ask("mailtraq-locked"), "accept", "mailbox_busy")

    def test_mailtraq_too_many_connections_is_busy(self):
        self.verdict(self.ask("mailtraq-full"), "tempfail", "upstream_busy")

    def test_imail_never_sees_a_long_line(self):
        server = self.servers["imail"]
        self.verdict(self.ask("imail"), "accept")
        self.verdict(self.ask("imail", "p" * 300), "reject", "too_long")
        self.verdict(self.ask("imail", "p" * 600), "reject", "too_long")
        self.verdict(self.ask("imail", user="n" * 60, password=WRONG), "reject", "wrong_password")
        self.assertLessEqual(server.longest_line(), 255)
        self.assertFalse(server.banned)
        self.verdict(self.ask("imail"), "accept")

    def test_popa3d_bare_replies(self):
        self.verdict(self.ask("popa3d"), "accept")
        self.verdict(self.ask("popa3d", WRONG), "reject", "wrong_password")

    def test_exchange_words(self):
        self.verdict(self.ask("exchange"), "accept")
        self.verdict(self.ask("exchange", WRONG), "reject", "wrong_password")

    def test_apop_refused_then_user_pass_and_remembered(self):
        server = self.servers["apop-refused"]
        self.verdict(self.ask("apop-refused", WRONG), "reject", "wrong_password")
        self.verdict(self.ask("apop-refused"), "accept")
        self.assertIn("APOP", server.commands())
        asked = server.commands().count("APOP")
        self.verdict(self.ask("apop-refused"), "accept")
        self.assertEqual(server.commands().count("APOP"), asked, "APOP was tried although it is known not to work here")

    def test_apop_refused_with_a_hang_up_is_tried_again_on_a_new_connection(self):
        self.verdict(self.ask("apop-hangs-up"), "accept")
        self.verdict(self.ask("apop-hangs-up", WRONG), "reject", "wrong_password")

    def test_D_04_D_06_response_codes(self):
        for code, verdict, reasons in (
                ("in-use", "accept", ("mailbox_busy",)), ("login-delay", "tempfail", ("too_frequent", "slow_down")), ("sys-temp", "tempfail", None),
                ("sys-perm", "tempfail", None), ("auth", "reject", ("wrong_password",)), ("auth-lower", "reject", ("wrong_password",)),
                ("unknown-code", "tempfail", None), ("unclosed", "tempfail", None), ("bare", "tempfail", None)):
            with self.subTest(code=code):
                answer = self.ask(f"code-{code}")
                self.assertEqual(answer.verdict, verdict, answer)
                if reasons:
                    self.assertIn(answer.reason, reasons)

    def test_bare_refusal_is_a_reject_where_no_codes_are_promised(self):
        self.verdict(self.ask("bare-no-promise"), "reject", "wrong_password")

    def test_D_07_password_is_not_sent_after_a_refused_name(self):
        self.assertEqual(self.ask("user-refused").verdict, "reject")
        self.assertEqual(self.servers["user-refused"].credentials, 0)

    def test_D_11_refused_before_the_greeting_is_no_wrong_password(self):
        for name, reasons in (("banned", ("upstream_refuses_us", "upstream_busy")), ("no-greeting", ("upstream_refuses_us", "upstream_down"))):
            answer = self.ask(name)
            self.assertEqual((answer.verdict, answer.status), ("tempfail", 503))
            self.assertIn(answer.reason, reasons)

    def test_our_own_cap_stays_below_the_servers_limit(self):
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.ask("few-connections"))) for _ in range(30)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual({(a.verdict, a.reason) for a in answers}, {("accept", None)})

    def test_client_address_goes_upstream_by_xclient(self):
        yes = self.ask("xclient", client="192.0.2.77")
        self.verdict(yes, "accept")
        self.assertTrue(yes["client_believed"])
        lines = [line for s in self.servers["xclient"].sessions for _, line in s.lines]
        self.assertTrue(any(line.upper().startswith(b"XCLIENT ") and b"192.0.2.77" in line for line in lines), lines)

    def test_refused_xclient_is_remembered(self):
        server = self.servers["no-xclient"]
        for _ in range(4):
            self.verdict(self.ask("no-xclient", client="192.0.2.77"), "accept")
        self.assertEqual(server.commands().count("XCLIENT"), 1)

    def test_control_characters_and_lone_names_never_leave(self):
        for user, password, reason in (("an\r\nn", RIGHT, "bad_name"), ("ann", "a\r\nb-secret", "bad_password"), ("ann", "a\0b-secret", "bad_password"),
                                       ("", RIGHT, "bad_name"), ("ann", "", "empty_password")):
            with self.subTest(user=user):
                answer = self.ask("communigate", password, user)
                self.assertIn((answer.verdict, answer.json.get("reason"), answer.status), (("reject", reason, 401), (None, None, 400)), answer)
