"""The tests: each gives one figure, and what the NAT spent on it."""

import json
import os
import subprocess

from worlds import FAR, PORT

_TICK = os.sysconf("SC_CLK_TCK")
PACKETS = "packets/s"
GBIT = "Gbit/s"
RATE = "transactions/s"


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_kilobytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Figure:
    def __init__(self, unit, value, amount, cpu, more=None):
        self.unit = unit
        self.value = value
        self.amount = amount  # bytes, packets or transactions in all
        self.cpu = cpu        # seconds that the NAT was at work
        self.more = more or {}

    def as_dict(self):
        per_unit = 1e9 * self.cpu / self.amount if self.amount else None
        return {"unit": self.unit, "value": self.value, "cpu_ns_each": per_unit, **self.more}


class Bench:
    def __init__(self, guest, nat, load, seconds):
        self._guest = guest
        self._nat = nat
        self._load = load
        self._seconds = seconds

    def run(self, test):
        kind, *arguments = _TESTS[test]
        before = cpu_seconds(self._nat.pid)
        unit, value, amount, more = getattr(self, kind)(*arguments)
        return Figure(unit, value, amount, cpu_seconds(self._nat.pid) - before, more)

    def _run(self, *words):
        limit = self._seconds + 30
        done = subprocess.run(self._guest.words(*words), capture_output=True, text=True, timeout=limit)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout[-300:]}")
        return done.stdout

    def stream(self, streams, direction):
        words = ["iperf3", "-c", FAR, "-p", "5201", "-t", str(self._seconds), "-P", str(streams), "-J"]
        end = json.loads(self._run(*words, *(["-R"] if direction == "down" else [])))["end"]
        received = end["sum_received"]
        return GBIT, received["bits_per_second"] / 1e9, received["bytes"], {}

    def datagrams_up(self, size):
        words = [self._load, "udp-send", FAR, str(PORT), str(self._seconds), str(size)]
        received, _, sent = (float(word) for word in self._run(*words).split())
        return PACKETS, received, received * self._seconds, {"sent_per_second": sent}

    def datagrams_down(self, size):
        words = ["iperf3", "-c", FAR, "-p", "5201", "-t", str(self._seconds), "-u", "-b", "0", "-l", str(size), "-R", "-J"]
        total = json.loads(self._run(*words))["end"]["sum"]
        received = total["packets"] - total["lost_packets"]
        return PACKETS, received / total["seconds"], received, {}

    def transactions(self, verb, parallel):
        words = [self._load, verb, FAR, str(PORT), str(self._seconds), str(parallel)]
        rate, failed = (float(word) for word in self._run(*words).split())
        return RATE, rate, rate * self._seconds, {"failed": failed}

    def hold(self, count):
        idle = resident_kilobytes(self._nat.pid)
        words = self._guest.words(self._load, "hold", FAR, str(PORT), str(count))
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            opened, seconds = holder.stdout.readline().split()
            resident = resident_kilobytes(self._nat.pid)
            # Another flow, on top of those that are held.
            fresh = self.transactions("rr", 1)[1]
        return "s", float(seconds), count, {
            "opened": int(opened), "resident_kb": resident, "resident_before_kb": idle, "rr_on_top": fresh}


_TESTS = {
    "up-1": ("stream", 1, "up"), "down-1": ("stream", 1, "down"),
    "up-8": ("stream", 8, "up"), "down-8": ("stream", 8, "down"),
    "udp-up-64": ("datagrams_up", 64), "udp-up-1400": ("datagrams_up", 1400),
    "udp-down-1400": ("datagrams_down", 1400),
    "rr": ("transactions", "rr", 1), "rr-32": ("transactions", "rr", 32),
    "crr": ("transactions", "crr", 1), "crr-32": ("transactions", "crr", 32),
    "udp-rr": ("transactions", "udp-rr", 1), "udp-rr-32": ("transactions", "udp-rr", 32),
    "hold-5000": ("hold", 5000),
}
ALL = list(_TESTS)


def add_hold(count):
    """The test of so many idle connections; its name."""
    name = f"hold-{count}"
    _TESTS[name] = ("hold", count)
    return name
