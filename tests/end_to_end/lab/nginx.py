"""nginx with auth_request in front of a page."""
import os

from .place import free_port, put
from .process import Process, port_open


class Nginx:
    def __init__(self, folder, broker_socket):
        self.port = free_port()
        for name in ("tmp", "www"):
            os.mkdir(os.path.join(folder, name), 0o777)
            os.chmod(os.path.join(folder, name), 0o777)
        put(os.path.join(folder, "www/index.html"), "the secret page\n")
        put(os.path.join(folder, "nginx.conf"), f"""
user www-data;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
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
}}
""")
        self.process = Process(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log", "-g", "daemon off;"],
                               log=f"{folder}/stdout.log")
        port_open("127.0.0.1", self.port)

    def stop(self):
        self.process.stop()
