"""The outside world of a test: namespaces of its own, from which nothing can escape.

`enter()` starts the test again inside fresh network, mount and process namespaces (and a user
namespace, unless root runs it), and builds there what a host has: a loopback, an address that other
machines would know it by, routes that lead nowhere in several ways, and a resolv.conf of its own.
As process 1 of its namespace the test takes every process along when it ends, whatever ends it.

An ordinary user keeps privileges over these namespaces, for the test's own sake. Sluice is started
without them (see `sluice.py`), so that it is tested as what it is: an ordinary process.
"""

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile

LOOPBACK = "127.0.0.1"
LOOPBACK6 = "::1"
OUTSIDE = "198.51.100.1"  # this host's address on its network
OUTSIDE6 = "2001:db8:100::1"  # and of the other family
NO_ROUTE6 = "2001:db8:113::1"  # nowhere: ENETUNREACH
SILENT = "198.51.100.77"  # a neighbour that never answers
NO_ROUTE = "203.0.113.1"  # nowhere: ENETUNREACH
UNREACHABLE = "192.0.2.1"  # a route that says EHOSTUNREACH

_INSIDE = "SLUICE_INTEROP_INSIDE"
_RESOLV_CONF = os.path.realpath("/etc/resolv.conf")


def enter():
    """Returns inside the namespaces. Ends the test, as failed, where the kernel forbids them."""
    if os.environ.get(_INSIDE) == "1":
        _build()
        return
    flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        flags = ["--map-current-user", "--keep-caps", *flags]
    probe = subprocess.run(["unshare", *flags, "true"], capture_output=True, text=True, timeout=30)
    if probe.returncode != 0:
        skip_all(f"no namespaces of our own: {probe.stderr.strip()}")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        skip_all("/dev/net/tun can't be opened by this user")
    environment = {**os.environ, _INSIDE: "1", "LC_ALL": "C"}
    os.execvpe("unshare", ["unshare", *flags, sys.executable, *sys.argv], environment)


def skip_all(reason):
    """Nothing can be tested, which is no success."""
    print(f"can't test here: {reason}")
    print("0 passed, 1 failed")
    sys.exit(1)


def sh(*words, **options):
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def write_setting(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def set_ping_allowed(allowed):
    """Whether unprivileged ICMP sockets exist in this network namespace."""
    group = os.getegid()
    write_setting("/proc/sys/net/ipv4/ping_group_range", f"{group} {group}" if allowed else "1 0")


@contextlib.contextmanager
def copy_of_etc():
    """Within it, /etc is a copy of the host's in which files may be replaced."""
    with tempfile.TemporaryDirectory(prefix="sluice-interop-") as copy:
        os.chmod(copy, 0o755)
        # An ordinary user may not read all of it, and needs no such file.
        subprocess.run(["cp", "-a", "/etc/.", copy], capture_output=True, timeout=60, check=False)
        sh("mount", "--bind", copy, "/etc")
        try:
            yield
        finally:
            sh("umount", "-l", "/etc")


def set_resolv_conf(text):
    """Changes what this host's resolv.conf says, in place."""
    with open(_RESOLV_CONF, "w", encoding="ascii") as file:
        file.write(text)


def _build():
    write_setting("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
    write_setting("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    write_setting("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0")
    sh("ip", "link", "set", "lo", "up")
    # Not on `out`, where a kernel with IPv6 is heard by itself.
    sh("ip", "address", "add", f"{OUTSIDE6}/128", "dev", "lo", "nodad")
    # Both ends are ours, but the far one has no address: what goes out is seen and never answered.
    sh("ip", "link", "add", "out", "type", "veth", "peer", "name", "beyond")
    sh("ip", "link", "set", "beyond", "up")
    sh("ip", "link", "set", "out", "up")
    sh("ip", "address", "add", f"{OUTSIDE}/24", "dev", "out")
    sh("ip", "neighbour", "add", SILENT, "lladdr", "02:00:00:00:00:77", "dev", "out")
    sh("ip", "route", "add", "unreachable", f"{UNREACHABLE}/24".replace(".1/", ".0/"))
    set_ping_allowed(True)
    descriptor, path = tempfile.mkstemp(prefix="sluice-interop-")
    os.fchmod(descriptor, 0o644)
    os.close(descriptor)
    # Not deleted before the end: nothing can be mounted over a deleted file, as Sluice will.
    atexit.register(os.unlink, path)
    sh("mount", "--bind", path, _RESOLV_CONF)
    set_resolv_conf(f"nameserver {LOOPBACK}\n")
