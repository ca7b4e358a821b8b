"""A case stays small whoever calls how often: the oldest that ended leave, what is open stays."""

import msgspec

from alerts.tidy import CROWDED, LEFT
from alerts.words import AlarmState, CloseReason, TaskKind
from tests.alerts.houses import AT_ONCE, House, facts, person


def called(times: int, tasks: tuple[str, ...] = ()) -> House:
    """Give a house that called so often in a day, each time answered, visited and closed."""
    house = House(facts(person(plan=AT_ONCE)))
    for number in range(times):
        at = number * 600
        house.hear(at)
        house.operator(at + 10, "spoke")
        house.service(at + 20, "accept")
        house.service(at + 30, "outcome", outcome="remains_at_home", tasks=tasks)
        house.operator(at + 40, "close", close_reason=CloseReason.REASSURED)
    return house


def test_a_case_that_is_not_crowded_keeps_everything_for_30_days() -> None:
    house = called(CROWDED)

    assert len(house.case.alarms) == len(house.case.referrals) == CROWDED


def test_a_crowded_case_keeps_the_newest_that_ended() -> None:
    house = called(CROWDED + 1)
    newest = [referral.id for referral in house.case.referrals][-LEFT:]
    house.due(CROWDED * 600 + 100)

    assert [referral.id for referral in house.case.referrals][-LEFT:] == newest
    assert len(house.case.referrals) <= CROWDED
    needed = {referral.alarm for referral in house.case.referrals}
    assert needed <= {alarm.id for alarm in house.case.alarms}


def test_however_often_somebody_calls_the_stored_case_stays_as_small() -> None:
    small = len(msgspec.json.encode(called(CROWDED * 2).case))
    large = len(msgspec.json.encode(called(CROWDED * 5).case))

    assert large < 2 * small


def test_what_is_open_stays_in_a_crowded_case_with_all_that_hangs_on_it() -> None:
    house = called(CROWDED * 2, ("therapy",))
    therapies = sum(task.kind is TaskKind.THERAPY for task in house.case.tasks)
    assert therapies == CROWDED * 2, "nobody has done them"
    house.hear(CROWDED * 1300)
    house.due(CROWDED * 1300 + 5)

    assert house.alarm.state is AlarmState.OPEN
    assert house.referral.alarm == house.alarm.id
    left = sum(task.kind is TaskKind.THERAPY for task in house.case.tasks)
    assert left == therapies, "work that nobody has done is not dropped"


def test_calls_without_referrals_are_bounded_too() -> None:
    house = House(facts())
    for number in range(CROWDED * 3):
        house.hear(number * 600)
        house.operator(number * 600 + 10, "spoke")
        house.operator(number * 600 + 20, "close", close_reason=CloseReason.ACCIDENT)

    assert LEFT <= len(house.case.alarms) <= CROWDED + LEFT + 1
    assert {task.kind for task in house.case.tasks} == {TaskKind.FALLS_ASSESSMENT}
