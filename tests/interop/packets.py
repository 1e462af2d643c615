"""Packets made by hand, whole or wrong, and the raw sockets that send and hear them."""

import errno
import socket
import struct
import time

ETH_P_ALL = 3
ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ICMP, TCP, UDP = 1, 6, 17
_SOL_PACKET, _PACKET_VNET_HDR = 263, 15
BROADCAST_MAC = b"\xff" * 6


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, payload, options=b"", identification=0, fragment=0, ttl=64):
    """One IPv4 packet; `fragment` is the field of flags and offset as it is."""
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    size = words * 4 + len(payload)
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    fields = (0x40 | words, 0, size, identification, fragment, ttl, protocol, 0)
    head = struct.pack("!BBHHHBBH", *fields)
    head += addresses + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def _with_pseudo_header(source, target, protocol, segment):
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    return checksum(addresses + struct.pack("!BBH", 0, protocol, len(segment)) + segment)


def udp(source, target, source_port, target_port, data=b"x"):
    segment = struct.pack("!HHHH", source_port, target_port, 8 + len(data), 0) + data
    total = _with_pseudo_header(source, target, UDP, segment) or 0xFFFF
    return segment[:6] + struct.pack("!H", total) + segment[8:]


def syn(source, target, source_port, target_port, sequence=1000):
    segment = struct.pack("!HHIIBBHHH", source_port, target_port, sequence, 0, 0x50, 2, 64240, 0, 0)
    total = _with_pseudo_header(source, target, TCP, segment)
    return segment[:16] + struct.pack("!H", total) + segment[18:]


def echo_request(identifier=1, sequence=1, data=b"ping"):
    message = struct.pack("!BBHHH", 8, 0, 0, identifier, sequence) + data
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def in_two_fragments(source, target, protocol, payload, identification):
    """The same in two packets; the first holds 8 bytes of payload, as little as one can."""
    more = 0x2000
    return [
        ipv4(source, target, protocol, payload[:8], identification=identification, fragment=more),
        ipv4(source, target, protocol, payload[8:], identification=identification, fragment=1),
    ]


class Wire:
    """An interface's raw frames; needs privilege over the network namespace."""

    def __init__(self, interface="tap0", gateway="10.0.2.2"):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, ETH_P_ALL))
        self.own_mac = self._socket.getsockname()[4]
        # The address of every machine that Sluice plays is made of its IP address.
        self.gateway_mac = b"\x52\x55" + socket.inet_aton(gateway)

    def send_frame(self, frame):
        """A full queue makes the kernel refuse frames; the next try waits until there is room."""
        while True:
            try:
                self._socket.send(frame)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise

    def send_offloaded(self, header, frame):
        """A frame with a virtio_net_hdr; returns whether the kernel took it."""
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        try:
            self._socket.send(header + frame)
            return True
        except OSError:
            return False
        finally:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 0)

    def send_packet(self, packet, target=None):
        self.send_frame((target or self.gateway_mac) + self.own_mac + struct.pack("!H", ETH_P_IP) + packet)

    def catch_up(self, own_address="10.0.2.15", gateway="10.0.2.2"):
        """Returns when everything sent before has been seen to: Sluice takes frames in order."""
        question = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, 1) + self.own_mac + socket.inet_aton(own_address)
        question += bytes(6) + socket.inet_aton(gateway)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            # Again and again: what else arrives may have left this socket no room for the answer.
            self._discard()
            self.send_frame(BROADCAST_MAC + self.own_mac + struct.pack("!H", ETH_P_ARP) + question)
            while frame := self.receive(0.1):
                if frame[12:14] == struct.pack("!H", ETH_P_ARP) and frame[20:22] == b"\0\2":
                    return
        raise TimeoutError("the gateway does not answer ARP any more")

    def _discard(self):
        while self.receive(0):
            pass

    def receive(self, seconds):
        """The next frame that others sent, or None."""
        self._socket.settimeout(seconds)
        try:
            while True:
                frame, (_, _, kind, *_) = self._socket.recvfrom(65536)
                if kind != socket.PACKET_OUTGOING:
                    return frame
        except (TimeoutError, BlockingIOError):
            return None
