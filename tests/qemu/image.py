"""What the guest boots: Debian's kernel and a first file system made for it.

The file system holds busybox, netcat (busybox's knows no UDP), the modules of one network card, the
scripts beside this file, and programs of this machine that a test asks for. There is no second file
system, and nothing of the guest is kept.
"""

import glob
import os
import shutil
import subprocess

from cpio import Archive
from modules import Modules

_HERE = os.path.dirname(os.path.abspath(__file__))

CARDS = {
    "e1000": ["e1000"],
    "i82559c": ["e100"],
    "rtl8139": ["8139cp"],
    "rtl8139-old": ["8139too"],
    "virtio-net-pci": ["virtio_pci", "virtio_net"],
}
# What mounting a share takes; the kernel would ask for the ciphers by name, which needs modprobe.
CIFS = ["cifs", "nls_utf8", "cmac", "ccm", "gcm", "ctr", "ecb", "seqiv", "md5", "hmac", "sha256_generic", "sha512_generic"]
CIFS += ["aes_generic"]


class Image:
    """`kernel` and `initrd` are the files to boot from."""

    def __init__(self, directory, card, modules=(), programs=()):
        tree = os.environ["SLUICE_QEMU_GUEST"]
        (self.kernel,) = glob.glob(f"{tree}/boot/vmlinuz-*")
        version = os.path.basename(self.kernel).removeprefix("vmlinuz-")
        archive = Archive()
        for path in ("proc", "sys", "dev", "etc", "tmp", "mnt"):
            archive.directory(path)
        archive.device("dev/console", 5, 1)
        archive.copy("bin/busybox", f"{tree}/bin/busybox")
        archive.link("bin/sh", "busybox")
        for name in ("init", "lease"):
            with open(os.path.join(_HERE, f"guest_{name}.sh"), "rb") as file:
                archive.file(name, file.read(), 0o755)
        loaded = Modules(f"{tree}/lib/modules/{version}").order([*CARDS[card], *modules])
        for path in loaded:
            archive.copy(f"modules/{os.path.basename(path)}", path)
        archive.file("modules/order", "".join(f"{os.path.basename(path)}\n" for path in loaded).encode())
        for name in ("nc.openbsd", *programs):
            _copy_program(archive, name)
        self.initrd = os.path.join(directory, f"initrd-{card}")
        with open(self.initrd, "wb") as file:
            file.write(archive.content())


def _copy_program(archive, name):
    """A program of this machine with the libraries that it says it needs."""
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"the guest needs {name}, which is not installed here")
    archive.copy(f"bin/{name}", os.path.realpath(path))
    needs = subprocess.run(["ldd", path], capture_output=True, text=True, timeout=30, check=True).stdout
    for line in needs.splitlines():
        for word in line.split():
            if word.startswith("/"):
                archive.copy(word.lstrip("/"), os.path.realpath(word))
