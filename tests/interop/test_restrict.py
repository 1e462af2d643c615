"""restrict=on lets nothing out but what is named; loopback=off closes the loopback only.

The host listens on every path while the guest tries whatever it can. That the same attack is heard
without these options shows that the host does hear.
"""

import ipaddress
import socket

import claims
import outside
from attack import attack
from claims import GATEWAY, Claims
from lookout import Lookout
from servers import closed_port, read_all

SERVER = "10.0.2.100"


def connected(address, port):
    """Whether a connection is made and carries an echo."""
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.sendall(b"x")
            return connection.recv(1) == b"x"
    except OSError:
        return False


def serve_both(port):
    """A TCP and a UDP server in the guest that answer once each."""
    with socket.create_server(("", port)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("", port))
        claims.report("listening")
        connection, _ = tcp.accept()
        with connection:
            connection.sendall(connection.recv(100)[::-1])
        datagram, sender = udp.recvfrom(100)
        udp.sendto(datagram[::-1], sender)


def is_loopback(address):
    return address is not None and ipaddress.ip_address(address) in ipaddress.ip_network("127.0.0.0/8")


class Attacked(Claims):
    def attack(self, lookout, netdev):
        arguments = (lookout.tcp_port, lookout.udp_port)
        return self.in_guest(attack, *arguments, netdev=netdev, options=["--map-root"], seconds=90)

    def test_without_restriction_the_attack_is_heard(self):
        with Lookout() as lookout:
            self.attack(lookout, "restrict=off")
            heard = {(protocol, target) for protocol, _, target, _ in lookout.heard()}
            self.assertGreater(lookout.connections(), 0)
            self.assertGreater(lookout.datagrams(), 0)
        for protocol in ("tcp", "udp", "icmp"):
            self.assertIn((protocol, outside.OUTSIDE), heard)
            self.assertIn((protocol, outside.SILENT), heard)
        for protocol in ("tcp", "udp"):
            self.assertIn((protocol, outside.LOOPBACK), heard)

    def test_restricted_the_guest_is_not_heard_anywhere(self):
        with Lookout() as lookout:
            self.attack(lookout, "restrict=on")
            self.assertEqual(lookout.heard(), [])
            self.assertEqual((lookout.connections(), lookout.datagrams()), (0, 0))

    def test_forwards_do_not_loosen_the_restriction(self):
        port = closed_port()
        ways = [f"hostfwd=tcp:127.0.0.1:{port}-:80", f"hostfwd=udp:127.0.0.1:{port}-:80"]
        ways += [f"guestfwd=tcp:{SERVER}:7-cmd:cat", f"tftp={self.directory}"]
        with Lookout() as lookout:
            self.attack(lookout, ",".join(["restrict=on", *ways]))
            self.assertEqual(lookout.heard(), [])

    def test_a_closed_loopback_hears_nothing(self):
        # Not the guest but Sluice itself asks the host's name servers, wherever they are.
        outside.set_resolv_conf(f"nameserver {outside.OUTSIDE}\n")
        self.addCleanup(outside.set_resolv_conf, f"nameserver {outside.LOOPBACK}\n")
        with Lookout() as lookout:
            self.attack(lookout, "loopback=off")
            heard = lookout.heard()
            self.assertEqual([packet for packet in heard if is_loopback(packet[2])], [])
            self.assertIn(("tcp", outside.OUTSIDE), {(packet[0], packet[2]) for packet in heard})


class Named(Claims):
    def test_hostfwd_works_while_restricted(self):
        port = closed_port()
        netdev = f"restrict=on,hostfwd=tcp:127.0.0.1:{port}-:8080,hostfwd=udp:127.0.0.1:{port}-:8080"
        with self.guest(serve_both, 8080, netdev=netdev) as guest:
            self.assertEqual(guest.next(), "listening")
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"abc")
                self.assertEqual(read_all(connection), b"cba")
            with socket.socket(type=socket.SOCK_DGRAM) as one:
                one.settimeout(5)
                one.sendto(b"abc", ("127.0.0.1", port))
                self.assertEqual(one.recv(100), b"cba")

    def test_guestfwd_works_while_restricted(self):
        netdev = f"restrict=on,guestfwd=tcp:{SERVER}:7-cmd:cat"
        self.assertTrue(self.in_guest(connected, SERVER, 7, netdev=netdev))

    def test_with_a_closed_loopback_the_gateway_leads_nowhere_and_the_host_is_there(self):
        with Lookout() as lookout:
            port = lookout.tcp_port
            self.assertTrue(self.in_guest(connected, GATEWAY, port))
            self.assertFalse(self.in_guest(connected, GATEWAY, port, netdev="loopback=off"))
            self.assertTrue(self.in_guest(connected, outside.OUTSIDE, port, netdev="loopback=off"))


if __name__ == "__main__":
    claims.main()
