"""Sluice as slirp4netns, called the way podman, buildah and RootlessKit call it."""

import errno
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys

import claims
import outside
from claims import GATEWAY, NAME_SERVER, Claims, errno_name, need
from guest_namespace import GuestNamespace, path_of_network, usable_addresses
from names import NameServer
from packets import BROADCAST_MAC, ETH_P_ARP
from servers import TcpServer, UdpServer, closed_port, echo, echo_datagram, read_all
from slirp4netns import Slirp4netns, ask, ask_raw, run
from sluice import Program, poll_until
from uml import echo_much, echoes_much  # pylint: disable=unused-import

GUEST = "10.0.2.100"
GATEWAY6 = "fd00::2"
_NET_BIND_SERVICE = 1 << 10


def echoed(address, port, text):
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(text.encode())
        return connection.recv(1000).decode()


def connection_error(address, port):
    def attempt():
        socket.create_connection((address, port), timeout=10).close()

    return errno_name(attempt)


def answered_query(gateway_port):
    """Whether a look-up gets an answer or an error by the time that the gateway has been reached."""
    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.settimeout(10)
        asker.connect((NAME_SERVER, 53))
        question = b"\x05small\x04test\x00" + struct.pack("!HH", 1, 1)
        asker.send(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question)
        if gateway_port is None:
            return socket.inet_ntoa(asker.recv(512)[-4:])
        echoed(GATEWAY, gateway_port, "hello")
        asker.setblocking(False)
        return errno_name(lambda: asker.recv(512))


def serve_reversed(port, count):
    """A TCP and a UDP server that turn around what they get, so many times each."""
    with socket.create_server(("", port)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("", port))
        claims.report("listening")
        for _ in range(count):
            connection, _ = tcp.accept()
            with connection:
                connection.sendall(connection.recv(100)[::-1])
            datagram, sender = udp.recvfrom(100)
            udp.sendto(datagram[::-1], sender)


def send_tap(number, flags):
    """Opens tap1 of this namespace and hands it to whoever holds the other end of a socket."""
    tap = os.open("/dev/net/tun", os.O_RDWR)
    request = struct.pack("16sH22x", b"tap1", flags)
    fcntl.ioctl(tap, 0x400454CA, request)  # TUNSETIFF
    for words in (("link", "set", "tap1", "up"), ("address", "add", f"{GUEST}/24", "dev", "tap1")):
        subprocess.run(["ip", *words], check=True, timeout=30)
    with socket.socket(fileno=number) as connection:
        socket.send_fds(connection, [b"tap"], [tap])


def everything(port, echo_port):
    """What a program of a container does, in short: TCP, UDP, a look-up and a ping."""
    results = [echoed(GATEWAY, port, "tcp"), answered_query(None)]
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.settimeout(10)
        one.sendto(b"udp", (GATEWAY, echo_port))
        results.append(one.recv(100).decode())
    with socket.create_connection((GATEWAY, port), timeout=10) as connection:
        sent = bytes(range(256)) * 4096
        connection.settimeout(60)
        for start in range(0, len(sent), 65536):
            connection.sendall(sent[start : start + 65536])
            got = b""
            while len(got) < 65536:
                got += connection.recv(65536)
            assert got == sent[start : start + 65536]
    results.append("much")
    ping = ["ping", "-c", "1", "-W", "10", "-q", GATEWAY]
    results.append(subprocess.run(ping, capture_output=True, timeout=30, check=False).returncode)
    return results


EVERYTHING = ["tcp", "192.0.2.7", "udp", "much", 0]


class Slirp4netnsClaims(Claims):
    def setUp(self):
        super().setUp()
        self.namespace = self.enterContext(GuestNamespace())
        self.target = [str(self.namespace.pid), "tap0"]
        self.api = os.path.join(self.directory, "api.sock")

    def check_network(self, gateway=GATEWAY):
        with TcpServer(echo) as server:
            self.assertEqual(self.namespace.call(echoed, gateway, server.port, "hello"), "hello")

    def check_everything(self):
        self.namespace.run("sh", "-c", "echo 0 0 > /proc/sys/net/ipv4/ping_group_range")
        with TcpServer(echo) as tcp, UdpServer(echo_datagram) as udp, NameServer():
            done = self.namespace.call(everything, tcp.port, udp.port)
            self.assertEqual(done, EVERYTHING)


class Configuring(Slirp4netnsClaims):
    def test_configure_sets_up_both_interfaces(self):
        with Slirp4netns("-c", "-m", "65520", *self.target):
            text = self.namespace.run("ip", "-o", "address")
            self.assertIn(f"tap0    inet {GUEST}/24", text)
            self.assertIn("lo    inet 127.0.0.1/8", text)
            self.assertIn("mtu 65520", self.namespace.run("ip", "-o", "link", "show", "tap0"))
            self.assertIn(f"default via {GATEWAY} dev tap0", self.namespace.run("ip", "route"))
            self.check_network()

    def test_another_network_has_its_addresses_in_the_same_places(self):
        with Slirp4netns("-c", "--cidr", "192.168.0.0/20", *self.target):
            text = self.namespace.run("ip", "-o", "address", "show", "tap0")
            self.assertIn("inet 192.168.0.100/20", text)
            self.check_network("192.168.0.2")

    def test_the_interface_has_the_link_address_that_was_asked_for(self):
        with Slirp4netns("-c", "--macaddress=52:54:00:12:34:56", *self.target):
            self.assertIn("52:54:00:12:34:56", self.namespace.run("ip", "link", "show", "tap0"))
            self.check_network()

    def test_without_configure_an_interface_of_somebody_else_stays_as_it_is(self):
        for words in (
            ("tuntap", "add", "name", "tap0", "mode", "tap"),
            ("link", "set", "tap0", "mtu", "9000"),
        ):
            self.namespace.run("ip", *words)
        with Slirp4netns("--mtu", "65520", *self.target):
            link = self.namespace.run("ip", "-o", "link", "show", "tap0")
            self.assertIn("mtu 9000", link)
            self.assertNotIn("UP", link.split(">")[0])
            for words in (
                ("link", "set", "tap0", "up"),
                ("address", "add", f"{GUEST}/24", "dev", "tap0"),
            ):
                self.namespace.run("ip", *words)
            self.check_network()

    def test_a_path_and_a_user_namespace_name_the_network(self):
        path = path_of_network(self.namespace, self.directory)
        user = f"--userns-path=/proc/{self.namespace.pid}/ns/user"
        for words in ([], [user]):
            with Slirp4netns("-c", *words, "--netns-type=path", path, "tap0"):
                self.check_network()
            self.namespace.run("sh", "-c", "! ip link show tap0 2> /dev/null")

    def test_a_tap_that_is_open_is_taken_over(self):
        bare, vnet = 0x1002, 0x5002  # IFF_TAP and IFF_NO_PI, and IFF_VNET_HDR
        for flags in (bare, vnet):
            ours, theirs = socket.socketpair()
            words = [sys.executable, sys.argv[0], "--guest", "send_tap"]
            arguments = json.dumps([theirs.fileno(), flags])
            command = self.namespace.command(*words, arguments)
            with ours, theirs, Program(command, pass_fds=[theirs.fileno()]) as sender:
                ours.settimeout(30)
                _, (tap, *_), _, _ = socket.recv_fds(ours, 10, 1)
                self.assertEqual(sender.wait(), 0, sender.errors())
            with Slirp4netns("--netns-type=tapfd", str(tap), pass_fds=[tap]):
                os.close(tap)
                self.check_network()

    def test_a_descriptor_that_is_no_tap_is_refused(self):
        status, _, text = run("--netns-type=tapfd", "0")
        self.assertEqual(status, 1)
        self.assertIn("no tap", text)


class Ending(Slirp4netnsClaims):
    def test_it_ends_when_the_exit_descriptor_is_closed_and_not_before(self):
        reader, writer = os.pipe()
        words = ["-c", "-e", str(reader), "-a", self.api]
        with Slirp4netns(*words, *self.target, pass_fds=[reader]) as program:
            os.close(reader)
            os.write(writer, b"this is no end")
            self.assertEqual(ask(self.api, "list_hostfwd"), {"entries": []})
            self.assertIsNone(program.process.poll())
            os.close(writer)
            self.assertEqual(program.wait(), 0)
        self.assertFalse(os.path.exists(self.api))

    def test_a_signal_ends_it_as_a_signal_does(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Slirp4netns("-a", self.api, *self.target) as program:
                program.process.send_signal(number)
                self.assertEqual(program.wait(), -number)
            self.assertFalse(os.path.exists(self.api))

    def test_killed_it_leaves_an_api_socket_that_the_next_one_replaces(self):
        for _ in range(2):
            with Slirp4netns("-a", self.api, *self.target) as program:
                self.assertEqual(ask(self.api, "list_hostfwd"), {"entries": []})
                program.process.kill()
                program.process.wait(30)
            self.assertTrue(os.path.exists(self.api))

    def test_it_ends_with_the_interface(self):
        with Slirp4netns(*self.target) as program:
            self.namespace.run("ip", "link", "delete", "tap0")
            self.assertEqual(program.wait(), 0)

    def test_what_cant_be_done_is_status_1_with_the_reason_and_no_word_of_being_ready(self):
        with Slirp4netns(*self.target):
            status, _, text = run(*self.target)
            self.assertEqual(status, 1)
            self.assertIn("tap0", text)
        for words, reason in (
            (["-a", "/nonexistent/api"], "/nonexistent/api"),
            (["-r", "77"], "77 is no open descriptor"),
            (["-e", "77"], "77 is no open descriptor"),
            (["-m", "0"], "MTU"),
            (["--cidr", "10.0.2.0/26"], "prefix length"),
            (["--outbound-addr=nowhere0"], "outbound-addr"),
        ):
            with self.subTest(words):
                status, _, text = run(*words, *self.target)
                self.assertEqual(status, 1)
                self.assertIn(reason, text)

    def test_help_and_version_are_printed(self):
        status, text, _ = run("--help")
        self.assertEqual(status, 0)
        self.assertIn("--disable-host-loopback", text)
        status, text, _ = run("--version")
        self.assertEqual(status, 0)
        self.assertTrue(text.startswith("slirp4netns version 1."), text)


class Reaching(Slirp4netnsClaims):
    def test_a_closed_loopback_is_a_network_that_is_unreachable(self):
        port = closed_port()
        with Slirp4netns("-c", *self.target):
            self.assertEqual(self.namespace.call(connection_error, GATEWAY, port), "ECONNREFUSED")
        with Slirp4netns("-c", "--disable-host-loopback", *self.target), TcpServer(echo) as server:
            error = self.namespace.call(connection_error, GATEWAY, server.port)
            self.assertEqual(error, errno.errorcode[errno.ENETUNREACH])
            self.assertEqual(server.accepted, 0)

    def test_a_look_up_is_answered(self):
        with Slirp4netns("-c", "--disable-host-loopback", *self.target), NameServer():
            self.assertEqual(self.namespace.call(answered_query, None), "192.0.2.7")

    def test_with_disabled_dns_a_look_up_gets_neither_answer_nor_error(self):
        with Slirp4netns("-c", "--disable-dns", *self.target), NameServer() as names:
            with TcpServer(echo) as server:
                self.assertEqual(self.namespace.call(answered_query, server.port), "EAGAIN")
            self.assertEqual(names.asked, [])

    def test_connections_leave_from_the_outbound_address(self):
        other = "198.51.100.9"
        outside.sh("ip", "address", "add", f"{other}/24", "dev", "out")
        self.addCleanup(outside.sh, "ip", "address", "delete", f"{other}/24", "dev", "out")

        def tell_caller(connection):
            connection.recv(10)
            connection.sendall(connection.getpeername()[0].encode())

        with TcpServer(tell_caller, other) as server:
            for outbound, seen in ((other, other), ("out", outside.OUTSIDE)):
                with Slirp4netns("-c", f"--outbound-addr={outbound}", *self.target):
                    self.assertEqual(self.namespace.call(echoed, other, server.port, "x"), seen)


class ReachingByIpv6(Slirp4netnsClaims):
    def wait_for_address(self):
        """The kernel makes itself an address of what the router advertises."""

        def addresses():
            return usable_addresses(self.namespace.run("ip", "-j", "-6", "address", "show", "tap0"))

        (address, *_) = poll_until(addresses, 20, "an address by router advertisement")
        self.assertTrue(address.startswith("fd00::"), address)

    def test_an_advertised_network_leads_to_the_loopback_and_outside(self):
        with Slirp4netns("-c", "--enable-ipv6", *self.target):
            self.wait_for_address()
            for address, reached in ((outside.LOOPBACK6, GATEWAY6), (outside.OUTSIDE6, outside.OUTSIDE6)):
                with self.subTest(reached), TcpServer(echo, address) as server:
                    self.assertEqual(self.namespace.call(echoed, reached, server.port, "six"), "six")
            self.check_network()

    def test_what_is_closed_is_closed_in_both_families(self):
        with Slirp4netns("-c", "-6", "--disable-host-loopback", *self.target):
            self.wait_for_address()
            with TcpServer(echo, outside.LOOPBACK6) as server:
                error = self.namespace.call(connection_error, GATEWAY6, server.port)
                self.assertEqual(error, errno.errorcode[errno.ENETUNREACH])
                self.assertEqual(server.accepted, 0)

    def test_without_the_option_nothing_is_advertised(self):
        with Slirp4netns("-c", *self.target), TcpServer(echo, outside.LOOPBACK6) as server:
            self.check_network()
            error = self.namespace.call(connection_error, GATEWAY6, server.port)
            self.assertEqual(error, errno.errorcode[errno.ENETUNREACH])

    def test_connections_leave_from_the_outbound_address(self):
        other = "2001:db8:100::9"
        outside.sh("ip", "address", "add", f"{other}/128", "dev", "lo", "nodad")
        self.addCleanup(outside.sh, "ip", "address", "delete", f"{other}/128", "dev", "lo")

        def tell_caller(connection):
            connection.recv(10)
            connection.sendall(connection.getpeername()[0].encode())

        with TcpServer(tell_caller, outside.OUTSIDE6) as server:
            with Slirp4netns("-c", "-6", f"--outbound-addr6={other}", *self.target):
                self.wait_for_address()
                seen = self.namespace.call(echoed, outside.OUTSIDE6, server.port, "x")
                self.assertEqual(seen, other)


class Confined(Slirp4netnsClaims):
    def status_of(self, program, field):
        with open(f"/proc/{program.pid}/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return lines[field].strip()

    def test_in_the_sandbox_there_is_etc_and_run_and_everything_works(self):
        words = ["-c", "--enable-sandbox", "-a", self.api]
        with Slirp4netns(*words, *self.target) as program:
            root = f"/proc/{program.pid}/root"
            if os.geteuid() == 0:
                self.assertEqual(sorted(os.listdir(root)), ["etc", "run"])
                with self.assertRaises(OSError):
                    with open(f"{root}/etc/sluice-was-here", "w", encoding="ascii"):
                        pass
            for field in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"):
                held = int(self.status_of(program, field), 16)
                self.assertEqual(held & ~_NET_BIND_SERVICE, 0, field)
            self.check_everything()
            self.check_forward()

    def test_with_few_system_calls_everything_works(self):
        words = ["-c", "--enable-seccomp", "-a", self.api]
        with Slirp4netns(*words, *self.target) as program:
            self.assertEqual(self.status_of(program, "Seccomp"), "2")
            self.check_everything()
            self.check_forward()
            program.process.terminate()
            self.assertEqual(program.wait(), -signal.SIGTERM)
        self.assertFalse(os.path.exists(self.api))

    def test_all_together_as_podman_asks_for_it(self):
        reader, writer = os.pipe()
        words = ["--mtu=65520", "--enable-sandbox", "--enable-seccomp", "-c", "-e", str(reader)]
        words += ["-a", self.api, "--netns-type=path", f"/proc/{self.namespace.pid}/ns/net", "tap0"]
        with Slirp4netns(*words, pass_fds=[reader]) as program:
            os.close(reader)
            self.check_everything()
            self.check_forward()
            os.close(writer)
            self.assertEqual(program.wait(), 0)

    def test_a_change_of_the_name_servers_is_seen_from_the_sandbox(self):
        with Slirp4netns("-c", "--enable-sandbox", "--enable-seccomp", *self.target):
            outside.set_resolv_conf("nameserver 127.0.0.9\n")
            self.addCleanup(outside.set_resolv_conf, f"nameserver {outside.LOOPBACK}\n")
            with NameServer("127.0.0.9"):
                self.assertEqual(self.namespace.call(answered_query, None), "192.0.2.7")

    def check_forward(self):
        port = closed_port()
        answer = ask(self.api, "add_hostfwd", proto="tcp", host_port=port, guest_port=80)
        self.assertEqual(list(answer), ["return"])
        with Program(self.namespace.command("nc", "-l", "-N", "-p", "80")) as server:
            poll_until(lambda: ":80" in self.namespace.run("ss", "-Hltn"), what="nc to listen")
            server.say("from the container")
            server.process.stdin.close()
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                self.assertEqual(connection.recv(100), b"from the container\n")


class Api(Slirp4netnsClaims):
    def test_forwards_are_added_listed_used_and_removed(self):
        port = closed_port()
        with Slirp4netns("-c", "-a", self.api, *self.target):
            common = {"host_addr": "127.0.0.1", "host_port": port, "guest_addr": ""}
            for number, proto in ((1, "tcp"), (2, "udp")):
                answer = ask(self.api, "add_hostfwd", proto=proto, guest_port=8080, **common)
                self.assertEqual(answer, {"return": {"id": number}})
            entries = ask(self.api, "list_hostfwd")["entries"]
            self.assertEqual([entry["id"] for entry in entries], [1, 2])
            entry = {**common, "id": 1, "proto": "tcp", "guest_addr": GUEST, "guest_port": 8080}
            self.assertEqual(entries[0], entry)
            words = [sys.executable, sys.argv[0], "--guest", "serve_reversed", "[8080, 1]"]
            with Program(self.namespace.command(*words)) as server:
                self.assertEqual(server.line(), '"listening"')
                with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                    connection.sendall(b"abc")
                    self.assertEqual(read_all(connection), b"cba")
                with socket.socket(type=socket.SOCK_DGRAM) as one:
                    one.settimeout(10)
                    one.sendto(b"abc", ("127.0.0.1", port))
                    self.assertEqual(one.recv(100), b"cba")
            self.assertEqual(ask(self.api, "remove_hostfwd", id=1), {"return": {}})
            self.assertEqual(connection_error("127.0.0.1", port), "ECONNREFUSED")
            entries = ask(self.api, "list_hostfwd")["entries"]
            self.assertEqual([entry["id"] for entry in entries], [2])

    def test_a_port_that_is_taken_is_an_error_and_takes_no_number(self):
        with Slirp4netns("-a", self.api, *self.target), TcpServer(echo) as server:
            wanted = {"proto": "tcp", "host_addr": "127.0.0.1", "guest_port": 80}
            answer = ask(self.api, "add_hostfwd", host_port=server.port, **wanted)
            self.assertIn("in use", answer["error"]["desc"])
            answer = ask(self.api, "add_hostfwd", host_port=closed_port(), **wanted)
            self.assertEqual(answer, {"return": {"id": 1}})

    def test_a_malformed_request_is_an_error_and_no_end(self):
        with Slirp4netns("-a", self.api, *self.target):
            for text in (
                "",
                "hello",
                "{",
                "[]",
                '{"execute": "add_hostfwd"}',
                '{"execute": "add_hostfwd", "arguments": {"proto": 5}}',
                '{"execute": "remove_hostfwd", "arguments": {"id": 9}}',
                '{"execute": "reboot"}',
                "[" * 4000,
                " " * 10000,
                b"\xff\x00\xfe",
            ):
                with self.subTest(text[:60]):
                    answer = json.loads(ask_raw(self.api, text))
                    self.assertTrue(answer["error"]["desc"].startswith("bad request: "), answer)
            self.assertEqual(ask(self.api, "list_hostfwd"), {"entries": []})

    def test_a_client_that_does_not_end_its_request_is_answered(self):
        with Slirp4netns("-a", self.api, *self.target):
            answer = ask_raw(self.api, '{"execute": "list_hostfwd"}', shut_down=False)
            self.assertEqual(answer, '{"entries":[]}')

    def test_clients_that_say_nothing_hold_up_neither_others_nor_the_network(self):
        with Slirp4netns("-c", "-a", self.api, *self.target):
            silent = [socket.socket(socket.AF_UNIX) for _ in range(50)]
            for one in silent:
                self.addCleanup(one.close)
                one.connect(self.api)
            self.assertEqual(ask(self.api, "list_hostfwd"), {"entries": []})
            self.check_network()

    def test_a_file_that_is_no_socket_is_not_replaced(self):
        with open(self.api, "w", encoding="ascii") as file:
            file.write("mine")
        status, _, text = run("-a", self.api, *self.target)
        self.assertEqual(status, 1)
        self.assertIn("no socket", text)


class UserModeLinux(Claims):
    @need("linux.uml")
    def test_a_real_one_has_a_network(self):
        path = os.path.join(self.directory, "bess.sock")
        program = Slirp4netns("--target-type=bess", path)
        self.addCleanup(program.__exit__, None, None, None)
        self.assertIn(path, program.line())
        self.assertTrue(echoes_much(self.directory, f"vec0:transport=bess,dst={path}", "vec0"))
        self.assertEqual(program.wait(), 0)

    def test_frames_travel_as_packets_of_a_socket_and_its_end_is_the_end(self):
        path = os.path.join(self.directory, "bess.sock")
        program = Slirp4netns("--target-type=bess", path)
        self.addCleanup(program.__exit__, None, None, None)
        self.assertIn(path, program.line())
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as guest:
            guest.settimeout(20)
            guest.connect(path)
            self.assertEqual(program.said_ready(), "1")
            mac = bytes.fromhex("525400123456")
            ours, theirs = socket.inet_aton(GUEST), socket.inet_aton(GATEWAY)
            question = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + ours + bytes(6) + theirs
            guest.send(BROADCAST_MAC + mac + struct.pack("!H", ETH_P_ARP) + question)
            answer = guest.recv(2000)
            self.assertEqual(answer[:6], mac)
            self.assertEqual(answer[22:32], b"\x52\x55" + theirs + theirs)
        self.assertEqual(program.wait(), 0)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    claims.main()
