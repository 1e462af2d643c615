"""Real programs over IPv6: behind `sluice exec`, and in a namespace that configures itself."""

import json
import os
import signal
import socket

import claims
import outside
from claims import GATEWAY6, GUEST6, NAME_SERVER6, Claims, need
from guest_namespace import Attached, GuestNamespace, usable_addresses
from names import NameServer
from servers import TcpServer, UdpServer, closed_port, echo, echo_datagram, read_all
from sluice import Program, poll_until


def echoed(address, port, size):
    """Sends so many bytes, ends, and tells how many come back, and from whom."""
    with socket.create_connection((address, port), timeout=20) as connection:
        peer = connection.getpeername()[0]
        connection.sendall(b"x" * size)
        connection.shutdown(socket.SHUT_WR)
        return len(read_all(connection)), peer


def echoed_datagram(address, port, size):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(20)
        datagrams.sendto(b"x" * size, (address, port))
        answer, sender = datagrams.recvfrom(65536)
        return len(answer), sender[0]


def error_of_connecting(address, port):
    def connect():
        socket.create_connection((address, port), timeout=20).close()
    return claims.errno_name(connect)


def serve_once(port):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        claims.report("listening")
        connection, peer = server.accept()
        with connection:
            connection.sendall(read_all(connection))
        claims.report(peer[0])


def addresses(tap="tap0"):
    return usable_addresses(outside.sh("ip", "-j", "-6", "address", "show", "dev", tap))


def configured_by_itself(tap="tap0"):
    """Addresses, and the way to the gateway's, that the kernel has made of what it was told."""
    found = poll_until(lambda: addresses(tap), 20, "an address by router advertisement")
    return found, outside.sh("ip", "-6", "route", "show", "default")


class Traffic(Claims):
    def test_tcp_reaches_the_hosts_loopback_and_its_own_address(self):
        for address, reached in ((outside.LOOPBACK6, GATEWAY6), (outside.OUTSIDE6, outside.OUTSIDE6)):
            with self.subTest(address), TcpServer(echo, address) as server:
                self.assertEqual(self.in_guest(echoed, reached, server.port, 3_000_000), [3_000_000, reached])

    def test_datagrams_of_every_size_come_back(self):
        for address, reached in ((outside.LOOPBACK6, GATEWAY6), (outside.OUTSIDE6, outside.OUTSIDE6)):
            with UdpServer(echo_datagram, address) as server:
                for size in (0, 1, 1452, 1453, 20_000, 60_000):
                    with self.subTest(address=address, size=size):
                        self.assertEqual(self.in_guest(echoed_datagram, reached, server.port, size), [size, reached])

    def test_nowhere_is_unreachable_at_once_and_a_closed_port_refuses(self):
        self.assertEqual(self.in_guest(error_of_connecting, outside.NO_ROUTE6, 80), "ENETUNREACH")
        port = closed_port(address="::1")
        self.assertEqual(self.in_guest(error_of_connecting, GATEWAY6, port), "ECONNREFUSED")

    def test_without_ipv6_there_is_none_and_without_ipv4_there_is_still_ipv6(self):
        with TcpServer(echo, outside.LOOPBACK6) as server:
            self.assertEqual(self.in_guest(error_of_connecting, GATEWAY6, server.port, netdev="ipv6=off"), "ENETUNREACH")
            told = self.in_guest(echoed, GATEWAY6, server.port, 10, netdev="ipv4=off")
            self.assertEqual(told, [10, GATEWAY6])

    def test_a_network_of_another_prefix_works_too(self):
        with TcpServer(echo, outside.LOOPBACK6) as server:
            netdev = "ipv6-net=fd12:3456::/64,ipv6-host=fd12:3456::99"
            told = self.in_guest(echoed, "fd12:3456::99", server.port, 10, netdev=netdev)
            self.assertEqual(told, [10, "fd12:3456::99"])

    def test_the_closed_loopback_stays_closed(self):
        with TcpServer(echo, outside.LOOPBACK6) as server:
            told = self.in_guest(error_of_connecting, GATEWAY6, server.port, netdev="loopback=off")
            self.assertEqual(told, "ENETUNREACH")
            told = self.in_guest(error_of_connecting, GATEWAY6, server.port, netdev="restrict=on")
            self.assertEqual(told, "ENETUNREACH")
            self.assertEqual(server.accepted, 0)

    def test_forwards_lead_in_both_families(self):
        for listen, target in (("::1", GUEST6), ("127.0.0.1", GUEST6), ("::1", claims.GUEST)):
            with self.subTest(listen=listen, target=target):
                port = closed_port(address=listen)
                rule = f"hostfwd=tcp:{bracketed(listen)}:{port}-{bracketed(target)}:4000"
                with self.guest(serve_once, 4000, netdev=rule) as guest:
                    self.assertEqual(guest.next(), "listening")
                    self.assertEqual(echoed(listen, port, 100_000)[0], 100_000)
                    guest.next()

    def test_a_guest_forward_is_a_command_behind_an_address_of_the_network(self):
        netdev = "restrict=on,guestfwd=tcp:[fec0::77]:7-cmd:cat"
        self.assertEqual(self.in_guest(echoed, "fec0::77", 7, 100_000, netdev=netdev), [100_000, "fec0::77"])


def bracketed(address):
    return f"[{address}]" if ":" in address else address


class Programs(Claims):
    @need("ping")
    def test_ping_reaches_the_gateway_and_the_outside(self):
        for address in (GATEWAY6, NAME_SERVER6, outside.OUTSIDE6):
            with self.subTest(address):
                status, text, errors = self.in_guest_command("ping", "-6", "-c", "1", "-W", "5", address)
                self.assertEqual(status, 0, text + errors)
        status, text, _ = self.in_guest_command("ping", "-6", "-c", "1", "-W", "5", "-s", "20000", outside.OUTSIDE6)
        self.assertIn("20008 bytes from", text)
        status, text, _ = self.in_guest_command("ping", "-6", "-c", "1", "-W", "5", "-t", "1", outside.OUTSIDE6)
        self.assertEqual(status, 1)
        self.assertRegex(text, rf"From {GATEWAY6}.*Time exceeded: Hop limit")

    @need("curl")
    def test_curl_fetches_a_page(self):
        def page(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        with TcpServer(page, outside.LOOPBACK6) as server:
            url = f"http://[{GATEWAY6}]:{server.port}/"
            self.assertEqual(self.in_guest_command("curl", "-6", "-sS", url)[:2], [0, "hello"])

    @need("dig")
    def test_dig_asks_the_proxy(self):
        with NameServer() as server:
            status, text, _ = self.in_guest_command("dig", f"@{NAME_SERVER6}", "+short", "www.example.test", "A")
            self.assertEqual(status, 0, text)
            self.assertEqual(server.transports("www.example.test"), ["udp"])
        _, text, _ = self.in_guest_command("dig", f"@{NAME_SERVER6}", "+short", "host.sluice.internal", "AAAA")
        self.assertEqual(text.strip(), GATEWAY6)

    @need("iperf3")
    def test_iperf_measures_both_ways(self):
        for direction in ([], ["-R"]):
            port = str(closed_port(address="::1"))
            with Program(["iperf3", "-s", "-1", "--forceflush", "-B", "::1", "-p", port]) as server:
                while "listening" not in server.line():
                    pass
                words = ["iperf3", "-6", "-c", GATEWAY6, "-p", port, "-t", "1", "-J", *direction]
                _, text, errors = self.in_guest_command(*words)
                result = json.loads(text)
                self.assertNotIn("error", result, errors)
                self.assertGreater(result["end"]["sum_received"]["bytes"], 1_000_000)

    @need("curl")
    def test_curl_takes_a_file_by_tftp(self):
        content = os.urandom(20_000)
        with open(os.path.join(self.directory, "file"), "wb") as file:
            file.write(content)
        os.chmod(self.directory, 0o755)
        target = os.path.join(self.directory, "got")
        words = ["curl", "-6", "-sS", "-o", target, f"tftp://[{GATEWAY6}]/file"]
        status, _, errors = self.in_guest_command(*words, netdev=f"tftp={self.directory}")
        self.assertEqual(status, 0, errors)
        with open(target, "rb") as file:
            self.assertEqual(file.read(), content)


def lease_of_dhclient(directory, tap):
    """What dhclient's script is told of an IPv6 lease."""
    poll_until(lambda: outside.sh("ip", "-6", "address", "show", "dev", tap, "scope", "link", "-tentative"), 20,
               "an address of the link")
    script, told = os.path.join(directory, "script"), os.path.join(directory, "told")
    with open(script, "w", encoding="ascii") as file:
        file.write(f"#!/bin/sh\nenv > {told}.new && mv {told}.new {told}.$reason\n")
    os.chmod(script, 0o755)
    leases, number = os.path.join(directory, "leases"), os.path.join(directory, "pid")
    words = ["dhclient", "-6", "-1", "-sf", script, "-lf", leases, "-pf", number, tap]
    status, text, errors = claims.command(*words, seconds=40)
    if not os.path.exists(f"{told}.BOUND6"):
        raise RuntimeError(f"no lease; exit status {status}:\n{text}{errors}")
    # It goes on in the background to renew the lease, where it writes down its number.
    poll_until(lambda: os.path.exists(number) and os.path.getsize(number) > 0, 10, "dhclient's number")
    with open(number, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGKILL)
    with open(f"{told}.BOUND6", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)


class Configuration(Claims):
    @need("dhclient")
    def test_dhclient_takes_a_lease(self):
        with GuestNamespace() as guest:
            words = ["--netdev", "user,dnssearch=one.test", str(guest.pid)]
            with Attached(*words) as attached:
                lease = guest.call(lease_of_dhclient, self.directory, attached.tap)
        self.assertEqual(lease["new_ip6_address"], GUEST6)
        self.assertEqual(lease["new_dhcp6_name_servers"], NAME_SERVER6)
        self.assertEqual(lease["new_dhcp6_domain_search"].rstrip("."), "one.test")

    def test_the_kernel_makes_its_address_of_what_the_router_tells(self):
        with GuestNamespace() as guest, Attached(str(guest.pid)) as attached:
            found, route = guest.call(configured_by_itself, attached.tap)
            self.assertTrue(all(address.startswith("fec0:") for address in found), found)
            self.assertIn("via fe80::2", route)
            with TcpServer(echo, outside.LOOPBACK6) as server:
                self.assertEqual(guest.call(echoed, GATEWAY6, server.port, 10), [10, GATEWAY6])


if __name__ == "__main__":
    claims.main()
