"""restrict=on cuts the guest off from everything but DHCP and what is named by hostfwd and guestfwd.

The host listens on every path while the guest tries. That the same attempts are heard without the
option shows that the host does hear.
"""

import socket
import unittest

import emulator
import guests
import names
import outside
from guests import GATEWAY, NAME_SERVER, GuestClaims, serve
from lookout import Lookout
from servers import closed_port, read_all

SERVER = "10.0.2.100"


def attempts(lookout):
    """A script that tries to get out in every way that an ordinary guest has; prints what was heard."""
    tries = ["busybox ip route replace default via 10.0.2.2 dev eth0"]
    for address in (GATEWAY, outside.OUTSIDE, outside.SILENT):
        tries += [f"printf tcp | nc.openbsd -n -N -w 2 {address} {lookout.tcp_port}"]
        tries += [f"printf udp | nc.openbsd -n -u -q 0 -w 1 {address} {lookout.udp_port}"]
    tries += [f"busybox ping -c 1 -W 2 {address}" for address in (outside.OUTSIDE, outside.SILENT)]
    tries += [f"busybox timeout 4 busybox nslookup -type=a small.test {NAME_SERVER}"]
    return "; ".join(f"{one} 2>&1" for one in tries) + "; true"


class Restricted(GuestClaims):
    @classmethod
    def netdev(cls):
        cls.port = closed_port()
        words = [f"restrict=on,hostfwd=tcp:127.0.0.1:{cls.port}-:7", f"hostfwd=udp:127.0.0.1:{cls.port}-:7"]
        return ",".join([*words, f"guestfwd=tcp:{SERVER}:7-cmd:cat"])

    def test_the_lease_has_an_address_and_no_way_out(self):
        self.assertEqual(self.given["ip"], guests.GUEST)
        self.assertNotIn("router", self.given)
        self.assertNotIn("dns", self.given)

    def test_nothing_of_the_guest_is_heard_outside(self):
        with names.NameServer() as server, Lookout() as lookout:
            text = self.machine.run(attempts(lookout), 120)
            self.assertEqual(lookout.heard(), [], text)
            self.assertEqual((lookout.connections(), lookout.datagrams()), (0, 0))
        self.assertEqual(server.asked, [])

    def test_hostfwd_leads_in(self):
        serve(self.machine, 7)
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(b"abc")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), b"abc")

    def hear(self):
        """A UDP server in the guest that answers whoever comes first, and keeps what it was told."""
        self.machine.run("(echo answer; busybox sleep 100) | nc.openbsd -u -n -l 7 > heard 2>&1 &")
        self.addCleanup(self.machine.attempt, "busybox killall nc.openbsd; busybox rm heard")
        self.machine.await_in_guest("busybox netstat -lnu | busybox grep -q ':7 '")

    def test_udp_hostfwd_leads_in(self):
        self.hear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"abc\n", ("127.0.0.1", self.port))
            self.machine.await_in_guest("busybox grep -q abc heard")

    @unittest.skipUnless(emulator.LIBRARY, "the original drops the answers while it is restricted")
    def test_udp_hostfwd_leads_back(self):
        self.hear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(20)
            one.sendto(b"abc\n", ("127.0.0.1", self.port))
            self.assertEqual(one.recv(100), b"answer\n")

    def test_guestfwd_leads_to_its_command(self):
        self.assertEqual(self.machine.run(f"printf abc | nc.openbsd -n -N -w 20 {SERVER} 7"), "abc")


class Unrestricted(GuestClaims):
    def test_the_same_attempts_are_heard(self):
        with names.NameServer() as server, Lookout() as lookout:
            self.machine.run(attempts(lookout), 120)
            heard = {(protocol, target) for protocol, _, target, _ in lookout.heard()}
            self.assertGreater(lookout.connections(), 1)
            self.assertGreater(lookout.datagrams(), 1)
        for protocol in ("tcp", "udp", "icmp"):
            self.assertIn((protocol, outside.OUTSIDE), heard)
            self.assertIn((protocol, outside.SILENT), heard)
        self.assertNotEqual(server.asked, [])


if __name__ == "__main__":
    guests.main()
