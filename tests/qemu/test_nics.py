"""Linux' drivers for the cards that `sluice run` plugs into a machine of QEMU by vfio-user."""

import os
import socket
import struct
import unittest

import claims
import emulator
import guests
import stream
from guests import GATEWAY, post
from machine import Machine
from network import Network
from sluice import poll_until
from test_boot import boot_program
from test_links import named
from web import WebServer

MUCH = 100 << 20
_MAC = bytes.fromhex("525400123456")
_PEER = bytes.fromhex("525400aaaaaa")
_FRAMES = 50  # of one kind
_IPXE = "/usr/lib/ipxe/ipxe.lkrn"


def has_vfio_user():
    return bool(emulator.ROOT)  # QEMU knows vfio-user from version 10.1 on


class Peer:
    """A program at a socket of the same network, who sends and gets frames as they are."""

    def __init__(self, directory):
        self.ours, self.theirs = (os.path.join(directory, name) for name in ("peer", "sluice"))
        self.netdev = f"dgram,id=n1,{named('local', self.theirs)},{named('remote', self.ours)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.ours)

    def send(self, destination, rest, times=1):
        for _ in range(times):
            frame = (destination + _PEER + rest).ljust(60, b"\0")
            self._socket.sendto(frame, self.theirs)

    def await_frame(self, what, matches):
        """The next frame for which `matches` is true."""

        def look():
            try:
                frame = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            return frame if matches(frame) else None

        return poll_until(look, 30, what)

    def close(self):
        self._socket.close()


def arp_request(address):
    """What follows the Ethernet addresses of a question who has it."""
    sender = _PEER + socket.inet_aton("192.168.7.1")
    return struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + sender + bytes(6) + socket.inet_aton(address)


@unittest.skipUnless(has_vfio_user(), "the system's own QEMU is too old to know vfio-user")
class BootLoader(claims.Claims):
    """iPXE, with its own drivers for all models, is what the machine boots."""

    def check(self, device):
        directory = guests.directory()
        place = os.path.join(directory, "card")
        program = boot_program("booted by HTTP", 25000)
        with WebServer(files={"/boot.bin": program}) as server:
            script = f"#!ipxe\nchain http://{GATEWAY}:{server.port}/boot.bin\n"
            with open(os.path.join(self.directory, "script.ipxe"), "w", encoding="ascii") as file:
                file.write(script)
            user = f"user,id=n0,tftp={self.directory},bootfile=script.ipxe"
            network = Network(user, options=("-device", f"{device},netdev=n0,vfio-user={place}"))
            options = ["-kernel", _IPXE]
            with network, Machine(guests.directory(), plug=place, board="q35", options=options) as machine:
                poll_until(lambda: "booted by HTTP" in machine.console(), 60, "the boot program to speak")

    def test_it_boots_by_dhcp_tftp_and_http(self):
        for device in ("e1000", "rtl8139", "rtl8139,plus=off", "i82559c", "virtio-net"):
            with self.subTest(device=device):
                self.check(device)


@unittest.skipUnless(has_vfio_user(), "the system's own QEMU is too old to know vfio-user")
class Machines(claims.Claims):
    def test_one_machine_follows_another(self):
        place = os.path.join(guests.directory(), "card")
        device = f"e1000,netdev=n0,mac=52:54:00:00:00:77,vfio-user={place}"
        with Network("user,id=n0", options=("-device", device)) as network:
            for _ in range(2):
                with Machine(guests.directory(), guests.image(), plug=place, board="q35") as machine:
                    machine.lease()
                    machine.run(f"busybox ping -c 1 -W 10 {GATEWAY}")
                    self.assertIn("52:54:00:00:00:77", machine.run("busybox ip link show eth0"))
            self.assertEqual(network.errors().count(": connected with "), 2)


@unittest.skipUnless(has_vfio_user(), "the system's own QEMU is too old to know vfio-user")
class Driver:
    """Claims about one driver and the model that it drives; `module` is the driver's name."""

    device = ""
    card = ""
    module = ""
    largest = 1500

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = guests.directory()
        place = os.path.join(directory, "card")
        cls.peer = Peer(directory)
        cls.addClassCleanup(cls.peer.close)
        options = ("-device", f"{cls.device},netdev=n0,vfio-user={place}")
        cls.network = cls.enterClassContext(Network("user,id=n0", cls.peer.netdev, options=options))
        image = guests.image(cls.card, modules=("8021q",))
        cls.machine = cls.enterClassContext(Machine(guests.directory(), image, plug=place, board="q35"))
        cls.given = cls.machine.lease()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(self.machine.tail(), self.network.errors(), sep="\n", flush=True)

    def ping(self, more=""):
        self.machine.run(f"busybox ping -c 3 -W 10 {more} {GATEWAY}")

    def test_the_driver_gets_a_lease(self):
        self.assertEqual(self.given["ip"], claims.GUEST)
        name = self.machine.run("busybox readlink /sys/class/net/eth0/device/driver").strip()
        self.assertEqual(os.path.basename(name), self.module)

    def test_much_arrives_unharmed(self):
        with WebServer(size=MUCH) as server:
            url = f"http://{GATEWAY}:{server.port}/stream"
            fetched = self.machine.run(f"busybox wget -q -O - {url} | busybox sha256sum", 300)
            self.assertEqual(fetched.split()[0], stream.digest(stream.blocks(MUCH)))

    def test_much_arrives_unharmed_both_ways_at_once(self):
        with WebServer(size=MUCH) as server:
            url = f"http://{GATEWAY}:{server.port}/stream"
            script = post(GATEWAY, server.port, "much", MUCH).replace("busybox cat much", f"busybox wget -q -O - {url}")
            self.assertEqual(self.machine.run(script, 300), stream.digest(stream.blocks(MUCH)))

    def test_pings_of_every_size_are_answered(self):
        script = f"""i=0
            while [ $i -le 1472 ]; do
              busybox ping -c 1 -W 10 -s $i {GATEWAY} > /dev/null || echo $i
              i=$((i + 1))
            done"""
        self.assertEqual(self.machine.run(script, 300), "")

    def test_pings_of_several_packets_are_answered(self):
        for size in (1473, 3000, 20000, 65507):
            self.ping(f"-s {size}")

    def test_the_interface_goes_down_and_up(self):
        for _ in range(5):
            self.machine.run("busybox ip link set eth0 down; busybox ip link set eth0 up")
        self.machine.lease()
        self.ping()

    def test_the_driver_goes_and_comes_back(self):
        for _ in range(3):
            self.machine.run(f"busybox rmmod {self.module.replace('-', '_')} && busybox insmod /modules/{self.module}.ko")
            self.machine.lease()
            self.ping()

    def test_the_mtu_changes(self):
        for mtu in (576, 1280, 1500, self.largest):
            with self.subTest(mtu=mtu):
                self.machine.run(f"busybox ip link set eth0 mtu {mtu}")
                self.machine.await_in_guest(f"busybox ping -c 1 -W 2 {GATEWAY}")
                self.ping(f"-s {mtu - 28}")
                with WebServer(size=1 << 20) as server:
                    url = f"http://{GATEWAY}:{server.port}/stream"
                    fetched = self.machine.run(f"busybox wget -q -O - {url} | busybox sha256sum", 60)
                    self.assertEqual(fetched.split()[0], stream.digest(stream.blocks(1 << 20)))
        self.machine.run("busybox ip link set eth0 mtu 1500")
        self.machine.await_in_guest(f"busybox ping -c 1 -W 2 {GATEWAY}")

    def test_frames_of_a_vlan_keep_their_tag(self):
        # Otherwise Linux answers for an address by whatever interface it is asked.
        self.machine.run(
            """echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore
            busybox ip link add link eth0 name vlan type vlan id 77
            busybox ip addr add 192.168.7.2/24 dev vlan
            busybox ip link set vlan up"""
        )
        tag = struct.pack("!HH", 0x8100, 77)
        self.machine.await_in_guest("busybox ip link show vlan | busybox grep -q LOWER_UP")
        # The one with its tag is answered with it; nobody has the address without.
        self.peer.send(b"\xff" * 6, arp_request("192.168.7.2"))
        self.peer.send(b"\xff" * 6, tag + arp_request("192.168.7.2"))
        answer = self.peer.await_frame("an answer", lambda frame: frame[:6] == _PEER)
        self.assertEqual(answer[6:16], _MAC + tag)
        self.assertEqual(answer[16:24], bytes.fromhex("0806000108000604"))
        self.ping()
        self.machine.run("busybox ip link del vlan")
        self.ping()

    def received(self):
        return int(self.machine.run("busybox cat /sys/class/net/eth0/statistics/rx_packets"))

    def arrive(self, destination, rest=b"\x88\xb5"):
        """Whether frames to this address arrive; what is sent behind them does."""
        before = self.received()
        self.peer.send(destination, rest, _FRAMES)
        self.peer.send(b"\xff" * 6, b"\x88\xb5", 10)
        # Some drivers look at the card's counters every other second.
        now = poll_until(lambda: (count := self.received()) >= before + 10 and count, 30, "frames to be counted")
        return now >= before + _FRAMES

    def test_only_who_is_promiscuous_gets_the_frames_of_others(self):
        other = bytes.fromhex("525400777777")
        self.assertTrue(self.arrive(_MAC))
        self.assertFalse(self.arrive(other))
        self.machine.run("busybox ip link set eth0 promisc on")
        self.assertTrue(self.arrive(other))
        self.machine.run("busybox ip link set eth0 promisc off")
        self.assertFalse(self.arrive(other))

    def test_multicast_arrives_for_who_has_joined(self):
        group, other = bytes.fromhex("3333ff123999"), bytes.fromhex("01005e771234")
        self.assertFalse(self.arrive(group))
        self.machine.run("busybox ip -6 addr add fec0::12:3999/64 dev eth0")
        self.assertTrue(self.arrive(group))
        self.assertFalse(self.arrive(other))
        self.machine.run("busybox ifconfig eth0 allmulti")
        self.assertTrue(self.arrive(other))
        self.machine.run("busybox ifconfig eth0 -allmulti; busybox ip -6 addr del fec0::12:3999/64 dev eth0")
        self.assertFalse(self.arrive(group))


class E1000(Driver, claims.Claims):
    device, card, module, largest = "e1000", "e1000", "e1000", 4000


class Rtl8139Plus(Driver, claims.Claims):
    device, card, module = "rtl8139", "rtl8139", "8139cp"


class Rtl8139(Driver, claims.Claims):
    device, card, module = "rtl8139,plus=off", "rtl8139-old", "8139too"


class I82559c(Driver, claims.Claims):
    device, card, module = "i82559c", "i82559c", "e100"


class VirtioNet(Driver, claims.Claims):
    device, card, module = "virtio-net", "virtio-net-pci", "virtio_net"

    def test_only_frames_of_vlans_that_there_are_arrive(self):
        tagged = struct.pack("!HH", 0x8100, 78) + b"\x88\xb5"
        self.assertFalse(self.arrive(_MAC, tagged))
        self.machine.run("busybox ip link add link eth0 name vlan78 type vlan id 78")
        self.assertTrue(self.arrive(_MAC, tagged))
        self.machine.run("busybox ip link del vlan78")
        self.assertFalse(self.arrive(_MAC, tagged))
        self.machine.run("busybox ip link set eth0 promisc on")
        self.assertTrue(self.arrive(_MAC, tagged))
        self.machine.run("busybox ip link set eth0 promisc off")
        self.assertTrue(self.arrive(_MAC))

    def test_another_address_is_the_only_one_of_its_own(self):
        other = bytes.fromhex("525400123457")
        self.machine.run("busybox ip link set eth0 address 52:54:00:12:34:57")
        self.assertTrue(self.arrive(other))
        self.assertFalse(self.arrive(_MAC))
        self.machine.run("busybox ip link set eth0 address 52:54:00:12:34:56")
        self.assertFalse(self.arrive(other))
        self.assertTrue(self.arrive(_MAC))

    def test_interrupts_are_messages(self):
        lines = self.machine.run("busybox grep virtio /proc/interrupts").splitlines()
        self.assertTrue(any("input.0" in line for line in lines), lines)
        self.assertTrue(all("MSI" in line for line in lines), lines)

    def load(self, options):
        """The bus' driver, with options, and the card's on top of it."""
        self.machine.run(
            f"""busybox rmmod virtio_net virtio_pci
            busybox insmod /modules/virtio_pci.ko {options}
            busybox insmod /modules/virtio_net.ko"""
        )
        self.machine.lease()

    def test_older_drivers_have_their_interface(self):
        self.load("force_legacy=1")
        # Version 1 is feature 32.
        path = "/sys/bus/virtio/devices/virtio0/features"
        self.assertEqual(self.machine.run(f"busybox cut -c 33 {path}").strip(), "0")
        self.test_much_arrives_unharmed()
        self.load("")
        self.assertEqual(self.machine.run(f"busybox cut -c 33 {path}").strip(), "1")
        self.ping()


@unittest.skipUnless(has_vfio_user(), "the system's own QEMU is too old to know vfio-user")
class VirtioNetByLine(claims.Claims):
    def test_the_line_is_enough(self):
        place = os.path.join(guests.directory(), "card")
        image = guests.image("virtio-net-pci")
        words = ("-append", "console=ttyS0 panic=-1 quiet net.ifnames=0 pci=nomsi tsc=unstable clocksource=acpi_pm")
        with Network("user,id=n0", options=("-device", f"virtio-net,netdev=n0,vfio-user={place}")):
            with Machine(guests.directory(), image, plug=place, board="q35", options=words) as machine:
                machine.lease()
                machine.run(f"busybox ping -c 3 -W 10 {GATEWAY}")
                lines = machine.run("busybox grep virtio /proc/interrupts")
                self.assertNotIn("MSI", lines)


if __name__ == "__main__":
    guests.main()
