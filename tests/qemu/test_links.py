"""QEMU's guests on the network of `sluice run`, over each kind of link that QEMU has."""

import contextlib
import os
import socket
import unittest

import claims
import guests
import stream
from guest_namespace import GuestNamespace
from guests import GATEWAY, post, serve
from machine import Machine
from network import Network
from servers import closed_port
from sluice import BINARY, Program, has_sanitizer, poll_until
from web import WebServer

SIZE = 8 << 20
_FIRST, _SECOND = "52:54:00:12:34:01", "52:54:00:12:34:02"


def udp(name, port):
    return f"{name}.type=inet,{name}.host=127.0.0.1,{name}.port={port}"


def named(name, path):
    return f"{name}.type=unix,{name}.path={path}"


class Kinds(claims.Claims):
    """`check(ours, theirs)`: the two ends of one link, the one of Sluice and the one of QEMU."""

    def check(self, ours, theirs, card="e1000"):
        path = guests.directory()
        ours, theirs = ours.replace("DIR", path), theirs.replace("DIR", path)
        with Network("user", ours), Machine(path, guests.image(card), card=card, link=theirs) as machine:
            self.assertEqual(machine.lease()["ip"], claims.GUEST)
            machine.run(f"busybox ping -c 3 -W 10 {GATEWAY}")
            digest = stream.digest(stream.blocks(SIZE))
            with WebServer(size=SIZE) as server:
                url = f"http://{GATEWAY}:{server.port}/stream"
                fetched = machine.run(f"busybox wget -q -O much {url}; busybox sha256sum < much", 180)
                self.assertEqual(fetched.split()[0], digest)
                self.assertEqual(machine.run(post(GATEWAY, server.port, "much", SIZE), 180), digest)

    def test_a_stream_to_a_unix_socket(self):
        self.check("stream,server=on,addr.type=unix,addr.path=DIR/s", "stream,addr.type=unix,addr.path=DIR/s")

    def test_a_stream_from_where_qemu_listens(self):
        port = closed_port()
        ours = f"stream,addr.type=inet,addr.host=127.0.0.1,addr.port={port},reconnect-ms=100"
        self.check(ours, f"stream,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port={port}", card="virtio-net-pci")

    def test_a_socket_that_connects(self):
        port = closed_port()
        self.check(f"socket,listen=127.0.0.1:{port}", f"socket,connect=127.0.0.1:{port}")

    def test_datagrams_of_udp(self):
        one, two = closed_port(socket.SOCK_DGRAM), closed_port(socket.SOCK_DGRAM)
        self.check(f"dgram,{udp('local', one)},{udp('remote', two)}", f"dgram,{udp('local', two)},{udp('remote', one)}")

    def test_datagrams_of_the_older_word(self):
        one, two = closed_port(socket.SOCK_DGRAM), closed_port(socket.SOCK_DGRAM)
        ours = f"socket,udp=127.0.0.1:{two},localaddr=127.0.0.1:{one}"
        self.check(ours, f"socket,udp=127.0.0.1:{one},localaddr=127.0.0.1:{two}")

    def test_datagrams_of_unix_sockets(self):
        ours = f"dgram,{named('local', 'DIR/a')},{named('remote', 'DIR/b')}"
        self.check(ours, f"dgram,{named('local', 'DIR/b')},{named('remote', 'DIR/a')}")

    def test_a_multicast_group(self):
        port = closed_port(socket.SOCK_DGRAM)
        group = f"socket,mcast=239.192.76.2:{port},localaddr=127.0.0.1"
        self.check(group, group)

    def test_a_pseudowire_over_udp(self):
        one, two = closed_port(socket.SOCK_DGRAM), closed_port(socket.SOCK_DGRAM)
        both = "udp=on,cookie64=on,counter=on,offset=4"
        ours = f"src=127.0.0.1,dst=127.0.0.1,srcport={one},dstport={two},txsession=1,rxsession=2,txcookie=3,rxcookie=4"
        theirs = f"src=127.0.0.1,dst=127.0.0.1,srcport={two},dstport={one},txsession=2,rxsession=1,txcookie=4,rxcookie=3"
        self.check(f"l2tpv3,{ours},{both}", f"l2tpv3,{theirs},{both}")

    def test_a_pseudowire_over_packets_of_ip(self):
        ours = "l2tpv3,src=127.0.0.1,dst=127.0.0.2,txsession=0xffffffff,counter,pincounter"
        self.check(ours, "l2tpv3,src=127.0.0.2,dst=127.0.0.1,txsession=0xffffffff,counter=on,pincounter=on")

    def test_a_pseudowire_over_ipv6(self):
        ours = "l2tpv3,src=::1,dst=::1,ipv6=on,udp=on,srcport=1701,dstport=1702,txsession=1"
        self.check(ours, "l2tpv3,src=::1,dst=::1,ipv6=on,udp=on,srcport=1702,dstport=1701,txsession=1")

    @claims.need("vde_switch")
    @unittest.skipIf(has_sanitizer(), "sanitizers stop libvdeplug")
    def test_a_switch_of_vde(self):
        place = os.path.join(guests.directory(), "switch")
        with Program(["vde_switch", "-sock", place]):
            poll_until(lambda: os.path.exists(os.path.join(place, "ctl")), what="the switch")
            self.check(f"vde,sock={place}", f"vde,sock={place}")


def wires():
    """Two streams on unix sockets: the ends of Sluice, and those of QEMU."""
    path = guests.directory()
    places = [os.path.join(path, name) for name in ("a", "b")]
    servers = [f"stream,server=on,addr.type=unix,addr.path={place}" for place in places]
    return servers, [f"stream,addr.type=unix,addr.path={place}" for place in places]


class Together(claims.Claims):
    def test_two_guests_of_one_switch_reach_each_other_and_the_world(self):
        servers, links = wires()
        image = guests.image()
        with Network("user", *servers):
            with Machine(guests.directory(), image, link=links[0], mac=_FIRST) as first:
                with Machine(guests.directory(), image, link=links[1], mac=_SECOND) as second:
                    addresses = [machine.lease()["ip"] for machine in (first, second)]
                    self.assertEqual(addresses, ["10.0.2.15", "10.0.2.16"])
                    serve(first, 7)
                    answer = second.run(f"printf there | nc.openbsd -n -N -w 20 {addresses[0]} 7")
                    self.assertEqual(answer, "there")
                    for machine in (first, second):
                        machine.run(f"busybox ping -c 2 -W 10 {GATEWAY}")
                # The second is gone; the first goes on.
                first.run(f"busybox ping -c 2 -W 10 {GATEWAY}")

    @claims.need("ip", "nc.openbsd")
    def test_two_guests_and_a_namespace_of_one_switch_reach_each_other_and_the_gateway(self):
        servers, links = wires()
        image = guests.image()
        with contextlib.ExitStack() as stack:
            namespace = stack.enter_context(GuestNamespace())
            netdevs = ("user", "tap,ifname=tap0", *servers)
            stack.enter_context(Network(*netdevs, program=tuple(namespace.command(BINARY))))
            machines = [
                stack.enter_context(Machine(guests.directory(), image, link=link, mac=mac))
                for link, mac in zip(links, (_FIRST, _SECOND))
            ]
            addresses = [*(machine.lease()["ip"] for machine in machines), "10.0.2.20"]
            namespace.run("ip", "address", "add", f"{addresses[2]}/24", "dev", "tap0")
            namespace.run("ip", "link", "set", "tap0", "up")
            for address in (*addresses, GATEWAY):
                for machine in machines:
                    machine.run(f"busybox ping -c 2 -W 10 {address}")
                if address != addresses[2]:  # which would be its own, over its loopback
                    namespace.run("ping", "-c", "2", "-W", "10", address)
            # What its kernel leaves to its card in streams to a guest is done for it.
            text = "there" * 100_000
            for machine, address in zip(machines, addresses):
                serve(machine, 7)
                words = ["nc.openbsd", "-n", "-N", "-w", "20", address, "7"]
                self.assertEqual(claims.command(*namespace.command(*words), text=text), [0, text, ""])


if __name__ == "__main__":
    guests.main()
