"""The pages of the desk: queue and case. Each reads and shows; acts go to /api/v1."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from alerts.words import CloseReason, Disposition
from gateway.api.auth import Shared, WhoCalls
from gateway.console.desk import casefile, emergency, reading, words
from gateway.console.pages import render

router = APIRouter(prefix="/console", include_in_schema=False)

EMERGENCIES = (Disposition.EMERGENCY_999, Disposition.FIRE, Disposition.GAS, Disposition.POLICE)
ELSEWHERE = (
    Disposition.CLINICIAN,
    Disposition.RESPONDER,
    Disposition.CONTACT,
    Disposition.GP_111,
    Disposition.SOCIAL_CARE,
    Disposition.EDT,
    Disposition.MENTAL_HEALTH,
    Disposition.ADVICE,
    Disposition.TECHNICAL,
)
VOCABULARY: Mapping[str, Any] = {
    "words": words,
    "zone": reading.ZONE,
    "emergencies": EMERGENCIES,
    "elsewhere": ELSEWHERE,
    "close_reasons": tuple(CloseReason),
}


@router.get("", response_class=HTMLResponse)
async def queue(request: Request, caller: WhoCalls, context: Shared) -> HTMLResponse:
    """Show the queue; its rows come by the live stream."""
    async with context.sessions.transaction() as connection:
        figures = await reading.kpi(connection, caller.organisation_id, context.clock.now())
    return render(request, "desk/queue.html", title="Calls for help", kpi=figures)


@router.get("/alarms/{alarm_id}", response_class=HTMLResponse)
async def case(
    request: Request,
    alarm_id: UUID,
    caller: WhoCalls,
    context: Shared,
    live: Annotated[bool, Query(description="only what changes while the page is open")] = False,  # noqa: FBT002 - a query parameter
) -> HTMLResponse:
    """Show one alarm: whose it is, what runs, what to ask, where it goes, and why."""
    async with context.sessions.transaction() as connection:
        found = await casefile.read_case(connection, context, caller, alarm_id, whole=not live)
    template = "desk/case_live.html" if live else "desk/case.html"
    return render(
        request,
        template,
        title="Case",
        case=found,
        alarm=found.alarm,
        you=caller.name,
        recorded=emergency.recorded(found.steps, context.clock.now()),
        say_what=lambda text: emergency.what(found.alarm, found.scripts, text, context.clock.now()),
        **VOCABULARY,
    )
