"""A network in a process of its own: whoever speaks the protocols of emulators joins it."""

import os
import socket

import claims
from claims import Claims, command, need
from links import GATEWAY_MAC, ONE, OTHER, THREE, TWO, StreamPeer, arp_question, carry_much, frame
from network import Network
from packets import BROADCAST_MAC, ETH_P_ARP
from servers import TcpServer, closed_port, echo
from sluice import BINARY, poll_until


class Links(Claims):
    def unix(self, name):
        return os.path.join(self.directory, name)

    def server(self, name):
        return f"stream,id={name},server=on,addr.type=unix,addr.path={self.unix(name)}"

    def test_a_stream_on_a_unix_socket_reaches_the_gateway_and_may_come_again(self):
        with Network("user", self.server("a")):
            for _ in range(3):
                with StreamPeer.at(self.unix("a")) as peer:
                    self.assertTrue(peer.finds_gateway(ONE, "10.0.2.15"))

    def test_a_stream_over_tcp_in_either_direction(self):
        port = closed_port()
        with Network("user", f"socket,listen=127.0.0.1:{port}"):
            with StreamPeer.at(("127.0.0.1", port)) as peer:
                self.assertTrue(peer.finds_gateway(ONE, "10.0.2.15"))
        found = []

        def serve(connection):
            found.append(StreamPeer(connection).finds_gateway(ONE, "10.0.2.15"))

        with TcpServer(serve) as server, Network("user", f"socket,connect=127.0.0.1:{server.port}"):
            poll_until(lambda: found, what="the link")
        self.assertEqual(found, [True])

    def test_one_that_connects_comes_back(self):
        place = self.unix("later")
        netdev = f"stream,addr.type=unix,addr.path={place},reconnect-ms=20"
        with Network("user", netdev):
            for _ in range(2):
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(place)
                    listener.listen()
                    listener.settimeout(10)
                    connection, _ = listener.accept()
                    with StreamPeer(connection) as peer:
                        self.assertTrue(peer.finds_gateway(ONE, "10.0.2.15"))
                os.unlink(place)

    def test_datagrams_of_every_kind(self):
        one, other = closed_port(socket.SOCK_DGRAM), closed_port(socket.SOCK_DGRAM)
        local = f"local.type=inet,local.host=127.0.0.1,local.port={one}"
        remote = f"remote.type=inet,remote.host=127.0.0.1,remote.port={other}"
        kinds = [
            (socket.AF_INET, ("127.0.0.1", other), ("127.0.0.1", one), f"dgram,{local},{remote}"),
            (socket.AF_INET, ("127.0.0.1", other), ("127.0.0.1", one), f"socket,udp=127.0.0.1:{other},localaddr=127.0.0.1:{one}"),
            (
                socket.AF_UNIX,
                self.unix("b"),
                self.unix("a"),
                f"dgram,local.type=unix,local.path={self.unix('a')},remote.type=unix,remote.path={self.unix('b')}",
            ),
        ]
        for family, ours, theirs, netdev in kinds:
            with self.subTest(netdev), socket.socket(family, socket.SOCK_DGRAM) as peer, Network("user", netdev):
                peer.bind(ours)
                peer.settimeout(10)
                peer.sendto(arp_question(ONE, "10.0.2.15"), theirs)
                self.assertEqual(peer.recv(2000)[6:12], GATEWAY_MAC)

    def test_stations_of_one_switch_see_each_other_and_no_third_one_listens(self):
        names = ("a", "b", "c")
        with Network("user", *map(self.server, names)):
            with StreamPeer.at(self.unix("a")) as a, StreamPeer.at(self.unix("b")) as b, StreamPeer.at(self.unix("c")) as c:
                self.assertTrue(c.finds_gateway(THREE, "10.0.2.17"))
                b.say(frame(BROADCAST_MAC, TWO, OTHER, b"here I am"))
                for station in (a, c):
                    self.assertIn(b"here I am", station.hear_of(OTHER))
                a.say(frame(TWO, ONE, OTHER, b"for two"))
                self.assertIn(b"for two", b.hear_of(OTHER))
                c.say(frame(TWO, THREE, OTHER, b"from three"))
                self.assertIn(b"from three", b.hear_of(OTHER))
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"the end"))
                self.assertIn(b"the end", c.hear_of(OTHER), "nothing came before that was for two")

    def test_a_hub_has_no_way_out_unless_it_is_given_one(self):
        ports = ("hubport,hubid=1,netdev=a", "hubport,hubid=1,netdev=b")
        with Network("user,id=u", self.server("a"), self.server("b"), self.server("c"), *ports) as network:
            with StreamPeer.at(self.unix("a")) as a, StreamPeer.at(self.unix("b")) as b, StreamPeer.at(self.unix("c")) as c:
                poll_until(lambda: network.errors().count("connected with") == 3, what="all to be there")
                a.say(arp_question(ONE, "10.0.2.15"))
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"on the hub"))
                self.assertIn(b"on the hub", b.hear_of(OTHER))
                self.assertTrue(c.finds_gateway(TWO, "10.0.2.16"))
                b.say(frame(BROADCAST_MAC, TWO, OTHER, b"an answer"))
                self.assertIn(b"an answer", a.hear(), "the gateway did not answer before")

    def test_a_peer_that_breaks_the_rules_is_lost_and_the_others_go_on(self):
        with Network("user", self.server("a"), self.server("b")) as network:
            with StreamPeer.at(self.unix("b")) as good:
                self.assertTrue(good.finds_gateway(TWO, "10.0.2.16"))
                for octets in (b"\xff\xff\xff\xff", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\x40half of it", b"\0"):
                    with StreamPeer.at(self.unix("a")) as bad:
                        self.assertTrue(bad.finds_gateway(ONE, "10.0.2.15"))
                        bad.socket.sendall(octets)
                        bad.socket.shutdown(socket.SHUT_WR)
                        self.assertIsNone(bad.hear())
                    self.assertTrue(good.finds_gateway(TWO, "10.0.2.16"))
            self.assertIn("4294967295 bytes; expected at most", network.errors())
            self.assertEqual(network.errors().count("has closed it in the midst of a frame"), 2)
            self.assertIsNone(network.process.poll())

    def records(self, capture, wanted):
        """What tcpdump reads there, once that is among it."""
        seen = command("tcpdump", "-nn", "-e", "-r", capture)[1]
        return seen if wanted in seen else None

    def test_a_dump_has_the_frames_of_one_link(self):
        capture = self.unix("capture")
        dump = ["-object", f"filter-dump,id=f,netdev=b,file={capture},maxlen=60"]
        with Network("user", self.server("a"), self.server("b"), options=dump):
            with StreamPeer.at(self.unix("a")) as a, StreamPeer.at(self.unix("b")) as b:
                self.assertTrue(a.finds_gateway(ONE, "10.0.2.15"))
                self.assertTrue(b.finds_gateway(TWO, "10.0.2.16"))
                reply = "Reply 10.0.2.2 is-at 52:55:0a:00:02:02"
                seen = poll_until(lambda: self.records(capture, reply), what="the reply to be recorded")
        self.assertIn("Request who-has 10.0.2.2 tell 10.0.2.16", seen)
        self.assertEqual(seen.count("Reply"), 1, seen)

    def test_a_bad_line_may_be_made_of_any_link(self):
        capture = self.unix("capture")
        objects = ("impair,id=i,netdev=a,duplicate=100%,delay=2ms", f"filter-dump,netdev=a,file={capture}")
        options = [word for each in objects for word in ("-object", each)]
        with Network("user", self.server("a"), options=options):
            with StreamPeer.at(self.unix("a")) as a:
                a.say(arp_question(ONE, "10.0.2.15"))
                # Twice the question, and twice the answer to each.
                for _ in range(4):
                    self.assertEqual(a.hear_of(ETH_P_ARP)[:6], ONE)
                reply = "Reply 10.0.2.2 is-at 52:55:0a:00:02:02"
                poll_until(lambda: self.records(capture, reply), what="the reply to be recorded")
        # The capture is behind the line, seen from the guest.
        seen = command("tcpdump", "-nn", "-r", capture, "arp")[1]
        self.assertEqual(seen.count("tell 10.0.2.15"), 2, seen)
        self.assertEqual(seen.count("Reply"), 2, seen)

    def test_objects_may_be_put_on_the_user_network(self):
        capture = self.unix("capture")
        objects = (f"filter-dump,netdev=out,file={capture}", "impair,netdev=out,duplicate=100%")
        options = [word for each in objects for word in ("-object", each)]
        with Network("user,id=out", self.server("a"), self.server("b"), options=options):
            with StreamPeer.at(self.unix("a")) as a, StreamPeer.at(self.unix("b")) as b:
                a.say(arp_question(ONE, "10.0.2.15"))
                # Twice the question, and twice the answer to each; what is between guests is as it was.
                for _ in range(4):
                    self.assertEqual(a.hear_of(ETH_P_ARP)[:6], ONE)
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"to all"))
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"the end"))
                self.assertIn(b"to all", b.hear_of(OTHER))
                self.assertIn(b"the end", b.hear_of(OTHER))
                poll_until(lambda: self.records(capture, "Reply 10.0.2.2 is-at"), what="the reply to be recorded")
        # The capture is on this side of the line, seen from the guests.
        seen = command("tcpdump", "-nn", "-r", capture, "arp")[1]
        self.assertEqual(seen.count("tell 10.0.2.15"), 1, seen)

    def test_a_socket_that_was_inherited_is_a_stream_or_has_datagrams(self):
        ours, theirs = socket.socketpair()
        with ours, theirs, Network("user", f"socket,fd={theirs.fileno()}", pass_fds=[theirs.fileno()]):
            self.assertTrue(StreamPeer(ours).finds_gateway(ONE, "10.0.2.15"))
        for netdev in ("socket,fd={}", "dgram,local.type=fd,local.str={}"):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            given = netdev.format(theirs.fileno())
            with self.subTest(netdev), ours, theirs, Network("user", given, pass_fds=[theirs.fileno()]):
                ours.settimeout(10)
                ours.send(arp_question(ONE, "10.0.2.15"))
                self.assertEqual(ours.recv(2000)[6:12], GATEWAY_MAC)

    def test_it_ends_when_nobody_can_come_any_more(self):
        for way_out in (["user"], []):
            ours, theirs = socket.socketpair()
            with theirs, Network(*way_out, f"stream,addr.type=fd,addr.str={theirs.fileno()}", pass_fds=[theirs.fileno()]) as network:
                theirs.close()
                ours.close()
                self.assertEqual(network.wait(10), 0)
                self.assertIn("has closed it", network.errors())


class Mistakes(Claims):
    def refused(self, *words, status):
        done = command(BINARY, "run", *words)
        self.assertEqual(done[0], status, done)
        return done[2]

    def test_what_is_wrong_is_named(self):
        self.assertIn("nobody is behind", self.refused("-netdev", "user", status=2))
        self.assertIn("did you mean 'stream'?", self.refused("-netdev", "steam", status=2))
        dump = ["-object", "filter-dump,netdev=x,file=y"]
        bad = ["-object", "impair,netdev=x,delay=5"]
        self.assertIn("impair: delay=5: expected a time", self.refused("-netdev", "socket,id=x,listen=:1", *bad, status=2))
        self.assertIn("no netdev 'x'", self.refused("-nic", "socket,listen=:1,model=e1000", *dump, status=2))
        self.assertIn("no netdev 'x'", self.refused("-netdev", "hubport,hubid=1,netdev=x", status=2))
        missing = os.path.join(self.directory, "missing")
        self.assertIn("can't connect to unix:", self.refused("-netdev", f"stream,addr.type=unix,addr.path={missing}", status=1))
        refused = f"socket,connect=127.0.0.1:{closed_port()}"
        for way_out in (["-netdev", "user"], []):
            self.assertIn("can't connect to 127.0.0.1:", self.refused(*way_out, "-netdev", refused, status=1))
        with TcpServer(echo) as server:
            self.assertIn("can't bind", self.refused("-netdev", f"socket,listen=127.0.0.1:{server.port}", status=1))

    def test_help_lists_the_types(self):
        status, text, _ = command(BINARY, "run", "-netdev", "help")
        self.assertEqual(status, 0)
        self.assertEqual(text.splitlines()[0], "Available netdev backend types:")
        every = {"user", "stream", "dgram", "socket", "tap", "bridge", "vde", "l2tpv3", "hubport"}
        self.assertTrue(every <= set(text.split()))

    def test_help_behind_a_type_lists_its_keys(self):
        for words, key in (
            (("-netdev", "l2tpv3,help"), "    rxcookie="),
            (("-object", "filter-dump,help"), "    maxlen="),
            (("-device", "e1000,help"), "    netdev="),
            (("-nodefaults", "-nic", "model=help"), "e1000: "),
        ):
            status, text, _ = command(BINARY, "run", *words)
            self.assertEqual(status, 0)
            self.assertIn(f"\n{key}", text)


@need("iperf3", "ip")
class Bridge(Claims):
    """A namespace's tap, bridged by one process to another one that has the way out."""

    def test_much_goes_both_ways_over_every_kind_of_link(self):
        place = os.path.join(self.directory, "wire")
        server = f"stream,server=on,addr.type=unix,addr.path={place}"
        client = f"stream,addr.type=unix,addr.path={place}"
        text = carry_much(client, server)
        self.assertIn('"sum_received"', text)


if __name__ == "__main__":
    claims.main()
