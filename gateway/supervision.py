"""Supervision of devices: who has fallen silent, and that it is they and not we.

A device is lost after twice its interval without anything heard, counted from the later of its
last word and the start of our own reception. More than MANY_LOST devices lost behind one line
within a minute are one alarm with a list: the line is down, not the homes (DESIGN 4, Heartbeats).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from alerts.events import DeviceLost, Heard
from alerts.words import SubjectKind
from gateway.placing import NAMESPACE, Desk, subject_of
from gateway.store import cases, messages
from gateway.store.cases import NewSubject, encode
from gateway.store.connect import Connection, Row, Session, rows
from gateway.store.messages import Sender

SWEEP_S = 5.0
RECEPTION_GAP_S = 10.0
MANY_LOST = 20
SWEEP_LIMIT = 1_000
GATEWAY_LINE = "gateway"


async def sweep(session: Session, now: datetime) -> int:
    """Find devices that have fallen silent and hand them to the alarm lane; give how many."""
    async with session.transaction() as connection:
        found = await rows(connection, "lost_devices", now=now, limit=SWEEP_LIMIT)
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
        await _hand_over(connection, [one for one in found if one.id in mine], now)
    return len(mine)


async def _hand_over(connection: Connection, lost: Sequence[Row], now: datetime) -> None:
    lines: dict[tuple[UUID, str], list[Row]] = {}
    for one in lost:
        lines.setdefault((one.organisation_id, one.line), []).append(one)
    subjects: list[NewSubject] = []
    items: list[tuple[UUID, UUID, str, str]] = []
    for (organisation_id, line), devices in lines.items():
        if len(devices) > MANY_LOST:
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
    session: Session, desk: Desk, fault: str, detail: str, now: datetime
) -> None:
    """Raise a technical alarm about the gateway itself; it joins an open one of the same kind.

    Raises:
        StoreError: nothing was kept.
    """
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
    async with session.transaction() as connection:
        await cases.add_subjects(connection, [subject], now)
        await messages.add_inbox(connection, [item], now)


def _sender(found: Row) -> Sender:
    return Sender(
        device_id=found.id,
        organisation_id=found.organisation_id,
        person_id=found.person_id,
        place_id=found.place_id,
        usable=True,
    )
