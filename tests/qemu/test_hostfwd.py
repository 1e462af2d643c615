"""The host reaches the guest through hostfwd; the monitor adds, removes and lists forwards."""

import os
import socket

import guests
import outside
import stream
from guests import GATEWAY, GUEST, GuestClaims, serve
from servers import TcpServer, UdpServer, closed_port, echo, echo_datagram, read_all
from sluice import poll_until
from usernet import Usernet

_UDP_SERVER = """
busybox rm -f pipe; busybox mkfifo pipe
(nc.openbsd -u -n -v -l 5353 < pipe 2> who | (exec > pipe; while read -r line; do echo "heard $line"; done)) > /dev/null &
"""


def converse(port, data, address="127.0.0.1"):
    """What an echo says to it."""
    with socket.create_connection((address, port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def refuses(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20):
            return False
    except ConnectionRefusedError:
        return True


def answered(port, data=b"abc\n"):
    """What the guest's UDP server answers; None while nobody does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(2)
        one.sendto(data, ("127.0.0.1", port))
        try:
            return one.recv(100)
        except (TimeoutError, ConnectionRefusedError):
            return None


class OnTheCommandLine(GuestClaims):
    card = "virtio-net-pci"

    @classmethod
    def netdev(cls):
        cls.tcp, cls.udp = closed_port(), closed_port(socket.SOCK_DGRAM)
        words = [f"hostfwd=tcp:127.0.0.1:{cls.tcp}-:7", f"hostfwd=udp:127.0.0.1:{cls.udp}-{GUEST}:5353"]
        return ",".join([*words, "hostfwd=tcp:127.0.0.1:0-:7"])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        serve(cls.machine, 7)

    def usernet(self):
        return Usernet(self.machine.monitor.typed("info usernet"))

    def test_a_tcp_port_leads_to_the_guest(self):
        for _ in range(3):
            self.assertEqual(converse(self.tcp, b"abc"), b"abc")

    def test_much_data_comes_back_whole(self):
        data = b"".join(stream.blocks(4 << 20))
        # Both ways at once, as nobody could hold all of it.
        with socket.create_connection(("127.0.0.1", self.tcp), timeout=60) as connection:
            writer = guests.in_thread(lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
            self.assertEqual(stream.digest(iter(lambda: connection.recv(1 << 18), b"")), stream.digest([data]))
            writer.join(30)

    def test_the_guest_sees_the_gateway_as_the_peer(self):
        self.machine.run("nc.openbsd -n -v -l 8 > /dev/null 2> peer < /dev/null &")
        self.machine.await_in_guest("busybox netstat -lnt | busybox grep -q ':8 '")
        port = closed_port()
        self.assertEqual(self.machine.monitor.typed(f"hostfwd_add tcp:127.0.0.1:{port}-:8"), "")
        converse(port, b"")
        self.machine.await_in_guest(f"busybox grep -q 'Connection received on {GATEWAY} ' peer")
        self.machine.monitor.typed(f"hostfwd_remove tcp:127.0.0.1:{port}")

    def test_a_udp_port_leads_to_the_guest(self):
        self.machine.run(_UDP_SERVER)
        self.machine.await_in_guest("busybox netstat -lnu | busybox grep -q ':5353 '")
        self.assertEqual(answered(self.udp), b"heard abc\n")
        self.machine.run(f"busybox grep 'Connection received on {GATEWAY} ' who")
        self.machine.run("busybox killall nc.openbsd")

    def test_a_port_that_nobody_serves_in_the_guest_ends_the_connection(self):
        port = closed_port()
        self.machine.monitor.typed(f"hostfwd_add tcp:127.0.0.1:{port}-:9")
        try:
            self.assertEqual(converse(port, b""), b"")
        except (ConnectionResetError, ConnectionRefusedError, BrokenPipeError):
            pass
        self.machine.monitor.typed(f"hostfwd_remove tcp:127.0.0.1:{port}")

    def test_port_0_is_one_that_is_free_and_info_usernet_tells_which(self):
        ports = self.usernet().forwarded_ports()
        self.assertIn(self.tcp, ports)
        (free,) = [port for port in ports if port != self.tcp]
        self.assertGreater(free, 0)
        self.assertEqual(converse(free, b"abc"), b"abc")

    def test_info_usernet_lists_forwards_and_connections(self):
        with TcpServer(echo) as server, UdpServer(echo_datagram) as datagrams:
            self.machine.run(f"(echo a; busybox sleep 30) | nc.openbsd -n {GATEWAY} {server.port} > /dev/null 2>&1 &")
            self.machine.run(f"echo a | nc.openbsd -u -n -W 1 -w 5 {GATEWAY} {datagrams.port}")
            # One that is answered may be forgotten at once.
            self.machine.run(f"busybox ping -c 1 -W 20 {outside.SILENT} > /dev/null 2>&1 &")
            poll_until(lambda: "ESTABLISHED" in self.usernet().states("TCP"), what="the connection to be listed")
            poll_until(lambda: self.usernet().states("ICMP"), what="the ping to be listed")
            now = self.usernet()
            self.machine.run("busybox killall nc.openbsd ping; true")
        self.assertEqual(now.network, "net0")
        lines = now.connections
        self.assertIn(("TCP", "HOST_FORWARD", "127.0.0.1", str(self.tcp), GUEST, "7"), lines)
        self.assertIn(("UDP", "HOST_FORWARD", "127.0.0.1", str(self.udp), GUEST, "5353"), lines)
        open_tcp = [line[2:] for line in lines if line[:2] == ("TCP", "ESTABLISHED")]
        self.assertIn((GUEST, GATEWAY, str(server.port)), [(source, *to) for source, _, *to in open_tcp])
        udp = [line for line in lines if line[0] == "UDP" and line[5] == str(datagrams.port)]
        self.assertRegex(udp[0][1], r"^\d+ sec$")
        icmp = [line for line in lines if line[0] == "ICMP"]
        self.assertEqual([(line[2], line[4]) for line in icmp], [(GUEST, outside.SILENT)])
        self.assertRegex(icmp[0][1], r"^\d+ sec$")


class InTheMonitor(GuestClaims):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        serve(cls.machine, 7)

    def typed(self, text):
        return self.machine.monitor.typed(text)

    def ports(self):
        return Usernet(self.typed("info usernet")).forwarded_ports()

    def test_a_forward_is_added_and_removed(self):
        port = closed_port()
        self.assertEqual(self.typed(f"hostfwd_add tcp:127.0.0.1:{port}-:7"), "")
        self.assertEqual(self.ports(), [port])
        self.assertEqual(converse(port, b"abc"), b"abc")
        rule = f"tcp:127.0.0.1:{port}"
        self.assertEqual(self.typed(f"hostfwd_remove {rule}"), f"host forwarding rule for {rule} removed\n")
        self.assertEqual(self.ports(), [])
        self.assertTrue(refuses(port))

    def test_the_network_may_be_named(self):
        port = closed_port()
        self.assertEqual(self.typed(f"hostfwd_add net0 tcp:127.0.0.1:{port}-:7"), "")
        rule = f"tcp:127.0.0.1:{port}"
        self.assertEqual(self.typed(f"hostfwd_remove net0 {rule}"), f"host forwarding rule for {rule} removed\n")

    def test_a_forward_for_every_address_of_the_host(self):
        port = closed_port()
        self.assertEqual(self.typed(f"hostfwd_add tcp::{port}-:7"), "")
        for address in ("127.0.0.1", outside.OUTSIDE):
            self.assertEqual(converse(port, b"abc", address), b"abc")
        self.assertEqual(self.typed(f"hostfwd_remove tcp::{port}"), f"host forwarding rule for tcp::{port} removed\n")

    def test_a_udp_forward_is_added_and_removed(self):
        self.machine.run(_UDP_SERVER)
        self.machine.await_in_guest("busybox netstat -lnu | busybox grep -q ':5353 '")
        port = closed_port(socket.SOCK_DGRAM)
        rule = f"udp:127.0.0.1:{port}"
        self.assertEqual(self.typed(f"hostfwd_add {rule}-:5353"), "")
        self.assertEqual(answered(port), b"heard abc\n")
        self.assertEqual(self.typed(f"hostfwd_remove {rule}"), f"host forwarding rule for {rule} removed\n")
        self.assertIsNone(answered(port))
        self.machine.run("busybox killall nc.openbsd")

    def test_a_forward_that_is_not_there_can_not_be_removed(self):
        rule = f"tcp:127.0.0.1:{closed_port()}"
        self.assertEqual(self.typed(f"hostfwd_remove {rule}"), f"host forwarding rule for {rule} not found\n")
        rule = rule.replace("tcp", "udp")
        self.assertEqual(self.typed(f"hostfwd_remove {rule}"), f"host forwarding rule for {rule} not found\n")

    def test_a_port_that_is_taken_is_refused(self):
        with TcpServer(echo) as server:
            text = self.typed(f"hostfwd_add tcp:127.0.0.1:{server.port}-:7")
        self.assertIn(f"Could not set up host forwarding rule 'tcp:127.0.0.1:{server.port}-:7'", text)

    def test_a_connection_outlives_its_forward(self):
        port = closed_port()
        self.typed(f"hostfwd_add tcp:127.0.0.1:{port}-:7")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"before")
            self.assertEqual(connection.recv(100), b"before")
            self.typed(f"hostfwd_remove tcp:127.0.0.1:{port}")
            connection.sendall(b"after")
            self.assertEqual(connection.recv(100), b"after")

    def test_a_unix_socket_leads_to_the_guest(self):
        path = os.path.join(self.directory, "way-in")
        text = self.typed(f"hostfwd_add unix:{path}-:7")
        if "Bad protocol name" in text:
            self.skipTest("this QEMU has no forwards of unix sockets")
        self.assertEqual(text, "")
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(20)
            one.connect(path)
            one.sendall(b"abc")
            one.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(one), b"abc")


if __name__ == "__main__":
    guests.main()
