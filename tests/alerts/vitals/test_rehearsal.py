"""Two runs held against each other: what is raised, missed, changed, earlier, later; the cases."""

from typing import Any

import msgspec
import pytest

from alerts.vital_words import ClinicianAct, Level
from alerts.vitals.history import Judged, Played, Seen
from alerts.vitals.inputs import Reading
from alerts.vitals.rehearsal import Compared, compare, is_same, minutes_between
from alerts.vitals.rehearsal_cases import MAX_REASONS, Case, CaseKind, cases, span_words
from alerts.vitals.replay import play
from devices.model import Quality, VitalCode
from tests.alerts.houses import rules
from tests.alerts.vitals.histories import (
    DAY,
    does,
    history,
    judged,
    proposed,
    reason,
    says,
    seen,
)
from tests.alerts.vitals.wards import minutes


def held(
    before: tuple[Seen, ...], after: tuple[Seen, ...], *known: Judged, **fields: Any
) -> Compared:
    return compare(history(judged=known, **fields), Played(before), Played(after))


def told(compared: Compared) -> list[Case]:
    return list(cases(compared, {}, {}))


def only(compared: Compared) -> Case:
    (case,) = told(compared)
    return case


# -- episodes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "same"),
    [
        ({"rang": 30}, True),
        ({"rang": 60, "parameters": ("spo2_pct",)}, True),
        ({"rang": 61, "parameters": ("spo2_pct",)}, False),
        ({"rang": 60 + DAY}, True),
        ({"rang": 61 + DAY}, False),
        ({"rang": 30, "missing": True}, False),
    ],
)
def test_an_episode_is_open_together_or_within_a_day_about_the_same(
    later: dict[str, Any], *, same: bool
) -> None:
    one, other = seen(0), seen(**later)

    assert is_same(one, other) is same
    assert is_same(other, one) is same
    found = held((one,), (other,))
    assert (len(found.pairs), len(found.missed), len(found.raised)) == (
        (1, 0, 0) if same else (0, 1, 1)
    )


def test_each_alert_has_one_counterpart_and_the_nearest_is_taken_first() -> None:
    early, late = seen(0), seen(200)
    found = held((early, late), (seen(190),))

    assert found.pairs == ((late, seen(190)),)
    assert found.missed == (early,)
    turned = held((seen(190),), (early, late))
    assert turned.pairs == ((seen(190), late),)
    assert turned.raised == (early,)


def test_pairs_stand_in_order_of_time() -> None:
    before, after = (seen(0), seen(3_000)), (seen(50), seen(3_001))

    assert held(before, after).pairs == ((before[0], after[0]), (before[1], after[1]))


# -- what is known -------------------------------------------------------------------------------


def test_what_was_real_counts_before_what_was_not() -> None:
    found = held((seen(5),), (), judged(0, 10, real=False, what="closed"), judged(5, 5))

    assert found.judged(seen(5)) == judged(5, 5)
    assert found.judged(seen(10)) == judged(0, 10, real=False, what="closed")
    assert found.judged(seen(11)) is None


def test_a_real_one_is_told_with_its_first_ring_in_time_under_both() -> None:
    before = (seen(0, 1), seen(100), seen(400))
    found = held(before, (seen(130),), judged(90, 300), judged(380, 500), judged(0, 9, real=False))
    first, second = found.real

    assert (first.before, first.after, first.minutes) == (minutes(100), minutes(130), 30)
    assert (second.before, second.after, second.minutes) == (minutes(400), None, None)
    assert held((), (seen(1),), judged(0, 9)).real[0].minutes is None


def test_minutes_are_rounded_towards_nothing() -> None:
    assert minutes_between(minutes(0), minutes(1.9)) == 1
    assert minutes_between(minutes(1.9), minutes(0)) == -1
    assert minutes_between(minutes(0), None) is None


def test_recorded_alerts_are_replayed_when_one_opened_within_half_a_day() -> None:
    half = DAY / 2
    recorded = tuple(minutes(at) for at in (-half, 5, half, half + 1, -half - 1))

    assert held((seen(0),), (), recorded=recorded).replayed == 3
    assert held((), (seen(0),), recorded=recorded).replayed == 0


# -- the cases to read ---------------------------------------------------------------------------


def test_a_real_one_that_would_not_ring_is_said_so() -> None:
    case = only(held((seen(0, level=Level.RED),), (), judged(0, 10)))

    assert (case.kind, case.real, case.minutes) == (CaseKind.MISSED, True, None)
    assert (case.level, case.proposed_level) == (Level.RED, None)
    assert case.text == (
        "the real one of 02 Feb 2021 07:00 UTC (red about heart_rate_bpm; confirmed) would not ring"
    )
    assert case.why == ("beyond_warning_high (limit.default.heart_rate_bpm version 1)",)
    assert case.proposed_why == ()
    assert (case.person, case.pathway, case.at) == ("wc", "none", minutes(0))


def test_a_new_alert_is_said_with_its_own_level_and_reasons() -> None:
    case = only(held((), (seen(9),), judged(0, 10, real=False, what="closed without more")))

    assert (case.kind, case.level, case.proposed_level) == (CaseKind.RAISED, None, Level.AMBER)
    assert case.text.startswith("one that was not real of 02 Feb 2021 07:09 UTC (amber about")
    assert case.text.endswith("; closed without more) would ring and does not now")
    assert case.why == ()
    assert len(case.proposed_why) == 1


def test_the_real_one_that_would_fire_three_hours_later_is_said_so() -> None:
    case = only(held((seen(0),), (seen(180),), judged(0, 10)))

    assert (case.kind, case.minutes) == (CaseKind.LATER, 180)
    assert case.text.endswith("would ring 3 h later")


def test_one_that_comes_earlier_is_told_too() -> None:
    case = only(held((seen(70),), (seen(0),)))

    assert (case.kind, case.minutes, case.real) == (CaseKind.EARLIER, -70, None)
    assert "one of 02 Feb" in case.text
    assert "nobody has judged it" in case.text
    assert case.text.endswith("would ring 1 h 10 min earlier")


def test_another_level_or_another_reason_is_a_change() -> None:
    lower = only(held((seen(0, level=Level.RED),), (seen(0),)))
    other = only(held((seen(0),), (seen(0, reasons=(reason("news2_amber"),)),)))

    assert (lower.kind, other.kind) == (CaseKind.CHANGED, CaseKind.CHANGED)
    assert lower.text.endswith("would ring at the same time as amber in place of red")
    assert other.text.endswith("would ring at the same time for other reasons")
    assert (lower.level, lower.proposed_level) == (Level.RED, Level.AMBER)
    assert (lower.weight, other.weight) == (600, 150), "only what is lost weighs more"


def test_what_stays_as_it_is_is_no_case() -> None:
    assert told(held((seen(0),), (seen(0),))) == []


def test_an_alert_whose_findings_had_recovered_says_so() -> None:
    case = only(held((seen(0, parameters=()),), ()))

    assert "about nothing that is still out of order" in case.text


RED = Level.RED


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # what was real before what is red, what is red before what is amber
        (held((seen(0),), (), judged(0, 0)), held((seen(0, level=RED),), ())),
        (held((seen(0, level=RED),), ()), held((seen(0),), ())),
        (held((), (seen(0, level=RED),)), held((), (seen(0),))),
        # missed before later, changed, raised and earlier
        (held((seen(0),), ()), held((seen(0),), (seen(60),))),
        (held((seen(0),), (seen(60),)), held((), (seen(0),))),
        (held((), (seen(0),)), held((seen(60),), (seen(0),))),
        # much later before a little later; lower before higher
        (held((seen(0),), (seen(600),)), held((seen(0),), (seen(60),))),
        (held((seen(0, level=RED),), (seen(0),)), held((seen(0),), (seen(0, level=RED),))),
        # what nobody judged before what was not real; a reading before a missing one
        (held((seen(0),), ()), held((seen(0),), (), judged(0, 0, real=False))),
        (held((seen(0),), ()), held((seen(0, missing=True),), ())),
    ],
)
def test_the_most_telling_case_comes_first(first: Compared, second: Compared) -> None:
    assert only(first).weight > only(second).weight


def test_lateness_weighs_a_quarter_at_a_time_up_to_its_most() -> None:
    weights = [
        only(held((seen(0, 9_999),), (seen(late, 9_999),))).weight
        for late in (14, 15, 29, 30, 3_600, 3_615, 4_000)
    ]

    assert [weight - weights[0] for weight in weights] == [0, 1, 1, 2, 240, 240, 240]


def test_nobody_fills_the_list_alone() -> None:
    before = tuple(seen(number * 5_000) for number in range(4))
    found = told(held((*before, seen(40_000, level=RED)), ()))

    assert [case.at for case in found] == [minutes(40_000), minutes(0)]


def test_a_case_shows_the_readings_it_is_about_first_and_the_limits_of_both() -> None:
    at = minutes(0)
    shown = (
        Reading(VitalCode.CONSCIOUSNESS, "A", at),
        Reading(VitalCode.GLUCOSE, None, at, Quality.ABOVE_RANGE),
        Reading(VitalCode.HEART_RATE, 112.0, at),
    )
    compared = held((seen(0, readings=shown, parameters=("heart_rate_bpm", "news2")),), ())
    limits = {VitalCode.HEART_RATE: {"warning_high": 111.0}, VitalCode.SPO2: {"alert_low": 91.0}}
    (case,) = cases(compared, limits, {})

    assert case.readings == (
        "heart_rate_bpm 112.0 at 02 Feb 07:00",
        "consciousness A at 02 Feb 07:00",
        "glucose_mmol_l above_range at 02 Feb 07:00",
    )
    assert case.limits == {"in force": {"heart_rate_bpm": {"warning_high": 111.0}}, "proposed": {}}


def test_reasons_say_what_they_looked_at_and_are_bounded() -> None:
    many = tuple(reason("rose_in_days", by=2.1, limit=2, other=1) for _ in range(MAX_REASONS + 1))
    case = only(held((seen(0, reasons=many),), ()))

    assert len(case.why) == MAX_REASONS
    assert case.why[0] == ("rose_in_days (limit.default.heart_rate_bpm version 1, limit 2, by 2.1)")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "at the same time"),
        (5, "5 min later"),
        (-60, "1 h earlier"),
        (61, "1 h 1 min later"),
    ],
)
def test_a_difference_is_said_in_hours_and_minutes(count: int, words: str) -> None:
    assert span_words(count) == words


# -- with the rules themselves -------------------------------------------------------------------


def test_looser_limits_miss_the_real_one_and_stricter_ones_raise_another() -> None:
    close = (
        does(70, ClinicianAct.CONFIRM),
        does(300, ClinicianAct.CLOSE, reason="team came"),
    )
    told_of = history(
        says(1, heart_rate_bpm=115), says(9, heart_rate_bpm=115), acts=close,
        judged=(judged(-700, 1_000, what="confirmed as a crisis"),),
    )  # fmt: skip
    looser, stricter = (
        proposed("alert_high = 140, warning_high = 130"),
        proposed("alert_high = 131, warning_high = 100"),
    )
    calm = history(says(1, heart_rate_bpm=105))
    now = play(told_of, rules())

    missed = compare(told_of, now, play(told_of, looser))
    raised = compare(calm, play(calm, rules()), play(calm, stricter))

    assert [one.rang_at for one in missed.missed] == [minutes(9)]
    assert (missed.real[0].before, missed.real[0].after) == (minutes(9), None)
    assert "the real one of 02 Feb 2021 07:09 UTC" in only(missed).text
    assert [one.rang_at for one in raised.raised] == [minutes(61)]
    assert missed.after.left_out == 2, "there was nothing to confirm or close"


def test_a_case_round_trips_as_json() -> None:
    case = only(held((seen(0),), (seen(180),), judged(0, 10)))

    assert msgspec.json.decode(msgspec.json.encode(case), type=Case) == case
