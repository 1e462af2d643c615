"""What is compared: how each is started between a guest and its host.

Every kind has a `name`, `is_peer` (whether Sluice is to be better than it; else it is a limit), a
`version()` and `start(world, mtu, log)`, which returns (the namespace whose programs it serves, its
process or None) when the guest can reach the far side.
"""

import os
import shutil
import tempfile

from worlds import FAR, PORT, sh, wait_until

# Makes DIR the root directory of one command, without losing /proc, /dev and /sys.
_PIVOT = """set -e
root=$1; shift
mount --make-rprivate /; mount --rbind "$root" "$root"; cd "$root"
for each in proc dev sys; do mount --rbind /$each $each; done
mkdir -p .old; pivot_root . .old; umount -l .old; cd /; exec "$@"
"""


def _reaches(space):
    """Pings until an answer comes, which also gives every neighbour its entry."""
    return space.run("ping", "-c", "1", "-W", "1", FAR, check=False).find(" 0% packet loss") > 0


def _connects(space):
    """For NATs that may send no pings."""
    words = ["timeout", "2", "bash", "-c", f"exec 3<> /dev/tcp/{FAR}/{PORT} && echo done"]
    return "done" in space.run(*words, check=False)


def _has_route(space):
    route = space.run("ip", "route", "get", FAR, check=False)
    return "dev tap0" in route


class Nat:
    """A program of the system in the directory `root`, whose command line is `words(where, mtu)`.

    Where the guest is, its process tells.
    """

    is_peer = True

    def __init__(self, name, words, root=None):
        self.name = name
        self._words = words
        self._root = root

    def _in_root(self, words):
        return ["unshare", "-m", "bash", "-c", _PIVOT, "_", self._root, *words] if self._root else words

    def run(self, world, log, where, mtu):
        """Starts it for a guest that is at `where`."""
        words = world.host.words(*self._in_root([*world.as_user, *self._words(where, mtu)]))
        return world.children.start(words, stdout=log, stderr=log)

    def start(self, world, mtu, log):
        process = self.run(world, log, world.guest.pid, mtu)

        def works():
            if process.poll() is not None:
                raise RuntimeError(f"it ended with status {process.returncode}")
            return _has_route(world.guest)

        wait_until("the guest has a route", works)
        return world.guest, process

    def version(self):
        lines = sh(*self._in_root([self._words(0, 0)[0], "--version"]), check=False).splitlines()
        return lines[0] if lines else "unknown"


class Sluice(Nat):
    is_peer = False

    def __init__(self, binary, options):
        super().__init__("sluice", lambda pid, mtu: [
            binary, "attach", "--configure", *options, "--netdev", f"user,mtu={mtu}", str(pid), "tap0"])


class Plugged:
    """A NAT that listens for frames behind their lengths, as QEMU's netdev stream sends them.

    `words(path, mtu)` is its command line. The guest's tap is plugged into it by `plug`, a Sluice without
    a user network, which is the same for all: it cuts what the guest's kernel leaves whole.
    """

    def __init__(self, name, is_peer, words, plug, root=None):
        self.name = name
        self.is_peer = is_peer
        self._nat = Nat(name, words, root)
        self._plug = plug
        self._root = root

    def start(self, world, mtu, log):
        directory = tempfile.mkdtemp(prefix="bench-", dir=(self._root or "") + "/tmp")
        world.children.at_end(lambda: shutil.rmtree(directory, ignore_errors=True))
        os.chmod(directory, 0o777)
        path = os.path.join(directory, "link")
        process = self._nat.run(world, log, path.removeprefix(self._root or ""), mtu)
        wait_until(f"{self.name} listens", lambda: "/link " in world.host.run("ss", "-Hlx"))
        os.chmod(path, 0o777)
        words = [self._plug, "run", "-netdev", "tap,ifname=tap0", "-netdev",
                 f"stream,addr.type=unix,addr.path={path}"]
        world.children.start(world.guest.words(*words), stdout=log, stderr=log)
        wait_until("the guest has its tap", lambda: "tap0" in world.guest.run("ip", "link"))
        world.guest.run("ip", "link", "set", "tap0", "mtu", str(mtu), "up")
        world.guest.run("ip", "address", "add", "10.0.2.15/24", "dev", "tap0")
        world.guest.run("ip", "route", "add", "default", "via", "10.0.2.2")
        wait_until("the guest reaches the far side", lambda: _connects(world.guest))
        return world.guest, process

    def version(self):
        return self._nat.version()


def plugged(sluice, options, root=None):
    """Sluice and passt as the network of a guest that comes by a stream."""
    found = [Plugged("sluice", False, lambda path, mtu: [
        sluice, "run", *options, "-netdev", f"user,mtu={mtu}", "-netdev",
        f"stream,server=on,addr.type=unix,addr.path={path}"], sluice)]
    if _is_there("passt", root):
        found.append(Plugged("passt", True, lambda path, mtu: [
            "passt", "-f", "--quiet", "-s", path, "-m", str(mtu), "-a", "10.0.2.15", "-n", "24", "-g", "10.0.2.2"],
            sluice, root))
    return found


class Relay:
    """Two taps and the host's kernel, which routes: the ceiling of all NATs behind a tap."""

    name = "relay"
    is_peer = False

    def __init__(self, binary, impairment=None):
        self._binary = binary
        self._impaired = [impairment] if impairment else []

    def start(self, world, mtu, log):
        words = [self._binary, str(world.guest.pid), "relay0", "tap0", *self._impaired]
        process = world.children.start(world.host.words(*words), stdout=log, stderr=log)
        wait_until("the relay has made its taps", lambda: "tap0" in world.guest.run("ip", "link"))
        for space, tap, address in ((world.host, "relay0", "10.0.2.2/24"), (world.guest, "tap0", "10.0.2.15/24")):
            space.run("ip", "link", "set", tap, "mtu", str(mtu), "up")
            space.run("ip", "address", "add", address, "dev", tap)
        world.host.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        world.guest.run("ip", "route", "add", "default", "via", "10.0.2.2")
        world.far.run("ip", "route", "add", "10.0.2.0/24", "via", "192.0.2.1")
        wait_until("the guest reaches the far side", lambda: _reaches(world.guest))
        return world.guest, process

    def version(self):
        return "two taps"


class Direct:
    """No NAT: the clients run in the host's namespace."""

    name = "direct"
    is_peer = False

    def start(self, world, mtu, log):
        del mtu, log
        return world.host, None

    def version(self):
        return "no NAT"


def _is_there(name, root):
    return os.path.exists(os.path.join(root, "usr/bin", name)) if root else shutil.which(name)


def peers(root=None):
    """The other NATs, as far as they are installed: here, or in the Debian system at `root`."""
    known = {
        "pasta": lambda pid, mtu: ["pasta", "--config-net", "-m", str(mtu), "-f", "--quiet", "-I", "tap0", str(pid)],
        "slirp4netns": lambda pid, mtu: ["slirp4netns", "--configure", f"--mtu={mtu}", str(pid), "tap0"],
    }
    found = []
    for name, words in known.items():
        if _is_there(name, root):
            found.append(Nat(name, words, root))
    return found
