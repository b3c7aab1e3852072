"""Folders and ports of one test run."""
import os
import random
import shutil
import socket
import tempfile


class Place:
    """A short folder that daemons without root may walk through (mkdtemp alone would be 0700)."""

    def __init__(self, keep=bool(os.environ.get("E2E_KEEP"))):
        self.path = tempfile.mkdtemp(prefix="ab.", dir="/tmp")
        os.chmod(self.path, 0o755)
        self._keep = keep
        self._count = 0

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def sub(self, name):
        """A new folder below, with a number of its own."""
        self._count += 1
        path = self / f"{name}{self._count}"
        os.mkdir(path, 0o755)
        return path

    def write(self, name, text, mode=0o644):
        path = self / name
        put(path, text, mode)
        return path

    def close(self):
        if not self._keep:
            shutil.rmtree(self.path, ignore_errors=True)


def put(path, text, mode=0o644):
    """Writes a file with exactly this mode, in one step for whoever reads it."""
    data = text if isinstance(text, bytes) else text.encode()
    fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as f:
        f.write(data)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


_given = set()


def _first_to_take(port):
    """Each port is given once in a run, also to test files that run beside this one: some are to stay closed."""
    if port in _given:
        return False
    _given.add(port)
    if "E2E_CACHE" not in os.environ:
        return True
    folder = os.path.join(os.environ["E2E_CACHE"], "ports")
    os.makedirs(folder, exist_ok=True)
    try:
        os.close(os.open(os.path.join(folder, str(port)), os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def free_port(host="127.0.0.1"):
    """A port that nobody has, outside the range from which the kernel gives client ports, so that it stays free."""
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        with socket.socket() as s:
            try:
                s.bind((host, port))
            except OSError:
                continue
        if _first_to_take(port):
            return port
