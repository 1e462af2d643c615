"""Guests that move from one QEMU to another."""

from sluice import poll_until

_MIGRATION_SECONDS = 120


def end_of_migration(source, address):
    source.monitor.execute("migrate", uri=address)
    return await_end(source)


def await_end(source):
    """How it ended."""

    def ended():
        status = source.monitor.execute("query-migrate").get("status")
        return status if status in ("completed", "failed", "cancelled") else None

    return poll_until(ended, _MIGRATION_SECONDS, "the migration to end")


def migrate(source, address, target=None):
    """Ends when the source has nothing left to send; the target knows why it would not take it."""
    status = end_of_migration(source, address)
    if status != "completed":
        said = f"\n--- and where it was to go:\n{target.tail()}" if target else ""
        raise AssertionError(f"migration {status}:\n{source.tail()}{said}")


def passes_of_migration(source):
    """How many times the pages that have been written since the last time have been looked for."""
    return source.monitor.execute("query-migrate").get("ram", {}).get("dirty-sync-count", 0)


def await_running(machine):
    def running():
        if machine.process.poll() is not None:
            raise AssertionError(f"QEMU did not load the state:\n{machine.tail()}")
        return machine.monitor.execute("query-status")["status"] == "running"

    poll_until(running, 60, "the guest to run on")
