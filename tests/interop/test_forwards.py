"""hostfwd lets the host in by TCP, UDP and unix sockets; guestfwd leads to commands and sockets."""

import errno
import json
import os
import socket
import subprocess
import sys

import claims
import processes
import stream
from claims import GATEWAY, GUEST, Claims, command, need
from servers import TcpServer, UnixServer, closed_port, echo, read_all
from sluice import BINARY, Program, poll_until

SERVER = "10.0.2.100"


def serve_tcp(port, count, address=""):
    """Answers `count` connections with what they sent, turned round, and where they came from."""
    with socket.create_server((address, port)) as server:
        claims.report("listening")
        for _ in range(count):
            connection, sender = server.accept()
            with connection:
                connection.sendall(read_all(connection)[::-1] + f" {sender[0]}".encode())


def serve_udp(port, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", port))
        claims.report("listening")
        for _ in range(count):
            datagram, sender = server.recvfrom(65536)
            server.sendto(datagram[::-1] + f" {sender[0]}".encode(), sender)


def idle():
    claims.report("idle")


def hold(address, port):
    with socket.create_connection((address, port), timeout=10):
        claims.report("connected")
        claims.await_word()


def converse(address, port, text):
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection).decode()


def listen_with_nc(port):
    """Real netcat on the guest's side: what it hears, after having said something."""
    words = ["nc", "-l", "-N", "-p", str(port)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        listener.stdin.write("from the guest\n")
        listener.stdin.close()
        poll_until(lambda: f":{port}" in command("ss", "-Hltn")[1], 10, "nc to listen")
        claims.report("listening")
        return listener.stdout.read()


def ssh_server(directory, port):
    key = os.path.join(directory, "key")
    settings = os.path.join(directory, "sshd_config")
    with open(settings, "w", encoding="ascii") as file:
        file.write(f"HostKey {key}\nPort {port}\nAuthorizedKeysFile {key}.pub\nStrictModes no\n")
        file.write(f"UsePAM no\nPidFile none\nPermitRootLogin yes\n")
    with open(os.path.join(directory, "sshd.log"), "w", encoding="ascii") as log:
        with subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", settings], stderr=log) as server:
            poll_until(lambda: f":{port}" in command("ss", "-Hltn")[1], 10, "sshd to listen")
            claims.report("listening")
            claims.await_word()
            server.terminate()


def serve_stream(port, size):
    """Sends a stream of that size and says the digest of what it reads."""
    with socket.create_server(("", port)) as server:
        claims.report("listening")
        connection, _ = server.accept()
        with connection:
            heard = stream.digest(iter(lambda: connection.recv(1 << 18), b""))
            for block in stream.blocks(size):
                connection.sendall(block)
    return heard


class HostForwards(Claims):
    def talk(self, port, text="abc"):
        return converse("127.0.0.1", port, text)

    def test_a_tcp_port_of_the_host_leads_to_the_guest(self):
        port = closed_port()
        with self.guest(serve_tcp, 8080, 3, netdev=f"hostfwd=tcp:127.0.0.1:{port}-:8080") as guest:
            self.assertEqual(guest.next(), "listening")
            for _ in range(3):
                self.assertEqual(self.talk(port), f"cba {GATEWAY}")

    def test_a_port_of_ipv6_leads_to_the_guest_too(self):
        port = closed_port()
        with self.guest(serve_tcp, 8080, 1, netdev=f"hostfwd=tcp:[::1]:{port}-:8080") as guest:
            self.assertEqual(guest.next(), "listening")
            self.assertEqual(converse("::1", port, "abc"), f"cba {GATEWAY}")

    def test_much_data_is_carried_both_ways(self):
        port, size = closed_port(), 200_000_000
        expected = stream.digest(stream.blocks(size))
        with self.guest(serve_stream, 8080, size, netdev=f"hostfwd=tcp:127.0.0.1:{port}-:8080") as guest:
            self.assertEqual(guest.next(), "listening")
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                for block in stream.blocks(size):
                    connection.sendall(block)
                connection.shutdown(socket.SHUT_WR)
                heard = stream.digest(iter(lambda: connection.recv(1 << 18), b""))
            self.assertEqual([heard, guest.next()], [expected, expected])

    def test_a_connection_to_a_port_that_the_guest_does_not_listen_on_ends(self):
        port = closed_port()
        with self.guest(idle, netdev=f"hostfwd=tcp:127.0.0.1:{port}-:8081") as guest:
            self.assertEqual(guest.next(), "idle")
            try:
                self.assertEqual(self.talk(port), "")
            except OSError as error:
                # Reset in the midst of it: the send, the shutdown or the read says so, each in its way.
                self.assertIn(error.errno, (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN))

    def test_a_udp_port_of_the_host_leads_to_the_guest(self):
        port = closed_port(socket.SOCK_DGRAM)
        with self.guest(serve_udp, 5353, 2, netdev=f"hostfwd=udp:127.0.0.1:{port}-{GUEST}:5353") as guest:
            self.assertEqual(guest.next(), "listening")
            for text in (b"abc", b"x" * 9000):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    one.settimeout(5)
                    one.sendto(text, ("127.0.0.1", port))
                    self.assertEqual(one.recv(65536), text[::-1] + f" {GATEWAY}".encode())

    def test_a_unix_socket_of_the_host_leads_to_the_guest(self):
        path = os.path.join(self.directory, "way-in")
        with self.guest(serve_tcp, 8080, 1, netdev=f"hostfwd=unix:{path}-:8080") as guest:
            self.assertEqual(guest.next(), "listening")
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(5)
                one.connect(path)
                one.sendall(b"abc")
                one.shutdown(socket.SHUT_WR)
                self.assertEqual(read_all(one), f"cba {GATEWAY}".encode())
        self.assertFalse(os.path.exists(path))

    @need("nc", "ss")
    def test_netcat_talks_both_ways(self):
        port = closed_port()
        with self.guest(listen_with_nc, 8080, netdev=f"hostfwd=tcp:127.0.0.1:{port}-:8080") as guest:
            self.assertEqual(guest.next(), "listening")
            words = ["nc", "-N", "127.0.0.1", str(port)]
            self.assertEqual(command(*words, text="from the host\n")[:2], [0, "from the guest\n"])
            self.assertEqual(guest.next(), "from the host\n")

    @need("ssh", "sshd", "ssh-keygen", "ss")
    def test_ssh_logs_in_to_the_guest(self):
        port = closed_port()
        key = os.path.join(self.directory, "key")
        self.assertEqual(command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)[0], 0)
        self.make_room_for_sshd()
        netdev = f"hostfwd=tcp:127.0.0.1:{port}-:2222"
        with self.guest(ssh_server, self.directory, 2222, netdev=netdev) as guest:
            self.assertEqual(guest.next(), "listening")
            words = ["ssh", "-F", "/dev/null", "-i", key, "-p", str(port), "-o", "StrictHostKeyChecking=no"]
            words += ["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "127.0.0.1"]
            status, text, errors = command(*words, "cat; ip -o -4 address show tap0", text="typed\n")
            self.assertEqual(status, 0, errors)
            self.assertIn("typed\n", text)
            self.assertIn(GUEST, text)
            guest.say()

    def make_room_for_sshd(self):
        """As root it wants a directory that the system makes when its service starts."""
        if os.geteuid() != 0:
            shell = command("getent", "passwd", str(os.geteuid()))[1].strip().rsplit(":", 1)[-1]
            if not shell.endswith("sh"):
                self.skipTest("this user has no shell to log in with")
        elif not os.path.isdir("/run/sshd"):
            command("mount", "-t", "tmpfs", "none", "/run")
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)


class GuestForwards(Claims):
    def test_a_command_serves_each_connection(self):
        netdev = f"guestfwd=tcp:{SERVER}:7-cmd:cat"
        self.assertEqual(self.in_guest(converse, SERVER, 7, "to a cat", netdev=netdev), "to a cat")

    def test_a_large_answer_of_a_command_arrives_whole(self):
        netdev = f"guestfwd=tcp:{SERVER}:7-cmd:seq 200000"
        expected = "".join(f"{number}\n" for number in range(1, 200001))
        self.assertEqual(self.in_guest(converse, SERVER, 7, "", netdev=netdev), expected)

    def test_a_unix_socket_of_the_host_is_reached(self):
        path = os.path.join(self.directory, "echo")
        with UnixServer(echo, path):
            netdev = f"guestfwd=tcp:{SERVER}:7-unix:{path}"
            self.assertEqual(self.in_guest(converse, SERVER, 7, "by a path", netdev=netdev), "by a path")

    def test_a_tcp_address_is_reached(self):
        with TcpServer(echo) as server:
            netdev = f"guestfwd=tcp:{SERVER}:7-tcp:127.0.0.1:{server.port}"
            self.assertEqual(self.in_guest(converse, SERVER, 7, "by TCP", netdev=netdev), "by TCP")

    def test_killing_sluice_leaves_neither_commands_nor_socket_files(self):
        path = os.path.join(self.directory, "door")
        netdev = f"user,hostfwd=unix:{path}-:80,guestfwd=tcp:{SERVER}:7-cmd:sh -c 'sleep 7654 & wait'"
        words = [sys.executable, sys.argv[0], "--guest", hold.__name__, json.dumps([SERVER, 7])]
        program = Program([BINARY, "exec", "--netdev", netdev, "--", *words])
        self.assertEqual(json.loads(program.line()), "connected")
        poll_until(lambda: processes.named("7654"), what="the command to run")
        self.assertTrue(os.path.exists(path))
        program.process.kill()
        program.process.wait(10)
        poll_until(lambda: not processes.named("7654"), what="the command to be gone")
        poll_until(lambda: not os.path.exists(path), what="the socket's file to be gone")


if __name__ == "__main__":
    claims.main()
