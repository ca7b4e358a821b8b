"""Questionnaires with scores, slopes and changes, as rows say; what cannot be calculated."""

from typing import Any

import pytest

from alerts.ruleset import Rules, parse_rules
from alerts.vital_rows import Question, Slot
from alerts.vital_words import Level, Pathway
from alerts.vitals.inputs import Answered
from alerts.vitals.questions import score_of
from alerts.vitals.state import Point
from alerts.vitals.windows import slope_per_day
from tests.alerts.houses import rule_files
from tests.alerts.vitals.test_rows import HEAD
from tests.alerts.vitals.wards import Watched, minutes

DAY = 1440
ROWS = f"""
[[questionnaire]]
id = "local.diary"{HEAD}
name = "diary"
title = "Symptom diary"
pathways = ["covid"]
amber_from = 3
red_from = 6
rise_amber = 2
questions = [
  {{name = "local_cough", text = "Cough?", highest = 4, amber_from = 4}},
  {{name = "local_sputum", text = "Colour?", scores = {{clear = 0, yellow = 1, green = 2}}}},
  {{name = "local_rest", text = "At rest?", scores = {{false = 0, true = 1}}, red_from = 1}},
]

[[slope]]
id = "local.slope"{HEAD}
vital = "peak_flow_l_min"
days = 5
per_day = -10.0
least_points = 3
level = "amber"

[[change]]
id = "local.fall"{HEAD}
vital = "weight_kg"
pathway = "covid"
days = 7
fall_more_than = 3.0
level = "amber"

[[relative]]
id = "local.dry"{HEAD}
vital = "weight_kg"
reference = "dry_weight_kg"
rise_more_than = 2.0
level = "amber"

[[relative]]
id = "local.dry_red"{HEAD}
vital = "weight_kg"
reference = "dry_weight_kg"
rise_at_least = 4.0
level = "red"

[[relative]]
id = "local.glucose"{HEAD}
vital = "glucose_mmol_l"
reference = "dry_weight_kg"
rise_at_least = 1.0
level = "red"
"""


@pytest.fixture(scope="module")
def own_rules() -> Rules:
    return parse_rules({**rule_files(), "local.toml": ROWS.encode()})


@pytest.fixture
def watched(own_rules: Rules) -> Watched:
    return Watched(own_rules, pathway=Pathway.COVID, dry_weight_kg=70.0, schedule=())


@pytest.mark.parametrize(
    ("said", "level", "reasons"),
    [
        ({"local_cough": 0, "local_sputum": "clear", "local_rest": False}, None, []),
        (
            {"local_cough": 2, "local_sputum": "yellow", "local_rest": False},
            Level.AMBER,
            ["score_amber"],
        ),
        ({"local_cough": 4}, Level.AMBER, ["answer_amber", "score_amber"]),
        ({"local_rest": True}, Level.RED, ["answer_red"]),
        (
            {"local_cough": 4, "local_sputum": "green"},
            Level.RED,
            ["answer_amber", "score_red"],
        ),
    ],
)
def test_answers_score_as_their_rows_say_and_wait_for_nothing(
    watched: Watched, said: dict[str, Any], level: Level | None, reasons: list[str]
) -> None:
    watched.answers(1, **said)

    if level is None:
        assert watched.told == []
        return
    assert watched.alert.confirmed_level is level
    assert watched.told[0] == "alarm_opened " + ", ".join(reasons)


def test_an_incomplete_questionnaire_has_no_total_but_the_least_it_can_be(
    watched: Watched,
) -> None:
    watched.answers(1, local_cough=3)

    reason = watched.last.entries[0].reasons[0]
    assert reason.inputs["total"] is None
    assert reason.inputs["at_least"] == 3
    assert reason.inputs["missing"] == ["local_sputum", "local_rest"]
    assert watched.state.filled == {}


def test_a_total_that_rose_is_amber_against_the_last_complete_one(watched: Watched) -> None:
    watched.answers(1, local_cough=0, local_sputum="clear", local_rest=False)
    watched.answers(2 * DAY, local_cough=2, local_sputum="clear", local_rest=False)

    assert watched.told[0] == "alarm_opened score_rose"
    assert watched.state.filled["diary"].total == 2


def test_answers_of_the_past_do_not_take_the_newer_ones_place(watched: Watched) -> None:
    watched.answers(60, local_cough=1, local_sputum="clear", local_rest=False)
    old = Answered({"local_cough": 0, "local_sputum": "clear", "local_rest": False}, minutes(5))
    watched.report(61, answered=(old,))

    assert watched.state.filled["diary"].total == 1


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (2, 2),
        (0, 0),
        (4, 4),
        (5, None),
        (-1, None),
        (1.5, None),
        (True, None),
        ("2", None),
        (None, None),
    ],
)
def test_a_number_counts_itself_only_where_it_is_one_of_the_answers(
    answer: Any, score: int | None
) -> None:
    assert score_of(Question("a", "t", highest=4), answer) == score


def test_a_word_that_is_none_of_the_answers_is_no_answer(watched: Watched) -> None:
    watched.answers(1, local_sputum="purple")

    assert watched.told == ["nothing answers_of_no_questionnaire"]


def test_a_steady_fall_is_found_by_its_slope_and_not_before_three_points(
    watched: Watched,
) -> None:
    for day, value in enumerate((400, 385)):
        watched.says(1 + day * DAY, peak_flow_l_min=value)
    assert watched.state.alert is None

    watched.says(1 + 2 * DAY, peak_flow_l_min=372)

    assert watched.told[0] == "alarm_opened falls_steadily, unconfirmed"
    assert watched.last.entries[0].reasons[0].inputs["per_day"] == -14.0


def test_a_rise_and_points_of_one_instant_are_no_fall(watched: Watched) -> None:
    for day, value in enumerate((350, 380, 400)):
        watched.says(1 + day * DAY, peak_flow_l_min=value)
    assert watched.state.alert is None

    other = Watched(watched.rules)
    other.says(1, peak_flow_l_min=380)
    assert other.state.alert is None


def test_a_slope_through_one_instant_cannot_be_calculated() -> None:
    assert slope_per_day([Point(minutes(1), 1.0)]) is None


def test_a_pathways_own_row_takes_the_defaults_place(watched: Watched) -> None:
    """On this pathway a fall is looked for, and no longer the default's rise."""
    watched.plan(pathway=Pathway.COVID, schedule=())
    watched.says(1, weight_kg=70.0)
    watched.says(1 + DAY, weight_kg=73.0)
    assert watched.state.alert is None

    watched.says(1 + 2 * DAY, weight_kg=69.9)

    assert watched.told[0] == "alarm_opened fell_in_days, unconfirmed"


@pytest.mark.parametrize(
    ("weight_kg", "level"), [(72.0, None), (72.1, Level.AMBER), (74.0, Level.RED)]
)
def test_a_rise_above_the_dry_weight_set_by_a_clinician(
    watched: Watched, weight_kg: float, level: Level | None
) -> None:
    watched.says(1, weight_kg=weight_kg)

    assert (None if watched.state.alert is None else watched.alert.level) is level


def test_without_a_figure_of_ones_own_nothing_can_be_calculated(own_rules: Rules) -> None:
    watched = Watched(own_rules)

    watched.says(1, weight_kg=99.0, glucose_mmol_l=6.0)

    assert watched.state.alert is None


def test_a_missing_questionnaire_has_come_when_it_is_answered(own_rules: Rules) -> None:
    slot = Slot("diary", ("08:00",), every_days=2, grace_min=60, prompt=False)
    watched = Watched(own_rules, pathway=Pathway.COVID, schedule=(slot,))

    watched.waits(121)
    assert watched.told[0] == "alarm_opened missing_reading"

    watched.answers(130, local_cough=0)
    assert watched.told == ["alarm_closed has_come"]

    watched.waits(DAY + 180)
    assert watched.state.alert is None
    watched.waits(2 * DAY + 180)
    assert watched.alert.finding("missing:diary") is not None


def test_answers_to_a_call_are_left_to_telecare() -> None:
    watched = Watched(pathway=Pathway.FRAILTY)

    assert watched.answers(1, **{"confusion.now": True}).entries == ()
    assert watched.answers(2, mood="low").entries != ()
