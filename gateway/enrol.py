"""Enrolment: organisations, services, places, people and devices from one JSON file.

Checked first, then all or nothing: a file with one wrong row changes nothing. A device without a
secret or certificate in the file gets a new secret, which is given back once and stored only as
its SHA-256. What the desk may have changed of a person since (status, ceiling of treatment, flags)
stays unless the file names it, a device's known fault likewise; a death names the two people who
confirmed it, and no file takes one back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from alerts.ruleset import Rules
from alerts.words import Ceiling, PersonStatus, SubjectKind
from gateway import enrol_vitals, faults
from gateway.enrol_home import HOME, HomeRow, put_homes
from gateway.enrol_vitals import MonitoringRow, WardRow
from gateway.errors import SettingsError
from gateway.faults import Fault
from gateway.keys import new_secret, secret_sha256
from gateway.persons import FileRecord, merged, plan_of
from gateway.placing import NAMESPACE
from gateway.store.cases import NewSubject, add_subjects, encode
from gateway.store.connect import Connection, Sessions, row, rows, run

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]

TWO_PEOPLE = 2


class Strict(BaseModel):
    """A row that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServiceRow(Strict):
    """A response service."""

    id: Slug
    name: Name
    kind: Slug = "UCR"
    timezone: str = "Europe/London"
    hours: str | dict[str, list[str]] = "24/7"
    catchment: list[str] = []
    capacity: int | None = Field(default=None, ge=0)
    capacity_at: datetime | None = None
    criteria: str = ""
    automatic_per_hour: int | None = Field(default=None, ge=0)
    # Another word would be taken for the built-in desk, where nobody of that service looks.
    delivery: str = Field(default="desk", pattern=r"^(desk|bars|phone)$")
    phone: str | None = None
    position: int = 0
    roaming: bool = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value


class PlaceRow(Strict):
    """A place with alarms of its own: a care home, a scheme."""

    id: Slug
    name: Name
    address: str = ""
    postcode: str | None = None


class PersonRow(Strict, HomeRow):
    """A person who may need help, and what to know of their home."""

    id: Slug
    name: Name
    born: date | None = None
    nhs_number: str | None = Field(default=None, pattern=r"^[0-9]{10}$")
    address: str = ""
    postcode: str | None = None
    phone_home: str | None = None
    phone_mobile: str | None = None
    status: PersonStatus = PersonStatus.HOME
    away_until: datetime | None = None
    ceiling: Ceiling = Ceiling.NONE
    anticipatory_line: Slug | None = None
    conditions: list[str] = []
    contacts: list[dict[str, str]] = []
    anticoagulants: bool | None = None
    plan: dict[str, Any] = {}
    place: Slug | None = None
    language: str | None = None
    baseline_cognition: str = Field(default="A", pattern=r"^[ACVPU]$")
    care_home: bool = False
    death_confirmed_by: tuple[Name, Name] | None = None

    @model_validator(mode="after")
    def _two_people(self) -> "PersonRow":
        names = {name.strip().casefold() for name in self.death_confirmed_by or ()}
        if (self.status is PersonStatus.DECEASED) != (len(names) == TWO_PEOPLE):
            raise ValueError(
                "a death is recorded by two different people: give status deceased, and the two "
                "names in death_confirmed_by"
            )
        return self

    @field_validator("plan")
    @classmethod
    def _known_plans(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {kind: plan_of(given) for kind, given in value.items()}


class DeviceRow(Strict):
    """A device: unique by (line, sender)."""

    line: Slug
    sender: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^/+#\x00-\x1f]+$")]
    person: Slug | None = None
    place: Slug | None = None
    model: str | None = None
    interval_s: int | None = Field(default=None, gt=0)
    speech: bool = True
    enabled: bool = True
    expires_at: datetime | None = None
    faulty_since: AwareDatetime | None = None
    secret_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    certificate_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class Roll(Strict):
    """Everything one organisation enrols with one file."""

    organisation: UUID
    name: Name
    services: list[ServiceRow] = []
    places: list[PlaceRow] = []
    persons: list[PersonRow] = []
    devices: list[DeviceRow] = []
    wards: list[WardRow] = []
    monitoring: list[MonitoringRow] = []

    @model_validator(mode="after")
    def _names_exist(self) -> "Roll":
        persons = {row.id for row in self.persons}
        places = {row.id for row in self.places}
        for device in self.devices:
            if device.person is not None and device.person not in persons:
                raise ValueError(f"device {device.sender}: no person {device.person} in the file")
            if device.place is not None and device.place not in places:
                raise ValueError(f"device {device.sender}: no place {device.place} in the file")
        for person in self.persons:
            if person.place is not None and person.place not in places:
                raise ValueError(f"person {person.id}: no place {person.place} in the file")
        enrol_vitals.check_names(self.wards, self.monitoring, persons)
        return self


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Counts, each new device's secret, shown once, and the faults to tell (gateway/faults.py)."""

    services: int
    places: int
    persons: int
    devices: int
    secrets: dict[tuple[str, str], str]
    faults: tuple[Fault, ...] = ()
    wards: int = 0
    plans: int = 0
    unrehearsed: int = 0


def read_roll(text: bytes) -> Roll:
    """Check an enrolment file.

    Raises:
        SettingsError: names each wrong row and key.
    """
    try:
        return Roll.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise SettingsError(f"nothing was enrolled, the file is wrong: {wrong}") from error


def person_id(organisation: UUID, row_id: str) -> UUID:
    """Give the id of a person from the organisation's own id for them."""
    return uuid5(NAMESPACE, f"person/{organisation}/{row_id}")


def place_id(organisation: UUID, row_id: str) -> UUID:
    """Give the id of a place from the organisation's own id for it."""
    return uuid5(NAMESPACE, f"place/{organisation}/{row_id}")


async def enrol(
    sessions: Sessions, roll: Roll, now: datetime, rules: Rules | None = None, key: bytes = b""
) -> Enrolled:
    """Store a checked roll, all or nothing; monitoring plans are checked against the rules.

    Raises:
        SettingsError: a device is another organisation's; nothing was kept.
        StoreError: nothing was kept.
    """
    secrets: dict[tuple[str, str], str] = {}
    speak = [one for one in roll.devices if "faulty_since" in one.model_fields_set]
    named = [Fault(one.line, one.sender, one.faulty_since) for one in speak]
    async with sessions.transaction() as connection, connection.pipeline():
        await run(connection, "add_organisation", id=roll.organisation, name=roll.name, now=now)
        for service in roll.services:
            await _put_service(connection, roll.organisation, service)
        await _put_subjects(connection, roll, now)
        homes = [(person_id(roll.organisation, one.id), one) for one in roll.persons]
        await put_homes(connection, homes, key, now)
        told = await faults.of_file(connection, roll.organisation, named)
        for device in roll.devices:
            secret = await _put_device(connection, roll.organisation, device)
            if secret is not None:
                secrets[(device.line, device.sender)] = secret
        await enrol_vitals.put_wards(connection, roll.organisation, roll.wards, now)
        plans = [(person_id(roll.organisation, plan.person), plan) for plan in roll.monitoring]
        await enrol_vitals.put_plans(connection, roll.organisation, plans, rules, now)
        bare = await enrol_vitals.unrehearsed(connection, [one for one, _ in plans]) if plans else 0
    counts = (len(roll.services), len(roll.places), len(roll.persons), len(roll.devices))
    return Enrolled(*counts, secrets, told, len(roll.wards), len(plans), bare)


async def _put_service(connection: Connection, organisation: UUID, service: ServiceRow) -> None:
    fields = service.model_dump()
    fields["hours"] = encode(service.hours).decode()
    await run(connection, "put_service", organisation_id=organisation, **fields)


async def _put_subjects(connection: Connection, roll: Roll, now: datetime) -> None:
    subjects = []
    for place in roll.places:
        key = place_id(roll.organisation, place.id)
        fields = place.model_dump(exclude={"id"})
        await run(connection, "put_place", id=key, organisation_id=roll.organisation, **fields)
        subjects.append(NewSubject(key, roll.organisation, SubjectKind.PLACE, place_id=key))
    keys = [person_id(roll.organisation, person.id) for person in roll.persons]
    recorded = {one.id: one for one in await rows(connection, "recorded_persons", ids=keys)}
    for key, person in zip(keys, roll.persons, strict=True):
        fields = person.model_dump(exclude={"id", "place", "death_confirmed_by", *HOME})
        of_file = FileRecord(person.id, fields, person.model_fields_set, person.death_confirmed_by)
        fields = merged(of_file, recorded.get(key), now)
        fields["contacts"] = encode(person.contacts).decode()
        fields["plan"] = encode(person.plan).decode()
        fields["place_id"] = place_id(roll.organisation, person.place) if person.place else None
        await run(connection, "put_person", id=key, organisation_id=roll.organisation, **fields)
        subjects.append(NewSubject(key, roll.organisation, SubjectKind.PERSON, person_id=key))
    await add_subjects(connection, subjects, now)


async def _put_device(connection: Connection, organisation: UUID, device: DeviceRow) -> str | None:
    secret = None
    stored = bytes.fromhex(device.secret_sha256) if device.secret_sha256 else None
    if stored is None and device.certificate_sha256 is None:
        secret = new_secret()
        stored = secret_sha256(secret)
    fields = device.model_dump(exclude={"person", "place", "secret_sha256", "certificate_sha256"})
    put = await row(
        connection,
        "put_device",
        id=uuid5(NAMESPACE, f"device/{organisation}/{device.line}/{device.sender}"),
        organisation_id=organisation,
        person_id=person_id(organisation, device.person) if device.person else None,
        place_id=place_id(organisation, device.place) if device.place else None,
        secret_sha256=stored,
        certificate_sha256=(
            bytes.fromhex(device.certificate_sha256) if device.certificate_sha256 else None
        ),
        **fields,
    )
    if put is None:
        raise SettingsError(
            f"nothing was enrolled: device {device.sender} on line {device.line} is another "
            "organisation's; let them give it up first, or correct the file"
        )
    return secret
