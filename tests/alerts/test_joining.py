"""The plan of a call that joins an open alarm: its own, unless the alarm bars it."""

from alerts.words import Disposition
from tests.alerts.houses import AT_ONCE, House, facts, person

PRESS_S = 30


def _at_once_press_on(first: str) -> House:
    """Give a house whose person is referred for at each press, with an alarm that is taken."""
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0, first)
    house.operator(5, "take")
    return house


def test_an_at_once_press_on_a_taken_alarm_is_referred() -> None:
    house = _at_once_press_on("inactivity")

    house.hear(PRESS_S)

    assert [one.alarm for one in house.case.referrals] == [house.alarm.id]


def test_a_press_for_somebody_else_is_not_referred_though_the_plan_says_at_once() -> None:
    house = _at_once_press_on("inactivity")
    house.operator(10, "answer", question="who_needs_help", answer="spouse")

    house.hear(PRESS_S)

    assert house.case.referrals == ()


def test_a_press_on_what_was_decided_otherwise_is_not_referred() -> None:
    house = _at_once_press_on("inactivity")
    house.operator(10, "spoke")
    house.operator(12, "decide", disposition=Disposition.GP_111)

    house.hear(PRESS_S)

    assert house.case.referrals == ()


def test_a_press_beside_a_bogus_caller_is_not_referred() -> None:
    house = _at_once_press_on("bogus_caller")

    house.hear(PRESS_S)

    assert house.case.referrals == ()


def test_an_unproven_call_does_not_end_the_countdown_of_the_press_it_joins() -> None:
    house = House()
    house.hear(0)
    house.hear(10, known=False)

    house.due(90)

    assert len(house.case.alarms) == 1
    assert [one.alarm for one in house.case.referrals] == [house.alarm.id]
