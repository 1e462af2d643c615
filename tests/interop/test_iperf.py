"""iperf3 measures in every direction; how fast is not this test's claim."""

import json

import claims
from claims import GATEWAY, Claims, need
from servers import closed_port
from sluice import Program


@need("iperf3")
class Iperf(Claims):
    def iperf(self, *words):
        port = str(closed_port())
        with Program(["iperf3", "-s", "-1", "--forceflush", "-B", "127.0.0.1", "-p", port]) as server:
            while "listening" not in server.line():
                pass
            client = ["iperf3", "-c", GATEWAY, "-p", port, "-J", *words]
            _, text, errors = self.in_guest_command(*client)
            result = json.loads(text)
            self.assertNotIn("error", result, errors)
            return result["end"]

    def test_tcp_carries_data_up(self):
        end = self.iperf("-t", "1")
        self.assertGreater(end["sum_received"]["bytes"], 1_000_000)

    def test_tcp_carries_data_down(self):
        end = self.iperf("-t", "1", "-R")
        self.assertGreater(end["sum_received"]["bytes"], 1_000_000)

    def test_tcp_carries_data_both_ways_at_once_in_many_flows(self):
        end = self.iperf("-t", "1", "--bidir", "-P", "4")
        for direction in ("sum_received", "sum_received_bidir_reverse"):
            self.assertGreater(end[direction]["bytes"], 1_000_000, direction)

    def test_udp_carries_data_up(self):
        end = self.iperf("-t", "1", "-u", "-b", "20M")
        self.assertGreater(end["sum"]["packets"], 1000)
        self.assertLess(end["sum"]["lost_percent"], 50)

    def test_udp_carries_data_down(self):
        end = self.iperf("-t", "1", "-u", "-b", "20M", "-R")
        self.assertGreater(end["sum"]["packets"], 1000)
        self.assertLess(end["sum"]["lost_percent"], 50)


if __name__ == "__main__":
    claims.main()
