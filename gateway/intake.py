"""Intake: the one function that tells the whole story of a batch of messages.

`take` of the alarm lane, in one transaction (DESIGN 4; the order of 1 and 2 is ADR 0001):

    1 who are the senders, and whose cases are theirs
    2 lock those cases; cases that somebody else holds come with the next batch
    3 receipts: what was said before gets its stored verdict
    4 decide (pure)
    5 save: raw messages, cases, alarms, referrals, tasks, reasons, audit, outbox, verdicts
    6 commit; and only then does anybody hear "stored"

Nothing here sleeps or retries: the lane does (gateway/lanes.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from alerts.events import Heard
from alerts.vitals.inputs import Report, report_of
from devices.model import Answers, Measurement, Status
from gateway import casework, strays
from gateway.arrivals import Arrival, Verdict
from gateway.placing import Desk, Placed, keep_raw, place, tell_repeats
from gateway.readings import measurements
from gateway.store import cases, messages, vitals
from gateway.store.cases import NewSubject
from gateway.store.connect import Session
from gateway.store.messages import ReceiptKey
from gateway.store.save import save

MAX_STATUSES = 20
REUSED = "the same id came with other content: a counter restarted, or two devices share it"


class Mark(Struct, frozen=True):
    """A device that spoke; the vitals lane writes it down with its next batch.

    `statuses` are those that came beside a call and were decided with it: the vitals lane keeps
    which conditions a device is in, and must know of them to tell when they end.
    """

    device_id: UUID
    organisation_id: UUID
    line: str
    name: str
    subject: NewSubject
    at: datetime
    statuses: tuple[Status, ...] = ()

    def after(self, earlier: "Mark | None") -> "Mark":
        """Give one mark for two: the later time, and all statuses in their order."""
        if earlier is None:
            return self
        statuses = (*earlier.statuses, *self.statuses)[-MAX_STATUSES:]
        return replace(self, statuses=statuses)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: answers to give now, and messages to try again."""

    answers: tuple[tuple[Arrival, Verdict], ...]
    later: tuple[Arrival, ...] = ()
    heard: tuple[Mark, ...] = ()


async def take(session: Session, batch: Sequence[Arrival], desk: Desk, now: datetime) -> Taken:
    """Take a batch of the alarm lane: everything is stored and decided, or nothing was said.

    Raises:
        StoreUnavailable: nothing may be acknowledged; try again.
        StoreBusy: try again.
        BadData: one of the messages holds what the database refuses; halve the batch.
        CannotDecide: one of the cases breaks deciding; halve the batch.
    """
    placed, apart = strays.set_apart(await place(session, batch, desk, now))
    async with session.transaction() as connection:
        wanted = sorted({one.subject.id for one in placed})
        locked = await cases.lock_free(connection, wanted)
        ready = [one for one in placed if one.subject.id in locked]
        new, repeats, fresh = await tell_repeats(connection, ready, now)
        if new:
            reused = await messages.reused(connection, [one.receipt for one in new], now)
            inputs = _inputs(new, fresh, reused)
            subjects = [locked[subject_id] for subject_id in wanted if subject_id in inputs]
            facts = await cases.read_facts(connection, subjects, now)
            decided = casework.work(subjects, facts, inputs, desk.rules, now)
            await save(connection, decided, now, desk.audit_key)
            await keep_raw(connection, new, messages.add_packets)
            readings = [row for one in new for row in measurements(one)]
            if readings:
                await messages.add_measurements(connection, readings)
            if desk.vitals and (left := reports_of(new, fresh)):
                await vitals.leave(connection, left, now)
            await messages.save_verdicts(
                connection, [(one.receipt, {"result": "stored"}) for one in new]
            )
        await strays.keep(connection, apart, desk, now)
    return Taken(
        answers=stored([*new, *apart], repeats),
        later=tuple(one.arrival for one in placed if one.subject.id not in locked),
        heard=tuple(mark for one in new if (mark := mark_of(one)) is not None),
    )


def stored(new: Sequence[Placed], repeats: Sequence[Placed]) -> tuple[tuple[Arrival, Verdict], ...]:
    """Give the answers of a committed batch; a repeat gets the verdict of the first time."""
    return tuple(
        (one.arrival, Verdict("stored", receipt=one.arrival.packet.key or None, repeat=repeat))
        for group, repeat in ((new, False), (repeats, True))
        for one in group
    )


def mark_of(one: Placed) -> Mark | None:
    """Give the heard mark of a message; None for a sender that proved nothing."""
    if one.sender is None:
        return None
    packet = one.arrival.packet
    return Mark(
        device_id=one.sender.device_id,
        organisation_id=one.sender.organisation_id,
        line=packet.line,
        name=packet.sender,
        subject=one.owner,
        at=packet.received_at,
        statuses=tuple(signal for signal in one.arrival.signals if isinstance(signal, Status)),
    )


def _inputs(
    new: Sequence[Placed], fresh: Mapping[ReceiptKey, int], reused: set[ReceiptKey]
) -> dict[UUID, casework.Inputs]:
    heard: dict[UUID, list[Heard]] = {}
    for one in new:
        key = one.receipt.identity
        heard.setdefault(one.subject.id, []).extend(
            heard_of(one, generation=fresh[key], reused=key in reused)
        )
    return {subject: casework.Inputs(heard=tuple(items)) for subject, items in heard.items()}


def heard_of(one: Placed, *, generation: int, reused: bool = False) -> list[Heard]:
    """Give what one message says, as deciding takes it: its signals, then its faults.

    The receipt's identity names the generation of a key that came back after its window, so that
    a device whose counter restarted opens an alarm of its own and not the old one again.
    """
    packet, receipt = one.arrival.packet, one.receipt
    identity = "/".join(
        (receipt.line, receipt.sender, receipt.key, receipt.digest.hex(), str(generation))
    )
    bare = Heard(
        receipt=identity,
        received_at=packet.received_at,
        sender=packet.sender,
        line=packet.line,
        signal=None,
        known=one.sender is not None,
    )
    items = [replace(bare, signal=signal) for signal in one.arrival.signals]
    if one.arrival.fault is not None:
        items.append(
            replace(
                bare,
                fault=one.arrival.fault,
                detail=one.arrival.problem or "",
                press_shaped=one.arrival.press_shaped,
            )
        )
    if reused:
        items.append(replace(bare, fault="id_reused", detail=REUSED))
    return [replace(item, receipt=f"{identity}/{number}") for number, item in enumerate(items)]


def reports_of(
    new: Sequence[Placed], fresh: Mapping[ReceiptKey, int]
) -> list[tuple[UUID, UUID, Report]]:
    """Give (organisation, person, report) for each message with readings or answers of a person.

    What a sender that proved nothing measures is nobody's.
    """
    found = []
    for one in new:
        sender = one.sender
        if sender is None or sender.person_id is None:
            continue
        if not any(isinstance(said, Measurement | Answers) for said in one.arrival.signals):
            continue
        report = report_of(heard_of(one, generation=fresh[one.receipt.identity]))
        if report is not None:
            found.append((sender.organisation_id, sender.person_id, report))
    return found
