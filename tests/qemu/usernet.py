"""What the monitor's `info usernet` prints, read the way that scripts read it."""

import re

_HEAD = re.compile(r"^Hub -1 \((\S+)\):$")
_COLUMNS = "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ"
_LINE = re.compile(r"^  (TCP|UDP|ICMP)\[([^\]]+)\]\s+(-?\d+)\s+(\S+)\s+(\d+|-)\s+(\S+)\s+(\d+|-)\s+(\d+)\s+(\d+)$")
# Test harnesses look for the port that a forward of port 0 has got, with this or much like it.
_FORWARDED = re.compile(r"TCP.HOST_FORWARD.*?(\d+)\s+10\.")


class Usernet:
    """`connections`: (protocol, state, source, port, target, port) of each line; `network`'s name.

    `unacknowledged`: for each, how many bytes wait for the guest to say that it has them.
    """

    def __init__(self, text):
        self.text = text
        lines = text.splitlines()
        head = _HEAD.match(lines[0])
        assert head, f"info usernet begins with {lines[0]!r}"
        self.network = head.group(1)
        assert lines[1] == _COLUMNS, f"info usernet has the columns {lines[1]!r}"
        self.connections = []
        self.unacknowledged = []
        for line in lines[2:]:
            found = _LINE.match(line)
            assert found, f"info usernet has the line {line!r}"
            protocol, state, _, source, source_port, target, target_port, _, waiting = found.groups()
            self.unacknowledged.append(int(waiting))
            self.connections.append((protocol, state, source, source_port, target, target_port))

    def forwarded_ports(self):
        return [int(port) for port in _FORWARDED.findall(self.text)]

    def states(self, protocol):
        return [state for kind, state, *_ in self.connections if kind == protocol]
