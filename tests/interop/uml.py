"""A User Mode Linux as the guest: a kernel that is a process, with nothing but this host's files, to be read."""

import os
import socket
import sys

from claims import GATEWAY, GUEST
from servers import TcpServer, read_all
from sluice import Program

MANY = 300_000

_INIT = """#!/bin/sh
mount -t proc none /proc
ip address add {guest}/24 dev {interface}
ip link set {interface} up
ip route add default via {gateway}
cd {directory}
python3 -B {script} --guest echo_much '[{port}]' < /dev/null
python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'  # power off
"""


def echo_much(port):
    """In the guest: how many bytes of many come back. The test file has it by this name, too."""
    with socket.create_connection((GATEWAY, port), timeout=10) as connection:
        connection.sendall(b"x" * MANY)
        connection.shutdown(socket.SHUT_WR)
        return f"{len(read_all(connection))} bytes came back"


def _echo_at_the_end(connection):
    connection.sendall(read_all(connection))


def echoes_much(directory, device, interface):
    """Whether all of it comes back to a guest with that device, as its kernel's command line names it."""
    init = os.path.join(directory, "init")
    script = os.path.abspath(sys.argv[0])
    with TcpServer(_echo_at_the_end) as server:
        with open(init, "w", encoding="ascii") as file:
            values = {"guest": GUEST, "gateway": GATEWAY, "port": server.port, "script": script}
            file.write(_INIT.format(directory=os.path.dirname(script), interface=interface, **values))
        os.chmod(init, 0o755)
        words = [device, "root=/dev/root", "rootfstype=hostfs"]
        words += [f"init={init}", "mem=256M", f"uml_dir={directory}", "con=null"]
        with Program(["linux.uml", *words, "con0=null,fd:1"], env=dict(os.environ)) as uml:
            lines = []
            while (line := uml.line(90)) or uml.process.poll() is None:
                lines.append(line)
    said = "\n".join(lines)
    assert f'"{MANY} bytes came back"' in said, said
    return True
