"""Datagrams: whole ones up to 64 KiB both ways, and errors as what they are."""

import hashlib
import socket

import claims
import outside
from claims import GATEWAY, Claims, errno_name
from servers import UdpServer, closed_port, echo_datagram

_IP_RECVERR = 11


def datagram_socket(address, port):
    """A connected socket that hears of errors, of those too that may pass."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_IP, _IP_RECVERR, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    one.settimeout(5)
    one.connect((address, port))
    return one


def echoed(address, port, sizes):
    """Which of the sizes come back as they were sent."""
    good = []
    with datagram_socket(address, port) as one:
        for size in sizes:
            sent = bytes((size + i) % 251 for i in range(size))
            one.send(sent)
            if one.recv(65536) == sent:
                good.append(size)
    return good


def error_after_send(address, port):
    with datagram_socket(address, port) as one:
        one.send(b"anybody?")
        return errno_name(lambda: one.recv(100))


def names_seen(port):
    """What two servers see as the sender of one unconnected socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(5)
        seen = []
        for address in (outside.OUTSIDE, "198.51.100.2"):
            one.sendto(b"who am I?", (address, port))
            seen.append(one.recv(100).decode())
        return seen


def burst(address, port, count):
    """How many of `count` datagrams of a burst come back."""
    with datagram_socket(address, port) as one:
        digests = set()
        for number in range(count):
            one.send(number.to_bytes(4, "big") * 250)
        one.settimeout(1)
        try:
            while len(digests) < count:
                digests.add(hashlib.sha256(one.recv(65536)).digest())
        except TimeoutError:
            pass
        return len(digests)


class Datagrams(Claims):
    def test_datagrams_of_every_size_come_back_whole(self):
        sizes = [0, 1, 1472, 1473, 2944, 2953, 16384, 32768, 65000, 65507]
        with UdpServer(echo_datagram) as server:
            self.assertEqual(self.in_guest(echoed, GATEWAY, server.port, sizes), sizes)

    def test_a_small_mtu_only_means_more_fragments(self):
        with UdpServer(echo_datagram) as server:
            sizes = [1, 549, 65507]
            self.assertEqual(self.in_guest(echoed, GATEWAY, server.port, sizes, netdev="mtu=576"), sizes)

    def test_a_closed_port_is_told_to_a_connected_socket(self):
        port = closed_port(socket.SOCK_DGRAM)
        self.assertEqual(self.in_guest(error_after_send, GATEWAY, port), "ECONNREFUSED")
        self.assertEqual(self.in_guest(error_after_send, outside.OUTSIDE, port), "ECONNREFUSED")

    def test_an_unreachable_address_is_told_so(self):
        for address in (outside.NO_ROUTE, outside.UNREACHABLE):
            with self.subTest(address):
                self.assertIn(self.in_guest(error_after_send, address, 9), ("ENETUNREACH", "EHOSTUNREACH"))

    def test_one_socket_looks_the_same_to_all_it_talks_to(self):
        outside.sh("ip", "address", "add", "198.51.100.2/24", "dev", "out")
        self.addCleanup(outside.sh, "ip", "address", "del", "198.51.100.2/24", "dev", "out")

        def tell(_, sender, server):
            server.sendto(str(sender[1]).encode(), sender)

        with UdpServer(tell, outside.OUTSIDE) as first, UdpServer(tell, "198.51.100.2", first.port):
            ports = self.in_guest(names_seen, first.port)
        self.assertEqual(ports[0], ports[1])

    def test_a_burst_is_carried(self):
        with UdpServer(echo_datagram) as server:
            self.assertGreater(self.in_guest(burst, GATEWAY, server.port, 50), 45)


if __name__ == "__main__":
    claims.main()
