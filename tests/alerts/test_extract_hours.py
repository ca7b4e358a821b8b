"""Months and hours are those of the wall clock, both daylight-saving nights included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from alerts.facts import Service
from alerts.referral.extract_hours import time_in_hours
from alerts.referral.extract_raw import Period, is_active, parse_period
from tests.alerts.extract_house import FEBRUARY, finished
from tests.alerts.houses import ICRS, T0

MINUTE = timedelta(minutes=1)
DAY_HOURS: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("08:00-20:00",)
)


@pytest.mark.parametrize("text", ["2026", "2026-13", "October", "2026-10-01", ""])
def test_what_is_no_month_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no month: expected YYYY-MM"):
        parse_period(text)


def test_a_month_begins_and_ends_by_the_wall_clock() -> None:
    october, zone = parse_period("2026-10"), ZoneInfo("Europe/London")

    assert october.label == "2026-10"
    assert not october.holds(datetime(2026, 9, 30, 22, 59, 59, tzinfo=UTC), zone)
    assert october.holds(datetime(2026, 9, 30, 23, 0, tzinfo=UTC), zone)
    assert october.holds(datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), zone)
    assert not october.holds(datetime(2026, 11, 1, tzinfo=UTC), zone)
    assert not october.holds(None, zone)
    assert Period(2026, 12).span(zone)[1] == datetime(2027, 1, 1, tzinfo=zone)


def test_a_referral_is_in_every_month_in_which_it_was_open() -> None:
    raw = finished().raw()
    later = msgspec.structs.replace(raw.referral, closed_at=datetime(2021, 3, 1, tzinfo=UTC))
    long = msgspec.structs.replace(raw, referral=later)

    assert is_active(raw, FEBRUARY)
    assert not is_active(raw, Period(2021, 1))
    assert not is_active(raw, Period(2021, 3))
    assert is_active(long, Period(2021, 3))


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-06-01T06:30:00", "2026-06-01T07:30:00", 30),
        ("2026-06-01T18:30:00", "2026-06-02T07:30:00", 60),
        ("2026-06-01T19:30:00", "2026-06-01T22:00:00", 0),
        ("2026-06-01T09:00:00", "2026-06-01T08:00:00", 0),
        ("2026-10-24T18:30:00", "2026-10-25T08:30:00", 60),
        ("2021-01-01T00:00:00", "2024-01-01T00:00:00", 400 * 720 - 720),
    ],
)
def test_the_night_is_left_out_of_a_services_hours(since: str, until: str, minutes: int) -> None:
    """08:00-20:00 in London; in June that is 07:00-19:00 UTC. A span of years is cut."""
    service = Service("day", hours=DAY_HOURS)
    first, last = (datetime.fromisoformat(f"{text}+00:00") for text in (since, until))

    assert time_in_hours(service, first, last) // MINUTE == minutes


@pytest.mark.parametrize(
    ("span", "minutes"), [("22:00-06:00", 8 * 60), ("00:00-24:00", 24 * 60), ("12:00-24:00", 720)]
)
def test_a_span_may_end_the_next_day_or_at_its_midnight(span: str, minutes: int) -> None:
    service = Service("night", timezone="UTC", hours={"mon": (span,)})
    monday = datetime(2026, 11, 2, tzinfo=UTC)

    assert time_in_hours(service, monday, monday + timedelta(days=6)) // MINUTE == minutes


def test_a_service_round_the_clock_leaves_nothing_out() -> None:
    assert time_in_hours(ICRS, T0, T0 + 90 * MINUTE) == 90 * MINUTE
    assert time_in_hours(ICRS, T0, T0 - MINUTE) == timedelta()


def test_a_night_that_ends_summer_time_is_an_hour_longer() -> None:
    service = Service("night", hours={"sat": ("22:00-06:00",)})
    since = datetime(2026, 10, 24, 12, tzinfo=UTC)

    assert time_in_hours(service, since, since + timedelta(days=2)) == timedelta(hours=9)
