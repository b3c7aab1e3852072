"""The service manager's end of sd_notify: a datagram socket that is always read, so that nobody who notifies ever waits."""
import os
import socket
import threading


class Notices:
    def __init__(self, path):
        if os.path.exists(path):
            os.unlink(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o777)
        self._came, self._lines, self._open = threading.Condition(), [], True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                data = self._socket.recv(4096)
            except OSError:
                return
            if not data:  # close() says so
                return
            with self._came:
                self._lines += data.decode(errors="replace").split("\n")
                self._came.notify_all()

    def count(self, line):
        with self._came:
            return self._lines.count(line)

    def wait(self, line, more_than=0, seconds=0.05):
        """Whether this line has come more often than so many times."""
        with self._came:
            return self._came.wait_for(lambda: self._lines.count(line) > more_than, seconds)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(2)
        self._socket.close()
