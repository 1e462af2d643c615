"""Writes the archive that a kernel unpacks as its first file system (cpio's "newc" format)."""

import os
import stat


class Archive:
    """Files are added in order; directories above them come by themselves."""

    def __init__(self):
        self._parts = []
        self._directories = set()
        self._number = 0

    def file(self, path, content, mode=0o644):
        self._parents(path)
        self._entry(path, stat.S_IFREG | mode, content)

    def copy(self, path, source):
        with open(source, "rb") as file:
            self.file(path, file.read(), stat.S_IMODE(os.stat(source).st_mode))

    def link(self, path, target):
        self._parents(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def directory(self, path):
        self._parents(path)
        if path not in self._directories:
            self._directories.add(path)
            self._entry(path, stat.S_IFDIR | 0o755, b"")

    def device(self, path, major, minor):
        self._parents(path)
        self._entry(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def content(self):
        return b"".join([*self._parts, self._encoded("TRAILER!!!", 0, b"", (0, 0), 0)])

    def _parents(self, path):
        above = os.path.dirname(path)
        if above:
            self.directory(above)

    def _entry(self, path, mode, content, device=(0, 0)):
        self._number += 1
        self._parts.append(self._encoded(path, mode, content, device, self._number))

    @staticmethod
    def _encoded(path, mode, content, device, number):
        name = path.encode() + b"\0"
        # Number, mode, owner, group, links, time, size, the file's device, its own, name's size, checksum.
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        return _padded(head) + _padded(content)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)
