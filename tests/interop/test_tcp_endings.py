"""However a connection ends or fails to begin, both sides learn it as what it is."""

import socket
import struct
import threading
import time

import claims
import outside
from claims import GATEWAY, Claims, errno_name
from servers import TcpServer, closed_port, read_all
from sluice import poll_until

_NOW = struct.pack("ii", 1, 0)  # SO_LINGER: close() resets


def connect(address, port, seconds=10):
    return socket.create_connection((address, port), timeout=seconds)


def say_end_then_read(address, port):
    with connect(address, port) as connection:
        connection.sendall(b"question" * 1000)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection).decode()


def read_end_then_say(address, port):
    with connect(address, port) as connection:
        heard = read_all(connection).decode()
        connection.sendall(b"late " * 1000)
        return heard


def say_urgently(address, port):
    with connect(address, port) as connection:
        connection.sendall(b"calm ")
        connection.send(b"!", socket.MSG_OOB)
        connection.sendall(b" calm")
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection).decode()


def hear_so_many(address, port, size):
    heard = b""
    with connect(address, port) as connection:
        connection.sendall(b"x")
        while len(heard) < size:
            heard += connection.recv(size)
    return heard.decode()


def failure_to_connect(address, port):
    """The error's name, and how long it took."""
    start = time.monotonic()
    name = errno_name(lambda: connect(address, port, 4).close())
    return [name, time.monotonic() - start]


def failure_to_read(address, port):
    with connect(address, port) as connection:
        connection.sendall(b"x")
        return errno_name(lambda: read_all(connection))


def connect_and_reset(address, port):
    with connect(address, port) as connection:
        connection.sendall(b"x")
        claims.await_word()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
    return True


class Endings(Claims):
    def test_the_guest_may_end_first_and_still_read(self):
        def answer(connection):
            heard = read_all(connection)
            connection.sendall(f"heard {len(heard)}, ".encode() * 1000)

        with TcpServer(answer) as server:
            heard = self.in_guest(say_end_then_read, GATEWAY, server.port)
        self.assertEqual(heard, "heard 8000, " * 1000)

    def test_the_host_may_end_first_and_still_read(self):
        heard = []
        over = threading.Event()

        def end_first(connection):
            connection.sendall(b"farewell")
            connection.shutdown(socket.SHUT_WR)
            heard.append(read_all(connection))
            over.set()

        with TcpServer(end_first) as server:
            self.assertEqual(self.in_guest(read_end_then_say, GATEWAY, server.port), "farewell")
            self.assertTrue(over.wait(10))
        self.assertEqual(heard, [b"late " * 1000])

    def test_urgent_data_loses_nothing_else(self):
        def tell(connection):
            connection.sendall(read_all(connection))

        with TcpServer(tell) as server:
            heard = self.in_guest(say_urgently, GATEWAY, server.port)
        self.assertEqual(heard.replace("!", ""), "calm  calm")

    def test_urgent_data_of_the_host_is_part_of_the_stream_and_holds_up_nothing(self):
        def tell(connection):
            connection.recv(1)
            for _ in range(20):
                connection.sendall(b"calm ")
                connection.send(b"!", socket.MSG_OOB)
                connection.sendall(b" calm;")
            read_all(connection)

        with TcpServer(tell) as server:
            heard = self.in_guest(hear_so_many, GATEWAY, server.port, 20 * 12)
        self.assertEqual(heard, "calm ! calm;" * 20)

    def test_refused_stays_refused(self):
        for address in (GATEWAY, outside.OUTSIDE):
            with self.subTest(address):
                name, seconds = self.in_guest(failure_to_connect, address, closed_port())
                self.assertEqual(name, "ECONNREFUSED")
                self.assertLess(seconds, 3)

    def test_a_connection_of_the_host_does_not_meet_itself(self):
        # The only port that the system can choose is the one that is connected to.
        port_range = "/proc/sys/net/ipv4/ip_local_port_range"
        with open(port_range, encoding="ascii") as file:
            before = file.read()
        outside.write_setting(port_range, "40000 40000")
        try:
            for address in (GATEWAY, outside.OUTSIDE):
                with self.subTest(address):
                    self.assertEqual(self.in_guest(failure_to_connect, address, 40000)[0], "ECONNREFUSED")
        finally:
            outside.write_setting(port_range, before)

    def test_unreachable_stays_unreachable(self):
        for address in (outside.NO_ROUTE, outside.UNREACHABLE):
            with self.subTest(address):
                name, seconds = self.in_guest(failure_to_connect, address, 80)
                self.assertIn(name, ("ENETUNREACH", "EHOSTUNREACH"))
                self.assertLess(seconds, 3.5)

    def test_silence_stays_silent(self):
        name, seconds = self.in_guest(failure_to_connect, outside.SILENT, 80)
        self.assertEqual(name, "its own timeout")
        self.assertGreaterEqual(seconds, 4)

    def test_a_reset_of_the_host_reaches_the_guest(self):
        def reset(connection):
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)

        with TcpServer(reset) as server:
            self.assertEqual(self.in_guest(failure_to_read, GATEWAY, server.port), "ECONNRESET")

    def hear(self, ends):
        """A server that notes with which error, or None, reading ends."""

        def read(connection):
            connection.recv(1)
            ends.append("begun")
            ends.append(errno_name(lambda: read_all(connection)))

        return TcpServer(read)

    def test_a_reset_of_the_guest_reaches_the_host(self):
        ends = []
        with self.hear(ends) as server:
            with self.guest(connect_and_reset, GATEWAY, server.port) as guest:
                poll_until(lambda: ends)
                guest.say()
                self.assertTrue(guest.next())
                poll_until(lambda: len(ends) == 2)
        self.assertEqual(ends[1], "ECONNRESET")


if __name__ == "__main__":
    claims.main()
