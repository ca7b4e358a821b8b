"""The figures of a month: both denominators, each share beside what it was taken of."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from alerts.case import Alarm
from alerts.referral.extract_raw import Period, Raw
from alerts.referral.kpi import Figure, Measure, percent, published, service_figures
from alerts.referral.kpi_answering import (
    ALL_CALLS,
    Answering,
    WhyLate,
    answering_figures,
    calls_of,
    late_calls,
)
from alerts.words import AlarmKind, AlarmState, ReferralState, Standard
from tests.alerts.extract_house import asked, finished, pressed, visited
from tests.alerts.houses import T0

LONDON = ZoneInfo("Europe/London")


def figures(*raws: Raw, **more: Any) -> dict[str, tuple[int | None, int | None, float | None]]:
    found = service_figures("icrs", raws, asked(**more))
    assert [one.measure for one in found] == [measure.value for measure in Measure]
    assert all(one.service == "icrs" for one in found)
    return {one.measure: (one.value, one.of, one.pct) for one in found}


def with_referral(raw: Raw, **fields: object) -> Raw:
    return msgspec.structs.replace(raw, referral=msgspec.structs.replace(raw.referral, **fields))


def running() -> Raw:
    house = pressed()
    house.service(150, "accept")
    return house.raw()


def test_a_clock_that_never_stopped_counts_in_one_denominator_only() -> None:
    found = figures(visited().raw(), running())

    assert found["two_hour_stopped"] == (1, 1, 100.0)
    assert found["two_hour_all"] == (1, 2, 50.0)
    assert found["two_hour_running"] == (0, None, None)
    assert found["two_day_all"] == (0, 0, None)


def test_a_clock_that_still_can_be_met_is_counted_as_running() -> None:
    found = figures(running(), now=T0 + timedelta(minutes=30))

    assert found["two_hour_all"] == (0, 1, 0.0)
    assert found["two_hour_running"] == (1, None, None)


@pytest.mark.parametrize("stamp", ["closed_at", "withdrawn_at", "rejected_at"])
def test_a_clock_that_ended_without_a_visit_runs_no_more(stamp: str) -> None:
    ended = with_referral(running(), **{stamp: T0 + timedelta(minutes=5)})

    assert figures(ended, now=T0 + timedelta(minutes=30))["two_hour_running"][0] == 0


def test_a_visit_of_the_next_month_is_stopped_in_that_month_and_started_in_this() -> None:
    raw = with_referral(visited().raw(), first_face_to_face_at=T0 + timedelta(days=27))
    february, march = figures(raw), figures(raw, period=Period(2021, 3))

    assert february["two_hour_stopped"] == (0, 0, None)
    assert february["two_hour_all"] == (0, 1, 0.0)
    assert march["two_hour_stopped"] == (0, 1, 0.0)
    assert march["two_hour_all"] == (0, 0, None)
    assert march["press_to_arrival_median_min"][1] == 1


def test_two_days_are_a_clock_of_their_own() -> None:
    found = figures(with_referral(visited().raw(), standard=Standard.TWO_DAY))

    assert found["two_day_stopped"] == (1, 1, 100.0)
    assert found["two_hour_all"] == (0, 0, None)


def test_withdrawn_ones_are_counted_apart_from_referrals() -> None:
    provisional = pressed()
    provisional.operator(200, "withdraw", reason="accident")
    confirmed = pressed()
    confirmed.operator(140, "confirm")
    confirmed.operator(200, "withdraw", reason="a relative has come")
    found = figures(provisional.raw(), confirmed.raw(), pressed().raw())

    assert found["referrals"] == (1, None, None)
    assert found["withdrawn_provisional"] == (1, None, None)
    assert found["withdrawn_confirmed"] == (1, None, None)
    assert found["never_confirmed"] == (1, None, None)
    assert found["two_hour_all"] == (0, 1, 0.0)


def test_rejected_and_breached_ones_are_counted() -> None:
    rejected = with_referral(pressed().raw(), state=ReferralState.REJECTED)
    breached = pressed()
    breached.due(1200)
    found = figures(rejected, breached.raw())

    assert found["rejected"] == (1, None, None)
    assert found["breached"] == (1, None, None)
    assert found["never_confirmed"] == (1, None, None)


def test_falls_are_given_of_known_outcomes_and_of_all() -> None:
    fell = [
        with_referral(finished(outcome).raw(), need="fall")
        for outcome in ("remains_at_home", "conveyed", "was seen")
    ]
    found = figures(*fell, finished("remains_at_home").raw())

    assert found["falls"] == (3, 4, 75.0)
    assert found["falls_home_of_known"] == (1, 2, 50.0)
    assert found["falls_home_of_all"] == (1, 3, 33.3)
    assert found["falls_conveyed_of_known"] == (1, 2, 50.0)
    assert found["falls_conveyed_of_all"] == (1, 3, 33.3)
    assert found["home_of_known"] == (2, 3, 66.7)
    assert found["home_of_all"] == (2, 4, 50.0)


def test_joint_ones_are_given_of_all_referrals() -> None:
    raw = visited().raw()
    other = msgspec.structs.replace(raw.referral, id="x", service="lpt")
    found = figures(msgspec.structs.replace(raw, beside=(raw.referral, other)), visited().raw())

    assert found["joint"] == (1, 2, 50.0)


def test_contacts_of_the_month_are_counted() -> None:
    house = visited()
    house.service(30 * 86_400, "face_to_face", by="n")

    assert figures(house.raw())["contacts"] == (1, None, None)
    assert figures(house.raw(), period=Period(2021, 3))["contacts"] == (1, None, None)


def test_press_to_arrival_is_told_by_ranks() -> None:
    raws = [
        with_referral(visited().raw(), first_face_to_face_at=T0 + timedelta(minutes=minutes))
        for minutes in (10, 20, 30, 40, 50)
    ]
    found = figures(*raws)

    assert found["press_to_arrival_median_min"] == (30, 5, None)
    assert found["press_to_arrival_90th_min"] == (50, 5, None)
    assert found["press_to_arrival_most_min"] == (50, 5, None)
    assert figures()["press_to_arrival_median_min"] == (None, 0, None)


@pytest.mark.parametrize(
    ("value", "of", "share"),
    [(0, 0, None), (0, 3, 0.0), (1, 3, 33.3), (2, 3, 66.7), (1, 2000, 0.1), (1, 2001, 0.0)],
)
def test_a_share_is_rounded_to_a_tenth_halves_up(value: int, of: int, share: float | None) -> None:
    assert percent(value, of) == share


@pytest.mark.parametrize(
    ("figure", "value", "of", "share"),
    [
        (Figure("m", "s", "falls", 7, 12, 58.3), 5, 10, 50.0),
        (Figure("m", "s", "falls", 8, 12, 66.7), 10, 10, 100.0),
        (Figure("m", "s", "falls", 3, 4, 75.0), 5, 5, 100.0),
        (Figure("m", "s", "falls", 1, 2, 50.0), 0, 0, None),
        (Figure("m", "s", "contacts", 12), 10, None, None),
        (Figure("m", "s", "press_to_arrival_most_min", 44, 4), None, 5, None),
        (Figure("m", "s", "press_to_arrival_most_min", 44, 5), 44, 5, None),
        (Figure("m", "s", "falls", None), None, None, None),
    ],
)
def test_published_counts_are_rounded_to_five(
    figure: Figure, value: int | None, of: int | None, share: float | None
) -> None:
    (found,) = published([figure], 5)

    assert (found.value, found.of, found.pct) == (value, of, share)


# -- answering ---------------------------------------------------------------------------------


def call(number: int = 0, **fields: Any) -> Alarm:
    known: dict[str, Any] = {
        "id": f"a{number}", "kind": AlarmKind.HELP, "state": AlarmState.CLOSED, "alarm_at": T0,
        "what": "pendant",
    }  # fmt: skip
    for name in ("taken_at", "spoke_at"):
        if name in fields:
            fields[name] = T0 + timedelta(seconds=fields[name])
    return Alarm(**{**known, **fields})


def answering(*alarms: Alarm, group: str = ALL_CALLS) -> dict[str, tuple[int | None, int | None]]:
    calls = calls_of(alarms, asked(), LONDON)
    found = answering_figures(calls, asked())
    return {one.measure: (one.value, one.of) for one in found if one.group == group}


def test_a_unit_with_speech_is_answered_by_a_voice_and_another_by_being_taken() -> None:
    found = answering(
        call(1, taken_at=10, spoke_at=60),
        call(2, taken_at=10, spoke_at=61),
        call(3, taken_at=60, speech=False),
        call(4, taken_at=181, speech=False),
    )

    assert found[Answering.ANSWERED_SOON] == (2, 4)
    assert found[Answering.ANSWERED_LATE] == (3, 4)
    assert found[Answering.TAKEN_SOON] == (3, 4)
    assert found[Answering.TAKEN_LATE] == (3, 4)


def test_no_call_is_left_out_of_the_denominator() -> None:
    found = answering(call(1), call(2, state=AlarmState.OPEN), call(3, taken_at=5))

    assert found[Answering.ANSWERED_LATE] == (0, 3)
    assert found[Answering.ABANDONED] == (1, 3)
    assert found[Answering.AUTO_ANSWERED] == (0, 3)


def test_every_late_call_stands_in_the_list_with_why() -> None:
    alarms = [
        call(1, taken_at=5, spoke_at=180),
        call(2, taken_at=5, spoke_at=181),
        call(3, taken_at=5),
        call(4),
        call(5, speech=False, taken_at=300),
    ]
    found = late_calls(calls_of(alarms, asked(), LONDON), asked())

    assert [(one.alarm, one.why, one.taken_after_s, one.spoke_after_s) for one in found] == [
        ("a2", WhyLate.LATE, 5, 181),
        ("a3", WhyLate.NO_VOICE, 5, None),
        ("a4", WhyLate.NEVER_TAKEN, None, None),
        ("a5", WhyLate.LATE, 300, None),
    ]


def test_technical_alarms_and_other_months_are_no_calls() -> None:
    technical = call(1, kind=AlarmKind.TECHNICAL)
    earlier = call(2, alarm_at=T0 - timedelta(days=3))

    assert calls_of([technical, earlier], asked(), LONDON) == []
    assert answering(technical, earlier)[Answering.ANSWERED_SOON] == (0, 0)


def test_each_kind_of_call_has_figures_of_its_own() -> None:
    alarms = (call(1, taken_at=5, spoke_at=9), call(2, kind=AlarmKind.LIFE_SAFETY, taken_at=5))

    assert answering(*alarms, group="help")[Answering.ANSWERED_SOON] == (1, 1)
    assert answering(*alarms, group="life_safety")[Answering.ANSWERED_SOON] == (0, 1)
    assert answering(*alarms, group="health") == {}
