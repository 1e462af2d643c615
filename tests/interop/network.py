"""`sluice run` as a process."""

from sluice import BINARY, Program, drop_privileges


class Network(Program):
    """`sluice run` with these words; it is ready when the `with` block begins."""

    def __init__(self, *netdevs, program=(BINARY,), options=(), **process):
        words = [word for netdev in netdevs for word in ("-netdev", netdev)] + list(options)
        super().__init__([*program, "run", "-v", *words], preexec_fn=drop_privileges, **process)

    def __enter__(self):
        super().__enter__()
        if (said := self.line()) != "ready":
            self.__exit__(None, None, None)
            raise AssertionError(f"is not ready but said {said!r}\n{self.errors()}")
        return self
