"""A greylist that Postfix asks (check_policy_service): who comes with a new host, sender and recipient is told to come again in `delay`
seconds; whoever comes before that begins anew, as some have it. `tries` has every question: (sender, recipient, passed)."""
import socketserver
import threading
import time


class Greylist:
    def __init__(self, delay, known=()):
        self.delay, self.tries, self._first, self._known, self._lock = delay, [], {}, set(known), threading.Lock()
        greylist = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                asked = {}
                for line in self.rfile:
                    name, _, value = line.decode().rstrip("\n").partition("=")
                    if name:
                        asked[name] = value
                        continue
                    self.wfile.write(f"action={greylist._judge(asked)}\n\n".encode())
                    asked = {}
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def service(self):
        return f"check_policy_service inet:127.0.0.1:{self._server.server_address[1]}"

    def _judge(self, asked):
        key, now = (asked["client_address"], asked["sender"], asked["recipient"]), time.monotonic()
        with self._lock:
            first = self._first.get(key)
            passed = asked["recipient"] in self._known or (first is not None and now - first >= self.delay)
            if not passed:
                self._first[key] = now
            self.tries.append((asked["sender"], asked["recipient"], passed))
        return "dunno" if passed else f"defer_if_permit Greylisted for {self.delay} seconds"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
