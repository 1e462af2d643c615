"""A port of a real switch of Virtual Distributed Ethernet."""

import contextlib
import os
import socket
import stat
import struct
import subprocess
import unittest

import claims
from claims import Claims, command, need
from links import GATEWAY_MAC, ONE, TWO, arp_question, carry_much, frame
from network import Network
from packets import BROADCAST_MAC
from sluice import BINARY, Program, has_sanitizer, poll_until
from uml import echo_much, echoes_much  # pylint: disable=unused-import


class Plug(Program):
    """vde_plug: frames on its standard input and output, each behind two bytes of length."""

    def __init__(self, place):
        super().__init__(["vde_plug", place])

    def send(self, octets):
        self.process.stdin.write(struct.pack("!H", len(octets)) + octets)
        self.process.stdin.flush()

    def hear(self):
        length = struct.unpack("!H", self.process.stdout.read(2))[0]
        return self.process.stdout.read(length)

    def finds_gateway(self, source, address):
        self.send(arp_question(source, address))
        while (heard := self.hear())[:6] != source:
            pass
        return heard[6:12] == GATEWAY_MAC


# libvdeplug loads its parts in a way that sanitizers refuse (RTLD_DEEPBIND).
@unittest.skipIf(has_sanitizer(), "sanitizers stop libvdeplug")
@need("vde_switch", "vde_plug")
class Switch(Claims):
    @contextlib.contextmanager
    def switch(self, name="switch"):
        place = os.path.join(self.directory, name)
        with Program(["vde_switch", "-sock", place, "-mode", "600"], stderr=subprocess.STDOUT) as switch:
            poll_until(lambda: os.path.exists(os.path.join(place, "ctl")), what="the switch")
            yield place, switch

    def test_stations_of_the_switch_reach_the_gateway(self):
        with self.switch() as (place, _), Network("user", f"vde,id=v,sock={place}"):
            for source, address in ((ONE, "10.0.2.15"), (TWO, "10.0.2.16")):
                with Plug(place) as plug:
                    self.assertTrue(plug.finds_gateway(source, address))

    @need("linux.uml")
    def test_a_user_mode_linux_on_the_switch_has_the_way_out(self):
        with self.switch() as (place, _), Network("user", f"vde,sock={place}"):
            self.assertTrue(echoes_much(self.directory, f"eth0=vde,{place}", "eth0"))

    def test_the_port_and_the_mode_are_those_that_were_asked_for(self):
        with self.switch() as (place, switch), Network("user", f"vde,sock={place},port=7,mode=0640"):
            switch.say("port/allprint")
            port = ""
            while "sluice" not in (line := switch.line()):
                port = line if line.startswith("Port") else port
            self.assertTrue(port.startswith("Port 0007"), port)
            sockets = [os.path.join(place, name) for name in os.listdir(place) if name != "ctl"]
            modes = {stat.S_IMODE(os.stat(one).st_mode) for one in sockets if stat.S_ISSOCK(os.stat(one).st_mode)}
            self.assertIn(0o640, modes)

    def test_frames_that_nobody_should_send_do_no_harm(self):
        with self.switch() as (place, _), Network("user", f"vde,sock={place}") as network, Plug(place) as plug:
            for octets in (b"", b"\0", b"short", frame(BROADCAST_MAC, TWO, 0x0800, os.urandom(1200)), os.urandom(9000)):
                plug.send(octets)
            self.assertTrue(plug.finds_gateway(ONE, "10.0.2.15"))
            self.assertIsNone(network.process.poll())

    def test_the_end_of_the_switch_is_told_and_the_other_links_go_on(self):
        ours, theirs = socket.socketpair()
        with ours, theirs, self.switch() as (place, switch):
            given = f"stream,addr.type=fd,addr.str={theirs.fileno()}"
            with Network("user", given, f"vde,id=v,sock={place}", pass_fds=[theirs.fileno()]) as network:
                theirs.close()
                switch.process.terminate()
                poll_until(lambda: "netdev v: the connection with the VDE switch" in network.errors(), what="the news")
                self.assertIsNone(network.process.poll())
                ours.close()
                self.assertEqual(network.wait(10), 0)

    def test_a_switch_that_is_not_there_is_named(self):
        missing = os.path.join(self.directory, "missing")
        status, _, errors = command(BINARY, "run", "-netdev", "user", "-netdev", f"vde,sock={missing}")
        self.assertEqual(status, 1)
        self.assertIn(f"can't connect to the VDE switch {missing} (is there a switch", errors)

    @need("iperf3", "ip")
    def test_much_goes_both_ways(self):
        with self.switch() as (place, _):
            # The switch is the host's, and so is its directory.
            self.assertIn('"sum_received"', carry_much(f"vde,sock={place}", f"vde,sock={place}", size="20M"))


if __name__ == "__main__":
    claims.main()
