"""A person's record, which deciding reads: how the desk changes it, what enrolment leaves of it.

Contract: a change asks deciding first and writes what is not refused, in one transaction behind the
lock of the person's case. A change that was made already makes nothing: a repeat is no second act.
A death takes two different people (DECIDING 8): the first one's report stands beside the status,
the second one's makes it true; whoever gives another status takes the report back.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.case import Entry
from alerts.events import PersonChanged
from alerts.words import PersonStatus, What
from gateway import casework
from gateway.acts import retried
from gateway.errors import SettingsError
from gateway.placing import Desk
from gateway.store import cases
from gateway.store.connect import Connection, Row, Sessions, row, run
from gateway.store.save import save

OF_THE_DESK = (
    "status",
    "away_until",
    "ceiling",
    "anticipatory_line",
    "conditions",
    "anticoagulants",
    "baseline_cognition",
    "care_home",
)
DEATH = ("death_reported_by", "death_reported_at", "death_confirmed_by")
NOBODY: Mapping[str, None] = dict.fromkeys(DEATH)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A person's row of an enrolment file: its values, and which of them the file names."""

    id: str
    fields: Mapping[str, Any]
    named: AbstractSet[str]
    death_confirmed_by: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Who:
    """Who changes a record: the organisation, the name decisions show, the actor audit shows."""

    organisation_id: UUID
    name: str
    actor: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The record as it is now, and what was decided; nothing when it was so already."""

    record: Row
    entries: tuple[Entry, ...]


def merged(file: FileRecord, recorded: Row | None, now: datetime) -> dict[str, Any]:
    """Give the record to store: the file's, and the desk's where the file names nothing.

    Raises:
        SettingsError: the file takes back a death.
    """
    first, second = file.death_confirmed_by or (None, None)
    died = dict(zip(DEATH, (first, now if first else None, second), strict=True))
    if recorded is None:
        return {**file.fields, **died}
    status = PersonStatus(file.fields["status"])
    is_deceased = recorded.status == PersonStatus.DECEASED
    if is_deceased and "status" in file.named and status is not PersonStatus.DECEASED:
        raise SettingsError(
            f"nothing was enrolled: person {file.id} is recorded as deceased, and the file says "
            f"{status}; correct the file, or the record at the desk first"
        )
    # The end of an absence belongs to the status, whichever of the two the file names.
    named = {*file.named, "away_until"} if "status" in file.named else file.named - {"away_until"}
    kept = {name: getattr(recorded, name) for name in OF_THE_DESK if name not in named}
    if is_deceased or first is None:
        died = {name: getattr(recorded, name) for name in DEATH}
    return {**file.fields, **kept, **died}


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody changes: of whom, which parts of OF_THE_DESK (the others stay), and why."""

    person_id: UUID
    given: Mapping[str, Any]
    text: str = ""


async def change(
    sessions: Sessions, desk: Desk, who: Who, what: Change, now: datetime
) -> Changed | None:
    """Change a record and commit; None when there is no such person in the organisation.

    Raises:
        StoreUnavailable: nothing was kept.
        StoreBusy: somebody else holds the case for longer than all tries; nothing was kept.
    """

    async def once() -> Changed | None:
        async with sessions.transaction() as connection:
            return await _change(connection, desk, who, what, now)

    return await retried(once)


async def _change(
    connection: Connection, desk: Desk, who: Who, what: Change, now: datetime
) -> Changed | None:
    whose = {"id": what.person_id, "organisation_id": who.organisation_id}
    subject = await cases.lock_one(connection, what.person_id)
    if subject is None or not await run(connection, "lock_person", **whose):
        return None
    before = await row(connection, "person_record", **whose)
    status = _status(before, who, what.given, now)
    after = {**_values(before), **status, **_others(what.given)}
    events = _events(before, after, who, now, what.text)
    if not events:
        return Changed(before, ())
    facts = await cases.read_facts(connection, [subject], now)
    inputs = {subject.id: casework.Inputs(events=events, actor=who.actor)}
    decided = casework.work([subject], facts, inputs, desk.rules, now)
    await save(connection, decided, now, desk.audit_key)
    entries = decided[0].decision.entries
    if all(entry.what is not What.REFUSED for entry in entries):
        await run(connection, "change_person", **whose, **after)
    return Changed(await row(connection, "person_record", **whose), entries)


def _values(record: Row | None) -> dict[str, Any]:
    return {name: getattr(record, name) for name in (*OF_THE_DESK, *DEATH)}


def _others(given: Mapping[str, Any]) -> dict[str, Any]:
    parts = {name: value for name, value in given.items() if name in OF_THE_DESK}
    return {name: value for name, value in parts.items() if name not in ("status", "away_until")}


def _status(before: Row, who: Who, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Give the status with what belongs to it; a first report of a death changes none."""
    status = given.get("status")
    if status is None:
        return {}
    if status != PersonStatus.DECEASED:
        return {"status": str(status), "away_until": given.get("away_until"), **NOBODY}
    reporter = before.death_reported_by
    if before.status == PersonStatus.DECEASED or _is_same(reporter, who.name):
        return {}
    if reporter is None:
        return {"death_reported_by": who.name, "death_reported_at": now}
    return {"status": str(status), "away_until": None, "death_confirmed_by": who.name}


def _is_same(reporter: str | None, name: str) -> bool:
    return reporter is not None and reporter.casefold() == name.casefold()


def _events(
    before: Row, after: Mapping[str, Any], who: Who, now: datetime, text: str
) -> tuple[PersonChanged, ...]:
    """Give what deciding is told: of the status, and of the other parts that differ."""
    was, status = PersonStatus(before.status), PersonStatus(after["status"])
    reporter, is_reported = before.death_reported_by, after["death_reported_by"]
    events = []
    if reporter is None and is_reported is not None:
        dead = PersonStatus.DECEASED
        events.append(PersonChanged(now, who.name, was=was, now=dead, text=text))
    elif status is PersonStatus.DECEASED is not was:
        event = PersonChanged(now, reporter, was=was, now=status, second=who.name, text=text)
        events.append(event)
    elif status is not was or is_reported != reporter:
        events.append(PersonChanged(now, who.name, was=was, now=status, text=text))
    changes = _changes(before, after)
    if changes:
        about = PersonChanged(now, who.name, was=status, now=status, changes=changes, text=text)
        events.append(about)
    return tuple(events)


def _changes(before: Row, after: Mapping[str, Any]) -> dict[str, str]:
    """Say in words which other parts differ; an absence that is over needs no words."""
    names = set(OF_THE_DESK) - {"status"}
    if after["status"] != PersonStatus.AWAY:
        names.discard("away_until")
    return {
        name: f"{_words(getattr(before, name))} -> {_words(after[name])}"
        for name in sorted(names)
        if getattr(before, name) != after[name]
    }


def _words(value: object) -> str:
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value) or "none"
        case datetime():
            return value.isoformat()
    return str(value)
