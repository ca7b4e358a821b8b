"""The vitals lane: heartbeats, readings and statuses, in bulk, never in an alarm's way.

    1 receipts; raw messages and measurements by COPY, before any row lock
    2 the heard marks of its own devices, in id order
    3 what changed technically goes to the inbox table, and the alarm lane takes it from there
    4 commit; then answers

It never locks a subject or an alarm (DESIGN 4).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from alerts.events import DeviceBack, Heard
from devices.model import Status, StatusKind, StatusState
from gateway import strays
from gateway.arrivals import Arrival
from gateway.intake import Mark, Taken, heard_of, mark_of, stored
from gateway.placing import Desk, Placed, keep_raw, place, tell_repeats
from gateway.readings import measurements
from gateway.store import messages
from gateway.store.cases import add_subjects, encode
from gateway.store.connect import Connection, Session
from gateway.store.messages import ReceiptKey
from gateway.supervision import line_subject

GOOD = (StatusState.OK, StatusState.RESTORED)


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
    placed, apart = strays.set_apart(await place(session, batch, desk, now) if batch else [])
    async with session.transaction() as connection:
        new, repeats, fresh = await tell_repeats(connection, placed, now)
        await keep_raw(connection, new, messages.copy_packets)
        rows = [row for one in new for row in measurements(one)]
        if rows:
            await messages.copy_measurements(connection, rows)
        await _note_heard(connection, new, marks, fresh, now)
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
    spoke: dict[Mark, list[Placed]] = {}
    latest = {mark.device_id: mark for mark in marks}
    owners = {mark.device_id: mark for mark in map(mark_of, new) if mark is not None}
    for one in new:
        mark = mark_of(one)
        if mark is None:
            continue
        spoke.setdefault(owners[mark.device_id], []).append(one)
        if not _is_will(one):
            latest[mark.device_id] = mark
    if not latest and not spoke:
        return
    before = await messages.known_before(connection, {*latest, *owners})
    for device in owners.keys() - before.keys():
        # A will as the first word: until then it was there, and its condition needs a row.
        latest.setdefault(device, owners[device])
    await messages.heard(
        connection,
        [(device, latest[device].organisation_id, latest[device].at) for device in sorted(latest)],
    )
    back = [
        latest[device]
        for device, known in before.items()
        if known.lost_at is not None and device in latest
    ]
    items = await _say_back(connection, back, now)
    stored = {device: frozenset(known.conditions or ()) for device, known in before.items()}
    # What came beside a call was decided with it; here it is only remembered.
    conditions = {
        mark.device_id: _with(stored.get(mark.device_id, frozenset()), mark.statuses)
        for mark in marks
    }
    for mark, said in spoke.items():
        was = conditions.get(mark.device_id, stored.get(mark.device_id, frozenset()))
        conditions[mark.device_id], changed = _changes(said, was, fresh)
        items.extend(
            (mark.organisation_id, mark.subject.id, "heard", encode(one).decode())
            for one in changed
        )
    conditions = {
        device: became
        for device, became in conditions.items()
        if became != stored.get(device, frozenset())
    }
    if conditions:
        await messages.save_conditions(connection, conditions)
    if items:
        await messages.add_inbox(connection, items, now)


def _with(was: frozenset[str], statuses: Sequence[Status]) -> frozenset[str]:
    now_in = set(was)
    for status in statuses:
        if status.what is not StatusKind.HEARTBEAT:
            (now_in.discard if status.state in GOOD else now_in.add)(status.what.value)
    return frozenset(now_in)


async def _say_back(
    connection: Connection, back: Sequence[Mark], now: datetime
) -> list[tuple[UUID, UUID, str, str]]:
    """Tell each device's own case, and its line's: one alarm there may stand for many devices."""
    lines = {line_subject(mark.organisation_id, mark.line) for mark in back}
    await add_subjects(connection, lines, now)
    return [
        (mark.organisation_id, subject, "back", encode(DeviceBack(now, (mark.name,))).decode())
        for mark in back
        for subject in (mark.subject.id, line_subject(mark.organisation_id, mark.line).id)
    ]


def _is_will(one: Placed) -> bool:
    return any(
        isinstance(signal, Status) and signal.what is StatusKind.LINK
        for signal in one.arrival.signals
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
