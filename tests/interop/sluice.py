"""The program under test as a process: started, watched, and ended by its number."""

import ctypes
import os
import re
import resource
import select
import subprocess
import tempfile
import time

_HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.environ.get("SLUICE") or os.path.join(_HERE, "../../bazel-bin/app/sluice")

_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_libc = ctypes.CDLL(None, use_errno=True)

# What sanitizers print; a build without them never says so.
_SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")


def drop_privileges():
    """What an ordinary user's test may do over its own namespaces is not Sluice's. Root stays."""
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


def has_sanitizer():
    """Whether the program under test was built with a sanitizer that watches its memory or threads."""
    with open(BINARY, "rb") as file:
        program = file.read()
    return b"__asan_init" in program or b"__tsan_init" in program


def poll_until(condition, seconds=10, what="a condition"):
    """Returns the condition's first true value; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)


class Program:
    """A running program with pipes, each wait on it bounded. Its standard error goes to a file."""

    def __init__(self, words, **options):
        self._errors = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        options.setdefault("stdin", subprocess.PIPE)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", self._errors)
        self.process = subprocess.Popen(words, **options)  # pylint: disable=consider-using-with
        self._read = b""

    @property
    def pid(self):
        return self.process.pid

    def line(self, seconds=30):
        """The next line of standard output, or what there is of it at the end."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._read:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no line in {seconds} s; standard error:\n{self.errors()}")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                break
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, seconds=30):
        """The exit status; negative for a signal."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end in {seconds} s; standard error:\n{self.errors()}") from None

    def errors(self):
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def peak_memory(self):
        """The largest resident size so far, in MiB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) // 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        errors = self.errors()
        self._errors.close()
        if _SANITIZER.search(errors):
            raise AssertionError(f"a sanitizer complains:\n{errors}")


class Sluice(Program):
    """Sluice with the given words after its name, and a limit of descriptors where one is given."""

    def __init__(self, *words, descriptors=None, **options):
        def prepare():
            drop_privileges()
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        super().__init__([BINARY, *words], preexec_fn=prepare, **options)


def run(*words, text="", seconds=60):
    """Runs Sluice to its end; returns (exit status, standard output, standard error)."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as given:
        given.write(text.encode())
        given.seek(0)
        with Sluice(*words, stdin=given, stdout=output) as program:
            status = program.wait(seconds)
            output.seek(0)
            return status, output.read().decode(errors="replace"), program.errors()
