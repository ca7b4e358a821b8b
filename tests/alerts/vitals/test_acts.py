"""What clinicians do, and what is refused; own limits and plans; the ladder's ends."""

from typing import Any

import pytest

from alerts.vital_rows import Slot
from alerts.vital_words import ClinicianAct, Crisis, Level, Pathway, VitalEvent
from alerts.vitals.inputs import Reading
from alerts.vitals.state import MAX_RECORDED
from alerts.words import PersonStatus
from devices.model import Quality, VitalCode
from tests.alerts.vitals.wards import Watched, minutes, ward

SPO2 = VitalCode.SPO2


def red() -> Watched:
    watched = Watched()
    watched.says(1, spo2_pct=90)
    watched.says(4, spo2_pct=90)
    return watched


def amber() -> Watched:
    watched = Watched()
    watched.says(1, heart_rate_bpm=112)
    watched.says(4, heart_rate_bpm=112)
    return watched


def test_acknowledging_stops_the_ladder_and_sets_a_review() -> None:
    watched = red()

    watched.does(5, ClinicianAct.ACKNOWLEDGE, text="rang her")
    watched.waits(240)

    assert watched.last.entries == ()
    assert watched.alert.review_by == minutes(245)
    assert watched.alert.note == "rang her"


def test_a_review_sets_another_and_keeps_the_first_acknowledgement() -> None:
    watched = red()
    watched.does(5, ClinicianAct.ACKNOWLEDGE)

    watched.does(200, ClinicianAct.REVIEW, until=minutes(300))

    assert watched.alert.first_acknowledged_at == minutes(5)
    assert watched.alert.review_by == minutes(300)


def test_what_has_recovered_may_be_reviewed_at_the_level_it_had() -> None:
    watched = red()
    watched.says(8, spo2_pct=98)

    watched.does(9, ClinicianAct.ACKNOWLEDGE)

    assert watched.alert.review_by == minutes(9 + 240)


@pytest.mark.parametrize("until", [minutes(4), minutes(600)])
def test_a_review_in_the_past_or_too_late_is_refused(until: Any) -> None:
    watched = red()

    watched.does(5, ClinicianAct.ACKNOWLEDGE, until=until)

    assert watched.told == ["refused refused"]
    assert watched.alert.acknowledged_at is None


@pytest.mark.parametrize(
    ("act", "fields", "message"),
    [
        (ClinicianAct.CLOSE, {}, "close needs a reason"),
        (ClinicianAct.NOTE, {"alarm": "another"}, "alarm another is not open for this person"),
        (ClinicianAct.SNOOZE, {"parameter": "mood"}, "snooze of mood, expected one of heart_rate"),
        (ClinicianAct.SNOOZE, {}, "snooze of None, expected one of heart_rate_bpm"),
        (
            ClinicianAct.SNOOZE,
            {"parameter": "heart_rate_bpm", "level": Level.RED},
            "heart_rate_bpm is red",
        ),
        (ClinicianAct.RECORD, {}, "record needs `event`: rescue_pack_started"),
        (ClinicianAct.STATUS, {}, "status needs `status`"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    act: ClinicianAct, fields: dict[str, Any], message: str
) -> None:
    watched = amber()

    watched.does(5, act, **fields)

    assert watched.told == ["refused refused"]
    assert watched.last.entries[0].text.startswith(message)


def test_without_an_open_alert_there_is_nothing_to_acknowledge() -> None:
    watched = Watched()

    watched.does(5, ClinicianAct.ACKNOWLEDGE)

    assert watched.told == ["refused refused"]


def test_confusion_and_what_became_worse_are_never_set_aside() -> None:
    watched = Watched()
    watched.says(1, consciousness="C", heart_rate_bpm=95)
    watched.does(2, ClinicianAct.SNOOZE, parameter="consciousness")
    assert watched.told == ["refused refused"]

    other = Watched(pathway=Pathway.COVID, schedule=())
    other.says(1, heart_rate_bpm=100)
    other.says(2, heart_rate_bpm=112)
    other.says(3, heart_rate_bpm=105)
    assert other.alert.level is Level.AMBER
    other.does(4, ClinicianAct.SNOOZE, parameter="heart_rate_bpm")
    assert other.last.entries[0].text.startswith("heart_rate_bpm has become worse")


def test_a_snooze_of_what_has_recovered_ends_in_silence() -> None:
    watched = amber()
    watched.does(5, ClinicianAct.SNOOZE, parameter="heart_rate_bpm", until=minutes(60))
    assert [one.parameter for one in watched.state.snoozes] == ["heart_rate_bpm"]
    watched.says(30, heart_rate_bpm=80)

    watched.waits(60)

    assert watched.told == ["nothing snooze_over"]
    assert watched.state.snoozes == ()


def test_a_closed_alert_leaves_no_timer_and_no_snooze() -> None:
    watched = amber()
    watched.does(5, ClinicianAct.SNOOZE, parameter="heart_rate_bpm")
    watched.does(6, ClinicianAct.NOTE, text="seen")
    assert watched.told == ["nothing note"]

    watched.does(7, ClinicianAct.CLOSE, reason="known rhythm")

    assert watched.told == ["alarm_closed close"]
    assert watched.state.timers == ()
    assert watched.state.snoozes == ()


def test_events_on_the_pathway_are_kept_bounded_and_the_rescue_pack_is_told() -> None:
    watched = Watched()
    watched.does(1, ClinicianAct.RECORD, event=VitalEvent.RESCUE_PACK_STARTED, text="day 1")
    assert watched.told == ["notice_made rescue_pack_started"]

    for minute in range(2, 2 + MAX_RECORDED):
        watched.does(minute, ClinicianAct.RECORD, event=VitalEvent.OXYGEN_FLOW_CHANGED)

    assert watched.told == ["nothing oxygen_flow_changed"]
    assert len(watched.state.recorded) == MAX_RECORDED


def test_all_that_is_known_travels_with_what_is_handed_over() -> None:
    watched = Watched(baseline_spo2_pct=97.0, conditions=("copd",))
    watched.does(1, ClinicianAct.RECORD, event=VitalEvent.DIURETIC_CHANGED, text="40 mg")
    watched.says(2, spo2_pct=90, heart_rate_bpm=80)
    watched.does(3, ClinicianAct.CONFIRM, need="deterioration", service="icrs")

    signal = watched.last.handed[0]
    assert signal.crisis is Crisis.CLINICIAN_CONFIRMED
    assert (signal.clinician, signal.need, signal.service) == ("nurse", "deterioration", "icrs")
    assert signal.at_least == 3
    known = signal.context
    assert known["readings"]["spo2_pct"]["value"] == 90
    assert known["readings"]["spo2_pct"]["age_min"] == 1
    assert known["events"][0]["text"] == "40 mg"
    assert known["limits"]["spo2_pct"]["alert_low"] == 91
    assert {one["parameter"] for one in known["findings"]} == {"spo2_pct", "news2"}
    assert known["conditions"] == ["copd"]


def test_a_higher_score_after_the_acknowledgement_rings_anew() -> None:
    watched = Watched()
    bad = {"respiratory_rate_bpm": 22, "heart_rate_bpm": 112, "temperature_c": 38.5}
    watched.says(1, **bad)
    watched.says(4, **bad)
    watched.does(5, ClinicianAct.ACKNOWLEDGE)
    watched.says(10, **bad)
    assert watched.alert.acknowledged_at is not None

    watched.says(12, **{**bad, "systolic_mmhg": 105})

    assert watched.told[-1] == "notice_made score_rose"
    assert watched.alert.acknowledged_at is None


def test_away_nobody_prompts_but_the_ladder_runs() -> None:
    watched = Watched(status=PersonStatus.AWAY)

    watched.says(1, spo2_pct=90)

    assert watched.last.outgoing == ()
    assert watched.told[-1] == "countdown_started recheck_asked"
    watched.waits(12)
    assert watched.told[-1] == "countdown_started unacknowledged_red"


def test_a_changed_status_is_kept() -> None:
    watched = Watched()

    watched.does(1, ClinicianAct.STATUS, status=PersonStatus.IN_HOSPITAL)
    watched.says(2, consciousness="C")

    assert watched.state.plan.status is PersonStatus.IN_HOSPITAL
    assert watched.last.handed == ()
    assert watched.told[-1] == "notice_made rings"


def test_a_worse_reading_of_what_was_confirmed_is_unconfirmed_again_and_recovers_whole() -> None:
    watched = Watched()
    watched.says(1, spo2_pct=93)
    watched.says(2, spo2_pct=93)
    watched.says(3, spo2_pct=88)
    finding = watched.alert.finding("spo2_pct")
    assert finding is not None
    assert (finding.level, finding.confirmed) == (Level.RED, Level.AMBER)

    watched.says(4, spo2_pct=98)

    well = watched.alert.finding("spo2_pct")
    assert well is not None
    assert (well.level, well.recovered_at) == (Level.AMBER, minutes(4))
    watched.says(5, spo2_pct=98)
    assert watched.last.entries == ()


def test_the_floor_takes_the_wait_away_from_what_was_waiting() -> None:
    watched = Watched(ward=ward(floor={"spo2_pct": 85, "news2": 3}))
    watched.says(1, heart_rate_bpm=115)
    watched.says(2, spo2_pct=84)
    assert watched.alert.confirmed_level is Level.RED

    other = Watched(ward=ward(floor={"spo2_pct": 85}))
    other.says(1, spo2_pct=88)
    other.says(2, spo2_pct=84)
    assert other.told[0].startswith("alarm_raised confirmed_by_recheck")


def test_a_low_glucose_makes_confusion_grave_also_when_the_meter_says_lo() -> None:
    watched = Watched()
    watched.report(1, Reading(VitalCode.GLUCOSE, None, minutes(1), Quality.BELOW_RANGE))
    watched.says(2, consciousness="C")
    assert [one.low_glucose for one in watched.last.handed] == [True]

    watched.says(3, consciousness="C", heart_rate_bpm=115)
    assert not watched.last.handed
    watched.report(4, Reading(VitalCode.GLUCOSE, 6.0, minutes(4)))
    assert not watched.last.handed


def test_a_snooze_of_what_was_cleared_since_ends_in_silence() -> None:
    watched = Watched()
    watched.says(1, heart_rate_bpm=112, glucose_mmol_l=3.5)
    watched.does(2, ClinicianAct.SNOOZE, parameter="heart_rate_bpm", until=minutes(30))
    watched.says(3, heart_rate_bpm=80)
    assert [one.parameter for one in watched.alert.findings] == ["glucose_mmol_l"]
    assert watched.last.next_due_at == minutes(30)

    watched.waits(30)

    assert watched.last.entries == ()


def test_a_discharge_says_who_and_why_and_ends_prompts_and_what_is_missing() -> None:
    watched = Watched(pathway=Pathway.COVID)
    assert watched.state.timers

    watched.does(5, ClinicianAct.DISCHARGE, reason="well for a week", text="letter sent")

    (reason,) = watched.last.entries[0].reasons
    assert (reason.reason, reason.inputs["clinician"]) == ("discharged", "nurse")
    assert (reason.inputs["for"], watched.last.entries[0].text) == (
        "well for a week",
        "letter sent",
    )
    assert watched.state.timers == ()
    assert watched.state.plan.ended_at == minutes(5)


@pytest.mark.parametrize(
    ("opened", "fields", "said"),
    [
        (False, {}, "needs a reason"),
        (True, {"reason": "well"}, "an alert is open since"),
    ],
)
def test_a_discharge_without_a_reason_or_over_an_open_alert_is_refused(
    *, opened: bool, fields: dict[str, str], said: str
) -> None:
    watched = amber() if opened else Watched()

    watched.does(5, ClinicianAct.DISCHARGE, **fields)

    assert watched.told == ["refused refused"]
    assert said in watched.last.entries[0].text
    assert watched.state.plan.ended_at is None


def test_a_second_discharge_is_refused_and_a_reading_after_one_is_shown_and_sends_for_nobody() -> (
    None
):
    watched = Watched()
    watched.does(5, ClinicianAct.DISCHARGE, reason="well")
    watched.does(6, ClinicianAct.DISCHARGE, reason="well")
    assert "the monitoring ended at" in watched.last.entries[0].text

    watched.says(7, spo2_pct=80)
    assert "person_not_at_home" in watched.told[0]
    watched.says(9, spo2_pct=80)
    watched.waits(300)

    assert watched.alert.confirmed_level is Level.RED
    assert watched.last.handed == ()
    assert watched.last.entries == ()


def test_who_has_died_is_not_said_to_be_discharged_only() -> None:
    watched = Watched()
    watched.does(5, ClinicianAct.DISCHARGE, reason="well")
    watched.does(6, ClinicianAct.STATUS, status=PersonStatus.DECEASED)

    assert watched.state.plan.status_at(minutes(7)) is PersonStatus.DECEASED


def test_a_new_plan_begins_the_monitoring_anew() -> None:
    watched = Watched()
    watched.does(5, ClinicianAct.DISCHARGE, reason="well")

    watched.plan(pathway=Pathway.COVID)

    assert watched.state.timers
    assert watched.state.plan.status_at(minutes(7)) is PersonStatus.HOME


def missing() -> Watched:
    """Somebody whose temperature has not come by 13:00, which has rung and nothing else has."""
    slot = Slot("temperature_c", ("10:00",), grace_min=180)
    watched = Watched(schedule=(slot,))
    watched.waits(360)
    assert watched.told[-1] == "notice_made rings"
    return watched


@pytest.mark.parametrize("acknowledged", [False, True])
def test_an_amber_reading_rings_beside_what_is_only_missing(*, acknowledged: bool) -> None:
    watched = missing()
    if acknowledged:
        watched.does(361, ClinicianAct.ACKNOWLEDGE)
    watched.says(365, heart_rate_bpm=112)
    watched.says(368, heart_rate_bpm=112)

    assert watched.told[-1] == "notice_made rings"
    assert watched.alert.acknowledged_at is None
    watched.says(369, heart_rate_bpm=113)
    assert watched.told == ["alarm_joined same_level, beyond_warning_high"]


def test_what_is_missing_rings_once_and_again_when_it_is_missing_anew() -> None:
    watched = missing()
    watched.says(361, heart_rate_bpm=112)
    watched.says(362, temperature_c=36.5)
    assert not watched.alert.rung_missing

    watched.says(363, heart_rate_bpm=80)
    watched.waits(360 + 1440)

    assert watched.told[-1] == "notice_made rings"


def test_what_is_missing_may_be_set_aside_and_a_reading_rings_all_the_same() -> None:
    watched = missing()
    watched.does(361, ClinicianAct.SNOOZE, parameter="missing:temperature_c", level=Level.AMBER)
    assert not watched.alert.rung_missing

    watched.says(365, heart_rate_bpm=112)
    watched.says(368, heart_rate_bpm=112)

    assert watched.told[-1] == "notice_made rings"


def test_an_unconfirmed_reading_returns_beside_what_is_missing_and_rings_when_confirmed() -> None:
    watched = missing()
    watched.does(361, ClinicianAct.ACKNOWLEDGE, until=minutes(370))
    watched.says(365, heart_rate_bpm=112)
    watched.waits(370)
    assert "alarm_untaken unresolved_returns" in watched.told

    watched.says(371, heart_rate_bpm=112)

    assert watched.told[-1] == "notice_made rings"


def test_an_alert_that_opens_and_closes_in_one_decision_is_told_of() -> None:
    slot = Slot("temperature_c", ("10:00",), grace_min=180)
    watched = Watched(schedule=(slot,))

    watched.says(400, temperature_c=36.5)

    assert watched.state.alert is None
    (closed,) = watched.last.closed
    assert (closed.alert.opened_at, closed.at) == (minutes(360), minutes(400))
    assert closed.alert.level is Level.AMBER
