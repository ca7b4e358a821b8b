"""The daily meeting of a service (MDT): who is with us, what happened to them, what is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from gateway.api import build, reads, views
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import NO_NUL
from gateway.api.records import Joint, MdtWhy
from gateway.api.routes_alarms import MAX_LIMIT
from gateway.context import Context
from gateway.store.connect import Connection, Row, rows

router = APIRouter(prefix=V1, tags=["meeting"])

RECENT = timedelta(hours=24)
# Why a referral is on the list -> the column of desk_day_referrals that says so.
WHY: Mapping[MdtWhy, str] = {
    MdtWhy.OPEN: "is_open",
    MdtWhy.MADE: "is_made",
    MdtWhy.ATTENDED: "is_attended",
    MdtWhy.ENDED: "is_ended",
    MdtWhy.IN_SUPPORT: "is_in_support",
    MdtWhy.TASKS_LEFT: "has_tasks",
    MdtWhy.FOLLOW_UP: "is_follow_up",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What was read for all entries of a list at once."""

    warned: build.Warnings
    alarms: list[Row]
    joint: Mapping[str, Joint]


def day_span(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give a local day's first instant and the next day's; 23, 24 or 25 hours apart."""
    first = datetime.combine(day, time(), zone)
    after = datetime.combine(day + timedelta(days=1), time(), zone)
    return first, after


@router.get("/mdt", summary="A service's daily meeting")
async def mdt(
    service: Annotated[str, Query(max_length=64, pattern=NO_NUL)],
    caller: WhoCalls,
    context: Shared,
    day: Annotated[
        date | None, Query(alias="date", description="local day of the service; default today")
    ] = None,
) -> views.MdtList:
    """Give who is with the service on that local day, and why each is on the list.

    Referrals that are open, made, attended or ended that day, within the 72 hours of crisis
    support, with tasks left, or due for the look after 91 days. Each with the other services of a
    joint response, the person's card (every reading audited), tasks, and alarms of the last 24
    hours, counted back from now, or from the end of a day that has passed.
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
            day=day,
            limit=MAX_LIMIT + 1,
        )
        listed = found[:MAX_LIMIT]
        beside = Beside(
            warned=await reads.warnings_of(connection, listed),
            alarms=await _recent_alarms(connection, caller, listed, min(now, until)),
            joint=await _joint(connection, caller, listed),
        )
        entries = [await _entry(connection, context, caller, one, beside) for one in listed]
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


async def _joint(connection: Connection, caller: Caller, found: list[Row]) -> dict[str, Joint]:
    named = {UUID(one) for row in found for one in build.referral_of(row.record).joint_with}
    others = await rows(
        connection,
        "desk_joint",
        organisation_id=caller.organisation_id,
        ids=sorted(named),
    )
    return {str(one.id): build.joint(one) for one in others}


async def _entry(
    connection: Connection, context: Context, caller: Caller, found: Row, beside: Beside
) -> views.MdtEntry:
    now = context.clock.now()
    referral = build.referral_of(found.record)
    referral_id: UUID = found.id
    about = reads.About(UUID(referral.alarm) if referral.alarm else None, [referral_id])
    withheld, card = build.card_withheld(referral, now), None
    if withheld is None:
        card = await reads.person_card(connection, context, caller, found.person_id, referral_id)
        withheld = None if card else reads.no_card(found.person_id)
    joint = (beside.joint.get(one) for one in referral.joint_with)
    return views.MdtEntry(
        referral=build.referral_row(found, beside.warned, context.desk.rules, now),
        because=tuple(why for why, column in WHY.items() if getattr(found, column)),
        joint=tuple(one for one in joint if one is not None),
        card=card,
        card_withheld=withheld,
        tasks=await reads.tasks_about(connection, caller, found.subject_id, about, now),
        alarms_24h=tuple(
            build.alarm_view(build.alarm_of(one.record))
            for one in beside.alarms
            if one.subject_id == found.subject_id
        ),
    )
