"""A network over two hosts: Open vSwitch on each, VXLAN between them, and the way out on one."""

import contextlib
import hashlib
import os
import re

import claims
from claims import GATEWAY, Claims, command, need
from guest_namespace import GuestNamespace
from network import Network
from sluice import BINARY, Program, poll_until

UNDERLAY = "198.51.100."
MTU = 1450  # what VXLAN leaves of 1500
MUCH = bytes(range(256)) * 40000


class Host:
    """A machine with an Open vSwitch of its own, whose bridge `lab` every host has a part of."""

    def __init__(self, stack, directory, number):
        self.namespace = stack.enter_context(GuestNamespace())
        self.address = UNDERLAY + str(number)
        self._directory = os.path.join(directory, str(number))
        os.mkdir(self._directory)
        self._stack = stack
        self.namespace.run("ip", "link", "set", "lo", "up")

    def program(self, *words):
        """The words of a program on this host."""
        places = [f"{name}={self._directory}" for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")]
        return self.namespace.command("env", *places, *words)

    def run(self, *words):
        status, output, errors = command(*self.program(*words))
        assert status == 0, f"{words}: {output}{errors}"
        return output

    def switch(self, *words):
        return self.run("ovs-vsctl", f"--db=unix:{self._directory}/db", "--timeout=20", *words)

    def start_switch(self):
        data, place = f"{self._directory}/conf.db", f"{self._directory}/db"
        self.run("ovsdb-tool", "create", data, "/usr/share/openvswitch/vswitch.ovsschema")
        for words in (["ovsdb-server", data, f"--remote=punix:{place}"], ["ovs-vswitchd", f"unix:{place}"]):
            self._stack.enter_context(Program(self.program(*words)))
            poll_until(lambda: os.path.exists(place), what="the switch's database")

    def join(self, other):
        """The bridge of the wire between hosts, and the lab's, which a tunnel leads on to the other."""
        self.run("ip", "link", "set", "wire", "up")
        self.switch("--may-exist", "add-br", "under", "--", "set", "bridge", "under", "datapath_type=netdev")
        self.switch("add-port", "under", "wire")
        self.run("ip", "address", "add", self.address + "/24", "dev", "under")
        self.run("ip", "link", "set", "under", "up")
        self.switch("add-br", "lab", "--", "set", "bridge", "lab", "datapath_type=netdev")
        self.switch("add-port", "lab", "tunnel", "--", "set", "interface", "tunnel", "type=vxlan",
                    f"options:remote_ip={other.address}", "options:key=7")

    def plug(self, interface):
        self.run("ip", "link", "set", interface, "mtu", str(MTU), "up")
        self.switch("add-port", "lab", interface)


@need("ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "curl", "ip")
class TwoHosts(Claims):
    def test_a_guest_on_one_host_has_the_way_out_of_the_other(self):
        with contextlib.ExitStack() as stack:
            first, second = (Host(stack, self.directory, number) for number in (1, 2))
            guest = stack.enter_context(GuestNamespace())
            # A wire from host to host.
            command("ip", "link", "add", "wire", "netns", str(first.namespace.pid), "type", "veth",
                    "peer", "name", "wire", "netns", str(second.namespace.pid))
            for host in (first, second):
                host.start_switch()
            first.join(second)
            second.join(first)

            # The way out, whose loopback is that of the first host.
            stack.enter_context(Network("user,mtu=%d" % MTU, "tap,ifname=world,vnet_hdr=off",
                                        program=tuple(first.program(BINARY))))
            first.plug("world")
            # A guest of the second, which comes by a stream as QEMU does.
            place = os.path.join(self.directory, "guest")
            stack.enter_context(Network("tap,ifname=guests,vnet_hdr=off", f"stream,server=on,addr.type=unix,addr.path={place}",
                                        program=tuple(second.program(BINARY))))
            second.plug("guests")
            stack.enter_context(Network("tap,ifname=tap0", f"stream,addr.type=unix,addr.path={place}",
                                        program=tuple(guest.command(BINARY))))
            guest.run("ip", "link", "set", "tap0", "mtu", str(MTU), "up")
            guest.run("busybox", "udhcpc", "-i", "tap0", "-n", "-q", "-f", "-s", self.lease_script())
            self.assertRegex(guest.run("ip", "-4", "address", "show", "dev", "tap0"), r"10\.0\.2\.15/24")

            server = stack.enter_context(Program(first.program("busybox", "httpd", "-f", "-p", "127.0.0.1:8077", "-h", self.files())))
            poll_until(lambda: re.search(r":8077\b", first.run("ss", "-Hltn")), what="the server to listen")
            self.assertIsNone(server.process.poll())
            status, _, errors = command(*guest.command(
                "curl", "-sS", "-m", "60", "-o", f"{self.directory}/got", f"http://{GATEWAY}:8077/much"))
            self.assertEqual(status, 0, errors)
            with open(f"{self.directory}/got", "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), hashlib.sha256(MUCH).hexdigest())

    def files(self):
        """A directory with something to fetch."""
        directory = os.path.join(self.directory, "files")
        os.mkdir(directory)
        with open(os.path.join(directory, "much"), "wb") as file:
            file.write(MUCH)
        return directory

    def lease_script(self):
        path = os.path.join(self.directory, "lease")
        with open(path, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\n[ "$1" = bound ] && ip address add $ip/$mask dev $interface && '
                       "ip route add default via $router\nexit 0\n")
        os.chmod(path, 0o755)
        return path


if __name__ == "__main__":
    claims.main()
