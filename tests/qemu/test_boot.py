"""QEMU's own network boot loader boots by DHCP, TFTP and HTTP; the guest's TFTP client fetches files."""

import os
import struct
import unittest

import emulator
import guests
import stream
from guests import GATEWAY, GATEWAY6, GuestClaims
from machine import Machine
from sluice import poll_until
from web import WebServer

_SECONDS = 90


def boot_program(text, size):
    """A program that a boot loader starts, which says something on the serial line.

    What it says lies at its very end, so that it is heard only if all of it has been loaded.
    """
    said = text.encode() + b"\r\n\0"
    # mov dx, 0x3f8; push cs; pop ds; mov si, ADDRESS; again: lodsb; test al, al; jz end; out dx, al;
    # jmp again; end: hlt; jmp end. It is loaded to 0x7c00 of segment 0.
    code = b"\xba\xf8\x03\x0e\x1f\xbe" + struct.pack("<H", 0x7C00 + size - len(said))
    code += b"\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4\xeb\xfd"
    filler = b"".join(stream.blocks(size - len(code) - len(said)))
    return code + filler + said


class NetworkBoot(guests.claims.Claims):
    """Each claim has a machine of its own, with nothing in it to boot from but its network card."""

    def boots(self, netdev, card="e1000", text="booted"):
        """Whether what is booted speaks. The card's place on the bus is where the firmware looks first."""
        options = ["-device", f"{card},netdev=net0,bootindex=1"]
        with Machine(guests.directory(), netdev=netdev, options=options) as machine:
            try:
                poll_until(lambda: text in machine.console(), _SECONDS, f"the boot program to say {text!r}")
            except AssertionError:
                print(machine.tail())
                raise
            if machine.process.poll() is not None:
                self.fail(f"QEMU has ended:\n{machine.tail()}")

    def put(self, name, content):
        with open(os.path.join(self.directory, name), "wb") as file:
            file.write(content)

    def test_a_program_is_booted_by_pxe(self):
        self.put("boot.bin", boot_program("booted by TFTP", 20000))
        for card in ("e1000", "virtio-net-pci", "rtl8139"):
            with self.subTest(card=card):
                self.boots(f"tftp={self.directory},bootfile=boot.bin", card, "booted by TFTP")

    def test_the_boot_file_may_be_named_by_a_path(self):
        os.mkdir(os.path.join(self.directory, "below"))
        self.put("below/boot.bin", boot_program("booted from below", 3000))
        self.boots(f"tftp={self.directory},bootfile=/below/boot.bin", text="booted from below")

    def test_a_script_of_the_boot_loader_goes_on_by_http(self):
        program = boot_program("booted by HTTP", 25000)
        with WebServer(files={"/boot.bin": program}) as server:
            self.put("script.ipxe", f"#!ipxe\nchain http://{GATEWAY}:{server.port}/boot.bin\n".encode())
            self.boots(f"tftp={self.directory},bootfile=script.ipxe", text="booted by HTTP")

    def test_the_boot_file_may_be_a_url(self):
        with WebServer(files={"/boot.bin": boot_program("booted by a URL", 25000)}) as server:
            self.boots(f"bootfile=http://{GATEWAY}:{server.port}/boot.bin", text="booted by a URL")

    def test_the_boot_loader_goes_on_over_ipv6(self):
        program = boot_program("booted by IPv6", 25000)
        self.put("boot.bin", program)
        with WebServer("::1", files={"/boot.bin": program}) as server:
            for url in (f"tftp://[{GATEWAY6}]/boot.bin", f"http://[{GATEWAY6}]:{server.port}/boot.bin"):
                with self.subTest(url=url):
                    self.put("script.ipxe", f"#!ipxe\nifconf -c ipv6\nchain {url}\n".encode())
                    self.boots(f"tftp={self.directory},bootfile=script.ipxe", text="booted by IPv6")

    @unittest.skipUnless(emulator.LIBRARY, "the original does not tell this boot loader what to boot")
    def test_it_boots_where_there_is_only_ipv6(self):
        self.put("boot.bin", boot_program("booted without IPv4", 3000))
        self.boots(f"ipv4=off,tftp={self.directory},bootfile=boot.bin", text="booted without IPv4")

    def test_it_boots_while_the_network_is_restricted(self):
        self.put("boot.bin", boot_program("booted though restricted", 3000))
        netdev = f"restrict=on,tftp={self.directory},bootfile=boot.bin"
        self.boots(netdev, text="booted though restricted")


class Tftp(GuestClaims):
    @classmethod
    def netdev(cls):
        cls.shared = guests.directory()
        with open(os.path.join(cls.shared, "much"), "wb") as file:
            file.writelines(stream.blocks(3_000_000))
        return f"tftp={cls.shared},bootfile=much"

    def test_the_lease_names_the_boot_file_and_its_server(self):
        self.assertEqual(self.given.get("boot_file"), "much")
        self.assertEqual(self.given.get("siaddr"), GATEWAY)

    def test_a_file_is_fetched(self):
        digest = stream.digest(stream.blocks(3_000_000))
        for words in ("", "-b 1428"):
            with self.subTest(words=words):
                script = f"busybox tftp -g {words} -r much -l fetched {GATEWAY}; busybox sha256sum fetched"
                self.assertEqual(self.machine.run(script, 120).split()[0], digest)

    def test_a_file_that_is_not_there_is_an_error(self):
        status, text = self.machine.attempt(f"busybox tftp -g -r nothing {GATEWAY}")
        self.assertNotEqual(status, 0)
        self.assertIn("server error", text)

    def test_nothing_above_the_directory_is_fetched(self):
        status, text = self.machine.attempt(f"busybox tftp -g -r ../../etc/passwd -l got {GATEWAY}")
        self.assertNotEqual(status, 0, text)


if __name__ == "__main__":
    guests.main()
