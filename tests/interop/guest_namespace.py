"""A network namespace like a container's, for `sluice attach`, and a way to run things in it."""

import json
import os
import sys

import outside
from sluice import Program, Sluice


class GuestNamespace:
    """User, mount and network namespace of an idle process; they end with the `with` block."""

    def __init__(self):
        # The line tells that the namespaces are there.
        words = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
        self._holder = Program([*words, "sh", "-c", "echo here; exec cat"])
        self.pid = self._holder.pid

    def command(self, *words):
        """The words of a command that runs in the namespace as its root."""
        enter = ["nsenter", "--target", str(self.pid), "--user", "--net", "--mount"]
        return [*enter, "--preserve-credentials", f"--wd={os.getcwd()}", *words]

    def run(self, *words):
        return outside.sh(*self.command(*words))

    def call(self, function, *arguments):
        """A guest's function of the test file, run in the namespace; see `claims`."""
        words = [sys.executable, sys.argv[0], "--guest", function.__name__, json.dumps(arguments)]
        with Program(self.command(*words)) as program:
            line = program.line(60)
            if program.wait() != 0:
                raise AssertionError(f"the guest failed:\n{program.errors()}")
            return json.loads(line) if line else None

    def end(self):
        self._holder.process.kill()
        self._holder.process.wait(30)

    def __enter__(self):
        assert self._holder.line() == "here", self._holder.errors()
        return self

    def __exit__(self, *exception):
        self._holder.__exit__(*exception)


class Attached(Sluice):
    """`sluice attach` with the given words, ready when the `with` block begins."""

    def __init__(self, *words, **options):
        super().__init__("attach", *words, **options)
        self.tap = None

    def __enter__(self):
        line = self.line()
        if not line.startswith("ready "):
            raise AssertionError(f"attach is not ready: {line!r}\n{self.errors()}")
        self.tap = line.split()[1]
        return self


def usable_addresses(text):
    """Those of global and site scope in what `ip -j -6 address` prints."""
    found = [address for link in json.loads(text) for address in link.get("addr_info", [])]
    return [one["local"] for one in found if one["scope"] != "link" and not one.get("tentative")]


def path_of_network(namespace, directory):
    """Names the namespace's network by a file, as `ip netns` does."""
    path = os.path.join(directory, "netns")
    with open(path, "w", encoding="ascii"):
        pass
    outside.sh("mount", "--bind", f"/proc/{namespace.pid}/ns/net", path)
    return path


def forget_path(path):
    # As `ip netns delete` does it, which does not mind who has the file open.
    outside.sh("umount", "--lazy", path)
    os.unlink(path)
