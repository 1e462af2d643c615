"""IPv6: the guest configures itself, and reaches the gateway and the host's loopback behind it."""

import socket

import guests
import names
import stream
from claims import need
from guests import GuestClaims, post
from servers import TcpServer, closed_port, read_all
from web import WebServer

HOST = "fec0::2"
NAME_SERVER = "fec0::3"
GUEST = "fec0::5054:ff:fe12:3456"  # of the MAC that QEMU gives its first card
SIZE = 8 << 20


class Server6(TcpServer):
    """The same on the host's ::1."""

    def __init__(self, handle):  # pylint: disable=super-init-not-called
        self._handle = handle
        self._socket = socket.create_server(("::1", 0), family=socket.AF_INET6)
        self._serve()


class Guests6(GuestClaims):
    prefix = "fec0::"

    @classmethod
    def configure(cls):
        """Waits until the guest has an address that it may use, which it makes from the advertised prefix."""
        super().configure()
        cls.await_address()

    @classmethod
    def await_address(cls):
        cls.machine.run("busybox ip link set eth0 up")
        usable = f"busybox ip -6 address show dev eth0 | busybox grep 'inet6 {cls.prefix}' | busybox grep -vq tentative"
        cls.machine.await_in_guest(usable)


class Basics6:
    def test_the_guest_makes_an_address_of_the_advertised_prefix(self):
        text = self.machine.run("busybox ip -6 address show dev eth0")
        self.assertIn(f"inet6 {GUEST}/64 scope site", text)

    def test_the_router_is_the_gateway(self):
        text = self.machine.run("busybox ip -6 route show dev eth0")
        self.assertRegex(text, r"default via fe80::2 ")

    def test_the_gateway_answers_pings(self):
        for address in (HOST, "fe80::2%eth0"):
            self.assertIn("3 packets received", self.machine.run(f"busybox ping6 -c 3 -W 10 {address}"))

    def test_a_file_is_fetched_and_posted_over_http(self):
        digest = stream.digest(stream.blocks(SIZE))
        with WebServer("::1", size=SIZE) as server:
            url = f"http://[{HOST}]:{server.port}/stream"
            fetched = self.machine.run(f"busybox wget -q -O much {url}; busybox sha256sum < much", 120)
            self.assertEqual(fetched.split()[0], digest)
            self.assertEqual(self.machine.run(post(HOST, server.port, "much", SIZE), 120), digest)

    def test_what_the_guest_says_before_it_ends_is_answered(self):
        with Server6(lambda one: one.sendall(read_all(one)[::-1])) as server:
            self.assertEqual(self.machine.run(f"printf abc | nc.openbsd -n -N -w 20 {HOST} {server.port}"), "cba")

    def test_a_refused_connection_is_refused_at_once(self):
        status, text = self.machine.attempt(f"nc.openbsd -v -n -z -w 20 {HOST} {closed_port(address='127.0.0.1')}")
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", text)

    def test_a_name_is_resolved(self):
        with names.NameServer() as server:
            text = self.machine.run(f"busybox nslookup -type=aaaa small.test {NAME_SERVER}")
        self.assertIn("2001:db8::7", text)
        self.assertEqual(server.transports("small.test"), ["udp"])


class E1000(Basics6, Guests6):
    pass


class VirtioNet(Basics6, Guests6):
    card = "virtio-net-pci"


def told_by_dhcpv6(machine):
    """What dhclient asks for and is told where addresses are made without it."""
    machine.run("printf '#!/bin/sh\\nbusybox env >> /tmp/told\\n' > told.sh; busybox chmod 755 told.sh; busybox rm -f told")
    machine.run("echo 'also request dhcp6.bootfile-url;' > settings; busybox touch leases")
    machine.run("busybox timeout 30 dhclient -6 -S -1 -d -sf /tmp/told.sh -cf settings -lf leases -pf number eth0")
    words = (line.partition("=") for line in machine.run("busybox cat told").splitlines())
    return {name: value for name, _, value in words if name.startswith("new_dhcp6_")}


@need("dhclient")
class AnotherNetwork(Guests6):
    programs = ("dhclient",)
    prefix = "fd12:3456::"

    @classmethod
    def netdev(cls):
        return "ipv6-net=fd12:3456::/64,ipv6-host=fd12:3456::9,ipv6-dns=fd12:3456::a,dnssearch=b.test,tftp=/tmp,bootfile=some"

    def test_the_prefix_and_the_gateway_follow_the_options(self):
        self.machine.await_in_guest("busybox ping6 -c 1 -W 5 fd12:3456::9")

    def test_the_name_server_follows_them_and_dhcpv6_names_it(self):
        told = told_by_dhcpv6(self.machine)
        self.assertEqual(told.get("new_dhcp6_name_servers"), "fd12:3456::a")
        self.assertEqual(told.get("new_dhcp6_domain_search"), "b.test.")
        self.assertEqual(told.get("new_dhcp6_bootfile_url"), "tftp://[fd12:3456::9]/some")
        with names.NameServer():
            self.assertIn("192.0.2.7", self.machine.run("busybox nslookup -type=a small.test fd12:3456::a"))


class OldOptions(Guests6):
    prefix = "fd77::"

    @classmethod
    def netdev(cls):
        return "ipv6-prefix=fd77::,ipv6-prefixlen=64"

    def test_the_prefix_and_the_gateway_follow_the_options(self):
        self.machine.await_in_guest("busybox ping6 -c 1 -W 5 fd77::2")


class Alone(Guests6):
    """IPv6 is asked for, and nothing else."""

    @classmethod
    def netdev(cls):
        return "ipv6=on"

    @classmethod
    def configure(cls):
        cls.await_address()

    def test_the_network_is_there_without_ipv4(self):
        with Server6(lambda one: one.sendall(b"hello")) as server:
            self.assertEqual(self.machine.run(f"nc.openbsd -n -d -w 20 {HOST} {server.port}"), "hello")
        lease = "busybox udhcpc -i eth0 -f -n -q -t 2 -T 1 -s /lease"
        self.assertNotEqual(self.machine.attempt(lease)[0], 0)


class Without(GuestClaims):
    @classmethod
    def netdev(cls):
        return "ipv6=off"

    def test_no_prefix_is_advertised(self):
        # The kernel asks three times, four seconds apart, and gives up; the card shows that it is up.
        self.machine.await_in_guest("busybox ip -6 address show dev eth0 | busybox grep 'fe80' | busybox grep -vq tentative")
        self.machine.attempt("busybox ping6 -c 1 -W 5 fe80::2%eth0")
        self.assertNotIn("fec0", self.machine.run("busybox ip -6 address show dev eth0"))


if __name__ == "__main__":
    guests.main()
