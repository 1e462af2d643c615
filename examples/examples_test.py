#!/usr/bin/env python3
"""The examples do what docs/embedding.md says.

usage: examples_test.py NETWORK EMULATOR
"""

import socket
import subprocess
import sys

PATIENCE = 20  # seconds, of a machine that does much else
GUEST = bytes.fromhex("525400123456")
GATEWAY = bytes.fromhex("52550a000202")


def arp_request() -> bytes:
    """Who has 10.0.2.2? Tell 10.0.2.15."""
    ethernet = b"\xff" * 6 + GUEST + b"\x08\x06"
    return (ethernet + bytes.fromhex("0001080006040001") + GUEST + bytes([10, 0, 2, 15])
            + bytes(6) + bytes([10, 0, 2, 2]))


def a_network_answers_and_ends_with_its_guest(program: str) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    network = subprocess.Popen([program, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        ours.send(arp_request())
        while True:
            frame = ours.recv(2048)
            if frame[12:14] == b"\x08\x06":
                break
        assert frame[:6] == GUEST and frame[22:28] == GATEWAY, frame.hex()
        ours.close()
        assert network.wait(PATIENCE) == 0
    finally:
        network.kill()
        network.wait()


def a_network_says_what_is_no_number(program: str) -> None:
    for word in ("x", "3x", "-1", "", "99999999999"):
        done = subprocess.run([program, word], capture_output=True, timeout=PATIENCE, check=False, text=True)
        assert (done.returncode, done.stderr) == (1, f"network: '{word}' is no descriptor's number\n"), done


def an_emulator_gets_an_answer_through_its_card(program: str) -> None:
    done = subprocess.run([program], capture_output=True, timeout=PATIENCE, check=True, text=True)
    assert done.stdout == "10.0.2.2 is at 52:55:0a:00:02:02\n", done.stdout


a_network_answers_and_ends_with_its_guest(sys.argv[1])
a_network_says_what_is_no_number(sys.argv[1])
an_emulator_gets_an_answer_through_its_card(sys.argv[2])
