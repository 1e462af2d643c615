"""Many connections at once, both ways, and sizes of packets from small to as large as there are."""

import contextlib
import resource
import selectors
import socket
import time

import claims
import stream
from claims import GATEWAY, Claims
from servers import TcpServer, closed_port, echo


def _raise_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))


def converse_with_many(address, port, count, size, seconds=60):
    """All open before any is closed; returns how many gave back what they were sent."""
    _raise_limit()
    good = 0
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        waiting = {}
        for number in range(count):
            connection = stack.enter_context(socket.create_connection((address, port), timeout=20))
            waiting[connection] = [number.to_bytes(4, "big") * (size // 4), b""]
            connection.sendall(waiting[connection][0])
            selector.register(connection, selectors.EVENT_READ)
        deadline = time.monotonic() + seconds
        while waiting and time.monotonic() < deadline:
            for key, _ in selector.select(1):
                sent, heard = waiting[key.fileobj]
                piece = key.fileobj.recv(65536)
                waiting[key.fileobj][1] = heard + piece
                if not piece or len(heard) + len(piece) >= size:
                    good += waiting[key.fileobj][1] == sent
                    selector.unregister(key.fileobj)
                    del waiting[key.fileobj]
    return good


def serve_echo(port):
    _raise_limit()
    with TcpServer(echo, "", port):
        claims.report("listening")
        claims.await_word()


def come_and_go(address, port, count):
    """Connections one after the other, each ended by the guest first."""
    for _ in range(count):
        with socket.create_connection((address, port), timeout=10) as connection:
            connection.sendall(b"x")
            assert connection.recv(1) == b"x"
    return count


def digests(address, port, size):
    """What is read from a server, and what the server says of what is written to it."""
    with socket.create_connection((address, port), timeout=20) as connection:
        for block in stream.blocks(size):
            connection.sendall(block)
        connection.shutdown(socket.SHUT_WR)
        theirs = connection.recv(64).decode()
        return [theirs, stream.digest(iter(lambda: connection.recv(1 << 18), b""))]


class Many(Claims):
    @classmethod
    def setUpClass(cls):
        _raise_limit()

    def test_a_thousand_connections_of_the_guest_at_once(self):
        with TcpServer(echo) as server:
            self.assertEqual(self.in_guest(converse_with_many, GATEWAY, server.port, 1000, 4000), 1000)

    def test_hundreds_of_connections_of_the_host_at_once(self):
        port = closed_port()
        with self.guest(serve_echo, 8080, netdev=f"hostfwd=tcp:127.0.0.1:{port}-:8080") as guest:
            self.assertEqual(guest.next(), "listening")
            self.assertEqual(converse_with_many("127.0.0.1", port, 300, 4000), 300)
            guest.say()

    def test_thousands_of_connections_one_after_the_other(self):
        with TcpServer(echo) as server:
            self.assertEqual(self.in_guest(come_and_go, GATEWAY, server.port, 3000), 3000)

    def test_every_size_of_packets_carries_every_byte(self):
        size = 20_000_000
        expected = stream.digest(stream.blocks(size))

        def tell_and_send(connection):
            heard = stream.digest(iter(lambda: connection.recv(1 << 18), b""))
            connection.sendall(heard.encode())
            for block in stream.blocks(size):
                connection.sendall(block)

        for mtu in (576, 1280, 9000, 65521):
            with self.subTest(mtu), TcpServer(tell_and_send) as server:
                heard = self.in_guest(digests, GATEWAY, server.port, size, netdev=f"mtu={mtu}")
                self.assertEqual(heard, [expected, expected])


if __name__ == "__main__":
    claims.main()
