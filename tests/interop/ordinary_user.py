"""An ordinary user with ranges of ids of its own, as rootless containers want one.

Root makes the account in a copy of /etc that nobody else sees. The user has a directory, a copy of
the program under test in it, and may open the tun device.
"""

import contextlib
import os
import shutil
import tempfile

import outside
from sluice import BINARY, Program

NAME, UID = "sluice-test", 4242


def _all_but_scripts(_, names):
    return [name for name in names if not name.endswith(".py")]


class OrdinaryUser:
    """There while the `with` block lasts."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.directory = None

    def __enter__(self):
        with self._stack:
            self._stack.enter_context(outside.copy_of_etc())
            for name, line in (
                ("passwd", f"{NAME}:x:{UID}:{UID}::/nonexistent:/bin/sh"),
                ("group", f"{NAME}:x:{UID}:"),
                ("subuid", f"{NAME}:100000:65536"),
                ("subgid", f"{NAME}:100000:65536"),
            ):
                with open(f"/etc/{name}", "a", encoding="ascii") as file:
                    file.write(f"{line}\n")
            self.directory = tempfile.mkdtemp(prefix="sluice-user-")
            self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            shutil.copy(BINARY, self.path("slirp4netns"))
            here = os.path.dirname(os.path.abspath(__file__))
            shutil.copytree(here, self.path("driver"), ignore=_all_but_scripts)
            outside.sh("chown", "-R", f"{UID}:{UID}", self.directory)
            outside.sh("mount", "-t", "tmpfs", "none", "/dev/net")
            self._stack.callback(outside.sh, "umount", "-l", "/dev/net")
            outside.sh("mknod", "-m", "666", "/dev/net/tun", "c", "10", "200")
            # Runtimes of containers want the one hierarchy or the other, and not both at once.
            outside.sh("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
            self._stack.callback(outside.sh, "umount", "-l", "/sys/fs/cgroup")
            self._stack = self._stack.pop_all()
        return self

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def command(self, *words):
        """The words of a command that this user runs."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.directory,
            "XDG_RUNTIME_DIR": self.directory,
            "TMPDIR": self.directory,
            "SLUICE_INTEROP_INSIDE": "1",
            # A filter of system calls forbids what the leak sanitizer does.
            "ASAN_OPTIONS": "quarantine_size_mb=16:detect_leaks=0",
        }
        drop = ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups"]
        return [*drop, "env", "-i", *[f"{key}={value}" for key, value in environment.items()], *words]

    def run(self, *words):
        return outside.sh(*self.command(*words), cwd=self.directory)

    def program(self, *words):
        return Program(self.command(*words), cwd=self.directory)

    def __exit__(self, *exception):
        self._stack.close()
