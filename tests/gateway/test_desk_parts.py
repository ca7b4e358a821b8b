"""The pure parts of the desk: scripts, what stands in the way of closing, lines, cards, areas."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import gateway.console.desk as package
from alerts.case import Alarm, Task
from alerts.timing import TimerKind
from alerts.words import (
    AlarmKind,
    AlarmState,
    CloseReason,
    Disposition,
    ReferralState,
    TaskKind,
    TaskState,
)
from devices.model import ActivationKind, StatusKind
from gateway.console.desk import cards, closing, links, reading, sheet, technical, words
from gateway.console.desk.items import ReferralLine
from gateway.rulebook import read_rules

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
RULES = read_rules().at(NOW)


def alarm(what: str = "pendant", kind: AlarmKind = AlarmKind.HELP, **more: object) -> Alarm:
    made = Alarm(id="a", kind=kind, state=AlarmState.OPEN, alarm_at=NOW, what=what)
    return msgspec.structs.replace(made, **more)


def test_everything_the_engine_can_say_has_words() -> None:
    assert set(words.STEPS) == set(TimerKind)
    assert set(words.WHAT) == set(ActivationKind)
    assert set(words.DISPOSITIONS) == set(Disposition)
    assert set(words.CLOSE_REASONS) == set(CloseReason)
    assert set(words.REFERRALS) == set(ReferralState)


def test_a_technical_cause_is_said_in_words_with_its_unit() -> None:
    assert words.cause("20:mains") == "No mains power (unit 20)"
    assert words.cause("sip:20@unit.example:lost") == "Unit silent (unit sip:20@unit.example)"
    assert words.cause("odd_thing") == "Odd thing"
    assert set(words.CAUSES) >= set(StatusKind) - {StatusKind.ATTENDANCE}


def test_times_of_day_are_read_as_local_ones_on_the_screen() -> None:
    summer = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)
    said = words.local_clocks("due by 23:01:00 UTC; seen at 06:00:05 UTC", summer, reading.ZONE)
    assert said == "due by 00:01:00; seen at 07:00:05"


def test_a_fall_asks_i_stumble_first_and_everybody_is_asked_for_red_flags() -> None:
    names = [script.name for script in sheet.scripts_for(alarm("fall"), RULES)]
    assert names[:2] == ["falls", "general"]
    letters = [question.letter for question in sheet.scripts_for(alarm("fall"), RULES)[0].questions]
    assert "".join(letters) == "ISTUMBLE"


def test_a_press_from_the_floor_asks_i_stumble_too() -> None:
    first = sheet.scripts_for(alarm(on_floor_since=NOW), RULES)[0]
    assert (first.name, first.first) == ("falls", True)


def test_every_script_is_within_reach_and_every_answer_is_one_that_the_rules_know() -> None:
    scripts = sheet.scripts_for(alarm(), RULES)
    assert {script.name for script in scripts} == set(RULES.scripts.scripts)
    for script in scripts:
        for question in script.questions:
            known = RULES.scripts.words(question.id)
            assert {answer.word for answer in question.answers} <= set(known)
            assert question.answers[-1].word == "unknown"
            assert question.text


def test_what_was_answered_stands_at_its_question() -> None:
    asked = alarm(answers={"stumble.E": "deformity"}, given_by={"stumble.E": "carer"})
    (falls,) = (one for one in sheet.scripts_for(asked, RULES) if one.name == "falls")
    (question,) = (one for one in falls.questions if one.letter == "E")
    assert (question.chosen, question.given_by, falls.answered) == ("deformity", "carer", 1)
    leads = {answer.word: answer.leads_to for answer in question.answers}
    assert (leads["deformity"], leads["no"]) == ("999", "")


def test_a_question_that_a_referral_needs_says_so() -> None:
    general = next(one for one in sheet.scripts_for(alarm(), RULES) if one.name == "general")
    needed = {question.id for question in general.questions if question.needed}
    assert "general.breathing" in needed


def test_a_technical_alarm_has_no_script() -> None:
    assert sheet.scripts_for(alarm(kind=AlarmKind.TECHNICAL), RULES) == ()


def referral(state: str = "received", *, provisional: bool = True) -> ReferralLine:
    return ReferralLine("r", "icrs", state, provisional)


def test_nothing_stands_in_the_way_of_closing_what_was_spoken_to() -> None:
    assert closing.before_closing(alarm(), [], "anna") == ()


def test_a_provisional_referral_is_not_left_behind_unless_999_was_decided() -> None:
    (said,) = closing.before_closing(alarm(), [referral()], "anna")
    assert said == "The referral to icrs is provisional: confirm or withdraw it first."
    raised = alarm(disposition=Disposition.EMERGENCY_999, decided_at=NOW)
    assert closing.before_closing(raised, [referral()], "anna") == ()
    assert closing.before_closing(alarm(), [referral(provisional=False)], "anna") == ()
    assert closing.before_closing(alarm(), [referral("withdrawn")], "anna") == ()


@pytest.mark.parametrize(
    ("asked_by", "said"),
    [
        (None, "One person alone cannot close it"),
        ("anna", "You asked to close it"),
        ("ben", "ben asks to close it. If you agree, you can close it."),
    ],
)
def test_a_silent_alarm_is_closed_by_two(asked_by: str | None, said: str) -> None:
    silent = alarm(silent_since=NOW, close_asked_by=asked_by)
    assert said in closing.before_closing(silent, [], "anna")[0]


def test_an_answer_that_nobody_knows_is_named() -> None:
    said = closing.before_closing(alarm(answers={"stumble.M": "unknown"}), [], "anna")
    assert "Not known: Stumble: M" in said[0]


@pytest.mark.parametrize(
    ("number", "href"),
    [
        ("0116 496 0001", "tel:01164960001"),
        ("+44 116 496 0001", "tel:+441164960001"),
        ("999", "tel:999"),
        ("", None),
        (None, None),
        ("no phone", None),
        ('javascript:alert(1)"', None),
    ],
)
def test_a_number_becomes_a_telephone_link_and_nothing_else(
    number: str | None, href: str | None
) -> None:
    assert links.tel(number) == href


@pytest.mark.parametrize(
    ("sender", "href"),
    [
        ("sip:unit17@example.org", "sip:unit17@example.org"),
        ("sips:u@10.0.0.1:5061", "sips:u@10.0.0.1:5061"),
        ("01164960001", "tel:01164960001"),
        ("17", None),
        ("sip:x@y javascript:alert(1)", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_unit_is_called_only_by_a_name_that_can_be_called(sender: str, href: str | None) -> None:
    assert links.unit(sender) == href


@dataclass(frozen=True)
class Unit:
    sender: str = "17"
    model: str | None = None
    speech: bool = True
    enabled: bool = True
    postcode: str = ""


def test_lines_come_in_the_order_of_the_silent_ladder() -> None:
    found = links.lines(
        [Unit(), Unit("18", speech=False)],
        "0116 496 0001",
        "07700 900001",
        [{"name": "Carol", "relation": "daughter", "phone": "0116 496 0003"}, {"name": "Dev"}],
    )
    assert [one.words for one in found] == [
        "Unit 17", "Home telephone", "Mobile telephone", "Carol", "Dev",
    ]  # fmt: skip
    assert found[4].href is None


def test_a_map_link_carries_the_postcode_alone() -> None:
    assert links.map_link("le1 1aa") == "https://www.openstreetmap.org/search?query=LE11AA"
    assert links.map_link(None) is None


def test_every_card_is_whole_and_none_claims_an_approval() -> None:
    found = cards.cards()
    assert [one.name for one in found.language] == ["Gujarati", "Punjabi", "Urdu", "Polish"]
    for language in found.language:
        assert language.status == "translation to be approved"
        assert all(text.strip() for text in language.words.values())


SHIPPED = (Path(package.__file__).parent / "cards.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'chest = "Czy boli',
            'hand = "Czy boli',
            r"pl and the sentences differ in \['chest', 'han",
        ),
        ('status = "translation to be approved"', 'status = "approved"', "approved by nobody else"),
        ('direction = "rtl"', 'direction = "up"', "direction"),
        ('own_name = "Polski"', 'own_name = "Polski"\nflag = "x"', "flag"),
    ],
)
def test_a_card_that_is_not_whole_or_approved_by_itself_is_refused(
    old: str, new: str, said: str
) -> None:
    assert old in SHIPPED
    with pytest.raises((ValueError, msgspec.ValidationError), match=said):
        cards.parse(SHIPPED.replace(old, new))


def test_units_of_one_area_stand_together_the_most_homes_first() -> None:
    units = [
        Unit("1", postcode="LE2 1AA"),
        Unit("2", postcode="LE1 2BB"),
        Unit("3", postcode="LE12CC"),
    ]
    found = technical.areas(units)
    assert [(one.postcode, len(one.units)) for one in found] == [("LE1", 2), ("LE2", 1)]
    assert technical.outward("") == "No postcode"


def test_work_names_its_owner_and_says_when_it_is_overdue() -> None:
    task = Task("t", TaskKind.DEVICE_FAULT, TaskState.OPEN, NOW, due_at=NOW + timedelta(hours=1))
    fresh = technical.work(task, "WC", NOW)
    late = technical.work(task, "WC", NOW + timedelta(hours=2))
    assert (fresh.owner, fresh.overdue, late.overdue) == ("Technical desk", False, True)
    owned = msgspec.structs.replace(task, service="mender")
    assert technical.work(owned, "WC", NOW).owner == "mender"
    promised = msgspec.structs.replace(task, kind=TaskKind.FOLLOW_UP)
    assert technical.work(promised, "WC", NOW).owner == "The desk"
