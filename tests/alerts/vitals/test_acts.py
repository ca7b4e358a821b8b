"""What clinicians do, and what is refused; own limits and plans; the ladder's ends."""

from typing import Any

import pytest

from alerts.vital_words import ClinicianAct, Crisis, Level, Pathway, VitalEvent
from alerts.vitals.inputs import Reading
from alerts.vitals.state import MAX_RECORDED
from alerts.words import PersonStatus
from devices.model import Quality, VitalCode
from tests.alerts.vitals.wards import Watched, amber, minutes, red, ward

SPO2 = VitalCode.SPO2


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
