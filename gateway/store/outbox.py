"""The outbox in the database: claim heads of streams under a lease, end them, give them back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gateway.store.connect import Connection, rows, run

_body_of = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed message; `attempt` fences what its holder may do to it."""

    stream: UUID
    seq: int
    organisation_id: UUID
    subject_id: UUID
    what: str
    recipient: str
    referral_id: UUID | None
    alarm_id: UUID | None
    body: dict[str, Any]
    attempt: int
    made_at: datetime


async def claim(
    connection: Connection, now: datetime, *, lease_s: float, limit: int
) -> list[Message]:
    """Lease the heads of streams whose time has come."""
    found = await rows(connection, "claim_outbox", now=now, lease_s=lease_s, limit=limit)
    return [
        Message(
            stream=one.stream,
            seq=one.seq,
            organisation_id=one.organisation_id,
            subject_id=one.subject_id,
            what=one.what,
            recipient=one.recipient,
            referral_id=one.referral_id,
            alarm_id=one.alarm_id,
            body=_body_of(one.body),
            attempt=one.attempt,
            made_at=one.made_at,
        )
        for one in found
    ]


async def end(
    connection: Connection,
    message: Message,
    state: str,
    now: datetime,
    problem: str | None = None,
) -> bool:
    """Mark a message `sent`, `failed` or `no_route`; False when another attempt holds it now."""
    done = await run(
        connection,
        "end_outbox",
        stream=message.stream,
        seq=message.seq,
        attempt=message.attempt,
        state=state,
        problem=problem,
        now=now,
    )
    return done == 1


async def give_back(
    connection: Connection, message: Message, try_at: datetime, problem: str
) -> None:
    """Return a message, to be tried later."""
    await run(
        connection,
        "retry_outbox",
        stream=message.stream,
        seq=message.seq,
        attempt=message.attempt,
        try_at=try_at,
        problem=problem,
    )
