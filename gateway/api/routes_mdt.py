"""The daily meeting of a service (MDT): who is with us, what happened to them, what is left."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from gateway.api import build, reads, views
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.routes_alarms import MAX_LIMIT
from gateway.context import Context
from gateway.store.connect import Connection, Row, rows

router = APIRouter(prefix=V1, tags=["meeting"])

RECENT = timedelta(hours=24)


def day_span(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give a local day's first instant and the next day's; 23, 24 or 25 hours apart."""
    first = datetime.combine(day, time(), zone)
    after = datetime.combine(day + timedelta(days=1), time(), zone)
    return first, after


@router.get("/mdt", summary="A service's daily meeting")
async def mdt(
    service: Annotated[str, Query(max_length=64)],
    caller: WhoCalls,
    context: Shared,
    day: Annotated[
        date | None, Query(alias="date", description="local day of the service; default today")
    ] = None,
) -> views.MdtList:
    """Give open referrals, and those made, attended or ended on that local day.

    Each with the person's card (every reading audited), tasks, and alarms of the last 24 hours,
    counted back from now, or from the end of a day that has passed.
    """
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        zone = ZoneInfo((await reads.service_row(connection, caller, service)).timezone)
        day = day or now.astimezone(zone).date()
        since, until = day_span(day, zone)
        found = await rows(
            connection,
            "desk_day_referrals",
            organisation_id=caller.organisation_id,
            service_id=service,
            since=since,
            until=until,
            limit=MAX_LIMIT + 1,
        )
        alarms = await _recent_alarms(connection, caller, found, min(now, until))
        entries = [
            await _entry(connection, context, caller, one, alarms) for one in found[:MAX_LIMIT]
        ]
    return views.MdtList(
        service=service,
        date=day,
        timezone=zone.key,
        entries=tuple(entries),
        more=len(found) > MAX_LIMIT,
    )


async def _recent_alarms(
    connection: Connection, caller: Caller, found: list[Row], until: datetime
) -> list[Row]:
    return await rows(
        connection,
        "desk_recent_alarms",
        organisation_id=caller.organisation_id,
        subjects=[one.subject_id for one in found],
        since=until - RECENT,
        until=until,
    )


async def _entry(
    connection: Connection, context: Context, caller: Caller, found: Row, alarms: list[Row]
) -> views.MdtEntry:
    now = context.clock.now()
    referral = build.referral_of(found.record)
    referral_id: UUID = found.id
    about = reads.About(UUID(referral.alarm) if referral.alarm else None, [referral_id])
    card = None
    if build.card_withheld(referral, now) is None:
        card = await reads.person_card(connection, context, caller, found.person_id, referral_id)
    return views.MdtEntry(
        referral=build.referral_row(found, context.desk.rules, now),
        card=card,
        tasks=await reads.tasks_about(connection, caller, found.subject_id, about, now),
        alarms_24h=tuple(
            build.alarm_view(build.alarm_of(one.record))
            for one in alarms
            if one.subject_id == found.subject_id
        ),
    )
