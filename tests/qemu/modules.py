"""Which kernel modules a guest loads, and in what order, told by the modules themselves."""

import os
import re

_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


class Modules:
    """The modules below lib/modules/VERSION of an unpacked kernel package.

    A package's modules.dep is made when it is installed, so the needs of a module are read from its
    file.
    """

    def __init__(self, directory):
        self._files = {}
        for where, _, names in os.walk(directory):
            for name in names:
                if name.endswith(".ko"):
                    self._files[_plain(name)] = os.path.join(where, name)
        with open(os.path.join(directory, "modules.builtin"), encoding="ascii") as file:
            self._builtin = {_plain(os.path.basename(line.strip())) for line in file}

    def order(self, wanted):
        """The files of these modules and of all that they need, needs first; without what is built in."""
        files = []

        def add(name):
            if name in self._builtin:
                return
            if name not in self._files:
                raise LookupError(f"the guest's kernel has no module {name}")
            path = self._files[name]
            if path in files:
                return
            with open(path, "rb") as file:
                found = _DEPENDS.search(file.read())
            for need in found.group(1).decode().split(",") if found else []:
                if need:
                    add(_plain(need))
            files.append(path)

        for name in wanted:
            add(_plain(name))
        return files


def _plain(name):
    return name.removesuffix(".ko").replace("-", "_")
