"""Debian's slirp4netns as it is, over the library in libslirp's place."""

import os
import socket
import subprocess
import sys

import claims
from claims import GATEWAY, Claims, need
from guest_namespace import GuestNamespace
from names import NameServer
from servers import TcpServer, UdpServer, closed_port, echo, echo_datagram, read_all
from slirp4netns import Slirp4netns, ask
from sluice import BINARY, Program


def environment():
    """Of a program that is to load the library, and the sanitizer that the library is built with."""
    variables = {**os.environ, "LD_LIBRARY_PATH": os.path.dirname(BINARY)}
    listed = subprocess.run(["ldd", BINARY], capture_output=True, text=True, timeout=30, check=True).stdout
    sanitizers = [line.split()[2] for line in listed.splitlines() if "libasan" in line]
    if sanitizers:
        variables["LD_PRELOAD"] = sanitizers[0]
        # What the program itself leaves behind is its own affair.
        variables["ASAN_OPTIONS"] = variables.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return variables


def echoed(connection, count):
    """Sends so many blocks, each when the one before has come back; what has come back of them all."""
    block = bytes(range(256)) * 256
    whole = 0
    for _ in range(count):
        connection.sendall(block)
        got = b""
        while len(got) < len(block) and (piece := connection.recv(len(block) - len(got))):
            got += piece
        if got != block:
            break
        whole += 1
    return whole


def everything(port, echo_port):
    """What a program of a container does, in short: TCP, UDP, a look-up and a ping."""
    with socket.create_connection((GATEWAY, port), timeout=30) as connection:
        results = [echoed(connection, 64)]
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.settimeout(10)
        one.sendto(b"udp", (GATEWAY, echo_port))
        results.append(one.recv(100).decode())
    results.append(claims.command("dig", "+short", "small.test", f"@{claims.NAME_SERVER}")[1].strip())
    results.append(claims.command("ping", "-c", "1", "-W", "10", "-q", GATEWAY)[0])
    return results


def serve_reversed(port):
    """Turns around what one connection brings."""
    with socket.create_server(("", port)) as server:
        claims.report("listening")
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.recv(100)[::-1])


@need("slirp4netns", "dig")
class Slirp4netnsOfDebian(Claims):
    def setUp(self):
        super().setUp()
        self.namespace = self.enterContext(GuestNamespace())
        self.api = os.path.join(self.directory, "api.sock")

    def start(self, *words):
        program = Slirp4netns(*words, str(self.namespace.pid), "tap0", program="slirp4netns", environment=environment())
        self.enterContext(program)
        with open(f"/proc/{program.pid}/maps", encoding="ascii") as maps:
            self.assertIn(BINARY, maps.read(), "it runs on another library")

    def check_everything(self, *options):
        self.namespace.run("sh", "-c", "echo 0 0 > /proc/sys/net/ipv4/ping_group_range")
        with NameServer(), TcpServer(echo) as tcp, UdpServer(echo_datagram) as udp:
            self.start("-c", *options)
            done = self.namespace.call(everything, tcp.port, udp.port)
            self.assertEqual(done, [64, "udp", "192.0.2.7", 0])

    def test_a_container_has_the_whole_network(self):
        self.check_everything()

    def test_with_a_large_mtu_too(self):
        self.check_everything("-m", "65520")

    def test_beside_ipv6_too(self):
        self.check_everything("--enable-ipv6")

    def test_a_port_of_the_host_leads_in_until_it_is_removed(self):
        port = closed_port()
        self.start("-c", "-a", self.api)
        answer = ask(self.api, "add_hostfwd", proto="tcp", host_addr="127.0.0.1", host_port=port, guest_port=8080)
        self.assertEqual(answer, {"return": {"id": 1}})
        words = [sys.executable, sys.argv[0], "--guest", "serve_reversed", "[8080]"]
        with Program(self.namespace.command(*words)) as server:
            self.assertEqual(server.line(), '"listening"')
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(b"abc")
                self.assertEqual(read_all(connection), b"cba")
        self.assertEqual(ask(self.api, "remove_hostfwd", id=1), {"return": {}})
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)


if __name__ == "__main__":
    claims.main()
