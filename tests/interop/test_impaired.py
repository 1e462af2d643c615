"""A bad line in front of a network: `--impair`."""

import hashlib
import socket
import sys

import claims
from claims import GATEWAY, Claims, need
from servers import TcpServer, UdpServer, echo_datagram, read_all
from sluice import poll_until, run


def exchange(port, size):
    """The digest of what a server sends back."""
    with socket.create_connection((GATEWAY, port), timeout=30) as connection:
        connection.sendall(b"some words" * (size // 10))
        connection.shutdown(socket.SHUT_WR)
        return hashlib.sha256(read_all(connection)).hexdigest()


class Line(Claims):
    @need("ping")
    def test_what_is_doubled_comes_twice(self):
        line = ["--impair", "delay=1ms,duplicate=100%"]
        _, text, _ = self.in_guest_command("ping", "-c", "2", "-i", "0.2", "-W", "10", GATEWAY, options=line)
        self.assertIn("DUP!", text)

    @need("ping")
    def test_nothing_passes_a_line_that_loses_all(self):
        line = ["--impair", "loss=100%"]
        self.assertEqual(self.in_guest_command("ping", "-c", "1", "-W", "1", GATEWAY, options=line)[0], 1)

    def test_what_a_command_sent_last_is_delivered_though_it_is_late(self):
        received = []

        def take(datagram, sender, server):
            received.append(datagram)
            echo_datagram(datagram, sender, server)

        with UdpServer(take) as server:
            script = f"""
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect(("{GATEWAY}", {server.port}))
one.send(b"hello")
one.recv(10)
one.send(b"goodbye")
"""
            status, _, errors = run("exec", "--impair", "delay=300ms", "--", sys.executable, "-c", script)
            self.assertEqual(status, 0, errors)
            poll_until(lambda: len(received) == 2, what="the last word")
        self.assertEqual(received, [b"hello", b"goodbye"])

    def test_large_frames_are_cut_and_what_is_lost_of_them_is_sent_again(self):
        def serve(connection):
            connection.sendall(read_all(connection))

        size = 2_000_000
        line = ["--impair", "delay=1ms,loss=1%,corrupt=0.5%,duplicate=1%,reorder=1%"]
        with TcpServer(serve) as server:
            digest = self.in_guest(exchange, server.port, size, options=line)
        self.assertEqual(digest, hashlib.sha256(b"some words" * (size // 10)).hexdigest())


if __name__ == "__main__":
    claims.main()
