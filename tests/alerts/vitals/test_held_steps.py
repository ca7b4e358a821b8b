"""What a decision does at its edges: schedules, timers, the short way for calm readings, bounds."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.case import Entry
from alerts.ids import task_id
from alerts.ruleset import parse_rules
from alerts.vital_rows import Slot
from alerts.vital_words import ClinicianAct, Level, VitalEvent
from alerts.vitals import decide
from alerts.vitals.inputs import Reading, Report
from alerts.vitals.schedule import next_time
from alerts.vitals.step import Step, TimerKind, begin
from alerts.words import AlarmKind, PersonStatus, TaskKind, What
from devices.model import Flag, Quality, VitalCode
from tests.alerts.houses import rules
from tests.alerts.vitals.histories import proposal
from tests.alerts.vitals.wards import T0, Watched, amber, minutes, readings

DAY = 1440
SPO2 = VitalCode.SPO2
AMBER, RED = Level.AMBER, Level.RED

# -- schedules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every_days", "since_min", "at_min"),
    [(1, 60, 60), (1, 60.1, 660), (1, 661, DAY + 60), (2, 661, 2 * DAY + 60), (3, -DAY, 60)],
)
def test_a_slot_is_next_due_at_its_own_time_on_its_own_days(
    every_days: int, since_min: float, at_min: float
) -> None:
    slot = Slot("spo2_pct", ("18:00", "08:00"), every_days=every_days)

    assert next_time(slot, ZoneInfo("Europe/London"), T0, minutes(since_min)) == minutes(at_min)


def test_nine_stays_nine_when_the_clocks_change() -> None:
    zone, begun = ZoneInfo("Europe/London"), datetime(2021, 3, 27, 12, tzinfo=UTC)

    assert next_time(Slot("spo2_pct", ("09:00",)), zone, begun, begun).hour == 8


def test_a_plan_made_while_a_slot_runs_still_looks_at_its_end() -> None:
    slot = Slot("spo2_pct", ("08:00",), grace_min=120)
    watched = Watched(schedule=(slot,))
    both = [("vitals_prompt", 60), ("vitals_missing", 180)]
    assert [(t.kind, t.due_at) for t in watched.state.timers] == [(k, minutes(m)) for k, m in both]
    watched.waits(120)

    watched.plan(schedule=(slot,))

    assert [(t.kind, t.due_at) for t in watched.state.timers] == [
        ("vitals_missing", minutes(180)),
        ("vitals_prompt", minutes(DAY + 60)),
    ]


def test_a_person_is_asked_each_day_and_not_when_it_has_come_or_they_are_away() -> None:
    slot = Slot("spo2_pct", ("08:00",), early_min=60, grace_min=30)
    watched = Watched(schedule=(slot,))
    watched.says(0, spo2_pct=97)
    watched.waits(60)
    assert watched.told == [], "one hour before is early enough"
    watched.waits(DAY)

    watched.waits(DAY + 60)
    assert [(sent.to, sent.body["at"]) for sent in watched.last.outgoing] == [
        ("patient", minutes(DAY + 60))
    ]
    watched.says(DAY + 61, spo2_pct=97)
    watched.does(DAY + 100, ClinicianAct.STATUS, status=PersonStatus.AWAY)
    watched.waits(2 * DAY + 600)
    assert watched.told == []


def test_a_reading_a_minute_too_early_does_not_count_for_its_slot() -> None:
    slot = Slot("spo2_pct", ("08:30",), early_min=60, grace_min=30, prompt=False, call=True)
    watched = Watched(schedule=(slot,))
    watched.says(29, spo2_pct=97)
    assert [timer.kind for timer in watched.state.timers] == ["vitals_missing"]

    watched.waits(120)

    task = tasks(watched)[0]
    assert (task.task, task.text) == (TaskKind.CALL_PATIENT, "missing: spo2_pct")
    assert task.alarm == watched.alert.id
    cause = f"wc|missing:spo2_pct|{minutes(90).isoformat()}"
    assert task.task_id == task_id(cause, "call_patient", 1)
    assert task.reasons[0].inputs == {
        "what": "spo2_pct", "due_at": minutes(90), "last_at": minutes(29),
    }  # fmt: skip
    watched.waits(DAY + 120)
    assert watched.told[0].startswith("alarm_joined")
    assert len(tasks(watched)) == 1


def tasks(watched: Watched) -> list[Entry]:
    return [entry for entry in watched.last.entries if entry.what is What.TASK_MADE]


# -- timers --------------------------------------------------------------------------------------


def test_a_wait_that_is_over_confirms_what_waited_so_long_and_nothing_else() -> None:
    watched = Watched()
    watched.says(1, glucose_mmol_l=20)
    watched.says(30, spo2_pct=90)
    waiting = watched.alert.finding("glucose_mmol_l")

    watched.waits(40)

    assert watched.alert.finding("glucose_mmol_l") == waiting
    low = watched.alert.finding("spo2_pct")
    assert low is not None
    assert (low.confirmed, low.recheck_by) == (RED, None)
    (task,) = tasks(watched)
    assert task.text == "no re-check: spo2_pct, news2"[: len(task.text)]
    assert (task.alarm, task.due_at) == (watched.alert.id, minutes(40))
    cause = f"{watched.alert.id}|{minutes(40).isoformat()}"
    assert task.task_id == task_id(cause, "call_patient", 1)
    watched.waits(61)
    assert tasks(watched)[0].text == "no re-check: glucose_mmol_l"


def test_nobody_is_sent_to_call_who_is_in_hospital() -> None:
    watched = Watched(status=PersonStatus.IN_HOSPITAL)
    watched.says(1, heart_rate_bpm=112)

    watched.waits(61)

    assert watched.alert.confirmed_level is AMBER
    assert tasks(watched) == []


def test_five_hundred_timers_fire_in_one_decision() -> None:
    hours = tuple(f"{hour:02}:00" for hour in range(24))
    slot = Slot("spo2_pct", hours, grace_min=0, prompt=False)
    watched = Watched(schedule=(slot,), status=PersonStatus.IN_HOSPITAL)

    watched.waits(600 * 60)

    assert watched.state.as_of == minutes(499 * 60), "the first is due at once"


def test_a_timer_takes_the_place_of_its_own_kind_about_the_same_thing_only() -> None:
    step = begin(Watched().state, rules(), T0)
    for kind, minute, about in (
        (TimerKind.SNOOZE, 9, "a"),
        (TimerKind.SNOOZE, 8, "b"),
        (TimerKind.REVIEW, 7, "a"),
        (TimerKind.SNOOZE, 5, "a"),
        (TimerKind.RECHECK, -5, "c"),
    ):
        step = step.wait(kind, minutes(minute), about)

    def left(step: Step) -> list[tuple[str, float, str]]:
        timers = step.state.timers
        return [(t.kind[7:], (t.due_at - T0).total_seconds() / 60, t.about) for t in timers]

    assert left(step) == [
        ("recheck", 0, "c"), ("snooze", 5, "a"), ("review", 7, "a"), ("snooze", 8, "b"),
    ]  # fmt: skip
    assert left(step.stop((TimerKind.SNOOZE,), "a")) == [
        ("recheck", 0, "c"), ("review", 7, "a"), ("snooze", 8, "b"),
    ]  # fmt: skip
    assert left(step.stop((TimerKind.SNOOZE,))) == [("recheck", 0, "c"), ("review", 7, "a")]


def test_what_is_refused_names_the_open_alert_where_there_is_one() -> None:
    watched = amber()
    watched.does(5, ClinicianAct.CLOSE)
    assert watched.last.entries[0].alarm == watched.alert.id

    other = Watched()
    other.does(5, ClinicianAct.CLOSE)
    assert other.last.entries[0].alarm is None


def test_a_notice_is_about_the_alert_where_one_is_open_and_about_the_person_elsewhere() -> None:
    for watched in (Watched(), amber()):
        watched.does(5, ClinicianAct.RECORD, event=VitalEvent.RESCUE_PACK_STARTED)
        alert = watched.state.alert
        (sent,), (entry,) = watched.last.outgoing, watched.last.entries
        assert (sent.alarm, entry.alarm) == (alert and alert.id, alert and alert.id)
        assert entry.kind is (AlarmKind.HEALTH if alert else None)
        assert sent.to == "ward"
        assert alert is None or sent.alarm == alert.id


# -- the short way for what is calm --------------------------------------------------------------


def test_a_person_nobody_has_configured_yet_is_watched_from_the_first_reading() -> None:
    watched = Watched()
    watched.state = decide.new_state("wc", T0)
    assert watched.says(1, spo2_pct=97).entries == ()
    assert watched.state.newest[SPO2].value == 97

    watched.says(2, spo2_pct=90)

    assert watched.alert.level is RED


def test_two_reports_at_once_are_both_judged() -> None:
    reports = [
        Report(f"m{minute}", minutes(minute), readings(minutes(minute), {"spo2_pct": value}))
        for minute, value in ((1, 97), (2, 90))
    ]
    decided = decide.on_readings(Watched().state, reports, rules(), minutes(3))

    assert decided.state.alert is not None
    assert decided.state.as_of == minutes(3)


def test_what_is_due_at_the_time_of_a_calm_reading_is_done_before_it() -> None:
    watched = Watched(schedule=(Slot("spo2_pct", ("08:00",)),))

    watched.says(60, spo2_pct=97)

    assert watched.told == ["notice_made prompt"]


def test_limits_that_have_begun_since_hold_for_the_next_reading() -> None:
    files = proposal("alert_high = 131, warning_high = 85")
    watched = Watched(parse_rules(files, date(2026, 12, 1)))
    begins = (datetime(2027, 1, 1, tzinfo=UTC) - T0) / timedelta(minutes=1)
    watched.says(begins - 1, heart_rate_bpm=85)
    assert watched.state.alert is None

    watched.says(begins, heart_rate_bpm=85)

    assert watched.alert.level is AMBER


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        (Reading(SPO2, 97, minutes(5)), []),
        (Reading(SPO2, 97, minutes(5), flags=frozenset({Flag.FROM_MEMORY})), ["stale_reading"]),
        (Reading(SPO2, 97, minutes(5), Quality.ARTEFACT), ["artefact"]),
        (Reading(SPO2, 98, minutes(4)), ["corrected"]),
        (Reading(SPO2, 98, minutes(3)), ["out_of_order"]),
        (Reading(VitalCode.HEART_RATE, 70, minutes(-57)), ["older_than_window"]),
        (Reading(VitalCode.HEART_RATE, 70, minutes(-56)), []),
        (Reading(VitalCode.CONSCIOUSNESS, "A", minutes(5)), []),
        (Reading(VitalCode.CONSCIOUSNESS, "C", minutes(5)), ["new_confusion"]),
    ],
)
def test_only_what_is_new_whole_and_of_now_is_taken_without_a_word(
    reading: Reading, told: list[str]
) -> None:
    watched = Watched()
    watched.says(4, spo2_pct=97)

    watched.report(3, reading)

    assert [entry.reasons[0].reason for entry in watched.last.entries][:1] == told


def test_oxygen_that_is_given_completes_a_score() -> None:
    watched = Watched()
    watched.says(1, heart_rate_bpm=105, temperature_c=38.5, systolic_mmhg=105)
    assert watched.state.alert is None

    watched.says(2, oxygen=True)

    found = watched.alert.finding("news2")
    assert found is not None
    assert found.score == 5
