"""A small DNS server over UDP and TCP, the upstream of Sluice's proxy.

It knows a handful of names below `test.`, echoes EDNS0, truncates what does not fit the size that the
asker can take, and keeps a list of what it was asked and how.
"""

import contextlib
import socket
import struct
import threading

from servers import TcpServer, UdpServer

A, NS, TXT, AAAA, OPT = 1, 2, 16, 28, 41
_NAME_ERROR = 3
_TRUNCATED = 0x0200

LARGE_TEXTS = [f"{number:03}-" + "x" * 196 for number in range(20)]  # 4,000 bytes

ZONE = {
    ("small.test", A): [socket.inet_aton("192.0.2.7")],
    ("small.test", AAAA): [socket.inet_pton(socket.AF_INET6, "2001:db8::7")],
    ("outside.test", A): [socket.inet_aton("198.51.100.1")],
    ("large.test", TXT): [bytes([len(text)]) + text.encode() for text in LARGE_TEXTS],
}


def parse_question(message):
    """Returns (name, type, end of the question)."""
    labels = []
    at = 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def edns_size(message, end):
    """The datagram that the asker can take by EDNS0, or None."""
    (additional,) = struct.unpack_from("!H", message, 10)
    if additional and message[end] == 0:
        kind, size = struct.unpack_from("!HH", message, end + 1)
        if kind == OPT:
            return size
    return None


def answer(message, limit=None):
    """The answer to a query; cut to nothing but its question where it is longer than `limit`."""
    name, kind, end = parse_question(message)
    (identifier, flags) = struct.unpack_from("!HH", message)
    known = any(name == known_name for known_name, _ in ZONE)
    records = ZONE.get((name, kind), [])
    size = edns_size(message, end)
    extra = b"" if size is None else struct.pack("!BHHIH", 0, OPT, 4096, 0, 0)
    flags = 0x8080 | (flags & 0x0100) | (0 if known else _NAME_ERROR)
    body = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data for data in records)
    if limit is not None and 12 + end - 12 + len(body) + len(extra) > limit:
        flags |= _TRUNCATED
        records, body = [], b""
    head = struct.pack("!HHHHHH", identifier, flags, 1, len(records), 0, 1 if extra else 0)
    return head + message[12:end] + body + extra


class NameServer:
    """Serves the zone on one address, UDP and TCP port 53; `asked` lists (transport, name, type)."""

    def __init__(self, address="127.0.0.1"):
        self.asked = []
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(UdpServer(self._datagram, address, 53))
        self._stack.enter_context(TcpServer(self._stream, address, 53))

    def _note(self, transport, message):
        name, kind, end = parse_question(message)
        with self._lock:
            self.asked.append((transport, name, kind, edns_size(message, end)))

    def _datagram(self, message, sender, server):
        self._note("udp", message)
        _, _, end = parse_question(message)
        server.sendto(answer(message, edns_size(message, end) or 512), sender)

    def _stream(self, connection):
        with connection.makefile("rb") as file:
            while prefix := file.read(2):
                message = file.read(struct.unpack("!H", prefix)[0])
                self._note("tcp", message)
                reply = answer(message)
                connection.sendall(struct.pack("!H", len(reply)) + reply)

    def transports(self, name):
        with self._lock:
            return [transport for transport, asked, _, _ in self.asked if asked == name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()
