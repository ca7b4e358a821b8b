"""The statements about devices: whose they are, when they were heard, who has fallen silent."""

import asyncio
from collections import namedtuple
from operator import attrgetter, itemgetter

from psycopg import errors

from ops.sim.driver.rows import Device, Inbox
from ops.sim.driver.rows_messages import DeviceHeard, Reception
from ops.sim.driver.session import Answer, Given, Statement
from ops.sim.driver.transaction import Transaction
from ops.sim.driver.values import columns, jsonb, only_once, span

Sender = namedtuple(  # noqa: PYI024 - a query's row
    "Sender",
    "line sender device_id organisation_id person_id place_id home_id interval_s enabled expired",
)
Line = namedtuple("Line", "line")  # noqa: PYI024 - as above
Heard = namedtuple("Heard", "device_id conditions lost_at")  # noqa: PYI024 - as above
Lost = namedtuple(  # noqa: PYI024 - as above
    "Lost", "id organisation_id sender line person_id place_id interval_s silent_since"
)
LostLately = namedtuple("LostLately", "organisation_id line count")  # noqa: PYI024 - as above
DeviceId = namedtuple("DeviceId", "device_id")  # noqa: PYI024 - as above
SubjectId = namedtuple("SubjectId", "subject_id")  # noqa: PYI024 - as above
Item = namedtuple("Item", "id subject_id what body")  # noqa: PYI024 - as above
Ended = namedtuple("Ended", "pid pg_terminate_backend")  # noqa: PYI024 - as above
Now = namedtuple("Now", "clock_timestamp")  # noqa: PYI024 - as above
OURS = "lifeline"
first = itemgetter(0)


def _device_named(tx: Transaction, line: str, sender: str) -> Device | None:
    table = tx.tables.device
    mine = tx.writes.get(table.name, {})
    for row in mine.values():
        if (row.line, row.sender) == (line, sender):
            return row  # type: ignore[no-any-return]  # the overlay of one table
    key = tx.tables.device_name.found.get((line, sender))
    return table[key] if key is not None and key not in mine else None


async def senders(tx: Transaction, given: Given) -> Answer:
    """Give who (line, sender) pairs are."""
    found = []
    for line, sender in columns(given, "lines", "senders"):
        device = _device_named(tx, line, sender)
        if device is None:
            continue
        wearer = tx.row(tx.tables.person, device.person_id)
        expired = device.expires_at is not None and device.expires_at <= given["now"]
        home_id = wearer.place_id if wearer is not None else None
        one = Sender(
            line, sender, device.id, device.organisation_id, device.person_id, device.place_id,
            home_id, device.interval_s, device.enabled, expired,
        )  # fmt: skip
        found.append(one)
    return found


async def device_lines(tx: Transaction, given: Given) -> Answer:
    """Give the lines of a case's devices of one name."""
    tables = tx.tables
    case = tx.row(tables.subject, given["subject"])
    if case is None:
        return []
    found = []
    for device in tx.all(tables.device):
        if device.sender != given["sender"] or not device.enabled:
            continue
        wearer = tx.row(tables.person, device.person_id)
        homes = (device.place_id, wearer.place_id if wearer is not None else None)
        is_worn = device.person_id is not None and device.person_id == case.person_id
        if is_worn or (case.place_id is not None and case.place_id in homes):
            found.append(Line(device.line))
    return found


async def heard_before(tx: Transaction, given: Given) -> Answer:
    """Lock and give what is known of devices, in id order."""
    table = tx.tables.device_heard
    there = [key for key in sorted(dict.fromkeys(given["ids"])) if tx.row(table, key) is not None]
    found = []
    for key in there:
        row = await tx.lock(table, key)
        if row is not None:
            found.append(Heard(row.device_id, row.conditions, row.lost_at))
    return found


async def heard(tx: Transaction, given: Given) -> Answer:
    """Note that devices spoke, in id order."""
    table = tx.tables.device_heard
    only_once(given["ids"])
    for key, organisation, at in sorted(columns(given, "ids", "organisations", "ats"), key=first):
        row = await tx.lock(table, key)
        if row is None:
            await tx.insert(table, key, DeviceHeard(key, organisation, at, [], None))
        else:
            tx.put(table, key, row._replace(heard_at=max(row.heard_at, at), lost_at=None))
    return len(given["ids"])


async def save_conditions(tx: Transaction, given: Given) -> Answer:
    """Write the conditions of devices that have been heard."""
    table, count = tx.tables.device_heard, 0
    rows = [(key, joined) for key, joined in columns(given, "ids", "conditions")]
    for key, joined in [one for one in rows if tx.row(table, one[0]) is not None]:
        row = await tx.lock(table, key)
        if row is not None:
            conditions = [one for one in joined.split(",") if one]
            tx.put(table, key, row._replace(conditions=conditions))
            count += 1
    return count


async def receiving(tx: Transaction, given: Given) -> Answer:
    """Note that a line is received; after a gap it counts from now."""
    now, table, line = given["now"], tx.tables.reception, given["line"]
    row = await tx.lock(table, line)
    if row is None:
        await tx.insert(table, line, Reception(line, now, now))
    else:
        since = now if row.alive_at < now - span(given["gap_s"]) else row.since
        tx.put(table, line, Reception(line, since, max(row.alive_at, now)))
    return 1


async def lost_devices(tx: Transaction, given: Given) -> Answer:
    """Give devices that are silent for twice their interval on a line that is received."""
    now, tables = given["now"], tx.tables
    alive = now - span(given["gap_s"])
    found = []
    for device in tx.all(tables.device):
        reception = tx.row(tables.reception, device.line)
        if reception is None or reception.alive_at < alive:
            continue
        if not device.enabled or device.interval_s is None:
            continue
        known = tx.row(tables.device_heard, device.id)
        since = reception.since if known is None else max(known.heard_at, reception.since)
        if known is not None and known.lost_at is not None:
            continue
        if since < now - 2 * span(device.interval_s):
            one = Lost(
                device.id, device.organisation_id, device.sender, device.line, device.person_id,
                device.place_id, device.interval_s, since,
            )  # fmt: skip
            found.append(one)
    return sorted(found, key=first)[: given["limit"]]


async def lost_lately(tx: Transaction, given: Given) -> Answer:
    """Count the lost devices of each line within a span."""
    since = given["now"] - span(given["span_s"])
    counts: dict[tuple[object, str], int] = {}
    for row in tx.all(tx.tables.device_heard):
        device = tx.row(tx.tables.device, row.device_id)
        if device is not None and row.lost_at is not None and row.lost_at > since:
            name = (device.organisation_id, device.line)
            counts[name] = counts.get(name, 0) + 1
    return [LostLately(*name, count) for name, count in counts.items()]


async def mark_lost(tx: Transaction, given: Given) -> Answer:
    """Note which devices are lost, unless somebody did or they spoke meanwhile."""
    now, table = given["now"], tx.tables.device_heard
    only_once(given["ids"])
    noted = []
    rows = columns(given, "ids", "organisations", "sinces")
    for key, organisation, since in sorted(rows, key=first):
        row = await tx.lock(table, key)
        if row is None:
            await tx.insert(table, key, DeviceHeard(key, organisation, since, [], now))
        elif row.lost_at is None and row.heard_at <= since:
            tx.put(table, key, row._replace(lost_at=now))
        else:
            continue
        noted.append(DeviceId(key))
    return noted


async def add_inbox(tx: Transaction, given: Given) -> Answer:
    """Hand something to the alarm lane."""
    table = tx.tables.inbox
    rows = list(columns(given, "organisations", "subjects", "whats", "bodies"))
    for organisation, subject, what, body in rows:
        number = table.number()
        row = Inbox(number, organisation, subject, what, jsonb(body), given["now"], None)
        tx.add(table, number, row)
    return len(rows)


async def inbox_subjects(tx: Transaction, given: Given) -> Answer:
    """Give the subjects that have something in the inbox, oldest first."""
    oldest: dict[object, int] = {}
    for row in tx.all(tx.tables.inbox):
        if row.held_until is None or row.held_until <= given["now"]:
            oldest[row.subject_id] = min(row.id, oldest.get(row.subject_id, row.id))
    ordered = sorted(oldest, key=lambda subject: oldest[subject])
    return [SubjectId(subject) for subject in ordered[: given["limit"]]]


async def take_inbox(tx: Transaction, given: Given) -> Answer:
    """Take what the inbox holds for subjects."""
    table = tx.tables.inbox
    wanted = dict.fromkeys(given["ids"])
    taken = []
    for row in [one for one in tx.all(table) if one.subject_id in wanted]:
        newest = await tx.lock(table, row.id)
        if newest is not None:
            tx.put(table, row.id, None)
            taken.append(Item(newest.id, newest.subject_id, newest.what, newest.body))
    return taken


async def hold_subject(tx: Transaction, given: Given) -> Answer:
    """Put off a case and what the inbox holds for it."""
    subjects, inbox, key = tx.tables.subject, tx.tables.inbox, given["id"]
    items = [one for one in tx.all(inbox) if one.subject_id == key]
    count, row = 0, tx.row(subjects, key)
    if row is not None and row.next_due_at is not None:
        row = await tx.lock(subjects, key)
        if row is not None and row.next_due_at is not None:
            tx.put(subjects, key, row._replace(next_due_at=given["until"]))
            count = 1
    for item in items:
        newest = await tx.lock(inbox, item.id)
        if newest is not None:
            tx.put(inbox, item.id, newest._replace(held_until=given["until"]))
    return count


async def frozen_sessions(tx: Transaction, given: Given) -> Answer:
    """End sessions in a transaction that are silent, or block another, for too long."""
    sessions = tx.session.instance.sessions
    before_s = asyncio.get_running_loop().time() - given["bound_s"]
    blocking = {
        blocker.pid: None
        for one in sessions.values()
        if one.transaction is not None and one.changed_s < before_s
        if (blocker := one.transaction.blocker) is not None
    }
    stuck = [
        one
        for one in sessions.values()
        if one is not tx.session and one.transaction is not None
        if one.application_name.startswith(OURS) and one.changed_s < before_s
        if not one.active or one.pid in blocking
    ]
    for one in sorted(stuck, key=attrgetter("pid")):
        one.end(errors.AdminShutdown, "terminating connection due to administrator command")
    return [Ended(one.pid, True) for one in stuck]


async def server_time(tx: Transaction, given: Given) -> Answer:
    """Give the server's clock."""
    del given
    return [Now(tx.session.instance.now())]


STATEMENTS: dict[str, Statement] = {
    one.__name__: one
    for one in (
        senders, device_lines, heard_before, heard, save_conditions, receiving, lost_devices,
        lost_lately, mark_lost, add_inbox, inbox_subjects, take_inbox, hold_subject,
        frozen_sessions, server_time,
    )
}  # fmt: skip
