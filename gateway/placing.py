"""Placing: whose message is this, and which case does it belong to?

An enrolled sender that proved its name speaks for its person or place. Whoever did not is a case
of its own, an unknown caller, with receipts of its own: what an unproved sender says may never
answer for, or stand in the way of, what the real one says.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from alerts.ruleset import Rules
from alerts.words import SubjectKind
from gateway.arrivals import Arrival
from gateway.store import cases, messages
from gateway.store.cases import NewSubject
from gateway.store.connect import Connection, Session, row
from gateway.store.messages import Raw, Receipt, ReceiptKey, Sender

NAMESPACE = UUID("6f1e5f4a-0f7b-5c3e-9b1d-1f0a7d2c4e88")
UNKNOWN_CALLERS_PER_LINE = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """What deciding and saving need besides the messages: rules, owner of the line, audit key."""

    rules: Rules
    organisation_id: UUID
    audit_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Placed:
    """A message with its receipt, its sender and the case it belongs to."""

    arrival: Arrival
    receipt: Receipt
    subject: NewSubject
    sender: Sender | None


async def place(
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


async def tell_repeats(
    connection: Connection, ready: Sequence[Placed], now: datetime
) -> tuple[list[Placed], list[Placed], dict[ReceiptKey, int]]:
    """Tell new messages from repeats; the first of equal ones in the batch is the new one.

    Returns:
        The new messages, the repeats, and the generation of each new message's receipt.
    """
    if not ready:
        return [], [], {}
    first: dict[ReceiptKey, Placed] = {}
    for one in ready:
        first.setdefault(one.receipt.identity, one)
    fresh = await messages.claim(connection, [one.receipt for one in first.values()], now)
    new = [one for key, one in first.items() if key in fresh]
    claimed = {id(one) for one in new}
    return new, [one for one in ready if id(one) not in claimed], fresh


async def keep_raw(
    connection: Connection, new: Sequence[Placed], keep: Callable[..., Awaitable[None]]
) -> None:
    """Keep evidence: proved senders' for long by `keep`, others' in the bounded quarantine."""
    proved = [raw(one.arrival, one.receipt) for one in new if one.sender is not None]
    others = [raw(one.arrival, one.receipt) for one in new if one.sender is None]
    if proved:
        await keep(connection, proved)
    if others:
        await messages.add_quarantine(connection, others)
