"""What a story of `lifeline decide` says (INTERFACES 7), checked before anything is decided.

`read_story` turns the JSON object into typed values; what cannot be read raises StoryError with a
sentence for `bad_input`: what was found, what was expected.
"""

import re
from collections import Counter
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Literal, get_args, get_type_hints

import msgspec

from alerts.facts import Device, Person, Plan, Service
from alerts.hours import check_service
from alerts.vital_rows import Slot, Ward
from alerts.vital_words import Pathway
from alerts.words import Ceiling, PersonStatus

PATH = re.compile(r"at `\$\.([^`]*)`")
NAME = re.compile(r"[a-z_]+")
MAX_EVENTS = 100_000
MAX_SUBJECTS = 10_000
PLAN_KINDS = ("press", "fall", "deterioration")


class StoryError(ValueError):
    """A story cannot be played: what was found and what was expected."""


class StoryPerson(msgspec.Struct, frozen=True):
    """A person as a story names them."""

    id: str
    born: date | None = None
    postcode: str | None = None
    status: PersonStatus = PersonStatus.HOME
    away_until: datetime | None = None
    ceiling: Ceiling = Ceiling.NONE
    anticipatory_line: str | None = None
    conditions: tuple[str, ...] = ()
    contacts: tuple[Any, ...] = ()
    anticoagulants: bool | None = None
    plan: dict[str, str | dict[str, Any]] = {}
    place: str | None = None
    language: str | None = None
    baseline_cognition: Literal["A", "C", "V", "P", "U"] = "A"
    care_home: bool = False
    ward: str | None = None
    pathway: Pathway | None = None
    spo2_scale: Literal[1, 2] = 1
    baseline_spo2_pct: float | None = None
    target_spo2_pct: tuple[float, float] | None = None
    dry_weight_kg: float | None = None
    limits: dict[str, Any] | list[dict[str, Any]] = {}
    schedule: tuple[Slot, ...] | None = None


class StoryDevice(msgspec.Struct, frozen=True):
    """A device as a story names it."""

    id: str
    person: str | None = None
    place: str | None = None
    interval_s: int | None = None
    model: str | None = None
    speech: bool = True
    faulty_since: datetime | None = None


class StoryEvent(msgspec.Struct, frozen=True):
    """One event: of a device, operator, clinician, service or delivery; exactly one of these."""

    at: datetime
    device: str | None = None
    signal: dict[str, Any] | None = None
    operator: str | None = None
    clinician: str | None = None
    service: str | None = None
    delivery: str | None = None
    do: str | None = None
    alarm: str | None = None
    referral: str | None = None
    to: str | None = None
    question: str | None = None
    answer: str | None = None
    answers: dict[str, str] = {}
    given_by: str | None = None
    disposition: str | None = None
    need: str | None = None
    reason: str | None = None
    text: str = ""
    by: str = ""
    occurred_at: datetime | None = None
    person: str | None = None
    source: str | None = None
    standard: str | None = None
    eta: datetime | None = None
    due_at: datetime | None = None
    mechanism: str | None = None
    incident: str | None = None
    result: str | None = None
    outcome: str | None = None
    tasks: tuple[str, ...] = ()
    parameter: str | None = None
    level: str | None = None
    until: datetime | None = None
    event: str | None = None
    status: str | None = None
    away_until: datetime | None = None

    @property
    def actor(self) -> str:
        """Which of them it is."""
        return next(name for name in ACTORS if getattr(self, name) is not None)


ACTORS = ("device", "operator", "clinician", "delivery", "service")
TIMES = ("at", "eta", "due_at", "occurred_at", "until", "away_until")


class StoryWard(Ward, frozen=True, forbid_unknown_fields=False):
    """A ward as a story names it; what it says beyond our words is left out."""


class RawStory(msgspec.Struct, frozen=True):
    """A story as it stands in the line."""

    start: datetime
    events: tuple[StoryEvent, ...]
    story: str | None = None
    until: datetime | None = None
    rules: str = "shipped"
    services: tuple[Service, ...] | None = None
    persons: tuple[StoryPerson, ...] = ()
    devices: tuple[StoryDevice, ...] = ()
    wards: tuple[StoryWard, ...] = ()


class Story(msgspec.Struct, frozen=True):
    """A story that can be played; events in order of time, `until` not before the last."""

    name: str | None
    start: datetime
    until: datetime
    services: tuple[Service, ...]
    persons: dict[str, Person]
    devices: dict[str, Device]
    events: tuple[StoryEvent, ...]
    told: dict[str, StoryPerson]
    wards: dict[str, StoryWard]


def read_story(story: dict[str, Any], shipped: tuple[Service, ...]) -> Story:
    """Read a story; without services of its own it has the shipped ones.

    Raises:
        StoryError: with what was found and what was expected.
    """
    try:
        raw = msgspec.convert(_without_nulls(story), RawStory)
    except msgspec.ValidationError as error:
        raise StoryError(explained(error, RawStory)) from error
    _check(raw)
    events = tuple(sorted((_event(e) for e in raw.events), key=lambda e: e.at))
    start = utc(raw.start)
    last = max((event.at for event in events), default=start)
    until = last if raw.until is None else utc(raw.until)
    if events and events[0].at < start:
        raise StoryError(f"event at {events[0].at.isoformat()} is before start")
    if until < last:
        raise StoryError(f"until {until.isoformat()} is before the event at {last.isoformat()}")
    persons = {p.id: _person(p) for p in raw.persons}
    devices = {d.id: _device(d, persons) for d in raw.devices}
    services = shipped if raw.services is None else tuple(map(_service, raw.services))
    told, wards = {p.id: p for p in raw.persons}, {w.id: w for w in raw.wards}
    return Story(raw.story, start, until, services, persons, devices, events, told, wards)


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Leave out what is null: absent and null both say unknown (INTERFACES 4)."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def explained(error: msgspec.ValidationError, wanted: type[msgspec.Struct]) -> str:
    """Say what was found and where, and which words were expected where there is a list of them."""
    message = str(error)
    path = PATH.search(message)
    if path is None or not message.startswith("Invalid enum value"):
        return message
    types: list[Any] = [wanted]
    for name in NAME.findall(path[1]):
        hints = [get_type_hints(one) for one in types if hasattr(one, "__struct_fields__")]
        types = [inner for hint in hints if name in hint for inner in _inside(hint[name])]
    enums = [one for one in types if isinstance(one, type) and issubclass(one, StrEnum)]
    return f"{message}, expected {', '.join(word.value for one in enums for word in one)}"


def _inside(hint: Any) -> list[Any]:  # noqa: ANN401 - any type
    """Give a type and every type it is made of."""
    return [hint, *(inner for one in get_args(hint) for inner in _inside(one))]


def convert(fields: dict[str, Any], wanted: Any) -> Any:  # noqa: ANN401 - one of the event types
    """Read an event's fields; StoryError names the event's time."""
    try:
        return msgspec.convert(fields, wanted)
    except msgspec.ValidationError as error:
        at = f"the event at {fields['at'].isoformat()}"
        raise StoryError(f"{at}: {explained(error, wanted)}") from error


def utc(at: datetime) -> datetime:
    """Give a time in UTC.

    Raises:
        StoryError: it has no zone.
    """
    if at.tzinfo is None:
        raise StoryError(f"time {at.isoformat()} has no zone, expected RFC 3339 with Z")
    return at.astimezone(UTC)


def _check(raw: RawStory) -> None:
    if raw.rules != "shipped":
        raise StoryError(f"rules {raw.rules!r}, expected 'shipped'")
    if len(raw.events) > MAX_EVENTS:
        raise StoryError(f"{len(raw.events)} events, expected at most {MAX_EVENTS}")
    for name, things in (
        ("person", raw.persons),
        ("device", raw.devices),
        ("service", raw.services or ()),
    ):
        times = Counter(thing.id for thing in things)
        if twice := [one for one, count in times.items() if count > 1]:
            raise StoryError(f"{name} {', '.join(twice)} stands there twice, expected each id once")
    if len(raw.persons) + len(raw.devices) > MAX_SUBJECTS:
        raise StoryError(f"more than {MAX_SUBJECTS} persons and devices")
    if not (raw.persons or raw.devices or raw.events):
        raise StoryError("a story without persons, devices and events, expected at least one")


def _event(event: StoryEvent) -> StoryEvent:
    named = [name for name in ACTORS if getattr(event, name) is not None]
    if named in (["operator", "service"], ["clinician", "service"]):
        named = named[:1]
    if len(named) != 1:
        raise StoryError(f"event names {named or 'nobody'}, expected one of {', '.join(ACTORS)}")
    if (event.device is not None) != (event.signal is not None):
        raise StoryError("an event of a device needs `signal`, and only that")
    times = {name: getattr(event, name) for name in TIMES}
    utc_times = {name: utc(at) for name, at in times.items() if at is not None}
    return msgspec.structs.replace(event, **utc_times)


def _person(person: StoryPerson) -> Person:
    fields = {n: getattr(person, n) for n in Person.__struct_fields__}
    plan = {kind: _plan(person.id, kind, said) for kind, said in person.plan.items()}
    away_until = None if person.away_until is None else utc(person.away_until)
    contacts = tuple(str(contact) for contact in person.contacts)
    return Person(**{**fields, "plan": plan, "contacts": contacts, "away_until": away_until})


def _plan(person: str, kind: str, said: str | dict[str, Any]) -> Plan:
    if kind not in PLAN_KINDS:
        raise StoryError(f"{person}: plan for {kind!r}, expected {', '.join(PLAN_KINDS)}")
    words = {said: True} if isinstance(said, str) else said
    try:
        plan = msgspec.convert(words, Plan)
    except msgspec.ValidationError as error:
        raise StoryError(f"{person}: plan {said!r}: {error}") from error
    seconds = plan.after_untaken_s
    choices = [plan.at_once, plan.operator, seconds is not None and seconds > 0]
    if sum(choices) != 1:
        raise StoryError(
            f"{person}: plan {said!r}, expected at_once, operator or after_untaken_s above 0"
        )
    return plan


def _device(device: StoryDevice, persons: dict[str, Person]) -> Device:
    if device.person is not None and device.person not in persons:
        raise StoryError(f"device {device.id}: person {device.person!r} is not in the story")
    if device.interval_s is not None and device.interval_s <= 0:
        raise StoryError(f"device {device.id}: interval_s {device.interval_s}, expected above 0")
    since = None if device.faulty_since is None else utc(device.faulty_since)
    return Device(**{**msgspec.structs.asdict(device), "faulty_since": since})


def _service(service: Service) -> Service:
    try:
        check_service(service)
    except ValueError as error:
        raise StoryError(str(error)) from error
    at = service.capacity_at
    return msgspec.structs.replace(service, capacity_at=None if at is None else utc(at))
