"""What senders said, in the database: receipts, raw packets, measurements, heard marks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import msgspec

from gateway.store import copying
from gateway.store.cases import encode
from gateway.store.connect import Connection, Row, rows, run
from gateway.store.queries import query

ReceiptKey = tuple[str, str, str, bytes]


class Sender(msgspec.Struct, frozen=True, gc=False):
    """An enrolled device behind a (line, sender) pair; `home_id` is where its person lives."""

    device_id: UUID
    organisation_id: UUID
    person_id: UUID | None
    place_id: UUID | None
    usable: bool
    home_id: UUID | None = None


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The identity of one message: `key` is never empty; `window_s` bounds what is a repeat."""

    line: str
    sender: str
    key: str
    digest: bytes
    organisation_id: UUID
    window_s: int

    @property
    def identity(self) -> ReceiptKey:
        """Give the primary key."""
        return (self.line, self.sender, self.key, self.digest)


class Raw(msgspec.Struct, frozen=True, gc=False):
    """A message as evidence."""

    received_at: datetime
    organisation_id: UUID
    line: str
    sender: str
    key: str
    topic: str | None
    lane: str
    authenticated: bool
    body: bytes
    problem: str | None


async def senders(
    connection: Connection, pairs: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], Sender]:
    """Say who these (line, sender) pairs are; unknown ones are absent."""
    unique = sorted(set(pairs))
    found = await rows(
        connection,
        "senders",
        lines=[line for line, _ in unique],
        senders=[sender for _, sender in unique],
        now=now,
    )
    return {
        (one.line, one.sender): Sender(
            device_id=one.device_id,
            organisation_id=one.organisation_id,
            person_id=one.person_id,
            place_id=one.place_id,
            usable=one.enabled and not one.expired,
            home_id=one.home_id,
        )
        for one in found
    }


def _columns(receipts: Sequence[Receipt]) -> dict[str, object]:
    return {
        "lines": [one.line for one in receipts],
        "senders": [one.sender for one in receipts],
        "keys": [one.key for one in receipts],
        "digests": [one.digest for one in receipts],
    }


async def claim(
    connection: Connection, receipts: Sequence[Receipt], now: datetime
) -> dict[ReceiptKey, int]:
    """Mark messages as heard; give the generation of each that nobody said before.

    `receipts` holds no identity twice: equal ones of a batch are folded by the caller.
    """
    windows = [one.window_s for one in receipts]
    found = await rows(
        connection,
        "claim_receipts",
        **_columns(receipts),
        organisations=[one.organisation_id for one in receipts],
        windows=windows,
        now=now,
    )
    return {(one.line, one.sender, one.key, one.digest): one.generation for one in found}


async def reused(
    connection: Connection, receipts: Sequence[Receipt], now: datetime
) -> set[ReceiptKey]:
    """Give those whose key the same sender used for other content within the window."""
    found = await rows(
        connection,
        "other_content",
        **_columns(receipts),
        windows=[one.window_s for one in receipts],
        now=now,
    )
    return {(one.line, one.sender, one.key, one.digest) for one in found}


async def verdicts(
    connection: Connection, receipts: Sequence[Receipt]
) -> dict[ReceiptKey, str | None]:
    """Give the JSON answers that were stored with messages heard before."""
    found = await rows(connection, "stored_verdicts", **_columns(receipts))
    return {(one.line, one.sender, one.key, one.digest): one.verdict for one in found}


async def save_verdicts(
    connection: Connection, answers: Sequence[tuple[Receipt, dict[str, str]]]
) -> None:
    """Keep the answers with their receipts."""
    await run(
        connection,
        "save_verdicts",
        **_columns([receipt for receipt, _ in answers]),
        verdicts=[encode(answer).decode() for _, answer in answers],
    )


async def add_packets(connection: Connection, packets: Sequence[Raw]) -> None:
    """Keep raw messages of the alarm lane."""
    await run(
        connection,
        "add_packets",
        received=[one.received_at for one in packets],
        organisations=[one.organisation_id for one in packets],
        lines=[one.line for one in packets],
        senders=[one.sender for one in packets],
        keys=[one.key for one in packets],
        topics=[one.topic for one in packets],
        lanes=[one.lane for one in packets],
        authenticated=[one.authenticated for one in packets],
        bodies=[one.body for one in packets],
        problems=[one.problem for one in packets],
    )


RAW_TYPES = ("timestamptz", "uuid", "text", "text", "text", "text", "text", "bool", "bytea", "text")
MEASUREMENT_COLUMNS = (
    "ats", "organisations", "persons", "devices", "codes", "numbers", "words", "qualities",
    "sources", "device_ats", "received",
)  # fmt: skip
MEASUREMENT_TYPES = (
    "timestamptz", "uuid", "uuid", "uuid", "text", "float8", "text", "text", "text",
    "timestamptz", "timestamptz",
)  # fmt: skip


async def copy_packets(connection: Connection, packets: Sequence[Raw]) -> None:
    """Keep raw messages of the vitals lane, in bulk."""
    rows = [
        copying.row(
            copying.moment(one.received_at),
            copying.uuid(one.organisation_id),
            copying.text(one.line),
            copying.text(one.sender),
            copying.text(one.key),
            copying.text(one.topic),
            copying.text(one.lane),
            copying.TRUE if one.authenticated else copying.FALSE,
            copying.binary(one.body),
            copying.text(one.problem),
        )
        for one in packets
    ]
    await _copy(connection, "copy_packets", RAW_TYPES, rows)


async def copy_measurements(connection: Connection, packed: Sequence[bytes]) -> None:
    """Store vital signs in bulk; rows as `gateway.readings.packed` makes them."""
    await _copy(connection, "copy_measurements", MEASUREMENT_TYPES, packed)


async def _copy(
    connection: Connection, name: str, types: Sequence[str], packed: Sequence[bytes]
) -> None:
    async with connection.cursor().copy(query(name)) as copy:
        copy.set_types(types)
        await copy.write(copying.stream(packed))


async def add_measurements(connection: Connection, given: Sequence[tuple[object, ...]]) -> None:
    """Store the few readings of the alarm lane, which copies nothing while it holds a lock."""
    columns = [list(column) for column in zip(*given, strict=True)]
    await run(
        connection,
        "add_measurements",
        **dict(zip(MEASUREMENT_COLUMNS, columns, strict=True)),
    )


async def add_quarantine(connection: Connection, packets: Sequence[Raw]) -> None:
    """Keep evidence from senders that proved nothing, apart and bounded."""
    await run(
        connection,
        "add_quarantine",
        organisations=[one.organisation_id for one in packets],
        lines=[one.line for one in packets],
        senders=[one.sender for one in packets],
        received=[one.received_at for one in packets],
        bodies=[one.body for one in packets],
        problems=[one.problem for one in packets],
    )


_int_of = attrgetter("int")  # orders ids as they order themselves, faster


async def known_before(connection: Connection, devices: Iterable[UUID]) -> dict[UUID, Row]:
    """Lock the heard marks of devices in id order; give their `conditions` and `lost_at`."""
    found = await rows(connection, "heard_before", ids=sorted(devices, key=_int_of))
    return {one.device_id: one for one in found}


async def heard(connection: Connection, marks: Sequence[tuple[UUID, UUID, datetime]]) -> None:
    """Note that devices spoke: (device, organisation, at), one row a device; in id order."""
    ordered = sorted(marks, key=lambda mark: mark[0].int)
    await run(
        connection,
        "heard",
        ids=[device for device, _, _ in ordered],
        organisations=[organisation for _, organisation, _ in ordered],
        ats=[at for _, _, at in ordered],
    )


async def save_conditions(connection: Connection, given: dict[UUID, frozenset[str]]) -> None:
    """Keep which technical conditions devices are in."""
    await run(
        connection,
        "save_conditions",
        ids=list(given),
        conditions=[",".join(sorted(conditions)) for conditions in given.values()],
    )


async def add_inbox(
    connection: Connection, items: Sequence[tuple[UUID, UUID, str, str]], now: datetime
) -> None:
    """Hand items to the alarm lane: (organisation, subject, what, JSON body)."""
    await run(
        connection,
        "add_inbox",
        organisations=[organisation for organisation, _, _, _ in items],
        subjects=[subject for _, subject, _, _ in items],
        whats=[what for _, _, what, _ in items],
        bodies=[body for _, _, _, body in items],
        now=now,
    )
