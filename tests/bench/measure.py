"""The tests. Each gives one row of figures or several, with what the NAT spent on it."""

import json
import re
import subprocess

import spent
from worlds import FAR, PORT, PORTS, sh, wait_until

PACKETS = "packets/s"
GBIT = "Gbit/s"
RATE = "transactions/s"
SECONDS = "s"
MEGABYTES = "MB"

# What costs are counted by: bytes are many, so they are taken in pieces of 64 KiB.
_PIECE = 65536


def is_better_small(unit):
    return unit in (SECONDS, MEGABYTES)


class _Amount:
    """How much a test has moved, in the unit that costs are told by."""

    def __init__(self, unit, value, count, each, more=None):
        self.unit = unit
        self.value = value
        self.count = count
        self.each = each  # "64 KiB", "packet", "transaction" or "flow"
        self.more = more or {}


class Bench:
    """Tests with the programs of the namespace `space`, and the process `nat` (or None) that serves it."""

    def __init__(self, space, nat, load, options, counter):
        self._space = space
        self._nat = nat
        self._load = load
        self._seconds = options.seconds
        self._limit = options.limit
        self._counter = counter

    def warm_up(self):
        """Waits for the first connection that works, whose cost is no part of any test."""
        words = self._space.words(self._load, "hold", FAR, str(PORT), "1", "10", "1")
        wait_until("a connection works", lambda: sh(*words).startswith("1 "))

    def run(self, test):
        """{row: figure}, a figure being a dictionary that JSON takes."""
        if test.startswith("hold-"):
            return self.hold(int(test[5:]))
        kind, *arguments = _TESTS[test]
        before = self._cpu()
        amount = getattr(self, kind)(self._seconds, *arguments)
        self._must_run()
        figure = self._figure(amount, self._cpu() - before)
        if self._counter and self._nat:
            # In a run of its own, because counting takes time.
            with spent.CountedCalls(self._counter, self._nat.pid) as calls:
                counted = getattr(self, kind)(1, *arguments).count
            if calls.total is not None and counted:
                figure["calls_each"] = calls.total / counted
        return {test: figure}

    def _must_run(self):
        if self._nat and self._nat.poll() is not None:
            raise RuntimeError(f"the NAT ended, with status {self._nat.returncode}")

    def _cpu(self):
        return spent.cpu_nanoseconds(self._nat.pid) if self._nat else 0

    def _figure(self, amount, cpu):
        figure = {"unit": amount.unit, "value": amount.value, **amount.more}
        if self._nat and amount.count and cpu is not None:
            figure |= {"each": amount.each, "cpu_ns_each": cpu / amount.count}
            if amount.each == "64 KiB":
                figure["cpu_ns_per_byte"] = cpu / amount.count / _PIECE
        return figure

    def _client(self, seconds, *words):
        try:
            done = subprocess.run(
                self._space.words(*words), capture_output=True, text=True, timeout=seconds + 30, check=False)
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"{' '.join(words)} does not end") from error
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout[-300:]}")
        return done.stdout

    def streams(self, seconds, parallel, direction):
        words = ["iperf3", "-c", FAR, "-p", "5201", "-t", str(seconds), "-P", str(parallel), "-J"]
        report = json.loads(self._client(seconds, *words, *(["-R"] if direction == "down" else [])))
        received = report["end"]["sum_received"]
        return _Amount(GBIT, received["bits_per_second"] / 1e9, received["bytes"] / _PIECE, "64 KiB")

    def datagrams(self, seconds, verb, size):
        words = [self._load, verb, FAR, str(PORT), str(seconds), str(size)]
        received, _, sent = (float(word) for word in self._client(seconds, *words).split())
        return _Amount(PACKETS, received, received * seconds, "packet", {"sent_per_second": sent})

    def transactions(self, seconds, verb, parallel):
        words = [self._load, verb, FAR, str(PORT), str(seconds), str(parallel)]
        rate, failed = (float(word) for word in self._client(seconds, *words).split())
        return _Amount(RATE, rate, rate * seconds, "transaction", {"failed": failed})

    def _holder(self, *counts):
        words = self._space.words(
            self._load, "hold", FAR, str(PORT), str(PORTS), str(self._limit), *(str(count) for count in counts))
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _memory(self):
        return spent.resident_megabytes(self._nat.pid) if self._nat else 0

    def _descriptors(self):
        return spent.descriptors(self._nat.pid) if self._nat else 0

    def hold(self, count):
        """Idle connections: the time to open them, the memory they take, and rr before and beside them."""
        alone = self.transactions(self._seconds, "rr", 1)
        memory, descriptors, cpu = self._memory(), self._descriptors(), self._cpu()
        with self._holder(count) as holder:
            line = holder.stdout.readline().split()
            self._must_run()
            cpu = self._cpu() - cpu
            opened, seconds = int(line[0]), float(line[1])
            beside = {"opened": opened, "descriptors": self._descriptors() - descriptors, "before": memory}
            memory = self._memory()
            fresh = None
            if opened == count:
                fresh = self.transactions(self._seconds, "rr", 1)
            holder.stdin.close()
        test = f"hold-{count}"
        if opened < count:
            why = f"{opened:,} of {count:,} after {seconds:.1f} s"
            return {test: {"unit": SECONDS, "value": None, "why": why, **beside}}
        rows = {test: self._figure(_Amount(SECONDS, seconds, count, "flow"), cpu)}
        if self._nat:
            rows[test + "-memory"] = {"unit": MEGABYTES, "value": memory, **beside}
        for name, amount in (("alone", alone), ("beside", fresh)):
            rows[f"{test}-rr-{name}"] = self._figure(amount, None)
        return rows

    def curve(self, counts):
        """[{flows, seconds, megabytes, cpu_seconds}], in all and until then, for as many as it gets to."""
        points = [{"flows": 0, "seconds": 0, "megabytes": self._memory(), "cpu_seconds": 0}]
        cpu = self._cpu()
        with self._holder(*counts) as holder:
            for count in counts:
                line = holder.stdout.readline().split()
                if self._nat and self._nat.poll() is not None:
                    break
                points.append({"flows": int(line[0]), "seconds": float(line[1]), "megabytes": self._memory(),
                               "cpu_seconds": (self._cpu() - cpu) / 1e9})
                if int(line[0]) < count:
                    break
                holder.stdin.write("\n")
                holder.stdin.flush()
            holder.stdin.close()
        return points


_TESTS = {
    "up-1": ("streams", 1, "up"), "down-1": ("streams", 1, "down"),
    "up-8": ("streams", 8, "up"), "down-8": ("streams", 8, "down"),
    "udp-up-64": ("datagrams", "udp-send", 64), "udp-up-1400": ("datagrams", "udp-send", 1400),
    "udp-down-64": ("datagrams", "udp-receive", 64), "udp-down-1400": ("datagrams", "udp-receive", 1400),
    "rr": ("transactions", "rr", 1), "rr-32": ("transactions", "rr", 32),
    "crr": ("transactions", "crr", 1), "crr-32": ("transactions", "crr", 32),
    "udp-rr": ("transactions", "udp-rr", 1), "udp-rr-32": ("transactions", "udp-rr", 32),
    "rr-pinned": ("transactions", "rr", 1), "crr-pinned": ("transactions", "crr", 1),
    "udp-rr-pinned": ("transactions", "udp-rr", 1),
}
DEFAULT = [*_TESTS, "hold-5000"]
CURVE = [100, 300, 1000, 3000, 10000, 30000, 60000, 100000]


def is_pinned(name):
    """Whether everything that takes part in the test shares one processor."""
    return name.endswith("-pinned") or name.startswith("hold-") or name == "curve"


def is_test(name):
    return name in _TESTS or re.fullmatch(r"hold-[1-9][0-9]*", name) is not None
