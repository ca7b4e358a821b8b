"""The vitals lane: heartbeats, readings and statuses, in bulk, never in an alarm's way.

    1 receipts; raw messages and measurements by COPY, before any row lock
    2 the heard marks of its own devices, in id order
    3 what changed technically goes to the inbox table, and the alarm lane takes it from there;
      only then a case needs a row
    4 the vitals states of its own people, in id order: decided, saved, a deterioration handed to
      the inbox likewise (gateway/vitals_watch.py)
    5 commit; then answers

It never locks a subject or an alarm (DESIGN 4).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from alerts.events import DeviceBack, Heard
from devices.model import Answers, Status, StatusKind, StatusState
from gateway import strays, vitals_watch
from gateway.arrivals import Arrival
from gateway.intake import Mark, Taken, heard_of, mark_of, stored
from gateway.placing import Desk, Placed, find, keep_raw, tell_repeats
from gateway.readings import packed
from gateway.store import messages
from gateway.store.cases import NewSubject, add_subjects, encode
from gateway.store.connect import Connection, Session
from gateway.store.messages import ReceiptKey
from gateway.supervision import line_subject

GOOD = (StatusState.OK, StatusState.RESTORED)
Item = tuple[NewSubject, str, bytes]
"""The case it is about, the inbox's word for it, its JSON."""
NOTHING: frozenset[str] = frozenset()


async def take(
    session: Session,
    batch: Sequence[Arrival],
    marks: Sequence[Mark],
    desk: Desk,
    now: datetime,
) -> Taken:
    """Take a batch of the vitals lane, and the heard marks of the alarm lane.

    Raises:
        StoreUnavailable: nothing may be acknowledged; try again.
        StoreBusy: try again.
        BadData: one of the messages holds what the database refuses; halve the batch.
    """
    found: list[Placed] = []
    if batch:
        async with session.plain() as connection:
            found = await find(connection, batch, desk, now)
    placed, apart = strays.set_apart(found)
    async with session.transaction() as connection:
        new, repeats, fresh = await tell_repeats(connection, placed, now)
        await keep_raw(connection, new, messages.copy_packets)
        rows = [row for one in new for row in packed(one)]
        if rows:
            await messages.copy_measurements(connection, rows)
        await _note_heard(connection, new, marks, fresh, now)
        await _tell_faults(connection, new, fresh, now)
        await _tell_answers(connection, new, fresh, desk, now)
        if desk.vitals:
            await vitals_watch.take_readings(connection, new, fresh, desk, now)
        await strays.keep(connection, apart, desk, now)
    return Taken(answers=stored([*new, *apart], repeats))


async def _note_heard(
    connection: Connection,
    new: Sequence[Placed],
    marks: Sequence[Mark],
    fresh: Mapping[ReceiptKey, int],
    now: datetime,
) -> None:
    """Mark devices as heard, and hand to the alarm lane what changed technically."""
    spoke: dict[UUID, list[Placed]] = {}
    for one in new:
        if one.sender is not None:
            spoke.setdefault(one.sender.device_id, []).append(one)
    if not marks and not spoke:
        return
    owners = {device: mark for device, said in spoke.items() if (mark := mark_of(said[-1]))}
    latest = {mark.device_id: mark for mark in marks}
    for device, said in spoke.items():
        own = said if not _is_will(said[-1]) else [one for one in said if not _is_will(one)]
        if own and (mark := owners[device] if own is said else mark_of(own[-1])):
            latest[device] = mark
    before = await messages.known_before(connection, {*latest, *owners})
    for device in owners.keys() - before.keys():
        # A will as the first word: until then it was there, and its condition needs a row.
        latest.setdefault(device, owners[device])
    await messages.heard(
        connection, [(mark.device_id, mark.organisation_id, mark.at) for mark in latest.values()]
    )
    back = [
        latest[device]
        for device, known in before.items()
        if known.lost_at is not None and device in latest
    ]
    stored = {device: frozenset(known.conditions or ()) for device, known in before.items()}
    # What came beside a call was decided with it; here it is only remembered.
    conditions = {
        mark.device_id: _with(stored.get(mark.device_id, NOTHING), mark.statuses) for mark in marks
    }
    items = _say_back(back, now)
    for device, said in spoke.items():
        was = conditions.get(device, stored.get(device, NOTHING))
        became, changed = _changes(said, was, fresh)
        if changed:
            conditions[device] = became
            items += [(owners[device].subject, "heard", encode(one)) for one in changed]
    await _keep_changes(connection, conditions, stored)
    await _tell(connection, items, now)


async def _keep_changes(
    connection: Connection,
    conditions: Mapping[UUID, frozenset[str]],
    stored: Mapping[UUID, frozenset[str]],
) -> None:
    other = {
        device: became
        for device, became in conditions.items()
        if became != stored.get(device, NOTHING)
    }
    if other:
        await messages.save_conditions(connection, other)


async def _tell(connection: Connection, items: Sequence[Item], now: datetime) -> None:
    """Hand items to the alarm lane; only what it is told of needs a case with a row."""
    if not items:
        return
    await add_subjects(connection, [subject for subject, _, _ in items], now)
    rows = [
        (subject.organisation_id, subject.id, what, body.decode()) for subject, what, body in items
    ]
    await messages.add_inbox(connection, rows, now)


async def _tell_faults(
    connection: Connection,
    new: Sequence[Placed],
    fresh: Mapping[ReceiptKey, int],
    now: datetime,
) -> None:
    """Hand to the alarm lane what is kept as bytes only: somebody must look at it."""
    faulty = [one for one in new if one.arrival.fault is not None]
    if not faulty:
        return
    await add_subjects(connection, [one.subject for one in faulty], now)
    items = [
        (one.receipt.organisation_id, one.subject.id, "heard", encode(item).decode())
        for one in faulty
        for item in heard_of(one, generation=fresh[one.receipt.identity])
        if item.fault is not None
    ]
    await messages.add_inbox(connection, items, now)


async def _tell_answers(
    connection: Connection,
    new: Sequence[Placed],
    fresh: Mapping[ReceiptKey, int],
    desk: Desk,
    now: datetime,
) -> None:
    """Hand answers to telecare's scripts to the alarm lane: they may be about an open call."""
    answering = [one for one in new if Answers in map(type, one.arrival.signals)]
    asked = desk.rules.scripts.asked() if answering else NOTHING
    items = [
        (one.subject, "heard", encode(item))
        for one in answering
        for item in heard_of(one, generation=fresh[one.receipt.identity])
        if isinstance(item.signal, Answers) and not asked.isdisjoint(item.signal.answers)
    ]
    await _tell(connection, items, now)


def _with(was: frozenset[str], statuses: Sequence[Status]) -> frozenset[str]:
    now_in = set(was)
    for status in statuses:
        if status.what is not StatusKind.HEARTBEAT:
            (now_in.discard if status.state in GOOD else now_in.add)(status.what.value)
    return frozenset(now_in)


def _say_back(back: Sequence[Mark], now: datetime) -> list[Item]:
    """Tell each device's own case, and its line's: one alarm there may stand for many devices."""
    return [
        (subject, "back", encode(DeviceBack(now, (mark.name,))))
        for mark in back
        for subject in (mark.subject, line_subject(mark.organisation_id, mark.line))
    ]


def _is_will(one: Placed) -> bool:
    signals = one.arrival.signals
    return Status in map(type, signals) and any(
        isinstance(signal, Status) and signal.what is StatusKind.LINK for signal in signals
    )


def _changes(
    said: Sequence[Placed], was: frozenset[str], fresh: Mapping[ReceiptKey, int]
) -> tuple[frozenset[str], list[Heard]]:
    """Give the conditions after these messages, and the statuses that changed any of them.

    A device whose will told that its link was lost is back as soon as it says anything at all.
    """
    now_in = set(was)
    changed: list[Heard] = []
    for one in said:
        if Status not in map(type, one.arrival.signals) and StatusKind.LINK.value not in now_in:
            continue
        heard = heard_of(one, generation=fresh[one.receipt.identity])
        if StatusKind.LINK.value in now_in and not _is_will(one) and heard:
            back = Status(one.arrival.packet.sender, StatusKind.LINK, StatusState.RESTORED)
            heard.append(replace(heard[0], signal=back, receipt=heard[0].receipt + "/back"))
        for item in heard:
            status = item.signal
            if not isinstance(status, Status) or status.what is StatusKind.HEARTBEAT:
                continue
            if (status.state in GOOD) == (status.what.value in now_in):
                now_in.symmetric_difference_update({status.what.value})
                changed.append(item)
    return frozenset(now_in), changed
