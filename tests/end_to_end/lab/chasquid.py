"""chasquid: an SMTP server of another make, which asks for its users and its recipients by Dovecot's protocols."""
import os
import shutil

from .mail_server import MailServer
from .place import free_port, put
from .process import Process, greeting
from .unpacked import unpack

PACKAGES = ["chasquid"]


class Chasquid(MailServer):
    """`more`: further lines of its configuration; `domains`: whose mail it takes."""
    name = "chasquid"

    def __init__(self, folder, certificate, cache, more, domains):
        self.folder, self.smtp, self.submission = folder, free_port(), free_port()
        keys = os.path.join(folder, "etc/certs/localhost")
        for path in (keys, os.path.join(folder, "data"), *(os.path.join(folder, "etc/domains", domain) for domain in domains)):
            os.makedirs(path)
        shutil.copy(certificate[0], os.path.join(keys, "fullchain.pem"))
        shutil.copy(certificate[1], os.path.join(keys, "privkey.pem"))
        put(os.path.join(folder, "etc/chasquid.conf"), f"""
hostname: "localhost"
smtp_address: "{self.host}:{self.smtp}"
submission_address: "{self.host}:{self.submission}"
data_dir: "{folder}/data"
mail_log_path: "{folder}/mail.log"
mail_delivery_agent_bin: "/bin/true"
{more}""")
        program = os.path.join(unpack(cache, "chasquid", PACKAGES), "usr/bin/chasquid")
        self.process = Process([program, "-config_dir=" + os.path.join(folder, "etc")], log=os.path.join(folder, "stdout.log"))
        try:
            for port in (self.smtp, self.submission):
                greeting(self.host, port, self.greets, alive=lambda: self.process.status is None)
        except BaseException:
            self.stop()
            raise
