"""All that the page of one alarm shows, read in one transaction.

Contract: the cards of people are read through gateway/api/reads.py, which writes down who read them
for what. A live refresh (`whole=False`) reads no card again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from alerts.case import Alarm
from alerts.referral.choose import UCR, choose
from alerts.step import Step
from alerts.telecare.criteria import assess
from alerts.words import AlarmKind
from gateway.api import build, homes, reads, records, records_people
from gateway.api.auth import Caller
from gateway.console.desk import closing, emergency, items, links, reading, sheet
from gateway.console.desk.brief import Clause, Known, Reading, Record
from gateway.console.desk.brief import brief as brief_of
from gateway.context import Context
from gateway.store import cases
from gateway.store.connect import Connection, Row, row, rows

PAST = timedelta(days=30)
READINGS_SINCE = timedelta(hours=24)
DEVICES = 50
CALLS = 50
DRAFTS = 20
CRITERIA = {
    "met": ("green", "Met"),
    "not_met": ("red", "Not met"),
    "not_known": ("amber", "Not known"),
}


@dataclass(frozen=True, slots=True)
class Home:
    """What the page shows of the people and the place; read once, when the page is opened."""

    card: records_people.PersonCard | None
    more: Row | None
    place: records_people.PlaceCard | None
    residents: Sequence[records_people.PersonCard]
    brief: Sequence[Clause]
    readings: Sequence[Reading]
    devices: Sequence[Row]
    lines: Sequence[links.Line]
    past: Sequence[Alarm]
    map: str | None
    say_where: Sequence[emergency.Said]
    say_who: Sequence[emergency.Said]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What the page shows of an alarm; `home` is None in a live refresh."""

    item: items.Item
    alarm: Alarm
    person: UUID | None
    referrals: Sequence[records.ReferralView]
    tasks: Sequence[records.TaskView]
    steps: Sequence[records.Step]
    steps_cut: bool
    scripts: Sequence[sheet.Script]
    criteria: Sequence[tuple[str, str, str]]
    closing: Sequence[str]
    calls: Sequence[Row]
    drafts: Sequence[dict[str, Any]]
    mine: str
    services: Sequence[Row]
    needs: Sequence[tuple[str, str]]
    duty: Sequence[dict[str, Any]]
    home: Home | None


async def read_case(  # noqa: PLR0914 - a page shows many things
    connection: Connection, context: Context, caller: Caller, alarm_id: UUID, *, whole: bool
) -> CaseFile:
    """Read one alarm.

    Raises:
        ApiError: 404.
    """
    found = await reads.alarm_row(connection, caller, alarm_id)
    organisation, now = caller.organisation_id, context.clock.now()
    alarm = build.alarm_of(found.record)
    (item,) = await reading.queue_items(connection, organisation, ids=[alarm_id])
    made = await rows(
        connection, "desk_alarm_referrals", alarm_id=alarm_id, organisation_id=organisation
    )
    about = reads.About(alarm_id, [one.id for one in made])
    steps, cut = await reads.timeline(connection, caller, found.subject_id, about)
    tasks = await reads.tasks_about(connection, caller, found.subject_id, about, now)
    at = (await homes.homes(connection, caller, [found]))[found.subject_id]
    warned = {found.subject_id: at.warning} if at.warning else {}
    person = found.person_id or at.only_resident
    rules = context.desk.rules.at(now)
    drafts = await _drafts(connection, caller, alarm_id)
    return CaseFile(
        item=item,
        alarm=alarm,
        person=person,
        referrals=[build.referral_row(one, warned, context.desk.rules, now) for one in made],
        tasks=tasks,
        steps=steps,
        steps_cut=cut,
        scripts=sheet.scripts_for(alarm, rules),
        criteria=await _criteria(connection, context, found.subject_id, alarm, now),
        closing=closing.before_closing(alarm, _lines(made), caller.name),
        calls=await rows(
            connection, "desk_calls", organisation_id=organisation, alarm_id=alarm_id, limit=CALLS
        ),
        drafts=[one for one in drafts if one["operator"] != caller.name],
        mine=next((one["text"] for one in drafts if one["operator"] == caller.name), ""),
        services=await rows(
            connection, "desk_services", organisation_id=organisation, service_id=None
        ),
        needs=sorted({row.name: row.text for row in rules.scripts.needs.values()}.items()),
        duty=await reading.on_duty(connection, organisation, now),
        home=await _home(connection, context, caller, found, alarm=alarm, at=at) if whole else None,
    )


def _lines(made: Sequence[Row]) -> list[items.ReferralLine]:
    return [
        items.ReferralLine(one.id, one.service, one.state.value, one.provisional)
        for one in (build.referral_of(each.record) for each in made)
    ]


async def _drafts(connection: Connection, caller: Caller, about: UUID) -> list[dict[str, Any]]:
    found = await rows(
        connection,
        "desk_drafts",
        organisation_id=caller.organisation_id,
        about=about,
        limit=DRAFTS,
    )
    return [
        {
            "operator": one.operator,
            "text": str(msgspec.json.decode(one.body).get("text", "")),
            "saved_at": one.saved_at,
        }
        for one in found
    ]


async def _criteria(
    connection: Connection, context: Context, subject_id: UUID, alarm: Alarm, now: datetime
) -> list[tuple[str, str, str]]:
    """Say how the criteria of a crisis team stand, as deciding would see them now."""
    if alarm.kind is not AlarmKind.HELP:
        return []
    subject = await cases.read_one(connection, subject_id)
    if subject is None or subject.case is None:
        return []
    facts = (await cases.read_facts(connection, [subject], now))[subject_id]
    step = Step(subject.case, facts, context.desk.rules.at(now), now)
    if facts.person is None:
        return []
    found = assess(step, alarm, None, choose(step, UCR, None).service)
    texts = {one.id: one.text for one in step.rules.scripts.criteria}
    return [(*CRITERIA[state], texts[row_id]) for row_id, state in found.states.items()]


async def _home(  # noqa: PLR0913 - whose home, for whom, about what
    connection: Connection,
    context: Context,
    caller: Caller,
    found: Row,
    *,
    alarm: Alarm,
    at: build.Home,
) -> Home:
    organisation, now, alarm_id = caller.organisation_id, context.clock.now(), UUID(alarm.id)
    person = found.person_id or at.only_resident
    card = await reads.person_card(connection, context, caller, person, alarm_id)
    place = await reads.place_card(connection, context, caller, found.place_id, alarm_id)
    residents = await homes.resident_cards(connection, context, caller, at, alarm_id)
    more = None
    if card is not None:
        more = await row(connection, "desk_person_more", id=person, organisation_id=organisation)
    past = await _past(connection, caller, found.subject_id, now)
    readings = await _readings(connection, organisation, person, now)
    devices = await rows(
        connection,
        "desk_devices",
        organisation_id=organisation,
        persons=[one for one in (person, *at.residents) if one is not None],
        place_id=found.place_id,
        limit=DEVICES,
    )
    known = Known(
        alarm=alarm,
        now=now,
        zone=reading.ZONE,
        past=past,
        record=_record(card, more),
        readings=readings,
    )
    postcode = card.postcode if card else place.postcode if place else None
    return Home(
        card=card,
        more=more,
        place=place,
        residents=residents,
        brief=brief_of(known),
        readings=readings,
        devices=devices,
        lines=links.lines(
            devices,
            card.phone_home if card else None,
            card.phone_mobile if card else None,
            card.contacts if card else (),
        ),
        past=[one for one in past if one.id != alarm.id],
        map=links.map_link(postcode),
        say_where=emergency.where(card, place, more),
        say_who=emergency.who(card, more, now),
    )


def _record(card: records_people.PersonCard | None, more: Row | None) -> Record | None:
    if card is None:
        return None
    return Record(
        born=card.born,
        status=card.status,
        ceiling=card.ceiling,
        conditions=card.conditions,
        anticoagulants=card.anticoagulants,
        language=card.language,
        communication=more.communication if more is not None else "",
        allergies=tuple(more.allergies) if more is not None else (),
    )


async def _past(
    connection: Connection, caller: Caller, subject: UUID, now: datetime
) -> list[Alarm]:
    found = await rows(
        connection,
        "desk_recent_alarms",
        organisation_id=caller.organisation_id,
        subjects=[subject],
        since=now - PAST,
        until=now + timedelta(minutes=1),
    )
    return [build.alarm_of(one.record) for one in reversed(found)]


async def _readings(
    connection: Connection, organisation: UUID, person: UUID | None, now: datetime
) -> list[Reading]:
    if person is None:
        return []
    found = await rows(
        connection,
        "desk_readings",
        person_id=person,
        organisation_id=organisation,
        since=now - READINGS_SINCE,
        until=now,
    )
    return [Reading(one.code, one.value, one.quality, one.at, one.word) for one in found]
