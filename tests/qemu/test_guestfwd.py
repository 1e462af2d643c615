"""guestfwd leads from an address of the virtual network to commands and to QEMU's character devices."""

import hashlib
import os

import guests
import processes
from guests import GuestClaims
from servers import TcpServer, UnixServer, echo
from sluice import poll_until

SERVER = "10.0.2.100"


def talk(port, text, address=SERVER):
    """A script that says something to an address, ends its side, and prints what comes back."""
    return f"printf '{text}' | nc.openbsd -n -N -w 20 {address} {port}"


class Commands(GuestClaims):
    @classmethod
    def netdev(cls):
        words = [f"guestfwd=tcp:{SERVER}:7-cmd:cat", f"guestfwd=tcp:{SERVER}:8-cmd:seq 1 50000"]
        return ",".join([*words, f"guestfwd=tcp:{SERVER}:9-cmd:sh -c 'echo it said; cat; exec sleep 7653'"])

    def test_a_command_serves_each_connection(self):
        for text in ("one", "another"):
            self.assertEqual(self.machine.run(talk(7, text)), text)

    def test_several_connections_have_a_command_each(self):
        many = "".join(f"(printf {number} | nc.openbsd -n -N -w 20 {SERVER} 7 > answer-{number}) & " for number in range(5))
        self.machine.run(f"{many} wait")
        self.assertEqual(self.machine.run("busybox cat answer-?"), "01234")

    def test_a_large_answer_arrives_whole(self):
        expected = "".join(f"{number}\n" for number in range(1, 50001)).encode()
        text = self.machine.run(f"nc.openbsd -n -d -w 20 {SERVER} 8 | busybox sha256sum")
        self.assertEqual(text.split()[0], hashlib.sha256(expected).hexdigest())

    def test_a_command_is_run_by_words_or_by_a_shell(self):
        self.machine.run(f"(echo heard; busybox sleep 30) | nc.openbsd -n {SERVER} 9 > said 2>&1 &")
        self.machine.await_in_guest("busybox grep -q heard said")
        self.assertEqual(self.machine.run("busybox cat said"), "it said\nheard\n")
        self.machine.run("busybox killall nc.openbsd")

    def test_a_port_of_the_address_that_leads_nowhere_fails_at_once(self):
        status, text = self.machine.attempt(f"nc.openbsd -v -n -z -w 20 {SERVER} 10")
        self.assertEqual(status, 1)
        self.assertRegex(text, "refused|unreachable")

    def test_commands_end_with_their_connections(self):
        self.machine.run(f"busybox sleep 30 | nc.openbsd -n {SERVER} 7 > /dev/null 2>&1 &")
        cats = lambda: {number for number in processes.named("cat") if _name(number) == "cat"}
        poll_until(cats, what="the command to run")
        self.machine.run("busybox killall nc.openbsd")
        poll_until(lambda: not cats(), what="the command to end")


def _name(number):
    try:
        with open(f"/proc/{number}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


class Devices(GuestClaims):
    """A device is one conversation, whatever connections the guest makes to it."""

    card = "virtio-net-pci"

    @classmethod
    def netdev(cls):
        place = guests.directory()
        path, other = os.path.join(place, "echo"), os.path.join(place, "other")
        cls.enterClassContext(UnixServer(echo, path))
        server = cls.enterClassContext(TcpServer(echo))
        cls.options = ["-chardev", f"socket,id=made,path={other}"]
        cls.enterClassContext(UnixServer(_answer_lines, other))
        words = [f"guestfwd=tcp:{SERVER}:7-unix:{path}", f"guestfwd=tcp:{SERVER}:8-tcp:127.0.0.1:{server.port}"]
        return ",".join([*words, f"guestfwd=tcp:{SERVER}:9-chardev:made"])

    def answer(self, port, text, expected):
        """Says something on a connection, waits for the answer, and ends it."""
        self.machine.run(f"(echo '{text}'; busybox sleep 30) | nc.openbsd -n {SERVER} {port} > said 2>&1 &")
        self.machine.await_in_guest(f"busybox grep -q '{expected}' said")
        self.machine.run("busybox killall nc.openbsd; busybox rm said")

    def test_a_unix_socket_of_the_host_is_reached(self):
        self.answer(7, "by a path", "^by a path$")

    def test_a_tcp_address_of_the_host_is_reached(self):
        self.answer(8, "by tcp", "^by tcp$")

    def test_a_device_made_before_is_reached(self):
        self.answer(9, "by a device", "^you said: by a device$")

    def test_one_connection_after_the_other_reaches_the_device(self):
        for number in range(3):
            self.answer(9, f"number {number}", f"^you said: number {number}$")

    def test_much_comes_back_whole(self):
        script = "busybox seq 1 20000 > numbers; "
        script += f"(busybox cat numbers; busybox sleep 60) | nc.openbsd -n {SERVER} 7 > back 2>&1 &"
        self.machine.run(script)
        self.machine.await_in_guest("busybox cmp -s numbers back")
        self.machine.run("busybox killall nc.openbsd")


def _answer_lines(connection):
    with connection.makefile("rwb", buffering=0) as file:
        for line in file:
            file.write(b"you said: " + line)


if __name__ == "__main__":
    guests.main()
