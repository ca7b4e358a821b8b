"""Where the simulated world steps between a gateway process and its PostgreSQL.

`before` is awaited before a step reaches the server, `after` before its answer reaches the client.
Either may sleep (latency), never return (a frozen process), or raise psycopg.OperationalError (the
network is cut): the connection is then broken, and the server rolls back what was not committed.
A step is the name of a query, or `connect`, `begin`, `commit`, `rollback`, `notify`.
"""

from typing import Any, NamedTuple, Protocol


class Change(NamedTuple):
    """One row that a commit changed: `old` is None when it is new, `new` None when it is gone."""

    table: str
    key: Any
    old: Any
    new: Any


class Hooks(Protocol):
    """What the world brings; the order of calls follows from the steps alone."""

    def passes(self, client: str, step: str, side: str) -> bool:
        """Say that nothing happens on this side (`before`, `after`) of a step: no need to await."""
        ...

    async def before(self, client: str, step: str) -> None:
        """Come before a step reaches the server."""

    async def after(self, client: str, step: str) -> None:
        """Come before the answer to a step reaches the client."""

    def committed(self, client: str, changes: list[Change]) -> None:
        """Hear, at the very instant of a commit, what it wrote; commits without rows are silent."""

    def notified(self, client: str, channel: str, payload: str) -> None:
        """Hear a notification of a committed transaction."""


class Quiet:
    """Hooks that do nothing: every step is at once, nothing fails."""

    def passes(self, client: str, step: str, side: str) -> bool:
        """Leave each side to be awaited, so that a hook of a test may do something there."""
        del client, step, side
        return False

    async def before(self, client: str, step: str) -> None:
        """Do nothing."""

    async def after(self, client: str, step: str) -> None:
        """Do nothing."""

    def committed(self, client: str, changes: list[Change]) -> None:
        """Do nothing."""

    def notified(self, client: str, channel: str, payload: str) -> None:
        """Do nothing."""
