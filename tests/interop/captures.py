"""Captures written by hand: pcap and pcapng, whole or wrong."""

import random
import struct

ETHERNET = 1


def pcap(frames, nanoseconds=True, big_endian=False, start=1_700_000_000):
    """A pcap file of (seconds since start, frame)."""
    order = ">" if big_endian else "<"
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, ETHERNET)]
    for seconds, frame in frames:
        whole = int(seconds)
        fraction = int((seconds - whole) * (1_000_000_000 if nanoseconds else 1_000_000))
        parts.append(struct.pack(order + "IIII", start + whole, fraction, len(frame), len(frame)) + frame)
    return b"".join(parts)


def _block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(frames, start=1_700_000_000):
    """The same as pcapng, in microseconds."""
    parts = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    parts.append(_block(1, struct.pack("<HHI", ETHERNET, 0, 262144)))
    for seconds, frame in frames:
        stamp = int((start + seconds) * 1_000_000)
        head = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame))
        parts.append(_block(6, head + frame))
    return b"".join(parts)


def damaged(content, seed, changes=20):
    """The same with a few bytes changed, and perhaps an end that is missing."""
    chance = random.Random(seed)
    content = bytearray(content)
    for _ in range(changes):
        content[chance.randrange(len(content))] = chance.randrange(256)
    if chance.random() < 0.5:
        del content[chance.randrange(len(content)) :]
    return bytes(content)
