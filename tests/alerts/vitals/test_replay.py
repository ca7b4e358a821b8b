"""History played again: what rings when, what people did and what is assumed they did."""

from datetime import datetime

import pytest

from alerts.vital_rows import Limits, Slot
from alerts.vital_words import ClinicianAct, Crisis, Level, Pathway
from alerts.vitals.history import Played
from alerts.vitals.inputs import Report
from alerts.vitals.plan import LimitSet, MonitoringPlan
from alerts.vitals.rehearsal_plan import limits_of, plan_of_now, wrong_with
from alerts.vitals.replay import play
from alerts.words import PersonStatus
from devices.model import VitalCode
from tests.alerts.houses import rules
from tests.alerts.vitals.histories import DAY, does, history, says
from tests.alerts.vitals.wards import T0, minutes

HEART = VitalCode.HEART_RATE
FAST = {"heart_rate_bpm": 112}
CALM = {"heart_rate_bpm": 70}


def rang(played: Played) -> list[tuple[datetime, Level, int]]:
    return [(one.rang_at, one.level, one.rings) for one in played.alerts]


def test_a_finding_that_its_recheck_confirms_rings_at_the_recheck() -> None:
    played = play(history(says(1, **FAST), says(30, **FAST)), rules())

    assert rang(played) == [(minutes(30), Level.AMBER, 1)]
    one = played.alerts[0]
    assert one.opened_at == minutes(1)
    assert one.parameters == ("heart_rate_bpm",)
    assert [why.reason for why in one.reasons] == ["beyond_warning_high"]
    assert [(r.code, r.value, r.at) for r in one.readings] == [(HEART, 112, minutes(30))]
    assert (played.asked, played.quiet, played.handed) == (1, 0, 0)


def test_without_a_recheck_it_rings_when_the_wait_is_over() -> None:
    assert rang(play(history(says(1, **FAST)), rules())) == [(minutes(61), Level.AMBER, 1)]


def test_what_a_normal_recheck_clears_never_rings() -> None:
    played = play(history(says(1, **FAST), says(30, **CALM)), rules())

    assert (played.alerts, played.quiet) == ((), 1)


def test_an_amber_one_is_assumed_to_be_closed_after_ten_hours_and_a_red_one_after_four() -> None:
    amber = play(history(says(1, **FAST)), rules()).alerts[0]
    red = play(history(says(1, spo2_pct=90)), rules()).alerts[0]

    assert amber.ended_at == minutes(61 + 600)
    assert (red.rang_at, red.level) == (minutes(11), Level.RED)
    assert red.ended_at == minutes(11 + 240)


def test_an_assumed_acknowledgement_ends_the_ladder() -> None:
    played = play(history(says(1, spo2_pct=90)), rules())

    assert (played.handed, played.assumed) == (0, 2)


def test_what_becomes_worse_rings_again_and_is_the_worst_it_was() -> None:
    said = (says(1, **FAST), says(62, **FAST), says(100, spo2_pct=90), says(104, spo2_pct=90))
    played = play(history(*said), rules())

    assert rang(played) == [(minutes(61), Level.RED, 2)]
    assert played.alerts[0].parameters == ("heart_rate_bpm",), "as it rang first"
    assert played.alerts[0].ended_at == minutes(104 + 240)


def test_what_clinicians_did_is_done_again_and_nothing_assumed_in_its_place() -> None:
    acts = (
        does(90, ClinicianAct.ACKNOWLEDGE),
        does(200, ClinicianAct.CLOSE, reason="reassured"),
    )
    played = play(history(says(1, **FAST), acts=acts), rules())

    assert played.alerts[0].ended_at == minutes(200)
    assert (played.done, played.left_out, played.assumed) == (2, 0, 0)


def test_an_act_a_day_after_a_ring_is_still_about_it_and_one_later_is_not() -> None:
    close = (does(61 + DAY, ClinicianAct.CLOSE, reason="reassured"),)
    late = (does(62 + DAY, ClinicianAct.CLOSE, reason="reassured"),)

    kept = play(history(says(1, **FAST), acts=close), rules())
    assumed = play(history(says(1, **FAST), acts=late), rules())

    assert [one.ended_at for one in kept.alerts] == [minutes(61 + DAY)]
    assert [one.ended_at for one in assumed.alerts] == [minutes(61 + 600)]
    assert assumed.left_out == 1, "nothing was open any more"


def test_an_act_at_the_very_ring_is_of_something_before() -> None:
    acts = (does(61, ClinicianAct.CLOSE, reason="reassured"),)
    played = play(history(says(1, **FAST), acts=acts), rules())

    assert (played.left_out, played.assumed) == (0, 0)
    assert played.done == 1


def test_an_acknowledgement_in_the_record_comes_before_the_assumed_one() -> None:
    acts = (does(70, ClinicianAct.NOTE, text="seen"), does(3 * DAY, ClinicianAct.REVIEW))
    played = play(history(says(1, **FAST), acts=acts), rules())

    assert played.assumed == 2, "a note takes nothing and ends nothing"


def test_a_snooze_is_done_again_and_takes_nothing() -> None:
    acts = (does(70, ClinicianAct.SNOOZE, parameter="heart_rate_bpm", level=Level.AMBER),)
    played = play(history(says(1, **FAST), acts=acts), rules())

    assert (played.done, played.left_out, played.assumed) == (1, 0, 2)


def test_two_rings_need_one_acknowledgement() -> None:
    said = (says(1, **FAST), says(62, **FAST), says(70, spo2_pct=90), says(74, spo2_pct=90))
    played = play(history(*said), rules())

    assert rang(played) == [(minutes(61), Level.RED, 2)]
    assert played.assumed == 2, "acknowledged 20 minutes after the first, which is after the second"
    assert played.handed == 0


def test_a_confirmed_crisis_is_handed_over_again() -> None:
    acts = (does(70, ClinicianAct.CONFIRM),)
    played = play(history(says(1, **FAST), acts=acts), rules())

    assert (played.handed, played.done) == (1, 1)


def test_readings_asked_for_again_are_those_that_gave_the_points() -> None:
    wanted: list[frozenset[str]] = []

    def again(names: frozenset[str], at: datetime) -> tuple[Report, ...]:
        wanted.append(names)
        return (says((at - T0).total_seconds() / 60 + 5, **CALM, respiratory_rate_bpm=16),)

    said = says(1, heart_rate_bpm=111, respiratory_rate_bpm=24, systolic_mmhg=100)
    play(history(said), rules(), again)

    assert {"heart_rate_bpm", "respiratory_rate_bpm", "systolic_mmhg"} in wanted
    assert "news2" not in frozenset().union(*wanted)


def test_an_answered_recheck_comes_before_a_later_timer() -> None:
    def again(names: frozenset[str], at: datetime) -> tuple[Report, ...]:
        assert names == {"heart_rate_bpm"}
        assert at == minutes(1)
        return (says(9, **CALM),)

    played = play(history(says(1, **FAST)), rules(), again)

    assert (played.alerts, played.quiet, played.asked) == ((), 1, 1)


def test_what_is_missing_alone_is_told_apart_and_closed_after_a_call() -> None:
    slot = Slot("weight_kg", ("09:00",), every_days=20)
    plan = MonitoringPlan(T0, schedule=(slot,))
    played = play(history(plan=plan), rules())

    assert [(one.missing, one.parameters) for one in played.alerts] == [
        (True, ("missing:weight_kg",))
    ]
    assert played.alerts[0].ended_at == played.alerts[0].rang_at.replace(hour=12, minute=20)


def test_a_reading_that_comes_as_its_absence_rings_ends_it_at_once() -> None:
    slot = Slot("heart_rate_bpm", ("09:00",), every_days=20)
    plan = MonitoringPlan(T0, schedule=(slot,))
    (one,) = play(history(says(4 * 60, **CALM), plan=plan), rules()).alerts

    assert one.opened_at == one.rang_at == one.ended_at == minutes(4 * 60)
    assert (one.parameters, one.reasons, one.level) == ((), (), Level.AMBER)
    assert one.missing


def test_days_before_the_first_counted_one_are_played_and_not_counted() -> None:
    said = (says(1, **FAST), says(DAY, **FAST), says(2 * DAY, **FAST), says(2 * DAY + 5, **CALM))
    played = play(history(*said, counted=minutes(DAY + 1)), rules())

    assert rang(played) == [(minutes(DAY + 60), Level.AMBER, 1)]
    assert played.quiet == 1
    assert play(history(*said[:1], says(9, **CALM), counted=minutes(DAY)), rules()).quiet == 0


def test_what_is_open_at_the_end_ends_there_and_later_readings_do_not_count() -> None:
    played = play(history(says(1, **FAST), says(DAY, **FAST), days=0.25), rules())

    assert [one.ended_at for one in played.alerts] == [minutes(360)]


def test_an_assumed_close_leaves_another_alert_alone() -> None:
    said = (says(1, **FAST), says(500, **FAST))
    acts = (does(100, ClinicianAct.CLOSE, reason="reassured"),)
    played = play(history(*said, acts=acts), rules())

    assert [(one.rang_at, one.ended_at) for one in played.alerts] == [
        (minutes(61), minutes(100)),
        (minutes(560), minutes(560 + 600)),
    ]


def test_confusion_is_handed_over_and_rings_at_once() -> None:
    played = play(history(says(1, consciousness="C")), rules())

    assert [one.rang_at for one in played.alerts] == [minutes(1)]
    assert played.handed == 1
    assert Crisis.NEW_CONFUSION.value == "new_confusion"


def test_counted_minutes_are_whole_and_never_negative() -> None:
    assert history(days=1).counted_min == DAY
    assert history(days=1, counted=minutes(2 * DAY)).counted_min == 0
    assert history().pathway == "none"
    assert history(plan=MonitoringPlan(T0, pathway=Pathway.COPD)).pathway == "copd"


# -- the plan that is played ---------------------------------------------------------------------


def limit_set(version: str, day: int, high: float) -> LimitSet:
    limits = {HEART: Limits(alert_high=high)}
    return LimitSet(version, minutes(day * DAY), "nurse", "doctor", limits)


def test_limits_that_hold_now_are_played_from_the_first_day_the_newest_over_the_others() -> None:
    sets = (limit_set("2", 5, 125), limit_set("1", 1, 140), limit_set("3", 30, 150))
    away = MonitoringPlan(
        T0, limits=sets, status=PersonStatus.IN_HOSPITAL, away_until=minutes(9), ended_at=minutes(9)
    )
    plan = plan_of_now(away, T0, minutes(10 * DAY))

    assert [one.version for one in plan.limits] == ["1", "2"]
    assert all(one.effective < T0 for one in plan.limits)
    assert (plan.status, plan.away_until, plan.ended_at) == (PersonStatus.HOME, None, None)
    assert limits_of(plan, rules(), T0)[HEART]["alert_high"] == 125


def test_proposed_limits_stand_over_those_that_hold() -> None:
    plan = MonitoringPlan(T0, limits=(limit_set("1", 1, 140),))
    tried = plan_of_now(plan, T0, minutes(DAY), limit_set("2", 90, 115))

    assert limits_of(tried, rules(), T0)[HEART]["alert_high"] == 115
    assert wrong_with(tried, rules(), minutes(DAY)) == ()


@pytest.mark.parametrize("high", [111, 30])
def test_limits_that_do_not_stand_in_order_are_said(high: float) -> None:
    tried = plan_of_now(MonitoringPlan(T0), T0, T0, limit_set("2", 0, high))

    assert "limits 2: heart_rate_bpm: alert_high" in wrong_with(tried, rules(), T0)[0]
