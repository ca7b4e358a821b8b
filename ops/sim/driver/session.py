"""The server's side of one connection, and what all sessions of a server share.

A session is `active` while the server works for it, and waits for its client otherwise. In the
midst of a transaction it waits for IDLE_TIMEOUT_S at most; then the server ends it, and its locks
go free. Its client hears of that when it next asks for something.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors

from ops.sim.driver.hooks import Hooks
from ops.sim.driver.tables import Tables
from ops.sim.driver.transaction import STATEMENT_TIMEOUT_S, Transaction

IDLE_TIMEOUT_S = 3.0

Given = Mapping[str, Any]
Answer = list[Any] | int
"""The rows that a query gives, or how many rows it touched."""
Statement = Callable[[Transaction, Given], Awaitable[Answer]]


@dataclass(eq=False)
class Instance:
    """What all sessions share: the tables, the world's hooks, the server's clock, its disk."""

    hooks: Hooks
    now: Callable[[], datetime]
    tables: Tables = field(default_factory=Tables)
    disk_full: bool = False
    sessions: "dict[int, Session]" = field(default_factory=dict)


class Session:
    """One server process, as pg_stat_activity would show it; `pid` is its number."""

    __slots__ = (
        "_ended", "_timer", "active", "application_name", "changed_s", "client", "instance", "pid",
        "transaction", "waiting",
    )  # fmt: skip

    def __init__(self, instance: Instance, pid: int, client: str, application_name: str) -> None:
        self.instance = instance
        self.pid = pid
        self.client = client
        self.application_name = application_name
        self.transaction: Transaction | None = None
        self.active = False
        self.changed_s = asyncio.get_running_loop().time()
        self.waiting: asyncio.Future[bool] | None = None
        self._ended: tuple[type[psycopg.Error], str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_over(self) -> bool:
        """Say whether the server has ended it."""
        return self._ended is not None

    def check(self) -> None:
        """Make sure that the session still lives.

        Raises:
            psycopg.Error: what the server ended it with.
        """
        if self._ended is not None:
            kind, text = self._ended
            raise kind(text)

    def end(self, kind: type[psycopg.Error], text: str) -> None:
        """End it: an open transaction rolls back at once, and its locks go free."""
        if self._ended is not None:
            return
        self._ended = (kind, text)
        del self.instance.sessions[self.pid]
        if self._timer is not None:
            self._timer.cancel()
        self._roll_back()
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(True)

    # What the client asks for.

    async def begin(self) -> None:
        """Open a transaction."""
        self.transaction = Transaction(self)
        self._wait_for_client()

    async def commit(self) -> None:
        """Commit; a transaction that failed rolls back instead, as PostgreSQL does it."""
        transaction, self.transaction = self.transaction, None
        assert transaction is not None
        self.changed_s = asyncio.get_running_loop().time()
        if transaction.failed:
            transaction.release()
            return
        changes, notices = transaction.commit()
        if changes:
            self.instance.hooks.committed(self.client, changes)
        for channel, payload in notices:
            self.instance.hooks.notified(self.client, channel, payload)

    async def roll_back(self) -> None:
        """Give everything up."""
        self.changed_s = asyncio.get_running_loop().time()
        self._roll_back()

    async def run(self, statement: Statement, given: Given, *, holds_nul: bool) -> Answer:
        """Run one statement, in the open transaction or by itself.

        Raises:
            InFailedSqlTransaction: an earlier statement of the transaction failed.
            CharacterNotInRepertoire: a text holds a NUL.
            psycopg.Error: what the statement raises.
        """
        transaction = self.transaction
        is_alone = transaction is None
        if transaction is None:
            transaction = self.transaction = Transaction(self)
        elif transaction.failed:
            raise errors.InFailedSqlTransaction("current transaction is aborted")
        self.active = True
        self.changed_s = asyncio.get_running_loop().time()
        transaction.statement_ends_s = self.changed_s + STATEMENT_TIMEOUT_S
        try:
            _refuse_nul(is_there=holds_nul)
            answer = await statement(transaction, given)
        except BaseException:
            transaction.failed = True
            if is_alone:
                self._roll_back()
            raise
        finally:
            self.active = False
            if not is_alone:
                self._wait_for_client()
        if is_alone:
            await self.commit()
        return answer

    # How it ends.

    def _roll_back(self) -> None:
        transaction, self.transaction = self.transaction, None
        if transaction is not None:
            transaction.release()

    def _wait_for_client(self) -> None:
        loop = asyncio.get_running_loop()
        self.changed_s = loop.time()
        if self._timer is None and self.transaction is not None and self._ended is None:
            self._timer = loop.call_at(self.changed_s + IDLE_TIMEOUT_S, self._look)

    def _look(self) -> None:
        """End the session when its client has been silent; one timer serves many statements."""
        self._timer = None
        if self._ended is not None or self.transaction is None or self.active:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self.changed_s + IDLE_TIMEOUT_S:
            self._timer = loop.call_at(self.changed_s + IDLE_TIMEOUT_S, self._look)
            return
        self.end(
            errors.IdleInTransactionSessionTimeout,
            "terminating connection due to idle-in-transaction timeout",
        )


def _refuse_nul(*, is_there: bool) -> None:
    if is_there:
        raise errors.CharacterNotInRepertoire('invalid byte sequence for encoding "UTF8": 0x00')
