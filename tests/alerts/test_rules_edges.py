"""Facts that changed code once passed the other tests with: each was a mutant that survived."""

from msgspec.structs import replace

from alerts.rule_ids import Rule
from alerts.timing import TimerKind
from alerts.words import AlarmState, CloseReason
from devices.model import Status, StatusKind, StatusState
from tests.alerts.houses import AT_ONCE, House, facts, person, rules
from tests.alerts.test_bars_message import CASE, contents


def due_at_s(house: House, kind: TimerKind) -> float:
    """Give when a countdown is due, in seconds of the house."""
    found = next(timer for timer in house.case.timers if timer.kind == kind)
    return (found.due_at - house.at(0)).total_seconds()


def test_a_second_personal_attack_moves_the_first_ones_999_not_back() -> None:
    house = House()
    house.hear(0, "panic")
    house.hear(300, "panic")

    assert due_at_s(house, TimerKind.LADDER_999) == rules().span(Rule.LADDER_999).total_seconds()


def test_a_press_on_a_personal_attack_moves_its_999_not_back() -> None:
    house = House()
    house.hear(0, "panic")
    house.hear(300, "pendant")

    assert due_at_s(house, TimerKind.LADDER_999) == rules().span(Rule.LADDER_999).total_seconds()


def test_a_visit_after_the_alarm_was_closed_writes_nothing_on_the_alarm() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(10, "spoke")
    house.operator(15, "confirm")
    house.service(20, "accept")
    house.operator(30, "close", close_reason=CloseReason.REASSURED)
    closed = house.alarm
    house.service(900, "face_to_face")

    assert house.alarm == closed
    assert house.alarm.state is AlarmState.CLOSED


def test_an_outcome_in_free_words_only_is_the_outcome() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.service(20, "accept")
    house.service(900, "outcome", text="settled, stays at home")

    assert house.referral.outcome == "settled, stays at home"


def test_no_call_to_999_is_told_that_nobody_asked_for() -> None:
    told = str(contents(CASE, task_999_at=None))

    assert "999 call was asked" not in told


def test_a_home_without_a_uprn_names_none() -> None:
    without = replace(CASE.person, uprn=None)

    assert "LocationExtension" in str(contents(CASE))
    assert "LocationExtension" not in str(contents(CASE, person=without))


def test_a_referral_of_another_alarm_hinders_no_closing() -> None:
    """A provisional referral belongs to its own alarm, not to the battery's."""
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.signal(5, Status("17", StatusKind.BATTERY, StatusState.LOW))
    technical = house.alarm
    house.operator(10, "close", close_reason=CloseReason.TECHNICAL_FIXED, alarm=technical.id)

    assert house.alarm.id == technical.id
    assert house.alarm.state is AlarmState.CLOSED


def test_a_known_person_rings_every_time_however_often() -> None:
    """Only unknown callers are folded (DECIDING 6)."""
    house = House()
    often = rules().count(Rule.UNKNOWN_RINGS) + 3
    for number in range(often):
        house.hear(number)

    assert house.alarm.rings == house.alarm.signals == often
