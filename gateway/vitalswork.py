"""From locked vitals states and what came to them, to what must be saved.

What casework.py is to cases. A person whose state cannot be read, or breaks deciding, harms nobody
else: their readings are stored all the same, the state is left as it is, and a technical alarm of
theirs says that nobody is watching, again every TELL_AGAIN while it lasts.
"""

import asyncio
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from msgspec.structs import replace

from alerts.case import Entry, Outgoing
from alerts.events import Deterioration
from alerts.ruleset import Rules
from alerts.vitals import decide
from alerts.vitals.inputs import ClinicianEvent, Report
from alerts.vitals.state import Alert, VitalsState
from alerts.vitals.step import VitalsDecision
from alerts.words import What
from gateway import metrics
from gateway.log import place
from gateway.placing import Desk
from gateway.store import vitals
from gateway.store.connect import Connection
from gateway.store.vitals import Watched
from gateway.store.vitals_save import Looked, save, tell_broken

log = structlog.get_logger()

AGAIN = timedelta(seconds=60)
TELL_AGAIN = timedelta(minutes=15)
DECIDING_S = 1.0
"""So long a batch computes: the server ends a transaction whose client is silent for 3 s."""
TURN_S = 0.001
"""So long at a stretch: a press, a person's act and a console wait for the same processor."""


class TooMuchAtOnceError(Exception):
    """A batch computes for too long; the lane halves it (gateway/lanes.py)."""


@dataclass(frozen=True, slots=True)
class Given:
    """What came to one person: reports in the order they came, then events; timers run anyway."""

    reports: tuple[Report | None, ...] = ()
    events: tuple[ClinicianEvent, ...] = ()
    actor: str = "gateway"


NOTHING = Given()


@dataclass(frozen=True, slots=True)
class Worked:
    """What is to be saved, and what somebody must be told.

    Attributes:
        broken: Who cannot be decided at all; person -> what is wrong. Their state stays as it is.
        problems: What was left out about people who were decided.
    """

    looked: tuple[Looked, ...]
    broken: dict[UUID, str]
    problems: dict[UUID, str]


class _Trail:
    """Everything said about one person in one transaction, in order."""

    def __init__(self, state: VitalsState) -> None:
        self.state = state
        self.entries: list[Entry] = []
        self.outgoing: list[Outgoing] = []
        self.handed: list[Deterioration] = []
        self.alerts: dict[str, tuple[Alert, datetime | None]] = {}
        self.problems: list[str] = []

    def add(self, decision: VitalsDecision) -> None:
        before, after = self.state.alert, decision.state.alert
        self.alerts |= {one.alert.id: (one.alert, one.at) for one in decision.closed}
        if after is not None and after is not before:
            self.alerts[after.id] = (after, None)
        self.state = decision.state
        self.entries += decision.entries
        self.outgoing += decision.outgoing
        self.handed += decision.handed

    def looked(self, watched: Watched, actor: str) -> Looked:
        return Looked(
            watched=watched,
            state=self.state,
            entries=tuple(self.entries),
            outgoing=tuple(self.outgoing),
            handed=tuple(self.handed),
            alerts=tuple(self.alerts.values()),
            actor=actor,
        )


def work(
    watched: Iterable[Watched], given: Mapping[UUID, Given], rules: Rules, now: datetime
) -> Worked:
    """Decide each person by themselves, at one stretch.

    Raises:
        TooMuchAtOnceError: it takes too long for one transaction and can be done in parts.
    """
    steps = _steps(watched, given, rules, now)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return _worked(done)


async def work_in_turns(
    watched: Iterable[Watched], given: Mapping[UUID, Given], rules: Rules, now: datetime
) -> Worked:
    """Decide as `work` does; let others go first every TURN_S, since a batch may take long.

    Raises:
        TooMuchAtOnceError: as `work`.
    """
    steps = _steps(watched, given, rules, now)
    turn_until_s = time.monotonic() + TURN_S
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return _worked(done)
        if time.monotonic() > turn_until_s:
            await asyncio.sleep(0)
            turn_until_s = time.monotonic() + TURN_S


async def work_while_there_is_time(
    watched: Sequence[Watched], rules: Rules, now: datetime
) -> Worked:
    """Decide what is due, of one person at least; the others are due again at once."""
    worked = Worked((), {}, {})
    until_s = time.monotonic() + DECIDING_S
    turn_until_s = time.monotonic() + TURN_S
    for one in watched:
        more = work([one], {}, rules, now)
        worked = Worked(
            (*worked.looked, *more.looked),
            worked.broken | more.broken,
            worked.problems | more.problems,
        )
        if time.monotonic() > until_s:
            break
        if time.monotonic() > turn_until_s:
            await asyncio.sleep(0)
            turn_until_s = time.monotonic() + TURN_S
    return worked


def _worked(done: StopIteration) -> Worked:
    found: Worked = done.value
    return found


def _steps(
    watched: Iterable[Watched], given: Mapping[UUID, Given], rules: Rules, now: datetime
) -> Generator[None, None, Worked]:
    """Decide each person; a stop after each report and each person."""
    looked: list[Looked] = []
    broken: dict[UUID, str] = {}
    problems: dict[UUID, str] = {}
    can_halve = sum(len(one.reports) for one in given.values()) > 1
    until_s = time.monotonic() + DECIDING_S
    for one in watched:
        mine = given.get(one.person_id, NOTHING)
        try:
            trail = yield from _one(one, mine, rules, now)
        except Exception as error:  # noqa: BLE001 - one person must not stop all others
            broken[one.person_id] = one.unreadable or _failed("deciding", one, error)
        else:
            looked.append(trail.looked(one, mine.actor))
            if trail.problems:
                problems[one.person_id] = "; ".join(trail.problems)
        if can_halve and time.monotonic() > until_s:
            raise TooMuchAtOnceError(f"{DECIDING_S:g} s were not enough")
        yield
    return Worked(tuple(looked), broken, problems)


def _one(one: Watched, given: Given, rules: Rules, now: datetime) -> Generator[None, None, _Trail]:
    if one.unreadable:
        raise ValueError(one.unreadable)
    since = min((r.received_at for r in given.reports if r is not None), default=now)
    trail = _Trail(one.state or _begun(one, min(since, now)))
    if one.plan is not None:
        trail.add(decide.configure(trail.state, one.plan, rules, since))
        trail.problems += [
            f"a part of the monitoring plan is refused: {entry.text}"
            for entry in trail.entries
            if entry.what is What.REFUSED
        ]
    for report in given.reports:
        _add_report(trail, one, report, rules)
        yield
    for event in given.events:
        trail.add(decide.on_event(trail.state, event, rules, event.at))
    if not given.reports and not given.events:
        trail.add(decide.due(trail.state, rules, now))
    for entry in trail.entries:
        metrics.decisions.labels(what=entry.what.value).inc()
    return trail


def _begun(one: Watched, now: datetime) -> VitalsState:
    """Begin the state of a person, with what their record says about where and how they are."""
    state = decide.new_state(str(one.person_id), now)
    if one.unplanned is None:
        return state
    return replace(state, plan=replace(one.unplanned, started_at=state.plan.started_at))


def _add_report(trail: _Trail, one: Watched, report: Report | None, rules: Rules) -> None:
    """Decide a report; one that breaks deciding is left out, and the person's timers go on."""
    if report is None:
        trail.problems.append("readings that came beside a call cannot be read")
        return
    try:
        trail.add(decide.on_readings(trail.state, [report], rules, report.received_at))
    except Exception as error:  # noqa: BLE001 - said to a person, with the message's time
        what = _failed("deciding readings", one, error)
        trail.problems.append(f"{what} received at {report.received_at:%H:%M:%S} UTC")


def _failed(what: str, one: Watched, error: Exception) -> str:
    metrics.deciding_failed.inc()
    log.critical(
        "vital signs cannot be decided; a technical alarm is raised",
        subject=str(one.person_id),
        error=place(error),
    )
    return f"{type(error).__name__} while {what}"


async def keep(
    connection: Connection,
    watched: Sequence[Watched],
    worked: Worked,
    desk: Desk,
    now: datetime,
) -> None:
    """Write what was decided, and be loud about whom nobody can decide.

    Raises:
        StoreError: nothing was kept.
    """
    await save(connection, worked.looked, now, desk.audit_key)
    people = {one.person_id: one for one in watched}
    told = {
        key: (people[key].organisation_id, what)
        for key, what in {**worked.broken, **worked.problems}.items()
        if _tell_again(people[key], now)
    }
    if told:
        await tell_broken(connection, told, now)
    for key in worked.broken:
        since = now if key in told else people[key].broken_at
        await vitals.hold(connection, [key], since or now, now + AGAIN)


def _tell_again(one: Watched, now: datetime) -> bool:
    return one.broken_at is None or now - one.broken_at >= TELL_AGAIN
