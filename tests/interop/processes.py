"""What lives in the test's own process namespace: everything there was started by the test."""

import contextlib
import os


def living():
    """The numbers of all processes that have not ended."""
    numbers = set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8") as file:
            if file.read().rsplit(")", 1)[1].split()[0] not in "ZX":
                numbers.add(int(name))
    return numbers


def named(word):
    """Those whose command line holds the word."""
    found = set()
    for number in living():
        with contextlib.suppress(OSError), open(f"/proc/{number}/cmdline", "rb") as file:
            if word.encode() in file.read():
                found.add(number)
    return found
