"""A deterioration that the ward hands over: what telecare does with it."""

from typing import Any

from alerts import decide
from alerts.events import Deterioration, Heard
from alerts.facts import Plan
from alerts.vital_words import Crisis, Level
from alerts.words import AlarmState, CloseReason, Disposition, OperatorAct, TaskKind, What
from tests.alerts.houses import T0, House, facts, person, rules

ALERT = "00000000-0000-5000-8000-000000000001"


def hand(house: House, seconds: float, crisis: Crisis, **fields: Any) -> list[str]:
    at = house.at(seconds)
    said = Deterioration("wc", crisis, at, ALERT, Level.RED, context={"readings": {}}, **fields)
    heard = Heard(f"{ALERT}|{crisis}|{seconds}", at, "vitals", "ward", said)
    house.last = decide.on_signals(house.case, house.facts, rules(), [heard], at)
    house.case = house.last.case
    return [entry.what.value for entry in house.last.entries]


def house_with(plan: Plan) -> House:
    return House(facts(person(plan={"deterioration": plan})))


def test_an_exhausted_ladder_is_the_wards_alert_in_front_of_an_operator() -> None:
    house = House()

    assert hand(house, 0, Crisis.LADDER_EXHAUSTED) == ["alarm_raised"]

    alarm = house.case.alarms[0]
    assert (alarm.id, alarm.what, alarm.state) == (ALERT, "deterioration", AlarmState.OPEN)
    assert not house.case.referrals
    assert house.case.next_due_at == house.at(30)


def test_what_has_recovered_sends_nothing_by_itself() -> None:
    house = house_with(Plan(at_once=True))

    hand(house, 0, Crisis.LADDER_EXHAUSTED, recovered=True)
    assert not house.case.referrals

    hand(house, 60, Crisis.LADDER_EXHAUSTED)
    assert [one.provisional for one in house.case.referrals] == [True]


def test_a_referral_carries_all_that_is_known() -> None:
    house = house_with(Plan(at_once=True))

    hand(house, 0, Crisis.LADDER_EXHAUSTED)

    requests = [one for one in house.last.outgoing if one.what == "referral_request"]
    assert requests[0].body["vitals"] == {"readings": {}}


def test_a_clinicians_confirmation_makes_what_is_provisional_certain() -> None:
    house = house_with(Plan(at_once=True))
    hand(house, 0, Crisis.LADDER_EXHAUSTED)

    hand(house, 60, Crisis.CLINICIAN_CONFIRMED, clinician="nurse", need="deterioration")

    assert [one.provisional for one in house.case.referrals] == [False]
    alarm = house.case.alarms[0]
    assert (alarm.taken_by, alarm.disposition) == ("nurse", Disposition.UCR)


def test_confusion_waits_once_and_is_999_when_it_becomes_grave() -> None:
    house = House()
    assert "countdown_started" in hand(house, 0, Crisis.NEW_CONFUSION, at_least=3)
    assert hand(house, 10, Crisis.NEW_CONFUSION, at_least=3) == ["alarm_joined", "nothing"]

    hand(house, 20, Crisis.NEW_CONFUSION, at_least=3, low_glucose=True)

    assert house.last.entries[-1].task is TaskKind.EMERGENCY_999


def test_a_taken_alarm_stays_with_whoever_has_it() -> None:
    house = House()
    hand(house, 0, Crisis.LADDER_EXHAUSTED)
    house.operator(5, OperatorAct.TAKE)

    hand(house, 10, Crisis.NOT_ALERT, clinician="nurse")

    assert house.case.alarms[0].state is AlarmState.TAKEN
    assert house.case.alarms[0].priority == 1


def test_after_its_alarm_was_closed_the_alert_opens_another() -> None:
    house = House()
    hand(house, 0, Crisis.LADDER_EXHAUSTED)
    house.operator(5, OperatorAct.CLOSE, close_reason=CloseReason.REASSURED)

    said = hand(house, 60, Crisis.EMERGENCY)

    assert said[0] == What.ALARM_OPENED
    assert len({alarm.id for alarm in house.case.alarms}) == 2
    assert house.case.as_of >= T0
