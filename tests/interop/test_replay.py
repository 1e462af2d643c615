"""`sluice replay` answers a capture the same way every time, and takes any file safely."""

import os
import random
import socket

import captures
import claims
import packets
from claims import GATEWAY, GUEST, Claims
from packets import ICMP, TCP, UDP
from servers import TcpServer, echo, read_all
from sluice import Sluice, run

GATEWAY_MAC = b"\x52\x55\x0a\x00\x02\x02"
GUEST_MAC = b"\x52\x54\x00\x12\x34\x56"


def visit(port):
    """A live conversation, to be recorded."""
    with socket.create_connection((GATEWAY, port), timeout=10) as connection:
        connection.sendall(b"some words" * 1000)
        connection.shutdown(socket.SHUT_WR)
        return len(read_all(connection))


def conversation():
    """A guest's side of this and that, as (seconds, frame)."""
    numbers = range(40)
    parts = [(TCP, packets.syn(GUEST, "192.0.2.1", 1000 + i, 80)) for i in numbers]
    parts += [(UDP, packets.udp(GUEST, "192.0.2.2", 2000 + i, 9, b"data" * i)) for i in numbers]
    parts += [(ICMP, packets.echo_request(i)) for i in numbers]
    random.Random(7).shuffle(parts)
    frames = []
    for number, (protocol, payload) in enumerate(parts):
        target = GATEWAY if protocol == ICMP else "192.0.2.1" if protocol == TCP else "192.0.2.2"
        packet = packets.ipv4(GUEST, target, protocol, payload, identification=number)
        frames.append((number * 0.25, GATEWAY_MAC + GUEST_MAC + b"\x08\x00" + packet))
    return frames


class Replay(Claims):
    def write(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def replay(self, path, *options):
        """(Summary, what was answered) of a replay that must succeed."""
        answers = os.path.join(self.directory, "answers.pcap")
        status, text, errors = run("replay", "-o", answers, *options, path)
        self.assertEqual(status, 0, errors)
        with open(answers, "rb") as file:
            return text, file.read()

    def test_a_recorded_capture_gives_the_same_bytes_every_time(self):
        path = os.path.join(self.directory, "recorded.pcap")
        with TcpServer(echo) as server:
            self.in_guest(visit, server.port, options=["--pcap", path])
        first = self.replay(path, "--seed", "2a")
        self.assertGreater(len(first[1]), 200)
        self.assertEqual(self.replay(path, "--seed", "2a"), first)

    def test_the_seed_matters(self):
        path = self.write("made.pcap", captures.pcap(conversation()))
        self.assertNotEqual(self.replay(path, "--seed", "1")[1], self.replay(path, "--seed", "2")[1])

    def test_the_summary_counts_what_was_in_the_capture(self):
        text, _ = self.replay(self.write("made.pcap", captures.pcap(conversation())))
        self.assertRegex(text, r"frames from the guest +120\n")
        self.assertRegex(text, r"tcp flows +40\n")
        self.assertRegex(text, r"udp flows +40\n")

    def test_every_format_of_captures_gives_the_same_answers(self):
        frames = conversation()
        expected = self.replay(self.write("made.pcap", captures.pcap(frames)))
        forms = {
            "microseconds": captures.pcap(frames, nanoseconds=False),
            "big-endian": captures.pcap(frames, big_endian=True),
            "pcapng": captures.pcapng(frames),
        }
        for name, content in forms.items():
            self.assertEqual(self.replay(self.write(name, content)), expected, name)

    def test_hosts_behave_as_they_are_told(self):
        path = self.write("made.pcap", captures.pcap(conversation()))
        outputs = {manner: self.replay(path, "--host", manner)[1] for manner in ("accept", "refuse", "silent")}
        self.assertEqual(len(set(outputs.values())), 3)

    def test_a_capture_may_come_through_standard_input(self):
        path = self.write("made.pcap", captures.pcap(conversation()))
        with open(path, "rb") as file, Sluice("replay", "-", stdin=file) as program:
            self.assertEqual(program.wait(), 0)

    def test_damaged_captures_and_frames_do_no_harm(self):
        chance = random.Random(11)
        frames = conversation()
        for seed in range(60):
            if seed % 2:
                content = captures.damaged(captures.pcap(frames), seed)
            else:
                hurt = [(time, captures.damaged(frame, seed + i, 3)) for i, (time, frame) in enumerate(frames)]
                content = captures.pcap(hurt)
            options = ["--dont-verify-checksums"] if chance.random() < 0.5 else []
            status, _, errors = run("replay", *options, self.write("hurt.pcap", content))
            self.assertIn(status, (0, 1), errors)

    def test_what_is_no_capture_is_refused(self):
        for content in (b"", b"no capture at all", bytes(1000), random.Random(3).randbytes(5000)):
            status, _, errors = run("replay", self.write("strange", content))
            self.assertEqual(status, 1, errors)
            self.assertIn("strange", errors)


if __name__ == "__main__":
    claims.main()
