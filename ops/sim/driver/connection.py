"""The client's side: what gateway/store uses of psycopg.AsyncConnection, over a simulated server.

Contract: as with psycopg, a connection whose socket died is `closed` and `broken`; what was asked
raises psycopg.OperationalError (or what the server ended the session with), and nothing can be
asked any more. A task that is cancelled while it waits for an answer closes its connection, as
gateway.store.connect makes psycopg do. A pipeline sends one statement after the other.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, TypeVar

import psycopg

from gateway.store.queries import queries, query
from ops.sim.driver.session import Answer, Given, Session, Statement
from ops.sim.driver.statements import NOTIFY, STATEMENTS, notify
from ops.sim.driver.values import NotSimulated, holds_nul

A = TypeVar("A")
SCHEME = "sim:"
NOTHING: Given = {}


class Connects(Protocol):
    """Who opens connections: a simulated server."""

    async def connect(self, client: str, application_name: str) -> "SimConnection":
        """Open a connection of a gateway process."""


class Cursor:
    """The answer to one statement, or the way to a copy."""

    __slots__ = ("_connection", "_rows", "rowcount")

    def __init__(self, connection: "SimConnection", answer: Answer) -> None:
        self._connection = connection
        self._rows = answer[::-1] if isinstance(answer, list) else []
        self.rowcount = len(answer) if isinstance(answer, list) else answer

    async def fetchall(self) -> list[Any]:
        """Give all rows that were not given yet."""
        found, self._rows = self._rows[::-1], []
        return found

    async def fetchone(self) -> Any:  # noqa: ANN401 - a row of whatever was asked
        """Give the next row; None when there is none."""
        return self._rows.pop() if self._rows else None

    def copy(self, text: bytes) -> "Copy":
        """Give the way to copy rows into a table."""
        return Copy(self._connection, *_named(text))


class Copy:
    """Rows on their way into a table; all arrive, or none."""

    __slots__ = ("_connection", "_name", "_packed", "_rows", "_statement", "_types")

    def __init__(self, connection: "SimConnection", name: str, statement: Statement) -> None:
        self._connection = connection
        self._name = name
        self._statement = statement
        self._types: Sequence[str] = ()
        self._rows: list[Sequence[object]] = []
        self._packed: list[bytes] = []

    async def __aenter__(self) -> Self:
        return self

    def set_types(self, types: Sequence[str]) -> None:
        """Take the types of the columns."""
        self._types = types

    async def write_row(self, row: Sequence[object]) -> None:
        """Send one row."""
        self._rows.append(row)

    async def write(self, packed: bytes) -> None:
        """Send a part of the stream, packed already."""
        self._packed.append(packed)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            given = {"rows": self._rows, "packed": b"".join(self._packed), "types": self._types}
            await self._connection.ask(self._name, self._statement, given)


class Block:
    """A transaction: commits at the end of the block, rolls back when it is left by an error."""

    __slots__ = ("_connection",)

    def __init__(self, connection: "SimConnection") -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        await self._connection.begin()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        connection = self._connection
        if connection.closed:
            return
        if error is None:
            await connection.commit()
            return
        with suppress(psycopg.Error):  # psycopg logs it and lets the first error go on
            await connection.roll_back()


class Pipeline:
    """A pipeline that sends one statement after the other."""

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; everything was sent and answered already."""


class SimConnection:
    """One connection of a simulated gateway process."""

    server: ClassVar[Connects]

    def __init__(self, session: Session) -> None:
        self._session = session
        self._is_lost = False
        self._is_closed = False

    @classmethod
    async def connect(
        cls, conninfo: str = "", *, application_name: str = "", **more: object
    ) -> "SimConnection":
        """Connect to `sim:<client>`; the time-outs of the real one are the server's own here.

        Raises:
            OperationalError: the server is down, or the network is cut.
        """
        del more
        if not conninfo.startswith(SCHEME):
            raise NotSimulated(f"the address {conninfo!r}, expected {SCHEME}<client>")
        return await cls.server.connect(conninfo.removeprefix(SCHEME), application_name)

    @property
    def closed(self) -> bool:
        """Say whether nothing can be asked any more."""
        return self._is_lost or self._is_closed

    @property
    def broken(self) -> bool:
        """Say whether the connection ended without being closed."""
        return self._is_lost and not self._is_closed

    @property
    def pgconn(self) -> "SimConnection":
        """Give what reads from the wire."""
        return self

    def consume_input(self) -> None:
        """Read nothing: a lost connection is known as soon as it is lost."""

    async def close(self) -> None:
        """End the connection."""
        self._is_closed = True
        self._session.end(psycopg.OperationalError, "the client closed the connection")

    def transaction(self) -> Block:
        """Give a block that is one transaction."""
        if self._session.transaction is not None:
            raise NotSimulated("a transaction within a transaction")
        return Block(self)

    def pipeline(self) -> Pipeline:
        """Give a block whose statements need no answer before the next."""
        return Pipeline()

    def cursor(self) -> Cursor:
        """Give a cursor, for copies."""
        return Cursor(self, 0)

    async def execute(
        self, text: bytes | str, params: Given | Sequence[Any] | None = None
    ) -> Cursor:
        """Run one statement.

        Raises:
            UnicodeEncodeError: a text holds a lone surrogate; nothing was sent.
            psycopg.Error: as the server says, or because the connection is gone.
        """
        name, statement = _named(text)
        if isinstance(params, Mapping):
            given: Given = params
        else:
            given = {"text": text, "params": tuple(params or ())}
        return Cursor(self, await self.ask(name, statement, given))

    async def ask(self, name: str, statement: Statement, given: Given) -> Answer:
        """Have a statement run by the server, with the world in between."""
        nul = holds_nul(given)
        session = self._session
        return await self._round(name, lambda: session.run(statement, given, holds_nul=nul))

    async def begin(self) -> None:
        """Open a transaction."""
        await self._round("begin", self._session.begin)

    async def commit(self) -> None:
        """Commit; when no answer comes, nobody here knows whether it was done."""
        await self._round("commit", self._session.commit)

    async def roll_back(self) -> None:
        """Give the transaction up."""
        await self._round("rollback", self._session.roll_back)

    async def _round(self, step: str, serve: Callable[[], Awaitable[A]]) -> A:
        session = self._session
        if self.closed:
            raise psycopg.OperationalError("the connection is closed")
        hooks, refused = session.instance.hooks, None
        try:
            if not hooks.passes(session.client, step, "before"):
                await hooks.before(session.client, step)
            session.check()
            try:
                answer = await serve()
            except psycopg.Error as error:
                refused = error
            if not hooks.passes(session.client, step, "after"):
                await hooks.after(session.client, step)
        except BaseException:
            self._is_lost = True
            session.end(psycopg.OperationalError, "the connection was cut")
            raise
        if refused is not None:
            self._is_lost = session.is_over
            raise refused
        return answer


@cache
def _names() -> dict[bytes, str]:
    return {query(name): name for name in queries()}


def _named(text: bytes | str) -> tuple[str, Statement]:
    if isinstance(text, bytes):
        name = _names().get(text)
        if name is None or name not in STATEMENTS:
            raise NotSimulated(f"the query {name or text[:60]!r}")
        return name, STATEMENTS[name]
    if text.startswith(NOTIFY):
        return "notify", notify
    raise NotSimulated(f"the statement {text[:60]!r}")


def driver_for(server: Connects) -> type[SimConnection]:
    """Give the class that stands for psycopg's connection before one server."""

    class Driver(SimConnection):
        """Connections to this server."""

    Driver.server = server
    return Driver
