"""Devices that are known to be faulty: who says so, and the case of whoever depends on them.

Contract: a fault is decided first and then written, in one transaction behind the lock of the case
of the device's person or place: the task that has it replaced stands at once (DECIDING 1, branch
0), whether the device is ever heard again or not. A device of nobody leaves nobody unprotected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alerts.case import Entry
from alerts.events import DeviceFault
from gateway import casework
from gateway.acts import retried
from gateway.persons import Who
from gateway.placing import Desk
from gateway.store import cases
from gateway.store.connect import Connection, Row, Sessions, row, rows, run
from gateway.store.save import save


@dataclass(frozen=True, slots=True)
class Fault:
    """A device, by its line and name, and since when it is faulty; None: it works."""

    line: str
    sender: str
    faulty_since: datetime | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The device as it is now, and what was decided; nothing for a device of nobody."""

    device: Row
    entries: tuple[Entry, ...]


async def of_file(
    connection: Connection, organisation_id: UUID, named: Sequence[Fault]
) -> tuple[Fault, ...]:
    """Give what an enrolment file says of faults: all it names, and the ends of known ones.

    Null says that a device works, a device that says nothing stays as it is known.
    """
    if not named:
        return ()
    found = await rows(connection, "faulty_devices", organisation_id=organisation_id)
    known = {(one.line, one.sender) for one in found}
    return tuple(
        one for one in named if one.faulty_since is not None or (one.line, one.sender) in known
    )


async def record_all(
    sessions: Sessions, desk: Desk, who: Who, faults: Sequence[Fault], now: datetime
) -> None:
    """Tell the cases of devices what a file said of them, each in a transaction of its own.

    What a failure leaves untold is told when the file is enrolled again, or the device is heard.

    Raises:
        StoreError: a case was not told.
    """
    for fault in faults:
        await record(sessions, desk, who, fault, now)


async def record(
    sessions: Sessions, desk: Desk, who: Who, fault: Fault, now: datetime
) -> Recorded | None:
    """Record a fault or its end and commit; None when the organisation has no such device.

    Raises:
        StoreUnavailable: nothing was kept.
        StoreBusy: somebody else holds the case for longer than all tries; nothing was kept.
    """

    async def once() -> Recorded | None:
        async with sessions.transaction() as connection:
            return await _record(connection, desk, who, fault, now)

    return await retried(once)


async def _record(
    connection: Connection, desk: Desk, who: Who, fault: Fault, now: datetime
) -> Recorded | None:
    which = {
        "organisation_id": who.organisation_id,
        "line": fault.line,
        "sender": fault.sender,
    }
    device = await row(connection, "device_of", **which)
    if device is None:
        return None
    entries: tuple[Entry, ...] = ()
    whose = device.person_id or device.place_id
    subject = None if whose is None else await cases.lock_one(connection, whose)
    if subject is not None:
        facts = await cases.read_facts(connection, [subject], now)
        event = DeviceFault(now, who.name, fault.sender, fault.faulty_since, fault.text)
        inputs = {subject.id: casework.Inputs(events=(event,), actor=who.actor)}
        decided = casework.work([subject], facts, inputs, desk.rules, now)
        await save(connection, decided, now, desk.audit_key)
        entries = decided[0].decision.entries
    await run(connection, "mark_device", id=device.id, faulty_since=fault.faulty_since)
    return Recorded(await row(connection, "device_of", **which), entries)
