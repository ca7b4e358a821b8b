"""Messages that nothing proves, from senders that nobody enrolled (ADR 0004).

On a link without an integrity check noise can look like a call, and a whole neighbourhood's gadgets
are heard. Such a message rings nobody. It is counted, kept in the bounded quarantine, and each
sender is shown once in SHOWN_AGAIN_S as an entry on its line's technical alarm, up to
SHOWN_PER_LINE senders a line: who put a device up and forgot to enrol it finds it there.
"""

from collections.abc import Sequence
from datetime import datetime

from alerts.events import Heard
from gateway import metrics
from gateway.placing import Desk, Placed, raw
from gateway.store import cases, messages
from gateway.store.cases import encode
from gateway.store.connect import Connection, rows
from gateway.store.messages import Receipt
from gateway.supervision import line_subject

SHOWN_PER_LINE = 50
SHOWN_AGAIN_S = 2_592_000
NOBODY = "?not enrolled"
"""The sender under which receipts note who was shown; names of senders never hold a blank first."""
SAYS = "heard by radio, but not enrolled: enrol it if it is ours; until then its calls ring nobody"


def set_apart(placed: Sequence[Placed]) -> tuple[list[Placed], list[Placed]]:
    """Give the messages to go on with, and the strays."""
    return (
        [one for one in placed if not one.is_stray],
        [one for one in placed if one.is_stray],
    )


async def keep(connection: Connection, strays: Sequence[Placed], desk: Desk, now: datetime) -> None:
    """Keep strays as evidence, and show those senders that were not shown before."""
    if not strays:
        return
    await messages.add_quarantine(connection, [raw(one.arrival, one.receipt) for one in strays])
    lines: dict[str, dict[str, Placed]] = {}
    for one in strays:
        packet = one.arrival.packet
        metrics.strays.labels(line=packet.line).inc()
        lines.setdefault(packet.line, {}).setdefault(packet.sender, one)
    for line, senders in sorted(lines.items()):
        await _show(connection, line, senders, desk, now)


async def _show(
    connection: Connection, line: str, senders: dict[str, Placed], desk: Desk, now: datetime
) -> None:
    found = await rows(
        connection, "strays_shown", line=line, sender=NOBODY, now=now, span_s=SHOWN_AGAIN_S
    )
    shown = {one.key for one in found}
    names = [name for name in senders if name not in shown]
    receipts = [
        Receipt(line, NOBODY, name, bytes(32), desk.organisation_id, SHOWN_AGAIN_S)
        for name in names[: max(0, SHOWN_PER_LINE - len(shown))]
    ]
    if not receipts:
        return
    claimed = await messages.claim(connection, receipts, now)
    subject = line_subject(desk.organisation_id, line)
    items = [
        (desk.organisation_id, subject.id, "heard", encode(_heard(senders[key], now)).decode())
        for (_, _, key, _) in sorted(claimed)
    ]
    if items:
        await cases.add_subjects(connection, [subject], now)
        await messages.add_inbox(connection, items, now)


def _heard(one: Placed, now: datetime) -> Heard:
    packet = one.arrival.packet
    return Heard(
        receipt=f"{packet.line}/{NOBODY}/{packet.sender}/{now.isoformat()}",
        received_at=packet.received_at,
        sender=packet.sender,
        line=packet.line,
        signal=None,
        known=False,
        fault="not_enrolled",
        detail=f"{packet.sender}: {SAYS}",
    )
