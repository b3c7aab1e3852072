"""The files of conf/recipes, as an administrator would copy them."""
import os

from . import toml
from .prefix import source


def recipe(name, changes):
    """The text of conf/recipes/NAME with what differs here: paths, ports, hosts and users. Each of `changes` must be in the file, so that
    file and test stay together."""
    with open(os.path.join(source(), "conf/recipes", name)) as f:
        text = f.read()
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"conf/recipes/{name} does not have {old!r}")
        text = text.replace(old, new)
    return text


def broker_of(lab, text, backends=(), routes=(), listeners=(), preexec=None, start=None):
    """A daemon configured by a recipe's TOML and by what else a test needs. `start`: words for its start()."""
    daemon = lab.daemon(start=False, listeners=list(listeners), backends=backends, routes=routes, preexec=preexec)
    tables = {"broker": daemon.broker, "log": daemon.log_table, "listener": daemon.listeners, "backend": daemon.backends, "route": daemon.routes}
    daemon.write_config(toml.document({name: table for name, table in tables.items() if table}) + "\n" + text)
    return daemon.start(**(start or {}))
