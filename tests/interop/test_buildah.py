"""Rootless buildah with Sluice as its slirp4netns."""

import os
import unittest

import claims
from claims import GATEWAY, Claims, need
from container_image import make_image
from ordinary_user import OrdinaryUser
from processes import named
from servers import TcpServer, echo
from sluice import poll_until


@unittest.skipUnless(os.geteuid() == 0, "only root can make a user with ranges of ids")
@need("buildah", "newuidmap", "busybox")
class Buildah(Claims):
    def setUp(self):
        super().setUp()
        self.user = self.enterContext(OrdinaryUser())
        make_image(self.user.path("image.tar"))
        self.user.run(*self.buildah("from", "--name", "test", "scratch"))
        self.user.run(*self.buildah("add", "test", self.user.path("image.tar"), "/"))

    def buildah(self, *words):
        # It looks for slirp4netns where it looks for every program.
        path = f"PATH={self.user.directory}:{os.environ['PATH']}"
        own = ["--root", self.user.path("store"), "--runroot", self.user.path("runroot")]
        return ["env", path, "buildah", *own, "--storage-driver=vfs", *words]

    def test_a_step_of_a_build_has_the_network(self):
        program = self.user.path("slirp4netns")
        with TcpServer(echo) as server:
            script = f"ip -o addr; echo hello | nc -w 10 {GATEWAY} {server.port}; read end"
            words = self.buildah("run", "test", "--", "/bin/sh", "-c", script)
            with self.user.program(*words) as step:
                lines = []
                while "hello" not in lines:
                    lines.append(step.line(60))
                    self.assertTrue(lines[-1], step.errors())
                self.assertIn("inet 10.0.2.100/24", "\n".join(lines))
                self.assertTrue(named(program))
                step.process.stdin.close()
                step.wait(60)
        poll_until(lambda: not named(program), 30, "slirp4netns to end with its step")


if __name__ == "__main__":
    claims.main()
