"""Where the built and installed broker is."""
import os


class Prefix:
    def __init__(self, path):
        self.path = path
        self.daemon = os.path.join(path, "sbin/authbrokerd")
        self.tool = os.path.join(path, "bin/authbroker")
        self.plugins = os.path.join(path, "lib/authbroker/plugins")

    @classmethod
    def given(cls):
        """What run.py told its test processes."""
        return cls(os.environ["E2E_PREFIX"])


def cache():
    """A folder that all test processes of one run share."""
    return os.environ["E2E_CACHE"]


def source():
    return os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
