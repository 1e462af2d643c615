"""tftp-hpa fetches files by TFTP, and nothing that lies elsewhere."""

import os

import claims
import stream
from claims import GATEWAY, Claims, need


def fetch(directory, mode, name):
    """Returns what the client says, and what arrived."""
    target = os.path.join(directory, "arrived")
    _, text, errors = claims.command("tftp", "-m", mode, GATEWAY, "-c", "get", name, target, seconds=20)
    arrived = b""
    if os.path.exists(target):
        with open(target, "rb") as file:
            arrived = file.read()
        os.unlink(target)
    return [text + errors, arrived.hex()]


@need("tftp")
class Tftp(Claims):
    def setUp(self):
        super().setUp()
        self.root = os.path.join(self.directory, "root")
        os.makedirs(os.path.join(self.root, "below"))
        self.write("secret", b"not for the guest\n")

    def write(self, name, content):
        with open(os.path.join(self.directory, name), "wb") as file:
            file.write(content)

    def fetch(self, name, mode="octet"):
        text, arrived = self.in_guest(fetch, self.directory, mode, name, netdev=f"tftp={self.root}")
        return text, bytes.fromhex(arrived)

    def test_nothing_can_be_written(self):
        self.write("root/kept", b"as it was\n")
        self.write("mine", b"the guest's\n")
        mine = os.path.join(self.directory, "mine")
        for name in ("kept", "new"):
            words = ["tftp", "-m", "octet", GATEWAY, "-c", "put", mine, name]
            _, text, errors = self.in_guest_command(*words, netdev=f"tftp={self.root}")
            self.assertIn("Error code", text + errors)
        self.assertEqual(sorted(os.listdir(self.root)), ["below", "kept"])
        with open(os.path.join(self.root, "kept"), "rb") as file:
            self.assertEqual(file.read(), b"as it was\n")

    def test_octets_arrive_as_they_are(self):
        content = b"".join(stream.blocks(300_000))
        self.write("root/below/file", content)
        _, arrived = self.fetch("below/file")
        self.assertEqual(arrived, content)

    def test_files_that_end_with_a_full_block_arrive(self):
        for size in (0, 512, 1024):
            with self.subTest(size):
                self.write("root/file", bytes(size))
                self.assertEqual(self.fetch("/file")[1], bytes(size))

    def test_netascii_gives_the_lines_back(self):
        content = b"one\ntwo\rthree\n\nfour" * 200
        self.write("root/text", content)
        _, arrived = self.fetch("text", "netascii")
        self.assertEqual(arrived, content)

    def test_a_missing_file_is_told_to_be_missing(self):
        text, arrived = self.fetch("missing")
        self.assertIn("Error code 1", text)
        self.assertEqual(arrived, b"")

    def test_nothing_outside_of_the_root_is_handed_out(self):
        self.write("root/inside", b"inside\n")
        os.symlink("../secret", os.path.join(self.root, "link"))
        os.symlink(os.path.join(self.directory, "secret"), os.path.join(self.root, "absolute"))
        os.symlink("..", os.path.join(self.root, "up"))
        self.assertEqual(self.fetch("inside")[1], b"inside\n")
        names = ["../secret", "below/../../secret", "/../secret", os.path.join(self.directory, "secret")]
        for name in [*names, "link", "absolute", "up/secret", "..\\secret", "/etc/passwd", "below"]:
            with self.subTest(name):
                text, arrived = self.fetch(name)
                self.assertIn("Error code", text)
                self.assertEqual(arrived, b"")


if __name__ == "__main__":
    claims.main()
