"""A private network namespace with one address that is not loopback, and names for it. Needs root; nothing outside sees it."""
import contextlib
import ctypes
import os

from .place import put
from .process import Process, wait_until

_libc = ctypes.CDLL(None, use_errno=True)
_NEW_NET = 0x40000000


class Island:
    """more: further addresses."""

    def __init__(self, address, names, folder, name_server="127.0.0.1", more=()):
        hosts = os.path.join(folder, "hosts")
        put(hosts, "127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in names.items()))
        resolv = os.path.join(folder, "resolv.conf")
        put(resolv, f"nameserver {name_server}\n")  # by default nobody is there
        ready = os.path.join(folder, "ready")
        # One process holds the namespaces; others enter them by its number.
        addresses = " && ".join(f"ip addr add {a}/32 dev lo" for a in (address, *more))
        script = (f"ip link set lo up && {addresses} && "
                  f"mount --bind {hosts} /etc/hosts && mount --bind {resolv} /etc/resolv.conf && touch {ready} && exec sleep 3600")
        self._holder = Process(["unshare", "-n", "-m", "--propagation", "private", "sh", "-c", script], log=os.path.join(folder, "log"))

        def up():
            if self._holder.status is not None:
                raise RuntimeError("no private network: " + self._holder.log())
            return os.path.exists(ready)
        wait_until(up, 10, "the private network")

    def wrap(self):
        """Put before a command: it runs inside."""
        return ["nsenter", "-t", str(self._holder.pid), "-n", "-m"]

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes within belong to the island."""
        home, there = os.open("/proc/thread-self/ns/net", os.O_RDONLY), os.open(f"/proc/{self._holder.pid}/ns/net", os.O_RDONLY)
        try:
            if _libc.setns(there, _NEW_NET):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            _libc.setns(home, _NEW_NET)
            os.close(home), os.close(there)

    def stop(self):
        self._holder.kill()
