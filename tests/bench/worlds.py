"""The world of a measurement, in namespaces of its own, from which nothing can escape.

    guest namespace --- tap --- NAT --- host namespace --- veth --- far namespace
    (the clients)                       (the NAT runs here)         (the servers)

Each measurement has a new one, so none inherits the ports and connections of another. Everything in
it is this process's child and ends with it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

FAR = "192.0.2.3"
PORT = 7777
_PORTS_OF_ONE = 16  # that a server listens on
_SERVERS = 8        # so that they hold more connections than one process may have descriptors
PORTS = _PORTS_OF_ONE * _SERVERS
_INSIDE = "SLUICE_BENCH_INSIDE"
_USER = 1000  # whom the NATs run as when root measures


def enter(congestion_controls):
    """Returns inside fresh namespaces: as root of the system, or as root of a user namespace.

    Root lets them use the congestion controls, which the system may keep for itself, meanwhile.
    """
    if os.environ.get(_INSIDE) == "1":
        return
    flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        flags = ["--user", "--map-root-user", *flags]
        if subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False).returncode != 0:
            sys.exit("bench: this system gives ordinary users no user namespaces; run the benchmark as root")
    environment = {**os.environ, _INSIDE: "1", "SLUICE_BENCH_ROOT": str(int(os.geteuid() == 0))}
    with _allowed(congestion_controls) if os.geteuid() == 0 else contextlib.nullcontext():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and so kill what is inside
        # An interrupt is for the benchmark inside, which still has its results to tell.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        done = subprocess.run(
            ["unshare", *flags, sys.executable, *sys.argv], env=environment, check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    sys.exit(done.returncode)


@contextlib.contextmanager
def _allowed(congestion_controls):
    """Every namespace may use them while the `with` block lasts."""
    setting = "/proc/sys/net/ipv4/tcp_allowed_congestion_control"
    with open(setting, encoding="ascii") as file:
        before = file.read().split()
    missing = [name for name in dict.fromkeys(congestion_controls) if name not in before]
    if missing:
        _try_to_write(setting, [*before, *missing])
    try:
        yield
    finally:
        if missing:
            _try_to_write(setting, before)


def _try_to_write(setting, words):
    """What is refused shows where it is missed, in Namespace."""
    with contextlib.suppress(OSError), open(setting, "w", encoding="ascii") as file:
        file.write(" ".join(words))


def is_root():
    """Whether root measures, and not an ordinary user who is root in here only."""
    return os.environ["SLUICE_BENCH_ROOT"] == "1"


def sh(*words, check=True, **options):
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def wait_until(what, condition, patience=10.0):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {patience:.0f} s in vain until {what}")
        time.sleep(0.02)


def make_tun_usable():
    """A tun device that the NATs' user may open, whatever the machine's own is like."""
    if not is_root() or os.access("/dev/net/tun", os.R_OK | os.W_OK) and os.stat("/dev/net/tun").st_mode & 0o006:
        return
    os.makedirs("/dev/net", exist_ok=True)
    sh("mount", "-t", "tmpfs", "tmpfs", "/dev/net")
    sh("mknod", "-m", "666", "/dev/net/tun", "c", "10", "200")


@contextlib.contextmanager
def one_processor():
    """What is started in the `with` block stays on one processor."""
    all_processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_processors)


class Children:
    """Processes that end with the `with` block, the last one first."""

    def __init__(self):
        self._all = []
        self._last = []

    def at_end(self, action):
        """Calls it when all of them have ended."""
        self._last.append(action)

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
        for action in self._last:
            action()


class Namespace:
    """A network namespace that a sleeping process holds.

    With `owner`, the words of a command that becomes an ordinary user, it belongs to a user namespace
    of that user; with None to ours.
    """

    def __init__(self, children, congestion, owner=None):
        unshare = ["unshare", "--net"] if owner is None else [*owner, "unshare", "--user", "--map-root-user", "--net"]
        self._is_users = owner is not None
        self.pid = children.start([*unshare, "sleep", "infinity"]).pid
        wait_until("a namespace is there", self._sleeps)
        self.run("ip", "link", "set", "lo", "up")
        self.run("sh", "-c", "echo 1024 65000 > /proc/sys/net/ipv4/ip_local_port_range")
        setting = "/proc/sys/net/ipv4/tcp_congestion_control"
        # A program of our own user namespace may need to load the module.
        self.run("sh", "-c", f"echo {congestion} > {setting}", check=False)
        if self.run("cat", setting).strip() != congestion:
            raise SystemExit(
                f"bench: the kernel lets no namespace use the congestion control '{congestion}'; as root, load it "
                f"('modprobe tcp_{congestion}') and add it to the sysctl net.ipv4.tcp_allowed_congestion_control")

    def _sleeps(self):
        with open(f"/proc/{self.pid}/comm", encoding="ascii") as file:
            return file.read() == "sleep\n"

    def words(self, *words):
        """The command line that runs `words` in here."""
        flags = []
        if self._is_users:
            # Root has to become the namespace's user; a user in here is it, and may not set groups.
            flags = ["-U", "-S", "0", "-G", "0"] if is_root() else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.pid), "-n", *flags, *words]

    def run(self, *words, **options):
        return sh(*self.words(*words), **options)


class World:
    """All of the picture but the NAT. `as_user` becomes who NATs and guest are."""

    def __init__(self, children, load, congestion, host_congestion):
        self.as_user = ["setpriv", "--reuid", str(_USER), "--regid", str(_USER), "--clear-groups"] if is_root() else []
        self.children = children
        self.host = Namespace(children, host_congestion)
        self.far = Namespace(children, host_congestion)
        self.guest = Namespace(children, congestion, owner=self.as_user)
        self._connect_host()
        children.start(self.far.words("iperf3", "-s", "-B", FAR, "-p", "5201"))
        for port in range(PORT, PORT + PORTS, _PORTS_OF_ONE):
            children.start(self.far.words(load, "server", FAR, str(port)))
        wait_until("the servers listen", self._servers_listen)

    def _connect_host(self):
        self.host.run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1", "netns", str(self.far.pid))
        for words in (["address", "add", "192.0.2.2/24", "dev", "d1"], ["address", "add", FAR + "/24", "dev", "d1"],
                      ["link", "set", "d1", "up"]):
            self.far.run("ip", *words)
        for words in (["address", "add", "192.0.2.1/24", "dev", "d0"], ["link", "set", "d0", "up"],
                      ["route", "add", "default", "via", "192.0.2.2"]):
            self.host.run("ip", *words)
        self.host.run("ping", "-c", "1", "-W", "5", FAR)

    def _servers_listen(self):
        listening = self.far.run("ss", "-Hltn")
        return listening.count(FAR + ":") == PORTS + 1
