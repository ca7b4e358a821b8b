"""A rehearsal to the letter: what is played when, which case weighs how much, figures as shown."""

from typing import Any

import pytest

from alerts.vital_rows import Limits
from alerts.vital_words import ClinicianAct, Level
from alerts.vitals.history import Judged, Played, Seen
from alerts.vitals.inputs import Reading
from alerts.vitals.plan import LimitSet, MonitoringPlan
from alerts.vitals.rehearsal import Compared, compare
from alerts.vitals.rehearsal_cases import Case, CaseKind, cases, span_words
from alerts.vitals.rehearsal_plan import plan_of_now
from alerts.vitals.rehearsal_sum import Arm, Sum, add, document, figures, percentile, sum_of
from alerts.vitals.replay import play
from devices.model import VitalCode
from tests.alerts.houses import rules
from tests.alerts.vitals.histories import DAY, does, history, judged, reason, says, seen
from tests.alerts.vitals.wards import T0, minutes, ward

RED = Level.RED
HEART = VitalCode.HEART_RATE
FAST = {"heart_rate_bpm": 112}
CALM = {"heart_rate_bpm": 70}
CLOSED = does(200, ClinicianAct.CLOSE, reason="reassured")


def held(before: tuple[Seen, ...], after: tuple[Seen, ...], *known: Judged) -> Compared:
    return compare(history(judged=known), Played(before), Played(after))


def only(compared: Compared) -> Case:
    (case,) = cases(compared, {}, {})
    return case


# -- playing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("until", "assumed"), [(81, 0), (81.1, 1), (661, 1), (661.1, 2)])
def test_an_alert_is_taken_after_twenty_minutes_and_nothing_is_done_at_the_end_itself(
    until: float, assumed: int
) -> None:
    played = play(history(says(1, **FAST), days=until / DAY), rules())

    assert played.assumed == assumed
    assert [one.rings for one in played.alerts] == [1]


@pytest.mark.parametrize(("until", "rung"), [(61, 0), (61.1, 1)])
def test_what_would_ring_at_the_very_end_does_not(until: float, rung: int) -> None:
    played = play(history(says(1, **FAST), days=until / DAY), rules())

    assert len(played.alerts) == rung
    assert played.quiet == 1 - rung


def test_alerts_that_ring_or_clear_at_the_first_counted_minute_count() -> None:
    rang = play(history(says(1, **FAST), counted=minutes(61)), rules())
    early = play(history(says(1, **FAST), counted=minutes(61.1)), rules())
    clears = (says(1, **FAST), says(30, **CALM))

    assert (len(rang.alerts), len(early.alerts)) == (1, 0)
    assert play(history(*clears, counted=minutes(30)), rules()).quiet == 1
    assert play(history(*clears, counted=minutes(30.1)), rules()).quiet == 0


def test_reports_of_one_minute_are_played_one_after_the_other_and_before_an_act() -> None:
    reports = (says(1, **FAST), says(9, **FAST), says(9, spo2_pct=97))
    close = does(9, ClinicianAct.CLOSE, reason="reassured")

    played = play(history(*reports, acts=(close,)), rules())

    (one,) = played.alerts
    assert one.rang_at == one.ended_at == minutes(9)
    assert (one.missing, played.done, played.left_out) == (False, 1, 0)


def test_a_rung_of_the_ladder_out_of_hours_is_no_new_ring() -> None:
    closed_days = ward(hours={"sun": ("08:00-09:00",)}, ladder_min=(5, 10))
    plan = MonitoringPlan(T0, ward=closed_days)

    (one,) = play(history(says(1, spo2_pct=90), plan=plan), rules()).alerts

    assert (one.rings, one.rang_at) == (1, minutes(11))


def test_a_notice_without_an_alert_is_no_ring() -> None:
    late = says(300, **CALM)
    old = Reading(VitalCode.SPO2, 80, minutes(1))
    shown = type(late)("m", late.received_at, (old,))

    assert play(history(shown), rules()) == Played()


def test_a_confirmed_red_that_lessens_stays_red_and_one_that_is_not_confirmed_is_amber() -> None:
    reds = (says(1, spo2_pct=90), says(4, spo2_pct=90), says(8, spo2_pct=93))
    ambers = (says(1, **FAST), says(9, **FAST), says(200, heart_rate_bpm=135))

    (red,) = play(history(*reds, acts=(CLOSED,)), rules()).alerts
    (amber,) = play(history(*ambers, acts=(CLOSED,)), rules()).alerts

    assert (red.level, red.ended_at) == (RED, minutes(200))
    assert amber.level is Level.AMBER


# -- the plan ------------------------------------------------------------------------------------


def test_limits_that_begin_this_very_minute_hold_now() -> None:
    sets = tuple(
        LimitSet(str(at), minutes(at), "a", "b", {HEART: Limits(alert_high=140)}) for at in (60, 61)
    )

    plan = plan_of_now(MonitoringPlan(T0, limits=sets), T0, minutes(60))

    assert [one.version for one in plan.limits] == ["60"]


# -- episodes and cases --------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "pairs"), [(0, 1), (-59, 1), (-60 - DAY, 1), (-61 - DAY, 0)])
def test_an_earlier_ring_under_the_proposal_is_of_the_episode_as_a_later_one_is(
    at: float, pairs: int
) -> None:
    found = held((seen(0),), (seen(at),))

    assert len(found.pairs) == pairs
    assert len(found.missed) == len(found.raised) == 1 - pairs


WEIGHED = [
    (held((seen(0),), ()), 400),
    (held((seen(0, level=RED),), ()), 700),
    (held((seen(0, missing=True),), ()), 310),
    (held((seen(0),), (), judged(0, 0)), 1_400),
    (held((seen(0),), (), judged(0, 0, real=False)), 310),
    (held((), (seen(0),)), 100),
    (held((), (seen(0, level=RED),), judged(0, 0)), 1_400),
    (held((seen(0),), (seen(1),)), 200),
    (held((seen(0),), (seen(30),)), 202),
    (held((seen(1),), (seen(0),)), 50),
    (held((seen(0),), (seen(0, reasons=(reason("news2"),)),)), 150),
    (held((seen(0),), (seen(0, level=RED),)), 450),
    (held((seen(0, level=RED),), (seen(0),)), 600),
    (held((seen(0, level=RED),), (seen(0, level=RED, reasons=()),)), 450),
]


@pytest.mark.parametrize(("compared", "weight"), WEIGHED)
def test_a_case_weighs_what_the_table_of_weights_says(compared: Compared, weight: int) -> None:
    """Which cases are read first is what whoever approves relies on: another order is a change."""
    assert only(compared).weight == weight


@pytest.mark.parametrize(
    ("late", "kind", "words"),
    [
        (1, CaseKind.LATER, "1 min later"),
        (0.5, CaseKind.EARLIER, "at the same time"),
        (-1, CaseKind.EARLIER, "1 min earlier"),
        (60, CaseKind.LATER, "1 h later"),
    ],
)
def test_a_minute_later_is_later_and_less_is_not(late: float, kind: CaseKind, words: str) -> None:
    case = only(held((seen(0),), (seen(late),)))

    assert case.kind is kind
    assert case.text.endswith(f"would ring {words}")
    assert span_words(1) == "1 min later"


def test_a_case_is_told_with_the_level_in_force_where_there_is_one() -> None:
    lower, higher = (
        only(held((seen(0, level=RED),), (seen(0),))),
        only(held((seen(0),), (seen(0, level=RED),))),
    )

    assert "(red about heart_rate_bpm" in lower.text
    assert "(amber about heart_rate_bpm" in higher.text
    both = only(held((seen(0, parameters=("a", "c")),), (seen(1, parameters=("b", "c")),)))
    assert both.parameters == ("a", "b", "c")


def test_a_case_shows_twelve_readings_six_reasons_and_two_cases_a_person_at_most() -> None:
    shown = tuple(Reading(HEART, number, T0) for number in range(13))
    many = tuple(reason(f"r{number}") for number in range(7))
    one = seen(0, readings=shown, reasons=many)

    case = only(held((one,), ()))

    assert (len(case.readings), len(case.why)) == (12, 6)
    assert len(cases(held(tuple(seen(n * 5_000) for n in range(3)), ()), {}, {})) == 2


# -- figures -------------------------------------------------------------------------------------


def test_eight_cases_of_a_kind_are_kept() -> None:
    case = only(held((seen(0),), ()))
    whole = Sum()
    for _ in range(10):
        whole = add(whole, Sum(cases=(case,)))

    assert len(whole.cases) == 8


@pytest.mark.parametrize(
    ("counted", "percent", "found"),
    [
        ({1: 100, 2: 101}, 50, 2),
        ({1: 98, 2: 1}, 99, 2),
        ({1: 50, 2: 50}, 50, 1),
        ({1: 49, 2: 51}, 50, 2),
    ],
)
def test_a_percentile_counts_to_the_last_one(
    counted: dict[int, int], percent: int, found: int
) -> None:
    assert percentile(counted, percent) == found


def test_half_and_nine_of_ten_are_counted_to_the_last_one() -> None:
    moved = {10: 10, 20: 8, 30: 2, -1: 10, -2: 8, -3: 2, 0: 7}

    shown = figures(Sum(moved=moved))["both_see"]

    assert shown == {
        "both": 47, "later": 20, "later_min": 10, "later_min_9_of_10": 20, "earlier": 20,
        "earlier_min": 1, "earlier_min_9_of_10": 2,
    }  # fmt: skip
    assert figures(Sum(moved={1: 1}))["both_see"]["later_min"] == 1


def test_figures_are_rounded_as_shown() -> None:
    found = figures(Sum(minutes=4_321, before=Arm(alerts=1)))

    assert found["patient_days"] == 3.0
    assert found["in_force"]["alerts_a_patient_day"] == 0.3333
    assert figures(Sum(minutes=100))["patient_days"] == 0.07
    assert figures(Sum(minutes=1))["in_force"]["alerts_a_patient_day"] == 0


def test_nothing_is_counted_of_nobody() -> None:
    nothing: dict[str, Any] = figures(Sum())
    numbers = {name: value for name, value in nothing.items() if isinstance(value, int | float)}

    assert set(numbers.values()) == {0}
    assert {nothing["real"][name] for name in ("known", "missed", "gained", "both")} == {0}
    assert set(nothing["in_force"].values()) == {0, None}
    assert Played() == Played((), 0, 0, 0, 0, 0, 0)


def test_levels_that_stay_and_real_ones_both_or_neither_see_are_not_counted_as_moved() -> None:
    before = (seen(0, level=RED), seen(5_000), seen(10_000))
    after = (seen(0, level=RED), seen(5_000))
    found = sum_of(held(before, after, judged(0, 0), judged(7_000, 7_000)), ())

    assert (found.lowered, found.heightened, found.changed) == (0, 0, 0)
    assert (found.real, found.real_missed, found.real_gained) == (2, 0, 0)
    assert (found.before.real, found.after.real, found.missed) == (1, 1, 1)


def test_a_document_names_its_shape() -> None:
    made = document({}, in_force={}, proposed={}, history={}, not_known=())

    assert (made.shape, made.is_whole, list(made.figures)) == (1, True, ["all"])
