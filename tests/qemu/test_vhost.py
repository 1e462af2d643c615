"""A virtio card of QEMU's whose queues `sluice run` serves itself, by vhost-user."""

import hashlib
import os
import socket

import claims
import emulator
import guests
import machine
import stream
from guests import GATEWAY, post
from migration import await_end, await_running, passes_of_migration
from network import Network
from sluice import poll_until
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

    def test_what_the_card_writes_while_its_guest_moves_arrives(self):
        source_path, target_path = guests.directory() + "/vhost", guests.directory() + "/vhost"
        way = f"unix:{guests.directory()}/way"
        # What has come and is not read lies where the card has written it, and nobody else has touched it.
        pieces = [os.urandom(48 << 10) for _ in range(24)]
        with served(source_path), served(target_path), socket.create_server(("127.0.0.1", 0)) as server:
            with plugged(source_path) as source, plugged(target_path, more=["-incoming", "defer"]) as target:
                self.cross(source)
                connections = self.stopped_readers(source, server, len(pieces))
                # A guest that writes faster than its memory is copied does not move before it is let.
                source.run("(while :; do busybox dd if=/dev/zero of=busy bs=64k count=64; done) > /dev/null 2>&1 &")
                source.monitor.execute("migrate-set-parameters", **{"max-bandwidth": 32 << 20, "downtime-limit": 1})
                target.monitor.execute("migrate-incoming", uri=way)
                source.monitor.execute("migrate", uri=way)
                poll_until(lambda: passes_of_migration(source) > 1, 120, "all pages to be copied once")
                for connection, piece in zip(connections, pieces):
                    connection.sendall(piece)
                    connection.close()
                self.await_arrival(source, len(pieces))
                self.assertEqual(source.monitor.execute("query-migrate")["status"], "active")
                source.monitor.execute("migrate-set-parameters", **{"max-bandwidth": 1 << 30, "downtime-limit": 20000})
                await_end(source)
                await_running(target)
                target.run("kill -CONT $(busybox cat readers)")
                for number, piece in enumerate(pieces):
                    wanted = hashlib.sha256(piece).hexdigest()
                    target.await_in_guest(f"busybox sha256sum got{number} | busybox grep -q {wanted}")
                self.cross(target)

    @staticmethod
    def await_arrival(guest, count):
        """Until the other end of so many connections has been heard, which comes after all that was sent."""
        heard = f'[ "$(busybox netstat -tn | busybox grep -c CLOSE_WAIT)" = {count} ]'
        guest.await_in_guest(heard, 60)

    @staticmethod
    def stopped_readers(guest, server, count):
        """Connections of programs in the guest that are stopped before anything has come, in their order."""
        server.settimeout(30)
        connections = []
        for number in range(count):
            read = f"nc.openbsd -n -d {GATEWAY} {server.getsockname()[1]} < /dev/null > got{number} 2> /dev/null"
            guest.run(f"{read} & echo $! >> readers")
            connections.append(server.accept()[0])
        guest.run("kill -STOP $(busybox cat readers)")
        return connections



if __name__ == "__main__":
    guests.main()
