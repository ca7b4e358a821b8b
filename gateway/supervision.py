"""Supervision of devices: who has fallen silent, and that it is they and not we.

A device is lost after twice its interval without anything heard, counted from the later of its
last word and the start of our own reception. More than MANY_LOST devices lost behind one line
within a minute are one alarm with a list: the line is down, not the homes (DESIGN 4, Heartbeats).
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID, uuid5

from alerts.events import DeviceLost, Heard
from alerts.words import SubjectKind
from gateway.errors import CannotDecide
from gateway.placing import NAMESPACE, Desk, subject_of
from gateway.store import cases, messages
from gateway.store.cases import NewSubject, encode
from gateway.store.connect import Connection, Row, Session, Sessions, rows
from gateway.store.messages import Sender

SWEEP_S = 5.0
RECEPTION_GAP_S = 10.0
MANY_LOST = 20
MANY_LOST_WITHIN_S = 60.0
SWEEP_LIMIT = 1_000
GATEWAY_LINE = "gateway"


async def sweep(session: Session, now: datetime) -> int:
    """Find devices that have fallen silent and hand them to the alarm lane; give how many."""
    async with session.transaction() as connection:
        found = await rows(
            connection, "lost_devices", now=now, gap_s=RECEPTION_GAP_S, limit=SWEEP_LIMIT
        )
        if not found:
            return 0
        noted = await rows(
            connection,
            "mark_lost",
            ids=[one.id for one in found],
            organisations=[one.organisation_id for one in found],
            sinces=[one.silent_since for one in found],
            now=now,
        )
        mine = {one.device_id for one in noted}
        lately = await rows(connection, "lost_lately", now=now, span_s=MANY_LOST_WITHIN_S)
        many = {(one.organisation_id, one.line) for one in lately if one.count > MANY_LOST}
        await _hand_over(connection, [one for one in found if one.id in mine], many, now)
    return len(mine)


async def _hand_over(
    connection: Connection, lost: Sequence[Row], many: AbstractSet[tuple[UUID, str]], now: datetime
) -> None:
    """Hand lost devices to the alarm lane: one by one, or as a list where a line lost many."""
    lines: dict[tuple[UUID, str], list[Row]] = {}
    for one in lost:
        lines.setdefault((one.organisation_id, one.line), []).append(one)
    subjects: list[NewSubject] = []
    items: list[tuple[UUID, UUID, str, str]] = []
    for (organisation_id, line), devices in lines.items():
        if (organisation_id, line) in many:
            subject = line_subject(organisation_id, line)
            event = DeviceLost(
                at=now,
                devices=tuple(one.sender for one in devices),
                line=line,
                silent_since=min(one.silent_since for one in devices),
            )
            subjects.append(subject)
            items.append((organisation_id, subject.id, "lost", encode(event).decode()))
            continue
        for one in devices:
            subject = subject_of(_sender(one), one.line, one.sender)
            event = DeviceLost(
                at=now, devices=(one.sender,), line=one.line, silent_since=one.silent_since
            )
            subjects.append(subject)
            items.append((organisation_id, subject.id, "lost", encode(event).decode()))
    if items:
        await cases.add_subjects(connection, subjects, now)
        await messages.add_inbox(connection, items, now)


def line_subject(organisation_id: UUID, line: str) -> NewSubject:
    """Give the case of a whole line: its own technical faults belong to it."""
    return NewSubject(
        uuid5(NAMESPACE, f"line/{organisation_id}/{line}"),
        organisation_id,
        SubjectKind.UNKNOWN_DEVICE,
        line=line,
        label=f"line {line}",
    )


async def report_fault(
    session: Session | Sessions, desk: Desk, fault: str, detail: str, now: datetime
) -> None:
    """Raise a technical alarm about the gateway itself; it joins an open one of the same kind.

    Raises:
        StoreError: nothing was kept.
    """
    async with session.transaction() as connection:
        await add_fault(connection, desk, fault, detail, now)


async def add_fault(
    connection: Connection, desk: Desk, fault: str, detail: str, now: datetime
) -> None:
    """Raise a technical alarm about the gateway itself, in the transaction of what it is about."""
    subject = line_subject(desk.organisation_id, GATEWAY_LINE)
    heard = Heard(
        receipt=f"{GATEWAY_LINE}/{fault}/{now.isoformat()}",
        received_at=now,
        sender=GATEWAY_LINE,
        line=GATEWAY_LINE,
        signal=None,
        fault=fault,
        detail=detail,
    )
    item = (desk.organisation_id, subject.id, "heard", encode(heard).decode())
    await cases.add_subjects(connection, [subject], now)
    await messages.add_inbox(connection, [item], now)


async def report_broken_case(
    connection: Connection, broken: CannotDecide, desk: Desk, now: datetime
) -> None:
    """Put a case that breaks whatever is done with it in front of an operator.

    The fault goes to a case of the gateway's own, so that it can be seen and taken; it rings again
    at every further failure.
    """
    guardian = line_subject(desk.organisation_id, GATEWAY_LINE)
    fault = Heard(
        receipt=f"{GATEWAY_LINE}/{broken.subject_id}/{now.isoformat()}",
        received_at=now,
        sender=str(broken.subject_id),
        line=GATEWAY_LINE,
        signal=None,
        known=False,
        fault="case_cannot_be_decided",
        detail=str(broken),
        press_shaped=True,
    )
    item = (desk.organisation_id, guardian.id, "heard", encode(fault).decode())
    await cases.add_subjects(connection, [guardian], now)
    await messages.add_inbox(connection, [item], now)


def _sender(found: Row) -> Sender:
    return Sender(
        device_id=found.id,
        organisation_id=found.organisation_id,
        person_id=found.person_id,
        place_id=found.place_id,
        usable=True,
    )
