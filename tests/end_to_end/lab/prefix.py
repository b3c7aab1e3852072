"""Where the built and installed broker is."""
import os


class Prefix:
    def __init__(self, path):
        self.path = path
        self.daemon = os.path.join(path, "sbin/authbrokerd")
        self.tool = os.path.join(path, "bin/authbroker")
        self.plugins = os.path.join(path, "lib/authbroker/plugins")

    @property
    def sanitized(self):
        """Such a build needs more memory, and leaves the process traceable."""
        with open(self.daemon, "rb") as f:
            text = f.read()
        return b"__asan_init" in text or b"__tsan_init" in text

    @classmethod
    def given(cls):
        """What run.py told its test processes."""
        return cls(os.environ["E2E_PREFIX"])


def cache():
    """A folder that all test processes of one run share."""
    return os.environ["E2E_CACHE"]


def source():
    return os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
