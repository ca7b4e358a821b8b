"""Cases in the database: lock them, read what is known about them, write them back.

One lock per case: everybody who changes a case locks its subject first, in id order, and never an
alarm or a referral alone (DESIGN 4).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from alerts.case import Case
from alerts.facts import Device, Elsewhere, Facts, Person, Plan, Service, living, only_resident
from alerts.words import Ceiling, PersonStatus, SubjectKind
from gateway.errors import CannotDecide
from gateway.store.connect import Connection, Row, row, rows, run

_case_of = msgspec.json.Decoder(Case).decode
_plans_of = msgspec.json.Decoder(dict[str, Plan]).decode
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Subject:
    """A locked subject row; `case` is None when it has never had one."""

    id: UUID
    organisation_id: UUID
    kind: SubjectKind
    person_id: UUID | None
    place_id: UUID | None
    line: str | None
    label: str | None
    case: Case | None


class NewSubject(msgspec.Struct, frozen=True, gc=False):
    """A subject row to be made when it is missing."""

    id: UUID
    organisation_id: UUID
    kind: SubjectKind
    person_id: UUID | None = None
    place_id: UUID | None = None
    line: str | None = None
    label: str | None = None


def _subject(found: Row) -> Subject:
    try:
        case = _case_of(found.state) if found.state is not None else None
    except msgspec.DecodeError as error:
        raise CannotDecide(found.id, "its state cannot be read") from error
    return Subject(
        id=found.id,
        organisation_id=found.organisation_id,
        kind=SubjectKind(found.kind),
        person_id=found.person_id,
        place_id=found.place_id,
        line=found.line,
        label=found.label,
        case=case,
    )


async def add_subjects(connection: Connection, wanted: Iterable[NewSubject], now: datetime) -> None:
    """Make the subject rows that are missing."""
    unique = list({new.id: new for new in wanted}.values())
    if not unique:
        return
    await run(
        connection,
        "add_subjects",
        ids=[new.id for new in unique],
        organisations=[new.organisation_id for new in unique],
        kinds=[new.kind.value for new in unique],
        persons=[new.person_id for new in unique],
        places=[new.place_id for new in unique],
        lines=[new.line for new in unique],
        labels=[new.label for new in unique],
        now=now,
    )


async def lock_free(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Subject]:
    """Lock those of the subjects that nobody else is working on.

    Raises:
        CannotDecide: the state of one of them cannot be read.
    """
    found = await rows(connection, "lock_subjects", ids=list(ids))
    return {one.id: _subject(one) for one in found}


async def lock_one(connection: Connection, subject_id: UUID) -> Subject | None:
    """Lock one subject, waiting for whoever works on it.

    Raises:
        StoreBusy: not to be had within lock_timeout.
        CannotDecide: its state cannot be read.
    """
    found = await row(connection, "lock_subject", id=subject_id)
    return _subject(found) if found is not None else None


async def read_one(connection: Connection, subject_id: UUID) -> Subject | None:
    """Read one subject as it stands, without a lock: for showing, never for changing.

    Raises:
        CannotDecide: its state cannot be read.
    """
    found = await row(connection, "read_subject", id=subject_id)
    return _subject(found) if found is not None else None


async def lock_due(connection: Connection, now: datetime, limit: int) -> dict[UUID, Subject]:
    """Lock subjects with something due that nobody else is working on.

    Raises:
        CannotDecide: the state of one of them cannot be read.
    """
    found = await rows(connection, "lock_due_subjects", now=now, limit=limit)
    return {one.id: _subject(one) for one in found}


async def read_facts(
    connection: Connection, subjects: Sequence[Subject], now: datetime
) -> dict[UUID, Facts]:
    """Read what deciding may know about these subjects."""
    people = [one.person_id for one in subjects if one.person_id]
    places = [one.place_id for one in subjects if one.place_id]
    persons: dict[UUID, Person] = {}
    residents: dict[UUID, list[UUID]] = {}
    devices: dict[UUID, dict[str, Device]] = {}
    bereaved: set[UUID] = set()
    if people or places:
        for one in await rows(connection, "facts_persons", ids=people, places=places):
            persons[one.id] = _person(one)
            if one.bereaved:
                bereaved.add(one.id)
            if one.place_id is not None:
                residents.setdefault(one.place_id, []).append(one.id)
        owners = [*persons, *places]
        for one in await rows(connection, "facts_devices", ids=owners):
            for owner in {one.person_id, one.place_id} - {None}:
                devices.setdefault(owner, {})[one.sender] = _device(one)
    whom = {one.id: _whom(one, residents) for one in subjects}
    elsewhere = await _read_elsewhere(connection, subjects, whom, persons)
    organisations = list({one.organisation_id for one in subjects})
    services: dict[UUID, list[Service]] = {}
    for one in await rows(connection, "facts_services", organisations=organisations, now=now):
        services.setdefault(one.organisation_id, []).append(_service(one))
    return {
        one.id: msgspec.structs.replace(
            _facts(one, whom[one.id], persons, devices, services),
            elsewhere=tuple(elsewhere.get(one.id, ())),
            bereaved=not bereaved.isdisjoint(whom[one.id]),
        )
        for one in subjects
    }


async def _read_elsewhere(
    connection: Connection,
    subjects: Sequence[Subject],
    whom: Mapping[UUID, list[UUID]],
    persons: Mapping[UUID, Person],
) -> dict[UUID, list[Elsewhere]]:
    """Read what is open for a case's person in the case of their place, or the other way round.

    A subject bears the id of its person or place (gateway/placing.py).
    """
    asked: dict[tuple[UUID, str], UUID] = {}
    for one in subjects:
        person = _person_of(one, whom[one.id], persons)
        if person is None or person.place is None:
            continue
        other = UUID(person.place) if one.person_id is not None else UUID(person.id)
        asked[other, person.id] = one.id
    found: dict[UUID, list[Elsewhere]] = {}
    if asked:
        others, names = zip(*asked, strict=True)
        for one in await rows(
            connection, "facts_elsewhere", others=list(others), persons=list(names)
        ):
            if (case := asked.get((one.subject_id, one.person))) is not None:
                found.setdefault(case, []).append(Elsewhere(str(one.id), one.service_id))
    return found


def _whom(subject: Subject, residents: Mapping[UUID, list[UUID]]) -> list[UUID]:
    """Say whom a case is about: its person, or all who are enrolled in its place."""
    if subject.person_id is not None:
        return [subject.person_id]
    return residents.get(subject.place_id, []) if subject.place_id is not None else []


def _person_of(
    subject: Subject, whom: Sequence[UUID], persons: Mapping[UUID, Person]
) -> Person | None:
    """Give the person of a case; of a place, the only one who lives there."""
    known = [persons[one] for one in whom if one in persons]
    if subject.person_id is not None:
        return known[0] if known else None
    return only_resident(known)


def _facts(
    subject: Subject,
    whom: Sequence[UUID],
    persons: Mapping[UUID, Person],
    devices: Mapping[UUID, dict[str, Device]],
    services: Mapping[UUID, list[Service]],
) -> Facts:
    """Give what is known for one case; the devices of the dead still call from their place."""
    owners = [*whom, *([subject.place_id] if subject.place_id is not None else [])]
    return Facts(
        subject=subject.kind,
        person=_person_of(subject, whom, persons),
        place=str(subject.place_id) if subject.place_id else None,
        devices={name: one for owner in owners for name, one in devices.get(owner, {}).items()},
        services=tuple(services.get(subject.organisation_id, ())),
        residents=tuple(one.id for one in living([persons[key] for key in whom]))
        if subject.place_id is not None
        else (),
    )


def _person(found: Row) -> Person:
    return Person(
        id=str(found.id),
        born=found.born,
        postcode=found.postcode,
        status=PersonStatus(found.status),
        away_until=found.away_until,
        ceiling=Ceiling(found.ceiling),
        anticipatory_line=found.anticipatory_line,
        conditions=tuple(found.conditions),
        contacts=tuple(f"contact-{number + 1}" for number in range(len(found.contacts))),
        anticoagulants=found.anticoagulants,
        plan=_plans_of(encode(found.plan)),
        place=str(found.place_id) if found.place_id else None,
        language=found.language,
        baseline_cognition=found.baseline_cognition,
        care_home=found.care_home,
    )


def _device(found: Row) -> Device:
    return Device(
        id=found.sender,
        person=str(found.person_id) if found.person_id else None,
        place=str(found.place_id) if found.place_id else None,
        interval_s=found.interval_s,
        model=found.model,
        line=found.line,
        speech=found.speech,
        faulty_since=found.faulty_since,
    )


def _service(found: Row) -> Service:
    hours: Any = found.hours
    if isinstance(hours, dict):
        hours = {day: tuple(spans) for day, spans in hours.items()}
    return Service(
        id=found.id,
        kind=found.kind,
        timezone=found.timezone,
        hours=hours,
        catchment=tuple(found.catchment),
        capacity=found.capacity,
        capacity_at=found.capacity_at,
        criteria=found.criteria,
        automatic_per_hour=found.automatic_per_hour,
        automatic_last_hour=found.automatic_last_hour,
        delivery=found.delivery,
        position=found.position,
        roaming=found.roaming,
    )
