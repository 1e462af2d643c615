"""Snapshots and migration: guests keep their leases and their conversations with devices of QEMU.

Connections that lead to the host's network can't move to another process; they end, so that the guest
need not wait for them. What one library has saved the other can't load, and says so; the guest stays
where it was.
"""

import os
import socket
import unittest

import claims
import emulator
import guests
from claims import need
from guests import GATEWAY, serve
from machine import Machine
from migration import await_running, end_of_migration, migrate
from servers import TcpServer, UnixServer, closed_port, echo, read_all
from sluice import poll_until
from usernet import Usernet

SERVER = "10.0.2.100"
LEASED = "10.0.2.16"
_FIRST_MAC, _SECOND_MAC = "52:54:00:12:34:99", "52:54:00:12:34:56"


class Place:
    """What machines of one claim share: the servers outside, and a disk for snapshots."""

    def __init__(self, claim):
        self.claim = claim
        self.directory = guests.directory()
        path = os.path.join(self.directory, "echo")
        claim.enterContext(UnixServer(echo, path))
        self.server = claim.enterContext(TcpServer(echo))
        self.port = closed_port()
        forwards = [f"hostfwd=tcp:127.0.0.1:{self.port}-{LEASED}:7", f"guestfwd=tcp:{SERVER}:7-unix:{path}"]
        self.netdev = ",".join([*forwards, f"guestfwd=tcp:{SERVER}:8-cmd:cat"])
        self.disk = []

    def add_disk(self):
        """Snapshots are kept on one."""
        path = os.path.join(self.directory, "disk")
        claims.outside.sh("qemu-img", "create", "-q", "-f", "qcow2", path, "64M")
        self.disk = ["-drive", f"if=none,id=disk,format=qcow2,file={path}"]

    def use_another_port(self):
        """Two machines can't both have it."""
        port = closed_port()
        self.netdev = self.netdev.replace(f"127.0.0.1:{self.port}-", f"127.0.0.1:{port}-")
        self.port = port

    def machine(self, *options, card="e1000", **kind):
        return Machine(guests.directory(), guests.image(card), self.netdev, card, [*self.disk, *options], **kind)

    def settle(self, machine):
        """A guest that has the second lease, a server, and one connection of each kind."""
        machine.run(f"busybox ip link set eth0 address {_FIRST_MAC}")
        self.claim.assertEqual(machine.lease()["ip"], "10.0.2.15")
        machine.run(f"busybox ip address flush dev eth0; busybox ip link set eth0 down address {_SECOND_MAC}")
        self.claim.assertEqual(machine.lease()["ip"], LEASED)
        serve(machine, 7)
        for name, target in (("device", f"{SERVER} 7"), ("network", f"{GATEWAY} {self.server.port}")):
            # The fifo's writing end stays open, so that it can be written to again and again.
            script = f"busybox mkfifo to-{name}; (exec > to-{name}; exec busybox sleep 100000) & "
            script += f"(nc.openbsd -n {target} < to-{name} > from-{name} 2>&1; echo > ended-{name}) > /dev/null 2>&1 &"
            machine.run(script)
            self.converse(machine, name, "first")

    def converse(self, machine, name, text):
        machine.run(f"echo {text} > to-{name}")
        machine.await_in_guest(f"busybox grep -qx {text} from-{name}")

    def check_moved(self, machine, text):
        """What must go on in a guest that was loaded, and what can't."""
        self.check_network(machine, text)
        # Whether it was told or finds out by writing: the connection to the host's network has ended.
        machine.run("(echo lost > to-network) > /dev/null 2>&1 &")
        machine.await_in_guest("busybox test -e ended-network")

    def check_network(self, machine, text):
        """What must go on wherever the guest is."""
        self.converse(machine, "device", text)
        self.claim.assertEqual(machine.run(f"printf new | nc.openbsd -n -N -w 20 {SERVER} 8"), "new")
        machine.run(f"busybox ping -c 1 -W 20 {GATEWAY}")
        self.claim.assertEqual(machine.lease()["ip"], LEASED)
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(b"abc")
            connection.shutdown(socket.SHUT_WR)
            self.claim.assertEqual(read_all(connection), b"abc")


@need("qemu-img")
class Snapshots(claims.Claims):
    def test_a_snapshot_is_loaded_into_another_qemu(self):
        place = Place(self)
        place.add_disk()
        with place.machine() as machine:
            place.settle(machine)
            self.assertEqual(machine.monitor.typed("savevm one"), "")
        with place.machine("-loadvm", "one") as machine:
            await_running(machine)
            place.check_moved(machine, "second")

    def test_a_snapshot_is_loaded_into_the_same_qemu(self):
        place = Place(self)
        place.add_disk()
        with place.machine() as machine:
            place.settle(machine)
            self.assertEqual(machine.monitor.typed("savevm one"), "")
            place.converse(machine, "device", "forgotten")
            for text in ("second", "third"):
                self.assertEqual(machine.monitor.typed("loadvm one"), "")
                await_running(machine)
                self.assertEqual(machine.run("busybox cat from-device"), "first\n")
                self.assertEqual(machine.lease()["ip"], LEASED)
                machine.run(f"busybox ping -c 1 -W 20 {GATEWAY}")
                self.assertEqual(machine.run(f"printf {text} | nc.openbsd -n -N -w 20 {SERVER} 8"), text)

    @unittest.skipUnless(emulator.LIBRARY, "libslirp goes on though both sides count other bytes")
    def test_a_connection_to_the_outside_goes_on_unless_it_has_moved_since(self):
        place = Place(self)
        place.add_disk()
        with place.machine() as machine:
            place.settle(machine)
            poll_until(
                lambda: not any(Usernet(machine.monitor.typed("info usernet")).unacknowledged),
                20,
                "the guest to acknowledge all",
            )
            self.assertEqual(machine.monitor.typed("savevm one"), "")
            self.assertEqual(machine.monitor.typed("loadvm one"), "")
            await_running(machine)
            place.converse(machine, "network", "second")
            self.assertEqual(machine.monitor.typed("loadvm one"), "")
            await_running(machine)
            machine.await_in_guest("busybox test -e ended-network")
            self.assertEqual(machine.run("busybox cat from-network"), "first\n")


def own_board():
    """The system's QEMU's name of the board that `pc` is there, which newer ones know too."""
    with Machine(guests.directory(), root="", library="") as machine:
        return machine.monitor.execute("qom-get", path="/machine", property="type").removesuffix("-machine")


class Migration(claims.Claims):
    def moved(self, leave, arrive, card="e1000", roots=(emulator.ROOT, emulator.ROOT)):
        """Moves a guest from one QEMU to another, which can't share the port of the host."""
        place = Place(self)
        board = own_board() if roots[0] != roots[1] else "pc"
        with place.machine(card=card, root=roots[0], board=board) as source:
            place.settle(source)
            place.use_another_port()
            with place.machine("-incoming", "defer", card=card, root=roots[1], board=board) as target:
                if leave.startswith("unix:"):
                    target.monitor.execute("migrate-incoming", uri=arrive)
                    migrate(source, leave, target)
                else:
                    migrate(source, leave)
                    target.monitor.execute("migrate-incoming", uri=arrive)
                await_running(target)
                place.check_moved(target, "second")

    def test_a_guest_moves_over_a_unix_socket(self):
        path = os.path.join(guests.directory(), "way")
        self.moved(f"unix:{path}", f"unix:{path}")

    def test_a_guest_moves_through_a_file_that_commands_write_and_read(self):
        path = os.path.join(guests.directory(), "state")
        self.moved(f"exec:cat > {path}", f"exec:cat {path}", card="virtio-net-pci")

    @unittest.skipUnless(emulator.ROOT, "there is no tree with another QEMU")
    def test_a_guest_moves_to_another_qemu_and_back(self):
        for roots in (("", emulator.ROOT), (emulator.ROOT, "")):
            with self.subTest(roots=roots):
                path = os.path.join(guests.directory(), "way")
                self.moved(f"unix:{path}", f"unix:{path}", roots=roots)


@unittest.skipUnless(emulator.LIBRARY, "no library is under test, so there are no two kinds")
class BetweenLibraries(claims.Claims):
    def refused(self, source_library, target_library):
        """Tries to move a guest; what the target says, after all has been seen to go on at the source."""
        place = Place(self)
        with place.machine(library=source_library) as source:
            place.settle(source)
            port = place.port
            place.use_another_port()
            with place.machine("-incoming", "defer", library=target_library) as target:
                address = f"unix:{os.path.join(guests.directory(), 'way')}"
                # Without it the source may believe, and stop, before the target has read all.
                capability = {"capability": "return-path", "state": True}
                source.monitor.execute("migrate-set-capabilities", capabilities=[capability])
                target.monitor.execute("migrate-incoming", uri=address)
                self.assertEqual(end_of_migration(source, address), "failed")
                said = target.await_failure()
            await_running(source)
            place.port = port
            place.check_network(source, "second")
            place.converse(source, "network", "second")
        self.assertIn("load of migration failed", said)
        return said

    def test_the_library_under_test_refuses_what_the_systems_has_saved_and_says_why(self):
        self.assertRegex(self.refused("", emulator.LIBRARY), r"libslirp: .*state")

    def test_the_systems_library_refuses_what_the_one_under_test_has_saved(self):
        self.refused(emulator.LIBRARY, "")


if __name__ == "__main__":
    guests.main()
