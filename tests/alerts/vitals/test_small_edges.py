"""Small edges of the vitals half: each is a fact that a change of one word would break."""

from typing import Any

import pytest

from alerts.vital_rows import Limits, Slot
from alerts.vital_words import ClinicianAct, Crisis, Level, Pathway, Reference
from alerts.vitals import decide
from alerts.vitals.inputs import Reading, Report
from alerts.vitals.plan import LimitSet, MonitoringPlan, refuse
from alerts.vitals.rehearsal_plan import plan_of_now
from alerts.vitals.state import Point
from alerts.vitals.windows import kept, slope_per_day
from alerts.words import PersonStatus, What
from devices.model import Quality, VitalCode
from tests.alerts.houses import rules
from tests.alerts.vitals.wards import T0, Watched, minutes, readings, ward

HEART = VitalCode.HEART_RATE


def amber() -> Watched:
    watched = Watched()
    watched.says(1, heart_rate_bpm=112)
    watched.says(4, heart_rate_bpm=112)
    return watched


def test_who_confirms_a_crisis_has_the_alert() -> None:
    watched = amber()
    watched.does(5, ClinicianAct.CONFIRM)

    assert watched.alert.acknowledged_by == "nurse"
    assert watched.alert.handed == (Crisis.CLINICIAN_CONFIRMED.value,)


def test_an_amber_crisis_is_handed_over_as_amber_with_the_score_it_has() -> None:
    watched = Watched()
    watched.says(1, weight_kg=80, glucose_mmol_l=3.0)
    watched.waits(20)
    watched.does(21, ClinicianAct.CONFIRM)
    (handed,) = watched.last.handed
    watched = amber()
    watched.does(5, ClinicianAct.CONFIRM)

    assert handed.at_least == 0, "glucose gives no points"
    assert watched.last.handed[0].level is Level.AMBER
    assert watched.last.handed[0].at_least == 2, "112 a minute gives two"


def test_what_has_recovered_sets_no_review_while_something_has_not() -> None:
    watched = Watched()
    for minute in (1, 4):
        watched.says(minute, glucose_mmol_l=2.5, heart_rate_bpm=112)
    watched.says(8, glucose_mmol_l=6)
    assert [one.recovered_at for one in watched.alert.findings] == [minutes(8), None]
    watched.does(9, ClinicianAct.ACKNOWLEDGE)

    assert watched.alert.review_by == minutes(9 + 24 * 60), "what is left is amber"


def test_a_weight_that_its_recheck_did_not_bear_out_counts_in_no_window() -> None:
    watched = Watched(pathway=Pathway.HEART_FAILURE, baseline_spo2_pct=97,
                      target_spo2_pct=(95, 99), dry_weight_kg=80)  # fmt: skip
    watched.says(1, weight_kg=80)
    watched.says(24 * 60, weight_kg=90)
    watched.says(24 * 60 + 5, weight_kg=80)

    assert [point.value for point in watched.state.points[VitalCode.WEIGHT]] == [80, 80]


@pytest.mark.parametrize("snoozed", [True, False])
def test_what_is_told_about_a_second_reading_names_its_own_rule(*, snoozed: bool) -> None:
    watched = amber()
    if snoozed:
        watched.does(5, ClinicianAct.SNOOZE, parameter=HEART.value, level=Level.AMBER)
        watched.says(6, heart_rate_bpm=112)
        rules_named = [(one.reasons[0].reason, one.reasons[0].rule) for one in watched.last.entries]
        assert ("snoozed", "figure.vitals_snooze") in rules_named
    else:
        (told,) = [one for one in watched.last.entries if one.what is What.ALARM_RAISED]
        assert (told.reasons[0].reason, told.reasons[0].rule) == (
            "confirmed_by_recheck",
            "vitals.recheck",
        )


def test_the_end_of_one_wait_confirms_nothing_that_waits_longer() -> None:
    watched = Watched()
    watched.says(1, heart_rate_bpm=112)
    watched.says(2, spo2_pct=90)
    watched.waits(15)
    heart, spo2 = watched.alert.finding(HEART.value), watched.alert.finding("spo2_pct")

    assert heart is not None
    assert spo2 is not None
    assert (heart.confirmed, spo2.confirmed) == (None, Level.RED)


@pytest.mark.parametrize(
    ("said", "quick"),
    [
        ({"heart_rate_bpm": 70}, True),
        ({"heart_rate_bpm": 70.5, "consciousness": "A", "oxygen": False}, True),
        ({"oxygen": True}, False),
        ({"consciousness": "C"}, False),
        ({"heart_rate_bpm": 112}, False),
    ],
)
def test_only_what_changes_nothing_takes_the_quick_way(
    said: dict[str, Any], *, quick: bool
) -> None:
    watched = Watched()
    report = Report("m", minutes(1), readings(minutes(1), said))

    assert (decide._calm(watched.state, report, watched.rules, minutes(1)) is not None) is quick


@pytest.mark.parametrize(
    ("more", "marks"),
    [
        ({}, ("new_confusion",)),
        ({"spo2_pct": 90}, ("new_confusion:grave",)),
        ({"glucose_mmol_l": 2.5}, ("new_confusion:grave",)),
    ],
)
def test_confusion_is_grave_with_a_high_score_or_a_low_glucose(
    more: dict[str, Any], marks: tuple[str, ...]
) -> None:
    watched = Watched()
    watched.says(1, consciousness="C", **more)

    assert watched.alert.handed == marks


@pytest.mark.parametrize(("author", "approver"), [(" ", "doctor"), ("nurse", " ")])
def test_own_limits_need_both_names(author: str, approver: str) -> None:
    own = LimitSet("1", T0, author, approver, {HEART: Limits(alert_high=140)})
    kept, wrong = refuse(MonitoringPlan(T0, limits=(own,)), rules(), T0)

    assert kept.limits == ()
    assert "author and approver are both named" in wrong[0][0]


def test_of_a_target_range_the_lower_end_is_compared_with() -> None:
    plan = MonitoringPlan(T0, target_spo2_pct=(88, 92))

    assert plan.reference(Reference.TARGET_SPO2) == 88


def test_only_an_absence_ends_by_itself() -> None:
    for status, later in (
        (PersonStatus.AWAY, PersonStatus.HOME),
        (PersonStatus.IN_HOSPITAL, PersonStatus.IN_HOSPITAL),
    ):
        plan = MonitoringPlan(T0, status=status, away_until=minutes(5))
        assert (plan.status_at(minutes(4)), plan.status_at(minutes(5))) == (status, later)


@pytest.mark.parametrize(("hours", "desk"), [("24/7", "ward"), ({}, "ward_out_of_hours")])
def test_the_desk_that_rings_is_the_one_that_is_staffed(hours: Any, desk: str) -> None:
    watched = Watched(ward=ward(hours=hours))
    watched.says(1, consciousness="V")

    assert [one.to for one in watched.last.outgoing if one.body["reason"] == "rings"] == [desk]


@pytest.mark.parametrize(("minute", "missing"), [(60, False), (59, True)])
def test_a_reading_counts_for_its_time_from_its_earliest_minute_on(
    minute: float, *, missing: bool
) -> None:
    slot = Slot("weight_kg", ("09:00",), early_min=60)
    watched = Watched(schedule=(slot,))
    watched.says(minute, weight_kg=80)
    watched.waits(5 * 60)

    assert (watched.state.alert is not None) is missing


def test_a_withdrawal_of_a_weight_that_nobody_kept_changes_nothing() -> None:
    watched = Watched(pathway=Pathway.HEART_FAILURE, baseline_spo2_pct=97,
                      target_spo2_pct=(95, 99), dry_weight_kg=80)  # fmt: skip
    watched.says(1, weight_kg=80)
    watched.says(9, weight_kg=80.1)
    never = Reading(VitalCode.WEIGHT, None, minutes(5), Quality.ARTEFACT)
    watched.report(10, never)
    told = [reason.reason for one in watched.last.entries for reason in one.reasons]
    watched.report(11, Reading(VitalCode.WEIGHT, None, minutes(1), Quality.ARTEFACT))

    assert told == ["artefact"]
    assert [point.value for point in watched.state.points[VitalCode.WEIGHT]] == [80.1]


def test_answers_of_a_call_are_not_of_a_questionnaire_that_nobody_has() -> None:
    asked = min(rules().scripts.asked())
    watched = Watched()

    assert watched.answers(1, **{asked: "yes"}).entries == ()
    assert len(watched.answers(2, nonsense="yes").entries) == 1


def test_points_are_kept_a_day_longer_than_the_longest_window() -> None:
    kept_days, day = 3, 24 * 60
    points = (Point(minutes(-4 * day - 1), 1), Point(minutes(-4 * day), 2))

    found = kept(points, Point(T0, 3), kept_days)

    assert [one.value for one in found] == [2, 3]


def test_a_slope_is_told_by_the_whole_day() -> None:
    assert slope_per_day([Point(T0, 10), Point(minutes(24 * 60), 11)]) == 1


def test_limits_that_begin_this_instant_hold_in_a_rehearsal() -> None:
    own = LimitSet("1", minutes(5), "nurse", "doctor", {HEART: Limits(alert_high=140)})
    plan = MonitoringPlan(T0, limits=(own,))

    assert len(plan_of_now(plan, T0, minutes(5)).limits) == 1
    assert plan_of_now(plan, T0, minutes(4)).limits == ()


def quick(watched: Watched, **said: Any) -> bool:
    """Say whether a report would take the quick way, past all rules."""
    report = Report("m", minutes(1), readings(minutes(1), said))
    return decide._calm(watched.state, report, watched.rules, minutes(1)) is not None


@pytest.mark.parametrize(("scale", "spo2_pct", "calm"), [(1, 97, True), (1, 95, False),
                                                       (2, 97, False)])  # fmt: skip
def test_what_scores_on_the_persons_own_scale_never_takes_the_quick_way(
    scale: int, spo2_pct: int, *, calm: bool
) -> None:
    assert quick(Watched(spo2_scale=scale), spo2_pct=spo2_pct) is calm


@pytest.mark.parametrize(("spo2_pct", "calm"), [(98, True), (97.5, False)])
def test_what_is_below_the_wards_floor_never_takes_the_quick_way(
    spo2_pct: float, *, calm: bool
) -> None:
    assert quick(Watched(ward=ward(floor={"spo2_pct": 98})), spo2_pct=spo2_pct) is calm
