"""The statements of gateway/store/save.py: alarms, referrals, tasks, reasons, audit, outbox."""

from uuid import UUID

from ops.sim.driver.rows import Alarm, Audit, Decision, Outbox, Referral, Task
from ops.sim.driver.session import Answer, Given, Statement
from ops.sim.driver.transaction import Transaction
from ops.sim.driver.values import columns, jsonb, of_one_case, only_once

ALARMS = (
    "ids", "organisations", "subjects", "kinds", "states", "priorities", "whats", "alarm_ats",
    "taken_bys", "taken_ats", "spoke_ats", "closed_ats", "dispositions", "records",
)  # fmt: skip
REFERRALS = (
    "ids", "organisations", "subjects", "alarms", "services", "states", "provisionals",
    "provisionals", "made_ats", "received_ats", "accepted_ats", "face_to_face_ats", "records",
)  # fmt: skip
TASKS = (
    "ids", "organisations", "subjects", "alarms", "referrals", "kinds", "states", "made_ats",
    "due_ats", "records",
)  # fmt: skip
DECISIONS = ("organisations", "subjects", "alarms", "referrals", "ats", "whats", "entries")
AUDITS = ("organisations", "ats", "actors", "acts", "abouts", "digests", "codes")
OUTBOX = (
    "streams", "ordinals", "organisations", "subjects", "whats", "recipients", "referrals",
    "alarms", "bodies",
)  # fmt: skip


async def save_alarms(tx: Transaction, given: Given) -> Answer:
    """Write alarms, closed ones first, so that a next one of the same kind may open."""
    table = tx.tables.alarm
    rows = [Alarm._make((*row, 1)) for row in columns(given, *ALARMS)]
    only_once(given["ids"])
    for row in sorted(rows, key=lambda one: one.state != "closed"):
        jsonb(row.record)
        old = await tx.lock(table, row.id)
        if old is None:
            await tx.insert(table, row.id, row)
        else:
            of_one_case(old.subject_id, row.subject_id)
            new = Alarm(
                *old[:4], row.state, row.priority, row.what, old.alarm_at, row.taken_by,
                row.taken_at, row.spoke_at, row.closed_at, row.disposition, row.record,
                old.revision + 1,
            )  # fmt: skip
            await tx.update(table, row.id, old, new)
    return len(rows)


async def save_referrals(tx: Transaction, given: Given) -> Answer:
    """Write referrals; who made one, and whether by itself, never changes."""
    table = tx.tables.referral
    rows = [Referral._make((*row, 1)) for row in columns(given, *REFERRALS)]
    only_once(given["ids"])
    for row in rows:
        jsonb(row.record)
        old = await tx.lock(table, row.id)
        if old is None:
            await tx.insert(table, row.id, row)
        else:
            of_one_case(old.subject_id, row.subject_id)
            new = Referral(
                *old[:5], row.state, row.provisional, old.automatic, old.made_at, row.received_at,
                row.accepted_at, row.first_face_to_face_at, row.record, old.revision + 1,
            )  # fmt: skip
            await tx.update(table, row.id, old, new)
    return len(rows)


async def save_tasks(tx: Transaction, given: Given) -> Answer:
    """Write tasks."""
    table = tx.tables.task
    rows = [Task._make((*row, 1)) for row in columns(given, *TASKS)]
    only_once(given["ids"])
    for row in rows:
        jsonb(row.record)
        old = await tx.lock(table, row.id)
        if old is None:
            await tx.insert(table, row.id, row)
        else:
            of_one_case(old.subject_id, row.subject_id)
            new = Task(*old[:6], row.state, old.made_at, row.due_at, row.record, old.revision + 1)
            await tx.update(table, row.id, old, new)
    return len(rows)


async def add_decisions(tx: Transaction, given: Given) -> Answer:
    """Add reasons."""
    table = tx.tables.decision
    rows = list(columns(given, *DECISIONS))
    for row in rows:
        jsonb(row[-1])
        number = table.number()
        tx.add(table, number, Decision(number, *row))
    return len(rows)


async def add_audit(tx: Transaction, given: Given) -> Answer:
    """Add audit rows."""
    table = tx.tables.audit
    rows = list(columns(given, *AUDITS))
    for row in rows:
        number = table.number()
        tx.add(table, number, Audit(number, *row))
    return len(rows)


async def add_outbox(tx: Transaction, given: Given) -> Answer:
    """Add messages, numbered after what their streams hold already.

    Raises:
        UniqueViolation: somebody else numbered the same stream meanwhile.
    """
    now, table = given["now"], tx.tables.outbox
    mine = tx.writes.get(table.name, {})
    last: dict[UUID, int] = {}
    new = []
    for stream, ordinal, *rest, body in columns(given, *OUTBOX):
        if stream not in last:
            own = [row.seq for row in mine.values() if row.stream == stream]
            last[stream] = max(own, default=tx.tables.outbox_last.found.get(stream, 0))
        written = (*rest, jsonb(body), "waiting", 0, now, now, None, None, None)
        new.append(Outbox._make((stream, last[stream] + ordinal, *written)))
    for row in new:
        await tx.insert_alone(table, (row.stream, row.seq), row)
    return len(new)


STATEMENTS: dict[str, Statement] = {
    one.__name__: one
    for one in (
        save_alarms, save_referrals, save_tasks, add_decisions, add_audit, add_outbox,
    )
}  # fmt: skip
