"""nginx: with auth_request in front of a page, and as a mail proxy."""
import os

from .place import free_port, put
from .process import Process, Server, port_open
from .unpacked import unpack


def _folders(folder):
    for name in ("tmp", "www"):
        os.mkdir(os.path.join(folder, name), 0o777)
        os.chmod(os.path.join(folder, name), 0o777)
    put(os.path.join(folder, "www/index.html"), "the secret page\n")


def _main(folder):
    return f"user www-data;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log info;\nevents {{ worker_connections 256; }}\n"


def _web(folder, sites):
    places = " ".join(f"{what}_temp_path {folder}/tmp;" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return _main(folder) + f"http {{\n  access_log off;\n  {places}\n{sites}\n}}\n"


class _AnyNginx(Server):
    """nginx with a configuration; ready once its ports are open."""

    def __init__(self, folder, text, ports):
        self.folder = folder
        put(os.path.join(folder, "nginx.conf"), text)
        self.process = Process(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log", "-g", "daemon off;"],
                               log=f"{folder}/stdout.log")
        try:
            for port in ports:
                port_open("127.0.0.1", port)
        except TimeoutError as e:
            said = self.process.log() + self.log()
            self.stop()
            raise RuntimeError(f"nginx: {e}\n{said}") from e

    def log(self):
        with open(os.path.join(self.folder, "error.log"), errors="replace") as f:
            return f.read()


class NginxMail(_AnyNginx):
    """The mail proxy; `mail` is a whole mail {}."""

    def __init__(self, folder, cache, mail, ports):
        module = os.path.join(unpack(cache, "nginx-mail", ["libnginx-mod-mail"]), "usr/lib/nginx/modules/ngx_mail_module.so")
        super().__init__(folder, f"load_module {module};\n" + _main(folder) + mail, ports)


class NginxSite(_AnyNginx):
    """A web server with one site of its own; `site` is what stands in sites-enabled."""

    def __init__(self, folder, site, port):
        self.port = port
        _folders(folder)
        super().__init__(folder, _web(folder, site), [port])


class Nginx(_AnyNginx):
    def __init__(self, folder, broker_socket):
        self.port = free_port()
        _folders(folder)
        super().__init__(folder, _web(folder, f"""
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      auth_request /_auth;
      auth_request_set $who $upstream_http_x_auth_identity;
      add_header X-Who $who;
      root {folder}/www;
    }}
    location = /_auth {{
      internal;
      proxy_pass http://unix:{broker_socket}:/v1/auth;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Real-IP $remote_addr;
    }}
  }}
"""), [self.port])
