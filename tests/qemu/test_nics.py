"""Linux' drivers for the cards that `sluice run` plugs into a machine of QEMU by vfio-user."""

import claims
import guests
import stream
from guests import GATEWAY, post
from machine import Machine
from network import Network
from web import WebServer

SIZE = 8 << 20


class Cards(claims.Claims):
    def check(self, model, card):
        path = guests.directory() + "/card"
        device = f"{model},netdev=n0,vfio-user={path}"
        with Network("user,id=n0", options=("-device", device)) as network:
            with Machine(guests.directory(), guests.image(card), plug=path, board="q35") as machine:
                print(machine.attempt("busybox dmesg | busybox tail -n 5; busybox ip link")[1])
                self.assertEqual(machine.lease()["ip"], claims.GUEST)
                machine.run(f"busybox ping -c 3 -W 10 {GATEWAY}")
                digest = stream.digest(stream.blocks(SIZE))
                with WebServer(size=SIZE) as server:
                    url = f"http://{GATEWAY}:{server.port}/stream"
                    fetched = machine.run(f"busybox time busybox wget -q -O much {url}; busybox sha256sum < much", 180)
                    print(fetched)
                    self.assertEqual(machine.run(post(GATEWAY, server.port, "much", SIZE), 180), digest)

    def test_e1000(self):
        self.check("e1000", "e1000")

    def test_rtl8139(self):
        self.check("rtl8139", "rtl8139")

    def test_i82559c(self):
        self.check("i82559c", "i82559c")


if __name__ == "__main__":
    guests.main()
