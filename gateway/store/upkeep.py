"""Upkeep once an hour: partitions ahead, retention, bounded quarantine, old receipts.

A row in a DEFAULT partition means that a partition was missing: a technical alarm, not a log line.
"""

from gateway import metrics
from gateway.context import Context
from gateway.store.connect import Session, row, rows, run
from gateway.store.migrate import drop_old_partitions, ensure_partitions
from gateway.supervision import report_fault

RECEIPTS_KEPT_DAYS = 60
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
    async with session.transaction() as connection:
        await run(connection, "drop_receipts", now=now, days=RECEIPTS_KEPT_DAYS)
        bound_bytes = context.settings.quarantine_mib * 1_048_576
        for one in await rows(connection, "trim_quarantine", bound_bytes=bound_bytes):
            metrics.quarantined.labels(line=one.line).inc()
    return 0
