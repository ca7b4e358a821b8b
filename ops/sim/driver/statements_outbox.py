"""The statements of gateway/store/outbox.py and of the built-in desk, and notifications."""

from collections import namedtuple
from collections.abc import Callable
from uuid import UUID

import msgspec

from ops.sim.driver.rows import DeskDelivery, Outbox
from ops.sim.driver.session import Answer, Given, Statement
from ops.sim.driver.transaction import Transaction
from ops.sim.driver.values import NotSimulated, jsonb, span

Message = namedtuple(  # noqa: PYI024 - a query's row
    "Message",
    "stream seq organisation_id subject_id what recipient referral_id alarm_id body attempt"
    " made_at",
)
ReceivedAt = namedtuple("ReceivedAt", "received_at")  # noqa: PYI024 - as above
Notified = namedtuple("Notified", "pg_notify")  # noqa: PYI024 - as above
NOTIFY = "select pg_notify("


async def claim_outbox(tx: Transaction, given: Given) -> Answer:
    """Lease the heads of streams whose time has come: referrals first, then oldest."""
    now, table = given["now"], tx.tables.outbox
    heads: dict[UUID, Outbox] = {}
    for row in tx.find(table, tx.tables.outbox_waiting, True):
        known = heads.get(row.stream)
        if known is None or row.seq < known.seq:
            heads[row.stream] = row
    ready = [
        row
        for row in heads.values()
        if row.try_at <= now and (row.lease_until is None or row.lease_until <= now)
    ]
    ready.sort(key=lambda row: (not row.what.startswith("referral"), row.made_at))
    claimed: list[Message] = []
    for row in ready:
        if len(claimed) == given["limit"]:
            break
        if not tx.lock_free(table, (row.stream, row.seq)):
            continue
        lease_until = now + span(given["lease_s"])
        new = row._replace(lease_until=lease_until, attempt=row.attempt + 1)
        tx.put(table, (row.stream, row.seq), new)
        claimed.append(Message(*new[:9], new.attempt, new.made_at))
    return claimed


async def end_outbox(tx: Transaction, given: Given) -> Answer:
    """End a message, if this attempt still holds it."""
    return await _fenced(
        tx,
        given,
        lambda row: row._replace(
            state=given["state"], ended_at=given["now"], lease_until=None, problem=given["problem"]
        ),
    )


async def retry_outbox(tx: Transaction, given: Given) -> Answer:
    """Give a message back, if this attempt still holds it."""
    return await _fenced(
        tx,
        given,
        lambda row: row._replace(
            try_at=given["try_at"], lease_until=None, problem=given["problem"]
        ),
    )


async def _fenced(tx: Transaction, given: Given, change: Callable[[Outbox], Outbox]) -> int:
    table, key = tx.tables.outbox, (given["stream"], given["seq"])

    def holds(row: Outbox | None) -> bool:
        return row is not None and row.attempt == given["attempt"] and row.state == "waiting"

    if not holds(tx.row(table, key)):
        return 0
    row = await tx.lock(table, key)
    if row is None or not holds(row):
        return 0
    tx.put(table, key, change(row))
    return 1


async def desk_deliver(tx: Transaction, given: Given) -> Answer:
    """Hand over a referral, or count that it came again."""
    table, key = tx.tables.desk_delivery, given["referral_id"]
    body = jsonb(given["body"])
    row = await tx.lock(table, key)
    if row is None:
        row = DeskDelivery(
            key, given["organisation_id"], given["service_id"], given["now"], 1, None, body
        )
        await tx.insert(table, key, row)
    else:
        tx.put(table, key, row._replace(deliveries=row.deliveries + 1))
    return [ReceivedAt(row.received_at)]


async def desk_update(tx: Transaction, given: Given) -> Answer:
    """Change what was handed over."""
    table, key = tx.tables.desk_delivery, given["referral_id"]
    more = msgspec.json.decode(jsonb(given["body"]))
    if tx.row(table, key) is None:
        return 0
    row = await tx.lock(table, key)
    if row is None:
        return 0
    body = msgspec.json.encode({**msgspec.json.decode(row.body), **more}).decode()
    withdrawn_at = row.withdrawn_at or given["withdrawn_at"]
    tx.put(table, key, row._replace(body=body, withdrawn_at=withdrawn_at))
    return 1


async def notify(tx: Transaction, given: Given) -> Answer:
    """Tell listeners, at commit."""
    params = given["params"]
    match given["text"], len(params):
        case "select pg_notify(%s, %s)", 2:
            channel, payload = params
        case "select pg_notify(%s, '')", 1:
            channel, payload = params[0], ""
        case "select pg_notify('lifeline_alarm', %s)", 1:
            channel, payload = "lifeline_alarm", params[0]
        case text, count:
            raise NotSimulated(f"the statement {text!r} with {count} parameters")
    tx.notify(channel, payload)
    return [Notified("")]


STATEMENTS: dict[str, Statement] = {
    one.__name__: one for one in (claim_outbox, end_outbox, retry_outbox, desk_deliver, desk_update)
}
