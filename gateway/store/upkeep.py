"""Upkeep: partitions ahead, retention and old receipts once an hour, unproved evidence more often.

A row in a DEFAULT partition means that a partition was missing: a technical alarm, not a log line.
"""

from datetime import datetime, timedelta

from gateway import metrics
from gateway.access import guessing, logins
from gateway.context import Context
from gateway.store.connect import Session, row, rows, run
from gateway.store.migrate import drop_old_partitions, ensure_partitions
from gateway.supervision import report_fault

RECEIPTS_KEPT_DAYS = 60
DRAFTS_KEPT_DAYS = 30
AT_ONCE = 20_000
ROUNDS = 500
RETENTION_DAYS = 2_922  # eight years; adult care records, to be confirmed by the records policy


async def tidy(session: Session, context: Context) -> int:
    """Do the hour's upkeep; give 0, since it is never at once due again.

    Raises:
        StoreError: as the database says; the next round does it again.
    """
    now = context.clock.now()
    if context.storage == "native":
        await ensure_partitions(session, now)
        await drop_old_partitions(session, now, RETENTION_DAYS)
        async with session.plain() as connection:
            found = await row(connection, "default_rows")
        if found is not None and (found.packets or found.measurements):
            await report_fault(
                session,
                context.desk,
                "default_partition",
                f"{found.packets} packets and {found.measurements} measurements have no partition",
                now,
            )
    await drop_receipts(session, now)
    async with session.transaction() as connection:
        await logins.forget_old(connection, now)
        await guessing.forget_old(connection, now)
        await run(connection, "desk_trim_drafts", before=now - timedelta(days=DRAFTS_KEPT_DAYS))
    return 0


async def drop_receipts(session: Session, now: datetime, *, at_once: int = AT_ONCE) -> int:
    """Drop receipts older than every repeat window, so many at once; give how many went.

    Raises:
        StoreError: what went so far is gone.
    """
    dropped = 0
    for _ in range(ROUNDS):
        async with session.transaction() as connection:
            count = await run(
                connection, "drop_receipts", now=now, days=RECEIPTS_KEPT_DAYS, limit=at_once
            )
        dropped += count
        if count < at_once:
            break
    return dropped


async def trim_evidence(session: Session, quarantine_mib: int) -> int:
    """Drop the oldest unproved evidence above each line's bound; give 0, as `tidy`.

    Raises:
        StoreError: nothing was dropped.
    """
    async with session.transaction() as connection:
        bound_bytes = quarantine_mib * 1_048_576
        for one in await rows(connection, "trim_quarantine", bound_bytes=bound_bytes):
            metrics.quarantined.labels(line=one.line).inc()
    return 0
