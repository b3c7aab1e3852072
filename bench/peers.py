"""Others that answer the same question, as Debian ships them: Cyrus' saslauthd, Dovecot's auth service and FreeRADIUS.

Each is asked for the least that gives the verdict: no cache, no log of logins, FreeRADIUS without its usual policies.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

from directory import PEOPLE, READER


def of_directory(folder, address, by_search):
    """(what it is, load's mode, what starts it) of each that can log in people of the directory at `address`; one at a time in `folder`."""
    address = address.removeprefix("tcp:")
    need("/usr/sbin/saslauthd", "sasl2-bin")
    need("/usr/lib/dovecot/modules/auth/libauthdb_ldap.so", "dovecot-ldap")
    need("/usr/sbin/freeradius", "freeradius")
    need("/usr/lib/freeradius/rlm_ldap.so", "freeradius-ldap")
    return (("Cyrus' saslauthd with five processes", "saslauthd", saslauthd(folder, address, by_search)),
            ("Dovecot auth", "dovecot", dovecot_of_directory(folder, address, by_search)),
            ("FreeRADIUS with five threads", "radius", freeradius(folder, address, by_search)))


def need(path, package):
    if not os.path.exists(path):
        raise SystemExit(f"{path} is missing, of Debian's package {package}")


def end(child):
    """FreeRADIUS, for one, does not always end when it is asked to."""
    child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


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
            raise SystemExit(f"nobody made {path}")
        time.sleep(0.01)


@contextlib.contextmanager
def saslauthd(folder, address, by_search, processes=5):
    """(its socket, its processes). It makes itself a daemon, and signals its process group when it ends."""
    os.mkdir(folder)
    how = (f"bind\nldap_search_base: {PEOPLE}\nldap_filter: mail=%u@%r\nldap_bind_dn: {READER}\nldap_password: reader" if by_search
           else f"fastbind\nldap_filter: uid=%u,{PEOPLE}")
    with open(folder + "/conf", "w") as f:
        f.write(f"ldap_servers: ldap://{address}\nldap_auth_method: {how}\n")
    subprocess.run(["saslauthd", "-a", "ldap", "-O", folder + "/conf", "-m", folder, "-n", str(processes)], check=True, start_new_session=True)
    wait_for(folder + "/mux")
    wait_for(folder + "/saslauthd.pid")
    with open(folder + "/saslauthd.pid") as f:
        pids = family(int(f.read()))
    try:
        yield f"unix:{folder}/mux", pids
    finally:
        os.kill(pids[0], signal.SIGTERM)
        until = time.monotonic() + 10
        while os.path.exists(f"/proc/{pids[0]}") and time.monotonic() < until:
            time.sleep(0.01)
        shutil.rmtree(folder)


def dovecot_of_file(folder, users):
    """Everybody in a file, by the password "right"; its cache on."""
    return dovecot_auth(folder, "passwd-file", "".join(f"{user}:{{PLAIN}}right::::::\n" for user in users), "auth_cache_size = 64 M")


def dovecot_of_directory(folder, address, by_search):
    how = f"dn = {READER}\ndnpass = reader\npass_filter = (mail=%u)\n" if by_search else f"auth_bind_userdn = uid=%n,{PEOPLE}\n"
    return dovecot_auth(folder, "ldap", f"uris = ldap://{address}\nbase = {PEOPLE}\nauth_bind = yes\n{how}")


@contextlib.contextmanager
def dovecot_auth(folder, driver, passdb, settings=""):
    """(the socket of Dovecot's auth service alone, its processes); the passwords by `driver`, whose file says `passdb`.

    Dovecot's other processes have nothing to do once it runs.
    """
    os.mkdir(folder, 0o755)
    with open(folder + "/passdb", "w") as f:
        f.write(passdb)
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
{settings}
default_client_limit = 4000
passdb {{
  driver = {driver}
  args = {folder}/passdb
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
        yield f"unix:{folder}/run/load", auth
    finally:
        end(server)
        shutil.rmtree(folder)


def radius_configuration(folder, port, address, by_search, threads):
    directory, directory_port = address.rsplit(":", 1)
    template = "" if by_search else f"""
    if (&User-Name =~ /^([^@]+)@/) {{
      update control {{
        &LDAP-UserDN := "uid=%{{1}},{PEOPLE}"
      }}
    }}"""
    return f"""
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {folder}
logdir = {folder}
run_dir = {folder}
max_requests = 65536
cleanup_delay = 0
log {{
  destination = files
  file = {folder}/log
}}
security {{
  reject_delay = 0
}}
thread pool {{
  start_servers = {threads}
  max_servers = {threads}
  min_spare_servers = 0
  max_spare_servers = {threads}
}}
client load {{
  ipaddr = 127.0.0.1
  secret = bench
}}
modules {{
  ldap {{
    server = "{directory}"
    port = {directory_port}
    identity = "{READER}"
    password = "reader"
    base_dn = "{PEOPLE}"
    user {{
      base_dn = "{PEOPLE}"
      filter = "(mail=%{{User-Name}})"
    }}
    pool {{
      start = {threads}
      min = {threads}
      max = {threads}
      spare = 0
      uses = 0
      lifetime = 0
      idle_timeout = 0
    }}
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = 127.0.0.1
    port = {port}
  }}
  authorize {{
    update control {{
      &Auth-Type := LDAP
    }}{template}
  }}
  authenticate {{
    Auth-Type LDAP {{
      ldap
    }}
  }}
}}
"""


@contextlib.contextmanager
def freeradius(folder, address, by_search, threads=5):
    """(its address, its process). The number of threads stays the same: what one that ended had used would be counted no more."""
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    os.mkdir(folder)
    open(folder + "/dictionary", "w").close()
    with open(folder + "/radiusd.conf", "w") as f:
        f.write(radius_configuration(folder, port, address, by_search, threads))
    server = subprocess.Popen(["freeradius", "-f", "-d", folder, "-n", "radiusd"])
    try:
        wait_for(folder + "/log")
        until = time.monotonic() + 10
        while "Ready to process requests" not in (log := open(folder + "/log").read()):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit("freeradius did not start:\n" + log)
            time.sleep(0.01)
        yield f"udp:127.0.0.1:{port}", [server.pid]
    finally:
        end(server)
        shutil.rmtree(folder)
