"""Plugins: built outside the tree from the installed package, dropped in, asked; refused when they could be anybody's; and bad ones."""
import glob
import os
import shutil

from lab.case import LabCase, route, static_backend
from lab.daemon import NotReady
from lab.prefix import Prefix, source
from lab.process import must

ANN, RIGHT = "ann@example.test", "plugin-Pw-61172"


class Plugins(LabCase):
    def setUp(self):
        super().setUp()
        self.prefix = Prefix.given()
        self.dropped = self.lab.place.sub("plugins")

    def build_environment(self):
        found = glob.glob(os.path.join(self.prefix.path, "lib/**/pkgconfig"), recursive=True) + [os.path.join(self.prefix.path, "share/pkgconfig")]
        return os.environ | {"PKG_CONFIG_PATH": ":".join(found)}

    def flags(self):
        return must(["pkg-config", "--cflags", "--libs", "authbroker-plugin"], env=self.build_environment()).split()

    def start(self, plugin, start=True, **backend):
        return self.lab.daemon(backends=[static_backend(self.lab, {ANN: (RIGHT, [])}), {"name": "dropped", "plugin": plugin} | backend],
                               routes=[route("example.test", "people"), route("dropped.test", "dropped")],
                               broker={"plugin_dirs": [self.dropped, self.prefix.plugins]}, start=start)
