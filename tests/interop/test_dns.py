"""Names: dig and the C library ask Sluice's proxy, which asks the host's name servers."""

import socket

import claims
import names
import outside
from claims import GATEWAY, NAME_SERVER, Claims, need
from sluice import poll_until


def resolve(name):
    return sorted({info[4][0] for info in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)})


def resolve_until_told():
    """Sluice looks at resolv.conf once a second at most, so the claim asks until it has."""
    while claims.await_word() == "resolve":
        claims.report(resolve("small.test"))


@need("dig")
class Names(Claims):
    def setUp(self):
        super().setUp()
        self.addCleanup(outside.set_resolv_conf, f"nameserver {outside.LOOPBACK}\n")

    def dig(self, *words, **options):
        status, text, errors = self.in_guest_command("dig", "+tries=1", "+time=8", *words, **options)
        self.assertEqual(status, 0, text + errors)
        return text

    def test_a_name_is_resolved_over_udp(self):
        with names.NameServer() as server:
            self.assertEqual(self.dig("+short", "small.test"), "192.0.2.7\n")
            self.assertEqual(self.dig("+short", "small.test", "AAAA"), "2001:db8::7\n")
        self.assertEqual(server.transports("small.test"), ["udp", "udp"])

    def test_a_name_is_resolved_over_tcp(self):
        with names.NameServer():
            self.assertEqual(self.dig("+tcp", "+short", "small.test"), "192.0.2.7\n")

    def test_one_connection_carries_many_queries(self):
        with names.NameServer():
            text = self.dig("+tcp", "+keepopen", "+short", "small.test", "outside.test", "small.test", "AAAA")
        self.assertEqual(text.split(), ["192.0.2.7", "198.51.100.1", "2001:db8::7"])

    def test_a_large_answer_is_truncated_and_then_fetched_over_tcp(self):
        with names.NameServer() as server:
            text = self.dig("large.test", "TXT")
        self.assertIn("Truncated, retrying in TCP mode", text)
        for large in names.LARGE_TEXTS:
            self.assertIn(large, text)
        self.assertIn("tcp", server.transports("large.test"))

    def test_a_large_answer_fits_a_datagram_that_edns_makes_room_for(self):
        with names.NameServer() as server:
            text = self.dig("+bufsize=8000", "+ignore", "large.test", "TXT")
        self.assertIn(names.LARGE_TEXTS[-1], text)
        self.assertIn("EDNS: version: 0", text)
        self.assertEqual(server.transports("large.test"), ["udp"])

    def test_a_query_without_edns_is_answered_without_it(self):
        with names.NameServer() as server:
            self.assertNotIn("EDNS", self.dig("+noedns", "small.test"))
        self.assertEqual(server.asked, [("udp", "small.test", names.A, None)])

    def test_a_name_that_does_not_exist_is_told_so(self):
        with names.NameServer():
            self.assertIn("status: NXDOMAIN", self.dig("missing.test"))

    def test_the_second_name_server_is_asked_when_the_first_refuses(self):
        outside.set_resolv_conf("nameserver 127.0.0.9\nnameserver 127.0.0.1\n")
        with names.NameServer():
            self.assertEqual(self.dig("+short", "small.test"), "192.0.2.7\n")
            self.assertEqual(self.dig("+tcp", "+short", "small.test"), "192.0.2.7\n")

    def test_the_second_name_server_is_asked_when_the_first_is_silent(self):
        outside.set_resolv_conf(f"nameserver {outside.SILENT}\nnameserver 127.0.0.1\n")
        with names.NameServer():
            self.assertEqual(self.dig("+short", "small.test"), "192.0.2.7\n")

    def test_a_changed_resolv_conf_is_noticed(self):
        outside.set_resolv_conf("nameserver 127.0.0.9\n")
        with names.NameServer("127.0.0.9"):
            with self.guest(resolve_until_told) as guest, names.NameServer("127.0.0.8") as second:

                def ask():
                    guest.say("resolve")
                    return guest.next()

                self.assertEqual(ask(), ["192.0.2.7", "2001:db8::7"])
                self.assertEqual(second.transports("small.test"), [])
                outside.set_resolv_conf("nameserver 127.0.0.8\n")
                poll_until(lambda: ask() and second.transports("small.test"), 5, "the second server")

    def test_the_c_library_resolves_through_the_proxy(self):
        with names.NameServer():
            self.assertEqual(self.in_guest(resolve, "outside.test"), [outside.OUTSIDE])

    def test_sluice_names_the_gateway_and_itself(self):
        self.assertEqual(self.dig("+short", "host.sluice.internal"), f"{GATEWAY}\n")
        self.assertEqual(self.dig("+short", "dns.sluice.internal"), f"{NAME_SERVER}\n")


if __name__ == "__main__":
    claims.main()
