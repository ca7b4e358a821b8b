"""Pages besides queue and case: worklists, searching, the shift, the supervisor's view."""

from datetime import timedelta

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from alerts.words import Source, TaskKind
from gateway.api import build
from gateway.api.auth import READ_PERSONS, Caller, Shared, WhoCalls
from gateway.console.desk import cards, reading, summary, technical, words
from gateway.console.desk.bodies import BY_HAND
from gateway.console.desk.items import LANES
from gateway.console.pages import render
from gateway.context import Context
from gateway.store.connect import Connection, Row, rows

router = APIRouter(prefix="/console", include_in_schema=False)

LIMIT = 200
HANDOVERS = 5
UNNAMED = "not shown"
RINGING_FOR = timedelta(minutes=30)
TECHNICAL = [TaskKind.DEVICE_FAULT.value]
SOURCES = {
    Source.GP: "GP",
    Source.HVS: "Home visiting service",
    Source.UCC_HUB: "Urgent care hub",
    Source.AMBULANCE: "Ambulance service",
    Source.CARE_HOME: "Care home",
    Source.SOCIAL_CARE: "Social care",
    Source.NHS_111: "111",
    Source.FAMILY: "Family",
}


async def _names(connection: Connection, caller: Caller, found: list[Row]) -> dict[str, str]:
    """Give the names of the people that tasks are about, to whose work needs them."""
    if caller.role not in READ_PERSONS:
        return {}
    wanted = sorted({one.person_id for one in found if one.person_id is not None})
    if not wanted:
        return {}
    people = await rows(
        connection, "desk_names", ids=wanted, organisation_id=caller.organisation_id
    )
    return {str(one.id): one.name for one in people}


@router.get("/technical", response_class=HTMLResponse)
async def technical_list(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show technical alarms and the tasks they made, with owners and due times."""
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_tasks",
            organisation_id=caller.organisation_id,
            service_id=None,
            kinds=TECHNICAL,
            limit=LIMIT,
        )
        names = await _names(connection, caller, found)
        items = await reading.queue_items(connection, caller.organisation_id)
    work = [
        technical.work(build.task_of(one.record), names.get(str(one.person_id), UNNAMED), now)
        for one in found
    ]
    alarms = [one for one in items if one["lane"] == "technical"]
    return render(
        request,
        "desk/technical.html",
        title="Technical worklist",
        work=work,
        alarms=alarms,
        can_open=caller.role in READ_PERSONS,
    )


@router.get("/power", response_class=HTMLResponse)
async def power(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show the units that run on their battery, by postcode: whom a power cut leaves alone."""
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection, "desk_power", organisation_id=caller.organisation_id, limit=LIMIT
        )
    areas = technical.areas(found)
    return render(
        request, "desk/power.html", title="Power cut", areas=areas, count=len(found), limit=LIMIT
    )


@router.get("/search", response_class=HTMLResponse)
async def search(request: Request) -> HTMLResponse:
    """Show where one searches; what is searched for never stands in an address."""
    return render(request, "desk/search.html", title="Find a person", words=words)


@router.get("/incoming", response_class=HTMLResponse)
async def incoming(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show where an alarm is made by hand from an incoming call."""
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        calls = await rows(
            connection,
            "desk_incoming",
            organisation_id=caller.organisation_id,
            since=now - RINGING_FOR,
            limit=LIMIT,
        )
    return render(
        request,
        "desk/incoming.html",
        title="Incoming call",
        calls=calls,
        kinds=BY_HAND,
        words=words,
    )


@router.get("/referrals/new", response_class=HTMLResponse)
async def new_referral(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show where a referral is taken by telephone, without an NHS number when there is none."""
    async with context.sessions.transaction() as connection:
        services = await rows(
            connection, "desk_services", organisation_id=caller.organisation_id, service_id=None
        )
    needs = context.desk.rules.at(context.clock.now()).scripts.needs.values()
    return render(
        request,
        "desk/referral.html",
        title="Referral by telephone",
        services=services,
        needs=sorted({row.name: row.text for row in needs}.items()),
        sources=SOURCES,
    )


@router.get("/handover", response_class=HTMLResponse)
async def handover(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show what this shift leaves, and what the last ones said."""
    async with context.sessions.transaction() as connection:
        items = await reading.queue_items(connection, caller.organisation_id)
        due = await rows(
            connection,
            "desk_tasks",
            organisation_id=caller.organisation_id,
            service_id=None,
            kinds=[kind.value for kind in TaskKind],
            limit=LIMIT,
        )
        before = await rows(
            connection, "desk_handovers", organisation_id=caller.organisation_id, limit=HANDOVERS
        )
        names = await _names(connection, caller, due)
    now = context.clock.now()
    work = [
        technical.work(build.task_of(one.record), names.get(str(one.person_id), UNNAMED), now)
        for one in due
    ]
    return render(
        request,
        "desk/handover.html",
        title="Hand-over",
        items=items,
        lanes=LANES,
        left=summary.of(items),
        work=work,
        before=[(one, msgspec.json.decode(one.summary)) for one in before],
        words=words,
    )


@router.get("/supervisor", response_class=HTMLResponse)
async def supervisor(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show who is on duty with what, what waits, what was late, what needs a second person."""
    now = context.clock.now()
    async with context.sessions.transaction() as connection:
        items = await reading.queue_items(connection, caller.organisation_id)
        duty = await reading.on_duty(connection, caller.organisation_id, now)
        figures = await reading.kpi(connection, caller.organisation_id, now)
        late = await _late(connection, context, caller)
    return render(
        request,
        "desk/supervisor.html",
        title="Supervisor",
        items=items,
        duty=duty,
        kpi=figures,
        late=late,
        left=summary.of(items),
    )


async def _late(connection: Connection, context: Context, caller: Caller) -> list[Row]:
    now = context.clock.now()
    return await rows(
        connection,
        "desk_late_calls",
        organisation_id=caller.organisation_id,
        since=reading.day_start(now),
        now=now,
        limit=LIMIT,
    )


@router.get("/scripts", response_class=HTMLResponse)
async def script_cards(request: Request) -> HTMLResponse:
    """Show the script cards in two languages."""
    return render(request, "desk/cards.html", title="Script cards", cards=cards.cards())
