"""What is read out to ambulance control: one text, in the order in which control asks. Pure.

Where first, then what happened, then who it is (DECIDING 4: address, access, hazards, call-back
number, ceiling of treatment). What is not on record is said to be unknown, for control would ask. A
key-safe code is never in it: it is told to the crew on the line, and its reading is audited.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from alerts.case import Alarm
from alerts.rule_rows import Grade
from alerts.script_rows import UNKNOWN
from alerts.words import Ceiling
from gateway.api.records import Step
from gateway.api.records_people import PersonCard, PlaceCard
from gateway.console.desk import words
from gateway.console.desk.sheet import LEVELS, Script
from gateway.console.local_time import clock_words, span_words

GRAVE = frozenset({LEVELS[Grade.EMERGENCY_999], LEVELS[Grade.CLINICIAN]})

BLOOD: Mapping[bool | None, str] = {
    True: "on anticoagulants",
    False: "not on anticoagulants",
    None: "anticoagulants not known",
}


class Home(Protocol):
    """What the text needs of a home: a row of the table person_desk."""

    @property
    def access(self) -> str:
        """How one gets in."""

    @property
    def hazards(self) -> Sequence[str]:
        """What is dangerous there."""

    @property
    def allergies(self) -> Sequence[str]:
        """What the person must not be given."""

    @property
    def communication(self) -> str:
        """How one speaks with them."""

    @property
    def has_key_safe(self) -> bool:
        """Whether a code is kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line to read: what it is about, and the words."""

    about: str
    words: str


def where(card: PersonCard | None, place: PlaceCard | None, home: Home | None) -> tuple[Said, ...]:
    """Say where it is, how one gets in, what is dangerous there, and which number to call."""
    at = card or place
    address = _joined((at.address, at.postcode)) if at is not None else ""
    named = (card.place if card else None) or (place.name if place else None)
    phones = [one for one in (card.phone_home, card.phone_mobile) if one] if card else []
    number = "give your own. " + (f"In the home: {', '.join(phones)}" if phones else "None at home")
    return (
        Said("Address", _joined((named, address)) or "not on record: ask"),
        Said("Getting in", _access(home)),
        Said(
            "Danger there", ", ".join(home.hazards) if home and home.hazards else "none on record"
        ),
        Said("Number to call back", number),
    )


def _access(home: Home | None) -> str:
    if home is None or not (home.access or home.has_key_safe):
        return "nothing on record: ask"
    key = "key safe (tell its code only when they ask)" if home.has_key_safe else ""
    return _joined((home.access, key), "; ")


def what(alarm: Alarm, scripts: Iterable[Script], text: str, now: datetime) -> tuple[Said, ...]:
    """Say what happened, what was heard, and since when somebody lies on the floor."""
    happened = f"{words.what(alarm.what)} at {clock_words(alarm.alarm_at, now)}"
    said = [Said("What happened", _joined((happened, text), ": "))]
    if alarm.on_floor_since is not None:
        said.append(Said("On the floor", f"for {span_words(now - alarm.on_floor_since)}"))
    said.append(Said("Spoken to", _spoken(alarm, now)))
    grave = [line for script in scripts for line in _answers(script)]
    if grave:
        said.append(Said("They say", "; ".join(grave)))
    if alarm.note:
        said.append(Said("Last note", alarm.note))
    return tuple(said)


def recorded(steps: Iterable[Step], now: datetime) -> tuple[Said, ...]:
    """Say what ambulance control said at the last call that recorded it."""
    told = [one.inputs for step in steps for one in step.reasons if one.reason == "call"]
    incident = next((one["incident"] for one in reversed(told) if one.get("incident")), None)
    eta = next((one["eta"] for one in reversed(told) if one.get("eta")), None)
    said = []
    if incident is not None:
        said.append(Said("Incident number", str(incident)))
    if eta is not None:
        at = eta if isinstance(eta, datetime) else datetime.fromisoformat(str(eta))
        said.append(Said("Expected", clock_words(at, now)))
    return tuple(said)


def _spoken(alarm: Alarm, now: datetime) -> str:
    if alarm.spoke_at is not None:
        return f"yes, at {clock_words(alarm.spoke_at, now)}"
    return "not yet; nobody has heard a voice"


def _answers(script: Script) -> Iterable[str]:
    """Give the answers that matter to an ambulance, and what nobody could say."""
    for one in script.questions:
        answer = next((each for each in one.answers if each.word == one.chosen), None)
        if answer is not None and (answer.leads_to in GRAVE or answer.word == UNKNOWN):
            yield f"{one.text} {answer.words}"


def who(card: PersonCard | None, home: Home | None, now: datetime) -> tuple[Said, ...]:
    """Say who it is, what they have, and what treatment they are for."""
    if card is None:
        return (Said("Who", "not on record: ask for name and age"),)
    has = (*card.conditions, BLOOD[card.anticoagulants])
    allergic = f"allergic to {', '.join(home.allergies)}" if home and home.allergies else ""
    speech = _joined((words.language(card.language), home.communication if home else ""))
    said = [
        Said("Who", _joined((card.name, _age(card.born, now.date())))),
        Said("Known", _joined((*has, allergic))),
        Said("Ceiling of treatment", _ceiling(card)),
    ]
    if speech:
        said.append(Said("Speech", speech))
    return tuple(said)


def _age(born: date | None, today: date) -> str:
    if born is None:
        return "age not known"
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return f"{years} years old"


def _ceiling(card: PersonCard) -> str:
    said = words.CEILINGS.get(card.ceiling, card.ceiling)
    said = "none recorded" if card.ceiling == Ceiling.NONE else said
    asked = f"ask first: {card.anticipatory_line}" if card.anticipatory_line else ""
    return _joined((said, asked), "; ")


def _joined(parts: Iterable[str | None], by: str = ", ") -> str:
    return by.join(part for part in parts if part)
