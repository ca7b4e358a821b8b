"""Units that cannot speak, units known to be faulty, and what is waited for on the floor."""

from datetime import timedelta

from alerts.events import TaskDone
from alerts.facts import Device, Facts, Plan
from alerts.timing import TimerKind
from alerts.words import (
    CloseReason,
    Disposition,
    Mechanism,
    ReferralState,
    Source,
    TaskKind,
    TaskState,
    What,
)
from devices.model import Measurement, Status, StatusKind, VitalCode
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, T0, House, facts, person

MUTE = Device("17", speech=False)
FAULTY = Device("17", faulty_since=T0 - timedelta(days=2))


def with_device(device: Device, **fields: object) -> House:
    return House(facts(person(**{"plan": BY_OPERATOR, **fields}), device=device))


def kinds(house: House) -> list[TaskKind]:
    return [task.kind for task in house.case.tasks if task.state is TaskState.OPEN]


# -- speech ------------------------------------------------------------------------------------


def test_an_unknown_unit_counts_as_one_that_can_speak() -> None:
    house = House(Facts(facts().subject, facts().person))
    house.hear(0)

    assert house.alarm.speech
    assert TaskKind.CALL_PATIENT not in kinds(house)


def test_a_unit_without_speech_is_called_at_once_and_its_alarm_says_so() -> None:
    house = with_device(MUTE)
    house.hear(0)

    assert not house.alarm.speech
    assert house.task(TaskKind.CALL_PATIENT).due_at == house.at(120)
    assert "ladder.no_speech" in {r.rule for e in house.last.entries for r in e.reasons}


def test_silence_is_remembered_when_the_phones_were_tried_not_before() -> None:
    house = with_device(MUTE)
    house.hear(0)
    assert "silent" not in [past.kind for past in house.case.past]
    house.due(120)

    assert "silent" in [past.kind for past in house.case.past]


def test_no_reply_after_an_earlier_voice_begins_with_the_phones_again() -> None:
    house = with_device(MUTE)
    house.hear(0)
    house.operator(10, "spoke")
    house.operator(60, "no_reply")
    assert kinds(house) == [TaskKind.CALL_PATIENT]
    assert "contacts_asked" not in house.alarm.marks
    house.operator(90, "no_reply")

    assert house.alarm.marks["contacts_asked"] == house.at(90)


def test_a_panic_button_takes_back_the_call_to_the_home() -> None:
    house = with_device(MUTE)
    house.hear(0)
    house.hear(10, "panic")
    assert house.task(TaskKind.CALL_PATIENT).state is TaskState.CANCELLED
    house.due(300)

    assert TaskKind.CALL_PATIENT not in kinds(house)
    assert "contacts_asked" not in house.alarm.marks


def test_a_unit_that_can_speak_joins_and_its_voice_counts() -> None:
    house = with_device(MUTE)
    house.hear(0)
    house.facts = facts(person(plan=BY_OPERATOR))
    house.hear(10)

    assert house.alarm.speech


# -- known-faulty devices ----------------------------------------------------------------------


def test_the_task_of_a_known_faulty_device_is_due_in_a_day_and_made_once() -> None:
    house = with_device(FAULTY)
    house.signal(0, Status("17", StatusKind.HEARTBEAT))
    house.hear(10)
    house.signal(20, Measurement("17", VitalCode.SPO2, 80.0))

    assert [task.kind for task in house.case.tasks] == [TaskKind.DEVICE_FAULT]
    assert house.task(TaskKind.DEVICE_FAULT).due_at == house.at(24 * 3600)
    assert house.reasons() == ["reading_dispatches_nobody", "device_known_faulty"]


def test_what_a_known_faulty_device_could_not_say_clearly_counts_too() -> None:
    house = with_device(FAULTY)
    house.signal(0, None, fault="corrupt", press_shaped=True)

    assert "device_known_faulty" in [reason.reason for reason in house.last.entries[0].reasons]


def test_a_known_faulty_device_that_was_ticked_off_and_calls_again_has_a_new_task() -> None:
    house = with_device(FAULTY)
    house.signal(0, Status("17", StatusKind.HEARTBEAT))
    first = house.task(TaskKind.DEVICE_FAULT)
    house.tell(60, TaskDone(house.at(60), "store", first.id))
    assert house.task(TaskKind.DEVICE_FAULT).state is TaskState.DONE
    house.hear(120)

    faults = [task for task in house.case.tasks if task.kind is TaskKind.DEVICE_FAULT]
    assert [task.state for task in faults] == [TaskState.DONE, TaskState.OPEN]
    assert len({task.id for task in faults}) == 2


def test_a_task_that_was_done_stays_for_30_days_whatever_became_of_its_cause() -> None:
    house = with_device(FAULTY)
    house.signal(0, Status("17", StatusKind.HEARTBEAT))
    house.tell(60, TaskDone(house.at(60), "store", house.task(TaskKind.DEVICE_FAULT).id))
    month_s = timedelta(days=30).total_seconds()
    house.due(59 + month_s)
    assert len(house.case.tasks) == 1
    house.due(60 + month_s)

    assert not house.case.tasks


# -- on the floor ------------------------------------------------------------------------------


def decided() -> House:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.UCR)
    return house


def lies(house: House, seconds: float) -> None:
    house.operator(seconds, "stumble", answers={"M": "no"}, given_by="patient")


def test_the_service_is_told_that_the_person_lies_on_the_floor() -> None:
    house = decided()
    lies(house, 60)

    update = next(m for m in house.last.outgoing if m.what == "referral_update")
    assert update.body["change"] == "on_floor"
    assert update.body["on_floor_since"] == house.at(60)
    assert update.body["breach_due_at"] == house.at(240)
    assert house.referral.breach_due_at == house.at(240)


def test_a_provisional_referral_has_its_3_min_already() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    lies(house, 60)

    assert house.referral.breach_due_at == house.at(180)
    assert What.COUNTDOWN_STARTED not in house.whats()


def test_confirming_after_the_report_keeps_the_time_of_the_report() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    lies(house, 60)
    house.operator(90, "confirm")

    assert house.referral.breach_due_at == house.at(240)


def test_confirming_after_the_breach_does_not_breach_again() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    lies(house, 0)
    house.due(180)
    assert house.referral.state is ReferralState.BREACHED
    house.operator(185, "confirm")
    house.due(200)

    assert What.REFERRAL_BREACHED not in house.whats()
    assert house.referral.breach_due_at == house.at(900)


def test_a_referral_that_was_seen_is_not_watched_for_the_floor() -> None:
    house = decided()
    house.service(30, "seen")
    lies(house, 60)
    assert house.referral.breach_due_at == house.at(910)
    house.operator(90, "up")

    assert house.referral.breach_due_at == house.at(910)


def test_seeing_a_breached_referral_ends_the_watch_of_the_floor() -> None:
    house = decided()
    house.due(910)
    lies(house, 920)
    house.service(930, "seen")
    house.due(2000)

    assert not any(timer.kind == TimerKind.SEEN for timer in house.case.timers)
    assert "not_seen" not in house.reasons()


def test_a_late_report_does_not_move_the_15_min() -> None:
    house = decided()
    lies(house, 800)

    assert house.referral.breach_due_at == house.at(910)
    countdown = next(e for e in house.last.entries if e.what is What.COUNTDOWN_STARTED)
    assert countdown.due_at == house.at(980)


def test_up_again_ends_the_watch_and_a_second_report_starts_it() -> None:
    house = decided()
    lies(house, 60)
    house.operator(90, "up")
    assert house.referral.breach_due_at == house.at(910)
    house.hear(100, "fall")

    assert house.referral.breach_due_at == house.at(280)


def test_a_referral_received_while_its_person_lies_on_the_floor_is_seen_within_3_min() -> None:
    house = House(facts(person(plan={"press": Plan(operator=True)})))
    house.hear(0)
    lies(house, 10)
    house.service(600, "receive", referral="gp-1", source=Source.GP)

    assert house.referral.breach_due_at == house.at(780)


def test_a_fall_that_was_dealt_with_hurries_no_later_referral() -> None:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0)
    lies(house, 10)
    house.operator(20, "close", close_reason=CloseReason.CONVEYED)
    house.service(60, "receive", referral="gp-1", source=Source.GP)

    assert house.referral.breach_due_at == house.at(960)


def test_a_telephone_contact_is_no_human_of_the_service_who_read_it() -> None:
    house = decided()
    lies(house, 60)
    house.service(70, "contact", mechanism=Mechanism.TELEPHONE)
    house.due(240)

    assert "not_seen" in house.reasons()
