"""The text that is read out to ambulance control."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace as changed

from gateway.api.records import ReasonView, Step
from gateway.api.records_people import PersonCard, PlaceCard
from gateway.console.desk import emergency, sheet
from gateway.console.desk.emergency import Said
from tests.gateway.test_desk_parts import NOW, RULES, alarm

CARD = PersonCard(
    id="wc",
    name="Fictional WC",
    born=date(1951, 5, 1),
    nhs_number=None,
    address="1 Nowhere Road",
    postcode="LE1 1AA",
    place=None,
    phone_home="0116 496 0001",
    phone_mobile=None,
    status="at_home",
    ceiling="not_for_resuscitation",
    anticipatory_line=None,
    conditions=("COPD",),
    contacts=(),
    anticoagulants=True,
    language="gu",
)
PLACE = PlaceCard(id="house", name="Example House", address="9 Nowhere Road", postcode="LE9 1AA")


@dataclass(frozen=True)
class Home:
    access: str = "Side gate"
    hazards: tuple[str, ...] = ("large dog",)
    allergies: tuple[str, ...] = ("penicillin",)
    communication: str = "hard of hearing"
    has_key_safe: bool = True


def test_where_it_is_comes_first_with_access_danger_and_number() -> None:
    assert emergency.where(CARD, None, Home()) == (
        Said("Address", "1 Nowhere Road, LE1 1AA"),
        Said("Getting in", "Side gate; key safe (tell its code only when they ask)"),
        Said("Danger there", "large dog"),
        Said("Number to call back", "give your own. In the home: 0116 496 0001"),
    )


def test_who_it_is_says_age_conditions_ceiling_and_how_to_speak() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert emergency.who(CARD, Home(), now) == (
        Said("Who", "Fictional WC, 75 years old"),
        Said("Known", "COPD, on anticoagulants, allergic to penicillin"),
        Said("Ceiling of treatment", "Not for resuscitation"),
        Said("Speech", "Gujarati, hard of hearing"),
    )


def test_what_is_not_on_record_is_said_to_be_unknown() -> None:
    bare = CARD.model_copy(
        update={
            "born": None,
            "address": "",
            "postcode": None,
            "phone_home": None,
            "ceiling": "none",
            "conditions": (),
            "anticoagulants": None,
            "language": None,
        }
    )
    said = [*emergency.where(bare, None, None), *emergency.who(bare, None, NOW)]
    assert {line.about: line.words for line in said} == {
        "Address": "not on record: ask",
        "Getting in": "nothing on record: ask",
        "Danger there": "none on record",
        "Number to call back": "give your own. None at home",
        "Who": "Fictional WC, age not known",
        "Known": "anticoagulants not known",
        "Ceiling of treatment": "none recorded",
    }


def test_nobody_is_not_a_name_and_a_place_has_an_address() -> None:
    assert emergency.who(None, None, NOW) == (Said("Who", "not on record: ask for name and age"),)
    assert emergency.where(None, PLACE, None)[0] == Said(
        "Address", "Example House, 9 Nowhere Road, LE9 1AA"
    )
    flat = CARD.model_copy(update={"place": "Example House"})
    assert emergency.where(flat, None, None)[0].words == "Example House, 1 Nowhere Road, LE1 1AA"


def test_what_happened_says_the_grave_answers_and_those_nobody_knew() -> None:
    given = alarm("fall", on_floor_since=NOW - timedelta(minutes=12), note="Door is locked")
    given = changed(
        given,
        answers={"stumble.E": "cannot_weight_bear", "stumble.B": "no", "stumble.L": "unknown"},
        spoke_at=NOW,
    )
    said = emergency.what(given, sheet.scripts_for(given, RULES), "broken hip", NOW)
    found = {line.about: line.words for line in said}
    assert found["What happened"].endswith(": broken hip")
    assert found["On the floor"] == "for 12 min"
    assert found["Spoken to"].startswith("yes, at ")
    assert "Is a bone out of shape" in found["They say"]
    assert "Were you knocked out" in found["They say"]
    assert "Is blood flowing" not in found["They say"]
    assert found["Last note"] == "Door is locked"


def test_nobody_having_heard_a_voice_is_said() -> None:
    given = alarm()
    said = emergency.what(given, sheet.scripts_for(given, RULES), "", NOW)
    assert [line.about for line in said] == ["What happened", "Spoken to"]
    assert said[1].words == "not yet; nobody has heard a voice"


def test_what_control_said_is_kept_in_sight_and_the_last_word_counts() -> None:
    def call(**inputs: object) -> Step:
        why = ReasonView(reason="call", rule="operator.acts", version="1", inputs=inputs)
        other = ReasonView(reason="take", rule="operator.acts", version="1", inputs={})
        return Step.model_construct(reasons=(other, why))

    steps = [call(to="999", incident="A-1", eta="2026-11-20T07:30:00Z"), call(to="999"),
             call(to="999", incident="A-2")]  # fmt: skip
    assert emergency.recorded(steps, NOW) == (
        Said("Incident number", "A-2"),
        Said("Expected", "07:30"),
    )
    assert emergency.recorded([], NOW) == ()
