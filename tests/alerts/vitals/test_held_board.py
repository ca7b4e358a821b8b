"""What is held about a board in the middle of things: scores, re-checks, rings and hand-overs."""

from typing import Any

import pytest

from alerts.vital_rows import Limits, Slot
from alerts.vital_words import ClinicianAct, Crisis, Level, Pathway
from alerts.vitals.inputs import Reading
from alerts.vitals.plan import LimitSet
from alerts.vitals.state import Finding
from alerts.words import PersonStatus
from devices.model import Quality, VitalCode
from tests.alerts.vitals.wards import T0, Watched, amber, minutes, ward

GLUCOSE, SPO2 = VitalCode.GLUCOSE, VitalCode.SPO2
FIVE: dict[str, Any] = {"respiratory_rate_bpm": 22, "heart_rate_bpm": 112, "temperature_c": 38.5}
"""A NEWS2 of 5: 2, 2 and 1; the first two are also amber by themselves."""
OFFICE = {"tue": ("08:00-18:00",)}


def found(watched: Watched, parameter: str) -> Finding:
    finding = watched.alert.finding(parameter)
    assert finding is not None
    return finding


def held(**limits: float) -> tuple[LimitSet, ...]:
    return (LimitSet("1", T0, "ann", "bob", {SPO2: Limits(**limits)}),)


def rung(watched: Watched) -> list[str]:
    return [one.to for one in watched.last.outgoing]


def crises(watched: Watched) -> list[Crisis]:
    return [one.crisis for one in watched.last.handed]


# -- how it is told --------------------------------------------------------------------------------


def test_each_line_names_the_rule_by_which_it_was_decided() -> None:
    watched = amber()
    assert watched.last.entries[0].reasons[0].rule == "vitals.recheck"
    watched.says(6, heart_rate_bpm=113)
    assert watched.last.entries[0].reasons[0].rule == "vitals.same_level_folds_in"
    watched.does(7, ClinicianAct.SNOOZE, parameter="heart_rate_bpm")
    watched.says(8, heart_rate_bpm=113)
    assert watched.told == ["nothing snoozed, beyond_warning_high"]
    assert watched.last.entries[0].reasons[0].rule == "figure.vitals_snooze"

    watched.says(9, spo2_pct=90)

    assert watched.told[0] == "alarm_raised worse, beyond_alert_low, news2_red"
    raised = watched.last.entries[0]
    assert raised.reasons[0].rule == "vitals.worse_rings_anew"
    assert raised.reasons[0].inputs == {"was": Level.AMBER, "now": Level.RED}
    assert raised.text == "heart_rate_bpm amber, spo2_pct red, news2 red"


def test_another_finding_of_the_same_level_joins() -> None:
    watched = amber()

    watched.says(6, glucose_mmol_l=3.5)

    assert watched.told[0] == "alarm_joined same_level, beyond_warning_low"


@pytest.mark.parametrize(
    ("status", "told", "asked", "handed"),
    [
        (PersonStatus.HOME, [], ["patient"], [Crisis.NEW_CONFUSION]),
        (PersonStatus.AWAY, ["person_not_at_home"], [], [Crisis.NEW_CONFUSION]),
        (PersonStatus.IN_HOSPITAL, ["person_not_at_home"], [], []),
    ],
)
def test_where_the_person_is_decides_who_is_asked_and_what_is_handed_over(
    status: PersonStatus, told: list[str], asked: list[str], handed: list[Crisis]
) -> None:
    watched = Watched(status=status)
    watched.says(1, glucose_mmol_l=2.5)
    assert [one.reason for one in watched.last.entries[0].reasons[2:]] == told
    assert rung(watched) == asked
    counted = any(one.what.value == "countdown_started" for one in watched.last.entries)
    assert counted is (status is not PersonStatus.IN_HOSPITAL)

    watched.says(2, consciousness="C")

    assert crises(watched) == handed


# -- ringing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minute", "desk", "first", "who"),
    [(59, "ward", "ward_lead", "Ada"), (1, "ward_out_of_hours", "ward_out_of_hours", "night")],
)
def test_in_the_wards_hours_its_desk_and_lead_ring_and_else_its_out_of_hours_owner(
    minute: int, desk: str, first: str, who: str
) -> None:
    own = ward(hours=OFFICE, lead="Ada", on_call="phone", out_of_hours="night")
    watched = Watched(ward=own)
    watched.says(minute, spo2_pct=90)
    watched.says(minute + 1, spo2_pct=90)
    assert rung(watched) == [desk]

    watched.waits(minute + 16)

    assert rung(watched) == [first]
    assert watched.last.entries[-1].reasons[0].inputs["who"] == who
    watched.waits(minute + 31)
    assert rung(watched) == ["ward_on_call"]
    assert watched.last.entries[-1].reasons[0].inputs["who"] == "phone"
    watched.waits(minute + 45)
    assert watched.last.handed == ()
    watched.waits(minute + 46)
    assert crises(watched) == [Crisis.LADDER_EXHAUSTED]


def test_a_review_that_is_due_rings_also_for_what_is_not_yet_confirmed() -> None:
    watched = Watched()
    watched.says(1, spo2_pct=90)
    watched.does(2, ClinicianAct.ACKNOWLEDGE, until=minutes(5))

    watched.waits(5)

    assert watched.last.outgoing[0].body["text"] == "red: spo2_pct, news2"
    assert watched.told[-1] == "countdown_started unacknowledged_red"
    assert watched.alert.rung_level is Level.RED


def test_what_has_recovered_is_not_named_when_it_rings_again() -> None:
    watched = amber()
    watched.says(5, heart_rate_bpm=80)

    watched.says(6, spo2_pct=90)
    watched.says(8, spo2_pct=90)

    assert watched.last.outgoing[-1].body["text"] == "red: spo2_pct, news2"


def test_a_reading_of_what_is_set_aside_does_not_ring_beside_what_is_missing() -> None:
    watched = Watched(schedule=(Slot("temperature_c", ("08:00",), grace_min=60),))
    watched.says(1, heart_rate_bpm=112)
    watched.says(4, heart_rate_bpm=112)
    watched.waits(120)
    watched.does(120, ClinicianAct.ACKNOWLEDGE)
    assert watched.alert.rung_missing
    watched.does(121, ClinicianAct.SNOOZE, parameter="heart_rate_bpm")

    watched.says(122, heart_rate_bpm=112)

    assert watched.told == ["nothing snoozed, beyond_warning_high"]


def test_what_becomes_worse_while_set_aside_rings_once_that_is_confirmed() -> None:
    watched = amber()
    watched.does(5, ClinicianAct.SNOOZE, parameter="heart_rate_bpm")

    watched.says(6, heart_rate_bpm=135)
    assert "notice_made rings" not in watched.told
    assert watched.state.snoozes == ()
    watched.says(8, heart_rate_bpm=135)

    assert "notice_made rings" in watched.told


def test_a_higher_score_that_nobody_has_acknowledged_rings_no_second_time() -> None:
    watched = Watched()
    watched.says(1, **FIVE)
    watched.says(4, **FIVE)

    watched.says(6, **FIVE, systolic_mmhg=105)

    assert found(watched, "news2").score == 6
    assert "notice_made score_rose" not in watched.told


def test_ringing_anew_takes_the_old_review_away() -> None:
    watched = amber()
    watched.does(5, ClinicianAct.ACKNOWLEDGE, until=minutes(20))
    watched.says(6, spo2_pct=90)
    watched.says(8, spo2_pct=90)

    assert (watched.alert.acknowledged_by, watched.alert.review_by) == (None, None)
    assert watched.last.next_due_at == minutes(8 + 15)


# -- handing over ----------------------------------------------------------------------------------


def test_an_amber_alert_is_handed_over_as_amber_with_a_score_of_nothing() -> None:
    watched = Watched()
    watched.says(1, glucose_mmol_l=3.5)

    watched.does(101, ClinicianAct.CONFIRM)

    (signal,) = watched.last.handed
    assert (signal.level, signal.at_least, signal.low_glucose) == (Level.AMBER, 0, False)
    assert signal.recovered is False
    known = signal.context
    assert known["readings"]["glucose_mmol_l"]["age_min"] == 100
    assert set(known["limits"]) == {"glucose_mmol_l"}
    assert known["news2"]["total"] is None
    assert (known["ward"], known["acknowledged_by"]) == ("default", "nurse")
    assert known["findings"][0]["confirmed"] is True


@pytest.mark.parametrize(
    ("given", "low"),
    [
        (Reading(GLUCOSE, 2.9, minutes(1)), True),
        (Reading(GLUCOSE, 3.0, minutes(1)), False),
        (Reading(GLUCOSE, 26.0, minutes(1)), False),
        (Reading(GLUCOSE, None, minutes(1), Quality.BELOW_RANGE), True),
        (Reading(GLUCOSE, None, minutes(1), Quality.ABOVE_RANGE), False),
    ],
)
def test_a_glucose_is_low_at_its_red_limit_and_when_the_meter_says_lo(
    given: Reading, *, low: bool
) -> None:
    watched = Watched()
    watched.report(1, given)

    watched.says(2, consciousness="C")

    assert [one.low_glucose for one in watched.last.handed] == [low]


def test_confusion_is_handed_over_again_when_the_score_reaches_five_and_never_after() -> None:
    watched = Watched()
    watched.says(1, consciousness="C")
    assert crises(watched) == [Crisis.NEW_CONFUSION]
    watched.says(2, temperature_c=38.5)
    assert crises(watched) == []

    watched.says(3, heart_rate_bpm=95)

    assert [one.at_least for one in watched.last.handed] == [5]
    watched.says(4, heart_rate_bpm=80)
    assert crises(watched) == []
    watched.says(5, heart_rate_bpm=95)
    assert crises(watched) == []


def test_confusion_that_is_over_is_handed_over_no_more() -> None:
    watched = Watched()
    watched.says(1, consciousness="C")
    watched.says(2, consciousness="A")

    watched.says(3, glucose_mmol_l=2.5)

    assert crises(watched) == []


def test_who_responds_to_voice_only_is_handed_over_once_and_not_as_confused() -> None:
    watched = Watched()
    watched.says(1, consciousness="V")
    assert crises(watched) == [Crisis.NOT_ALERT]

    watched.says(2, consciousness="P")

    assert crises(watched) == []


@pytest.mark.parametrize(
    ("first", "second", "handed"),
    [(92, 92, True), (92, 93, False), (93, 92, False), (90, 91, True)],
)
def test_only_two_readings_at_the_emergency_limit_go_to_999(
    first: float, second: float, *, handed: bool
) -> None:
    """The person's own red limit is above it, so that 93 is red too and confirms."""
    own = held(alert_low=93)
    watched = Watched(pathway=Pathway.COVID, schedule=(), limits=own)
    watched.says(1, spo2_pct=first)

    watched.says(3, spo2_pct=second)

    assert found(watched, "spo2_pct").is_confirmed
    assert crises(watched) == [Crisis.EMERGENCY] * handed
    if handed:
        inputs = watched.last.handed[0].reasons[0].inputs
        assert inputs == {"first": first, "second": second, "pathway": "covid"}


def test_a_second_reading_below_the_wards_floor_goes_to_999_all_the_same() -> None:
    floor = ward(floor={"spo2_pct": 85})
    watched = Watched(pathway=Pathway.COVID, schedule=(), ward=floor)
    watched.says(1, spo2_pct=90)

    watched.says(3, spo2_pct=84)

    assert crises(watched) == [Crisis.EMERGENCY]
