"""The daemon's life: start, drain, crash, limits, privileges, activation, logs."""
import base64
import json
import os
import pwd
import re
import resource
import shutil
import signal
import socket
import threading
import time

from fakes.pop3 import Pop3Server
from lab import clients
from lab.case import pop3_backend, route
from lab.daemon import NotReady
from lab.life import ANN, RIGHT, WRONG, Life
from lab.process import run, wait_until


class End(Life):
    def test_S_01_sigterm_answers_what_is_in_flight(self):
        server, backend, way = self.stuck(delay=1.5)
        daemon = self.start(backends=[backend], routes=[way])
        asked = self.in_background(50, lambda: daemon.login("ann@stuck.test", RIGHT))
        self.assertTrue(server.wait(lambda s: s.credentials == 50, 10))
        daemon.process.signal(signal.SIGTERM)
        self.assertEqual([a.result().verdict for a in asked], ["accept"] * 50)
        self.assertEqual(daemon.process.wait(10), 0)
        daemon.kill()

    def test_S_01_sigterm_does_not_wait_for_the_stuck(self):
        server, backend, way = self.stuck()
        daemon = self.start(backends=[backend], routes=[way], broker={"request_timeout": "3s"})
        asked = self.in_background(20, lambda: daemon.login("ann@stuck.test", RIGHT))
        self.assertTrue(server.wait(lambda s: s.credentials == 20, 10))
        started = time.monotonic()
        daemon.process.signal(signal.SIGTERM)
        self.assertEqual({a.result().verdict for a in asked}, {"tempfail"})
        self.assertEqual(daemon.process.wait(12), 0)
        self.assertLess(time.monotonic() - started, 9)
        daemon.kill()

    def test_S_02_kill_9_under_load_and_back(self):
        daemon = self.start()
        verdicts, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    verdicts.append((daemon.login(ANN, RIGHT).verdict, daemon.login(ANN, WRONG).verdict))
                except (OSError, clients.http.client.HTTPException):
                    pass
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for _ in range(8):
                time.sleep(0.05)  # a moment of life, to be killed in the middle of
                daemon.kill()
                daemon.start()
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertEqual(set(verdicts) - {("accept", "reject")}, set())
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_S_04_signals_that_mean_nothing(self):
        daemon = self.start()
        for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD):
            with self.subTest(signal=number.name):
                daemon.process.signal(number)
                self.verdict(daemon.login(ANN, RIGHT), "accept")


class Resources(Life):
    def test_watchdog_is_fed(self):
        daemon = self.start(start=False)
        daemon.start(wrap=["sh", "-c", 'WATCHDOG_PID=$$ exec "$@"', "watched"], env={"WATCHDOG_USEC": "400000"})
        daemon.await_notice("WATCHDOG=1", more_than=3, seconds=5)

    def test_J_08_S_09_out_of_file_descriptors(self):
        """The limit is lowered while it runs, so that start-up cannot have prepared for it."""
        daemon = self.start()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        used = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (used + 10, used + 10))
        held = [clients.connect(daemon.http) for _ in range(60)]
        first = cpu_seconds(daemon.process.pid)
        time.sleep(2)  # the measured stretch
        self.assertLess(cpu_seconds(daemon.process.pid) - first, 0.3, "it spins on EMFILE")
        daemon.await_log("event=out_of_descriptors")
        for s in held:
            s.close()
        wait_until(lambda: daemon.login(ANN, RIGHT).verdict == "accept", 5, "recovery")
        self.assertLess(daemon.log().count("event=out_of_descriptors"), 20)

    def test_R_05_no_core_dumps(self):
        daemon = self.start(start=False)
        for path in (daemon.folder, daemon.config_path, self.people["settings"]["file"]):
            shutil.chown(path, "nobody")
        daemon.start(wrap=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"])
        pid = daemon.process.pid
        with open(f"/proc/{pid}/limits") as f:
            core = next(line for line in f if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])
        if daemon.prefix.sanitized:
            return
        # The kernel gives the /proc files of a process that may not be dumped to root.
        self.assertEqual(os.stat(f"/proc/{pid}/environ").st_uid, 0)
        done = run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "cat", f"/proc/{pid}/environ"])
        self.assertNotEqual(done.returncode, 0)

    def test_privileges_are_dropped(self):
        daemon = self.start(broker={"user": "nobody"}, start=False)
        self.give_to_nobody()
        daemon.listeners[0]["mode"] = "0660"
        daemon.listeners[0]["group"] = "www-data"
        daemon.write_config()
        daemon.start()
        with open(f"/proc/{daemon.process.pid}/status") as f:
            status = dict(line.rstrip("\n").split(":", 1) for line in f)
        nobody = pwd.getpwnam("nobody")
        self.assertEqual(set(status["Uid"].split()), {str(nobody.pw_uid)})
        self.assertEqual(set(status["Gid"].split()), {str(nobody.pw_gid)})
        self.assertNotIn("0", status["Groups"].split())
        self.assertEqual({int(status[c], 16) for c in ("CapPrm", "CapEff", "CapInh", "CapAmb")}, {0})
        self.assertEqual(os.stat(daemon.http).st_gid, pwd.getpwnam("www-data").pw_gid)
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        self.assertEqual(daemon.tool("status").returncode, 0)

    def test_reload_after_the_drop(self):
        """What root made once must not be needed again."""
        daemon = self.start(broker={"user": "nobody"}, start=False)
        self.give_to_nobody()
        os.chmod(daemon.config_path, 0o640)
        shutil.chown(daemon.config_path, "root", "nogroup")
        daemon.start()
        daemon.reload()
        self.verdict(daemon.login(ANN, RIGHT), "accept")

    def test_socket_activation(self):
        daemon = self.start(start=False)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(daemon.http)
        listening.listen(16)
        inode = os.stat(daemon.http).st_ino
        daemon._preexec = lambda: os.dup2(listening.fileno(), 3, inheritable=True)
        early = clients.connect(daemon.http)  # before the daemon lives
        body = f'{{"address":"{ANN}","password":"{RIGHT}"}}'
        early.sendall(f"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        daemon.start(wrap=["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "activate"], pass_fds=(3,), env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"})
        self.assertTrue(early.recv(1000).startswith(b"HTTP/1.1 200"))
        early.close()
        self.verdict(daemon.login(ANN, RIGHT), "accept")
        self.assertEqual(daemon.saslauthd(ANN, RIGHT), "OK")
        daemon.stop()
        self.assertEqual(os.stat(daemon.http).st_ino, inode, "a socket that was handed in is not ours to remove")
        listening.close()


class Logs(Life):
    def test_R_04_R_16_a_blocked_log_delays_no_verdict_and_no_end(self):
        """Standard error is a pipe that nobody reads."""
        daemon = self.start(start=False)
        os.mkfifo(daemon.log_path)
        reader = os.open(daemon.log_path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        daemon.start()
        kept = clients.UnixHTTP(daemon.http)
        slowest = 0
        for i in range(1500):  # some 300 bytes of log each: several times what a pipe holds
            started = time.monotonic()
            kept.request("POST", "/v1/mailbox", f'{{"address":"{"x" * 60}{i}@example.test"}}', {"Content-Type": "application/json"})
            self.assertEqual(kept.getresponse().read()[:10], b'{"verdict"')
            slowest = max(slowest, time.monotonic() - started)
        kept.close()
        self.assertLess(slowest, 5)
        daemon.process.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(10), 0)
        daemon.kill()

    def test_log_file_rotates_on_sighup(self):
        daemon = self.start(start=False)
        path = daemon.folder + "/decisions.log"
        daemon.log_table["target"] = path
        daemon.write_config()
        daemon.start()
        daemon.login(ANN, RIGHT)
        wait_until(lambda: ANN in text(path), 5, "the first line")
        os.rename(path, path + ".1")
        daemon.reload()
        second = daemon.login(ANN, WRONG)["id"]
        wait_until(lambda: os.path.exists(path) and second in text(path), 5, "a line in the new file")
        self.assertNotIn(second, text(path + ".1"))

    def test_each_decision_is_one_line(self):
        daemon = self.start(log={"level": "info"})
        ids = [daemon.login(ANN, p)["id"] for p in (RIGHT, WRONG, RIGHT)]
        for one in ids:
            line = daemon.await_log(rf"(?m)^.*{re.escape(one)}.*$").group(0)
            self.assertIn(ANN, line)
            self.assertEqual(sum(one in row for row in daemon.log().splitlines()), 1)

    def test_json_lines(self):
        daemon = self.start(log={"level": "info", "format": "json"})
        one = daemon.login(ANN, WRONG)["id"]
        daemon.await_log(re.escape(one))
        rows = [json.loads(row) for row in daemon.log().splitlines()]
        self.assertEqual([r for r in rows if one in r.values()][0].get("reason"), "wrong_password")

    def test_R_01_forged_lines_stay_one_line(self):
        daemon = self.start()
        daemon.login("x\nlevel=info event=login verdict=accept\x1b[2J\u202e@example.test", WRONG)
        daemon.login("y" * 5000 + "@example.test", WRONG)
        marker = daemon.login(ANN, WRONG)["id"]
        daemon.await_log(re.escape(marker))
        for row in daemon.log().splitlines():
            self.assertFalse(row.startswith("level=info event=login verdict=accept"), row)
            self.assertNotIn("\x1b", row)
            self.assertLess(len(row), 4000)

    def test_R_02_secrets_are_nowhere_at_debug(self):
        server = self.lab.adopt(Pop3Server(tls="implicit", certificate=self.lab.ca.good, users={"ann": RIGHT}, sasl=["PLAIN", "LOGIN"],
                                           replies={"auth2_refused": lambda s, normal: b"-ERR [AUTH] your password '" + WRONG.encode() + b"' is wrong\r\n"}))
        daemon = self.start(backends=[pop3_backend("echo", server.url(), self.lab, settings={"mechanisms": ["PLAIN"]})],
                            routes=[route("echo.test", "echo", strip_domain=True)], log={"level": "debug"})
        daemon.canaries |= {f"\0ann\0{WRONG}", f"\0ann\0{RIGHT}"}
        self.verdict(daemon.login("ann@echo.test", RIGHT), "accept")
        no = daemon.login("ann@echo.test", WRONG)
        self.assertNotIn(WRONG, no.body.decode())
        shown = daemon.tool("test", "login", "ann@echo.test", "--password-stdin", password=WRONG)
        for form in (WRONG, base64.b64encode(WRONG.encode()).decode(), base64.b64encode(f"\0ann\0{WRONG}".encode()).decode()):
            self.assertNotIn(form, shown.stdout + shown.stderr)
        daemon.stop()  # looks for every canary


class Start(Life):
    def refused(self, daemon, status, *words):
        with self.assertRaises(NotReady) as caught:
            daemon.start()
        for word in (f"exit status {status}", *words):
            self.assertIn(word, str(caught.exception))

    def test_missing_configuration(self):
        daemon = self.start(start=False)
        os.unlink(daemon.config_path)
        self.refused(daemon, 78, daemon.config_path)

    def test_Q_04_configuration_that_others_may_write(self):
        daemon = self.start(start=False)
        os.chmod(daemon.config_path, 0o666)
        self.refused(daemon, 78, daemon.config_path)

    def test_all_errors_at_once(self):
        daemon = self.start(start=False)
        daemon.broker["wrkers"] = 3
        daemon.routes.append(route("other.test", "poeple"))
        daemon.listeners[0]["mode"] = "rw"
        daemon.write_config()
        self.refused(daemon, 78, "wrkers", "workers", "poeple", "people", "mode")

    def test_check_says_yes_and_no_without_serving(self):
        daemon = self.start(start=False)
        argv = [daemon.prefix.daemon, "--check", "--config", daemon.config_path]
        self.assertEqual(run(argv).returncode, 0)
        self.assertFalse(os.path.exists(daemon.http))
        daemon.backends[0]["settings"]["file"] = "/nonexistent/users"
        daemon.write_config()
        done = run(argv)
        self.assertEqual(done.returncode, 78)
        self.assertIn("/nonexistent/users", done.stderr + done.stdout)

    def test_ordinary_user_from_any_prefix(self):
        daemon = self.start(start=False)
        for path in (daemon.folder, daemon.config_path, self.people["settings"]["file"]):
            shutil.chown(path, "nobody")
        daemon.start(wrap=["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"])
        self.verdict(daemon.login(ANN, RIGHT), "accept")


def text(path):
    with open(path) as f:
        return f.read()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
