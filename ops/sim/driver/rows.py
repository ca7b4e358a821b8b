"""The rows of the simulated PostgreSQL: one type a table, its fields named as the SQL columns.

Rows are immutable. Of the jsonb columns `hours`, `contacts` and `plan` hold the decoded value, as
the gateway reads them; all others hold the JSON text as it was written. Source of the columns:
gateway/sql/migrations/0001_core.sql.
"""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID


class Organisation(NamedTuple):
    """Who runs a call centre."""

    id: UUID
    name: str
    created_at: datetime


class Service(NamedTuple):
    """A response service."""

    organisation_id: UUID
    id: str
    name: str
    kind: str
    timezone: str
    hours: Any
    catchment: list[str]
    capacity: int | None
    capacity_at: datetime | None
    criteria: str
    automatic_per_hour: int | None
    delivery: str
    phone: str | None
    position: int
    roaming: bool = False


class Place(NamedTuple):
    """A place with alarms of its own."""

    id: UUID
    organisation_id: UUID
    name: str
    address: str
    postcode: str | None


class Person(NamedTuple):
    """A person who may need help."""

    id: UUID
    organisation_id: UUID
    name: str
    born: date | None
    nhs_number: str | None
    address: str
    postcode: str | None
    phone_home: str | None
    phone_mobile: str | None
    status: str
    away_until: datetime | None
    ceiling: str
    anticipatory_line: str | None
    conditions: list[str]
    contacts: Any
    anticoagulants: bool | None
    plan: Any
    place_id: UUID | None
    language: str | None
    baseline_cognition: str
    care_home: bool
    death_reported_by: str | None = None
    death_reported_at: datetime | None = None
    death_confirmed_by: str | None = None


class Device(NamedTuple):
    """A device that somebody enrolled."""

    id: UUID
    organisation_id: UUID
    line: str
    sender: str
    person_id: UUID | None
    place_id: UUID | None
    model: str | None
    interval_s: int | None
    speech: bool
    enabled: bool
    expires_at: datetime | None
    secret_sha256: bytes | None
    certificate_sha256: bytes | None
    faulty_since: datetime | None = None


class Subject(NamedTuple):
    """The row that a case is locked by; `state` is the case as JSON text."""

    id: UUID
    organisation_id: UUID
    kind: str
    person_id: UUID | None
    place_id: UUID | None
    line: str | None
    label: str | None
    state: str | None
    next_due_at: datetime | None
    changed_at: datetime


class Alarm(NamedTuple):
    """An alarm as people query it."""

    id: UUID
    organisation_id: UUID
    subject_id: UUID
    kind: str
    state: str
    priority: int
    what: str
    alarm_at: datetime
    taken_by: str | None
    taken_at: datetime | None
    spoke_at: datetime | None
    closed_at: datetime | None
    disposition: str | None
    record: str
    revision: int


class Referral(NamedTuple):
    """A referral as people query it."""

    id: UUID
    organisation_id: UUID
    subject_id: UUID
    alarm_id: UUID | None
    service_id: str
    state: str
    provisional: bool
    automatic: bool
    made_at: datetime
    received_at: datetime | None
    accepted_at: datetime | None
    first_face_to_face_at: datetime | None
    record: str
    revision: int


class Task(NamedTuple):
    """A task as people query it."""

    id: UUID
    organisation_id: UUID
    subject_id: UUID
    alarm_id: UUID | None
    referral_id: UUID | None
    kind: str
    state: str
    made_at: datetime
    due_at: datetime | None
    record: str
    revision: int


class Decision(NamedTuple):
    """One step with its reasons."""

    id: int
    organisation_id: UUID
    subject_id: UUID
    alarm_id: UUID | None
    referral_id: UUID | None
    at: datetime
    what: str
    entry: str


class Outbox(NamedTuple):
    """A message that must go out."""

    stream: UUID
    seq: int
    organisation_id: UUID
    subject_id: UUID
    what: str
    recipient: str
    referral_id: UUID | None
    alarm_id: UUID | None
    body: str
    state: str
    attempt: int
    made_at: datetime
    try_at: datetime
    lease_until: datetime | None
    ended_at: datetime | None
    problem: str | None


class Inbox(NamedTuple):
    """Something handed to the alarm lane."""

    id: int
    organisation_id: UUID
    subject_id: UUID
    what: str
    body: str
    made_at: datetime
    held_until: datetime | None


class DeskDelivery(NamedTuple):
    """What the built-in desk was handed."""

    referral_id: UUID
    organisation_id: UUID
    service_id: str
    received_at: datetime
    deliveries: int
    withdrawn_at: datetime | None
    body: str


class Audit(NamedTuple):
    """Who did what to which record."""

    id: int
    organisation_id: UUID
    at: datetime
    actor: str
    act: str
    about: UUID | None
    digest: bytes
    code: bytes
    seq: int | None = None
    link: bytes | None = None
