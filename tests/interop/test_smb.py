"""smbclient lists a shared directory and copies both ways, through the real smbd."""

import os
import subprocess
import time
import unittest.mock

import claims
import processes
import stream
from claims import Claims, need


def smbclient(commands, server="10.0.2.4"):
    return claims.command("smbclient", "-N", "-s", "/dev/null", f"//{server}/qemu", "-c", commands, seconds=60)


def leave_smbclient_at_work():
    words = ["smbclient", "-N", "-s", "/dev/null", "//10.0.2.4/qemu", "-c", "get much /dev/null"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        time.sleep(0.3)
        client.kill()
    return True


@need("smbclient", "smbd")
class Smb(Claims):
    def setUp(self):
        super().setUp()
        self.share = os.path.join(self.directory, "share")
        os.mkdir(self.share)

    def smbclient(self, commands, **options):
        status, text, errors = self.in_guest(smbclient, commands, netdev=f"smb={self.share}", **options)
        self.assertEqual(status, 0, text + errors)
        return text

    def test_the_directory_is_listed_and_files_are_copied_both_ways(self):
        content = b"".join(stream.blocks(3_000_000))
        for name in ("here", os.path.join("share", "there")):
            with open(os.path.join(self.directory, name), "wb") as file:
                file.write(content)
        text = self.smbclient(f"ls; lcd {self.directory}; get there fetched; put here stored")
        self.assertRegex(text, r"there +\S* +3000000 ")
        for name in ("fetched", os.path.join("share", "stored")):
            with open(os.path.join(self.directory, name), "rb") as file:
                self.assertEqual(file.read(), content, name)

    def test_the_server_may_have_another_address(self):
        os.mkdir(os.path.join(self.share, "a-directory"))
        options = f"smb={self.share},smbserver=10.0.2.9"
        _, text, _ = self.in_guest(smbclient, "ls", "10.0.2.9", netdev=options)
        self.assertIn("a-directory", text)

    def test_smbd_and_its_directory_are_gone_afterwards(self):
        with unittest.mock.patch.dict(os.environ, TMPDIR=self.directory):
            self.smbclient("ls")
        self.assertEqual(os.listdir(self.directory), ["share"])

    def test_they_are_gone_too_when_the_command_ends_in_the_middle(self):
        with open(os.path.join(self.share, "much"), "wb") as file:
            file.truncate(1 << 30)
        with unittest.mock.patch.dict(os.environ, TMPDIR=self.directory):
            for _ in range(5):
                self.in_guest(leave_smbclient_at_work, netdev=f"smb={self.share}")
                self.assertEqual(os.listdir(self.directory), ["share"])
        self.assertEqual(processes.named("smbd"), set())


if __name__ == "__main__":
    claims.main()
