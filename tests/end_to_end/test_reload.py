"""Reloads: all or nothing, and nothing lost."""
import os
import re
import signal
import threading

from lab import clients
from lab.case import route, static_backend
from lab.life import ANN, RIGHT, WRONG, Life


class Reload(Life):
    def test_Q_new_routes_after_sighup(self):
        daemon = self.start()
        self.verdict(daemon.login("ann@new.test", RIGHT), "no_route", "no_route")
        daemon.backends.append(static_backend(self.lab, {"ann@new.test": (RIGHT, [])}, "newcomers"))
        daemon.routes.append(route("new.test", "newcomers"))
        daemon.write_config()
        daemon.reload()
        self.verdict(daemon.login("ann@new.test", RIGHT), "accept")
        del daemon.routes[0]
        daemon.write_config()
        daemon.reload()
        self.verdict(daemon.login(ANN, RIGHT), "no_route", "no_route")

    def test_Q_05_bad_configuration_changes_nothing_and_says_why(self):
        daemon = self.start()
        with open(daemon.config_path) as f:
            good = f.read()
        for bad, complaint in ((good.replace("[[route]]", "[[rout]]"), "rout"), (good + "\n[broker\n", "authbroker.toml:"),
                               (good.replace('"people"', '"nobody"', 1), "people"), (good.replace('plugin = "static"', 'plugin = "nonesuch"'), "nonesuch"),
                               (good.replace("users", "no-such-users"), "no-such-users")):
            with self.subTest(complaint=complaint):
                before = len(daemon.log())
                daemon.write_config(bad)
                daemon.reload()
                daemon.await_log(re.escape(complaint), after=before)
                self.verdict(daemon.login(ANN, RIGHT), "accept")
                self.assertEqual(daemon.saslauthd(ANN, WRONG), "NO")
        daemon.write_config(good)
        daemon.reload()
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_Q_05_what_only_a_restart_can_change_is_named_to_the_end(self):
        daemon = self.start()
        daemon.listeners[0] |= {"mode": "0600", "group": "www-data"}
        daemon.write_config()
        before = len(daemon.log())
        daemon.reload()
        daemon.await_log(r'reload_refused text=".*listener\.http\.address: the running configuration uses this address with another mode \(now \\"0666\\"\), '
                         r'group \(now \\"\\"\), which only a restart can change; wanted: a restart, or another address"\n', after=before)

    def test_a_socket_file_that_somebody_removed_is_told(self):
        daemon = self.start()
        self.assertNotIn("removed", daemon.tool("reload").stderr)
        os.unlink(daemon.http)
        done = daemon.tool("reload")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"warning: .*listener\.http\.address: somebody has removed the socket's file, and nobody can connect any more; wanted: a restart\n")

    def test_Q_05_plugin_settings_are_tried_before_they_are_loaded(self):
        server, backend, way = self.stuck()
        daemon = self.start(backends=[backend], routes=[way])
        daemon.backends[1]["settings"] = {"apop": "sometimes"}
        daemon.write_config()
        before = len(daemon.log())
        daemon.reload()
        daemon.await_log("reload_refused.*sometimes", after=before)
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_Q_06_nothing_is_lost_by_reloads_under_load(self):
        daemon = self.start()
        stop, bad, count = threading.Event(), [], [0]

        def ask():
            kept = clients.UnixHTTP(daemon.http)
            body = f'{{"address":"{ANN}","password":"{RIGHT}"}}'
            while not stop.is_set():
                try:
                    kept.request("POST", "/v1/login", body, {"Content-Type": "application/json"})
                    reply = kept.getresponse()
                    reply.read()
                    statuses = [reply.status, daemon.login(ANN, RIGHT).status]
                    if reply.getheader("Connection", "").lower() == "close":
                        kept.close()  # a polite goodbye after an answer
                    said = daemon.saslauthd(ANN, RIGHT)
                    count[0] += 3
                    if statuses != [200, 200] or said != "OK":
                        bad.append((statuses, said))
                except Exception as e:  # noqa: BLE001 - every kind of loss counts
                    bad.append(repr(e))
                    kept.close()
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for t in threads:
            t.start()
        try:
            for turn in range(15):
                daemon.routes[0]["help_url"] = f"https://help.example.test/{turn}"
                daemon.write_config()
                daemon.reload()
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertEqual(bad[:5], [])
        self.assertGreater(count[0], 100)

    def test_Q_07_requests_in_flight_finish_on_the_old_configuration(self):
        server, backend, way = self.stuck(delay=1.5)
        daemon = self.start(backends=[backend], routes=[way])
        asked = self.in_background(5, lambda: daemon.login("ann@stuck.test", RIGHT))
        self.assertTrue(server.wait(lambda s: s.credentials == 5))
        del daemon.routes[1], daemon.backends[1]
        daemon.write_config()
        daemon.reload()
        self.verdict(daemon.login("ann@stuck.test", RIGHT), "no_route", "no_route")
        for one in asked:
            self.verdict(one.result(), "accept")

    def test_Q_08_a_hundred_sighups(self):
        daemon = self.start()
        for _ in range(100):
            daemon.process.signal(signal.SIGHUP)
            self.verdict(daemon.login(ANN, RIGHT), "accept")
        daemon.reload()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        self.assertLess(daemon.log().count("event=reloaded"), 90, "signals that come together are one reload")

    def test_listeners_come_and_go(self):
        daemon = self.start()
        extra = daemon.folder + "/extra.sock"
        daemon.listeners.append({"name": "extra", "protocol": "http", "address": "unix:" + extra})
        daemon.write_config()
        daemon.reload()
        self.verdict(daemon.login(ANN, RIGHT, path=extra), "accept")
        daemon.listeners.pop()
        daemon.write_config()
        daemon.reload()
        with self.assertRaises(OSError):
            clients.connect(extra)
        self.verdict(daemon.login(ANN, RIGHT), "accept")
