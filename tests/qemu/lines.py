"""Conversations by lines over QEMU's unix sockets: with its monitor, and with the guest's init."""

import base64
import json
import select
import socket
import time


class Lines:
    """Lines to and from a unix socket, each wait bounded."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._read = b""

    def say(self, line):
        self._socket.sendall(line.encode() + b"\n")

    def line(self, seconds):
        """The next line, or None if none comes in time or QEMU has ended."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._read:
            if not select.select([self._socket], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            try:
                piece = self._socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        return line.decode(errors="replace").strip("\r")

    def close(self):
        self._socket.close()


class Monitor:
    """QEMU's monitor, by its machine protocol; what a user types goes through `typed`."""

    def __init__(self, path):
        self._lines = Lines(path)
        self._lines.line(30)  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, name, seconds=60, **arguments):
        self._lines.say(json.dumps({"execute": name, "arguments": arguments}))
        while (line := self._lines.line(seconds)) is not None:
            answer = json.loads(line)
            if "error" in answer:
                raise AssertionError(f"QEMU's monitor refuses {name} {arguments}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise AssertionError(f"QEMU's monitor did not answer {name} {arguments} in {seconds} s")

    def typed(self, text, seconds=60):
        """What the human monitor prints when this is typed into it."""
        return self.execute("human-monitor-command", seconds, **{"command-line": text}).replace("\r\n", "\n")

    def close(self):
        self._lines.close()


class Init:
    """The guest's init (guest_init.sh), which runs scripts one after the other."""

    def __init__(self, path):
        self._lines = Lines(path)
        self._number = 0

    def await_ready(self, seconds):
        """Whether the guest says in time that it is up. Line noise before it doesn't count."""
        deadline = time.monotonic() + seconds
        while (line := self._lines.line(max(0, deadline - time.monotonic()))) is not None:
            if line.endswith("ready 0 -"):
                return True
        return False

    def run(self, script, seconds):
        """(exit status, what it printed), or None if it hasn't ended in time."""
        self._number += 1
        self._lines.say(f"{self._number} {base64.b64encode(script.encode()).decode()}")
        deadline = time.monotonic() + seconds
        while (line := self._lines.line(max(0, deadline - time.monotonic()))) is not None:
            words = line.split()
            if len(words) != 3:
                raise AssertionError(f"the guest's init says {line!r}; expected a number, a status and an output")
            number, status, output = words
            if number == str(self._number):
                text = "" if output == "-" else base64.b64decode(output).decode(errors="replace")
                return int(status), text
        return None

    def close(self):
        self._lines.close()
