"""Small faults that the stories let pass: answers, places, services and persons."""

import pytest

from alerts.case import Task
from alerts.events import PersonChanged
from alerts.facts import Service
from alerts.words import (
    Disposition,
    PersonStatus,
    Source,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, HUB, ICRS, House, facts, person

AT_HOME = "criterion.at_home"


def quiet(**fields: object) -> House:
    """A house where nothing goes out by itself."""
    return House(facts(person(plan=BY_OPERATOR, **fields)))


def texts(house: House) -> list[str]:
    return [entry.text for entry in house.last.entries if entry.what is What.NOTICE_MADE]


def live(house: House, kind: TaskKind) -> list[Task]:
    states = (TaskState.OPEN, TaskState.CLAIMED)
    return [task for task in house.case.tasks if task.kind is kind and task.state in states]


# -- what a signal says ------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "task"), [("yes", True), ("no", False)])
def test_anticoagulants_change_no_grade_but_those_that_name_them(word: str, *, task: bool) -> None:
    house = quiet(anticoagulants=True)
    house.hear(0)
    house.operator(10, "stumble", answers={"T": word}, given_by="patient")

    assert bool(live(house, TaskKind.EMERGENCY_999)) is task
    house.operator(20, "decide", disposition=Disposition.CONTACT)
    assert house.whats()[-1] is not What.REFUSED


# -- decisions ---------------------------------------------------------------------------------


def test_who_rings_back_is_named_in_the_task() -> None:
    house = House(facts(person(plan=BY_OPERATOR), (ICRS, HUB)))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.CLINICIAN)
    assert house.task(TaskKind.RING_BACK).text == "clinician rings back: hub"

    nobody = quiet()
    nobody.hear(0)
    nobody.operator(10, "decide", disposition=Disposition.CLINICIAN)
    assert nobody.task(TaskKind.RING_BACK).text == "clinician rings back"


def test_ptcda_is_not_offered_beside_999() -> None:
    house = quiet(care_home=True)
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.CONTACT)
    assert "ptcda_offered" in house.reasons()

    other = quiet(care_home=True)
    other.hear(0)
    other.operator(10, "decide", disposition=Disposition.EMERGENCY_999)
    assert "ptcda_offered" not in other.reasons()


def test_an_answer_for_the_police_puts_what_went_out_back_in_front() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(10, "answer", question="general.danger_now", answer="yes", given_by="carer")

    assert "said since: a matter for the police" in texts(house)


def test_the_team_of_a_referral_from_elsewhere_is_too_late_for_the_floor_as_well() -> None:
    house = quiet()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    house.hear(10, "fall")
    house.service(20, "set_out", referral="gp-1", eta=house.at(3 * 3600))

    assert "late_for_floor" in house.reasons()
    assert live(house, TaskKind.PHONE_REFERRAL)


def test_a_place_that_is_not_full_is_not_said_to_be() -> None:
    last = Service("icrs", catchment=("LE",), capacity=1)
    house = House(facts(person(plan=AT_ONCE), (last,)))
    house.hear(0)
    assert "capacity_full" not in house.reasons()
    assert live(house, TaskKind.PHONE_REFERRAL) == []

    full = Service("icrs", catchment=("LE",), capacity=0)
    other = House(facts(person(plan=AT_ONCE), (full,)))
    other.hear(0)
    assert "capacity_full" in other.reasons()


def test_a_service_with_one_place_left_is_asked_before_the_next_one() -> None:
    near = Service("near", catchment=("LE",), capacity=1, position=1)
    far = Service("far", catchment=("LE",), capacity=5, position=2)
    house = House(facts(person(plan=AT_ONCE), (near, far)))
    house.hear(0)

    assert house.referral.service == "near"


def test_whether_somebody_in_hospital_is_at_home_is_not_known() -> None:
    states = []
    for status in (PersonStatus.HOME, PersonStatus.IN_HOSPITAL):
        house = quiet(status=status)
        house.hear(0)
        house.operator(10, "spoke")
        house.operator(20, "decide", disposition=Disposition.UCR, need="frailty", reason="weak")
        states.append(house.referral.assessed)

    assert [key for key, state in states[0].items() if states[1][key] != state] == [AT_HOME]
    assert (states[0][AT_HOME], states[1][AT_HOME]) == ("met", "not_known")


def test_who_goes_back_to_hospital_is_not_called_and_the_other_tasks_stay() -> None:
    house = quiet()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    house.service(10, "accept", referral="gp-1", tasks=("equipment",))
    house.tell(20, moved(house, 20, PersonStatus.IN_HOSPITAL, PersonStatus.HOME))
    assert live(house, TaskKind.CALL_PATIENT)
    house.tell(30, moved(house, 30, PersonStatus.HOME, PersonStatus.IN_HOSPITAL))

    assert live(house, TaskKind.CALL_PATIENT) == []
    assert live(house, TaskKind.EQUIPMENT)


def moved(house: House, seconds: float, was: PersonStatus, now: PersonStatus) -> PersonChanged:
    return PersonChanged(house.at(seconds), "op1", was, now)
