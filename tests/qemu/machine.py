"""A virtual machine: one QEMU process on the test's own network, and the Linux in it."""

import json
import os
import subprocess

import emulator
from lines import Init, Monitor
from sluice import Program, drop_privileges, poll_until

_BOOT_SECONDS = 120
_TAIL_LINES = 25
MEMORY = 192  # MiB


def plugged(path, shared):
    """Words for a card that vfio-user serves there, and for memory that it shares with it, or not."""
    socket = {"type": "unix", "path": path}
    card = {"driver": "vfio-user-pci", "socket": socket, "romfile": ""}
    words = ["-device", json.dumps(card)]
    if shared:
        words += ["-object", f"memory-backend-memfd,id=memory,size={MEMORY}M,share=on"]
        words += ["-machine", "memory-backend=memory"]
    return words


class Machine(Program):
    """QEMU with `-netdev user,NETDEV` and one network card, running when the `with` block begins.

    With an image the guest has booted by then as well, and takes scripts (`run`, `attempt`). Its
    console goes to a file whose end is shown when something fails. At the end of the block QEMU is
    asked to quit, and fails if it doesn't do so in good order.
    """

    def __init__(self, directory, image=None, netdev="", card="e1000", options=(), **kind):
        """`kind`: the `library` and `root` of another QEMU than the one under test, the `board`; with a
        `link`, that is the -netdev, without its id, and NETDEV has no meaning; the card's address `mac`.

        With a `plug`, the machine has no netdev, and the card that vfio-user serves at that path."""
        self.directory = directory
        self._asked = {"library": kind.get("library", emulator.LIBRARY), "root": kind.get("root", emulator.ROOT)}
        self._boots = image is not None
        self._may_fail = False
        netdev = kind.get("link", f"user,{netdev}" if netdev else "user").replace(",", ",id=net0,", 1)
        netdev += "" if "," in netdev else ",id=net0"
        words = [*emulator.words(**self._asked), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
        words += ["-machine", f"{kind.get('board', 'pc')},accel=tcg,hpet=off", "-m", str(MEMORY)]
        words += plugged(kind["plug"], kind.get("shared", True)) if "plug" in kind else ["-netdev", netdev]
        words += ["-chardev", f"file,id=console,path={self._path('console')}", "-serial", "chardev:console"]
        words += ["-chardev", f"socket,id=init,path={self._path('init')},server=on,wait=off", "-serial", "chardev:init"]
        words += ["-qmp", f"unix:{self._path('monitor')},server=on,wait=off"]
        if image:
            mac = f",mac={kind['mac']}" if "mac" in kind else ""
            if "plug" not in kind:
                words += ["-device", f"{card},netdev=net0,romfile={mac}"]
            # What a guest of an emulator need not do is not worth its time.
            append = "console=ttyS0 panic=-1 quiet loglevel=5 mitigations=off nokaslr random.trust_cpu=on net.ifnames=0"
            # On a busy machine a clock that must be measured first may run twenty times too fast.
            append += " lpj=4000000 tsc=unstable clocksource=acpi_pm nolapic_timer apparmor=0 cryptomgr.notests"
            words += ["-kernel", image.kernel, "-initrd", image.initrd, "-append", append]
        words += options
        self.words = words
        self.monitor = self.init = None
        super().__init__(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=emulator.environment(**self._asked),
            preexec_fn=drop_privileges,
        )

    def _path(self, name):
        return os.path.join(self.directory, name)

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            super().__exit__(None, None, None)
            raise
        return self

    def _begin(self):
        self.init = poll_until(lambda: self._connected(Init, "init"), 30, "QEMU to listen")
        self.monitor = poll_until(lambda: self._connected(Monitor, "monitor"), 30, "QEMU to listen")
        emulator.check_library(self.pid, **self._asked)
        if self._boots and "-incoming" not in self.words and "-loadvm" not in self.words:
            if not self.init.await_ready(_BOOT_SECONDS):
                raise AssertionError(f"the guest is not up after {_BOOT_SECONDS} s:\n{self.tail()}")

    def _connected(self, kind, name):
        if self.process.poll() is not None:
            raise AssertionError(f"QEMU ended at once:\n{self.tail()}")
        try:
            return kind(self._path(name))
        except (FileNotFoundError, ConnectionRefusedError):  # the file is there before anybody listens
            return None

    def __exit__(self, kind, *rest):
        try:
            if kind is None:
                self._quit()
        finally:
            for line in (self.init, self.monitor):
                if line:
                    line.close()
            super().__exit__(kind, *rest)

    def await_failure(self, seconds=60):
        """What QEMU says that ends by itself, as failed; nothing more is expected of it."""
        if self.wait(seconds) == 0:
            raise AssertionError(f"QEMU ended as if all were well:\n{self.tail()}")
        self._may_fail = True
        return self.errors()

    def _quit(self):
        if self.process.poll() is None:
            self.monitor.execute("quit")
        status = self.wait(60)
        if status != 0 and not self._may_fail:
            raise AssertionError(f"QEMU ended with {status}:\n{self.tail()}")

    def attempt(self, script, seconds=60):
        """Runs a shell script in the guest: (exit status, what it printed)."""
        result = self.init.run(script, seconds)
        if result is None:
            raise AssertionError(f"the guest has not ended in {seconds} s: {script}\n{self.tail()}")
        return result

    def run(self, script, seconds=60):
        """What a shell script that must succeed prints in the guest."""
        status, text = self.attempt(script, seconds)
        if status != 0:
            raise AssertionError(f"in the guest, status {status}: {script}\n{text}\n{self.tail()}")
        return text

    def await_in_guest(self, script, seconds=30):
        """Repeats a script until it succeeds."""
        return poll_until(lambda: self.attempt(script)[0] == 0, seconds, f"in the guest: {script}")

    def lease(self, options=""):
        """Lets the guest ask for a lease and use it; what the script of udhcpc was told."""
        self.run(f"busybox ip link set eth0 up; busybox udhcpc -i eth0 -f -n -q -t 6 -T 1 -s /lease {options}")
        words = (line.partition("=") for line in self.run("busybox cat /tmp/lease").splitlines())
        return {name: value for name, _, value in words}

    def console(self):
        try:
            with open(self._path("console"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def tail(self):
        """The ends of what the guest and QEMU have said, for the message of a failure."""
        lines = ["--- the guest's console ends with:", *self.console().splitlines()[-_TAIL_LINES:]]
        lines += ["--- QEMU says:", *self.errors().splitlines()[-_TAIL_LINES:]]
        if self.process.poll() is not None:
            lines.append(f"--- QEMU has ended with {self.process.poll()}")
        return "\n".join(lines)
