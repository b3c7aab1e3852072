"""Servers that cannot be installed beside Dovecot: their Debian packages are fetched and unpacked, not installed, and run in a
private mount namespace where the unpacked files lie over /usr. Nothing of the system changes. Needs root."""
import fcntl
import glob
import os
import shutil

from .process import must, run


def unpack(cache, name, packages):
    """Once per run, also if several test processes want it. Returns the folder to lay over the system."""
    root = os.path.join(cache, name)
    os.makedirs(cache, mode=0o755, exist_ok=True)
    with open(os.path.join(cache, name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(root + ".done"):
            return root
        debs = os.path.join(cache, name + ".debs")
        for folder in (root, debs):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder, 0o755)
        if run(["apt-get", "download", "-q", *packages], cwd=debs, timeout=120).returncode != 0:
            must(["apt-get", "update", "-q"], timeout=120)  # a machine that has never asked what there is, or asked long ago
            must(["apt-get", "download", "-q", *packages], cwd=debs, timeout=120)
        for deb in glob.glob(os.path.join(debs, "*.deb")):
            must(["dpkg", "-x", deb, root])
        for part in ("lib", "bin", "sbin"):  # what belongs to the merged /usr must lie below usr
            old = os.path.join(root, part)
            if os.path.isdir(old) and not os.path.islink(old):
                shutil.copytree(old, os.path.join(root, "usr", part), symlinks=True, dirs_exist_ok=True)
                shutil.rmtree(old)
        shutil.rmtree(debs)
        open(root + ".done", "w").close()
    return root


_ENTER = """
while [ "$1" != -- ]; do
  how=${1%%:*} rest=${1#*:}; source=${rest%%:*} target=${rest#*:}
  if [ "$how" = over ]; then mount -t overlay overlay -o "lowerdir=$source:$target" "$target"; else mount --bind "$source" "$target"; fi || exit 99
  shift
done
shift
exec "$@"
"""


def namespaced(mounts, argv):
    """argv in a private mount namespace. mounts: ("over", folder, target) adds the folder's files to the target's, ("bind", a, b)
    puts a in place of b; in this order. The pid stays."""
    words = [f"{how}:{source}:{target}" for how, source, target in mounts]
    return ["unshare", "-m", "--propagation", "private", "bash", "-c", _ENTER, "enter", *words, "--", *argv]


def accounts(folder, users):
    """Private copies of passwd and group with these (name, id) added: the mounts for them."""
    mounts = []
    for file, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
        with open("/etc/" + file) as f:
            text = f.read()
        for name, number in users:
            if not any(row.startswith(name + ":") for row in text.splitlines()):
                text += line.format(name, number)
        path = os.path.join(folder, file)
        with open(path, "w") as f:
            f.write(text)
        mounts.append(("bind", path, "/etc/" + file))
    return mounts
