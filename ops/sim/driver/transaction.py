"""One open transaction at READ COMMITTED: what it sees, what it locks, what it waits for.

Contract: its own writes lie in `writes` over the committed rows until `commit` applies them all in
one instant; nobody else sees them before. A row that is written stays locked until the end. Whoever
meets a lock waits for its holder's end, at most LOCK_TIMEOUT_S at a time and STATEMENT_TIMEOUT_S in
all, and then looks at the newest committed row again.

Theory of operation: `Table.locks` holds one holder a key. A key of a row that is not committed yet
is locked by whoever inserts it, so a second inserter waits for the first one's fate. Waiters are
woken in the order they came; a lock is not handed over, so somebody who comes in the same instant
may be first, as with PostgreSQL. Modes of row locks: `for no key update` and `for update` both
exclude each other, and the gateway uses no others.
"""

import asyncio
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psycopg import errors

from ops.sim.driver.hooks import Change
from ops.sim.driver.tables import Index, Table, Unique

if TYPE_CHECKING:
    from ops.sim.driver.session import Session

R = TypeVar("R")
LOCK_TIMEOUT_S = 1.0
STATEMENT_TIMEOUT_S = 10.0
NO_WRITES: Final[dict[Any, Any]] = {}
MISSING: Final = object()


class Transaction:
    """The work of one session since `begin`, or of one statement by itself."""

    __slots__ = (
        "_held", "_notices", "_pending", "_waiters", "_waiting_for", "failed", "session",
        "statement_ends_s", "tables", "writes",
    )  # fmt: skip

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.tables = session.instance.tables
        self.writes: dict[str, dict[Any, Any]] = {}
        self.failed = False
        self.statement_ends_s = 0.0
        self._held: list[tuple[Table[Any], Any]] = []
        self._pending: list[tuple[Unique[Any], Hashable]] = []
        self._notices: list[tuple[str, str]] = []
        self._waiters: list[asyncio.Future[bool]] = []
        self._waiting_for: Transaction | None = None

    # What it sees.

    def row(self, table: Table[R], key: Any) -> R | None:  # noqa: ANN401 - each table has its key
        """Give a row as this transaction sees it."""
        own = self.writes.get(table.name)
        if own is not None and key in own:
            found: R | None = own[key]
            return found
        return table.get(key)

    def find(self, table: Table[R], index: Index[R], value: Hashable) -> list[R]:
        """Give the rows with a value, as this transaction sees them."""
        keys: Iterable[Any] = index.found.get(value, ())
        own = self.writes.get(table.name)
        if not own:
            return [table[key] for key in keys]
        found = [table[key] for key in keys if key not in own]
        found += [row for row in own.values() if row is not None and index.of(row) == value]
        return found

    def all(self, table: Table[R]) -> list[R]:
        """Give all rows as this transaction sees them."""
        own = self.writes.get(table.name)
        if not own:
            return list(table.values())
        found = [row for key, row in table.items() if key not in own]
        found += [row for row in own.values() if row is not None]
        return found

    # What it locks.

    def lock_free(self, table: Table[R], key: Any) -> bool:  # noqa: ANN401 - as `row`
        """Lock a row unless somebody else holds it; say whether it is ours now."""
        holder = table.locks.get(key)
        if holder is None:
            table.locks[key] = self
            self._held.append((table, key))
            return True
        return holder is self

    async def lock(self, table: Table[R], key: Any) -> R | None:  # noqa: ANN401 - as `row`
        """Lock a row, waiting for whoever holds it; give its newest version.

        Raises:
            LockNotAvailable: it was held for longer than LOCK_TIMEOUT_S.
            DeadlockDetected: whoever holds it waits for us.
        """
        while not self.lock_free(table, key):
            await self._wait(table.locks[key])
        return self.row(table, key)

    async def is_taken(self, table: Table[R], key: Any) -> bool:  # noqa: ANN401 - as `row`
        """Say whether a key exists, waiting for whoever is just inserting or changing its row."""
        while True:
            holder = table.locks.get(key)
            if holder is None or holder is self:
                return self.row(table, key) is not None
            if key not in holder.writes.get(table.name, NO_WRITES):
                return key in table
            await self._wait(holder)

    async def bearers(self, table: Table[R], unique: Unique[R], value: Hashable) -> list[Any]:
        """Give the keys of rows that bear a unique value, waiting for whoever is changing that."""
        while True:
            own = self.writes.get(table.name, NO_WRITES)
            holder = unique.pending.get(value)
            key = unique.found.get(value, MISSING)
            if holder in (None, self) and key is not MISSING and key not in own:
                changer = table.locks.get(key)
                if changer is not None and key in changer.writes.get(table.name, NO_WRITES):
                    holder = changer
            if holder is None or holder is self:
                found = [] if key is MISSING or key in own else [key]
                return found + [k for k, row in own.items() if row and unique.of(row) == value]
            await self._wait(holder)

    async def _wait(self, holder: "Transaction") -> None:
        ring: Transaction | None = holder
        while ring is not None:
            if ring is self:
                raise errors.DeadlockDetected("deadlock detected")
            ring = ring._waiting_for  # noqa: SLF001 - one of us
        loop = asyncio.get_running_loop()
        left_s = self.statement_ends_s - loop.time()
        ended: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(min(LOCK_TIMEOUT_S, left_s), _give_up, ended)
        holder._waiters.append(ended)  # noqa: SLF001 - one of us
        self._waiting_for, self.session.waiting = holder, ended
        try:
            is_over = await ended
        finally:
            timer.cancel()
            self._waiting_for = self.session.waiting = None
        self.session.check()
        if not is_over and left_s <= LOCK_TIMEOUT_S:
            raise errors.QueryCanceled("canceling statement due to statement timeout")
        if not is_over:
            raise errors.LockNotAvailable("canceling statement due to lock timeout")

    @property
    def blocker(self) -> "Session | None":
        """Give the session it waits for."""
        return self._waiting_for.session if self._waiting_for is not None else None

    # What it writes.

    async def insert(self, table: Table[R], key: Any, row: R) -> None:  # noqa: ANN401 - as `row`
        """Add a row whose key is ours already.

        Raises:
            UniqueViolation: another row bears one of its unique values.
            ForeignKeyViolation: a row it points at does not exist.
            CheckViolation: the row may not be kept.
        """
        for unique in table.uniques:
            await self._claim(table, unique, key, row)
        self.put(table, key, row)
        self.check_references(table, row)

    async def insert_alone(self, table: Table[R], key: Any, row: R) -> None:  # noqa: ANN401
        """Add a row whose key must be new, waiting for whoever is just inserting the same.

        Raises:
            UniqueViolation: there is one already, or as `insert`.
        """
        if await self.is_taken(table, key):
            raise errors.UniqueViolation(
                f'duplicate key value violates unique constraint "{table.name}_pkey"'
            )
        self.lock_free(table, key)
        await self.insert(table, key, row)

    def add(self, table: Table[R], key: int, row: R) -> None:
        """Add a row under a number that nobody else was given.

        Raises:
            ForeignKeyViolation, CheckViolation: as `insert`.
        """
        self.put(table, key, row)
        self.check_references(table, row)

    async def update(self, table: Table[R], key: Any, old: R, new: R) -> None:  # noqa: ANN401
        """Change a row that is locked by us.

        Raises:
            UniqueViolation, CheckViolation: as `insert`.
        """
        for unique in table.uniques:
            if unique.of(new) != unique.of(old):
                await self._claim(table, unique, key, new)
        self.put(table, key, new)

    async def _claim(self, table: Table[R], unique: Unique[R], key: object, row: R) -> None:
        value = unique.of(row)
        if value is None:
            return
        if any(one != key for one in await self.bearers(table, unique, value)):
            raise errors.UniqueViolation(
                f'duplicate key value violates unique constraint "{unique.name}"'
            )
        if value not in unique.pending:
            unique.pending[value] = self
            self._pending.append((unique, value))

    def check_references(self, table: Table[R], row: R) -> None:
        """Look whether the rows exist that this one points at.

        Raises:
            ForeignKeyViolation: one of them does not.
        """
        for of, parent in table.references:
            key = of(row)
            if key is not None and self.row(parent, key) is None:
                raise errors.ForeignKeyViolation(
                    f'insert on table "{table.name}" violates a foreign key to "{parent.name}"'
                )

    def put(self, table: Table[R], key: Any, row: R | None) -> None:  # noqa: ANN401 - as `row`
        """Write a row whose key is ours; None deletes it.

        Raises:
            DiskFull: nothing can be written.
            CheckViolation: the row may not be kept.
        """
        if self.session.instance.disk_full:
            raise errors.DiskFull("could not extend file: No space left on device")
        if row is not None and table.check is not None and not table.check(row):
            raise errors.CheckViolation(f'new row for "{table.name}" violates check constraint')
        own = self.writes.get(table.name)
        if own is None:
            own = self.writes[table.name] = {}
        own[key] = row

    def notify(self, channel: str, payload: str) -> None:
        """Tell listeners at commit; equal notifications of one transaction are one."""
        if (channel, payload) not in self._notices:
            self._notices.append((channel, payload))

    # How it ends.

    def commit(self) -> tuple[list[Change], list[tuple[str, str]]]:
        """Make everything visible at once; give what changed and what is notified."""
        changes: list[Change] = []
        for name, own in self.writes.items():
            table = self.tables.named[name]
            for key, new in own.items():
                old = table.get(key)
                if new is not None:
                    table[key] = new
                elif old is not None:
                    del table[key]
                else:
                    continue
                for index in table.indexes:
                    index.move(key, old, new)
                changes.append(Change(name, key, old, new))
        self.release()
        return changes, self._notices

    def release(self) -> None:
        """Let all locks go, and wake those who wait for them."""
        for table, key in self._held:
            del table.locks[key]
        for unique, value in self._pending:
            del unique.pending[value]
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(True)
        self._held, self._pending, self._waiters = [], [], []


def _give_up(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)
