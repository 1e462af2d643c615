"""A virtio card of QEMU's whose queues `sluice run` serves itself, by vhost-user."""

import claims
import emulator
import guests
import machine
import stream
from guests import GATEWAY, post
from network import Network
from web import WebServer

SIZE = 8 << 20
CARD = "virtio-net-pci"
# QEMU 7.2 ends when its guest uses messages as interrupts, there is no KVM, and the card is not its own.
_INTERRUPTS = "" if emulator.ROOT else ",vectors=0"
_AGAIN = "reconnect-ms=500" if emulator.ROOT else "reconnect=1"


def served(path, more=""):
    """Sluice with a card that is reached there."""
    return Network("user,id=net", options=("-device", f"virtio-net,netdev=net,vhost-user={path}{more}"))


def plugged(path, features="", netdev="", more=()):
    """QEMU with memory that it shares, and a card with these features that is served at `path`."""
    memory = f"memory-backend-memfd,id=memory,size={machine.MEMORY}M,share=on"
    options = ["-object", memory, "-machine", "memory-backend=memory"]
    options += ["-chardev", f"socket,id=vhost,path={path},{_AGAIN}"]
    link = f"vhost-user,chardev=vhost{netdev}"
    return machine.Machine(
        guests.directory(), guests.image(CARD), card=CARD + _INTERRUPTS + features, link=link, options=[*options, *more]
    )


class VhostUser(claims.Claims):
    def cross(self, guest):
        """What is small and what is much crosses, both ways."""
        self.assertEqual(guest.lease()["ip"], claims.GUEST)
        guest.run(f"busybox ping -c 3 -W 10 {GATEWAY}")
        digest = stream.digest(stream.blocks(SIZE))
        with WebServer(size=SIZE) as server:
            url = f"http://{GATEWAY}:{server.port}/stream"
            fetched = guest.run(f"busybox wget -q -O much {url}; busybox sha256sum < much", 180)
            self.assertEqual(fetched.split()[0], digest)
            self.assertEqual(guest.run(post(GATEWAY, server.port, "much", SIZE), 180), digest)

    def check(self, features="", netdev=""):
        path = guests.directory() + "/vhost"
        with served(path), plugged(path, features, netdev) as guest:
            self.cross(guest)

    def test_split_rings(self):
        self.check()

    def test_without_merged_buffers_event_indexes_and_tables(self):
        self.check(",mrg_rxbuf=off,event_idx=off,indirect_desc=off")

    def test_several_queues(self):
        path = guests.directory() + "/vhost"
        several = ",queues=2"
        with served(path, several), plugged(path, ",mq=on", several, ["-smp", "2"]) as guest:
            self.cross(guest)
            self.assertEqual(guest.run("cd /sys/class/net/eth0/queues && echo tx*").split(), ["tx-0", "tx-1"])

    def test_packed_rings(self):
        self.check(",packed=on")

    def test_packed_rings_without_event_indexes_and_tables(self):
        self.check(",packed=on,event_idx=off,indirect_desc=off")

    def test_a_driver_that_takes_over_nothing(self):
        off = ",csum=off,guest_csum=off,gso=off,guest_tso4=off,guest_tso6=off,host_tso4=off,host_tso6=off"
        self.check(f"{off},guest_ecn=off,host_ecn=off,guest_ufo=off,host_ufo=off")

    def test_a_driver_that_is_set_up_again(self):
        path = guests.directory() + "/vhost"
        with served(path), plugged(path) as guest:
            self.cross(guest)
            guest.run("echo virtio0 > /sys/bus/virtio/drivers/virtio_net/unbind")
            guest.run("echo virtio0 > /sys/bus/virtio/drivers/virtio_net/bind")
            self.cross(guest)

    def test_a_back_end_that_is_started_again(self):
        path = guests.directory() + "/vhost"
        with served(path) as first:
            guest = plugged(path).__enter__()
            self.cross(guest)
        try:
            with served(path):
                self.cross(guest)
        finally:
            guest.__exit__(None, None, None)


if __name__ == "__main__":
    guests.main()
