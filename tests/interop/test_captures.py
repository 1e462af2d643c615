"""`--pcap` records what tcpdump reads, and only what the filter lets through."""

import os
import struct

import claims
import names
from claims import GATEWAY, GUEST, Claims, command, need
from servers import TcpServer, echo
from sluice import run


def visit(port):
    """Some traffic of several kinds."""
    claims.command("dig", "+short", "small.test")
    claims.command("ping", "-c", "1", GATEWAY)
    claims.command("nc", "-N", "-w", "5", GATEWAY, str(port), text="through TCP\n")
    return True


@need("tcpdump", "dig", "ping", "nc")
class Captures(Claims):
    def record(self, *options):
        path = os.path.join(self.directory, "file.pcap")
        with names.NameServer(), TcpServer(echo) as server:
            self.in_guest(visit, server.port, options=["--pcap", path, *options])
        status, text, errors = command("tcpdump", "-n", "-v", "-r", path)
        self.assertEqual(status, 0, errors)
        return path, text

    def test_everything_is_recorded_both_ways(self):
        _, text = self.record()
        self.assertIn("small.test", text)
        self.assertIn("192.0.2.7", text)
        self.assertIn(f"{GUEST} > {GATEWAY}: ICMP echo request", text)
        self.assertIn(f"{GATEWAY} > {GUEST}: ICMP echo reply", text)
        self.assertIn("Flags [S]", text)
        self.assertIn("Flags [S.]", text)
        self.assertIn("length 12", text)

    def test_a_filter_chooses(self):
        _, text = self.record("--pcap-filter", "udp port 53")
        self.assertIn("small.test", text)
        self.assertNotIn("ICMP", text)
        self.assertNotIn("Flags", text)

    def test_times_have_nanoseconds(self):
        path, _ = self.record()
        with open(path, "rb") as file:
            self.assertEqual(struct.unpack("<I", file.read(4))[0], 0xA1B23C4D)

    def test_a_capture_is_complete_when_the_command_is_killed(self):
        path = os.path.join(self.directory, "file.pcap")
        status, _, _ = run("exec", "--pcap", path, "--", "sh", "-c", f"ping -c 1 {GATEWAY}; kill -9 $$")
        self.assertEqual(status, 137)
        self.assertIn("echo reply", command("tcpdump", "-n", "-r", path)[1])


if __name__ == "__main__":
    claims.main()
