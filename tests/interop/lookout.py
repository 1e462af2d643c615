"""Hears everything that happens on the host's network while it lasts.

Packet sockets see each packet of each interface, loopback included, whoever it is for; listening
sockets show that something would have answered. What Sluice sends by whatever socket passes here.
"""

import contextlib
import select
import socket
import threading

from packets import ETH_P_ALL, ETH_P_IP, ICMP, TCP, UDP
from servers import TcpServer, UdpServer, echo

NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp"}


class Lookout:
    """`heard()` lists (protocol, source, target, target's port or None) of each packet."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._tcp = self._stack.enter_context(TcpServer(echo, "0.0.0.0"))
        self._datagrams = []
        udp = UdpServer(lambda datagram, *_: self._datagrams.append(datagram), "0.0.0.0")
        self._stack.enter_context(udp)
        self.tcp_port, self.udp_port = self._tcp.port, udp.port
        self._raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._raw.setblocking(False)
        self._packets = []
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def connections(self):
        return self._tcp.accepted

    def datagrams(self):
        return len(self._datagrams)

    def _listen(self):
        """Empties the socket's queue, which is shorter than what may come in one go."""
        while not self._over.is_set():
            select.select([self._raw], [], [], 0.1)
            self.heard()

    def heard(self):
        with self._lock, contextlib.suppress(BlockingIOError):
            while True:
                packet, (interface, kind, *_) = self._raw.recvfrom(65536)
                self._packets.append(self._describe(interface, kind, packet))
        return self._packets

    @staticmethod
    def _describe(interface, kind, packet):
        if kind != ETH_P_IP:
            return (f"ethertype {kind:#x}", interface, None, None)
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        protocol, at = packet[9], (packet[0] & 15) * 4
        port = int.from_bytes(packet[at + 2 : at + 4], "big") if protocol in (TCP, UDP) else None
        return (NAMES.get(protocol, str(protocol)), source, target, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)
        self._raw.close()
        self._stack.close()
