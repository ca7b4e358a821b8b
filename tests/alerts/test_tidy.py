"""Closed parts leave a case after 30 days, but never in the decision that changed them."""

from datetime import timedelta

import msgspec

from alerts import decide
from alerts.case import Task
from alerts.events import TaskDone
from alerts.facts import Device
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_task
from alerts.tidy import tidy
from alerts.words import CloseReason, ReferralState, TaskKind, TaskState
from devices.model import Status, StatusKind
from tests.alerts.houses import AT_ONCE, T0, House, facts, person, rules

DAY = 86_400


def attended() -> House:
    """Give a house whose alarm is closed and whose referral waits for its outcome."""
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(10, "spoke")
    house.service(20, "accept")
    house.service(60, "face_to_face")
    house.operator(90, "close", close_reason=CloseReason.REASSURED)
    return house


def test_an_outcome_entered_late_stays_until_a_later_decision() -> None:
    house = attended()
    late = 40 * DAY
    house.service(late, "outcome", outcome="remains_at_home", occurred_at=house.at(120))

    assert house.referral.state is ReferralState.CLOSED
    assert house.referral.closed_at == house.at(120)
    assert len(house.case.alarms) == 1, "the referral stands on it"
    house.due(late + 1)

    left = house.case
    assert (left.referrals, left.alarms, left.tasks) == ((), (), ())


def test_what_changed_stays_through_every_decision_of_its_instant() -> None:
    """Decisions of one instant are saved as one: the second may not drop what the first changed."""
    house = attended()
    late = 40 * DAY
    house.service(late, "outcome", outcome="remains_at_home", occurred_at=house.at(120))
    house.due(late)

    assert house.referral.outcome == "remains_at_home"


def test_a_task_that_ended_long_ago_stays_in_the_decision_that_ended_it() -> None:
    """A timer ends things at its own time, which is long ago after a long outage."""
    ended = Task("t1", TaskKind.THERAPY, TaskState.DONE, made_at=T0, done_at=T0)
    now = T0 + timedelta(days=40)
    given = msgspec.structs.replace(decide.new_case("person:wc", T0), tasks=(ended,))
    open_still = msgspec.structs.replace(ended, state=TaskState.OPEN, done_at=None)
    before = msgspec.structs.replace(given, tasks=(open_still,))
    step = Step(given, facts(), rules(), now)

    assert tidy(step, before).case.tasks == (ended,)
    assert tidy(step, given).case.tasks == ()


def test_a_note_on_an_alarm_closed_long_ago_is_kept_until_a_later_decision() -> None:
    house = House()
    house.hear(0)
    house.operator(5, "spoke")
    house.operator(10, "close", close_reason=CloseReason.REASSURED)
    late = 40 * DAY
    house.operator(late, "note", text="daughter rang")

    assert house.alarm.note == "daughter rang"
    house.due(late + 1)
    assert house.case.alarms == ()


def test_a_task_of_the_subject_itself_never_gets_an_id_again() -> None:
    """The row of a task that left the case after 30 days stands in its table for ever."""
    house = House(facts(device=Device("17", faulty_since=T0)))
    seen = []
    for day in (0, 40, 80):
        house.signal(day * DAY, Status("17", StatusKind.HEARTBEAT))
        (task,) = [t for t in house.case.tasks if t.state is TaskState.OPEN]
        seen.append(task.id)
        house.tell(day * DAY + 60, TaskDone(house.at(day * DAY + 60), "store", task.id))
        assert len(house.case.tasks) == 1, "the one before has left"

    assert len(set(seen)) == 3


def test_two_tasks_of_the_subject_at_one_instant_are_two() -> None:
    step = Step(decide.new_case("person:wc", T0), facts(), rules(), T0)
    reason = step.why(Rule.DEVICE_FAULT, "test")
    step, first = make_task(step, TaskKind.DEVICE_FAULT, reason)
    step, second = make_task(step, TaskKind.DEVICE_FAULT, reason)

    assert first.id != second.id
    assert step.case.tasks == (first, second)
