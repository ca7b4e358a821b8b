"""People, places, services and devices as the desk shows them. Shapes only; build.py fills them."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from alerts.words import Ceiling, PersonStatus
from gateway.api import examples
from gateway.api.records_base import View, example


class PersonCard(View):
    """What whoever goes to a person must know. Every reading of it is audited."""

    model_config = example(examples.PERSON_CARD)

    id: str
    name: str
    born: date | None
    nhs_number: str | None
    address: str
    postcode: str | None
    place: str | None
    phone_home: str | None
    phone_mobile: str | None
    status: str
    ceiling: str
    anticipatory_line: str | None
    conditions: tuple[str, ...]
    contacts: tuple[dict[str, Any], ...]
    anticoagulants: bool | None
    language: str | None


class PersonRecord(View):
    """The parts of a person's record that deciding reads and the desk changes."""

    model_config = example(examples.PERSON_RECORD)

    id: str
    status: PersonStatus
    away_until: datetime | None
    ceiling: Ceiling
    anticipatory_line: str | None = Field(description="the service that is asked first")
    conditions: tuple[str, ...]
    anticoagulants: bool | None = Field(description="null: not known")
    baseline_cognition: str = Field(description="how they usually are, in ACVPU")
    care_home: bool
    death_reported_by: str | None = Field(description="the first of two people")
    death_reported_at: datetime | None
    death_confirmed_by: str | None = Field(description="the second: null is no death yet")


class PlaceCard(View):
    """Where to go, for an alarm that belongs to a place."""

    id: str
    name: str
    address: str
    postcode: str | None


class UntestedDevice(View):
    """A device whose monthly user test is overdue."""

    model_config = example(examples.UNTESTED_DEVICE)

    line: str
    device: str
    model: str | None
    subject: str
    person: str | None
    place: str | None
    tested_at: datetime = Field(description="when its last user test was heard")
    days: int = Field(description="whole days since then")


class ServiceView(View):
    """A response service."""

    model_config = example(examples.SERVICE_VIEW)

    id: str
    name: str
    kind: str
    timezone: str
    hours: Any = Field(description='"24/7", or weekday to spans')
    catchment: tuple[str, ...]
    capacity: int | None = Field(description="free places; null: unknown")
    capacity_at: datetime | None
    delivery: str
    phone: str | None
    open_referrals: int
