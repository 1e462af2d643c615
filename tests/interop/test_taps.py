"""Taps in all their forms: queues, headers, scripts, descriptors, helpers and bridges."""

import contextlib
import fcntl
import os
import struct

import claims
from claims import GATEWAY, Claims, command, need
from guest_namespace import GuestNamespace
from links import carry_much
from network import Network
from sluice import BINARY

_HELPER = "/usr/lib/qemu/qemu-bridge-helper"
_TUNSETIFF = 0x400454CA
_TAP, _BARE, _VNET, _MANY = 2, 0x1000, 0x4000, 0x100


def open_queue(name, flags):
    """A descriptor of a tap, which others may inherit."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TAP | _BARE | flags))
    os.set_inheritable(tap, True)
    return tap


@need("ip")
class Taps(Claims):
    def script(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
        return path

    def pair(self):
        place = os.path.join(self.directory, "wire")
        return (f"stream,{way}addr.type=unix,addr.path={place}" for way in ("", "server=on,"))

    @need("iperf3")
    def test_much_goes_by_several_queues_and_by_plain_frames(self):
        for keys in ("queues=4", "vnet_hdr=off", "queues=2,vnet_hdr=off"):
            with self.subTest(keys):
                text = carry_much(*self.pair(), size="50M", tap=f"tap,ifname=tap0,{keys}")
                self.assertIn('"sum_received"', text)

    def test_an_interface_has_the_queues_that_were_asked_for(self):
        with Network("user", "tap,ifname=many0,queues=3") as network:
            opened = f"/proc/{network.pid}/fd"
            queues = [name for name in os.listdir(opened) if os.readlink(f"{opened}/{name}") == "/dev/net/tun"]
            self.assertEqual(len(queues), 3)
            self.assertIn("the interface is many0", network.errors())

    def set_up(self, name="$1"):
        return f"ip address add 10.0.2.15/24 dev {name} && ip link set {name} up"

    def test_scripts_are_run_when_the_interface_comes_and_before_it_goes(self):
        told = os.path.join(self.directory, "told")
        up = self.script("up", f"{self.set_up()} && echo up $1 >> {told}; echo said by the script")
        down = self.script("down", f"ip -o link show $1 > /dev/null && echo down $1 >> {told}")
        with Network("user", f"tap,ifname=mine0,script={up},downscript={down}") as network:
            self.assertEqual(command("ping", "-c", "1", "-W", "10", "-I", "mine0", GATEWAY)[0], 0)
            with open(told, encoding="ascii") as file:
                self.assertEqual(file.read(), "up mine0\n")
            network.process.terminate()
            self.assertEqual(network.wait(), 0)
            self.assertIn("said by the script", network.errors())
        with open(told, encoding="ascii") as file:
            self.assertEqual(file.read(), "up mine0\ndown mine0\n")

    def test_a_script_that_fails_is_the_end_and_is_named(self):
        bad = self.script("bad", "exit 3")
        for script, message in ((bad, f"'{bad}' has failed: its exit status is 3"), ("/nowhere/up", "can't run '/nowhere/up'")):
            status, _, errors = command(BINARY, "run", "-netdev", "user", "-netdev", f"tap,script={script}")
            self.assertEqual(status, 1)
            self.assertIn(message, errors)

    def test_a_script_that_fails_at_the_end_is_told(self):
        bad = self.script("bad", "exit 3")
        with Network("user", f"tap,downscript={bad}") as network:
            network.process.terminate()
            self.assertEqual(network.wait(), 0)
            self.assertIn("has failed: its exit status is 3", network.errors())

    def test_the_end_of_an_interface_is_the_end_of_its_link(self):
        with Network("user", "tap,ifname=gone0,queues=2") as network:
            command("ip", "link", "delete", "gone0")
            self.assertEqual(network.wait(10), 0)

    def test_taps_of_somebody_else_are_taken_by_their_numbers(self):
        for flags, count in ((0, 1), (_VNET, 1), (_MANY, 2), (_VNET | _MANY, 2)):
            with self.subTest(f"{flags:#x}"), contextlib.ExitStack() as stack:
                taps = [open_queue("given0", flags) for _ in range(count)]
                for tap in taps:
                    stack.callback(os.close, tap)
                command("sh", "-c", self.set_up("given0"))
                key = f"fd={taps[0]}" if count == 1 else "fds=" + ":".join(map(str, taps))
                with Network("user", f"tap,{key}", pass_fds=taps):
                    self.assertEqual(command("ping", "-c", "1", "-W", "10", "-I", "given0", GATEWAY)[0], 0)


@need("ip", _HELPER)
class Bridges(Claims):
    """A bridge in a namespace, and the helper's own rules in a private /etc."""

    @contextlib.contextmanager
    def bridge(self, rules):
        os.makedirs(os.path.join(self.directory, "qemu"), exist_ok=True)
        with open(os.path.join(self.directory, "qemu", "bridge.conf"), "w", encoding="ascii") as file:
            file.write(rules)
        with GuestNamespace() as namespace:
            namespace.run("mount", "--bind", self.directory, "/etc")
            namespace.run("ip", "link", "add", "test0", "type", "bridge")
            namespace.run("ip", "address", "add", "10.0.2.15/24", "dev", "test0")
            namespace.run("ip", "link", "set", "test0", "up")
            yield namespace

    def test_what_is_on_the_bridge_reaches_the_gateway(self):
        netdevs = ("bridge,br=test0", f"tap,helper={_HELPER},br=test0", f"tap,helper={_HELPER} --br=test0")
        for netdev in netdevs:
            with self.subTest(netdev), self.bridge("allow test0\n") as namespace:
                with Network("user", netdev, program=tuple(namespace.command(BINARY))):
                    namespace.run("ping", "-c", "1", "-W", "10", GATEWAY)

    def test_a_bridge_that_is_not_allowed_is_refused(self):
        with self.bridge("deny all\n") as namespace:
            words = namespace.command(BINARY, "run", "-netdev", "user", "-netdev", "bridge,br=test0")
            status, _, errors = command(*words)
        self.assertEqual(status, 1)
        self.assertIn("access denied by acl file", errors)
        self.assertIn(f"'{_HELPER}' has failed: its exit status is 1", errors)

    def test_a_helper_that_gives_nothing_is_told(self):
        for helper, message in (("true", "'true' has ended without a tap"), ("/nowhere", "can't run '/nowhere'")):
            status, _, errors = command(BINARY, "run", "-netdev", f"bridge,helper={helper}")
            self.assertEqual(status, 1)
            self.assertIn(message, errors)
        status, _, errors = command(BINARY, "run", "-netdev", "bridge,helper='")
        self.assertEqual(status, 1)
        self.assertIn("is no command", errors)

    def test_a_helper_may_give_what_is_no_tap(self):
        path = os.path.join(self.directory, "helper.py")
        with open(path, "w", encoding="ascii") as file:
            file.write("import socket\ns = socket.socket(fileno=3)\nsocket.send_fds(s, [b'x'], [s.fileno()])\n")
        status, _, errors = command(BINARY, "run", "-netdev", f"bridge,helper=python3 {path}")
        self.assertEqual(status, 1)
        self.assertIn("can't ask a descriptor for its tap interface", errors)


if __name__ == "__main__":
    claims.main()
