"""Readings as they come: late, corrected, withdrawn, artefacts, HI and LO, old ones."""

from datetime import timedelta

import msgspec

from alerts.events import Heard
from alerts.vital_rows import Slot
from alerts.vital_words import Level, ReadingSource
from alerts.vitals.inputs import Answered, Reading, report_of
from alerts.vitals.state import MAX_POINTS, VitalsState
from devices.model import (
    Activation,
    ActivationKind,
    Answers,
    Flag,
    Measurement,
    Quality,
    Signal,
    VitalCode,
)
from tests.alerts.vitals.wards import T0, Watched, minutes, ward

SPO2, WEIGHT = VitalCode.SPO2, VitalCode.WEIGHT


def test_a_message_gives_its_readings_and_answers_at_their_own_time() -> None:
    device_at = minutes(-5)
    signals: tuple[Signal, ...] = (
        Measurement("17", SPO2, 90, at=device_at),
        Measurement("17", VitalCode.HEART_RATE, 80, at=minutes(2)),
        Measurement("17", VitalCode.TEMPERATURE, 37, at=T0 - timedelta(days=500)),
        Answers("17", {"breathlessness": 2}),
    )
    heard = [Heard(f"r{n}", T0, "17", "l", signal) for n, signal in enumerate(signals)]

    report = report_of(heard, ReadingSource.CARER)

    assert report is not None
    assert [reading.at for reading in report.readings] == [device_at, T0, T0]
    assert {reading.source for reading in report.readings} == {ReadingSource.CARER}
    assert report.answered[0].at == T0
    assert report.receipt == "r0"


def test_a_message_without_readings_is_no_report() -> None:
    assert report_of([Heard("r", T0, "17", "l", Activation("17", ActivationKind.PENDANT))]) is None


def test_the_same_reading_again_changes_nothing() -> None:
    watched = Watched()
    watched.says(1, spo2_pct=97)

    watched.says(2, taken_at=1, spo2_pct=97)

    assert watched.told == ["nothing same_reading_again"]


def test_a_withdrawn_reading_takes_its_finding_with_it() -> None:
    watched = Watched()
    watched.says(1, spo2_pct=80)

    watched.report(3, Reading(SPO2, None, minutes(1), Quality.ARTEFACT))

    assert watched.told == [
        "nothing corrected",
        "alarm_closed corrected_normal, corrected_normal",
    ]
    assert SPO2 not in watched.state.newest


def test_a_correction_of_a_confirmed_reading_marks_it_as_recovered() -> None:
    watched = Watched()
    watched.says(1, spo2_pct=80)
    watched.waits(12)

    watched.says(13, taken_at=1, spo2_pct=98)

    assert watched.alert.has_recovered
    assert watched.alert.level is Level.RED


def test_a_correction_to_a_lesser_level_lowers_what_waits() -> None:
    watched = Watched()
    watched.says(1, spo2_pct=80)

    watched.says(3, taken_at=1, spo2_pct=93)

    finding = watched.alert.finding("spo2_pct")
    assert finding is not None
    assert (finding.level, finding.confirmed) == (Level.AMBER, None)


def test_a_value_of_nothing_is_no_reading() -> None:
    watched = Watched()

    watched.report(1, Reading(SPO2, None, minutes(1)))

    assert watched.told == ["nothing artefact"]


def test_a_meter_that_says_hi_is_red_and_waits_for_nothing() -> None:
    watched = Watched()

    watched.report(1, Reading(VitalCode.GLUCOSE, None, minutes(1), Quality.ABOVE_RANGE))

    assert watched.alert.confirmed_level is Level.RED
    assert watched.told[0] == "alarm_opened above_range"


def test_an_old_weight_counts_for_the_days_and_not_for_now() -> None:
    """A scale that was offline for a morning: its rule looks over days, so it is not too old."""
    watched = Watched()
    watched.says(1, weight_kg=70.0)

    watched.says(3 * 1440, taken_at=3 * 1440 - 300, weight_kg=72.5)

    assert watched.told[0] == "nothing older_than_window"
    assert watched.told[1].startswith("alarm_opened rose_in_days")


def test_a_late_point_is_put_in_at_its_own_time() -> None:
    watched = Watched()
    watched.says(3 * 1440, weight_kg=72.5)

    watched.says(3 * 1440 + 1, taken_at=1, weight_kg=70.0)

    assert watched.told[0] == "nothing out_of_order"
    assert watched.told[1].startswith("alarm_opened rose_in_days")
    assert watched.state.newest[WEIGHT].value == 72.5


def test_a_corrected_earlier_point_takes_the_change_away() -> None:
    watched = Watched()
    watched.says(1, weight_kg=70.0)
    watched.says(3 * 1440, weight_kg=72.5)
    assert watched.alert.level is Level.AMBER

    watched.says(3 * 1440 + 1, taken_at=1, weight_kg=72.0)

    assert watched.state.alert is None


def test_a_withdrawn_weight_leaves_no_point() -> None:
    watched = Watched()
    watched.says(1, weight_kg=70.0)

    watched.report(2, Reading(WEIGHT, None, minutes(1), Quality.ARTEFACT))

    assert watched.state.points[WEIGHT] == ()


def test_points_and_readings_are_bounded() -> None:
    watched = Watched()
    for minute in range(3 * MAX_POINTS):
        watched.says(minute, weight_kg=70.0)

    assert len(watched.state.points[WEIGHT]) == MAX_POINTS
    assert len(watched.state.newest) == 1


def test_a_reading_of_an_old_age_within_limits_tells_nobody() -> None:
    watched = Watched()

    watched.says(200, taken_at=1, spo2_pct=98)

    assert watched.told == ["nothing older_than_window"]


def test_oxygen_and_old_cognition_say_nothing_by_themselves() -> None:
    watched = Watched()

    watched.says(1, oxygen=True)
    watched.says(200, taken_at=2, consciousness="C")

    assert watched.state.alert is None


def test_stale_answers_are_answers_of_nobody() -> None:
    watched = Watched()
    said = Answered({"breathlessness": 3}, minutes(1), flags=frozenset({Flag.FROM_MEMORY}))

    watched.report(1, answered=(said,))

    assert watched.told == ["nothing stale_reading"]


def test_the_state_is_stored_and_read_back_as_it_was() -> None:
    watched = Watched(ward=ward(floor={"spo2_pct": 85}), target_spo2_pct=(88.0, 92.0))
    watched.says(1, spo2_pct=86, heart_rate_bpm=80, consciousness="A", weight_kg=70.5)
    watched.waits(30)

    stored = msgspec.json.encode(watched.state)

    assert msgspec.json.decode(stored, type=VitalsState) == watched.state


def test_a_late_reading_is_scored_with_the_set_it_belongs_to() -> None:
    """What was taken after it is not in the set that ends with it; both sets are asked."""
    watched = Watched()
    watched.says(90, heart_rate_bpm=105, temperature_c=38.5)
    watched.says(91, taken_at=40, respiratory_rate_bpm=22)
    assert watched.state.alert is None or watched.alert.finding("news2") is None

    watched.says(92, taken_at=45, systolic_mmhg=100)

    finding = watched.alert.finding("news2")
    assert finding is not None
    assert finding.score == 6


def test_what_was_missing_goes_and_the_rest_stays() -> None:
    watched = Watched(schedule=(Slot("spo2_pct", ("08:00",), grace_min=30, prompt=False),))
    watched.says(80, heart_rate_bpm=115)
    watched.waits(91)
    assert len(watched.alert.findings) == 2

    watched.says(95, spo2_pct=97)

    assert watched.told == ["nothing has_come"]
    assert [one.parameter for one in watched.alert.findings] == ["heart_rate_bpm"]
