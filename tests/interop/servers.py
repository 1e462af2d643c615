"""Servers on the host's side, each in threads of the test, gone with its `with` block."""

import contextlib
import socket
import threading


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class TcpServer:
    """Calls `handle(connection)` in a thread per connection; the connection is closed after it."""

    def __init__(self, handle, address="127.0.0.1", port=0):
        self._handle = handle
        self._socket = socket.create_server((address, port), family=family_of(address), backlog=2048)
        self._serve()

    def _serve(self):
        self.name = self._socket.getsockname()
        self.failures = []
        self.accepted = 0
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self):
        return self.name[1]

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            self._connections.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with connection:
            try:
                connection.settimeout(60)
                self._handle(connection)
            except OSError as error:
                self.failures.append(error)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread in accept() does not notice close(); shutdown() wakes it.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class UnixServer(TcpServer):
    """The same on a unix socket."""

    def __init__(self, handle, path):  # pylint: disable=super-init-not-called
        self._handle = handle
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        self._socket.listen(2048)
        self._serve()


class UdpServer:
    """Calls `handle(datagram, sender, socket)` for each datagram."""

    def __init__(self, handle, address="127.0.0.1", port=0):
        self._handle = handle
        self._socket = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((address, port))
        self.port = self._socket.getsockname()[1]
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        self._socket.settimeout(0.05)
        while not self._over:
            try:
                datagram, sender = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            except OSError:
                continue
            with contextlib.suppress(OSError):
                self._handle(datagram, sender, self._socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over = True
        self._thread.join(10)
        self._socket.close()


def echo(connection):
    """Sends back what comes, until the end of it."""
    while data := connection.recv(65536):
        connection.sendall(data)


def echo_datagram(datagram, sender, server):
    server.sendto(datagram, sender)


def read_all(connection):
    """Everything until the other side has ended."""
    pieces = []
    while data := connection.recv(65536):
        pieces.append(data)
    return b"".join(pieces)


def closed_port(kind=socket.SOCK_STREAM, address="127.0.0.1"):
    """A port that nobody listens on."""
    with socket.socket(family_of(address), kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]
