"""Others that answer the same question, as Debian ships them: Cyrus' saslauthd with its LDAP mechanism, Dovecot's auth service."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

from directory import PEOPLE


def fastbind(address):
    return f"ldap_servers: ldap://{address[4:]}\nldap_auth_method: fastbind\nldap_filter: uid=%u,{PEOPLE}\n"


def search(address):
    return f"ldap_servers: ldap://{address[4:]}\nldap_auth_method: bind\nldap_search_base: {PEOPLE}\nldap_filter: mail=%u@%r\nldap_bind_dn: cn=reader,dc=bench,dc=example\nldap_password: reader\n"


def family(pid):
    found = [pid]
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as f:
            if int(f.read().rpartition(")")[2].split()[1]) == pid:
                found.append(int(name))
    return found


def wait_for(path):
    until = time.monotonic() + 10
    while not os.path.exists(path):
        if time.monotonic() > until:
            raise SystemExit(f"saslauthd made no {path}")
        time.sleep(0.01)


@contextlib.contextmanager
def saslauthd(folder, configuration, processes=5):
    """(its socket, its processes). It makes itself a daemon, and signals its process group when it ends."""
    os.mkdir(folder)
    with open(folder + "/conf", "w") as f:
        f.write(configuration)
    subprocess.run(["saslauthd", "-a", "ldap", "-O", folder + "/conf", "-m", folder, "-n", str(processes)], check=True, start_new_session=True)
    wait_for(folder + "/mux")
    wait_for(folder + "/saslauthd.pid")
    with open(folder + "/saslauthd.pid") as f:
        pids = family(int(f.read()))
    try:
        yield folder + "/mux", pids
    finally:
        os.kill(pids[0], signal.SIGTERM)
        until = time.monotonic() + 10
        while os.path.exists(f"/proc/{pids[0]}") and time.monotonic() < until:
            time.sleep(0.01)
        shutil.rmtree(folder)


@contextlib.contextmanager
def dovecot_auth(folder, users):
    """(the socket of Dovecot's auth service alone, its processes): everybody in a file, by the password "right"; its cache on."""
    os.mkdir(folder, 0o755)
    with open(folder + "/users", "w") as f:
        f.writelines(f"{user}:{{PLAIN}}right::::::\n" for user in users)
    with open(folder + "/dovecot.conf", "w") as f:
        f.write(f"""
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols =
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain
auth_cache_size = 64 M
default_client_limit = 4000
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=dovecot gid=dovecot home=/nonexistent
}}
service auth {{
  client_limit = 4000
  unix_listener load {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
""")
    os.mkdir(folder + "/run", 0o755)
    server = subprocess.Popen(["dovecot", "-c", folder + "/dovecot.conf", "-F"])
    try:
        wait_for(folder + "/run/load")
        with socket.socket(socket.AF_UNIX) as s:  # the auth process starts with its first client
            s.connect(folder + "/run/load")
            s.recv(1000)
        auth = [pid for pid in family(server.pid) if open(f"/proc/{pid}/comm").read().strip() == "auth"]
        yield folder + "/run/load", auth
    finally:
        server.terminate()
        server.wait()
