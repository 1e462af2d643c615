"""What every test file is made of: claims, and functions of the same file that run in the guest.

A test file holds classes derived from `Claims`, whose methods `test_…` are the claims, and ends with
`claims.main()`. A claim runs on the host's side. What is to happen behind Sluice is an ordinary
function of the test file, called with `in_guest(function, arguments…)`: the file is run once more
as Sluice's command, and results come back as lines of JSON. A guest's function may `report()`
several results, and wait for a word of the claim with `await_word()`.
"""

import contextlib
import errno
import faulthandler
import json
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import outside
from sluice import Sluice

GATEWAY = "10.0.2.2"
NAME_SERVER = "10.0.2.3"
GUEST = "10.0.2.15"

GATEWAY6 = "fec0::2"
NAME_SERVER6 = "fec0::3"
GUEST6 = "fec0::15"

_WHOLE_FILE_SECONDS = 280


def report(value):
    """In the guest: hands a result to the claim."""
    print(json.dumps(value), flush=True)


def await_word():
    """In the guest: waits until the claim says something, and returns it."""
    return sys.stdin.readline().strip()


def errno_name(action):
    """The name of the error that an action ends with, or None."""
    try:
        action()
    except TimeoutError as error:
        return errno.errorcode.get(error.errno, "its own timeout")
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return None


def command(*words, seconds=60, text=None):
    """Runs a real program; returns [exit status, standard output, standard error]."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, input=text, check=False)
    return [done.returncode, done.stdout, done.stderr]


class Guest:
    """A running guest's function, seen from the claim."""

    def __init__(self, program):
        self.program = program

    def next(self, seconds=60):
        line = self.program.line(seconds)
        if not line:
            self.program.wait()
            raise AssertionError(f"the guest failed:\n{self.program.errors()}")
        return json.loads(line)

    def say(self, word="go"):
        self.program.say(word)

    def peak_memory(self):
        return self.program.peak_memory()

    def finish(self):
        status = self.program.wait()
        if status != 0:
            raise AssertionError(f"the guest ended with {status}:\n{self.program.errors()}")


class Claims(unittest.TestCase):
    """Claims of one idea."""

    longMessage = True

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="sluice-interop-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    @contextlib.contextmanager
    def guest(self, function, *arguments, netdev="", options=(), descriptors=None):
        """Runs a function of this file behind `sluice exec`."""
        words = ["exec", *options]
        if netdev:
            words += ["--netdev", f"user,{netdev}"]
        words += ["--", sys.executable, sys.argv[0], "--guest", function.__name__, json.dumps(arguments)]
        with Sluice(*words, descriptors=descriptors) as program:
            guest = Guest(program)
            yield guest
            guest.finish()

    def in_guest(self, function, *arguments, seconds=60, **options):
        """What a function of this file returns in a guest of its own."""
        with self.guest(function, *arguments, **options) as guest:
            return guest.next(seconds)

    def in_guest_command(self, *words, **options):
        """What a program does in a guest: [exit status, standard output, standard error]."""
        return self.in_guest(command, *words, **options)


def need(*programs):
    """Skips a claim, with the reason, when a real program isn't installed."""
    missing = [name for name in programs if shutil.which(name, path=_SEARCH) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class _Lines(unittest.TestResult):
    """One line per claim, with the time it took."""

    def __init__(self):
        super().__init__()
        self._start = time.monotonic()  # what prepares a class may fail before any claim begins

    def startTest(self, test):
        super().startTest(test)
        self._start = time.monotonic()

    def _line(self, test, what):
        name = test.id().split(".", 1)[-1].rstrip(")")  # a class that failed is in brackets
        print(f"{what:7} {name} ({time.monotonic() - self._start:.1f} s)", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(test, "ok")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(test, f"skipped ({reason})")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(test, "FAILED")
        print(self.failures[-1][1], flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self._line(test, "FAILED")
        print(self.errors[-1][1], flush=True)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._line(subtest, "FAILED")
            print((self.failures + self.errors)[-1][1], flush=True)


def _serve_guest_call():
    functions = vars(sys.modules["__main__"])
    function = functions.get(sys.argv[2]) or globals()[sys.argv[2]]
    result = function(*json.loads(sys.argv[3]))
    if result is not None:
        report(result)
    sys.stdin.read()  # the network lasts until the claim has seen enough


def main(seconds=_WHOLE_FILE_SECONDS):
    """Runs the file's claims; those whose names hold a word of the command line, if there are any.

    All together may take that many seconds.
    """
    if sys.argv[1:2] == ["--guest"]:
        _serve_guest_call()
        return
    outside.enter()
    faulthandler.dump_traceback_later(seconds, exit=True)
    loader = unittest.TestLoader()
    if sys.argv[1:]:
        loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]]
    result = _Lines()
    loader.loadTestsFromModule(sys.modules["__main__"]).run(result)
    bad = len(result.failures) + len(result.errors)
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    good = max(0, result.testsRun - bad - len(result.skipped))
    print(f"{good} passed, {bad} failed{skipped}")
    sys.exit(1 if bad or result.testsRun == 0 else 0)
