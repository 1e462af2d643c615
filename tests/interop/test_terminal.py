"""The command of `sluice exec` has the caller's terminal: keys, size, job control."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import claims
import processes
from claims import Claims
from sluice import BINARY, drop_privileges, poll_until


class Terminal:
    """Sluice on a terminal of its own, whose user is the claim."""

    def __init__(self, *words):
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            drop_privileges()
            os.execv(BINARY, [BINARY, "exec", *words])
        self.text = ""
        self._status = None

    def type(self, text):
        os.write(self._screen, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, pattern, seconds=15):
        """Reads until the pattern appears on the screen, and takes it off."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if not select.select([self._screen], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{pattern!r} does not appear; there is: {self.text!r}")
            try:
                piece = os.read(self._screen, 4096)
            except OSError:  # EIO: nobody has the terminal open any more
                piece = b""
            if not piece:
                raise AssertionError(f"{pattern!r} does not appear before the end; there is: {self.text!r}")
            self.text += piece.decode(errors="replace")
        self.text = self.text[found.end() :]
        return found

    def end(self, seconds=15):
        """The exit status."""
        deadline = time.monotonic() + seconds
        while self._status is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                raise AssertionError(f"does not end; there is: {self.text!r}")
            elif select.select([self._screen], [], [], 0.01)[0]:
                try:
                    self.text += os.read(self._screen, 4096).decode(errors="replace")
                except OSError:
                    time.sleep(0.01)
        return self._status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._screen)


class Terminals(Claims):
    def test_standard_files_are_a_terminal(self):
        with Terminal("--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo all three") as terminal:
            terminal.until("all three")
            self.assertEqual(terminal.end(), 0)

    def test_what_is_typed_is_read(self):
        with Terminal("--", "sh", "-c", "read line; echo \"<$line>\"; exit 3") as terminal:
            terminal.type("words\n")
            terminal.until("<words>")
            self.assertEqual(terminal.end(), 3)

    def test_ctrl_c_interrupts_the_command_once(self):
        script = "trap 'count=$((count + 1)); echo caught' INT; trap 'echo total $count; exit 5' TERM; "
        script += "echo ready; while :; do sleep 0.05; done"
        with Terminal("--", "sh", "-c", script) as terminal:
            terminal.until("ready")
            terminal.type("\x03")
            terminal.until("caught")
            os.kill(terminal.pid, signal.SIGTERM)
            terminal.until("total 1")
            self.assertEqual(terminal.end(), 5)

    def test_ctrl_c_ends_a_command_that_does_not_mind_it(self):
        with Terminal("--", "sh", "-c", "echo ready; exec sleep 1000") as terminal:
            terminal.until("ready")
            terminal.type("\x03")
            self.assertEqual(terminal.end(), 128 + signal.SIGINT)

    def test_a_changed_size_is_told(self):
        script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"
        with Terminal("--", "sh", "-c", script) as terminal:
            terminal.until("ready")
            terminal.resize(33, 111)
            terminal.until("33 111")
            terminal.end()

    def test_a_shell_inside_has_job_control(self):
        with Terminal("--", "bash", "--norc", "--noprofile", "--noediting", "-i") as terminal:
            terminal.type("PS1='ask> '\n")
            terminal.until(r"[#$] ask> ")
            terminal.type("sleep 1000\n")
            poll_until(lambda: processes.named("sleep\0001000"), 10, "sleep to run")
            terminal.type("\x1a")
            terminal.until("Stopped")
            # A shell that has not seen its job end yet refuses to leave.
            terminal.type("kill -9 %1; while jobs -s | grep -q .; do sleep 0.02; done; echo gone\n")
            terminal.until(r"\ngone")
            self.assertFalse(processes.named("sleep\0001000"))
            terminal.type("exit 4\n")
            self.assertEqual(terminal.end(), 4)

    def test_the_end_of_the_terminal_ends_the_command(self):
        with Terminal("--", "sh", "-c", "echo ready; exec cat") as terminal:
            terminal.until("ready")
            terminal.type("\x04")
            self.assertEqual(terminal.end(), 0)


if __name__ == "__main__":
    claims.main()
