"""What the host lacks is named, with the way to get it. Each lack is made in a namespace."""

import os
import socket
import unittest

import claims
import outside
from claims import Claims, need
from sluice import BINARY, Program, run

# The claim's own privileges prepare the lack; Sluice is started without them.
_START = 'exec setpriv --inh-caps=-all --ambient-caps=-all "$0" "$@"'


def run_without(preparation, *words):
    """Runs Sluice in a mount namespace that shell commands have changed."""
    script = f"{preparation} && {_START}"
    with Program(["unshare", "--mount", "sh", "-c", script, BINARY, *words]) as program:
        status = program.wait(30)
        return status, program.errors()


@need("setpriv")
class Missing(Claims):
    def test_no_tun_device(self):
        status, errors = run_without("mount -t tmpfs none /dev/net", "exec", "--", "true")
        self.assertEqual(status, 1, errors)
        self.assertIn("/dev/net/tun", errors)
        self.assertIn("modprobe tun", errors)

    @unittest.skipIf(os.geteuid() == 0, "root may open everything")
    def test_a_tun_device_that_may_not_be_opened(self):
        # Another's file: Sluice has every right over those of its own user.
        status, errors = run_without("mount --bind /etc/shadow /dev/net/tun", "exec", "--", "true")
        self.assertEqual(status, 1, errors)
        self.assertIn("/dev/net/tun", errors)

    def test_no_user_namespaces(self):
        # The limit is that of a user namespace made for this, not the system's.
        forbid = "echo 0 > /proc/sys/user/max_user_namespaces"
        script = f'{forbid} && exec "$0" "$@"'
        words = ["unshare", "--user", "--map-root-user", "sh", "-c", script, BINARY, "exec", "--", "true"]
        with Program(words) as program:
            self.assertEqual(program.wait(30), 1)
            self.assertIn("user namespace", program.errors())
            self.assertIn("sysctl -w user.max_user_namespaces=", program.errors())

    @unittest.skipUnless(os.path.exists("/usr/sbin/smbd"), "not installed: smbd")
    def test_no_smbd(self):
        hide = "mount --bind /dev/null /usr/sbin/smbd"
        status, errors = run_without(hide, "exec", "--netdev", f"user,smb={self.directory}", "--", "true")
        self.assertEqual(status, 1, errors)
        self.assertIn("smbd", errors)
        self.assertIn("apt-get install samba", errors)

    def test_a_port_in_use(self):
        for kind, name in ((socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")):
            with self.subTest(name), socket.socket(type=kind) as taken:
                taken.bind(("127.0.0.1", 0))
                if kind == socket.SOCK_STREAM:
                    taken.listen()
                port = taken.getsockname()[1]
                rule = f"hostfwd={name}:127.0.0.1:{port}-:80"
                status, _, errors = run("exec", "--netdev", f"user,{rule}", "--", "true")
                self.assertEqual(status, 1, errors)
                self.assertIn(f"127.0.0.1:{port}", errors)
                self.assertIn("in use", errors)

    @unittest.skipIf(os.geteuid() == 0, "root pings by raw sockets")
    def test_no_icmp_sockets(self):
        # A new network namespace has them switched off.
        prepare = f"ip link set lo up && ip address add {outside.OUTSIDE} dev lo && {_START}"
        ping = ["exec", "--", "ping", "-c", "1", "-W", "1", outside.OUTSIDE]
        with Program(["unshare", "--net", "sh", "-c", prepare, BINARY, *ping]) as program:
            self.assertEqual(program.wait(20), 1)
            self.assertIn("ping_group_range", program.errors())

    @unittest.skipIf(os.geteuid() == 0, "root may enter everything")
    def test_a_namespace_that_may_not_be_entered(self):
        # The test's own: it has rights over it, which Sluice has not.
        path = f"/proc/{os.getpid()}/ns/net"
        status, _, errors = run("attach", path)
        self.assertEqual(status, 1, errors)
        self.assertIn("network namespace", errors)
        self.assertRegex(errors, "root|CAP_SYS_ADMIN")

    def test_directories_and_files_that_are_not_there(self):
        for words, told in (
            (["exec", "--netdev", "user,tftp=/no/such", "--", "true"], "/no/such"),
            (["exec", "--netdev", "user,smb=/no/such", "--", "true"], "/no/such"),
            (["exec", "--pcap", "/no/such/file", "--", "true"], "/no/such/file"),
            (["replay", "/no/such.pcap"], "/no/such.pcap"),
            (["replay", "-o", "/no/such/out", "/dev/null"], "/dev/null"),
            (["attach", "/no/such/netns"], "/no/such/netns"),
            (["attach", "/etc/passwd"], "/etc/passwd"),
            (["attach", "4000000"], "4000000"),
        ):
            status, _, errors = run(*words)
            self.assertEqual(status, 1, (words, errors))
            self.assertIn(told, errors, words)


if __name__ == "__main__":
    claims.main()
