"""Others that answer the same question, as Debian ships them: Cyrus' saslauthd with its LDAP mechanism."""
import contextlib
import os
import shutil
import signal
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
