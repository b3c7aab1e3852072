"""The plugin `ldap` and an OpenLDAP that is dead, mute, back again, elsewhere, not who it says, or of another mind about our account."""
import concurrent.futures
import threading
import time

from fakes.ldap import LdapServer
from lab import people
from lab.case import LabCase, route, static_backend
from lab.certs import pin
from lab.directory import BY_MAIL, BY_NAME, READER, TEMPLATE, ldap_backend, start_slapd, urls
from lab.people import PASSWORDS, password, person_dn
from lab.place import free_port, put
from lab.process import wait_until

WRONG = "wrong-Pw-30412"
BESIDE = ("ann@static.test", "beside-Pw-81132")
ALICE = "alice@mail.test"


class Case(LabCase):
    def start(self, upstream, settings=BY_NAME, timeout="2s", start=True, workers=2, **backend):
        """A route through the directory, and one beside it that has nothing to do with it."""
        self.daemon = self.lab.daemon(backends=[ldap_backend("mail", upstream, self.lab, settings, **backend), static_backend(self.lab, {BESIDE[0]: (BESIDE[1], [])})],
                                      routes=[route("mail.test", "mail", mailbox=["mail"] if "mailbox_filter" in settings else []), route("static.test", "people")], broker={"request_timeout": timeout, "workers": workers}, start=start)
        return self.daemon

    def alice(self, **members):
        return self.daemon.login(ALICE, PASSWORDS["alice"], **members)

    def timed(self, ask):
        started = time.monotonic()
        return ask(), time.monotonic() - started

    def until_right(self, seconds):
        wait_until(lambda: self.alice().verdict == "accept", seconds, "accept again")

    def load(self, callers=6):
        """Right passwords of some people, and a wrong one of others, until stop() gives [(right, answer)]."""
        over, answers = threading.Event(), []

        def one(n):
            number = n
            while not over.is_set():
                number = 1 + (number + callers) % 60
                right = number % 10 != 0
                answers.append((right, self.daemon.login(f"u{number:05d}@mail.test", password(number) if right else WRONG)))
        pool = concurrent.futures.ThreadPoolExecutor(callers)
        tasks = [pool.submit(one, n) for n in range(callers)]

        def stop():
            over.set()
            pool.shutdown()
            for t in tasks:
                t.result()
            return answers
        self.addCleanup(over.set)
        return answers, stop


class Outages(Case):
    def test_killed_and_restarted(self):
        server = start_slapd(self.lab)
        self.start(urls(server)["starttls"])
        self.verdict(self.alice(), "accept")
        server.kill()
        for ask in (self.alice, lambda: self.daemon.login(ALICE, WRONG), lambda: self.daemon.mailbox(ALICE)):
            later, seconds = self.timed(ask)
            self.assertEqual((later.verdict, later.status), ("tempfail", 503), later)
            self.assertLess(seconds, 15)
        self.assertEqual(self.daemon.saslauthd("alice", PASSWORDS["alice"], "mail.test"), "")
        server.start()
        self.until_right(12)

    def test_B_18_frozen_is_a_tempfail_by_the_deadline_and_delays_nobody_else(self):
        server = start_slapd(self.lab)
        self.start(urls(server)["ldaps"])
        self.verdict(self.alice(), "accept")
        server.freeze()
        try:
            with concurrent.futures.ThreadPoolExecutor(13) as pool:
                tasks = [pool.submit(self.timed, self.alice) for _ in range(12)]
                tasks.append(pool.submit(self.timed, lambda: self.daemon.mailbox(ALICE)))
                slowest = 0
                while not all(t.done() for t in tasks):
                    yes, seconds = self.timed(lambda: self.daemon.login(*BESIDE))
                    self.verdict(yes, "accept")
                    slowest = max(slowest, seconds)
            for answer, seconds in (t.result() for t in tasks):
                self.assertEqual((answer.verdict, answer.status), ("tempfail", 503), answer)
                self.assertIn(answer.reason, ("deadline", "upstream_down", "upstream_busy"))
                self.assertLess(seconds, 15)
            self.assertLess(slowest, 1.5, "the other route waited for the frozen directory")
            self.assertEqual(self.daemon.saslauthd("alice", PASSWORDS["alice"], "mail.test"), "")
        finally:
            server.thaw()
        self.until_right(6)

    def test_second_server_takes_over(self):
        first, second = start_slapd(self.lab), start_slapd(self.lab)
        for way, settings in (("search", BY_NAME), ("template", TEMPLATE)):
            with self.subTest(way=way):
                self.start([urls(first)["ldaps"], urls(second)["starttls"]], settings, breaker={"reopen": "1s"})

                def answered_by(port):
                    yes = self.alice()
                    return (yes.verdict, yes["upstream"]) == ("accept", f"localhost:{port}")
                self.assertTrue(answered_by(first.ldaps))
                first.kill()
                wait_until(lambda: answered_by(second.ldap), 3, "the second server")
                self.verdict(self.daemon.login(ALICE, WRONG), "reject", "wrong_password")
                first.start()
                # Though its connections to the second one are never idle for long.
                wait_until(lambda: answered_by(first.ldaps), 12, "the first server again")

    def test_right_passwords_under_load_are_never_refused(self):
        server = start_slapd(self.lab)
        self.start(urls(server)["clear"])
        answers, stop = self.load()
        for trouble in (server.kill, server.freeze):
            wait_until(lambda: len(answers) > 200, 20, "the load")
            trouble()
            wait_until(lambda: answers[-1][1].verdict == "tempfail", 5, "a tempfail")
            server.thaw() if trouble == server.freeze else server.start()
            self.until_right(12)
            del answers[:len(answers) - 1]
        for right, answer in stop():
            self.assertIn(answer.verdict, ("accept", "tempfail") if right else ("reject", "tempfail"), answer)
        self.assertNotEqual({a.verdict for _, a in answers}, {"tempfail"})

    def test_B_11_a_connection_that_users_are_bound_on_never_searches(self):
        """Logins, right and wrong, and mailboxes, on fewer connections than there are callers: what slapd saw on each of them."""
        server = start_slapd(self.lab)
        self.start(urls(server)["clear"], BY_NAME | {"password_policy": "auto"}, pool={"connections": 3}, workers=2)
        answers, stop = self.load(callers=8)
        while len(answers) < 400:
            self.verdict(self.daemon.mailbox(ALICE), "exists")
        answers = stop()
        self.assertEqual({(right, a.verdict) for right, a in answers}, {(True, "accept"), (False, "reject")})

        def users_of(deeds):
            return [name for deed, name in deeds if deed == "BIND" and name.endswith(people.PEOPLE)]
        wait_until(lambda: sum(len(users_of(deeds)) for deeds in server.dialogues().values()) >= len(answers), 5, "the binds in slapd's log")
        binding = [deeds for deeds in server.dialogues().values() if users_of(deeds)]
        searching = [deeds for deeds in server.dialogues().values() if ("SRCH", people.PEOPLE) in deeds]
        self.assertEqual(sum(len(users_of(deeds)) for deeds in binding), len(answers), "a login is one bind of its password")
        for deeds in binding:
            self.assertEqual(deeds[0], ("SRCH", ""), "what the server says of itself, before anybody is bound")
            self.assertEqual(len(users_of(deeds)), len(deeds) - 1, deeds)
        for deeds in searching:
            self.assertEqual([name for deed, name in deeds if deed == "BIND"], [people.READER], deeds)
        self.assertTrue(binding and searching)
        self.assertLessEqual(len(binding) + len(searching), 40, "connections are used again")

    def test_connections_that_the_server_closes_lose_no_question(self):
        server = start_slapd(self.lab, extra="idletimeout 1")
        self.start(urls(server)["clear"], pool={"idle": "60s", "connections": 6})
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            self.assertEqual({a.verdict for a in pool.map(lambda _: self.alice(), range(30))}, {"accept"})
        for _ in range(2):
            before = server.log().count("idletimeout")
            wait_until(lambda: server.log().count("idletimeout") > before, 10, "a connection closed for being idle")
            for _ in range(10):
                self.verdict(self.alice(), "accept")
                self.verdict(self.daemon.mailbox(ALICE), "exists")
        end = time.monotonic() + 3  # at many moments relative to the server's
        while time.monotonic() < end:
            self.verdict(self.alice(), "accept")
            time.sleep(0.17)

    def test_reload_under_load_loses_nothing(self):
        server = start_slapd(self.lab)
        self.start(urls(server)["starttls"])
        answers, stop = self.load()
        for n in range(1, 4):
            wait_until(lambda: len(answers) > 60 * n, 20, "the load")
            self.daemon.backends[0]["pool"] = {"connections": 2 + n}
            self.daemon.write_config()
            self.daemon.reload()
        wait_until(lambda: len(answers) > 300, 20, "the load")
        for right, answer in stop():
            self.verdict(answer, *(("accept", None) if right else ("reject", answer.reason)))
            self.assertIn(answer.reason, (None, "wrong_password", "account_locked"))

    def test_one_connection_carries_many_searches(self):
        server = start_slapd(self.lab)
        self.start(urls(server)["clear"], pool={"connections": 1}, workers=1)
        before = server.connections()
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            found = list(pool.map(lambda n: self.daemon.mailbox(f"u{n:05d}@mail.test"), range(1, 301)))
        self.assertEqual([a.verdict for a in found], ["exists"] * 300)
        self.assertEqual(server.connections() - before, 1)
        absent = self.daemon.mailbox("nobody@mail.test")  # and each gets its own answer
        self.verdict(absent, "absent")

    def test_nobody_is_overtaken_on_a_connection_that_is_never_idle(self):
        """More callers than searches fit on the one connection, each asking again at once: whoever waits has a turn before others have many."""
        def slowly(s, reply):
            s.closing.wait(0.005)
            s.send(reply)
            return True

        server = self.lab.adopt(LdapServer(None, users={}, faults={"search": slowly}))
        settings = {"base": "ou=people,dc=fake,dc=test", "filter": "(mail={address})", "mailbox_filter": "(mail={address})"}
        self.start(server.url("127.0.0.1"), settings, timeout="8s", pool={"connections": 1}, workers=1)
        callers, rounds, order = 48, 8, []

        def one(n):
            for _ in range(rounds):
                answer = self.daemon.mailbox(f"u{n}@mail.test")
                order.append((n, answer.verdict))

        with concurrent.futures.ThreadPoolExecutor(callers) as pool:
            list(pool.map(one, range(callers)))
        self.assertEqual({verdict for _, verdict in order}, {"exists"})
        self.assertEqual(len(order), callers * rounds)
        heard = [n for n, _ in order]
        first = {n: heard.index(n) for n in range(callers)}
        self.assertLess(max(first.values()), callers * 4, "somebody had the first answer when others had had many")

    def test_no_password_is_sent_when_no_time_is_left_for_its_answer(self):
        """One connection, a bind takes 300 ms, twelve people wait, and each has a second."""
        def slowly(s, reply):
            s.closing.wait(0.3)
            s.send(reply)
            return True

        server = self.lab.adopt(LdapServer(None, users={"ann": "fake-Pw-61277"}, faults={"bind": slowly}))
        self.start(server.url("127.0.0.1"), {"user_dn": "uid={local},ou=people,dc=fake,dc=test"}, timeout="1s", pool={"connections": 1}, workers=1)
        self.verdict(self.daemon.login("ann@mail.test", "fake-Pw-61277"), "accept")  # now it knows how long one takes
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: self.daemon.login("ann@mail.test", "fake-Pw-61277"), range(12)))
        accepted = [a for a in answers if a.verdict == "accept"]
        self.assertGreaterEqual(len(accepted), 1)
        for answer in answers:
            if answer.verdict != "accept":
                self.assertEqual((answer.verdict, answer.reason in ("overloaded", "deadline")), ("tempfail", True), answer)
        self.assertEqual(server.credentials, 1 + len(accepted), "a password was sent that nobody could hear the answer to")

    def test_callers_own_deadline_is_kept(self):
        server = start_slapd(self.lab)
        self.start(urls(server)["clear"], timeout="8s")
        server.freeze()
        self.addCleanup(server.thaw)
        later, seconds = self.timed(lambda: self.alice(deadline_ms=700))
        self.assertEqual(later.verdict, "tempfail")
        self.assertLess(seconds, 5)

    def test_no_directory_at_all(self):
        self.start(f"ldaps://localhost:{free_port()}")
        self.verdict(self.alice(), "tempfail", "upstream_down")
        self.verdict(self.daemon.mailbox(ALICE), "tempfail", "upstream_down")


class Trust(Case):
    def test_C_18_certificates(self):
        for name, certificate, reason in (("wrong name", self.lab.ca.wrong_name, "tls_name"), ("expired", self.lab.ca.expired, "tls_untrusted"),
                                          ("self-signed", self.lab.ca.self_signed, "tls_untrusted")):
            server = start_slapd(self.lab, certificate)
            for transport in ("ldaps", "starttls"):
                for way, settings in (("template", TEMPLATE), ("search", BY_NAME)):
                    with self.subTest(certificate=name, transport=transport, way=way):
                        self.start(urls(server)[transport], settings)
                        self.verdict(self.alice(), "tempfail", reason)
            self.assertEqual((server.binds(person_dn("alice")), server.binds(people.READER)), (0, 0))

    def test_authority_that_is_not_ours(self):
        server = start_slapd(self.lab)
        for transport in ("ldaps", "starttls"):
            self.start(urls(server)[transport], tls={"ca_file": self.lab.ca.self_signed[0]})
            self.verdict(self.alice(), "tempfail", "tls_untrusted")
        self.assertEqual(server.binds(people.READER), 0)

    def test_pins(self):
        server = start_slapd(self.lab)
        for transport in ("ldaps", "starttls"):
            for certificate, verdict in ((self.lab.ca.good, "accept"), (self.lab.ca.wrong_name, "tempfail")):
                with self.subTest(transport=transport, verdict=verdict):
                    self.start(urls(server)[transport], tls={"pin_sha256": [pin(certificate[0])]})
                    self.assertEqual(self.alice().verdict, verdict)

    def test_server_that_wants_our_certificate(self):
        server = start_slapd(self.lab, extra="TLSVerifyClient demand")
        certificate, key = self.lab.ca.client
        for transport in ("ldaps", "starttls"):
            for mine, verdict in (({"client_cert": certificate, "client_key": key}, "accept"), ({}, "tempfail")):
                with self.subTest(transport=transport, verdict=verdict):
                    self.start(urls(server)[transport], tls=mine)
                    self.assertEqual(self.alice().verdict, verdict)

    def test_server_that_wants_tls(self):
        server = start_slapd(self.lab, extra="security simple_bind=56")
        for way, settings in (("template", TEMPLATE), ("search", BY_NAME)):
            for transport, verdict in (("clear", "tempfail"), ("starttls", "accept"), ("ldaps", "accept")):
                with self.subTest(way=way, transport=transport):
                    self.start(urls(server)[transport], settings)
                    answer = self.alice()
                    self.assertEqual(answer.verdict, verdict, answer)
                    if verdict == "tempfail":
                        self.assertIn(answer.reason, ("misconfigured", "service_account"))

    def test_C_01_server_without_starttls(self):
        server = start_slapd(self.lab, certificate=False)
        for settings in (TEMPLATE, BY_NAME):
            self.start(urls(server)["starttls"], settings)
            self.verdict(self.alice(), "tempfail", "tls_unavailable")
        self.assertEqual((server.binds(person_dn("alice")), server.binds(people.READER)), (0, 0))

    def test_B_16_nothing_reads_ldap_conf_or_the_environment(self):
        server = start_slapd(self.lab, self.lab.ca.self_signed)
        conf = self.lab.place.write("ldap.conf", f"TLS_REQCERT never\nURI {urls(server)['clear']}\nBASE {people.PEOPLE}\n")
        home = self.lab.place.sub("home")
        put(home + "/.ldaprc", "TLS_REQCERT never\n")
        self.start(urls(server)["ldaps"], start=False)
        self.daemon.start(env={"LDAPCONF": conf, "LDAPRC": conf, "LDAPTLS_REQCERT": "never", "HOME": home})
        self.verdict(self.alice(), "tempfail", "tls_untrusted")
        self.assertEqual(server.binds(people.READER), 0)


class ServiceAccount(Case):
    MOVING = BY_NAME | {"bind_dn": people.MOVING, "bind_password": people.MOVING_PASSWORD}

    def test_B_19_changed_under_load_heals_without_a_restart(self):
        server = start_slapd(self.lab, extra="idletimeout 1")
        self.start(urls(server)["clear"], self.MOVING, pool={"idle": "500ms"}, breaker={"service_account": "1s"})
        answers, stop = self.load()
        wait_until(lambda: len(answers) > 100, 10, "the load")
        server.set_password(people.MOVING, "other-Pw-11880")
        server.stop()  # those who are bound stay bound for as long as their connections live
        server.start()
        tried = server.binds(people.MOVING)
        wait_until(lambda: answers[-1][1].reason == "service_account", 10, "service_account")
        self.daemon.await_log("service")
        first = len(answers)
        wrong_until = time.monotonic() + 2
        while time.monotonic() < wrong_until:
            for ask in (self.alice, lambda: self.daemon.login(ALICE, WRONG), lambda: self.daemon.mailbox(ALICE)):
                later = ask()
                self.verdict(later, "tempfail", "service_account")
                self.assertEqual(later.status, 503)
        self.assertEqual(self.daemon.saslauthd("alice", PASSWORDS["alice"], "mail.test"), "")
        self.assertGreater(len(answers), first)
        self.assertLess(server.binds(people.MOVING) - tried, 10, "the account would be locked by now")
        server.set_password(people.MOVING, people.MOVING_PASSWORD)
        self.until_right(12)
        wait_until(lambda: [a.verdict for right, a in answers[-20:] if right] == ["accept"] * sum(r for r, _ in answers[-20:]), 10, "everybody again")
        for right, answer in stop():
            self.assertIn(answer.verdict, ("accept", "tempfail") if right else ("reject", "tempfail"), answer)

    def test_new_password_by_reload(self):
        server = start_slapd(self.lab)
        secret = self.lab.place.write("secret", people.MOVING_PASSWORD + "\n", 0o600)
        self.start(urls(server)["ldaps"], self.MOVING | {"bind_password": {"file": secret}})
        self.verdict(self.alice(), "accept")
        server.set_password(people.MOVING, "other-Pw-11880")
        put(secret, "other-Pw-11880\n", 0o600)
        self.daemon.reload()
        self.verdict(self.alice(), "accept")
        self.assertNotIn(people.MOVING_PASSWORD, self.daemon.log())

    def test_users_are_not_blamed(self):
        """A template bind needs no account; beside it the same directory is asked by one that is wrong."""
        server = start_slapd(self.lab)
        self.daemon = self.lab.daemon(backends=[ldap_backend("template", urls(server)["ldaps"], self.lab, TEMPLATE),
                                                ldap_backend("search", urls(server)["ldaps"], self.lab, BY_MAIL | READER | {"bind_password": WRONG})],
                                      routes=[route("mail.test", "template"), route("example.test", "search", mailbox=["search"])])
        for _ in range(8):
            self.verdict(self.daemon.login("alice@example.test", PASSWORDS["alice"]), "tempfail", "service_account")
            self.verdict(self.daemon.mailbox("alice@example.test"), "tempfail", "service_account")
        self.assertEqual(server.binds(person_dn("alice")), 0)
        self.verdict(self.alice(), "accept")
