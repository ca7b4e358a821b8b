"""Covid: 92 or below twice is 999, whatever confirmed the first reading (DECIDING 7)."""

import pytest

from alerts.vital_words import ClinicianAct, Crisis, Pathway
from tests.alerts.vitals.wards import Watched, ward

FLOOR = ward(floor={"spo2_pct": 85})


def covid(first: int) -> Watched:
    watched = Watched(pathway=Pathway.COVID, schedule=(), ward=FLOOR)
    watched.says(1, spo2_pct=first)
    return watched


def crises(watched: Watched) -> list[Crisis]:
    return [one.crisis for one in watched.last.handed]


@pytest.mark.parametrize(("first", "second", "minute"), [(84, 84, 3), (90, 84, 3), (90, 90, 20)])
def test_a_second_low_reading_is_999_also_when_the_first_was_confirmed_without_it(
    first: int, second: int, minute: int
) -> None:
    watched = covid(first)
    assert crises(watched) == []

    watched.says(minute, spo2_pct=second)

    assert crises(watched) == [Crisis.EMERGENCY]


def test_it_is_handed_over_once() -> None:
    watched = covid(90)
    watched.says(20, spo2_pct=90)

    watched.says(25, spo2_pct=89)

    assert crises(watched) == []


def test_once_a_clinician_has_taken_it_on_a_reading_hours_later_sends_nobody_by_itself() -> None:
    watched = covid(90)
    watched.waits(15)
    watched.does(16, ClinicianAct.ACKNOWLEDGE, text="rang him")

    watched.says(180, spo2_pct=90)

    assert crises(watched) == []


def test_a_low_reading_after_a_normal_one_is_no_second() -> None:
    watched = covid(90)
    watched.waits(15)
    watched.says(20, spo2_pct=97)

    watched.says(40, spo2_pct=90)

    assert crises(watched) == []
