"""Follow-ups: a promise with a time, which outlives the alarm and is never forgotten unseen."""

from datetime import timedelta

import pytest

from alerts.events import TaskDone
from alerts.telecare.follow_up import MAX_OPEN
from alerts.words import AlarmState, CloseReason, TaskKind, TaskState
from tests.alerts.houses import BY_OPERATOR, House, facts, person


def promised(house: House, second: float = 20) -> None:
    house.operator(
        second, "follow_up", text="Ask whether the hip hurts", due_at=house.at(second + 3600)
    )


def test_a_follow_up_is_a_task_with_its_words_and_time_and_outlives_the_alarm() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.operator(10, "spoke")
    promised(house)
    house.operator(30, "close", close_reason=CloseReason.REASSURED)

    (task,) = [one for one in house.case.tasks if one.kind is TaskKind.FOLLOW_UP]
    assert house.alarm.state is AlarmState.CLOSED
    assert task.state is TaskState.OPEN
    assert (task.text, task.due_at) == ("Ask whether the hip hurts", house.at(3620))
    house.tell(4000, TaskDone(house.at(4000), by="op2", task=task.id, text="all well"))
    (task,) = [one for one in house.case.tasks if one.kind is TaskKind.FOLLOW_UP]
    assert task.state is TaskState.DONE


def test_several_may_be_promised_each_with_an_id_of_its_own() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    for number in range(MAX_OPEN):
        promised(house, 20 + number)
    assert len({one.id for one in house.case.tasks}) == MAX_OPEN
    promised(house, 60)
    assert f"{MAX_OPEN} follow-ups wait already" in house.refusal()


@pytest.mark.parametrize(
    ("text", "due_s", "message"),
    [
        (" ", 60.0, "follow_up needs `text`"),
        ("ask", None, "follow_up needs `text`"),
        ("ask", 0.0, "`due_at` is over"),
    ],
)
def test_a_follow_up_says_what_and_a_time_to_come(
    text: str, due_s: float | None, message: str
) -> None:
    house = House(facts(person()))
    house.hear(0)
    due_at = None if due_s is None else house.at(10) + timedelta(seconds=due_s)
    house.operator(10, "follow_up", text=text, due_at=due_at)

    assert message in house.refusal()
