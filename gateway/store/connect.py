"""Connections: one per worker, re-opened when broken; errors translated once.

Each lane, the ticker and the dispatcher own a Session of their own, so that an alarm never waits
for a connection behind vitals. The HTTP side shares a few.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.rows import namedtuple_row

from gateway.errors import BadData, NoTables, StoreBusy, StoreError, StoreUnavailable
from gateway.store.queries import query

CONNECT_TIMEOUT_S = 2
CANCEL_S = 0.5
# Whoever waits for an answer sends nothing: only keep-alives tell that a host has vanished.
KEEP_IDLE_S = 10
KEEP_INTERVAL_S = 2
KEEP_PROBES = 3
UNACKNOWLEDGED_MS = 5_000
SERVER_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "3s",
        "statement_timeout": "10s",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "jit": "off",
    }.items()
)

Connection = AsyncConnection[Any]
Row = Any
Dsn = Callable[[], str]

BUSY = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)
UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
    errors.DiskFull,
    errors.InsufficientPrivilege,  # a right that was taken away is no message's fault
    # Nor is another version's shape: somebody migrates beside us, or a statement that this
    # connection prepared is older than its table. A new connection prepares it anew. (A table that
    # is missing altogether is NoTables.)
    errors.FeatureNotSupported,  # "cached plan must not change result type"
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
)


def translate(error: psycopg.Error, connection: Connection | None) -> StoreError:
    """Say which of the three a database error is; the message never carries row values."""
    name = type(error).__name__
    if isinstance(error, BUSY):
        return StoreBusy(f"the database is busy: {name}; try again")
    if connection is not None and (connection.broken or connection.closed):
        return StoreUnavailable(f"the connection to the database is gone: {name}")
    if isinstance(error, errors.UndefinedTable):
        return NoTables(f"the database lacks a table of ours: {name}; are its migrations done?")
    if isinstance(error, UNAVAILABLE):
        return StoreUnavailable(f"the database cannot be used: {name}; see its log")
    return BadData(f"the database refuses the data: {name} {error.sqlstate or ''}".strip())


def _stands(connection: Connection) -> bool:
    """Say whether an idle connection still stands, as far as it can be known without asking.

    The server's last word and its end of the line may wait unread, each for one reading.
    """
    try:
        for _ in range(2):
            if not connection.closed:
                connection.pgconn.consume_input()
    except psycopg.Error:
        return False
    return not connection.closed and not connection.broken


class _Connection(AsyncConnection[Any]):
    """A connection that a deadline ends, whatever the server does.

    The driver answers a cancelled statement by asking the server to stop it, and waits up to ten
    seconds for that: a server that hangs would hold up the very watchers that must notice it.
    """

    async def _try_cancel(self, *, timeout: float = CANCEL_S) -> None:  # noqa: ASYNC109 - its shape
        with suppress(psycopg.Error):
            await self.cancel_safe(timeout=min(timeout, CANCEL_S))
        self.pgconn.finish()


class Session:
    """One worker's own connection, opened when first needed and again after a failure."""

    def __init__(self, dsn: Dsn, role: str) -> None:
        """Remember where the database is; `role` shows in pg_stat_activity as lifeline/role.

        The address is asked for at every connect: an embedded database that was restarted may
        have moved to another port.
        """
        self._dsn = dsn
        self._role = role
        self._connection: Connection | None = None
        self._mine = asyncio.Lock()

    async def _open(self) -> Connection:
        connection = self._connection
        if connection is not None and _stands(connection):
            return connection
        try:
            self._connection = await _Connection.connect(
                self._dsn(),
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                options=SERVER_OPTIONS,
                application_name=f"lifeline/{self._role}",
                row_factory=namedtuple_row,
                keepalives_idle=KEEP_IDLE_S,
                keepalives_interval=KEEP_INTERVAL_S,
                keepalives_count=KEEP_PROBES,
                tcp_user_timeout=UNACKNOWLEDGED_MS,
            )
        except psycopg.Error as error:
            raise StoreUnavailable(
                f"cannot connect to the database as {self._role}: {type(error).__name__}"
            ) from error
        return self._connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give the connection inside a transaction that commits at the end of the block.

        Raises:
            StoreUnavailable: not reachable, or the commit's fate is unknown.
            StoreBusy: a lock was not to be had; nothing was kept.
            BadData: a value was refused; nothing was kept.
        """
        async with self._mine:
            connection = await self._open()
            try:
                async with AsyncExitStack() as ends:
                    connection = await self._begin(connection, ends)
                    yield connection
            except psycopg.Error as error:
                failed = translate(error, connection)
                if isinstance(failed, StoreUnavailable):
                    await self._drop()
                raise failed from error
            except asyncio.CancelledError:
                await self._drop()
                raise

    async def _begin(self, connection: Connection, ends: AsyncExitStack) -> Connection:
        """Begin a transaction; a connection that lay broken is replaced once.

        A database that was restarted leaves a dead connection behind, which nobody notices before
        it is used. Until `begin` was answered nothing of the caller's was sent: trying again on a
        new connection repeats nothing.
        """
        try:
            await ends.enter_async_context(connection.transaction())
        except psycopg.Error:
            if not (connection.broken or connection.closed):
                raise
            await self._drop()
            connection = await self._open()
            await ends.enter_async_context(connection.transaction())
        return connection

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[Connection]:
        """Give the connection outside of a transaction: each statement commits by itself."""
        async with self._mine:
            connection = await self._open()
            try:
                yield connection
            except psycopg.Error as error:
                failed = translate(error, connection)
                if isinstance(failed, StoreUnavailable):
                    await self._drop()
                raise failed from error

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def close(self) -> None:
        """End the connection."""
        async with self._mine:
            await self._drop()


class Sessions:
    """A few Sessions shared by short requests; one request holds one for one transaction."""

    def __init__(self, dsn: Dsn, role: str, count: int = 4) -> None:
        """Make `count` sessions; none is opened before it is needed."""
        self._free: asyncio.Queue[Session] = asyncio.Queue()
        self._all = [Session(dsn, f"{role}-{number}") for number in range(count)]
        for session in self._all:
            self._free.put_nowait(session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a free session's connection inside a transaction."""
        session = await self._free.get()
        try:
            async with session.transaction() as connection:
                yield connection
        finally:
            self._free.put_nowait(session)

    async def close(self) -> None:
        """End all connections."""
        for session in self._all:
            await session.close()


async def rows(connection: Connection, name: str, /, **given: object) -> list[Row]:
    """Run a named query and give its rows."""
    cursor = await connection.execute(query(name), given or None)
    return await cursor.fetchall()


async def row(connection: Connection, name: str, /, **given: object) -> Row | None:
    """Run a named query and give its first row, or None."""
    cursor = await connection.execute(query(name), given or None)
    return await cursor.fetchone()


async def run(connection: Connection, name: str, /, **given: object) -> int:
    """Run a named query; give how many rows it touched."""
    cursor = await connection.execute(query(name), given or None)
    return cursor.rowcount
