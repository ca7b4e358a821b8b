"""The statements of gateway/store/messages.py and gateway/strays.py about messages."""

from collections import namedtuple
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, TypeVar

from psycopg import errors

from ops.sim.driver.copied import unpack
from ops.sim.driver.rows_messages import Measurement, Packet, Quarantine, Receipt
from ops.sim.driver.session import Answer, Given, Statement
from ops.sim.driver.tables import Table
from ops.sim.driver.transaction import Transaction
from ops.sim.driver.values import columns, jsonb, span

Claimed = namedtuple("Claimed", "line sender key digest generation")  # noqa: PYI024 - a query's row
Identity = namedtuple("Identity", "line sender key digest")  # noqa: PYI024 - as above
Verdict = namedtuple("Verdict", "line sender key digest verdict")  # noqa: PYI024 - as above
Key = namedtuple("Key", "key")  # noqa: PYI024 - as above
R = TypeVar("R")
IDENTITY = ("lines", "senders", "keys", "digests")
identity_of = itemgetter(0, 1, 2, 3)


async def claim_receipts(tx: Transaction, given: Given) -> Answer:
    """Insert each receipt, or renew it when its window is over; in order of identity."""
    now, table = given["now"], tx.tables.receipt
    claimed: list[Claimed] = []
    written: set[tuple[str, str, str, bytes]] = set()
    rows = columns(given, *IDENTITY, "organisations", "windows")
    for line, sender, key, digest, organisation, window_s in sorted(rows, key=identity_of):
        identity = (line, sender, key, digest)
        old = await tx.lock(table, identity)
        generation = 1 if old is None else old.generation + 1
        if old is not None and identity in written:
            raise errors.CardinalityViolation("cannot affect row a second time")
        if old is not None and old.seen_at >= now - span(window_s):
            continue
        owner = organisation if old is None else old.organisation_id
        row = Receipt(line, sender, key, digest, owner, now, generation, None)
        tx.put(table, identity, row)
        written.add(identity)
        claimed.append(Claimed(line, sender, key, digest, generation))
    return claimed


async def other_content(tx: Transaction, given: Given) -> Answer:
    """Find the same key of the same sender with another digest, within the window."""
    now, table, index = given["now"], tx.tables.receipt, tx.tables.receipt_key
    own: dict[tuple[str, str, str], list[Receipt]] = {}
    mine = tx.writes.get(table.name, {})
    for row in mine.values():
        own.setdefault((row.line, row.sender, row.key), []).append(row)
    found = []
    for line, sender, key, digest, window_s in columns(given, *IDENTITY, "windows"):
        name = (line, sender, key)
        since = now - span(window_s)
        same = [table[one] for one in index.found.get(name, ()) if one not in mine]
        same += own.get(name, ())
        if key != "" and any(row.digest != digest and row.seen_at >= since for row in same):
            found.append(Identity(line, sender, key, digest))
    return found


async def stored_verdicts(tx: Transaction, given: Given) -> Answer:
    """Give the verdicts of receipts that exist."""
    found = []
    for identity in columns(given, *IDENTITY):
        row = tx.row(tx.tables.receipt, identity)
        if row is not None:
            found.append(Verdict._make((*identity, row.verdict)))
    return found


async def save_verdicts(tx: Transaction, given: Given) -> Answer:
    """Write the verdicts of receipts that exist."""
    table, count = tx.tables.receipt, 0
    rows = [(row[:4], jsonb(row[4])) for row in columns(given, *IDENTITY, "verdicts")]
    there = [(identity, verdict) for identity, verdict in rows if tx.row(table, identity)]
    for identity, verdict in there:
        row = await tx.lock(table, identity)
        if row is not None:
            tx.put(table, identity, Receipt(*row[:7], verdict))
            count += 1
    return count


PACKETS = (
    "received", "organisations", "lines", "senders", "keys", "topics", "lanes", "authenticated",
    "bodies", "problems",
)  # fmt: skip
MEASUREMENTS = (
    "ats", "organisations", "persons", "devices", "codes", "numbers", "words", "qualities",
    "sources", "device_ats", "received",
)  # fmt: skip


async def add_packets(tx: Transaction, given: Given) -> Answer:
    """Add raw messages."""
    return _add_all(tx, tx.tables.packet, Packet, columns(given, *PACKETS))


async def copy_packets(tx: Transaction, given: Given) -> Answer:
    """Add raw messages, in bulk."""
    return _add_all(tx, tx.tables.packet, Packet, _copied(given))


async def add_measurements(tx: Transaction, given: Given) -> Answer:
    """Add vital signs."""
    return _add_all(tx, tx.tables.measurement, Measurement, columns(given, *MEASUREMENTS))


async def copy_measurements(tx: Transaction, given: Given) -> Answer:
    """Add vital signs, in bulk."""
    return _add_all(tx, tx.tables.measurement, Measurement, _copied(given))


def _copied(given: Given) -> Iterable[tuple[Any, ...]]:
    return unpack(given["packed"], given["types"]) if given["packed"] else given["rows"]


def _add_all(
    tx: Transaction, table: Table[R], kind: type[R], rows: Iterable[tuple[Any, ...]]
) -> int:
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last one is the answer
        tx.add(table, table.number(), kind(*row))
    return count


async def add_quarantine(tx: Transaction, given: Given) -> Answer:
    """Add evidence from senders that proved nothing."""
    table = tx.tables.quarantine
    rows = list(
        columns(given, "organisations", "lines", "senders", "received", "bodies", "problems")
    )
    for row in rows:
        number = table.number()
        tx.add(table, number, Quarantine(number, *row))
    return len(rows)


async def strays_shown(tx: Transaction, given: Given) -> Answer:
    """Give the keys of receipts of one sender since a while."""
    since = given["now"] - span(given["span_s"])
    name = (given["line"], given["sender"])
    rows = tx.find(tx.tables.receipt, tx.tables.receipt_sender, name)
    return [Key(row.key) for row in rows if row.seen_at > since]


STATEMENTS: dict[str, Statement] = {
    one.__name__: one
    for one in (
        claim_receipts, other_content, stored_verdicts, save_verdicts, add_packets, copy_packets,
        add_measurements, copy_measurements, add_quarantine, strays_shown,
    )
}  # fmt: skip
