"""What the judge works with: violations, commits, rows as the judge reads them, and its bounds.

Contract: every bound here comes from the specification, or is an allowance whose reason stands
beside it. None of them is read from the code that is judged: a judge who asks the accused what the
law is finds nobody guilty.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from alerts.case import Alarm, Case, Entry, Referral, Task
from alerts.words import AlarmState, ReferralState, TaskState
from ops.sim.trace import Happened, Trace

# From the specification (DECIDING 2, 3, 4, 5, 6; DESIGN 4).
FALL_VOICE_S = 60.0
FORCED_ENTRY_S = 600.0
TAKEN_IDLE_S = 120.0
CLIMB_CONSOLES_S, CLIMB_SUPERVISOR_S, CLIMB_PARTNER_S = 30.0, 60.0, 120.0
REQUEST_DEADLINE_S = 5.0
LEASE_AT_LEAST_S = 2 * REQUEST_DEADLINE_S
BLIND_AFTER_S = 2.0
CLOCKS_APART_S = 1.0
LOST_AFTER_INTERVALS = 2

# Allowances: what else may take time when nothing is wrong.
LATE_S = 12.0
"""A timer's own lateness while all is well: a frozen process keeps a row 3 s (time-out of an idle
transaction), 3 s and 1 s more where a watcher must end it, 1 s of waiting for a lock, a round of
retries, and the mending of a clock that was behind (compared every 10 s)."""
CALM_PACE_S = 21.0
"""When all faults are over the simulation lets background duties look every 20 s at the latest."""
LATE_BLIND_S = 6.0
"""Noticing that nothing commits: 2 s connecting, 1.5 s of a probe that hangs, 0.5 s between two."""
SHOUT_S = 2.0
CALL_UNANSWERED_S = 12.0
"""A call at a process that sees: two batches, and the same locks as above."""
EARLY_S = 0.001
"""Times are kept in microseconds and compared after arithmetic in seconds."""
MAX_VIOLATIONS = 25

ENDED = frozenset({ReferralState.CLOSED, ReferralState.WITHDRAWN, ReferralState.REJECTED})
LIVE = frozenset({TaskState.OPEN, TaskState.CLAIMED})


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise: when, which, and what was found against what was expected."""

    at_s: float
    invariant: str
    text: str


class Plan(Protocol):
    """What the judge knows of a person."""

    @property
    def plan(self) -> str:
        """`at_once`, `after_untaken` or `operator`."""
        ...

    @property
    def untaken_s(self) -> int | None:
        """Seconds without a taker until a referral."""
        ...

    @property
    def service(self) -> str:
        """The service that answers for this person."""
        ...

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the person's devices."""
        ...


class Server(Protocol):
    """The simulated database."""

    @property
    def tables(self) -> Any:  # noqa: ANN401 - committed rows by table and key
        """The committed rows."""
        ...


class World(Protocol):
    """What the judge may ask of a simulated world."""

    @property
    def server(self) -> Server:
        """The simulated database."""
        ...

    @property
    def trace(self) -> Trace:
        """The events of the run."""
        ...

    @property
    def people(self) -> Mapping[str, Plan]:
        """Who lives here, by subject id."""
        ...

    @property
    def healthy_since_s(self) -> float | None:
        """Since when a process runs with a usable, quick database; None when none does."""
        ...

    def now(self) -> datetime:
        """Give the true time."""
        ...

    def alive(self) -> Sequence[str]:
        """Name the processes that run, move and reach the database."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row that changed: its table, its key, and what it was before and is now."""

    table: str
    key: Any
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of one client, at its true time."""

    client: str
    at_s: float
    now: datetime
    rows: Mapping[str, Sequence[Row]]

    @property
    def process(self) -> str:
        """The process without the number of its life."""
        return process_of(self.client)

    def of(self, table: str) -> Sequence[Row]:
        """Give the changed rows of a table."""
        return self.rows.get(table, ())

    def written(self, table: str) -> list[Any]:
        """Give the rows of a table as they are after this commit, the deleted ones left out."""
        return [row.new for row in self.of(table) if row.new is not None]


def process_of(client: str) -> str:
    """Give the process behind a client's name: `gw1.2` is the second life of `gw1`."""
    return client.partition(".")[0]


def commit_of(client: str, at_s: float, now: datetime, changes: Iterable[Any]) -> Commit:
    """Sort what a transaction wrote by table, in its order."""
    rows: dict[str, list[Row]] = {}
    for table, key, old, new in changes:
        rows.setdefault(table, []).append(Row(table, key, old, new))
    return Commit(client, at_s, now, rows)


_case_of = msgspec.json.Decoder(Case).decode
_alarm_of = msgspec.json.Decoder(Alarm).decode
_referral_of = msgspec.json.Decoder(Referral).decode
_task_of = msgspec.json.Decoder(Task).decode
_entry_of = msgspec.json.Decoder(Entry).decode
_any_of = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=4_096)
def case_of(text: str) -> Case:
    """Read a case from its stored state."""
    return _case_of(text)


@lru_cache(maxsize=4_096)
def alarm_of(text: str) -> Alarm:
    """Read an alarm's record."""
    return _alarm_of(text)


@lru_cache(maxsize=4_096)
def referral_of(text: str) -> Referral:
    """Read a referral's record."""
    return _referral_of(text)


@lru_cache(maxsize=4_096)
def task_of(text: str) -> Task:
    """Read a task's record."""
    return _task_of(text)


@lru_cache(maxsize=4_096)
def entry_of(text: str) -> Entry:
    """Read a decision's entry."""
    return _entry_of(text)


@lru_cache(maxsize=4_096)
def body_of(text: str) -> dict[str, Any]:
    """Read the body of a message."""
    found: dict[str, Any] = _any_of(text)
    return found


def text_of(value: object) -> str:
    """Give a stored JSON value as text, however the row holds it."""
    return value if isinstance(value, str) else encode(value).decode()


def is_open(alarm: Alarm) -> bool:
    """Say whether somebody must still deal with an alarm."""
    return alarm.state is not AlarmState.CLOSED


def word(value: object) -> str:
    """Give an id or a word as text; a UUID as the case writes it."""
    return str(value) if isinstance(value, UUID) else f"{value}"


def rows_of(world: World, table: str) -> dict[Any, Any]:
    """Give the committed rows of a table by key."""
    found = getattr(world.server.tables, table)
    rows: dict[Any, Any] = getattr(found, "rows", found)
    return rows


def value(event: Happened, name: str) -> str:
    """Give a value of an event as text; empty when it has none."""
    found = event.values.get(name)
    return "" if found is None else str(found)
