"""What is held about re-checks: of a score, of two waits, at the floor, and what they leave."""

from typing import Any

from alerts.ruleset import parse_rules
from alerts.vital_words import Level, Pathway
from alerts.vitals.state import Finding
from tests.alerts.houses import rule_files
from tests.alerts.vitals.test_rows import HEAD
from tests.alerts.vitals.wards import Watched, minutes, red, ward

DAY = 1440
FIVE: dict[str, Any] = {"respiratory_rate_bpm": 22, "heart_rate_bpm": 112, "temperature_c": 38.5}
"""A NEWS2 of 5: 2, 2 and 1; the first two are also amber by themselves."""
BOTH_WAYS = "".join(
    f'[[change]]\nid = "local.{name}"{HEAD}vital = "weight_kg"\npathway = "covid"\n'
    f'days = 3\n{name}_more_than = {limit}\nlevel = "amber"\n'
    for name, limit in (("rise", 2.0), ("fall", 3.0))
)


def found(watched: Watched, parameter: str) -> Finding:
    finding = watched.alert.finding(parameter)
    assert finding is not None
    return finding


# -- NEWS2: what its re-check is -------------------------------------------------------------------


def test_a_score_stays_until_all_that_gave_its_points_was_measured_again() -> None:
    watched = Watched()
    watched.says(1, **FIVE)
    watched.says(3, heart_rate_bpm=80)

    assert found(watched, "news2").confirmed is None
    watched.says(5, respiratory_rate_bpm=16, temperature_c=37.0)
    assert watched.state.alert is None
    assert watched.last.closed[0].alert.finding("heart_rate_bpm") is None


def test_a_correction_is_no_second_measurement_of_a_score() -> None:
    watched = Watched()
    watched.says(1, **FIVE)
    watched.says(3, heart_rate_bpm=80)

    watched.says(4, taken_at=3, heart_rate_bpm=112)

    assert found(watched, "news2").confirmed is None


def test_a_score_of_corrected_readings_alone_is_taken_away_with_them() -> None:
    watched = Watched()
    watched.says(1, **FIVE)

    watched.says(2, taken_at=1, respiratory_rate_bpm=16, heart_rate_bpm=80, temperature_c=37.0)

    assert watched.state.alert is None


def test_a_lower_score_of_what_is_known_settles_no_higher_one_that_waits() -> None:
    """The others were not measured again: red stays, unconfirmed, until its time is over."""
    watched = Watched()
    for minute in (1, 3):
        watched.says(minute, respiratory_rate_bpm=22, heart_rate_bpm=112, temperature_c=39.2)
    watched.says(5, spo2_pct=90)
    assert (found(watched, "news2").level, found(watched, "news2").confirmed) == (
        Level.RED,
        Level.AMBER,
    )

    watched.says(7, spo2_pct=98)

    score = found(watched, "news2")
    assert (score.level, score.confirmed, score.recheck_by) == (
        Level.RED,
        Level.AMBER,
        minutes(15),
    )
    assert watched.alert.confirmed_level is Level.AMBER


def test_a_score_of_what_is_confirmed_or_stated_waits_for_no_recheck_of_its_own() -> None:
    for more, confirmed in (({"oxygen": True}, Level.AMBER), ({"temperature_c": 38.5}, None)):
        watched = Watched()
        for minute in (1, 3):
            watched.says(minute, respiratory_rate_bpm=22, heart_rate_bpm=112)

        watched.says(5, **more)

        assert found(watched, "news2").confirmed is confirmed


# -- re-checks -------------------------------------------------------------------------------------


def test_the_wait_runs_from_the_reading_and_not_from_its_arrival() -> None:
    watched = Watched()

    watched.says(6, taken_at=1, spo2_pct=90)

    assert found(watched, "spo2_pct").recheck_by == minutes(11)
    assert watched.last.next_due_at == minutes(11)


def test_of_two_waits_the_sooner_is_awaited_and_both_are_asked_for() -> None:
    watched = Watched()

    watched.says(1, glucose_mmol_l=3.5, spo2_pct=90)

    (asked,) = (one for one in watched.last.entries if one.due_at is not None)
    assert asked.due_at == minutes(11)
    assert asked.reasons[0].inputs["parameters"] == ["glucose_mmol_l", "spo2_pct", "news2"]
    assert [one.to for one in watched.last.outgoing] == ["patient"]
    watched.waits(11)
    assert watched.last.next_due_at == minutes(26)
    assert found(watched, "glucose_mmol_l").confirmed is None


def test_a_correction_to_below_the_floor_confirms_at_once() -> None:
    watched = Watched(ward=ward(floor={"spo2_pct": 85}))
    watched.says(1, spo2_pct=88)

    watched.says(2, taken_at=1, spo2_pct=84)

    assert found(watched, "spo2_pct").is_confirmed
    assert found(watched, "spo2_pct").recheck_by is None


def test_at_the_floor_itself_a_reading_still_waits() -> None:
    watched = Watched(ward=ward(floor={"spo2_pct": 85, "news2": 4}))

    watched.says(1, spo2_pct=85)

    assert watched.alert.confirmed_level is None
    assert [one.parameter for one in watched.alert.findings] == ["spo2_pct", "news2"]


def test_what_a_recheck_did_not_bear_out_counts_in_no_window_any_more() -> None:
    rules = parse_rules({**rule_files(), "local.toml": BOTH_WAYS.encode()})
    watched = Watched(rules, pathway=Pathway.COVID, schedule=())
    watched.says(1, weight_kg=70.0)
    watched.says(DAY, weight_kg=66.5)
    assert watched.told[0].startswith("alarm_opened fell_in_days")
    watched.says(DAY + 5, weight_kg=68.0)
    assert watched.state.alert is None

    watched.says(2 * DAY, weight_kg=69.0)

    assert watched.state.alert is None


def test_what_is_confirmed_is_never_lowered_and_what_returns_has_not_recovered() -> None:
    watched = red()
    watched.says(6, spo2_pct=93)
    assert found(watched, "spo2_pct").level is Level.RED
    watched.says(8, spo2_pct=98)
    assert watched.alert.has_recovered

    watched.says(10, spo2_pct=90)

    assert not watched.alert.has_recovered
    assert found(watched, "spo2_pct").last_at == minutes(10)
    assert found(watched, "spo2_pct").since == minutes(1)
