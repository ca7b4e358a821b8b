"""The vitals lane: heartbeats, readings and statuses, in bulk, never in an alarm's way.

    1 receipts; raw messages and measurements by COPY, before any row lock
    2 the heard marks of its own devices, in id order
    3 what changed technically goes to the inbox table, and the alarm lane takes it from there
    4 commit; then answers

It never locks a subject or an alarm (DESIGN 4).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from alerts.events import DeviceBack, Heard
from devices.model import (
    Measurement,
    Quality,
    Status,
    StatusKind,
    StatusState,
    is_plausible_time,
)
from gateway.arrivals import Arrival, Verdict
from gateway.intake import Desk, Mark, Taken, subject_of
from gateway.store import cases, messages
from gateway.store.cases import encode
from gateway.store.connect import Connection, Session
from gateway.store.messages import Raw, Receipt, Sender

GOOD = (StatusState.OK, StatusState.RESTORED)


class Reading(msgspec.Struct, frozen=True):
    """One message of the lane with its sender and receipt."""

    arrival: Arrival
    sender: Sender | None
    receipt: Receipt


async def take(
    session: Session,
    batch: Sequence[Arrival],
    marks: Sequence[Mark],
    desk: Desk,
    now: datetime,
) -> Taken:
    """Take a batch of the vitals lane.

    Raises:
        StoreUnavailable: nothing may be acknowledged; try again.
        StoreBusy: try again.
        BadData: one of the messages holds what the database refuses; halve the batch.
    """
    async with session.plain() as connection:
        pairs = [(one.packet.line, one.packet.sender) for one in batch]
        known = await messages.senders(connection, pairs, now)
        readings = [_reading(one, known, desk) for one in batch]
        subjects = [_mark(one.sender, one).subject for one in readings if one.sender is not None]
        await cases.add_subjects(connection, subjects, now)
    async with session.transaction() as connection:
        new, repeats = await _claim(connection, readings, now)
        await _keep(connection, new)
        await _note_heard(connection, new, marks, now)
    return Taken(
        answers=tuple(
            [(one.arrival, _stored(one)) for one in new]
            + [(one.arrival, _stored(one, repeat=True)) for one in repeats]
        ),
        later=(),
    )


def _stored(one: Reading, *, repeat: bool = False) -> Verdict:
    return Verdict("stored", receipt=one.arrival.packet.key or None, repeat=repeat)


def _reading(arrival: Arrival, known: dict[tuple[str, str], Sender], desk: Desk) -> Reading:
    packet = arrival.packet
    sender = known.get((packet.line, packet.sender))
    proved = packet.authenticated and sender is not None and sender.usable
    return Reading(
        arrival=arrival,
        sender=sender if proved else None,
        receipt=Receipt(
            line=packet.line,
            sender=packet.sender if proved else f"?{packet.sender}",
            key=arrival.key,
            digest=arrival.digest,
            organisation_id=sender.organisation_id if sender else desk.organisation_id,
            window_s=packet.repeat_window_s,
        ),
    )


async def _claim(
    connection: Connection, readings: Sequence[Reading], now: datetime
) -> tuple[list[Reading], list[Reading]]:
    if not readings:
        return [], []
    first: dict[messages.ReceiptKey, Reading] = {}
    for one in readings:
        first.setdefault(one.receipt.identity, one)
    fresh = await messages.claim(connection, [one.receipt for one in first.values()], now)
    new = [one for key, one in first.items() if key in fresh]
    claimed = {id(one) for one in new}
    return new, [one for one in readings if id(one) not in claimed]


async def _keep(connection: Connection, new: Sequence[Reading]) -> None:
    proved = [_raw(one) for one in new if one.sender is not None]
    others = [_raw(one) for one in new if one.sender is None]
    rows = [row for one in new for row in _measurements(one)]
    if proved:
        await messages.copy_packets(connection, proved)
    if rows:
        await messages.copy_measurements(connection, rows)
    if others:
        await messages.add_quarantine(connection, others)


def _raw(one: Reading) -> Raw:
    packet = one.arrival.packet
    return Raw(
        received_at=packet.received_at,
        organisation_id=one.receipt.organisation_id,
        line=packet.line,
        sender=packet.sender,
        key=packet.key,
        topic=packet.topic,
        lane=one.arrival.lane.value,
        authenticated=packet.authenticated,
        body=packet.body,
        problem=one.arrival.problem,
    )


def _measurements(one: Reading) -> list[tuple[object, ...]]:
    if one.sender is None:
        return []
    received_at = one.arrival.packet.received_at
    return [
        _measurement(one.sender, signal, received_at)
        for signal in one.arrival.signals
        if isinstance(signal, Measurement)
    ]


def _measurement(sender: Sender, signal: Measurement, received_at: datetime) -> tuple[object, ...]:
    at, quality = received_at, signal.quality
    if signal.at is not None:
        if is_plausible_time(signal.at, received_at):
            at = signal.at
        else:
            quality = Quality.DEVICE_CLOCK
    number: float | None = None
    word: str | None = None
    if isinstance(signal.value, str):
        word = signal.value
    elif signal.value is not None:
        number = float(signal.value)
    return (
        at,
        sender.organisation_id,
        sender.person_id,
        sender.device_id,
        signal.code.value,
        number,
        word,
        quality.value,
        "device",
        signal.at,
        received_at,
    )


async def _note_heard(
    connection: Connection, new: Sequence[Reading], marks: Sequence[Mark], now: datetime
) -> None:
    """Mark devices as heard, and hand to the alarm lane what changed technically."""
    spoke: dict[UUID, list[Reading]] = {}
    latest = {mark.device_id: mark for mark in marks}
    for one in new:
        if one.sender is not None:
            spoke.setdefault(one.sender.device_id, []).append(one)
            if not _is_will(one):
                latest[one.sender.device_id] = _mark(one.sender, one)
    if not latest and not spoke:
        return
    before = await messages.heard(
        connection,
        [(device, mark.organisation_id, mark.at) for device, mark in sorted(latest.items())],
    )
    items = [
        _item(mark, "event", DeviceBack(at=now, devices=(mark.name,)))
        for device, mark in latest.items()
        if before[device].lost_at is not None
    ]
    conditions: dict[UUID, frozenset[str]] = {}
    for device, readings in spoke.items():
        was = frozenset((before[device].conditions if device in before else None) or ())
        became, changed = _changes(readings, was)
        if became != was:
            conditions[device] = became
        sender = readings[-1].sender
        if sender is not None:
            mark = _mark(sender, readings[-1])
            items.extend(_item(mark, "heard", one) for one in changed)
    if conditions:
        await messages.save_conditions(connection, conditions)
    if items:
        await messages.add_inbox(connection, items, now)


def _mark(sender: Sender, one: Reading) -> Mark:
    packet = one.arrival.packet
    return Mark(
        device_id=sender.device_id,
        organisation_id=sender.organisation_id,
        name=packet.sender,
        subject=subject_of(sender, packet.line, packet.sender),
        at=packet.received_at,
    )


def _item(mark: Mark, what: str, body: DeviceBack | Heard) -> tuple[UUID, UUID, str, str]:
    return (mark.organisation_id, mark.subject.id, what, encode(body).decode())


def _is_will(one: Reading) -> bool:
    return any(
        isinstance(signal, Status) and signal.what is StatusKind.LINK
        for signal in one.arrival.signals
    )


def _changes(
    readings: Sequence[Reading], was: frozenset[str]
) -> tuple[frozenset[str], list[Heard]]:
    """Give the conditions after these messages, and the statuses that changed any of them.

    A device whose will told that its link was lost is back as soon as it says anything at all.
    """
    now_in = set(was)
    changed = []
    for one in readings:
        statuses = [signal for signal in one.arrival.signals if isinstance(signal, Status)]
        if StatusKind.LINK.value in now_in and not _is_will(one):
            name = one.arrival.packet.sender
            statuses.append(Status(name, StatusKind.LINK, StatusState.RESTORED))
        for number, status in enumerate(statuses):
            if status.what is StatusKind.HEARTBEAT:
                continue
            if (status.state in GOOD) == (status.what.value in now_in):
                now_in.symmetric_difference_update({status.what.value})
                changed.append(_heard(one, status, number))
    return frozenset(now_in), changed


def _heard(one: Reading, status: Status, number: int) -> Heard:
    packet = one.arrival.packet
    identity = (packet.line, packet.sender, one.arrival.key, one.arrival.digest.hex(), str(number))
    return Heard(
        receipt="/".join(identity),
        received_at=packet.received_at,
        sender=packet.sender,
        line=packet.line,
        signal=status,
    )
