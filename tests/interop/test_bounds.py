"""Whatever one guest's program does, memory stays bounded and other flows go on."""

import contextlib
import random
import socket
import struct
import threading

import claims
import outside
import packets
from claims import GATEWAY, GUEST, Claims
from packets import ICMP, TCP, UDP, Wire
from servers import TcpServer, UdpServer, echo, echo_datagram, read_all

# What may be held beside what flows are offered, and what one flow of large frames is offered.
MEMORY_MIB = 32
WINDOW_MIB = 4
ROOT = {"options": ["--map-root"]}


def check_flows(tcp_port, udp_port):
    """What else goes on: TCP, UDP and a ping still work."""
    with socket.create_connection((GATEWAY, tcp_port), timeout=20) as connection:
        connection.sendall(b"still here" * 10000)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"still here" * 10000
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.settimeout(20)
        one.connect((GATEWAY, udp_port))
        one.send(b"still here")
        assert one.recv(100) == b"still here"
    status, text, _ = claims.command("ping", "-c", "1", "-W", "10", GATEWAY)
    assert status == 0, text
    return True


def random_frames(count, ports):
    wire, chance = Wire(), random.Random(1)
    for number in range(count):
        wire.send_frame(chance.randbytes(chance.randrange(14, 1514)))
        if number % 500 == 0:
            wire.catch_up()
    wire.catch_up()
    return check_flows(*ports)


def damaged_frames(count, ports):
    """Packets that were good before a few of their bytes changed, so that they get further."""
    wire, chance = Wire(), random.Random(2)
    targets = [GATEWAY, "10.0.2.3", "10.0.2.4", outside.OUTSIDE, outside.SILENT, "255.255.255.255"]
    for number in range(count):
        target = chance.choice(targets)
        port = chance.choice([53, 67, 69, 445, ports[0], ports[1]])
        protocol, payload = chance.choice(
            [
                (TCP, packets.syn(GUEST, target, 1024 + number % 60000, port)),
                (UDP, packets.udp(GUEST, target, 1024 + number % 60000, port, chance.randbytes(40))),
                (ICMP, packets.echo_request(number & 0xFFFF)),
            ]
        )
        fragment = chance.choice([0, 0, 0, chance.randrange(65536)])
        options = chance.choice([b"", b"", chance.randbytes(chance.randrange(41))])
        whole = packets.ipv4(GUEST, target, protocol, payload, options, number & 0xFFFF, fragment)
        packet = bytearray(whole)
        for _ in range(chance.randrange(4)):
            packet[chance.randrange(len(packet))] = chance.randrange(256)
        if chance.random() < 0.7:  # a good header checksum lets the rest be looked at
            size = min((packet[0] & 15) * 4, len(packet))
            packet[10:12] = b"\0\0"
            packet[10:12] = struct.pack("!H", packets.checksum(bytes(packet[:size])))
        wire.send_packet(bytes(packet[: chance.choice([len(packet), chance.randrange(len(packet))])]))
        if number % 500 == 0:
            wire.catch_up()
    wire.catch_up()
    return check_flows(*ports)


def offloaded_frames(count, ports):
    """Frames of up to 64 KiB whose offload headers say what does not fit them."""
    wire, chance = Wire(), random.Random(3)
    taken = 0
    for number in range(count):
        size = chance.choice([0, 10, 1400, 9000, chance.randrange(60000)])
        data, source_port = bytes(size), 1024 + number % 60000
        if chance.random() < 0.5:
            protocol, payload = TCP, packets.syn(GUEST, GATEWAY, source_port, ports[0]) + data
        else:
            protocol, payload = UDP, packets.udp(GUEST, GATEWAY, source_port, ports[1], data)
        packet = packets.ipv4(GUEST, GATEWAY, protocol, payload)
        frame = wire.gateway_mac + wire.own_mac + b"\x08\x00" + packet
        flags = chance.choice([0, 1, 1, 2, 255])
        kind = chance.choice([0, 1, 1, 3, 4, 5, 0x81, 255])
        sizes = [chance.choice([0, 1, 34, 54, 536, 1448, 65535]) for _ in range(2)]
        start = chance.choice([34, 34, 34, 0, 14, chance.randrange(65536)])
        offset = chance.choice([16, 6, 0, 65535])
        header = struct.pack("<BBHHHH", flags, kind, *sizes, start, offset)
        taken += wire.send_offloaded(header, frame)
        if number % 200 == 0:
            wire.catch_up()
    wire.catch_up()
    assert taken > count // 20, f"the kernel takes only {taken} of such frames"
    return check_flows(*ports)


def half_open(count, address, port, ports):
    """Connections that begin and never go on. The kernel of the guest must not reset them."""
    wire = Wire()
    source = "10.0.2.77"
    for number in range(count):
        segment = packets.syn(source, address, 1024 + number, port, number)
        wire.send_packet(packets.ipv4(source, address, TCP, segment))
        if number % 500 == 0:
            wire.catch_up()
    wire.catch_up()
    return check_flows(*ports)


def endless_fragments(count, ports):
    """Each the first of a packet that never gets another, of 1,400 bytes."""
    wire, data = Wire(), bytes(1400)
    for number in range(count):
        source = f"10.0.2.{16 + (number >> 16)}"
        fields = {"identification": number & 0xFFFF, "fragment": 0x2000}
        wire.send_packet(packets.ipv4(source, outside.OUTSIDE, UDP, data, **fields))
        if number % 1000 == 0:
            wire.catch_up()
    wire.catch_up()
    return check_flows(*ports)


def many_datagram_flows(count, ports):
    wire = Wire()
    for number in range(count):
        datagram = packets.udp(GUEST, outside.OUTSIDE, 1024 + number, ports[1])
        wire.send_packet(packets.ipv4(GUEST, outside.OUTSIDE, UDP, datagram))
        if number % 500 == 0:
            wire.catch_up()
    wire.catch_up()
    return check_flows(*ports)


def readers_that_stop(count, flood_port, ports):
    """Connections whose data nobody reads."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((GATEWAY, flood_port), timeout=20))
            assert len(connection.recv(1000)) > 0
        return check_flows(*ports)


def writers_to_nobody(count, deaf_port, ports):
    """Sends until nothing is taken any more; returns how much went in."""
    with contextlib.ExitStack() as stack:
        block = bytes(1 << 20)
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((GATEWAY, deaf_port), timeout=20))
            connection.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                while True:
                    connection.sendall(block)
        return check_flows(*ports)


class Bounds(Claims):
    def check(self, function, *arguments, memory=MEMORY_MIB, seconds=100, **options):
        """Runs a guest's function that ends by checking other flows; no more than `memory` MiB are held
        beyond what a guest takes that does no more than this check."""
        with TcpServer(echo) as tcp, UdpServer(echo_datagram, "0.0.0.0") as udp:
            ports = (tcp.port, udp.port)
            with self.guest(check_flows, *ports, **ROOT, **options) as guest:
                self.assertTrue(guest.next(seconds))
                quiet = guest.peak_memory()
            with self.guest(function, *arguments, ports, **ROOT, **options) as guest:
                self.assertTrue(guest.next(seconds))
                self.assertLess(guest.peak_memory(), quiet + memory)

    def test_random_frames(self):
        self.check(random_frames, 20_000)

    def test_damaged_frames(self):
        self.check(damaged_frames, 20_000)

    def test_offloads_that_do_not_fit(self):
        self.check(offloaded_frames, 20_000)

    def test_half_open_connections_to_a_silent_host(self):
        self.check(half_open, 10_000, outside.SILENT, 80)

    def test_half_open_connections_to_a_server(self):
        with TcpServer(read_all) as server:
            self.check(half_open, 10_000, GATEWAY, server.port)

    def test_flows_that_outnumber_descriptors(self):
        few = {"descriptors": 400}
        self.check(half_open, 3000, outside.SILENT, 80, **few)
        self.check(many_datagram_flows, 3000, **few)

    def test_fragments_that_never_complete(self):
        self.check(endless_fragments, 100_000)

    def test_datagram_flows_without_end(self):
        self.check(many_datagram_flows, 30_000)

    def test_guests_that_stop_reading(self):
        def flood(connection):
            block = bytes(1 << 20)
            while True:
                connection.sendall(block)

        with TcpServer(flood) as server:
            self.check(readers_that_stop, 50, server.port)

    def test_hosts_that_stop_reading(self):
        over = threading.Event()
        with TcpServer(lambda connection: over.wait(100)) as server:
            self.check(writers_to_nobody, 20, server.port, memory=20 * WINDOW_MIB + MEMORY_MIB)
            over.set()


if __name__ == "__main__":
    claims.main()
