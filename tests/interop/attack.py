"""Everything a guest can try to reach its host with. A guest's function: needs its packet sockets."""

import contextlib
import itertools
import socket
import struct

import packets
from packets import ICMP, TCP, UDP, Wire

OUTSIDE = "198.51.100.1"
OWN = "10.0.2.15"

TARGETS = [
    "127.0.0.1", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.0.0.1", "255.255.255.255",
    OUTSIDE, "198.51.100.255", "198.51.100.77", "203.0.113.5", "169.254.1.1", "240.0.0.1",
    "224.0.0.1", "224.0.0.251", "239.1.2.3",
    "10.0.2.0", "10.0.2.2", "10.0.2.3", "10.0.2.4", "10.0.2.15", "10.0.2.100", "10.0.2.255",
]  # fmt: skip

SOURCES = [OWN, "10.0.2.99", "10.0.2.2", "127.0.0.1", "0.0.0.0", OUTSIDE, "224.0.0.1", "255.255.255.255"]


def loose_route(target):
    """An IP option: on to `target` from the packet's own destination (RFC 791)."""
    return struct.pack("!BBB", 131, 7, 4) + socket.inet_aton(target)


QUERY = struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + b"\1a\0\0\1\0\1"
RECORD_ROUTE = struct.pack("!BBB", 7, 11, 4) + bytes(8)


def _payloads(source, target, source_port, ports):
    tcp_port, udp_port = ports
    inner = packets.ipv4(OWN, "127.0.0.1", UDP, packets.udp(OWN, "127.0.0.1", source_port, udp_port))
    return [
        (TCP, packets.syn(source, target, source_port, tcp_port)),
        (UDP, packets.udp(source, target, source_port, udp_port, b"x" * 16)),
        (UDP, packets.udp(source, target, source_port, 53, QUERY)),
        (ICMP, packets.echo_request(source_port, data=b"x" * 16)),
        (4, inner),
        (47, b"\0\0\x08\0" + inner),
    ]


def _raw(wire, ports):
    numbers = itertools.count(1)
    for target, source in itertools.product(TARGETS, SOURCES):
        wire.catch_up()  # no frame gets lost because there are too many at once
        source_port = 20000 + next(numbers)
        for protocol, payload in _payloads(source, target, source_port, ports):
            whole = packets.ipv4(source, target, protocol, payload)
            wire.send_packet(whole)
            wire.send_packet(whole, packets.BROADCAST_MAC)
            for options in (loose_route("127.0.0.1"), loose_route(OUTSIDE), RECORD_ROUTE):
                wire.send_packet(packets.ipv4(source, target, protocol, payload, options))
            for part in packets.in_two_fragments(source, target, protocol, payload, next(numbers) & 0xFFFF):
                wire.send_packet(part)


def _by_sockets(ports):
    """The ordinary way, with whatever the guest's own kernel lets through."""
    tcp_port, udp_port = ports
    for target in TARGETS:
        with socket.socket() as one, contextlib.suppress(OSError):
            one.setblocking(False)
            one.connect((target, tcp_port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            one.sendto(b"x", (target, udp_port))
            one.sendto(b"x" * 20000, (target, udp_port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as one:
            with contextlib.suppress(OSError):
                one.sendto(packets.echo_request(), (target, 0))


def attack(tcp_port, udp_port):
    """Returns when Sluice has seen everything."""
    wire = Wire()
    _by_sockets((tcp_port, udp_port))
    _raw(wire, (tcp_port, udp_port))
    wire.catch_up()
    return True
