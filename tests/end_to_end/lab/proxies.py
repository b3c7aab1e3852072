"""HAProxy and Caddy, and the application behind any proxy."""
import glob
import http.server
import json
import os
import threading

from .place import put
from .process import Process, Server, port_open
from .unpacked import unpack


class Application:
    """What a proxy lets through arrives here. Each answer is JSON and says what came: method, path, headers (a list), bytes of body."""

    def __init__(self):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                what = {"method": self.command, "path": self.path, "headers": [[k.lower(), v] for k, v in self.headers.items()], "body": len(body)}
                seen.append(what)
                data = json.dumps(what).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = handle_any

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def as_www_data(argv):
    return ["setpriv", "--reuid", "www-data", "--regid", "www-data", "--clear-groups", *argv]


class HAProxy(Server):
    def __init__(self, folder, cache, config, port):
        root = unpack(cache, "haproxy", ["haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1", "libpcre2-8-0"])
        libraries = ":".join(glob.glob(root + "/usr/lib/*-linux-gnu"))
        put(os.path.join(folder, "haproxy.cfg"), config)
        self.port = port
        self.process = Process([root + "/usr/sbin/haproxy", "-db", "-f", os.path.join(folder, "haproxy.cfg")], log=os.path.join(folder, "log"),
                               env=os.environ | {"LD_LIBRARY_PATH": libraries})
        _ready(self)


class Caddy(Server):
    def __init__(self, folder, cache, config, port):
        root = unpack(cache, "caddy", ["caddy"])
        put(os.path.join(folder, "Caddyfile"), config)
        os.chmod(folder, 0o777)
        self.port = port
        argv = as_www_data([root + "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", os.path.join(folder, "Caddyfile")])
        self.process = Process(argv, log=os.path.join(folder, "log"), env={"PATH": os.environ["PATH"], "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder})
        _ready(self)


def _ready(server):
    try:
        port_open("127.0.0.1", server.port)
    except TimeoutError as e:
        said = server.log()
        server.stop()
        raise RuntimeError(f"{type(server).__name__}: {e}\n{said}") from e
