"""The NATs that are compared: how each is started for a namespace."""

import os
import shutil
import time

from worlds import sh

# Makes DIR the root directory of one command, without losing /proc, /dev and /sys.
_PIVOT = """set -e
root=$1; shift
mount --make-rprivate /; mount --bind "$root" "$root"; cd "$root"
for each in proc dev sys; do mount --rbind /$each $each; done
mkdir -p .old; pivot_root . .old; umount -l .old; cd /; exec "$@"
"""


class Nat:
    """`words(guest, mtu)` is its command line; `root`, if any, the system it is installed in."""

    def __init__(self, name, words, root=None):
        self.name = name
        self._words = words
        self._root = root

    def start(self, children, guest, mtu, log):
        words = [*guest.as_user, *self._words(guest.pid, mtu)]
        if self._root:
            words = ["unshare", "-m", "bash", "-c", _PIVOT, "_", self._root, *words]
        process = children.start(words, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while "192." not in (route := guest.run("ip", "route", "get", "192.0.2.3", check=False)) or "via" not in route:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not set up the guest; see its output above")
            time.sleep(0.1)
        time.sleep(0.5)
        return process

    def version(self):
        program = self._words(0, 0)[0]
        prefix = ["chroot", self._root] if self._root else []
        return (sh(*prefix, program, "--version", check=False) or "unknown").splitlines()[0]


def sluice(binary):
    return Nat("sluice", lambda pid, mtu: [
        binary, "attach", "--configure", "--netdev", f"user,mtu={mtu}", str(pid), "tap0"])


def peers(root=None):
    """The others, as far as they are installed: here, or in the Debian system at `root`."""
    known = {
        "pasta": lambda pid, mtu: ["pasta", "--config-net", "-m", str(mtu), "-f", "--quiet", "-I", "tap0", str(pid)],
        "slirp4netns": lambda pid, mtu: ["slirp4netns", "--configure", f"--mtu={mtu}", str(pid), "tap0"],
    }
    found = []
    for name, words in known.items():
        there = os.path.exists(os.path.join(root, "usr/bin", name)) if root else shutil.which(name)
        if there:
            found.append(Nat(name, words, root))
    return found
