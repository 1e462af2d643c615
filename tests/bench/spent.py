"""What a process and its descendants spend: processor time, memory, descriptors, system calls."""

import os
import re
import signal
import subprocess
import tempfile
import time


def family(pid):
    """The process and all that descend from it."""
    found = [pid]
    for each in found:
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{task}/children", encoding="ascii") as file:
                    found.extend(int(word) for word in file.read().split())
        except FileNotFoundError:
            pass  # it ended meanwhile
    return found


def cpu_nanoseconds(pid):
    """In user and system mode, as the scheduler counts it, of all threads there are."""
    total = 0
    for each in family(pid):
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{task}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
        except FileNotFoundError:
            pass
    return total


def resident_megabytes(pid):
    total = 0
    for each in family(pid):
        with open(f"/proc/{each}/status", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return total * 1024 / 1e6


def descriptors(pid):
    return sum(len(os.listdir(f"/proc/{each}/fd")) for each in family(pid))


def calls_counter():
    """The best program there is to count system calls: 'perf', 'strace', or None.

    perf costs a call some hundred nanoseconds, strace some ten thousand and more.
    """
    for name, words in (("perf", ["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"]),
                        ("strace", ["strace", "-c", "-o", "/dev/null", "true"])):
        try:
            if subprocess.run(words, capture_output=True, check=False).returncode == 0:
                return name
        except FileNotFoundError:
            pass
    return None


class CountedCalls:
    """Counts the system calls of a family during a `with` block; `total` is there after it."""

    def __init__(self, counter, pid):
        self._pids = [str(each) for each in family(pid)]
        self._counter = counter
        self.total = None

    def __enter__(self):
        self._file = tempfile.NamedTemporaryFile("r", suffix=".calls")
        if self._counter == "perf":
            words = ["perf", "stat", "-x,", "-o", self._file.name, "-e", "raw_syscalls:sys_enter",
                     "-p", ",".join(self._pids)]
        else:
            words = ["strace", "-f", "-c", "-U", "calls,name", "-o", self._file.name]
            words += [word for pid in self._pids for word in ("-p", pid)]
        self._process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # Both say nothing reliable when they have begun.
        time.sleep(0.3)
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=30)
        pattern = r"^(\d+),.*sys_enter" if self._counter == "perf" else r"^\s*(\d+)\s+total"
        found = re.search(pattern, self._file.read(), re.MULTILINE)
        self._file.close()
        self.total = int(found.group(1)) if found else None
