"""Sluice in the place of slirp4netns as a process, and clients of its API socket."""

import json
import os
import select
import socket

from sluice import BINARY, Program, drop_privileges

# The leak sanitizer needs a thread and ptrace at the end, which a filter of system calls forbids.
_NO_LEAKS = ":detect_leaks=0"


class Slirp4netns(Program):
    """Started with the given words; ready when the `with` block begins.

    `program`: another one that is called like it.
    """

    def __init__(self, *words, program=BINARY, environment=None, pass_fds=(), **options):
        self._ready, ready = os.pipe()
        environment = dict(environment or os.environ)
        if "--enable-seccomp" in words:
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + _NO_LEAKS
        super().__init__(
            [program, "-r", str(ready), *words],
            pass_fds=[ready, *pass_fds],
            preexec_fn=drop_privileges,
            env=environment,
            **options,
        )
        os.close(ready)

    def said_ready(self, seconds=30):
        """What the ready descriptor got until it was closed."""
        said = b""
        while True:
            if not select.select([self._ready], [], [], seconds)[0]:
                raise AssertionError(f"not ready in {seconds} s; standard error:\n{self.errors()}")
            piece = os.read(self._ready, 100)
            if not piece:
                return said.decode()
            said += piece

    def __enter__(self):
        super().__enter__()
        if (said := self.said_ready()) != "1":
            self.__exit__(None, None, None)
            raise AssertionError(f"is not ready but said {said!r}\n{self.errors()}")
        return self

    def __exit__(self, *exception):
        super().__exit__(*exception)
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None


def run(*words, seconds=30):
    """Runs it to its end; returns (exit status, standard output, standard error)."""
    with Program([BINARY, *words], preexec_fn=drop_privileges) as program:
        status = program.wait(seconds)
        return status, program.process.stdout.read().decode(), program.errors()


def ask_raw(path, text, shut_down=True):
    """One connection to the API, as podman makes it: all is written, then all read."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(path)
        connection.sendall(text.encode() if isinstance(text, str) else text)
        if shut_down:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer.decode()


def ask(path, execute, **arguments):
    """A request and its answer as values. Requests end with a newline, as podman's do."""
    request = {"execute": execute}
    if arguments:
        request["arguments"] = arguments
    return json.loads(ask_raw(path, json.dumps(request) + "\n"))
