"""The one line an operator reads first: who calls, and what about them matters now.

Pure. Each clause links to where it comes from, so that it can be checked. A clause that nothing on
record bears out is left out: silence about a thing means "not known", never "no".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.case import Alarm
from alerts.words import Ceiling, PersonStatus
from devices.model import ActivationKind, Quality, VitalCode
from gateway.console.desk import words

PRESSES = frozenset({ActivationKind.PENDANT, ActivationKind.PULL_CORD, ActivationKind.BUTTON})
FALLS = frozenset({ActivationKind.FALL, ActivationKind.MAN_DOWN})
PRESS_SPAN = timedelta(days=7)
FALL_SPAN = timedelta(days=30)
READING_SPAN = timedelta(hours=24)
WEEK_DAYS = 6
MEDICINES = ("warfarin", "apixaban", "rivaroxaban", "edoxaban", "dabigatran", "heparin")
LATE_PRESS = timedelta(seconds=60)
ORDINALS = {1: "st", 2: "nd", 3: "rd"}
TEENS = range(11, 14)
# Of these the newest one is always worth saying; the unit stands after the number.
READINGS: dict[str, tuple[str, str]] = {
    VitalCode.SPO2: ("SpO2", ""),
    VitalCode.HEART_RATE: ("heart rate", ""),
    VitalCode.SYSTOLIC: ("systolic", ""),
    VitalCode.RESPIRATORY_RATE: ("breathing rate", ""),
    VitalCode.TEMPERATURE: ("temperature", " °C"),
    VitalCode.GLUCOSE: ("glucose", " mmol/L"),
}
# Outside of these a reading other than SpO2 is worth a clause: NEWS2 scores it (RCP 2017, chart 1);
# glucose: below 4 is low (CLINICAL 4), above 15 asks about ketones [to be signed off locally].
PLAIN: dict[str, tuple[float, float]] = {
    VitalCode.HEART_RATE: (51, 90),
    VitalCode.SYSTOLIC: (111, 219),
    VitalCode.RESPIRATORY_RATE: (12, 20),
    VitalCode.TEMPERATURE: (36.1, 38.0),
    VitalCode.GLUCOSE: (4.0, 15.0),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A person's newest vital sign of a kind; `word` for one that is no number (ACVPU, oxygen)."""

    code: str
    value: float | None
    quality: str
    at: datetime
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What the person's record says; None where it says nothing."""

    born: date | None = None
    status: str = PersonStatus.HOME
    ceiling: str = Ceiling.NONE
    conditions: tuple[str, ...] = ()
    anticoagulants: bool | None = None
    language: str | None = None
    communication: str = ""
    allergies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """A few plain words, and the place on the page, or the page, that they come from."""

    words: str
    href: str
    level: str = "plain"


@dataclass(frozen=True, slots=True)
class Known:
    """All that the line may be made of. `past` are the person's alarms, this one included."""

    alarm: Alarm
    now: datetime
    zone: ZoneInfo
    past: Sequence[Alarm] = ()
    record: Record | None = None
    readings: Sequence[Reading] = ()


def brief(known: Known) -> tuple[Clause, ...]:
    """Give the clauses in the order they are read."""
    found: list[Clause] = []
    for part in (_age, _late, _floor, _presses, _fell, _status, _ceiling, _medicine, _readings):
        found.extend(part(known))
    found.extend(_speech(known))
    return tuple(found)


def sentence(clauses: Iterable[Clause]) -> str:
    """Write the clauses as one line."""
    said = ", ".join(clause.words for clause in clauses)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def ordinal(number: int) -> str:
    """Write 3 as 3rd."""
    ending = "th" if number % 100 in TEENS else ORDINALS.get(number % 10, "th")
    return f"{number}{ending}"


def ago(span: timedelta) -> str:
    """Say how long ago, in the one unit that matters."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 50:
        return f"{minutes} min ago"
    hours = round(minutes / 60)
    return "an hour ago" if hours == 1 else f"{hours} hours ago"


def day(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Say on which day: today, yesterday, a weekday within six days, else the date."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    days = (today.date() - local.date()).days
    if days <= 0:
        return f"today at {local:%H:%M}"
    if days == 1:
        return "yesterday"
    return f"{local:%A}" if days <= WEEK_DAYS else f"on {local.day} {local:%B}"


def _age(known: Known) -> Iterable[Clause]:
    record = known.record
    if record is None or record.born is None:
        return
    today, born = known.now.astimezone(known.zone).date(), record.born
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    yield Clause(f"{years} years old", "#card-born")


def _late(known: Known) -> Iterable[Clause]:
    alarm = known.alarm
    if alarm.pressed_at is not None and alarm.alarm_at - alarm.pressed_at > LATE_PRESS:
        yield Clause(f"pressed {ago(known.now - alarm.pressed_at)}", "#times", "amber")


def _floor(known: Known) -> Iterable[Clause]:
    since = known.alarm.on_floor_since
    if since is None:
        return
    minutes = int((known.now - since).total_seconds() // 60)
    yield Clause(f"on the floor for {minutes} min", "#times", "red")


def _presses(known: Known) -> Iterable[Clause]:
    alarm = known.alarm
    if alarm.what not in PRESSES:
        return
    since = alarm.alarm_at - PRESS_SPAN
    times = sorted(
        one.alarm_at
        for one in known.past
        if one.what in PRESSES and since <= one.alarm_at <= alarm.alarm_at
    )
    if len(times) <= 1:
        return
    first = times[0].astimezone(known.zone).date()
    days = (alarm.alarm_at.astimezone(known.zone).date() - first).days + 1
    span = "today" if days == 1 else f"in {days} days"
    yield Clause(f"{ordinal(len(times))} press {span}", "#history")


def _fell(known: Known) -> Iterable[Clause]:
    alarm = known.alarm
    falls = [
        one
        for one in known.past
        if one.id != alarm.id
        and (one.what in FALLS or "fall" in one.marks)
        and alarm.alarm_at - FALL_SPAN <= one.alarm_at <= alarm.alarm_at
        and one.cancelled_at is None
    ]
    if falls:
        last = max(falls, key=lambda one: one.alarm_at)
        said = f"fell {day(last.alarm_at, known.now, known.zone)}"
        yield Clause(said, f"/console/alarms/{last.id}", "amber")


def _status(known: Known) -> Iterable[Clause]:
    record = known.record
    if record is not None and record.status != PersonStatus.HOME:
        said = words.STATUSES.get(record.status, record.status).lower()
        yield Clause(f"record says: {said}", "#card-status", "amber")


def _ceiling(known: Known) -> Iterable[Clause]:
    record = known.record
    if record is not None and record.ceiling != Ceiling.NONE:
        said = words.CEILINGS.get(record.ceiling, record.ceiling).lower()
        yield Clause(said, "#card-ceiling", "amber")


def _medicine(known: Known) -> Iterable[Clause]:
    """Name the anticoagulant where the record names it; allergies come with it."""
    record = known.record
    if record is None:
        return
    listed = " ".join(record.conditions).lower()
    named = next((name for name in MEDICINES if name in listed), None)
    if named is not None:
        yield Clause(f"on {named}", "#card-conditions", "red")
    elif record.anticoagulants:
        yield Clause("on anticoagulants", "#card-anticoagulants", "red")
    if record.allergies:
        yield Clause(f"allergic to {', '.join(record.allergies)}", "#card-allergies", "amber")


def _readings(known: Known) -> Iterable[Clause]:
    for reading in known.readings:
        named = READINGS.get(reading.code)
        age = known.now - reading.at
        if named is None or age > READING_SPAN or age < -LATE_PRESS:
            continue
        said = _said(reading, named[1])
        if said is not None:
            yield Clause(f"{named[0]} {said} {ago(age)}", "#readings", "amber")


def _said(reading: Reading, unit: str) -> str | None:
    """Say a value; None for one that is plain, or that nobody should trust."""
    if reading.quality == Quality.ABOVE_RANGE:
        return "too high for the meter"
    if reading.quality == Quality.BELOW_RANGE:
        return "too low for the meter"
    if reading.quality != Quality.OK or reading.value is None:
        return None
    plain = PLAIN.get(reading.code)
    if plain is not None and plain[0] <= reading.value <= plain[1]:
        return None
    return f"{reading.value:g}{unit}"


def _speech(known: Known) -> Iterable[Clause]:
    record = known.record
    if record is None:
        return
    language = words.language(record.language)
    if language is not None:
        yield Clause(f"speaks {language}", "#card-language", "amber")
    if record.communication:
        yield Clause(record.communication, "#card-communication", "amber")
