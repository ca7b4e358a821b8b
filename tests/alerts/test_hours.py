"""When a service is open and where it goes."""

from datetime import UTC, datetime

import pytest

from alerts.facts import Service
from alerts.hours import check_service, covers, is_open

DAY = Service("day", hours={"tue": ("08:00-20:00",)})
NIGHT = Service("night", hours={"tue": ("20:00-08:00",)})
WHOLE = Service("whole", hours={"tue": ("00:00-24:00",)})


def utc(day: int, clock: str, month: int = 2) -> datetime:
    return datetime.fromisoformat(f"2021-{month:02}-{day:02}T{clock}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("service", "at", "is_so"),
    [
        (Service("any"), utc(2, "03:00"), True),
        (DAY, utc(2, "07:59:59"), False),
        (DAY, utc(2, "08:00"), True),
        (DAY, utc(2, "19:59:59"), True),
        (DAY, utc(2, "20:00"), False),
        (DAY, utc(3, "09:00"), False),
        (NIGHT, utc(2, "20:00"), True),
        (NIGHT, utc(3, "07:59"), True),
        (NIGHT, utc(3, "08:00"), False),
        (NIGHT, utc(2, "07:59"), False),
        (WHOLE, utc(2, "23:59:59"), True),
        (WHOLE, utc(3, "00:00"), False),
    ],
)
def test_a_service_is_open_by_its_hours(service: Service, at: datetime, is_so: bool) -> None:  # noqa: FBT001
    assert is_open(service, at) is is_so


def test_summer_time_counts_by_the_wall_clock() -> None:
    summer = Service("day", hours={"tue": ("08:00-20:00",)})

    assert is_open(summer, utc(1, "07:00", 6))
    assert not is_open(summer, utc(1, "06:59", 6))
    assert not is_open(summer, utc(1, "19:00", 6))


@pytest.mark.parametrize(
    ("catchment", "postcode", "is_so"),
    [
        ((), "SW1A 1AA", True),
        (("LE",), None, True),
        (("LE",), "LE1 1AA", True),
        (("LE",), "le67 9zz", True),
        (("L",), "LE1 1AA", False),
        (("LE1",), "LE11 1AA", False),
        (("LE1",), "LE1 1AA", True),
        (("LE1",), "LE1", True),
        (("LE1 1",), "LE1 1AA", True),
        (("LE1 1",), "LE1 2AA", False),
        (("LE11AA",), "LE1 1AA", True),
        (("NG", "LE3"), "LE3 5AB", True),
    ],
)
def test_a_catchment_covers_a_postcode(
    catchment: tuple[str, ...],
    postcode: str | None,
    is_so: bool,  # noqa: FBT001
) -> None:
    assert covers(catchment, postcode) is is_so


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (Service("x", timezone="Mars/North"), "time zone 'Mars/North' is not known"),
        (Service("x", hours="always"), "hours 'always', expected 24/7"),
        (Service("x", hours={"tuesday": ("08:00-20:00",)}), "'tuesday' with 1 spans"),
        (Service("x", hours={"tue": ("08:00-20:00",) * 7}), "'tue' with 7 spans"),
        (Service("x", hours={"tue": ("8-20",)}), "'8-20', expected HH:MM-HH:MM"),
    ],
)
def test_hours_that_cannot_be_read_are_named(service: Service, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_service(service)


def test_hours_that_can_be_read_pass() -> None:
    for service in (Service("any"), DAY, NIGHT, WHOLE):
        check_service(service)
