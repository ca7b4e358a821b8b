"""Plans: own limits from their date, what is refused, schedules and their timers."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from alerts.vital_rows import Limits, Slot
from alerts.vitals import decide
from alerts.vitals.plan import LimitSet, MonitoringPlan
from devices.model import VitalCode
from tests.alerts.houses import rules
from tests.alerts.vitals.wards import T0, Watched, minutes, ward

SPO2 = VitalCode.SPO2


def limit_set(version: str, minute: float, **limits: Limits) -> LimitSet:
    named = {VitalCode(name): one for name, one in limits.items()}
    return LimitSet(version, minutes(minute), "Dr A", "Dr B", named)


def test_the_newest_own_limits_hold_from_their_date() -> None:
    sets = (
        limit_set("1", -10, spo2_pct=Limits(alert_low=85, warning_low=88)),
        limit_set("2", 60, spo2_pct=Limits(warning_low=90)),
        limit_set("3", 120, heart_rate_bpm=Limits(warning_high=100)),
    )
    watched = Watched(limits=sets)

    def held(code: VitalCode) -> dict[str, tuple[float, str]]:
        found = watched.state.effective
        assert found is not None
        return {b.name: (b.at, b.version) for b in found.bounds[code]}

    assert held(SPO2) == {"alert_low": (85, "1"), "warning_low": (88, "1")}
    watched.waits(60)
    assert watched.told == ["nothing own_limits_begin"]
    assert held(SPO2) == {"alert_low": (85, "1"), "warning_low": (90, "2")}
    watched.waits(120)
    assert held(VitalCode.HEART_RATE)["warning_high"] == (100, "3")
    assert watched.state.next_due_at is None


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (LimitSet("1", T0, "a", " ", {}), "author and approver are both named"),
        (LimitSet("1", T0, "a", "A ", {}), "approver 'A ' is the author"),
        (
            LimitSet("1", T0, "a", "b", {VitalCode.OXYGEN: Limits(alert_low=1)}),
            "oxygen has no number to compare",
        ),
        (
            LimitSet("1", T0, "a", "b", {SPO2: Limits(alert_low=94)}),
            "spo2_pct: warning_low 93 is not above alert_low 94",
        ),
    ],
)
def test_own_limits_that_cannot_hold_are_refused_and_left_out(own: LimitSet, message: str) -> None:
    watched = Watched()

    made = watched.plan(limits=(own,))

    assert watched.told == ["refused limits_not_usable"]
    assert message in made.entries[0].text
    assert watched.state.plan.limits == ()


def test_a_ward_or_schedule_that_cannot_be_used_is_refused_and_left_out() -> None:
    watched = Watched()

    watched.plan(ward=ward(ladder_min=(30, 15)), schedule=(Slot("mood", ("08:00",)),))

    assert watched.told == ["refused plan_not_usable", "refused plan_not_usable"]
    assert (watched.state.plan.ward, watched.state.plan.schedule) == (None, None)


def test_a_shorter_schedule_or_other_rules_leave_no_timer_that_means_nothing() -> None:
    slots = (Slot("spo2_pct", ("08:00",)), Slot("weight_kg", ("08:00",)))
    watched = Watched(schedule=slots)
    plan = MonitoringPlan(started_at=T0, schedule=slots[:1])
    state = replace(watched.state, plan=plan)

    later = decide.due(state, rules(), minutes(600))

    assert [e.reasons[0].reason for e in later.entries] == ["prompt", "missing_reading", "rings"]
    assert {timer.about for timer in later.state.timers} == {"0"}


def test_a_reading_shortly_before_its_time_counts_for_it() -> None:
    watched = Watched(schedule=(Slot("spo2_pct", ("09:00",), early_min=60, prompt=True),))
    watched.says(65, spo2_pct=97)

    watched.waits(400)

    assert watched.last.entries == ()


def test_after_a_long_outage_the_timers_fire_in_pieces() -> None:
    times = tuple(f"{hour:02}:00" for hour in range(24))
    slots = (Slot("spo2_pct", times, grace_min=0), Slot("weight_kg", times, grace_min=0))
    watched = Watched(schedule=slots)

    watched.waits(60 * 24 * 30)

    assert watched.state.as_of < minutes(60 * 24 * 30)
    assert watched.state.next_due_at is not None
    assert watched.state.next_due_at - watched.state.as_of <= timedelta(hours=1)
