"""What speaks with `sluice run` over a link, as emulators do."""

import contextlib
import socket
import struct

from claims import GATEWAY, command
from guest_namespace import GuestNamespace
from network import Network
from outside import sh
from packets import BROADCAST_MAC, ETH_P_ARP
from servers import closed_port
from sluice import BINARY, Program, poll_until

ONE, TWO, THREE = (bytes([0x52, 0x54, 0, 0, 0, number]) for number in (1, 2, 3))
GATEWAY_MAC = bytes([0x52, 0x55, 10, 0, 2, 2])
OTHER = 0x88B5  # an EtherType for experiments


def frame(to, source, kind, payload=b""):
    return (to + source + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def arp_question(source, address):
    target = socket.inet_aton(GATEWAY)
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + source + socket.inet_aton(address) + bytes(6) + target
    return frame(BROADCAST_MAC, source, ETH_P_ARP, body)


class StreamPeer:
    """An emulator's end of a stream: frames behind their lengths."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(10)
        self._read = b""

    @classmethod
    def at(cls, place):
        """Connected to that path or address."""
        peer = cls(socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET))
        peer.socket.connect(place)
        return peer

    def say(self, octets):
        self.socket.sendall(struct.pack("!I", len(octets)) + octets)

    def _take(self, size):
        while len(self._read) < size:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self._read += piece
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def hear(self):
        """The next frame; None at the end."""
        length = self._take(4)
        return length and self._take(struct.unpack("!I", length)[0])

    def hear_of(self, kind):
        """The next frame of that EtherType."""
        while (octets := self.hear()) is not None:
            if struct.unpack("!H", octets[12:14])[0] == kind:
                return octets
        raise AssertionError("the link has ended")

    def finds_gateway(self, source, address):
        """Whether an answer comes, however many others ask."""
        self.say(arp_question(source, address))
        while (heard := self.hear_of(ETH_P_ARP))[:6] != source:
            pass
        return heard[6:12] == GATEWAY_MAC

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def _wire(namespace):
    """A pair of interfaces into a namespace: 198.18.0.1 and 2001:db8:18::1 there, …2 here."""
    sh("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", str(namespace.pid))
    for run, name, number in ((namespace.run, "wire1", 1), (sh, "wire0", 2)):
        run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=0")
        run("ip", "address", "add", f"198.18.0.{number}/24", "dev", name)
        run("ip", "address", "add", f"2001:db8:18::{number}/64", "dev", name, "nodad")
        run("ip", "link", "set", name, "up")
    yield
    sh("ip", "link", "delete", "wire0")


def carry_much(one, other, size="100M", wire=False, tap="tap,ifname=tap0"):
    """A namespace's tap0, bridged by one process over netdev `one` to another one that has the way
    out and netdev `other`: iperf3 through both, both ways. Returns what it prints."""
    with GuestNamespace() as namespace, contextlib.ExitStack() as stack:
        if wire:
            stack.enter_context(_wire(namespace))
        stack.enter_context(Network("user", other))
        with Network(tap, one, program=tuple(namespace.command(BINARY))):
            namespace.run("ip", "address", "add", "10.0.2.15/24", "dev", "tap0")
            namespace.run("ip", "link", "set", "tap0", "up")
            port = closed_port()
            with Program(["iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", str(port)]):
                poll_until(lambda: f":{port}" in command("ss", "-Hltn")[1], what="iperf3 to listen")
                return namespace.run("iperf3", "-c", GATEWAY, "-p", str(port), "-n", size, "--bidir", "-J")
