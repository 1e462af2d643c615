"""A seeded stream of bytes, made as it goes: nobody ever holds it.

usage: stream.py SIZE     writes the stream's first SIZE bytes to standard output
"""

import hashlib
import random
import sys

_BLOCK = 1 << 20


def blocks(size):
    """Each block differs from all others, so that a swapped or repeated one changes the digest."""
    body = random.Random(42).randbytes(_BLOCK)[8:]
    for number in range((size + _BLOCK - 1) // _BLOCK):
        block = number.to_bytes(8, "big") + body
        yield block[: size - number * _BLOCK]


def digest(pieces):
    summary = hashlib.sha256()
    for piece in pieces:
        summary.update(piece)
    return summary.hexdigest()


if __name__ == "__main__":
    for piece in blocks(int(sys.argv[1])):
        sys.stdout.buffer.write(piece)
