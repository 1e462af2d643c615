"""`sluice exec` is as transparent as a process can be, and leaves nothing behind."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import unittest.mock

import claims
import outside
import processes
import stream
from claims import GATEWAY, GUEST, NAME_SERVER, Claims
from sluice import BINARY, Program, Sluice, drop_privileges, poll_until, run


class Transparent(Claims):
    def test_the_commands_exit_status_is_returned(self):
        for status in (0, 1, 7, 255):
            self.assertEqual(run("exec", "--", "sh", "-c", f"exit {status}")[0], status)

    def test_the_status_is_returned_to_a_caller_that_ignores_its_children(self):
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        words = [BINARY, "exec", "--", "sh", "-c", "exit 5"]
        self.assertEqual(subprocess.run(words, preexec_fn=ignore, timeout=30, check=False).returncode, 5)

    def test_a_signal_that_ends_the_command_is_told_as_a_shell_tells_it(self):
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            status, _, _ = run("exec", "--", "sh", "-c", f"kill -{int(number)} $$")
            self.assertEqual(status, 128 + number)

    def test_a_command_that_is_missing_or_none_is_told_as_a_shell_tells_it(self):
        status, _, errors = run("exec", "--", "no-such-command-here")
        self.assertEqual(status, 127)
        self.assertIn("no-such-command-here", errors)
        self.assertEqual(run("exec", "--", "/etc/passwd")[0], 126)

    def test_a_resolv_conf_that_is_replaced_outside_stays_what_it_is_inside(self):
        ask = "grep -c 'nameserver 10.0.2.3' /etc/resolv.conf"
        with outside.copy_of_etc(), Sluice("exec", "--", "sh") as program:
            program.say(ask)
            self.assertEqual(program.line(), "1")
            for _ in range(3):
                with open("/etc/resolv.conf.new", "w", encoding="ascii") as file:
                    file.write("nameserver 192.0.2.9\n")
                os.rename("/etc/resolv.conf.new", "/etc/resolv.conf")

                def is_back():
                    program.say(ask)
                    return program.line() == "1"

                poll_until(is_back, what="a resolv.conf that names Sluice")
            os.unlink("/etc/resolv.conf")
            program.say("cat /etc/resolv.conf 2>&1")
            self.assertIn("No such file", program.line())
            with open("/etc/resolv.conf", "w", encoding="ascii") as file:
                file.write("nameserver 192.0.2.9\n")
            poll_until(is_back, what="a resolv.conf that names Sluice")

    def test_a_resolv_conf_that_is_no_file_holds_up_nothing(self):
        with outside.copy_of_etc():
            for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)):
                os.unlink("/etc/resolv.conf")
                make("/etc/resolv.conf")
                self.assertEqual(run("exec", "--", "sh", "-c", "exit 4", seconds=20)[0], 4)
                if os.path.isdir("/etc/resolv.conf"):
                    os.rmdir("/etc/resolv.conf")
                    open("/etc/resolv.conf", "w", encoding="ascii").close()

    def test_a_receiver_that_takes_nothing_is_waited_for_only_once(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            script = f"""
import socket
one = socket.create_connection(("{GATEWAY}", {server.getsockname()[1]}))
one.settimeout(1)
try:
    while True:
        one.send(bytes(65536))
except TimeoutError:
    pass
"""
            status, _, errors = run("exec", "--", sys.executable, "-c", script, seconds=60)
        self.assertEqual(status, 0, errors)
        self.assertIn("took nothing for 10 seconds", errors)
        self.assertIn("are lost", errors)
        # That the guest's end took its time counts: it is not followed by a wait of Sluice's own.
        self.assertNotIn("waiting for", errors)

    def test_input_and_output_pass_through(self):
        size = 20_000_000
        with subprocess.Popen(
            [BINARY, "exec", "--", "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=drop_privileges,
        ) as program:
            if os.fork() == 0:
                program.stdout.close()
                for block in stream.blocks(size):
                    program.stdin.write(block)
                program.stdin.close()
                os._exit(0)
            program.stdin.close()
            digest = hashlib.file_digest(program.stdout, "sha256").hexdigest()
        self.assertEqual(program.returncode, 0)
        self.assertEqual(digest, stream.digest(stream.blocks(size)))

    def test_standard_error_is_apart(self):
        self.assertEqual(run("exec", "--", "sh", "-c", "echo out; echo err >&2"), (0, "out\n", "err\n"))

    def test_output_ends_when_the_command_closes_it(self):
        with Sluice("exec", "--", "sh", "-c", "echo last; exec >&- 2>&-; exec sleep 60") as program:
            self.assertEqual(program.line(), "last")
            self.assertEqual(program.line(5), "")

    def test_standard_files_may_be_closed(self):
        for closed in ("<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                words = ["sh", "-c", f'exec "$0" exec -- sleep 1000 {closed}', BINARY]
                with Program(words, preexec_fn=drop_privileges) as program:
                    poll_until(lambda: processes.named("sleep\0001000") - {program.pid}, what="the command")
                    program.process.send_signal(signal.SIGTERM)
                    self.assertEqual(program.wait(3), 128 + signal.SIGTERM)

    def test_user_directory_environment_and_arguments_are_the_callers(self):
        script = "id -u; pwd; echo $WORD; echo \"$1\""
        with Sluice(
            "exec", "sh", "-c", script, "sh", "a  b", cwd="/usr", env={**os.environ, "WORD": "given"}
        ) as program:
            told = [program.line() for _ in range(4)]
            self.assertEqual(program.wait(), 0)
        self.assertEqual(told, [str(os.geteuid()), "/usr", "given", "a  b"])

    def test_map_root_makes_the_user_root_inside(self):
        self.assertEqual(run("exec", "--map-root", "--", "id", "-u")[1], "0\n")

    def test_options_after_the_command_are_the_commands(self):
        self.assertEqual(run("exec", "echo", "--pcap", "x")[:2], (0, "--pcap x\n"))


class Network(Claims):
    def test_the_command_finds_a_configured_network(self):
        _, text, _ = run("exec", "--", "sh", "-c", "ip -4 -o address show; ip route; ls /sys > /dev/null")
        self.assertIn(f"inet {GUEST}/24", text)
        self.assertIn("inet 127.0.0.1/8", text)
        self.assertIn("default via 10.0.2.2 dev tap0", text)

    def test_the_interface_has_the_name_and_size_that_were_asked_for(self):
        words = ["--tap", "eth7", "--netdev", "user,mtu=9000", "--", "ip", "link", "show", "eth7"]
        self.assertIn("mtu 9000", run("exec", *words)[1])

    def test_resolv_conf_names_sluice_inside_and_stays_what_it_is_outside(self):
        outside.set_resolv_conf(f"nameserver {outside.LOOPBACK}\nsearch host.test\n")
        self.addCleanup(outside.set_resolv_conf, f"nameserver {outside.LOOPBACK}\n")
        _, text, _ = run("exec", "--", "cat", "/etc/resolv.conf")
        self.assertIn(f"nameserver {NAME_SERVER}\n", text)
        self.assertIn("search host.test\n", text)
        self.assertNotIn(outside.LOOPBACK, text)
        with open("/etc/resolv.conf", encoding="ascii") as file:
            self.assertEqual(file.read(), f"nameserver {outside.LOOPBACK}\nsearch host.test\n")

    def test_nothing_of_the_hosts_network_is_visible_inside(self):
        _, text, _ = run("exec", "--", "ip", "address")
        self.assertNotIn(outside.OUTSIDE, text)
        _, text, _ = run("exec", "--", "ls", "/sys/class/net")
        self.assertEqual(text.split(), ["lo", "tap0"])
        _, text, _ = run("exec", "--", "cat", "/sys/class/net/tap0/mtu")
        self.assertEqual(text.strip(), "1500")


class Ending(Claims):
    def setUp(self):
        super().setUp()
        self.before = processes.living()

    def all_gone(self):
        return not processes.living() - self.before

    def started(self, *words):
        program = Sluice("exec", "--", *words)
        self.addCleanup(program.__exit__)
        self.assertEqual(program.line(), "started")
        return program

    def test_sigterm_ends_the_command_and_everything_with_it(self):
        program = self.started("sh", "-c", "echo started; exec sleep 1000")
        program.process.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait(10), 128 + signal.SIGTERM)
        poll_until(self.all_gone, what="every process to be gone")

    def test_the_command_may_end_its_own_way_after_a_signal(self):
        script = "trap 'echo got it; exit 9' USR1; echo started; while :; do sleep 0.01; done"
        program = self.started("sh", "-c", script)
        program.process.send_signal(signal.SIGUSR1)
        self.assertEqual(program.line(), "got it")
        self.assertEqual(program.wait(10), 9)

    def test_killing_sluice_ends_the_command(self):
        program = self.started("sh", "-c", "trap '' TERM HUP INT; echo started; while :; do sleep 0.1; done")
        program.process.kill()
        program.process.wait(10)
        poll_until(self.all_gone, what="every process to be gone")

    def test_daemons_end_with_the_command(self):
        daemon = "trap '' TERM HUP; echo started; exec sleep 1000 > /dev/null 2>&1"
        program = self.started("sh", "-c", 'setsid sh -c "$0" & read until_the_end_of_input; exit 0', daemon)
        self.assertEqual(program.wait(10), 0)
        poll_until(self.all_gone, what="every process to be gone")

    def test_killing_sluice_ends_daemons_too(self):
        script = "setsid sleep 1000 > /dev/null 2>&1 & echo started; wait"
        program = self.started("sh", "-c", script)
        program.process.kill()
        program.process.wait(10)
        poll_until(self.all_gone, what="every process to be gone")

    def test_the_command_stops_and_goes_on_with_sluice(self):
        def states():
            """Of Sluice and of the command: T is stopped."""
            found = {}
            for number in processes.living():
                with open(f"/proc/{number}/stat", encoding="ascii") as file:
                    name, _, rest = file.read().partition(")")
                if number == program.pid or name.endswith("(sleep"):
                    found[number] = rest.split()[0]
            return found

        # As a shell starts a job: what nobody could continue is not stopped by SIGTSTP.
        with Program([BINARY, "exec", "--", "sleep", "1000"], process_group=0) as program:
            poll_until(lambda: len(states()) == 2, what="the command to run")
            for signal_number, stopped in ((signal.SIGTSTP, True), (signal.SIGCONT, False)) * 2:
                os.kill(program.pid, signal_number)
                poll_until(
                    lambda: len(states()) == 2 and {state == "T" for state in states().values()} == {stopped},
                    what=f"both to take signal {signal_number}")

    def test_no_files_and_interfaces_are_left(self):
        def seen():
            return outside.sh("ip", "-o", "link"), outside.sh("cat", "/proc/mounts")

        before = seen()
        with unittest.mock.patch.dict(os.environ, TMPDIR=self.directory):
            self.assertEqual(run("exec", "--netdev", "user,tftp=/usr", "--", "true")[0], 0)
        self.assertEqual(os.listdir(self.directory), [])
        self.assertEqual(seen(), before)


if __name__ == "__main__":
    claims.main()
