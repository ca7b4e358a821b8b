"""What is held about readings, sets and answers: the edges of windows, limits and re-checks."""

from typing import Any

import pytest

from alerts.ruleset import Rules, parse_rules
from alerts.vital_words import Level, Pathway, ReadingSource
from alerts.vitals.inputs import Answered, Reading
from alerts.vitals.state import COGNITION, Finding
from devices.model import Quality, VitalCode
from tests.alerts.houses import rule_files
from tests.alerts.vitals.test_questions import ROWS
from tests.alerts.vitals.wards import Watched, minutes

GLUCOSE, SPO2 = VitalCode.GLUCOSE, VitalCode.SPO2
WELL: dict[str, Any] = {"local_cough": 0, "local_sputum": "clear", "local_rest": False}


@pytest.fixture(scope="module")
def own_rules() -> Rules:
    return parse_rules({**rule_files(), "local.toml": ROWS.encode()})


@pytest.fixture
def asked(own_rules: Rules) -> Watched:
    return Watched(own_rules, pathway=Pathway.COVID, schedule=())


def found(watched: Watched, parameter: str) -> Finding:
    finding = watched.alert.finding(parameter)
    assert finding is not None
    return finding


# -- readings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age_min", "fresh"), [(60, True), (61, False)])
def test_a_reading_of_the_wards_window_is_of_now_and_an_older_one_is_told_with_its_age(
    age_min: int, *, fresh: bool
) -> None:
    watched = Watched()

    watched.says(100, taken_at=100 - age_min, spo2_pct=90)

    assert (watched.state.alert is not None) is fresh
    if not fresh:
        assert watched.told == [
            "nothing older_than_window, beyond_alert_low",
            "notice_made late_reading_beyond_limit",
        ]
        (sent,) = watched.last.outgoing
        assert (sent.to, sent.body["text"]) == ("ward", "spo2_pct of 61 min ago")


def test_a_withdrawal_of_what_was_never_kept_changes_nothing() -> None:
    watched = Watched()
    watched.says(5, spo2_pct=97)

    watched.report(6, Reading(SPO2, None, minutes(3)))

    assert watched.told == ["nothing artefact"]


@pytest.mark.parametrize("quality", Quality)
def test_a_value_counts_whose_time_alone_is_doubtful_and_no_artefact(quality: Quality) -> None:
    watched = Watched()

    watched.report(1, Reading(SPO2, 90, minutes(1), quality))

    assert (watched.state.alert is None) is (quality is Quality.ARTEFACT)


def test_what_a_meter_calls_beyond_its_range_is_red_and_in_no_score() -> None:
    watched = Watched()

    watched.report(1, Reading(VitalCode.TEMPERATURE, 42.0, minutes(1), Quality.ABOVE_RANGE))

    assert watched.alert.confirmed_level is Level.RED
    assert watched.alert.finding("news2") is None


def test_a_reading_that_is_corrected_to_hi_is_red_and_stays() -> None:
    watched = Watched()
    watched.says(1, glucose_mmol_l=6.0)

    watched.report(2, Reading(GLUCOSE, None, minutes(1), Quality.ABOVE_RANGE))

    assert watched.alert.confirmed_level is Level.RED
    assert watched.state.newest[GLUCOSE].quality is Quality.ABOVE_RANGE


@pytest.mark.parametrize(("value", "corrected"), [(70.5, True), (70.0, False)])
def test_a_late_reading_says_whether_it_corrects_an_earlier_one(
    value: float, *, corrected: bool
) -> None:
    watched = Watched()
    watched.says(1, weight_kg=70.0)
    watched.says(5, weight_kg=70.2)

    watched.says(6, taken_at=1, weight_kg=value)

    assert watched.last.entries[0].reasons[0].inputs["corrected"] is corrected
    assert watched.last.entries[0].reasons[0].inputs["newest_at"] == minutes(5)


@pytest.mark.parametrize(
    ("usual", "letter", "reason"),
    [
        ("A", "C", "new_confusion"),
        ("A", "P", "not_alert"),
        ("V", "V", None),
        ("V", "C", "new_confusion"),
        ("C", "C", None),
        ("C", "A", None),
    ],
)
def test_consciousness_is_compared_with_how_the_person_usually_is(
    usual: str, letter: str, reason: str | None
) -> None:
    watched = Watched(baseline_cognition=usual)

    watched.says(1, consciousness=letter)

    said = [] if watched.state.alert is None else [found(watched, COGNITION).reasons[0].reason]
    assert said == ([] if reason is None else [reason])


# -- one number ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reasons"),
    [(95, []), (94, ["below_own_baseline"]), (93, ["beyond_warning_low", "below_own_baseline"])],
)
def test_a_fall_of_three_below_the_own_baseline_is_amber_above_every_limit(
    value: float, reasons: list[str]
) -> None:
    watched = Watched(baseline_spo2_pct=97.0)

    watched.says(1, spo2_pct=value)

    said = () if watched.state.alert is None else found(watched, "spo2_pct").reasons
    assert [one.reason for one in said] == reasons


def test_binary_fractions_make_no_rise(own_rules: Rules) -> None:
    watched = Watched(own_rules, dry_weight_kg=62.4)

    watched.says(1, weight_kg=64.4)

    assert watched.state.alert is None


# -- sets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minute", "older"), [(61, {}), (62, {"temperature_c": 61})])
def test_a_set_holds_what_lies_within_the_window_and_shows_the_age_of_the_rest(
    minute: int, older: dict[str, int]
) -> None:
    watched = Watched()
    watched.says(1, temperature_c=38.5)

    watched.says(minute, spo2_pct=90)

    (reason,) = found(watched, "news2").reasons
    assert reason.inputs["older_min"] == older
    assert found(watched, "news2").score == (3 if older else 4)


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ({"heart_rate_bpm": 90.4}, 3),
        ({"heart_rate_bpm": 90.5}, 4),
        ({"temperature_c": 38.04}, 3),
        ({"temperature_c": 38.05}, 4),
        ({"oxygen": True}, 5),
        ({"oxygen": False}, 3),
    ],
)
def test_the_chart_takes_whole_numbers_tenths_of_degrees_and_oxygen(
    said: dict[str, Any], score: int
) -> None:
    watched = Watched()

    watched.says(1, systolic_mmhg=85, **said)

    assert found(watched, "news2").score == score


def test_on_scale_2_the_own_range_gives_no_points() -> None:
    watched = Watched(spo2_scale=2, target_spo2_pct=(88.0, 92.0))
    watched.says(1, spo2_pct=90)
    assert watched.state.alert is None

    watched.says(2, systolic_mmhg=85)

    assert found(watched, "news2").score == 3


def test_a_late_reading_joins_the_set_that_ends_with_the_last_reading_of_the_chart() -> None:
    """A glucose that came after it is no part of the chart and moves no window."""
    watched = Watched()
    watched.says(35, heart_rate_bpm=112)
    watched.says(90, respiratory_rate_bpm=22)
    watched.says(100, glucose_mmol_l=6.0)
    assert watched.alert.finding("news2") is None

    watched.says(100, taken_at=45, systolic_mmhg=100)

    assert found(watched, "news2").score == 6


# -- answers ---------------------------------------------------------------------------------------


def test_answers_that_are_well_below_every_figure_open_nothing(asked: Watched) -> None:
    asked.answers(1, local_cough=2)
    assert asked.state.alert is None

    asked.answers(2, **WELL)
    asked.answers(3, **{**WELL, "local_cough": 1})
    asked.answers(4, local_cough=2, local_sputum="green")

    assert asked.told[0] == "alarm_opened score_amber"


def test_an_incomplete_questionnaire_is_compared_with_no_earlier_total(asked: Watched) -> None:
    asked.answers(1, **WELL)

    asked.answers(2, local_cough=2)

    assert asked.state.alert is None
    assert asked.state.filled["diary"].at == minutes(1)


def test_answers_of_an_earlier_time_take_nothing_back(asked: Watched) -> None:
    asked.answers(60, local_rest=True)
    old = Answered(WELL, minutes(5))

    asked.report(61, answered=(old,))

    assert not asked.alert.has_recovered
    assert asked.state.heard["diary"] == minutes(60)
    asked.answers(62, **WELL)
    assert asked.alert.has_recovered


def test_corrected_answers_of_one_time_take_the_place_of_the_first(asked: Watched) -> None:
    asked.answers(5, **WELL)

    asked.report(6, answered=(Answered({**WELL, "local_cough": 1}, minutes(5)),))

    assert asked.state.filled["diary"].total == 1


def test_words_are_answers_with_spaces_around_them_and_whole_numbers_with_a_point(
    asked: Watched,
) -> None:
    asked.answers(1, local_cough=1.0, local_sputum=" green ", local_rest=False)

    assert asked.state.filled["diary"].total == 3


def test_answers_that_neither_half_knows_are_told_of_beside_those_of_a_call() -> None:
    watched = Watched(pathway=Pathway.FRAILTY)

    watched.answers(1, **{"confusion.now": True, "mood": "low"})

    assert watched.told == ["nothing answers_of_no_questionnaire"]


@pytest.mark.parametrize(
    ("letter", "taken_at", "value"),
    [("V", 4, "C"), ("V", 5, "V"), ("V", 6, "V"), ("A", 6, "A"), ("A", 5, "C")],
)
def test_a_carers_word_stands_beside_an_older_reading_and_never_over_a_graver_one_as_new(
    letter: str, taken_at: int, value: str
) -> None:
    watched = Watched(pathway=Pathway.FRAILTY)
    watched.says(7, taken_at=taken_at, consciousness=letter)
    said = Answered({"new_confusion": True}, minutes(5), ReadingSource.CARER, "phone")

    watched.report(8, answered=(said,))

    newest = watched.state.newest[VitalCode.CONSCIOUSNESS]
    assert newest.value == value
    assert (watched.alert.finding(COGNITION) is None) is (value == "A")
    if value == "C":
        assert (newest.source, newest.device) == (ReadingSource.CARER, "phone")
