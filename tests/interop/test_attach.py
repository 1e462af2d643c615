"""`sluice attach` gives a network to a namespace that exists, and ends with it."""

import os
import signal
import socket

import claims
import outside
from claims import GATEWAY, GUEST, Claims
from guest_namespace import Attached, GuestNamespace, forget_path, path_of_network
from servers import TcpServer, closed_port, echo
from sluice import Program, Sluice, poll_until


def echoed(address, port, text):
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(text.encode())
        return connection.recv(1000).decode()


class Attach(Claims):
    def check_network(self, namespace):
        with TcpServer(echo) as server:
            self.assertEqual(namespace.call(echoed, GATEWAY, server.port, "hello"), "hello")

    def test_a_process_names_the_namespace(self):
        with GuestNamespace() as namespace, Attached("--configure", str(namespace.pid)) as sluice:
            self.assertEqual(sluice.tap, "tap0")
            self.assertIn(f"inet {GUEST}/24", namespace.run("ip", "-o", "address", "show", "tap0"))
            self.check_network(namespace)

    def test_a_path_names_the_namespace_and_a_word_the_interface(self):
        with GuestNamespace() as namespace:
            path = path_of_network(namespace, self.directory)
            with Attached("--configure", path, "eth0") as sluice:
                self.assertEqual(sluice.tap, "eth0")
                self.check_network(namespace)
                forget_path(path)
                self.assertEqual(sluice.wait(10), 0)

    def test_without_configure_the_interface_has_no_address(self):
        with GuestNamespace() as namespace, Attached(str(namespace.pid)):
            text = namespace.run("ip", "-4", "-o", "address", "show", "tap0")
            self.assertEqual(text, "")
            self.assertIn("UP", namespace.run("ip", "-o", "link", "show", "tap0"))

    def test_a_standard_file_as_the_ready_descriptor_stays_what_it_is(self):
        with GuestNamespace() as namespace:
            with Attached("--ready-fd", "2", str(namespace.pid)) as attached:
                self.assertIn("1\n", poll_until(attached.errors, what="the line"))
                place = os.readlink(f"/proc/{attached.pid}/fd/2")
                self.assertIn("/tmp", place)

    def test_the_ready_descriptor_is_written_and_closed(self):
        reader, writer = os.pipe()
        with GuestNamespace() as namespace:
            with Attached("--ready-fd", str(writer), str(namespace.pid), pass_fds=[writer]):
                os.close(writer)
                with os.fdopen(reader) as ready:
                    self.assertEqual(ready.read(), "1\n")

    def test_it_ends_with_the_process(self):
        with GuestNamespace() as namespace, Attached(str(namespace.pid)) as sluice:
            namespace.end()
            self.assertEqual(sluice.wait(10), 0)

    def test_it_ends_with_the_interface(self):
        with GuestNamespace() as namespace, Attached(str(namespace.pid)) as sluice:
            namespace.run("ip", "link", "delete", "tap0")
            self.assertEqual(sluice.wait(10), 0)

    def test_a_signal_ends_it_and_the_interface(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), GuestNamespace() as namespace:
                with Attached(str(namespace.pid)) as sluice:
                    sluice.process.send_signal(number)
                    self.assertEqual(sluice.wait(10), 0)
                    poll_until(lambda: "tap0" not in namespace.run("ip", "link"), what="tap0 to go")

    def test_a_namespace_can_be_attached_again(self):
        with GuestNamespace() as namespace:
            for _ in range(2):
                with Attached("--configure", str(namespace.pid)) as sluice:
                    self.check_network(namespace)
                    sluice.process.terminate()
                    self.assertEqual(sluice.wait(10), 0)

    def test_two_namespaces_are_apart(self):
        with GuestNamespace() as one, GuestNamespace() as other:
            options = ["--netdev", "user,net=192.168.7.0/24"]
            with Attached("--configure", str(one.pid)), Attached("--configure", *options, str(other.pid)):
                with TcpServer(echo) as server:
                    self.assertEqual(one.call(echoed, GATEWAY, server.port, "one"), "one")
                    self.assertEqual(other.call(echoed, "192.168.7.2", server.port, "other"), "other")

    def test_a_name_that_is_taken_is_told(self):
        with GuestNamespace() as namespace, Attached(str(namespace.pid)):
            with Sluice("attach", str(namespace.pid)) as second:
                self.assertEqual(second.wait(10), 1)
                self.assertIn("tap0", second.errors())

    def test_a_hostfwd_leads_into_the_namespace(self):
        port = closed_port()
        netdev = f"user,hostfwd=tcp:{outside.OUTSIDE}:{port}-:80"
        with GuestNamespace() as namespace:
            with Attached("--configure", "--netdev", netdev, str(namespace.pid)):
                words = namespace.command("nc", "-l", "-N", "-p", "80")
                with Program(words) as server:
                    poll_until(lambda: ":80" in namespace.run("ss", "-Hltn"), what="nc to listen")
                    server.say("from the namespace")
                    server.process.stdin.close()
                    with socket.create_connection((outside.OUTSIDE, port), timeout=10) as connection:
                        self.assertEqual(connection.recv(100), b"from the namespace\n")


if __name__ == "__main__":
    claims.main()
