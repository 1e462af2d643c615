"""smb= shares a directory: the guest's kernel mounts it and copies both ways, through the real smbd."""

import os

import guests
import processes
import stream
from claims import need
from guests import GuestClaims
from image import CIFS
from machine import Machine

SIZE = 3_000_000


def mount(server, version="3.0"):
    """A script that mounts the share; what the kernel says of a failure is shown."""
    options = f"ip={server},username=guest,password=,vers={version}"
    return f"busybox mount -t cifs -o {options} //{server}/qemu /mnt || {{ busybox dmesg | busybox tail -n 5; false; }}"


@need("smbd")
class Share(GuestClaims):
    modules = CIFS
    card = "virtio-net-pci"

    @classmethod
    def netdev(cls):
        cls.shared = guests.directory()
        return f"smb={cls.shared}"

    def tearDown(self):
        self.machine.attempt("busybox umount /mnt")
        super().tearDown()

    def test_files_are_copied_both_ways(self):
        digest = stream.digest(stream.blocks(SIZE))
        with open(os.path.join(self.shared, "there"), "wb") as file:
            file.writelines(stream.blocks(SIZE))
        self.machine.run(mount("10.0.2.4"), 120)
        self.assertIn("there", self.machine.run("busybox ls -l /mnt"))
        text = self.machine.run("busybox cp /mnt/there /tmp/here; busybox sha256sum /tmp/here", 120)
        self.assertEqual(text.split()[0], digest)
        self.machine.run("busybox cp /tmp/here /mnt/stored; busybox umount /mnt", 120)
        with open(os.path.join(self.shared, "stored"), "rb") as file:
            self.assertEqual(stream.digest([file.read()]), digest)

    def test_the_port_of_old_clients_is_served_too(self):
        self.machine.run("nc.openbsd -n -z -w 20 10.0.2.4 139")


@need("smbd")
class Elsewhere(guests.claims.Claims):
    def test_the_server_may_have_another_address_and_leaves_nothing_behind(self):
        shared = guests.directory()
        os.mkdir(os.path.join(shared, "a-directory"))
        netdev = f"smb={shared},smbserver=10.0.2.9"
        before = {name for name in os.listdir("/tmp") if name.startswith("qemu-smb")}
        with Machine(guests.directory(), guests.image("e1000", CIFS), netdev) as machine:
            machine.lease()
            machine.run(mount("10.0.2.9"), 120)
            self.assertIn("a-directory", machine.run("busybox ls /mnt"))
        self.assertEqual(processes.named("smbd"), set())
        self.assertEqual({name for name in os.listdir("/tmp") if name.startswith("qemu-smb")}, before)


if __name__ == "__main__":
    guests.main()
