"""Rootless podman with Sluice as its slirp4netns, and an image that is made here."""

import os
import socket
import unittest

import claims
from claims import GATEWAY, NAME_SERVER, Claims, need
from container_image import make_image
from names import NameServer
from ordinary_user import OrdinaryUser
from processes import named
from servers import TcpServer, closed_port, echo, read_all
from sluice import poll_until


@unittest.skipUnless(os.geteuid() == 0, "only root can make a user with ranges of ids")
@need("podman", "newuidmap", "busybox")
class Podman(Claims):
    def setUp(self):
        super().setUp()
        self.user = self.enterContext(OrdinaryUser())
        make_image(self.user.path("image.tar"))
        self.user.run(*self.podman("import", "image.tar", "sluice-test"))

    def podman(self, *words):
        own = ["--root", self.user.path("store"), "--runroot", self.user.path("runroot")]
        own += ["--tmpdir", self.user.path("tmp"), "--storage-driver=vfs", "--events-backend=file"]
        own += ["--cgroup-manager=cgroupfs", f"--network-cmd-path={self.user.path('slirp4netns')}"]
        return ["podman", *own, *words]

    def container(self, *options, network="", script):
        words = ["run", "--rm", "-i", "--cgroups=disabled", f"--network=slirp4netns{network}"]
        words += [*options, "sluice-test", "/bin/sh", "-c", script]
        return self.user.program(*self.podman(*words))

    def output_of(self, script, **options):
        with self.container(script=script, **options) as container:
            output = []
            while line := container.line(90):
                output.append(line)
            self.assertEqual(container.wait(60), 0, container.errors())
            return "\n".join(output)

    def test_a_container_has_the_network_and_can_resolve(self):
        with NameServer():
            text = self.output_of(f"ip -o addr; ip route; nslookup small.test {NAME_SERVER} | busybox grep .")
        self.assertIn("inet 10.0.2.100/24", text)
        self.assertIn(f"default via {GATEWAY}", text)
        self.assertIn("192.0.2.7", text)

    def test_the_hosts_loopback_is_closed_unless_it_is_allowed(self):
        with TcpServer(echo) as server:
            script = f"echo hello | nc -w 10 {GATEWAY} {server.port} 2>&1; true"
            self.assertIn("unreachable", self.output_of(script))
            text = self.output_of(script, network=":allow_host_loopback=true")
            self.assertEqual(text, "hello")

    def test_options_of_the_network_arrive(self):
        text = self.output_of("ip -o addr", network=":cidr=10.9.0.0/16,mtu=1400")
        self.assertIn("inet 10.9.0.100/16", text)

    def test_a_published_port_is_reached_and_nothing_is_left_behind(self):
        port = closed_port()
        options = ["-p", f"127.0.0.1:{port}:8080"]
        script = "echo ready; exec nc -l -p 8080 -e cat"
        network = ":port_handler=slirp4netns"
        with self.container(*options, network=network, script=script) as container:
            self.assertEqual(container.line(90), "ready", container.errors())

            def reached():
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                        connection.sendall(b"abc")
                        connection.shutdown(socket.SHUT_WR)
                        return read_all(connection)
                except OSError:
                    return None  # nc does not listen yet

            self.assertEqual(poll_until(reached, 30, "the port"), b"abc")
            self.assertEqual(container.wait(60), 0, container.errors())
        program = self.user.path("slirp4netns")
        poll_until(lambda: not named(program), 30, "slirp4netns to end with its container")


if __name__ == "__main__":
    claims.main()
