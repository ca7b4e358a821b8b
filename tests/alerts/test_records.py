"""A change of a person's record reaches the case, and its welfare call can be ticked off."""

from alerts.events import PersonChanged, TaskDone
from alerts.words import PersonStatus, TaskState, What
from tests.alerts.houses import House


def test_who_comes_home_is_called_and_the_call_is_ticked_off() -> None:
    house = House()
    house.tell(0, PersonChanged(house.at(0), "op1", PersonStatus.IN_HOSPITAL, PersonStatus.HOME))
    (task,) = house.case.tasks

    house.tell(60, TaskDone(house.at(60), "op1", task.id, "well at home"))

    assert house.case.tasks[0].state is TaskState.DONE


def test_a_death_that_one_person_confirms_to_themselves_is_refused() -> None:
    house = House()
    dead = PersonStatus.DECEASED
    house.tell(0, PersonChanged(house.at(0), "op1", PersonStatus.HOME, dead, second="op1"))

    assert house.whats() == [What.REFUSED]
    assert house.refusal() == "a death is confirmed by a second person"
