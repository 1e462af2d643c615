"""Claims about a Linux guest of QEMU, and how a file of them is run."""

import contextlib
import os
import shutil
import tempfile
import threading

import claims
import emulator
from image import Image
from machine import Machine

GATEWAY = claims.GATEWAY
NAME_SERVER = claims.NAME_SERVER
GUEST = claims.GUEST
GATEWAY6 = claims.GATEWAY6

_WHOLE_FILE_SECONDS = 840
_images = {}
_directories = contextlib.ExitStack()


def directory():
    """A directory that lasts as long as the test; its path is short, as those of unix sockets must be."""
    path = tempfile.mkdtemp(prefix="sluice-qemu-")
    _directories.callback(shutil.rmtree, path, ignore_errors=True)
    return path


def image(card="e1000", modules=(), programs=()):
    """What a guest boots who has this card; made once."""
    key = (card, tuple(modules), tuple(programs))
    if key not in _images:
        _images[key] = Image(directory(), card, modules, programs)
    return _images[key]


class GuestClaims(claims.Claims):
    """Claims of one idea, all about one machine, which is booted before the first.

    A claim finds it as `self.machine`, with its network configured by a lease, and leaves nothing
    running in it that another could stumble over.
    """

    card = "e1000"
    modules = ()
    programs = ()
    options = ()

    @classmethod
    def netdev(cls):
        """What follows `-netdev user,`; servers that it leads to can be started here."""
        return ""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        booted = Machine(directory(), image(cls.card, cls.modules, cls.programs), cls.netdev(), cls.card, cls.options)
        cls.machine = cls.enterClassContext(booted)
        cls.configure()

    @classmethod
    def configure(cls):
        """Gives the guest its network."""
        cls.given = cls.machine.lease()

    def run(self, result=None):
        """Shows after a failed claim what guest and QEMU have said last."""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(self.machine.tail(), flush=True)


def serve(machine, port, answer="cat", address=""):
    """Starts a server in the guest that runs a command of busybox for each connection to a port."""
    where = f"-s {address} " if address else ""
    machine.run(f"busybox nc {where}-ll -p {port} -e /bin/busybox {answer} < /dev/null > /dev/null 2>&1 &")
    machine.await_in_guest(f"busybox netstat -lnt | busybox grep -q ':{port} '")


def in_thread(action):
    """Begins an action beside the claim; to be joined."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


def post(address, port, path, size):
    """A script that posts a file of that size to `/stream` and prints the answer.

    Busybox's own client takes the file for a string.
    """
    head = f"POST /stream HTTP/1.0\\r\\nContent-Length: {size}\\r\\n\\r\\n"
    return f"(printf '{head}'; busybox cat {path}) | nc.openbsd -n -N -w 60 {address} {port} | busybox tail -n 1"


def main():
    """Runs the file's claims; those whose names hold a word of the command line, if there are any."""
    reason = emulator.problem()
    if reason:
        claims.outside.skip_all(reason)
    os.environ["TMPDIR"] = "/tmp"
    with _directories:
        claims.main(_WHOLE_FILE_SECONDS)
