"""Edges of telecare decisions that a small slip in the code could move without a sound."""

from alerts.case import Task
from alerts.facts import Plan
from alerts.timing import TimerKind
from alerts.words import (
    AlarmState,
    CloseReason,
    Disposition,
    TaskKind,
    TaskState,
    What,
)
from devices.model import Status, StatusKind, StatusState
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, House, facts, person

MIN = 60


def quiet(**fields: object) -> House:
    """A house where nothing goes out by itself."""
    return House(facts(person(plan=BY_OPERATOR, **fields)))


def live(house: House, kind: TaskKind) -> list[Task]:
    states = (TaskState.OPEN, TaskState.CLAIMED)
    return [task for task in house.case.tasks if task.kind is kind and task.state in states]


# -- what a signal says ------------------------------------------------------------------------


def test_the_end_of_smoke_is_shown_beside_the_smoke_and_not_beside_the_press() -> None:
    house = quiet()
    house.hear(0)
    house.hear(10, "smoke")
    house.hear(20, "smoke", phase="end")

    pressed, smoke = house.case.alarms
    assert "device_ended" in smoke.marks
    assert "device_ended" not in pressed.marks
    assert smoke.state is AlarmState.OPEN


def test_a_suspect_clock_gives_no_time_of_the_press() -> None:
    house = quiet()
    house.hear(300, at=house.at(0), flags=("clock_suspect",))

    assert house.alarm.pressed_at is None
    assert "pressed_earlier" not in house.reasons()


def test_a_wearer_who_lay_still_for_a_second_lay_still() -> None:
    house = quiet()
    house.hear(0, "fall", still_s=1)
    (fallen,) = [r for e in house.last.entries for r in e.reasons if r.reason == "fall"]
    assert fallen.inputs["still"] is True


def test_a_call_of_the_same_lane_that_forbids_more_is_told_as_raised() -> None:
    house = quiet()
    house.hear(0)
    house.hear(5)
    house.hear(8)
    assert What.ALARM_RAISED not in house.whats()
    house.hear(10, "wandering")

    assert What.ALARM_RAISED in house.whats()
    assert house.alarm.what == "wandering"


def test_only_a_call_of_now_moves_the_time_of_the_last_signal() -> None:
    house = quiet()
    house.hear(0)
    house.hear(20)
    assert house.alarm.last_signal_at == house.at(20)
    house.hear(40, flags=("cached",))

    assert house.alarm.last_signal_at == house.at(20)
    assert house.alarm.signals == 3


def test_what_a_device_repeats_from_its_memory_counts_for_no_assessment() -> None:
    house = quiet()
    for day in range(20):
        house.hear(day * 86_400, flags=("cached",))
        house.operator(day * 86_400 + 1, "spoke")
        house.operator(day * 86_400 + 2, "close", close_reason=CloseReason.REASSURED)

    assert live(house, TaskKind.FALLS_ASSESSMENT) == []


def test_a_device_that_was_in_no_trouble_ends_none() -> None:
    house = quiet()
    house.signal(0, Status("17", StatusKind.BATTERY, StatusState.LOW))
    house.signal(10, Status("17", StatusKind.MAINS, StatusState.RESTORED))

    assert house.whats() == [What.NOTHING]
    assert house.last.entries[0].alarm is None
    assert house.alarm.causes == ("17:battery",)


# -- cancels -----------------------------------------------------------------------------------


def test_a_cancel_whose_fall_is_still_to_come_is_kept_though_another_call_is_open() -> None:
    house = quiet()
    house.hear(0, key="press-1")
    house.hear(10, "cancel", of="fall-1")

    assert [kept.of for kept in house.case.cancels] == ["fall-1"]
    assert house.alarm.cancelled_at is None


def test_the_same_cancel_twice_is_kept_once_beside_the_others() -> None:
    house = quiet()
    for number, of in enumerate(("fall-1", "fall-2", "fall-1")):
        house.hear(number, "cancel", of=of)

    assert [kept.of for kept in house.case.cancels] == ["fall-2", "fall-1"]


def test_a_referral_held_for_a_fall_that_was_taken_back_is_not_made() -> None:
    plan = {"fall": Plan(after_untaken_s=30)}
    house = House(facts(person(plan=plan)))
    house.hear(0, "fall", key="f")
    house.due(31)
    house.hear(40, "cancel", of="f")

    assert house.case.referrals == ()
    assert house.alarm.state is AlarmState.OPEN


# -- silence and voices ------------------------------------------------------------------------


def test_the_first_voice_is_the_one_that_counts() -> None:
    house = quiet()
    house.hear(0)
    house.operator(20, "spoke")
    house.operator(200, "spoke")

    assert house.alarm.spoke_at == house.at(20)


def test_a_voice_does_the_call_that_was_asked_for() -> None:
    house = quiet()
    house.hear(0)
    house.due(61)
    house.operator(70, "spoke")

    assert house.task(TaskKind.CALL_PATIENT).state is TaskState.DONE


def test_forced_entry_keeps_its_time_when_a_personal_attack_joins_the_press() -> None:
    house = quiet()
    house.hear(0)
    house.hear(5 * MIN, "panic")

    due = [timer.due_at for timer in house.case.timers if timer.kind == TimerKind.LADDER_999]
    assert due == [house.at(10 * MIN)]


def test_newly_confused_and_no_reply_is_999_once_and_nothing_more_at_the_waits_end() -> None:
    house = quiet()
    house.hear(0)
    house.operator(10, "spoke")
    house.operator(20, "answer", question="confusion.now", answer="yes", given_by="carer")
    assert "must_be_spoken_to" in house.reasons()
    house.operator(30, "no_reply")
    assert "confused_and_unreachable" in house.reasons()

    assert [t for t in house.case.timers if t.kind == TimerKind.CONFUSION] == []


# -- lift only, closing ------------------------------------------------------------------------


def test_whoever_is_up_again_after_i_stumble_has_fallen_all_the_same() -> None:
    house = quiet()
    house.hear(0)
    house.operator(10, "stumble", answers={"S": "unknown", "M": "no"}, given_by="patient")
    house.operator(15, "stumble", answers={"S": "no"}, given_by="patient")
    house.operator(20, "up")
    house.operator(30, "decide", disposition=Disposition.RESPONDER)

    assert "I STUMBLE is not no for" in house.refusal()


def test_an_unknown_answer_of_any_script_is_not_lift_only() -> None:
    house = quiet()
    house.hear(0)
    house.operator(10, "answer", question="confusion.now", answer="unknown", given_by="carer")
    house.operator(20, "decide", disposition=Disposition.RESPONDER)

    assert "an answer is unknown, so not lift only" in house.refusal()


def test_an_emergency_that_no_person_decided_leaves_no_provisional_referral_behind() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.due(10 * MIN)
    assert house.alarm.disposition is not None
    assert live(house, TaskKind.EMERGENCY_999)
    house.operator(11 * MIN, "spoke")
    house.operator(12 * MIN, "close", close_reason=CloseReason.REASSURED)

    assert "the referral is provisional" in house.refusal()


def test_a_colleague_confirms_the_closing_though_another_alarm_has_a_referral() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0, "smoke")
    smoke = house.alarm.id
    house.hear(10)
    assert house.referral.alarm != smoke
    house.operator(20, "answer", alarm=smoke, question="fire.seen", answer="unknown")
    house.operator(30, "close", alarm=smoke, close_reason=CloseReason.RESOLVED_BY_RESPONDER)
    assert "second_person_must_confirm" in house.reasons()
    house.operator(40, "confirm", alarm=smoke, operator="op2")
    assert house.reasons()[-1] == "confirm"
    house.operator(50, "close", alarm=smoke, close_reason=CloseReason.RESOLVED_BY_RESPONDER)

    assert house.case.alarms[0].state is AlarmState.CLOSED


# -- grades ------------------------------------------------------------------------------------
