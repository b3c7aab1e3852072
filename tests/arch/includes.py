#!/usr/bin/python3
"""Which room may include what. The build keeps rooms apart by include folders; this also judges system headers, and plugins."""
import re

from tree import files, line_of, planted, report

# room: the rooms whose headers it may include, and the third-party and system headers it may not.
ASIO, TLS, TOML, JSON = r"boost/asio", r"openssl/|gnutls", r"toml\+\+", r"boost/(json|beast)"
SOCKETS = r"sys/socket|netinet/|netdb\.h|sys/un\.h"
ROOMS = {
    "abi": ("", r"."),  # <stddef.h> <stdint.h> <stdbool.h>: see below
    "base": ("base", "|".join([ASIO, TLS, TOML, JSON, SOCKETS])),
    "wire": ("base wire", "|".join([ASIO, TLS, TOML, SOCKETS, r"unistd\.h|fcntl\.h|thread|mutex"])),
    "ask": ("base ask", "|".join([ASIO, TLS, TOML, "thread|mutex|csignal|signal\\.h"])),
    "core": ("base core", "|".join([ASIO, TLS, TOML, JSON, SOCKETS, r"unistd\.h|fcntl\.h|dlfcn"])),
    "net": ("base net", "|".join([TOML, JSON])),
    "host": ("base core net host", "|".join([TLS, TOML, JSON])),
    "front": ("base core wire net front", "|".join([TLS, TOML, r"boost/json", r"dlfcn"])),
    "config": ("base core config", "|".join([ASIO, TLS, JSON, SOCKETS])),
    "ops": ("base core wire net host front config ops", "|".join([TLS, TOML])),
    "tool": ("base config tool", "|".join([ASIO, TLS, TOML, r"boost/beast"])),
    "doc": ("base", "|".join([ASIO, TLS, TOML, JSON, SOCKETS])),
}
ADAPTER_FORBIDDEN = "|".join([r"boost/", TLS, TOML, SOCKETS])
PLUGIN_FORBIDDEN = "|".join([r"boost/", r"openssl/(ssl|bio)\.h", SOCKETS, TOML])
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.M)


def room_check(path, text):
    room = path.split("/")[1]
    for m in INCLUDE.finditer(text):
        at = f"{path}:{line_of(text, m.start())}: "
        kind, name = m.groups()
        if room == "sdk":
            bad = re.match(r"boost|openssl|toml|sys/", name) or (kind == '"' and "/" in name)
            if bad or (name == "dlfcn.h" and "/rig" not in path):
                yield at + f"the SDK is std and the ABI only: {name}"
        elif room == "abi":
            if name not in ("stddef.h", "stdint.h", "stdbool.h", "abk/plugin.h"):
                yield at + f"the ABI knows C's basic headers only: {name}"
        elif kind == '"':
            if name.split("/")[0] not in ROOMS[room][0].split() or "/" not in name:
                yield at + f"{room} may not look into {name}"
        elif re.match(ROOMS[room][1], name):
            yield at + f"{room} may not know <{name}>"


def plugin_check(path, text):
    own = path.split("/")[1]
    for m in INCLUDE.finditer(text):
        at = f"{path}:{line_of(text, m.start())}: "
        kind, name = m.groups()
        first = name.split("/")[0]
        if first in ROOMS and first != "abi":
            yield at + f"a plugin knows the SDK only: {name}"
        elif ".." in name or (kind == '"' and "/" in name and first not in (own, "abk")):
            yield at + f"a plugin knows its own folder and the SDK: {name}"
        elif re.match(PLUGIN_FORBIDDEN, name):
            yield at + f"a plugin has no sockets and no TLS: {name}"


def adapter_check(path, text):
    own = path.split("/")[1]
    for m in INCLUDE.finditer(text):
        at = f"{path}:{line_of(text, m.start())}: "
        kind, name = m.groups()
        if kind == '"' and name.split("/")[0] not in ("ask", "base", "common", own, own + "_parts"):
            yield at + f"an adapter asks from outside: {name}"
        elif kind == "<" and re.match(ADAPTER_FORBIDDEN, name):
            yield at + f"asking is the business of broker/ask: <{name}>"


planted(adapter_check, "adapters/pam/x.cpp", '#include "front/listener.hpp"\n')
planted(adapter_check, "adapters/pam/x.cpp", "#include <sys/socket.h>\n")
planted(room_check, "broker/core/x.cpp", "#include <boost/asio/ip/tcp.hpp>\n")
planted(room_check, "broker/core/x.cpp", '#include "host/pool.hpp"\n')
planted(room_check, "broker/front/x.cpp", '#include "host/pool.hpp"\n')
planted(room_check, "broker/wire/x.hpp", "#include <sys/socket.h>\n")
planted(room_check, "broker/sdk/abk/x.hpp", "#include <boost/json.hpp>\n")
planted(room_check, "broker/abi/abk/x.h", "#include <string>\n")
planted(plugin_check, "plugins/pop3/x.cpp", '#include "base/secret.hpp"\n')
planted(plugin_check, "plugins/pop3/x.cpp", "#include <openssl/ssl.h>\n")
assert not list(room_check("broker/core/x.cpp", "#include \"base/task.hpp\"\n#include \"base/secret.hpp\"\n"))

found, count = [], 0
for path, text in files(*[f"broker/{room}" for room in (*ROOMS, "sdk")]):
    count += 1
    found += room_check(path, text)
for path, text in files("plugins"):
    count += 1
    found += plugin_check(path, text)
for path, text in files("adapters"):
    count += 1
    found += adapter_check(path, text)
report(found, count)
