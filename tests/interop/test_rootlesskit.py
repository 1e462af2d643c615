"""RootlessKit with Sluice as its slirp4netns."""

import json
import os
import socket
import struct
import sys
import unittest

import claims
from claims import GATEWAY, NAME_SERVER, Claims, errno_name, need
from names import NameServer
from ordinary_user import OrdinaryUser
from servers import TcpServer, closed_port, echo, read_all
from sluice import poll_until


def look_around(port):
    """What a container sees: an echo from the gateway, or the error, and an answer to a look-up."""

    def attempt():
        with socket.create_connection((GATEWAY, port), timeout=10) as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"

    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.settimeout(10)
        question = b"\x05small\x04test\x00" + struct.pack("!HH", 1, 1)
        asker.sendto(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question, (NAME_SERVER, 53))
        answer = socket.inet_ntoa(asker.recv(512)[-4:])
    return [errno_name(attempt), answer]


def serve_once(port):
    with socket.create_server(("", port)) as server:
        claims.report("listening")
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.recv(100)[::-1])


@unittest.skipUnless(os.geteuid() == 0, "only root can make a user with ranges of ids")
@need("rootlesskit", "newuidmap")
class RootlessKit(Claims):
    def setUp(self):
        super().setUp()
        self.user = self.enterContext(OrdinaryUser())

    def contained(self, *options, function, arguments):
        """The function in a network that RootlessKit has made."""
        own = ["--net=slirp4netns", "--slirp4netns-binary", self.user.path("slirp4netns")]
        own += ["--state-dir", self.user.path("state"), "--copy-up=/etc", *options]
        script = self.user.path("driver", os.path.basename(sys.argv[0]))
        words = [sys.executable, script, "--guest", function.__name__, json.dumps(arguments)]
        return self.user.program("rootlesskit", *own, *words)

    def check_sight(self, *options, error=None):
        with TcpServer(echo) as server, NameServer():
            with self.contained(*options, function=look_around, arguments=[server.port]) as inside:
                line = inside.line(60)
                self.assertTrue(line, inside.errors())
                self.assertEqual(json.loads(line), [error, "192.0.2.7"])
                self.assertEqual(inside.wait(), 0, inside.errors())

    def test_a_container_has_a_network(self):
        self.check_sight()

    def test_confined_it_has_one_too(self):
        self.check_sight("--slirp4netns-sandbox=true", "--slirp4netns-seccomp=true", "--mtu=65520")

    def test_the_hosts_loopback_can_be_closed(self):
        self.check_sight("--disable-host-loopback", error="ENETUNREACH")

    def test_a_published_port_is_reached(self):
        port = closed_port()
        options = ["--port-driver=slirp4netns", "-p", f"127.0.0.1:{port}:8080/tcp"]
        with self.contained(*options, function=serve_once, arguments=[8080]) as inside:
            line = inside.line(60)
            self.assertEqual(line, '"listening"', inside.errors())

            def reached():
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                        connection.sendall(b"abc")
                        return read_all(connection)
                except OSError:
                    return None  # RootlessKit publishes ports after it has started the command

            self.assertEqual(poll_until(reached, 30, "the port"), b"cba")
            self.assertEqual(inside.wait(), 0, inside.errors())


if __name__ == "__main__":
    claims.main()
