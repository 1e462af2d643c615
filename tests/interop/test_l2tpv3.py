"""Pseudowires of L2TPv3, with a peer of our own making and with each other."""

import contextlib
import os
import socket
import struct

import claims
from claims import Claims, command, need
from links import GATEWAY_MAC, ONE, arp_question, carry_much
from network import Network
from servers import closed_port
from sluice import BINARY

_HEADER = struct.Struct("!IIQI")  # over UDP, with a long cookie and a number


class Peer(Claims):
    @contextlib.contextmanager
    def wire(self, *netdevs, **options):
        """(A socket at the other end, where it sends to, the network)."""
        ours, theirs = closed_port(socket.SOCK_DGRAM), closed_port(socket.SOCK_DGRAM)
        netdev = (
            f"l2tpv3,id=l,src=127.0.0.1,srcport={ours},dst=127.0.0.1,dstport={theirs},udp=on,"
            "txsession=0x11,rxsession=0x22,cookie64=on,txcookie=0x1234567890abcdef,rxcookie=5,counter=on"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", theirs))
            peer.settimeout(10)
            with Network("user", netdev, *netdevs, **options) as network:
                yield peer, ("127.0.0.1", ours), network

    def answer(self, peer):
        message = peer.recv(2000)
        return _HEADER.unpack_from(message), message[_HEADER.size :]

    def test_messages_are_those_of_rfc_3931(self):
        with self.wire() as (peer, there, _):
            for number in range(3):
                peer.sendto(_HEADER.pack(0x30000, 0x22, 5, 0x40000000 + number) + arp_question(ONE, "10.0.2.15"), there)
                header, frame = self.answer(peer)
                self.assertEqual(header, (0x30000, 0x11, 0x1234567890ABCDEF, 0x40000000 + number))
                self.assertEqual(frame[6:12], GATEWAY_MAC)

    def test_what_is_not_as_agreed_is_not_taken_and_does_no_harm(self):
        question = arp_question(ONE, "10.0.2.15")
        wrong = [
            _HEADER.pack(0xC8030000, 0x22, 5, 0),
            _HEADER.pack(0x20000, 0x22, 5, 0),
            _HEADER.pack(0x30000, 0x23, 5, 0),
            _HEADER.pack(0x30000, 0x22, 6, 0),
        ]
        with self.wire() as (peer, there, network):
            for header in wrong:
                peer.sendto(header + question, there)
            for size in (0, 1, 3, 4, 19, 20, 33, 60000):
                peer.sendto(os.urandom(size), there)
                peer.sendto((_HEADER.pack(0x30000, 0x22, 5, 0) + bytes(size))[: size or None], there)
            # Numbers may be anything, or missing.
            peer.sendto(_HEADER.pack(0x30000, 0x22, 5, 0) + question, there)
            self.assertEqual(self.answer(peer)[0][3], 0x40000000, "the first answer")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(_HEADER.pack(0x30000, 0x22, 5, 0) + question, there)
            peer.sendto(_HEADER.pack(0x30000, 0x22, 5, 0x40000000) + question, there)
            self.assertEqual(self.answer(peer)[0][3], 0x40000001)
            self.assertIsNone(network.process.poll())

    def test_a_peer_that_is_away_may_come_back(self):
        with self.wire() as (peer, there, _):
            question = _HEADER.pack(0x30000, 0x22, 5, 0) + arp_question(ONE, "10.0.2.15")
            place = peer.getsockname()
            for _ in range(2):
                peer.sendto(question, there)
                peer.close()
                peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                peer.bind(place)
                peer.settimeout(10)
            with peer:
                peer.sendto(question, there)
                self.assertEqual(self.answer(peer)[1][6:12], GATEWAY_MAC)

    def test_what_is_wrong_is_named(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            netdev = f"l2tpv3,src=127.0.0.1,dst=127.0.0.1,udp,srcport={port},dstport={port},txsession=1"
            status, _, errors = command(BINARY, "run", "-netdev", netdev)
        self.assertEqual(status, 1)
        self.assertIn(f"can't bind a socket to 127.0.0.1:{port}", errors)


@need("iperf3", "ip")
class Much(Claims):
    """One end in a namespace, which shares nothing but a pair of interfaces with the other one."""

    def test_goes_both_ways_between_namespaces(self):
        def ends(one, other, number):
            yield f"src={one},dst={other},txsession={number}"
            yield f"src={one},dst={other},txsession={number},udp,srcport=1701,dstport=1701,cookie64,txcookie=1,rxcookie=1,counter"

        for one, other in (("198.18.0.1", "198.18.0.2"), ("2001:db8:18::1", "2001:db8:18::2")):
            for inside, outside_ in zip(ends(one, other, 7), ends(other, one, 7)):
                with self.subTest(inside):
                    text = carry_much(f"l2tpv3,{inside}", f"l2tpv3,{outside_}", size="20M", wire=True)
                    self.assertIn('"sum_received"', text)


if __name__ == "__main__":
    claims.main()
