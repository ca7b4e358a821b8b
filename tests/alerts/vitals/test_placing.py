"""What a verdict does to a finding, held against the table of DECIDING 7, bounded re-check."""

from typing import Any

import pytest

from alerts.vital_words import Level
from alerts.vitals.placing import Outcome, Placed, place
from alerts.vitals.state import NEWS2, Finding
from alerts.vitals.step import Step, begin
from alerts.vitals.verdict import Verdict
from tests.alerts.houses import rules
from tests.alerts.vitals.wards import Watched, minutes

HEART = "heart_rate_bpm"
SPO2 = "spo2_pct"
AMBER, RED = Level.AMBER, Level.RED


def step(**measured: float) -> Step:
    """Give a step at minute 20; `measured` says when the newest of a vital sign was taken."""
    watched = Watched()
    for name, minute in measured.items():
        watched.says(minute, **{name: 70 if name == HEART else 98})
    return begin(watched.state, rules(), minutes(20)).at(minutes(20))


def finding(level: Level = RED, parameter: str = HEART, **fields: Any) -> Finding:
    given: dict[str, Any] = {"recheck_by": minutes(11), "value": 140, **fields}
    return Finding(parameter, level, minutes(1), minutes(1), **given)


def verdict(
    level: Level | None, minute: float = 5, parameter: str = HEART, **fields: Any
) -> Verdict:
    return Verdict(parameter, minutes(minute), level, **fields)


def put(known: Finding | None, said: Verdict, **measured: float) -> Placed:
    return place(step(**measured), known, said)


@pytest.mark.parametrize("level", [AMBER, RED])
def test_what_waits_for_nothing_confirms_what_waited_at_its_level(level: Level) -> None:
    placed = put(finding(level), verdict(level, 1, waits=False))

    assert placed.outcome is Outcome.CONFIRMED
    assert placed.finding is not None
    assert (placed.finding.confirmed, placed.finding.recheck_by) == (level, None)
    assert placed.first is placed.second is None, "there were no two measurements"


def test_what_waits_for_nothing_and_is_lower_confirms_the_lower_only_as_a_recheck() -> None:
    later = put(finding(RED), verdict(AMBER, 5, waits=False, value=115))
    same = put(finding(RED), verdict(AMBER, 1, waits=False))

    assert (later.outcome, later.first, later.second) == (Outcome.LOWERED, 140, 115)
    assert later.finding is not None
    assert (later.finding.level, later.finding.confirmed) == (AMBER, AMBER)
    assert same.outcome is Outcome.FOLDED, "the same measurement is no second one"
    assert same.finding is not None
    assert (same.finding.level, same.finding.confirmed) == (RED, None)


def test_a_correction_lowers_what_it_corrects_and_confirms_nothing() -> None:
    corrected = put(finding(RED), verdict(AMBER, 1, corrected=frozenset({HEART})))

    assert corrected.outcome is Outcome.LOWERED
    assert corrected.finding is not None
    assert (corrected.finding.level, corrected.finding.confirmed) == (AMBER, None)
    assert corrected.finding.recheck_by == minutes(11), "it is still awaited"


def score(level: Level | None, minute: float, **fields: Any) -> Verdict:
    return verdict(level, minute, NEWS2, **fields)


OF = {HEART: minutes(1), SPO2: minutes(1)}


@pytest.mark.parametrize(
    ("of", "corrected", "outcome"),
    [
        ({HEART: minutes(5), SPO2: minutes(1)}, frozenset(), Outcome.CONFIRMED),
        ({HEART: minutes(1), SPO2: minutes(1)}, frozenset(), Outcome.FOLDED),
        ({HEART: minutes(5)}, frozenset({HEART}), Outcome.FOLDED),
        ({"temperature_c": minutes(5)}, frozenset(), Outcome.FOLDED),
        ({HEART: minutes(5), SPO2: minutes(5)}, frozenset({HEART}), Outcome.CONFIRMED),
    ],
)
def test_a_score_is_measured_again_when_something_that_gave_points_is(
    of: dict[str, Any], corrected: frozenset[str], outcome: Outcome
) -> None:
    placed = put(finding(RED, NEWS2, of=OF), score(RED, 5, of=of, corrected=corrected))

    assert placed.outcome is outcome


def test_a_score_is_normal_again_only_once_all_that_gave_points_was_measured_again() -> None:
    known = finding(RED, NEWS2, of=OF)

    assert put(known, score(None, 5), heart_rate_bpm=5).finding == known
    assert put(known, score(None, 5), heart_rate_bpm=5, spo2_pct=6).finding is None


def test_a_correction_of_what_was_left_makes_a_score_normal() -> None:
    known = finding(RED, NEWS2, of=OF)
    both = frozenset({HEART, SPO2})

    assert put(known, score(None, 5, corrected=both)).outcome is Outcome.CLEARED
    assert put(known, score(None, 5, corrected=frozenset({HEART}))).finding == known


def test_an_earlier_reading_makes_nothing_normal_and_what_recovered_stays_so() -> None:
    assert put(finding(), verdict(None, 0)).finding == finding()
    assert put(finding(), verdict(None, 1)).outcome is Outcome.CLEARED
    well = finding(confirmed=RED, recovered_at=minutes(3))
    assert put(well, verdict(None, 9)) == Placed(well)


def test_what_is_confirmed_recovers_at_the_level_that_was_confirmed() -> None:
    placed = put(finding(RED, confirmed=AMBER), verdict(None, 9))

    assert placed.outcome is Outcome.RECOVERED
    assert placed.finding is not None
    assert (placed.finding.level, placed.finding.recovered_at) == (AMBER, minutes(9))


def test_what_gets_worse_waits_no_longer_than_the_first_wait() -> None:
    placed = put(finding(AMBER, recheck_by=minutes(6)), verdict(RED, 5))
    at_once = put(finding(AMBER, recheck_by=minutes(6)), verdict(RED, 5, waits=False))

    assert (placed.outcome, placed.finding and placed.finding.recheck_by) == (
        Outcome.RAISED,
        minutes(6),
    )
    assert at_once.finding is not None
    assert (at_once.finding.confirmed, at_once.finding.recheck_by) == (RED, None)
