"""Persons and places: a bereaved home, who needs help, what is proposed for whom (DECIDING 8)."""

from typing import Any

import pytest
from msgspec.structs import replace

from alerts.events import PersonChanged
from alerts.facts import Facts, Plan
from alerts.lifecycle import Forbidden
from alerts.step import Step
from alerts.telecare.history import MAX_TESTED, untested
from alerts.telecare.persons import REPORTED, changed
from alerts.words import (
    CloseReason,
    Disposition,
    PersonStatus,
    SubjectKind,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.houses import BY_OPERATOR, ICRS, PENDANT, House, facts, person, rules

BEREAVED = "this home is bereaved"
DAY_S = 86_400


def texts(house: House) -> list[str]:
    return [entry.text for entry in house.last.entries if entry.text]


def test_no_call_to_a_bereaved_home_goes_without_its_warning() -> None:
    house = House(facts(person(status=PersonStatus.DECEASED)))
    house.hear(0)
    house.due(60)
    assert house.task(TaskKind.CALL_PATIENT).text == f"home and mobile phone; {BEREAVED}"

    house.due(180)

    assert f"contacts and responder now; {BEREAVED}" in texts(house)


def test_nor_a_call_back_after_a_cancelled_fall_nor_a_comfort_call() -> None:
    house = House(facts(person(status=PersonStatus.DECEASED, plan=BY_OPERATOR)))
    house.hear(0, "fall", key="7")
    house.hear(5, "cancel", of="7")
    assert texts(house) == [f"call back; {BEREAVED}"]

    house.hear(10, "fall")
    house.operator(20, "spoke")
    house.due(10 + 1200)
    assert texts(house)[-1] == BEREAVED


def test_other_homes_are_called_without_it() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, "fall")
    house.operator(20, "spoke")
    house.due(1200)

    assert house.task(TaskKind.COMFORT_CALL).text == ""


@pytest.mark.parametrize("status", [s for s in PersonStatus if s is not PersonStatus.HOME])
def test_nothing_is_proposed_for_who_is_not_at_home_and_what_happened_still_counts(
    status: PersonStatus,
) -> None:
    house = House(facts(person(status=status)))
    for day in range(2):
        house.hear(day * DAY_S, "fall")
        house.operator(day * DAY_S + 10, "spoke")
        house.operator(day * DAY_S + 15, "up")
        house.operator(day * DAY_S + 20, "close", close_reason=CloseReason.REASSURED)
    assert all(task.kind is not TaskKind.FALLS_ASSESSMENT for task in house.case.tasks)

    house.facts = facts()
    house.hear(2 * DAY_S, "fall")

    assert house.task(TaskKind.FALLS_ASSESSMENT).made_at == house.at(2 * DAY_S)


@pytest.mark.parametrize("status", [s for s in PersonStatus if s is not PersonStatus.HOME])
def test_whoever_is_not_at_home_is_flagged_and_never_referred_by_itself(
    status: PersonStatus,
) -> None:
    plans = {"press": Plan(at_once=True), "fall": Plan(after_untaken_s=30)}
    for what in ("pendant", "fall"):
        house = House(facts(person(status=status, plan=plans)))
        house.hear(0, what)
        assert "person_not_at_home" in house.reasons()

        house.due(1200)

        assert house.case.referrals == ()
        assert house.task(TaskKind.EMERGENCY_999).alarm == house.alarm.id


def place(*residents: str) -> Facts:
    who = person() if len(residents) == 1 else None
    known = Facts(SubjectKind.PLACE, person=who, devices={"17": PENDANT}, services=(ICRS,))
    return replace(known, residents=residents)


def test_a_call_from_a_place_of_several_asks_who_needs_help() -> None:
    house = House(place("ab", "cd"))
    house.hear(0, "pull_cord")

    (reason,) = [r for e in house.last.entries for r in e.reasons if r.reason == "who_needs_help"]
    assert reason.inputs == {"persons": ["ab", "cd"], "count": 2}
    assert house.case.referrals == ()


def test_a_care_home_is_counted_and_its_list_is_bounded() -> None:
    house = House(place(*(str(number) for number in range(60))))
    house.hear(0, "pull_cord")

    (reason,) = [r for e in house.last.entries for r in e.reasons if r.reason == "who_needs_help"]
    assert (len(reason.inputs["persons"]), reason.inputs["count"]) == (20, 60)


def test_who_lives_alone_is_who_needs_help_and_smoke_is_about_everybody() -> None:
    for known, what in ((place("wc"), "pull_cord"), (place("ab", "cd"), "smoke")):
        house = House(known)
        house.hear(0, what)

        assert house.whats()[0] is What.ALARM_OPENED
        assert "who_needs_help" not in house.reasons()


def test_an_unknown_caller_is_told_nothing_about_the_person() -> None:
    house = House(place("ab", "cd"))
    house.hear(0, known=False)

    assert "who_needs_help" not in house.reasons()


def change(house: House, seconds: float, **fields: Any) -> Step:
    """Tell that the record changed, as the shell does before it writes."""
    event = PersonChanged(house.at(seconds), by="op1", **fields)
    step = changed(Step(house.case, house.facts, rules(), house.at(seconds)), event)
    house.case = step.case
    return step


@pytest.mark.parametrize("was", [PersonStatus.IN_HOSPITAL, PersonStatus.RESPITE])
def test_whoever_comes_home_is_called_within_a_day_once(was: PersonStatus) -> None:
    house = House()
    change(house, 0, was=was, now=PersonStatus.HOME)
    change(house, 60, was=was, now=PersonStatus.HOME)

    (task,) = house.case.tasks
    assert (task.kind, task.text) == (TaskKind.CALL_PATIENT, "welfare call")
    assert task.due_at == house.at(DAY_S)


def test_back_in_hospital_nobody_is_called_at_home() -> None:
    house = House()
    change(house, 0, was=PersonStatus.IN_HOSPITAL, now=PersonStatus.HOME)
    change(house, 60, was=PersonStatus.HOME, now=PersonStatus.IN_HOSPITAL)
    change(house, 90, was=PersonStatus.IN_HOSPITAL, now=PersonStatus.RESPITE)

    assert [task.state for task in house.case.tasks] == [TaskState.CANCELLED]
    change(house, 120, was=PersonStatus.RESPITE, now=PersonStatus.HOME)
    assert house.case.tasks[-1].state is TaskState.OPEN


def test_whoever_was_only_away_is_not_called() -> None:
    house = House()
    step = change(house, 0, was=PersonStatus.AWAY, now=PersonStatus.HOME)

    assert house.case.tasks == ()
    assert [entry.reasons[0].reason for entry in step.entries] == ["status_changed"]


@pytest.mark.parametrize("second", ["", "op1"])
def test_a_death_is_confirmed_by_a_second_person(second: str) -> None:
    house = House()
    with pytest.raises(Forbidden, match="second person"):
        change(house, 0, was=PersonStatus.HOME, now=PersonStatus.DECEASED, second=second)

    step = change(house, 1, was=PersonStatus.HOME, now=PersonStatus.DECEASED, second="op2")
    assert step.entries[0].reasons[0].inputs["second"] == "op2"


def test_a_death_that_one_person_reports_asks_for_a_second_one_once() -> None:
    house = House()
    for seconds in (0, 60):
        step = change(house, seconds, was=PersonStatus.HOME, now=PersonStatus.DECEASED)
        assert step.entries[0].reasons[0].reason == "death_reported"

    (task,) = house.case.tasks
    assert (task.kind, task.text, task.due_at) == (TaskKind.SUPERVISOR, REPORTED, house.at(0))

    change(house, 90, was=PersonStatus.HOME, now=PersonStatus.DECEASED, second="op2")
    assert house.case.tasks[0].state is TaskState.DONE


def test_a_report_that_is_taken_back_asks_nobody_any_more() -> None:
    house = House()
    change(house, 0, was=PersonStatus.HOME, now=PersonStatus.DECEASED)
    change(house, 60, was=PersonStatus.HOME, now=PersonStatus.HOME)

    assert [task.state for task in house.case.tasks] == [TaskState.CANCELLED]


def test_other_parts_of_the_record_change_no_task_and_are_said() -> None:
    house = House()
    change(house, 0, was=PersonStatus.HOME, now=PersonStatus.DECEASED)
    home = PersonStatus.HOME
    changes = {"ceiling": "none -> comfort_only"}
    step = change(house, 60, was=home, now=home, changes=changes, text="ReSPECT form seen")

    (entry,) = step.entries
    (reason,) = entry.reasons
    assert (entry.what, entry.text) == (What.NOTHING, "ReSPECT form seen")
    assert (reason.reason, reason.inputs) == ("record_changed", {"by": "op1", **changes})
    assert [task.state for task in house.case.tasks] == [TaskState.OPEN]


def test_whoever_shared_the_home_with_one_who_died_is_called_with_the_warning() -> None:
    house = House(replace(facts(person(plan=BY_OPERATOR)), bereaved=True))
    house.hear(0)
    house.due(60)
    task = house.task(TaskKind.CALL_PATIENT)
    assert task.text == f"home and mobile phone; {BEREAVED}"
    assert "bereaved_home" in house.reasons()

    change(house, 90, was=PersonStatus.IN_HOSPITAL, now=PersonStatus.HOME)
    change(house, 95, was=PersonStatus.IN_HOSPITAL, now=PersonStatus.HOME)
    assert house.case.tasks[-1].text == f"welfare call; {BEREAVED}"
    assert sum(task.text.startswith("welfare call") for task in house.case.tasks) == 1

    house.operator(100, "decide", disposition=Disposition.CLINICIAN)
    assert house.task(TaskKind.RING_BACK).text.endswith(BEREAVED)


def test_a_task_that_calls_nobody_at_home_carries_no_warning() -> None:
    house = House(replace(facts(person(plan=BY_OPERATOR)), bereaved=True))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.EMERGENCY_999)

    assert BEREAVED not in house.task(TaskKind.EMERGENCY_999).text


def test_a_case_without_a_person_has_no_status() -> None:
    house = House(place("ab", "cd"))
    with pytest.raises(Forbidden, match="no person"):
        change(house, 0, was=PersonStatus.HOME, now=PersonStatus.AWAY)


def test_the_monthly_user_test_of_each_device_is_tracked() -> None:
    house = House()
    house.hear(0, flags=["test"])
    assert house.case.tested == {"17": house.at(0)}
    assert untested(house.case, rules(), house.at(31 * DAY_S)) == ()
    assert untested(house.case, rules(), house.at(31 * DAY_S + 1)) == ("17",)

    house.hear(32 * DAY_S, flags=["test"])
    assert untested(house.case, rules(), house.at(40 * DAY_S)) == ()
    assert house.case.alarms == ()


def test_a_test_that_an_unknown_sender_claims_is_none_and_the_list_is_bounded() -> None:
    house = House()
    house.hear(0, flags=["test"], known=False)
    assert house.case.tested == {}

    full = {str(number): house.at(0) for number in range(100, 100 + MAX_TESTED)}
    house.case = replace(house.case, tested=full)
    house.hear(10, flags=["test"])
    assert house.case.tested == full
