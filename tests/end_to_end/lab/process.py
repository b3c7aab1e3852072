"""Processes of ours: started, watched, stopped and reaped."""
import ctypes
import os
import select
import signal
import socket
import subprocess
import time

_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans():
    """Children of stopped masters come to us instead of PID 1, so that we can reap them and see what was left behind."""
    _libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def die_with_parent():
    _libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def wait_until(condition, seconds, what):
    """Polls: for servers that announce nothing. Returns the condition's value. `seconds` are a quiet machine's; a busy one gets more."""
    end = time.monotonic() + 6 * seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            text = f.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if ")" not in text:  # it went while we were reading
        return None
    fields = text[text.rindex(")") + 2:].split()
    return fields[0], int(fields[1])


def family(pid):
    """The process and everything below it, parents first."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (s := state(int(name))):
            parents.setdefault(s[1], []).append(int(name))
    found, todo = [], [pid]
    while todo:
        p = todo.pop(0)
        found.append(p)
        todo += parents.get(p, [])
    return found


class Process:
    def __init__(self, argv, log=None, env=None, cwd=None, pass_fds=(), preexec=None, stdin=subprocess.DEVNULL):
        self.log_path = log
        out = open(log, "ab") if log else subprocess.DEVNULL

        def before():
            die_with_parent()
            if preexec:
                preexec()
        try:
            self._p = subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd,
                                       start_new_session=True, pass_fds=pass_fds, preexec_fn=before)
        finally:
            if log:
                out.close()
        self.pid = self._p.pid

    @property
    def status(self):
        return self._p.poll()

    def log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode(errors="replace")

    def signal(self, number):
        self._p.send_signal(number)

    def signal_all(self, number):
        """To the whole family: a stopped master alone leaves its children working."""
        for pid in family(self.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def wait(self, seconds):
        return self._p.wait(seconds)

    def stop(self, seconds=10):
        """SIGTERM and the exit status; SIGKILL for what does not listen."""
        if self._p.poll() is None:
            left = family(self.pid)
            self.signal_all(signal.SIGCONT)
            self._p.terminate()
            try:
                self._p.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
            self._kill(left)
        return self._p.wait(5)

    def kill(self):
        self._kill(family(self.pid))
        self._p.wait(5)

    def _kill(self, pids):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Server:
    """What all servers of the laboratory have in common: one `process`, which a test stops, kills, freezes and reads."""
    process = None

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.process.signal_all(signal.SIGCONT)

    def log(self):
        return self.process.log()


def reap_strays():
    """Kills and reaps what came to us by adoption. Returns how many there were."""
    count = 0
    for pid in family(os.getpid())[1:]:
        try:
            os.kill(pid, signal.SIGKILL)
            count += 1
        except ProcessLookupError:
            pass
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
        except ChildProcessError:
            break
    return count


def run(argv, input=None, timeout=60, env=None, user=None, cwd=None):
    """Runs to the end; never raises for a status. Text in, text out."""
    return subprocess.run(argv, input=input, capture_output=True, text=True, errors="replace", timeout=timeout, env=env, user=user, cwd=cwd,
                          extra_groups=[] if user is not None else None, check=False)


def must(argv, **more):
    done = run(argv, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def greeting(host, port, begins, seconds=10, alive=lambda: True):
    """Waits until the server greets: an open port alone proves little, masters listen before their children work."""
    def once():
        if not alive():
            raise RuntimeError(f"the server for {host}:{port} died at start")
        try:
            with socket.create_connection((host, port), 2) as s:
                s.settimeout(3)
                return s.recv(512).startswith(begins)
        except OSError:
            return False
    wait_until(once, seconds, f"greeting from {host}:{port}")


def port_open(host, port, seconds=10):
    def once():
        try:
            socket.create_connection((host, port), 2).close()
            return True
        except OSError:
            return False
    wait_until(once, seconds, f"{host}:{port}")


def readable(sock, seconds):
    return bool(select.select([sock], [], [], seconds)[0])
