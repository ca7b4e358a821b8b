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

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from msgspec.structs import replace

from alerts.events import Heard
from alerts.ruleset import Rules
from alerts.words import SubjectKind
from gateway import casework
from gateway.arrivals import Arrival, Verdict
from gateway.store import cases, messages
from gateway.store.cases import NewSubject
from gateway.store.connect import Connection, Session, row
from gateway.store.messages import Raw, Receipt, Sender
from gateway.store.save import save

NAMESPACE = UUID("6f1e5f4a-0f7b-5c3e-9b1d-1f0a7d2c4e88")
UNKNOWN_CALLERS_PER_LINE = 50
REUSED = "the same id came with other content: a counter restarted, or two devices share it"


@dataclass(frozen=True, slots=True)
class Desk:
    """What deciding and saving need besides the messages: rules, owner of the line, audit key."""

    rules: Rules
    organisation_id: UUID
    audit_key: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """A message with its receipt, its sender and the case it belongs to."""

    arrival: Arrival
    receipt: Receipt
    subject: NewSubject
    sender: Sender | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A device that spoke; the vitals lane writes it down with its next batch."""

    device_id: UUID
    organisation_id: UUID
    name: str
    subject: NewSubject
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: answers to give now, and messages to try again."""

    answers: tuple[tuple[Arrival, Verdict], ...]
    later: tuple[Arrival, ...]
    heard: tuple[Mark, ...] = ()


async def take(session: Session, batch: Sequence[Arrival], desk: Desk, now: datetime) -> Taken:
    """Take a batch of the alarm lane: everything is stored and decided, or nothing was said.

    Raises:
        StoreUnavailable: nothing may be acknowledged; try again.
        StoreBusy: try again.
        BadData: one of the messages holds what the database refuses; halve the batch.
    """
    placed = await _place(session, batch, desk, now)
    async with session.transaction() as connection:
        wanted = sorted({one.subject.id for one in placed})
        locked = await cases.lock_free(connection, wanted)
        ready = [one for one in placed if one.subject.id in locked]
        new, repeats, claims = await _claim(connection, ready, now)
        inputs = _inputs(new, claims)
        subjects = [locked[subject_id] for subject_id in wanted if subject_id in inputs]
        if subjects:
            facts = await cases.read_facts(connection, subjects, now)
            decided = casework.work(subjects, facts, inputs, desk.rules, now)
            await save(connection, decided, now, desk.audit_key)
            await _keep_raw(connection, new)
            await messages.save_verdicts(
                connection, [(one.receipt, {"result": "stored"}) for one in new]
            )
    return Taken(
        answers=tuple(
            [(one.arrival, _stored(one)) for one in new]
            + [(one.arrival, _stored(one, repeat=True)) for one in repeats]
        ),
        later=tuple(one.arrival for one in placed if one.subject.id not in locked),
        heard=tuple(
            Mark(
                one.sender.device_id,
                one.sender.organisation_id,
                one.arrival.packet.sender,
                one.subject,
                one.arrival.packet.received_at,
            )
            for one in new
            if one.sender is not None
        ),
    )


def _stored(one: Placed, *, repeat: bool = False) -> Verdict:
    return Verdict("stored", receipt=one.arrival.packet.key or None, repeat=repeat)


async def _place(
    session: Session, batch: Sequence[Arrival], desk: Desk, now: datetime
) -> list[Placed]:
    """Find senders and cases; rows for new cases are made first, in a statement of their own."""
    pairs = [(one.packet.line, one.packet.sender) for one in batch]
    async with session.plain() as connection:
        known = await messages.senders(connection, pairs, now)
        crowded = await _crowded_lines(connection, batch, known)
        placed = [
            _placed(one, known.get((one.packet.line, one.packet.sender)), desk, crowded)
            for one in batch
        ]
        await cases.add_subjects(connection, [one.subject for one in placed], now)
    return placed


async def _crowded_lines(
    connection: Connection,
    batch: Sequence[Arrival],
    known: dict[tuple[str, str], Sender],
) -> set[str]:
    """Lines with so many unknown callers open that further ones share one case: never dropped."""
    crowded = set()
    for line in {one.packet.line for one in batch if not _proved(one, known)}:
        found = await row(connection, "unknown_callers", line=line)
        if found is not None and found.count >= UNKNOWN_CALLERS_PER_LINE:
            crowded.add(line)
    return crowded


def _proved(arrival: Arrival, known: dict[tuple[str, str], Sender]) -> bool:
    sender = known.get((arrival.packet.line, arrival.packet.sender))
    return arrival.packet.authenticated and sender is not None and sender.usable


def _placed(arrival: Arrival, sender: Sender | None, desk: Desk, crowded: set[str]) -> Placed:
    packet = arrival.packet
    proved = packet.authenticated and sender is not None and sender.usable
    proved = proved and not arrival.isolated
    organisation_id = sender.organisation_id if sender else desk.organisation_id
    if proved and sender is not None:
        subject = subject_of(sender, packet.line, packet.sender)
    else:
        subject = _unknown(packet.line, packet.sender, organisation_id, packet.line in crowded)
    return Placed(
        arrival=arrival,
        receipt=Receipt(
            line=packet.line,
            # What an unproved sender says may never answer for, or stand in the way of, what the
            # real one says: it has receipts of its own.
            sender=packet.sender if proved else f"?{packet.sender}",
            key=arrival.key,
            digest=arrival.digest,
            organisation_id=organisation_id,
            window_s=packet.repeat_window_s,
        ),
        subject=subject,
        sender=sender if proved else None,
    )


def subject_of(sender: Sender, line: str, name: str) -> NewSubject:
    """Give the case an enrolled device's signals belong to: its person's, its place's, its own."""
    if sender.person_id is not None:
        return NewSubject(
            sender.person_id,
            sender.organisation_id,
            SubjectKind.PERSON,
            person_id=sender.person_id,
        )
    if sender.place_id is not None:
        return NewSubject(
            sender.place_id, sender.organisation_id, SubjectKind.PLACE, place_id=sender.place_id
        )
    return _unknown(line, name, sender.organisation_id, crowded=False)


def _unknown(line: str, sender: str, organisation_id: UUID, crowded: bool) -> NewSubject:  # noqa: FBT001
    label = "many unknown senders" if crowded else sender
    return NewSubject(
        uuid5(NAMESPACE, f"unknown/{organisation_id}/{line}/{'*' if crowded else '=' + sender}"),
        organisation_id,
        SubjectKind.UNKNOWN_DEVICE,
        line=line,
        label=label,
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """Which messages are new: each with its generation, and those under a key used before."""

    fresh: dict[messages.ReceiptKey, int]
    reused: set[messages.ReceiptKey]


async def _claim(
    connection: Connection, ready: Sequence[Placed], now: datetime
) -> tuple[list[Placed], list[Placed], Claims]:
    """Tell new messages from repeats; the first of equal ones in the batch is the new one."""
    if not ready:
        return [], [], Claims({}, set())
    first: dict[messages.ReceiptKey, Placed] = {}
    for one in ready:
        first.setdefault(one.receipt.identity, one)
    receipts = [one.receipt for one in first.values()]
    fresh = await messages.claim(connection, receipts, now)
    reused = await messages.reused(connection, [first[key].receipt for key in fresh], now)
    new = [one for key, one in first.items() if key in fresh]
    claimed = {id(one) for one in new}
    repeats = [one for one in ready if id(one) not in claimed]
    return new, repeats, Claims(fresh, reused)


async def _keep_raw(connection: Connection, new: Sequence[Placed]) -> None:
    """Keep evidence: proved senders' for long, others' in the bounded quarantine."""
    proved = [raw(one.arrival, one.receipt) for one in new if one.sender is not None]
    others = [raw(one.arrival, one.receipt) for one in new if one.sender is None]
    if proved:
        await messages.add_packets(connection, proved)
    if others:
        await messages.add_quarantine(connection, others)


def _inputs(new: Sequence[Placed], claims: Claims) -> dict[UUID, casework.Inputs]:
    heard: dict[UUID, list[Heard]] = {}
    for one in new:
        heard.setdefault(one.subject.id, []).extend(heard_of(one, claims))
    return {subject: casework.Inputs(heard=tuple(items)) for subject, items in heard.items()}


def heard_of(one: Placed, claims: Claims) -> list[Heard]:
    """Give what one message says, as deciding takes it: its signals, then its faults.

    The receipt's identity names the generation of a key that came back after its window, so that
    a device whose counter restarted opens an alarm of its own and not the old one again.
    """
    packet, receipt = one.arrival.packet, one.receipt
    generation = claims.fresh[receipt.identity]
    identity = "/".join(
        (receipt.line, receipt.sender, receipt.key, receipt.digest.hex(), str(generation))
    )
    reused = receipt.identity in claims.reused

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


def raw(arrival: Arrival, receipt: Receipt) -> Raw:
    """Give a message as evidence."""
    packet = arrival.packet
    return Raw(
        received_at=packet.received_at,
        organisation_id=receipt.organisation_id,
        line=packet.line,
        sender=packet.sender,
        key=packet.key,
        topic=packet.topic,
        lane=arrival.lane.value,
        authenticated=packet.authenticated,
        body=packet.body,
        problem=arrival.problem,
    )
