"""A team that is late is telephoned, and what its service then says ends that; notes of takers."""

import pytest

from alerts.events import DeviceFault
from alerts.facts import Device, Facts, Service, living, only_resident
from alerts.timing import TimerKind
from alerts.words import (
    AlarmState,
    CloseReason,
    Disposition,
    PersonStatus,
    ReferralState,
    Standard,
    TaskKind,
    TaskState,
    What,
)
from devices.model import Status, StatusKind, StatusState
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, HUB, ICRS, PENDANT, T0, House, facts, person

NOT_SET_OUT_S = 60 + 90 * 60
EQUIPMENT = Service("equipment-provider", kind="EQUIPMENT", catchment=("LE",))


def accepted() -> House:
    """An alarm that a person has, whose referral was confirmed, and accepted at 60 s."""
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(20, "spoke")
    house.operator(30, "confirm")
    house.service(60, "accept")
    return house


# -- a team that is late -----------------------------------------------------------------------


@pytest.mark.parametrize("act", ["accept", "set_out", "face_to_face"])
def test_what_a_late_team_says_ends_the_telephone_task(act: str) -> None:
    house = accepted()
    house.due(NOT_SET_OUT_S)
    assert house.task(TaskKind.PHONE_REFERRAL).state is TaskState.OPEN
    house.service(NOT_SET_OUT_S + 60, act)

    assert house.task(TaskKind.PHONE_REFERRAL).state is TaskState.DONE
    waits = house.referral.state is not ReferralState.ATTENDED
    assert [t.kind for t in house.case.timers if t.about == house.referral.id] == (
        [TimerKind.ARRIVE] if waits else []
    )


def test_a_team_that_accepts_again_is_asked_for_again_at_two_hours() -> None:
    house = accepted()
    house.due(NOT_SET_OUT_S)
    house.service(NOT_SET_OUT_S + 60, "accept")
    house.due(60 + 2 * 3600)

    tasks = [one for one in house.case.tasks if one.kind is TaskKind.PHONE_REFERRAL]
    assert [one.state for one in tasks] == [TaskState.DONE, TaskState.OPEN]
    assert house.referral.breached_at is None


def test_a_late_team_rings_whoever_has_the_alarm_and_returns_it_unanswered() -> None:
    house = accepted()
    house.due(NOT_SET_OUT_S)
    assert (house.alarm.state, house.alarm.priority) == (AlarmState.TAKEN, 1)
    house.due(NOT_SET_OUT_S + 30)

    assert house.alarm.state is AlarmState.OPEN


def test_a_referral_entered_late_is_asked_for_later_not_at_once() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.service(4 * 3600, "receive", referral="gp-1", occurred_at=T0)
    house.service(4 * 3600, "accept", referral="gp-1", occurred_at=T0)
    assert What.TASK_MADE not in house.whats()

    timer = next(one for one in house.case.timers if one.about == house.referral.id)
    assert (timer.kind, timer.due_at) == (TimerKind.ARRIVE, house.at(4 * 3600 + 1800))


def test_the_answer_by_which_time_is_not_moved_by_the_wait_for_the_team() -> None:
    house = accepted()
    before = house.referral.breach_due_at
    house.service(70, "seen")

    assert house.referral.breach_due_at == before


def test_an_open_referral_stepped_down_and_up_is_asked_for_by_its_standard() -> None:
    house = accepted()
    house.service(100, "accept", standard=Standard.TWO_DAY)
    house.service(200, "accept", standard=Standard.TWO_HOUR)

    timer = next(one for one in house.case.timers if one.kind == TimerKind.ARRIVE)
    assert timer.due_at == house.at(NOT_SET_OUT_S)


# -- known faults ------------------------------------------------------------------------------


def fault(house: House, seconds: int, device: str = "17", *, mended: bool = False) -> None:
    since = None if mended else T0
    house.tell(seconds, DeviceFault(house.at(seconds), "eng-1", device, since, "no light"))


def faults(house: House) -> list[TaskState]:
    return [one.state for one in house.case.tasks if one.kind is TaskKind.DEVICE_FAULT]


def test_a_recorded_fault_has_its_task_at_once_with_its_owner_and_is_told_once() -> None:
    house = House(facts(services=(ICRS, EQUIPMENT)))
    fault(house, 0)
    fault(house, 10)

    task = house.task(TaskKind.DEVICE_FAULT)
    assert faults(house) == [TaskState.OPEN]
    assert (task.service, task.due_at) == ("equipment-provider", house.at(24 * 3600))
    assert house.whats() == [What.NOTHING]
    assert house.reasons() == ["device_known_faulty"]


def test_without_a_provider_that_can_come_the_technical_desk_owns_a_fault() -> None:
    house = House(facts(services=(ICRS,)))
    fault(house, 0)

    task = house.task(TaskKind.DEVICE_FAULT)
    assert task.service is None
    assert task.text.endswith(": the technical desk")


def test_a_replaced_device_ends_the_task_unless_the_persons_other_one_is_faulty() -> None:
    house = House(facts())
    fault(house, 0)
    cord = Device("cord", faulty_since=T0)
    house.facts = Facts(
        house.facts.subject, house.facts.person, devices={"17": PENDANT, "cord": cord}
    )
    fault(house, 10, mended=True)
    assert faults(house) == [TaskState.OPEN]
    fault(house, 20, "cord", mended=True)

    assert faults(house) == [TaskState.DONE]
    assert house.reasons() == ["device_mended"]
    assert house.case.timers == ()


def test_the_end_of_a_technical_alarm_leaves_the_task_of_a_known_fault() -> None:
    house = House(facts())
    house.signal(0, Status("17", StatusKind.BATTERY, StatusState.LOW))
    fault(house, 10)
    house.signal(20, Status("17", StatusKind.BATTERY, StatusState.OK))

    assert house.alarm.state is AlarmState.CLOSED
    assert faults(house) == [TaskState.DONE, TaskState.OPEN]


# -- a clinician who rang back where there is no referral --------------------------------------


def waiting() -> House:
    house = House(facts(person(plan=BY_OPERATOR), (ICRS, HUB)))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.CLINICIAN)
    return house


def test_a_clinician_who_rings_back_without_a_referral_may_say_999() -> None:
    house = waiting()
    house.service(
        300, "ring_back", service="hub", referral="", disposition=Disposition.EMERGENCY_999
    )

    assert house.task(TaskKind.RING_BACK).state is TaskState.DONE
    assert house.task(TaskKind.EMERGENCY_999).state is TaskState.OPEN
    assert house.alarm.disposition is Disposition.EMERGENCY_999


def test_a_ring_back_entered_later_says_when_it_was() -> None:
    house = waiting()
    house.service(300, "ring_back", service="hub", referral="", occurred_at=house.at(200))

    assert house.last.entries[-1].occurred_at == house.at(200)


def test_a_ring_back_without_a_referral_leaves_no_tasks_behind() -> None:
    house = waiting()
    house.service(300, "ring_back", service="hub", referral="", tasks=("equipment",))

    assert "tasks are left with a referral" in house.refusal()
    assert house.task(TaskKind.RING_BACK).state is TaskState.OPEN


def test_999_about_a_closed_alarm_opens_on_the_call_that_is_open_or_is_refused() -> None:
    house = waiting()
    closed = house.alarm.id
    house.operator(20, "spoke")
    house.operator(30, "close", reason="reassured", close_reason=CloseReason.REASSURED)
    late = {"service": "hub", "referral": "", "alarm": closed}
    house.service(300, "ring_back", disposition=Disposition.EMERGENCY_999, **late)
    assert "the alarm is closed" in house.refusal()
    house.hear(310)
    house.service(320, "ring_back", disposition=Disposition.EMERGENCY_999, **late)

    assert house.task(TaskKind.EMERGENCY_999).alarm == house.alarm.id != closed


# -- who lives in a place ----------------------------------------------------------------------


def test_the_dead_do_not_live_in_their_place_and_are_asked_about_where_nobody_else_is() -> None:
    her, him = person(id="ab"), person(id="cd", status=PersonStatus.DECEASED)

    assert living([her, him]) == [her]
    assert only_resident([her, him]) == her
    assert only_resident([him]) == him
    assert only_resident([him, person(id="ef", status=PersonStatus.DECEASED)]) is None
    assert only_resident([]) is None
