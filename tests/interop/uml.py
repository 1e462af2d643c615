"""A User Mode Linux as the guest: a kernel that is a process, with nothing but this host's files, to be read."""

import os
import socket
import subprocess
import sys

import stream
from claims import GATEWAY, GUEST
from servers import TcpServer
from sluice import Program

SIZE = 4 << 20
_MODULES = "/usr/lib/uml/modules/$(uname -r)/kernel"

_INIT = """#!/bin/sh
mount -t proc none /proc
for module in {modules}; do insmod {home}/$module.ko; done
ip address add {guest}/24 dev {interface}
ip link set {interface} up
ip route add default via {gateway}
cd {directory}
python3 -B {script} --guest echo_much '[{port}]' < /dev/null
python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'  # power off
"""


def _pieces_of(connection):
    while piece := connection.recv(65536):
        yield piece


def echo_much(port):
    """In the guest: the digest of what comes back of much. The test file has it by this name, too."""
    subprocess.run(["ping", "-c", "1", "-W", "10", GATEWAY], stdout=subprocess.DEVNULL, check=True)
    with socket.create_connection((GATEWAY, port), timeout=30) as connection:
        for block in stream.blocks(SIZE):
            connection.sendall(block)
        connection.shutdown(socket.SHUT_WR)
        return f"came back: {stream.digest(_pieces_of(connection))}"


def echoes_much(directory, device, interface, modules=()):
    """Whether the gateway answers, and all of much comes back, to a guest with that device, as its
    kernel's command line names it, and those modules."""
    init = os.path.join(directory, "init")
    script = os.path.abspath(sys.argv[0])
    came = []

    def echo_at_the_end(connection):
        came.extend(_pieces_of(connection))
        for piece in came:
            connection.sendall(piece)

    with TcpServer(echo_at_the_end) as server:
        with open(init, "w", encoding="ascii") as file:
            values = {"guest": GUEST, "gateway": GATEWAY, "port": server.port, "script": script}
            values |= {"modules": " ".join(modules), "home": _MODULES}
            file.write(_INIT.format(directory=os.path.dirname(script), interface=interface, **values))
        os.chmod(init, 0o755)
        words = [device, "root=/dev/root", "rootfstype=hostfs"]
        words += [f"init={init}", "mem=256M", f"uml_dir={directory}", "con=null"]
        with Program(["linux.uml", *words, "con0=null,fd:1"], env=dict(os.environ)) as uml:
            lines = []
            while (line := uml.line(90)) or uml.process.poll() is None:
                lines.append(line)
    said = "\n".join(lines)
    digest = stream.digest(stream.blocks(SIZE))
    assert stream.digest(came) == digest, said
    assert f'"came back: {digest}"' in said, said
    return True
