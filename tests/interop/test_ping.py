"""Pings: answered, refused and run out of hops, as on any network."""

import os
import unittest

import claims
import outside
from claims import GATEWAY, Claims, need


@need("ping")
class Ping(Claims):
    def ping(self, *words, **options):
        return self.in_guest_command("ping", "-c", "1", "-W", "3", *words, **options)

    def test_the_gateway_answers(self):
        status, text, _ = self.ping(GATEWAY)
        self.assertEqual(status, 0, text)
        self.assertIn(f"from {GATEWAY}: icmp_seq=1", text)

    def test_an_address_of_the_host_answers_through_an_icmp_socket(self):
        status, text, errors = self.ping(outside.OUTSIDE)
        self.assertEqual(status, 0, text + errors)
        self.assertIn(f"from {outside.OUTSIDE}: icmp_seq=1", text)

    def test_a_large_ping_is_carried_in_fragments(self):
        status, text, errors = self.ping("-s", "20000", outside.OUTSIDE)
        self.assertEqual(status, 0, text + errors)
        self.assertIn("20008 bytes from", text)

    def test_an_address_without_a_route_is_told_to_be_unreachable(self):
        for address in (outside.NO_ROUTE, outside.UNREACHABLE):
            with self.subTest(address):
                status, text, _ = self.ping(address)
                self.assertEqual(status, 1, text)
                self.assertRegex(text, "Destination (Net|Host) Unreachable")

    def test_a_neighbour_that_is_silent_stays_silent(self):
        status, text, _ = self.ping("-W", "1", outside.SILENT)
        self.assertEqual(status, 1, text)
        self.assertIn("100% packet loss", text)
        self.assertNotIn("nreachable", text)

    def test_a_packet_whose_hops_run_out_is_told_so_by_the_gateway(self):
        status, text, _ = self.ping("-t", "1", outside.OUTSIDE)
        self.assertEqual(status, 1, text)
        self.assertRegex(text, rf"From {GATEWAY}.*Time to live exceeded")

    @unittest.skipIf(os.geteuid() != 0, "this user can't switch ICMP sockets off again")
    def test_the_gateway_answers_where_the_host_has_icmp_sockets_switched_off(self):
        outside.set_ping_allowed(False)
        self.addCleanup(outside.set_ping_allowed, True)
        status, text, _ = self.ping(GATEWAY)
        self.assertEqual(status, 0, text)


if __name__ == "__main__":
    claims.main()
