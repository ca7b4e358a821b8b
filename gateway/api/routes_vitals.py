"""Vital signs: a person's and a ward's alerts, what clinicians do, readings entered by hand."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Response
from pydantic import StringConstraints

from alerts.vitals.inputs import Answered, ClinicianEvent, Reading, Report
from devices.fields import values
from devices.model import VitalCode
from devices.vital_ranges import VITALS
from gateway import vitals_acts
from gateway.api import build, reads
from gateway.api.act import check_occurred
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import NO_NUL
from gateway.api.problems import ApiError
from gateway.api.routes_alarms import LIMIT, Limit
from gateway.api.routes_referrals import REPLAY
from gateway.api.vitals_build import alert_view, limits_view, open_alert, person_view
from gateway.api.vitals_models import (
    ClinicianBody,
    PersonVitals,
    ReadingsBody,
    VitalsActed,
    WardAlerts,
)
from gateway.api.words import refusal
from gateway.audit.rows import Act, add
from gateway.context import Context
from gateway.store.connect import Connection, row, rows
from gateway.vitals_acts import Done, KeyReusedError, Who

router = APIRouter(prefix=V1, tags=["vital signs"])

SHOWN_ALERTS = 20
VITALS_READ = "vitals_read"
Key = Annotated[
    str | None,
    StringConstraints(pattern=r"^[\x21-\x7e]{8,128}$"),
    Header(
        alias="Idempotency-Key",
        description="your own id of this act, 8 to 128 printable characters: the same key again "
        "does nothing more, however often the request is repeated",
    ),
]


@router.get("/wards/{ward_id}/alerts", summary="What is open on a ward, worst first")
async def ward_alerts(
    ward_id: Annotated[str, Path(max_length=64, pattern=NO_NUL)],
    caller: WhoCalls,
    context: Shared,
    limit: Limit = LIMIT,
) -> WardAlerts:
    """Give open alerts: red before amber, those that nobody has first, then the oldest."""
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "ward_alerts",
            organisation_id=caller.organisation_id,
            ward_id=ward_id,
            limit=limit + 1,
        )
    alerts = tuple(alert_view(one) for one in found[:limit])
    return WardAlerts(ward=ward_id, alerts=alerts, more=len(found) > limit)


@router.get("/persons/{person_id}/vitals", summary="A person's vital signs, and why")
async def person_vitals(person_id: UUID, caller: WhoCalls, context: Shared) -> PersonVitals:
    """Give the newest readings with their age and source, the alerts, and why. It is audited."""
    organisation, now = caller.organisation_id, context.clock.now()
    async with context.sessions.transaction() as connection:
        found = await row(
            connection, "person_vitals", person_id=person_id, organisation_id=organisation
        )
        if found is None:
            raise ApiError(404, "no person of this id that you may see")
        alerts = await rows(
            connection,
            "person_alerts",
            person_id=person_id,
            organisation_id=organisation,
            limit=SHOWN_ALERTS,
        )
        limits = await rows(
            connection, "person_limits", person_id=person_id, organisation_id=organisation
        )
        about = reads.About(alerts[0].id if alerts else None, [])
        steps, _ = await reads.timeline(connection, caller, person_id, about)
        await _audit(connection, context, caller, person_id)
    shown = tuple(map(alert_view, alerts))
    view = person_view(found, shown, steps, now, is_watched=context.desk.vitals)
    return view.model_copy(update={"own_limits": tuple(map(limits_view, limits))})


@router.post("/persons/{person_id}/vitals/events", summary="A clinician's act")
async def act_on_person(  # noqa: PLR0913 - a request has many parts
    *,
    person_id: UUID,
    body: ClinicianBody,
    caller: WhoCalls,
    context: Shared,
    response: Response,
    key: Key = None,
) -> VitalsActed:
    """Do it, commit it, and only then answer; 409 says in words why it is refused."""
    now = context.clock.now()
    event = ClinicianEvent(
        at=now,
        clinician=caller.name,
        do=body.do,
        alarm=None if body.alarm is None else str(body.alarm),
        **body.model_dump(exclude={"do", "alarm"}),
    )
    said = body.model_dump_json().encode()
    who = Who(caller.organisation_id, person_id, caller.actor, said, key)
    _check_decided(context)
    try:
        done = await vitals_acts.act(context.sessions, who, event, context.desk, now)
    except KeyReusedError as error:
        raise _reused() from error
    return _answer(done, response, person_id)


@router.post("/persons/{person_id}/vitals/readings", summary="Readings entered by hand")
async def enter_readings(  # noqa: PLR0913 - as above
    *,
    person_id: UUID,
    body: ReadingsBody,
    caller: WhoCalls,
    context: Shared,
    response: Response,
    key: Key = None,
) -> VitalsActed:
    """Store and decide them, with who gave them; answers go to the questionnaires they fill."""
    now = context.clock.now()
    check_occurred(body.at, now)
    said = body.model_dump_json().encode()
    who = Who(caller.organisation_id, person_id, caller.actor, said, key)
    _check_decided(context)
    report = _report(body, who, now)
    try:
        done = await vitals_acts.enter(context.sessions, who, report, context.desk, now)
    except KeyReusedError as error:
        raise _reused() from error
    return _answer(done, response, person_id)


def _check_decided(context: Context) -> None:
    if not context.desk.vitals:
        raise ApiError(
            409,
            "vital signs are not decided here: the setting vitals_enabled is false",
            reason="vitals_off",
        )


def _reused() -> ApiError:
    return ApiError(
        409,
        "this Idempotency-Key came with another act or other readings",
        what_next="Use a new key for a new act; the same key only to repeat a request.",
        reason="key_reused",
    )


def _report(body: ReadingsBody, who: Who, now: datetime) -> Report:
    """Make the report of what was entered.

    Raises:
        ApiError: 422 for a vital sign that is not known or cannot be.
    """
    sent = dict(body.vitals)
    unknown = sorted(set(sent) - set(VitalCode))
    found, errors = values(sent, VITALS, "vitals") if sent else ({}, [])
    if unknown or errors:
        wrong = [*(f"vitals.{name}: not known" for name in unknown), *map(str, errors)]
        raise ApiError(422, "; ".join(wrong))
    at = min(body.at or now, now)
    readings = tuple(
        Reading(VitalCode(code), value, at, source=body.source)
        for code, value in found.items()
        if isinstance(value, int | float | str)
    )
    answered = (Answered(dict(body.answers), at, body.source),) if body.answers else ()
    receipt = f"{vitals_acts.LINE}/{who.person_id}/{who.key or f'@{now.isoformat()}'}"
    return Report(receipt, now, readings, answered)


def _answer(done: Done | None, response: Response, person_id: UUID) -> VitalsActed:
    if done is None:
        raise ApiError(404, "no person of this id that you may see")
    if done.repeat:
        response.headers[REPLAY] = "true"
        return VitalsActed(alert=None, decided=())
    refused = refusal(done.entries)
    if refused is not None:
        reason, text = refused
        raise ApiError(409, text, reason=reason)
    return VitalsActed(alert=open_alert(done.state, person_id), decided=build.steps(done.entries))


async def _audit(connection: Connection, context: Context, caller: Caller, person_id: UUID) -> None:
    """Write down who read a person's vital signs: no row, no reading."""
    now, content = context.clock.now(), person_id.bytes
    read = Act(caller.organisation_id, now, caller.actor, VITALS_READ, person_id, content)
    await add(connection, context.desk.audit_key, read)
