"""A network that is asked and changed while it runs, by `sluice ctl` and by what speaks QMP."""

import contextlib
import json
import os
import socket
import stat
import sys

import claims
from claims import GATEWAY, GUEST, Claims, Guest, command, need
from guest_namespace import GuestNamespace
from links import ONE, OTHER, TWO, StreamPeer, frame
from network import Network
from packets import BROADCAST_MAC
from servers import TcpServer, closed_port, echo
from sluice import BINARY, Program, poll_until


class Monitor:
    """A client of QEMU's machine protocol."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self.greeting = self.hear()
        assert self.ask("qmp_capabilities") == {}

    def hear(self):
        return json.loads(self._lines.readline())

    def try_to(self, name, **arguments):
        """The whole answer."""
        self._socket.sendall(json.dumps({"execute": name, "arguments": arguments, "id": name}).encode())
        answer = self.hear()
        assert answer.pop("id") == name, answer
        return answer

    def ask(self, name, **arguments):
        answer = self.try_to(name, **arguments)
        assert "return" in answer, answer
        return answer["return"]

    def complaint(self, name, **arguments):
        return self.try_to(name, **arguments)["error"]["desc"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lines.close()
        self._socket.close()


def use_echo(address, port):
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(b"hello")
        return connection.recv(5).decode()


def hold_echo(address, port):
    """A connection that stays until the claim has looked at it."""
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(b"hello")
        claims.report(connection.recv(5).decode())
        claims.await_word()


def serve_echo(port):
    with TcpServer(echo, "", port):
        claims.report("listening")
        claims.await_word()


class Control(Claims):
    def setUp(self):
        super().setUp()
        self.path = self.place("control")

    def place(self, name):
        return os.path.join(self.directory, name)

    def server(self, name):
        return f"stream,id={name},server=on,addr.type=unix,addr.path={self.place(name)}"

    def network(self, *netdevs, **options):
        return Network(*netdevs, options=("--control", self.path), **options)

    def ctl(self, *words):
        """[exit status, standard output, standard error]"""
        return command(BINARY, "ctl", "--socket", self.path, *words)

    def told(self, *words):
        status, text, errors = self.ctl(*words)
        self.assertEqual(status, 0, errors)
        return text

    def netdevs(self):
        return {netdev["id"]: netdev for netdev in json.loads(self.told("--json", "query-netdev"))}


class Conversations(Control):
    def test_it_greets_names_its_commands_and_quits(self):
        with self.network("user,id=u") as network:
            self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
            with Monitor(self.path) as monitor, Monitor(self.path) as other:
                self.assertIn("version", monitor.greeting["QMP"])
                names = {each["name"] for each in monitor.ask("query-commands")}
                self.assertLessEqual({"netdev_add", "netdev_del", "set_link", "query-usernet", "quit"}, names)
                self.assertEqual(monitor.try_to("dance")["error"]["class"], "CommandNotFound")
                self.assertEqual(other.ask("query-version"), monitor.greeting["QMP"]["version"])
                self.assertEqual(monitor.ask("quit"), {})
                self.assertEqual(network.wait(20), 0)
            self.assertFalse(os.path.exists(self.path))

    def test_garbage_ends_who_sends_it_and_nobody_else(self):
        with self.network("user"), Monitor(self.path) as good:
            for octets in (b"\xff\xfe\xfd", b"[" * 100_000, b'{"a":' * 50, b'{"execute":', b"{" + b'"x":1,' * 20_000):
                with socket.socket(socket.AF_UNIX) as bad:
                    bad.settimeout(20)
                    bad.connect(self.path)
                    try:
                        bad.sendall(octets)
                        bad.shutdown(socket.SHUT_WR)
                        while bad.recv(65536):
                            pass
                    except (ConnectionResetError, BrokenPipeError):
                        pass
                good.ask("query-version")

    def test_qemus_spelling_names_the_same_socket(self):
        with Network("user", options=("-qmp", f"unix:{self.path},server=on,wait=off")):
            self.assertIn("netdev_add\n", self.told("query-commands"))

    def test_clients_of_slirp4netns_find_their_own_words(self):
        def ask(**request):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(self.path)
                client.sendall(json.dumps(request).encode())
                client.shutdown(socket.SHUT_WR)
                return json.loads(b"".join(iter(lambda: client.recv(65536), b"")))

        port = closed_port()
        with self.network("user"):
            arguments = {"proto": "tcp", "host_addr": "127.0.0.1", "host_port": port, "guest_port": 80}
            self.assertEqual(ask(execute="add_hostfwd", arguments=arguments), {"return": {"id": 1}})
            entry = ask(execute="list_hostfwd")["entries"][0]
            self.assertEqual((entry["host_port"], entry["guest_addr"]), (port, GUEST))
            self.assertIn(f"hostfwd  tcp:127.0.0.1:{port}-{GUEST}:80", self.told("query-usernet"))
            self.assertEqual(ask(execute="remove_hostfwd", arguments={"id": 1}), {"return": {}})
            self.assertNotIn("hostfwd", self.told("query-usernet"))

    def test_mistakes_of_ctl_are_named(self):
        self.assertEqual(self.ctl("query-version")[0], 1)
        self.assertIn("can't reach a network", self.ctl("query-version")[2])
        with self.network("user,id=u", self.server("a")):
            for words, wanted in (
                (("netdev_del", "b"), "there is no netdev 'b'"),
                (("netdev_del", "u"), "can't be removed"),
                (("netdev_add", self.server("a")), "there is a netdev 'a' already"),
                (("netdev_add", "steam,id=b"), "did you mean 'stream'?"),
                (("netdev_add", "stream,id=b,addr.type=fd,addr.str=0"), "descriptor"),
                (("netdev_add", "user,id=b"), "start 'sluice run'"),
                (("netdev_add", "tap,id=b,script=/bin/true"), "everybody would wait"),
                (("netdev_add", "bridge,id=b"), "everybody would wait"),
                (("hostfwd_add", "tcp::1-10.0.3.1:2"), "no host's address"),
                (("hostfwd_remove", "tcp::1"), "no such forward"),
                (("dance",), "there is no command 'dance'"),
            ):
                with self.subTest(words):
                    status, text, errors = self.ctl(*words)
                    self.assertEqual((status, text), (1, ""))
                    self.assertIn(wanted, errors)
            self.assertEqual(self.ctl("set_link", "a", "of")[0], 2)
            self.assertEqual(command(BINARY, "ctl", "query-version")[0], 2)


class Links(Control):
    def test_nobody_needs_to_be_there_before_links_come_and_when_they_have_gone(self):
        with self.network("user,id=u") as network, Monitor(self.path) as monitor:
            for _ in range(2):
                address = {"type": "unix", "path": self.place("a")}
                self.assertEqual(monitor.ask("netdev_add", type="stream", id="a", server=True, addr=address), {})
                self.assertEqual(self.netdevs()["a"]["type"], "stream")
                with StreamPeer.at(self.place("a")) as peer:
                    self.assertTrue(peer.finds_gateway(ONE, GUEST))
                    self.assertEqual(monitor.ask("netdev_del", id="a"), {})
                    self.assertIsNone(peer.hear())
                self.assertEqual(list(self.netdevs()), ["u"])
            self.assertIsNone(network.process.poll())

    def test_what_passes_each_link_is_counted(self):
        with self.network("user,id=u", self.server("a")):
            with StreamPeer.at(self.place("a")) as peer:
                self.assertTrue(peer.finds_gateway(ONE, GUEST))
                counters = self.netdevs()["a"]["counters"]
                self.assertEqual((counters["frames-sent"], counters["bytes-sent"]), (1, 60))
                self.assertGreaterEqual(counters["frames-received"], 1)
                self.assertEqual(self.netdevs()["u"]["counters"]["frames-received"], 1)
            table = self.told("query-netdev").splitlines()
            self.assertEqual(table[0].split()[:3], ["ID", "TYPE", "LINK"])
            self.assertEqual(table[1].split()[:3], ["a", "stream", "up"])

    def test_nothing_passes_a_link_that_is_down(self):
        with self.network("user,id=u", self.server("a"), self.server("b")):
            with StreamPeer.at(self.place("a")) as a, StreamPeer.at(self.place("b")) as b:
                self.assertTrue(a.finds_gateway(ONE, GUEST))
                self.assertTrue(b.finds_gateway(TWO, "10.0.2.16"))
                self.told("set_link", "b", "off")
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"while it is down"))
                self.assertTrue(a.finds_gateway(ONE, GUEST), "so that has been through the switch")
                self.assertIs(self.netdevs()["b"]["up"], False)
                self.told("set_link", "b", "on")
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"when it is up"))
                self.assertIn(b"when it is up", b.hear_of(OTHER))

    def test_a_hub_port_moves_a_link_and_back(self):
        with self.network("user,id=u", self.server("a"), self.server("b")):
            with StreamPeer.at(self.place("a")) as a, StreamPeer.at(self.place("b")) as b:
                self.assertTrue(a.finds_gateway(ONE, GUEST))
                self.told("netdev_add", "hubport,id=h,hubid=1,netdev=a")
                self.assertEqual(self.netdevs()["a"]["hub"], 1)
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"on the hub"))
                self.told("netdev_add", "hubport,id=i,hubid=1,netdev=b")
                a.say(frame(BROADCAST_MAC, ONE, OTHER, b"both on the hub"))
                self.assertIn(b"both on the hub", b.hear_of(OTHER))
                self.assertIn("is at a hub already", self.ctl("netdev_add", "hubport,id=j,hubid=2,netdev=a")[2])
                self.told("netdev_del", "h")
                self.assertTrue(a.finds_gateway(ONE, GUEST))


@need("ip", "ping")
class Guests(Control):
    """With a real guest: a namespace, by a tap that another process bridges to the network."""

    def guest(self, namespace):
        """What makes the namespace a guest of the link `wire`."""
        client = f"stream,addr.type=unix,addr.path={self.place('wire')}"
        bridge = Network("tap,ifname=tap0", client, program=tuple(namespace.command(BINARY)))
        self.addCleanup(bridge.__exit__, None, None, None)
        bridge.__enter__()
        namespace.run("ip", "address", "add", f"{GUEST}/24", "dev", "tap0")
        namespace.run("ip", "link", "set", "tap0", "up")
        namespace.run("ip", "route", "add", "default", "via", GATEWAY)

    @contextlib.contextmanager
    def running(self, namespace, function, *arguments):
        """A function of this file that runs in the namespace and waits for a word."""
        words = [sys.executable, sys.argv[0], "--guest", function.__name__, json.dumps(arguments)]
        with Program(namespace.command(*words)) as program:
            guest = Guest(program)
            yield guest
            guest.say()
            guest.finish()

    def pings(self, namespace):
        return command(*namespace.command("ping", "-c", "2", "-i", "0.2", "-W", "1", GATEWAY))[0] == 0

    def test_a_guest_comes_by_netdev_add_and_its_link_goes_down_and_up(self):
        with self.network("user,id=u"), GuestNamespace() as namespace:
            self.told("netdev_add", self.server("wire"))
            self.guest(namespace)
            self.assertTrue(self.pings(namespace))
            for name in ("wire", "u"):
                self.told("set_link", name, "off")
                self.assertFalse(self.pings(namespace))
                self.told("set_link", name, "on")
                poll_until(lambda: self.pings(namespace), seconds=20, what="pings to be answered again")

    def test_flows_are_told_with_what_they_have_carried_and_where_they_lead(self):
        with self.network("user,id=u", self.server("wire")), GuestNamespace() as namespace:
            self.guest(namespace)
            with TcpServer(echo) as server, self.running(namespace, hold_echo, GATEWAY, server.port) as guest:
                self.assertEqual(guest.next(), "hello")
                network = json.loads(self.told("--json", "query-usernet"))
            flow = next(each for each in network["flows"] if each["protocol"] == "tcp")
            self.assertEqual(flow["remote"], f"{GATEWAY}:{server.port}")
            self.assertEqual(flow["destination"], f"127.0.0.1:{server.port}")
            self.assertTrue(flow["guest"].startswith(f"{GUEST}:"))
            self.assertEqual((flow["bytes-to-host"], flow["bytes-to-guest"]), (5, 5))
            self.assertLessEqual(flow["idle"], flow["age"])
            self.assertEqual(network["guests"][0]["address"], GUEST)
            self.assertEqual(flow["state"], "ESTABLISHED")
            self.assertGreater(network["limits"]["tcp-flows"], 0)
            self.assertIn("bad-checksum", network["drops"])

    def test_ports_are_forwarded_and_no_longer(self):
        with self.network("user,id=u", self.server("wire")), GuestNamespace() as namespace:
            self.guest(namespace)
            with self.running(namespace, serve_echo, 7) as server:
                self.assertEqual(server.next(), "listening")
                rule = self.told("hostfwd_add", "tcp:127.0.0.1:0-:7").strip()
                listener = rule.split("-")[0]
                port = int(listener.rsplit(":", 1)[1])
                self.assertEqual(use_echo("127.0.0.1", port), "hello")
                table = self.told("query-usernet")
                self.assertIn(f"hostfwd  {listener}-{GUEST}:7", table)
                self.assertRegex(table, rf"{GUEST}:7 +<-  127\.0\.0\.1:")
                self.told("hostfwd_remove", listener)
                with self.assertRaises(ConnectionRefusedError):
                    use_echo("127.0.0.1", port)


if __name__ == "__main__":
    claims.main()
