"""What routes read: always of the caller's organisation, and of their service if they have one.

Contract: a person's card is given only together with its audit row, in the same transaction: no
row, no card.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alerts.words import AlarmKind
from gateway.api import build, counters, records, records_people
from gateway.api.auth import READ_PERSONS, Caller
from gateway.api.problems import ApiError
from gateway.api.records_base import HomeWarning
from gateway.audit.rows import Act, add
from gateway.context import Context
from gateway.store.connect import Connection, Row, row, rows
from gateway.tokens import Role

STEPS = 1_000
PERSON_READ = "person_read"
PLACE_READ = "place_read"


@dataclass(frozen=True, slots=True)
class About:
    """What a timeline or a list of tasks is about: an alarm, and referrals."""

    alarm: UUID | None
    referrals: Sequence[UUID]


def kinds_of(caller: Caller) -> list[str]:
    """Say which alarms a caller sees: engineers technical ones, clinicians those of readings."""
    if caller.role is Role.ENGINEER:
        return [AlarmKind.TECHNICAL.value]
    if caller.role is Role.CLINICIAN:
        return [AlarmKind.HEALTH.value]
    return [kind.value for kind in AlarmKind]


async def alarm_row(connection: Connection, caller: Caller, alarm_id: UUID) -> Row:
    """Read one alarm.

    Raises:
        ApiError: 404.
    """
    found = await row(connection, "desk_alarm", id=alarm_id, organisation_id=caller.organisation_id)
    if found is None or build.alarm_of(found.record).kind.value not in kinds_of(caller):
        raise ApiError(404, "no alarm of this id that you may see")
    return found


async def referral_row(connection: Connection, caller: Caller, referral_id: UUID) -> Row:
    """Read one referral.

    Raises:
        ApiError: 404.
    """
    found = await row(
        connection,
        "desk_referral",
        id=referral_id,
        organisation_id=caller.organisation_id,
        service_id=caller.service_id,
    )
    if found is None:
        raise ApiError(404, "no referral of this id that you may see")
    return found


def named_service(caller: Caller, service: str | None) -> str | None:
    """Give the service a list is about: a responder's own, whatever was asked for.

    Raises:
        ApiError: 404 when a responder asks for another's.
    """
    if caller.service_id is not None and service not in (None, caller.service_id):
        raise ApiError(404, "no service of this id that you may see")
    return caller.service_id or service


async def service_row(connection: Connection, caller: Caller, service: str) -> Row:
    """Read one service.

    Raises:
        ApiError: 404.
    """
    named = named_service(caller, service)
    found = await row(
        connection,
        "desk_services",
        organisation_id=caller.organisation_id,
        service_id=named,
    )
    if found is None:
        raise ApiError(404, "no service of this id that you may see")
    return found


async def timeline(
    connection: Connection,
    caller: Caller,
    subject: UUID,
    about: About,
) -> tuple[tuple[records.Step, ...], bool]:
    """Read why: every step about an alarm and referrals; and whether there are more than shown."""
    found = await rows(
        connection,
        "desk_decisions",
        organisation_id=caller.organisation_id,
        subject_id=subject,
        alarm_id=about.alarm,
        referrals=list(about.referrals),
        limit=STEPS + 1,
    )
    return build.steps([build.entry_of(one.entry) for one in found[:STEPS]]), len(found) > STEPS


async def warnings(connection: Connection, subjects: Iterable[UUID]) -> build.Warnings:
    """Give the warning of each of these cases that has one (DECIDING 8)."""
    asked = sorted(set(subjects))
    found = await rows(connection, "desk_warnings", subjects=asked) if asked else []
    reported = HomeWarning.DEATH_REPORTED
    return {one.id: HomeWarning.BEREAVED if one.bereaved else reported for one in found}


async def warnings_of(connection: Connection, found: Iterable[Row]) -> build.Warnings:
    """Give the warnings of the cases that these rows belong to."""
    return await warnings(connection, [one.subject_id for one in found])


async def tasks_about(
    connection: Connection,
    caller: Caller,
    subject: UUID,
    about: About,
    now: datetime,
) -> tuple[records.TaskView, ...]:
    """Read the tasks of an alarm and of referrals."""
    found = await rows(
        connection,
        "desk_case_tasks",
        organisation_id=caller.organisation_id,
        subjects=[subject],
        alarm_id=about.alarm,
        referrals=list(about.referrals),
    )
    warned = await warnings_of(connection, found)
    return tuple(
        build.task_view(build.task_of(one.record), build.whose(one, warned), now) for one in found
    )


async def person_card(
    connection: Connection,
    context: Context,
    caller: Caller,
    person: UUID | None,
    about: UUID,
) -> records_people.PersonCard | None:
    """Read a person's card and write down who read it for what; None without person or right."""
    if person is None or caller.role not in READ_PERSONS:
        return None
    found = await row(connection, "person_card", id=person, organisation_id=caller.organisation_id)
    if found is None:
        return None
    await _audit(connection, context, caller, act=PERSON_READ, about=about, whose=person)
    counters.person_reads.labels(role=caller.role.value).inc()
    return build.person_card(found)


def no_card(person: UUID | None) -> str:
    """Say why no card came though it was not withheld."""
    return "your role does not read it" if person else "the referral is not about a known person"


async def place_card(
    connection: Connection,
    context: Context,
    caller: Caller,
    place: UUID | None,
    about: UUID,
) -> records_people.PlaceCard | None:
    """Read where a place is, and write down who read it for what; None without place or right."""
    if place is None or caller.role not in READ_PERSONS:
        return None
    found = await row(connection, "place_card", id=place, organisation_id=caller.organisation_id)
    if found is None:
        return None
    await _audit(connection, context, caller, act=PLACE_READ, about=about, whose=place)
    return build.place_card(found)


async def _audit(  # noqa: PLR0913 - who did what, about what, to whom
    connection: Connection, context: Context, caller: Caller, *, act: str, about: UUID, whose: UUID
) -> None:
    now = context.clock.now()
    read = Act(caller.organisation_id, now, caller.actor, act, about, whose.bytes)
    await add(connection, context.desk.audit_key, read)
