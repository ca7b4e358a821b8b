"""Placing: whose message is this, and which case does it belong to?

An enrolled sender that proved its name speaks for its person or place. A message about fire, gas,
heat or flood belongs, as a whole, to the place, because it is about everybody there. Whoever did
not prove a name is a case of its own, an unknown caller, with receipts of its own: what an unproved
sender says may never answer for, or stand in the way of, what the real one says.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import Struct

from alerts.ruleset import Rules
from alerts.words import SubjectKind
from devices.model import Lane
from gateway.arrivals import Arrival
from gateway.store import cases, messages
from gateway.store.cases import NewSubject
from gateway.store.connect import Connection, Session, rows
from gateway.store.messages import Raw, Receipt, ReceiptKey, Sender

NAMESPACE = UUID("6f1e5f4a-0f7b-5c3e-9b1d-1f0a7d2c4e88")
UNKNOWN_CALLERS_PER_LINE = 50

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """What deciding and saving need besides the messages: rules, owner of the line, audit key.

    `vitals` says whether vital signs are decided here (the setting vitals_enabled).
    """

    rules: Rules
    organisation_id: UUID
    audit_key: bytes = field(repr=False)
    vitals: bool = False


class Placed(Struct, frozen=True):
    """A message with its receipt, its sender and the case it belongs to.

    `owner` is the sender's own case, where it stands when it falls silent or is back. A stray is a
    message that nothing proves, of a sender nobody enrolled: it has no case (gateway/strays.py).
    """

    arrival: Arrival
    receipt: Receipt
    subject: NewSubject
    owner: NewSubject
    sender: Sender | None
    is_stray: bool = False


async def find(
    connection: Connection, batch: Sequence[Arrival], desk: Desk, now: datetime
) -> list[Placed]:
    """Find senders and cases; a case may have no row yet."""
    pairs = [(one.packet.line, one.packet.sender) for one in batch]
    known = await messages.senders(connection, pairs, now)
    callers = await _open_callers(connection, batch, known)
    owners = {pair: subject_of(sender, *pair) for pair, sender in known.items()}
    return [_placed(one, known, owners, desk, callers) for one in batch]


async def place(
    session: Session, batch: Sequence[Arrival], desk: Desk, now: datetime
) -> list[Placed]:
    """Find senders and cases; rows for new cases are made first, in a statement of their own."""
    async with session.plain() as connection:
        placed = await find(connection, batch, desk, now)
        own = [one for one in placed if not one.is_stray]
        wanted = [one.subject for one in own]
        wanted += [one.owner for one in own if one.owner is not one.subject]
        await cases.add_subjects(connection, wanted, now)
    return placed


async def _open_callers(
    connection: Connection,
    batch: Sequence[Arrival],
    known: dict[Pair, Sender],
) -> dict[str, set[str]]:
    """Give who has an unknown caller's case open, by line, for the lines such messages came on."""
    callers: dict[str, set[str]] = {}
    for line in {one.packet.line for one in batch if one.isolated or not _proved(one, known)}:
        found = await rows(connection, "unknown_callers", line=line)
        callers[line] = {one.label for one in found}
    return callers


def _is_crowded(callers: set[str], name: str) -> bool:
    """Say whether a caller shares one case with others, because so many have one of their own.

    Never dropped; and who has a call open rings that one again.
    """
    if name in callers:
        return False
    if len(callers) >= UNKNOWN_CALLERS_PER_LINE:
        return True
    callers.add(name)
    return False


def _proved(arrival: Arrival, known: dict[Pair, Sender]) -> bool:
    sender = known.get((arrival.packet.line, arrival.packet.sender))
    return arrival.packet.authenticated and sender is not None and sender.usable


def _placed(
    arrival: Arrival,
    known: dict[Pair, Sender],
    owners: dict[Pair, NewSubject],
    desk: Desk,
    callers: dict[str, set[str]],
) -> Placed:
    packet = arrival.packet
    pair = (packet.line, packet.sender)
    sender = known.get(pair)
    proved = packet.authenticated and sender is not None and sender.usable
    proved = proved and not arrival.isolated
    is_stray = sender is None and not packet.integrity
    organisation_id = sender.organisation_id if sender else desk.organisation_id
    if proved and sender is not None:
        owner = subject = owners[pair]
        if arrival.lane is Lane.ALARM and desk.rules.is_life_safety(arrival.signals):
            subject = _place_of(sender) or owner
    else:
        crowded = not is_stray and _is_crowded(callers[packet.line], packet.sender)
        owner = _unknown(packet.line, packet.sender, organisation_id, crowded)
        subject = owner
    return Placed(
        arrival=arrival,
        receipt=Receipt(
            line=packet.line,
            # What an unproved sender says may never answer for, or stand in the way of, what the
            # real one says: it has receipts of its own. And two units may come with one factory
            # name and a counter that starts alike: the address tells them apart.
            sender=packet.sender if proved else f"?{packet.sender}@{packet.peer or ''}",
            key=arrival.key,
            digest=arrival.digest,
            organisation_id=organisation_id,
            window_s=packet.repeat_window_s,
        ),
        subject=subject,
        owner=owner,
        sender=sender if proved else None,
        is_stray=is_stray,
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
    place = _place_of(sender)
    return place or _unknown(line, name, sender.organisation_id, crowded=False)


def _place_of(sender: Sender) -> NewSubject | None:
    """Give the case of the place where the device hangs, else of the one where its person lives."""
    place_id = sender.place_id or sender.home_id
    if place_id is None:
        return None
    return NewSubject(place_id, sender.organisation_id, SubjectKind.PLACE, place_id=place_id)


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
        lane=arrival.lane._value_,  # `.value` is a slow property
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
    if len(new) == len(ready):
        return new, [], fresh
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
