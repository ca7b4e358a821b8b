"""What the desk reads of the database: the queue, its figures, who is on duty.

Each function runs in the caller's transaction, of one organisation. The queue shows names: whoever
gives its items to a person writes that down (the stream: gateway/console/stream.py).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway.api import reads
from gateway.console.desk.items import Item, item, utc
from gateway.store.connect import Connection, row, rows

MAX_ITEMS = 1_000
TURN = 20
DUTY_GONE_S = 90
"""On duty is who said so and whose console was heard of within this time."""
ZONE = ZoneInfo("Europe/London")
TARGET_60_PCT = 97.5
TARGET_180_PCT = 99.0


async def queue_items(
    connection: Connection, organisation_id: UUID, *, ids: Sequence[UUID] | None = None
) -> list[Item]:
    """Give the open alarms in the order of the queue; or the given ones, closed ones too."""
    found = await rows(
        connection,
        "desk_queue",
        organisation_id=organisation_id,
        every=ids is None,
        ids=list(ids or ()),
        limit=MAX_ITEMS,
    )
    warned = await reads.warnings_of(connection, found)
    items: list[Item] = []
    for number, one in enumerate(found, 1):
        items.append(item(one, warned.get(one.subject_id)))
        if number % TURN == 0:
            await asyncio.sleep(0)  # a power cut may open hundreds: a press must not wait for them
    return sorted(items, key=lambda one: (one["order"], one["id"]))


async def kpi(connection: Connection, organisation_id: UUID, now: datetime) -> dict[str, Any]:
    """Give today's figures of answering (CLINICAL 6.1) and what waits now."""
    found = await row(
        connection,
        "desk_kpi",
        organisation_id=organisation_id,
        since=day_start(now),
        now=now,
        gone_s=DUTY_GONE_S,
    )
    assert found is not None  # a count always has its row
    spoke_60 = percent(found.within_60, found.of_60)
    spoke_180 = percent(found.within_180, found.of_180)
    return {
        "calls": found.calls,
        "waiting": found.waiting,
        "oldest_at": utc(found.oldest_at),
        "on_duty": found.on_duty,
        "follow_ups": found.follow_ups,
        "follow_up_at": utc(found.follow_up_at),
        "spoke_60_pct": spoke_60,
        "spoke_60_level": level(spoke_60, TARGET_60_PCT),
        "spoke_180_pct": spoke_180,
        "spoke_180_level": level(spoke_180, TARGET_180_PCT),
    }


def day_start(now: datetime) -> datetime:
    """Give when the local day of a time began."""
    return now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def percent(part: int, of: int) -> float | None:
    """Give a share in percent with one decimal, rounded down: 97.46 is not 97.5; None of none."""
    return None if of == 0 else (part * 1_000 // of) / 10


def level(share: float | None, target: float) -> str:
    """Say how a share stands against its target: ok, late (missed), or none without calls."""
    if share is None:
        return "none"
    return "ok" if share >= target else "late"


async def on_duty(
    connection: Connection, organisation_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    """Give who went on duty and whose console was heard of lately, longest on duty first."""
    found = await rows(
        connection,
        "desk_duty_list",
        organisation_id=organisation_id,
        now=now,
        gone_s=DUTY_GONE_S,
    )
    return [{"name": one.operator, "since": utc(one.on_since), "sound": one.sound} for one in found]


def since_days(now: datetime, days: int) -> datetime:
    """Give the time so many days ago."""
    return now - timedelta(days=days)
