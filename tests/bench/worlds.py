"""The world of a measurement, in namespaces of its own, from which nothing can escape.

    guest namespace --- tap --- NAT --- host namespace --- veth --- far namespace
    (the clients)                       (the NAT runs here)         (the servers)

Everything in it is this process's child and ends with it.
"""

import os
import signal
import subprocess
import sys
import time

FAR = "192.0.2.3"
PORT = 7777
_INSIDE = "SLUICE_BENCH_INSIDE"
_USER = 1000  # whom the NATs run as when root measures


def enter():
    """Returns inside fresh namespaces, whose host side this process then stands for."""
    if os.environ.get(_INSIDE) == "1":
        return
    flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        flags = ["--user", "--map-root-user", *flags]
    environment = {**os.environ, _INSIDE: "1", "SLUICE_BENCH_ROOT": str(int(os.geteuid() == 0))}
    os.execvpe("unshare", ["unshare", *flags, sys.executable, *sys.argv], environment)


def is_root():
    """Whether root measures, and not an ordinary user who is root in here only."""
    return os.environ["SLUICE_BENCH_ROOT"] == "1"


def sh(*words, check=True, **options):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Children:
    """Processes that end with the `with` block."""

    def __init__(self):
        self._all = []

    def start(self, words, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)
        self._all.append(child)
        return child

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self._all):
            if child.poll() is None:
                child.terminate()
        for child in reversed(self._all):
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()


def inside(pid, *words, user=False):
    flags = ["-U", "-S", "0", "-G", "0"] if user else []
    return ["nsenter", "-t", str(pid), "-n", *flags, *words]


def build_host(children, load, congestion):
    """The host's and the far side, with servers; once per run."""
    sh("ip", "link", "set", "lo", "up")
    far = children.start(["unshare", "--net", "sleep", "infinity"])
    time.sleep(0.3)
    sh("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1", "netns", str(far.pid))
    for words in (["address", "add", "192.0.2.2/24", "dev", "d1"],
                  ["address", "add", FAR + "/24", "dev", "d1"],
                  ["link", "set", "d1", "up"], ["link", "set", "lo", "up"]):
        sh(*inside(far.pid, "ip", *words))
    sh("ip", "address", "add", "192.0.2.1/24", "dev", "d0")
    sh("ip", "link", "set", "d0", "up")
    sh("ip", "route", "add", "default", "via", "192.0.2.2")
    for pid in (None, far.pid):
        prefix = inside(pid) if pid else []
        setting = f"echo {congestion} > /proc/sys/net/ipv4/tcp_congestion_control"
        sh(*prefix, "sh", "-c", setting + "; echo 1024 65000 > /proc/sys/net/ipv4/ip_local_port_range")
    children.start(inside(far.pid, "iperf3", "-s", "-B", FAR, "-p", "5201"))
    children.start(inside(far.pid, load, "server", FAR, str(PORT)))
    time.sleep(0.5)


def make_tun_usable():
    """A tun device that the NATs' user may open, whatever the machine's own is like."""
    if not is_root() or os.access("/dev/net/tun", os.R_OK | os.W_OK) and os.stat("/dev/net/tun").st_mode & 0o006:
        return
    os.makedirs("/dev/net", exist_ok=True)
    sh("mount", "-t", "tmpfs", "tmpfs", "/dev/net")
    sh("mknod", "-m", "666", "/dev/net/tun", "c", "10", "200")


class Guest:
    """A namespace for the clients, owned by an ordinary user's own user namespace."""

    def __init__(self, children, congestion):
        drop = ["setpriv", "--reuid", str(_USER), "--regid", str(_USER), "--clear-groups"] if is_root() else []
        self.as_user = drop
        holder = children.start([*drop, "unshare", "--user", "--map-root-user", "--net", "sleep", "infinity"])
        time.sleep(0.3)
        self.pid = holder.pid
        self.run("ip", "link", "set", "lo", "up")
        self.run("sh", "-c", "echo 1024 65000 > /proc/sys/net/ipv4/ip_local_port_range")
        # Only congestion controls that everybody may choose can be set here.
        self.run("sh", "-c", f"echo {congestion} > /proc/sys/net/ipv4/tcp_congestion_control", check=False)

    def words(self, *words):
        return inside(self.pid, *words, user=True)

    def run(self, *words, **options):
        return sh(*self.words(*words), **options)
