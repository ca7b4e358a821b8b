"""What a clinician's act leaves behind: reviews, notes, snoozes and hand-overs, to the letter."""

from typing import Any

import pytest

from alerts.vital_rows import Slot
from alerts.vital_words import ClinicianAct, Crisis, Level, VitalEvent
from alerts.words import PersonStatus
from tests.alerts.vitals.wards import Watched, amber, minutes, red

ACKNOWLEDGE, SNOOZE = ClinicianAct.ACKNOWLEDGE, ClinicianAct.SNOOZE
HEART = {"parameter": "heart_rate_bpm"}


def test_what_has_recovered_does_not_hasten_the_review_of_the_rest() -> None:
    watched = Watched()
    for minute in (1, 4):
        watched.says(minute, glucose_mmol_l=2.5)
        watched.says(minute + 1, heart_rate_bpm=112)
    watched.says(8, glucose_mmol_l=6.0)
    assert watched.alert.level is Level.RED

    watched.does(9, ACKNOWLEDGE)

    assert watched.alert.review_by == minutes(9 + 24 * 60)
    other = Watched()
    for minute in (1, 4):
        other.says(minute, glucose_mmol_l=2.5)
        other.says(minute + 1, heart_rate_bpm=112)
    other.says(8, heart_rate_bpm=70)
    other.does(9, ACKNOWLEDGE)
    assert other.alert.review_by == minutes(9 + 4 * 60)


@pytest.mark.parametrize(("until", "taken"), [(5, False), (5.1, True), (245, True), (245.1, False)])
def test_a_review_is_after_now_and_at_the_latest_after_its_figure(
    until: float, *, taken: bool
) -> None:
    watched = red()

    watched.does(5, ACKNOWLEDGE, until=minutes(until))

    assert (watched.alert.acknowledged_by == "nurse") is taken


@pytest.mark.parametrize(
    ("until", "taken"), [(5, False), (5.1, True), (725, True), (725.1, False), (None, True)]
)
def test_a_snooze_is_after_now_and_for_twelve_hours_at_most(
    until: float | None, *, taken: bool
) -> None:
    watched = amber()

    watched.does(5, SNOOZE, until=None if until is None else minutes(until), **HEART)

    found = watched.alert.finding("heart_rate_bpm")
    assert found is not None
    expected = minutes(725 if until is None else until)
    assert (found.snoozed_until, found.snoozed_by) == (
        (expected, "nurse") if taken else (None, None)
    )


def test_a_note_stays_until_another_is_written_and_is_cut_at_two_thousand_letters() -> None:
    watched = red()
    watched.does(5, ACKNOWLEDGE, text="a" * 2_001)
    assert watched.alert.note == "a" * 2_000
    watched.does(6, ClinicianAct.REVIEW)
    assert watched.alert.note == "a" * 2_000

    watched.does(7, ClinicianAct.NOTE, text="b" * 2_001)

    assert watched.alert.note == "b" * 2_000


def test_what_happened_on_the_pathway_is_kept_with_who_said_it() -> None:
    watched = Watched()
    watched.does(1, ClinicianAct.RECORD, event=VitalEvent.DIURETIC_CHANGED, text="40 mg")

    (kept,) = watched.state.recorded
    assert (kept.event, kept.at, kept.by, kept.text) == (
        VitalEvent.DIURETIC_CHANGED, minutes(1), "nurse", "40 mg",
    )  # fmt: skip
    assert watched.last.entries[0].text == "40 mg"


def test_whoever_is_away_is_back_when_they_said() -> None:
    watched = Watched()
    watched.does(
        1, ClinicianAct.STATUS, status=PersonStatus.AWAY, away_until=minutes(30), alarm=None
    )

    watched.says(29, spo2_pct=90)
    assert "person_not_at_home" in watched.told[0]
    watched.says(31, glucose_mmol_l=20)
    assert watched.last.outgoing != ()


# -- snoozes and what is missing -----------------------------------------------------------------


def confirmed(watched: Watched, minute: float, **said: Any) -> None:
    watched.says(minute, **said)
    watched.says(minute + 1, **said)


def test_another_amber_finding_rings_while_the_first_is_set_aside() -> None:
    watched = amber()
    watched.does(5, SNOOZE, **HEART)

    confirmed(watched, 6, glucose_mmol_l=20)

    assert watched.told[-1] == "notice_made rings"


def test_what_was_heard_of_an_acknowledged_level_stays_heard_beside_a_snooze() -> None:
    watched = amber()
    confirmed(watched, 5, glucose_mmol_l=20)
    watched.does(7, SNOOZE, **HEART)

    watched.says(8, glucose_mmol_l=20)

    assert watched.told == ["alarm_joined same_level, beyond_warning_high"]


LATE = Slot("temperature_c", ("10:00",), grace_min=180, prompt=False)


def test_a_reading_rings_where_the_other_is_set_aside_and_something_is_missing() -> None:
    watched = Watched(schedule=(LATE,))
    watched.waits(360)
    confirmed(watched, 361, heart_rate_bpm=112)
    watched.does(365, SNOOZE, **HEART)

    confirmed(watched, 366, glucose_mmol_l=20)

    assert watched.told[-1] == "notice_made rings"


@pytest.mark.parametrize("reviewed", [False, True])
def test_what_is_missing_beside_an_amber_one_rings_once_that_is_set_aside_unless_reviewed(
    *, reviewed: bool
) -> None:
    watched = Watched(schedule=(LATE,))
    confirmed(watched, 350, heart_rate_bpm=112)
    watched.does(352, ACKNOWLEDGE)
    watched.waits(360)
    assert watched.alert.lacks
    assert not watched.alert.rung_missing
    if reviewed:
        watched.does(361, ClinicianAct.REVIEW)
    watched.does(362, SNOOZE, **HEART)

    watched.says(363, heart_rate_bpm=112)

    assert ("notice_made rings" in watched.told) is not reviewed


def test_a_snooze_that_ends_rings_for_what_is_still_out_of_order() -> None:
    watched = amber()
    watched.does(5, SNOOZE, until=minutes(30), **HEART)

    watched.waits(30)

    assert watched.told == ["alarm_untaken snooze_over", "notice_made snooze_over"]
    found = watched.alert.finding("heart_rate_bpm")
    assert found is not None
    assert (found.snoozed_until, found.snoozed_by) == (None, None)
    assert watched.alert.rung_level is Level.AMBER


# -- hand-overs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "crisis"),
    [
        (ClinicianAct.CONFIRM, Crisis.CLINICIAN_CONFIRMED),
        (ClinicianAct.EMERGENCY, Crisis.EMERGENCY),
    ],
)
def test_whoever_hands_over_has_the_alert_and_its_review(act: ClinicianAct, crisis: Crisis) -> None:
    watched = red()

    watched.does(5, act, until=minutes(9_000), reason="worse", text="blue lips")

    assert (watched.alert.acknowledged_by, watched.alert.review_by) == ("nurse", minutes(245))
    assert watched.alert.note == "blue lips"
    assert watched.alert.handed == (crisis.value,)
    (signal,) = watched.last.handed
    assert signal.crisis is crisis
    assert signal.reasons[0].inputs["for"] == "worse"


def test_of_each_finding_the_first_reason_is_handed_over() -> None:
    watched = Watched(baseline_spo2_pct=97.0)
    watched.says(1, spo2_pct=90)
    low = watched.alert.finding("spo2_pct")
    assert low is not None
    assert len(low.reasons) == 2

    watched.does(2, ClinicianAct.CONFIRM)

    first = [one.reasons[0] for one in watched.alert.findings]
    assert list(watched.last.handed[0].reasons[1:]) == first


def test_the_list_of_what_was_handed_over_is_bounded() -> None:
    watched = red()
    for minute in range(5, 25):
        watched.does(minute, ClinicianAct.CONFIRM)
        assert len(watched.last.handed) == 1

    assert len(watched.alert.handed) == 2 * len(Crisis)


def test_a_review_that_is_due_says_who_had_it_and_when() -> None:
    for well in (False, True):
        watched = red()
        watched.does(5, ACKNOWLEDGE)
        if well:
            watched.says(8, spo2_pct=98)

        watched.waits(245)

        reason = watched.last.entries[0].reasons[0]
        assert reason.reason == ("resolved" if well else "unresolved_returns")
        assert reason.inputs == {"acknowledged_by": "nurse", "acknowledged_at": minutes(5)}
        assert (watched.state.alert is None) is well
