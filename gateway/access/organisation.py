"""Organisations apart: the web side's transactions run as a role that sees one of them only.

Theory of operation: the gate says for whom a request acts; each transaction of the web side then
begins by taking the role lifeline_web and that organisation, both for this transaction only. The
database's own policies (migration 0007) do the rest, whatever a query forgets. Without an
organisation no row is seen. Ingest and dispatch do not come this way.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from uuid import UUID

from gateway.store.connect import Connection, Sessions, run

_acting_for: ContextVar[UUID | None] = ContextVar("acting_for", default=None)


@contextmanager
def acting_for(organisation_id: UUID | None) -> Iterator[None]:
    """Let transactions of the web side within the block see this organisation; None: nothing."""
    before = _acting_for.set(organisation_id)
    try:
        yield
    finally:
        _acting_for.reset(before)


class OwnSessions(Sessions):
    """Sessions whose transactions see the organisation acted for, and nothing else."""

    def __init__(self, sessions: Sessions) -> None:
        """Share the connections of `sessions`, which stay its owner's to close."""
        self._sessions = sessions

    @property
    def owner(self) -> Sessions:
        """Give the sessions that see all organisations: for signing in, and nothing else."""
        return self._sessions

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a free session's connection inside a transaction, as the web role."""
        organisation_id = _acting_for.get()
        async with self._sessions.transaction() as connection:
            await run(connection, "act_for", organisation=str(organisation_id or ""))
            yield connection

    async def close(self) -> None:
        """Do nothing: the connections are somebody else's."""


def owner_of(sessions: Sessions) -> Sessions:
    """Give the sessions of the database's owner: before it is known who somebody is."""
    return sessions.owner if isinstance(sessions, OwnSessions) else sessions
