"""A guest that is a process beside us and shares its memory: a User Mode Linux, by vhost-user."""

import os

import claims
from claims import Claims, need
from network import Network
from uml import echo_much, echoes_much  # pylint: disable=unused-import

# What virtio's network card needs that is not in the kernel, in its order.
_MODULES = ("net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net")


@need("linux.uml", "insmod")
class Guest(Claims):
    def check(self, keys=""):
        place = os.path.join(self.directory, "card")
        card = f"virtio-net,netdev=n,vhost-user={place}{keys}"
        with Network("user,id=n", options=["-device", card]) as network:
            # One after the other at the same place.
            for _ in range(2):
                self.assertTrue(echoes_much(self.directory, f"virtio_uml.device={place}:1", "eth0", _MODULES))
            self.assertIsNone(network.process.poll())
            self.assertNotIn("makes no sense", network.errors())

    def test_a_user_mode_linux_has_the_way_out(self):
        self.check()


if __name__ == "__main__":
    claims.main()
