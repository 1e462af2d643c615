"""A Linux guest with each kind of network card gets an address, resolves names, pings and moves data."""

import guests
import names
import outside
import stream
from guests import GATEWAY, GUEST, NAME_SERVER, GuestClaims, post
from servers import TcpServer, closed_port, read_all
from web import WebServer

SIZE = 24 << 20


class Basics:
    """What every card is asked for."""

    def test_the_lease_is_what_slirp_has_always_given(self):
        expected = {
            "ip": GUEST,
            "subnet": "255.255.255.0",
            "router": GATEWAY,
            "dns": NAME_SERVER,
            "serverid": GATEWAY,
            "lease": "86400",
        }
        self.assertEqual({name: self.given.get(name) for name in expected}, expected)

    def test_the_lease_is_kept_when_it_is_asked_for_again(self):
        self.assertEqual(self.machine.lease()["ip"], GUEST)

    def test_a_name_is_resolved(self):
        with names.NameServer() as server:
            text = self.machine.run("busybox nslookup -type=a small.test")
            self.assertIn("192.0.2.7", text)
            self.assertIn(NAME_SERVER, text)
        self.assertEqual(server.transports("small.test"), ["udp"])

    def test_a_name_that_does_not_exist_is_told_so(self):
        with names.NameServer():
            status, text = self.machine.attempt("busybox nslookup -type=a missing.test")
        self.assertNotEqual(status, 0)
        self.assertIn("NXDOMAIN", text)

    def test_the_gateway_and_an_outside_address_answer_pings(self):
        for address in (GATEWAY, NAME_SERVER, outside.OUTSIDE):
            text = self.machine.run(f"busybox ping -c 3 -W 10 {address}")
            self.assertIn("3 packets received", text)

    def test_large_pings_are_answered_whole(self):
        text = self.machine.run(f"busybox ping -c 2 -W 10 -s 4000 {outside.OUTSIDE}")
        self.assertIn("4008 bytes from", text)

    def test_a_file_is_fetched_and_posted_over_http_and_every_byte_arrives(self):
        digest = stream.digest(stream.blocks(SIZE))
        with WebServer(size=SIZE) as server:
            url = f"http://{GATEWAY}:{server.port}/stream"
            fetched = self.machine.run(f"busybox wget -q -O much {url}; busybox sha256sum < much", 180)
            self.assertEqual(fetched.split()[0], digest)
            posted = self.machine.run(f"{post(GATEWAY, server.port, 'much', SIZE)}; busybox rm much", 180)
            self.assertEqual(posted, digest)

    def test_a_refused_connection_is_refused_at_once(self):
        status, text = self.machine.attempt(f"nc.openbsd -v -n -z -w 20 {GATEWAY} {closed_port()}")
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", text)

    def test_what_the_guest_says_before_it_ends_arrives_and_is_answered(self):
        with TcpServer(lambda one: one.sendall(read_all(one)[::-1]), outside.OUTSIDE) as server:
            words = f"nc.openbsd -n -N -w 20 {outside.OUTSIDE} {server.port}"
            self.assertEqual(self.machine.run(f"printf abc | {words}"), "cba")


class E1000(Basics, GuestClaims):
    card = "e1000"


class VirtioNet(Basics, GuestClaims):
    card = "virtio-net-pci"


class Rtl8139(Basics, GuestClaims):
    card = "rtl8139"


class AnotherNetwork(GuestClaims):
    """Options that change what the lease says."""

    @classmethod
    def netdev(cls):
        words = "net=192.168.76.0/24,host=192.168.76.9,dns=192.168.76.10,dhcpstart=192.168.76.33"
        return f"{words},hostname=someone,domainname=a.test,dnssearch=b.test,dnssearch=c.test,tftp-server-name=boot.test"

    def test_the_lease_follows_the_options(self):
        expected = {
            "ip": "192.168.76.33",
            "router": "192.168.76.9",
            "dns": "192.168.76.10",
            "serverid": "192.168.76.9",
            "hostname": "someone",
            "domain": "a.test",
            "tftp": "boot.test",
            "search": "b.test c.test",
        }
        given = self.machine.lease("-O search -O tftp")
        self.assertEqual({name: given.get(name) for name in expected}, expected)

    def test_the_gateway_is_where_it_was_told_to_be(self):
        with TcpServer(lambda one: one.sendall(b"hello")) as server:
            self.assertEqual(self.machine.run(f"nc.openbsd -n -d -w 20 192.168.76.9 {server.port}"), "hello")


if __name__ == "__main__":
    guests.main()
