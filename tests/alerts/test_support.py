"""The 72 h of support, joint responses, one open referral per person, and what is told to whom."""

from datetime import date
from typing import Any

from msgspec.structs import replace

from alerts.case import Task
from alerts.facts import Elsewhere, Service
from alerts.words import (
    AlarmState,
    CloseReason,
    Disposition,
    ReferralState,
    Source,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, ICRS, House, facts, person

DAY_S = 86_400
NURSING = Service("nursing", kind="NURSING", capacity=2, position=5)
LIFTING = Service("lifting", kind="FALLS_LIFTING", position=6)
BOTH = (ICRS, NURSING)


def bodies(house: House, what: str = "referral_update") -> list[dict[str, Any]]:
    return [out.body for out in house.last.outgoing if out.what == what]


def visited() -> House:
    """A press whose referral led to a visit after a minute; the alarm is closed."""
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(10, "spoke")
    house.service(60, "face_to_face")
    house.operator(120, "close", close_reason=CloseReason.RESOLVED_BY_RESPONDER)
    return house


def test_the_team_that_has_the_person_is_told_what_the_second_alarm_is() -> None:
    house = visited()
    first = house.referral

    house.hear(DAY_S)

    assert [r.id for r in house.case.referrals] == [first.id]
    (body,) = bodies(house)
    assert (body["referral"], body["change"]) == (first.id, "called_again")
    assert body["again"]["alarm"] == house.alarm.id
    assert body["again"]["what"] == "pendant"
    assert body["again"]["spoken_to"] is False
    assert house.alarm.disposition is Disposition.UCR
    assert house.alarm.state is AlarmState.OPEN
    assert "in_crisis_support" in house.reasons()


def test_a_new_referral_within_the_support_names_the_one_before() -> None:
    house = visited()
    first = house.referral
    house.service(3600, "outcome", outcome="remains_at_home")

    house.hear(DAY_S)

    assert house.referral.follows == first.id
    (body,) = bodies(house, "referral_request")
    assert body["follows"] == first.id


def test_after_the_support_a_referral_follows_nothing() -> None:
    house = visited()
    house.service(3600, "outcome", outcome="remains_at_home")

    house.hear(60 + 3 * DAY_S)

    assert house.referral.follows is None
    assert "in_crisis_support" not in house.reasons()


def test_an_inbound_referral_within_the_support_names_the_one_before_too() -> None:
    house = visited()
    first = house.referral
    house.service(3600, "outcome", outcome="remains_at_home")

    house.service(DAY_S, "receive", referral="gp-1", person="wc", source=Source.GP)

    assert house.referral.follows == first.id


def test_a_decision_that_stands_is_not_replaced_when_the_alarm_joins_an_open_referral() -> None:
    house = visited()
    house.facts = facts(person(plan=BY_OPERATOR))
    house.hear(DAY_S)
    house.operator(DAY_S + 10, "spoke")

    house.operator(DAY_S + 20, "decide", disposition=Disposition.UCR)

    assert house.whats()[-1] is What.NOTHING
    assert house.alarm.disposition is Disposition.UCR
    assert len(house.case.referrals) == 1


def joint() -> House:
    house = House(facts(person(plan=BY_OPERATOR), services=BOTH))
    house.hear(0)
    house.operator(10, "spoke")
    house.operator(20, "decide", disposition=Disposition.UCR)
    house.operator(30, "decide", disposition=Disposition.UCR, service="nursing")
    return house


def test_two_services_for_one_alarm_know_of_each_other() -> None:
    house = joint()
    crisis, nursing = house.case.referrals

    assert (crisis.service, nursing.service) == ("icrs", "nursing")
    assert crisis.joint_with == (nursing.id,)
    assert nursing.joint_with == (crisis.id,)
    (update,) = bodies(house)
    assert (update["change"], update["joint_with"]) == ("joint", [nursing.id])
    (request,) = bodies(house, "referral_request")
    assert request["joint_with"] == [crisis.id]


def test_a_partner_who_rejects_leaves_the_other_alone_and_says_so() -> None:
    house = joint()
    nursing = house.case.referrals[1]

    house.service(60, "reject", referral=nursing.id, service="nursing", reason="no nurse")

    assert house.case.referrals[0].joint_with == ()
    assert "joint_no_longer" in [body["change"] for body in bodies(house)]


def test_a_partner_who_accepts_stays_joint() -> None:
    house = joint()
    nursing = house.case.referrals[1]

    house.service(60, "accept", referral=nursing.id, service="nursing")

    assert house.case.referrals[0].joint_with == (nursing.id,)


def test_an_ended_referral_is_followed_up_after_91_days() -> None:
    house = visited()

    house.service(3600, "outcome", outcome="remains_at_home")

    assert house.referral.follow_up_on == date(2021, 5, 4)


def test_the_referrer_from_elsewhere_is_told_what_became_of_it() -> None:
    house = House()
    house.service(0, "receive", referral="gp-1", person="wc", source=Source.GP)
    house.service(60, "face_to_face", referral="gp-1")

    house.service(120, "outcome", referral="gp-1", outcome="remains_at_home")

    entry = house.last.entries[-1]
    assert (entry.what, entry.text) == (What.NOTICE_MADE, "tell the referrer (gp): outcome")
    assert entry.reasons[0].inputs["said"] == "remains_at_home"
    (notice,) = [out for out in house.last.outgoing if out.what == "notice"]
    assert (notice.to, notice.referral) == ("consoles", house.referral.id)


def test_what_is_open_in_another_case_is_not_made_again_and_told_by_telephone() -> None:
    known = facts(person(plan=AT_ONCE))
    house = House(replace(known, elsewhere=(Elsewhere("other-referral", "icrs"),)))

    house.hear(0)

    assert house.case.referrals == ()
    task = house.task(TaskKind.PHONE_REFERRAL)
    assert (task.service, task.alarm, task.referral) == ("icrs", house.alarm.id, None)
    assert house.alarm.disposition is Disposition.UCR
    assert "open_in_another_case" in house.reasons()
    assert bodies(house) == []


def test_a_referral_open_elsewhere_with_another_service_stands_in_the_way_of_nothing_here() -> None:
    known = facts(person(plan=AT_ONCE), services=(ICRS, NURSING))
    house = House(replace(known, elsewhere=(Elsewhere("other-referral", "nursing"),)))

    house.hear(0)

    assert house.referral.service == "icrs"


def test_nor_is_it_received_a_second_time_from_a_gp() -> None:
    house = House(replace(facts(), elsewhere=(Elsewhere("other-referral", "icrs"),)))

    house.service(0, "receive", referral="gp-1", person="wc", source=Source.GP)

    assert house.refusal() == "referral other-referral is open with icrs"


def on_floor() -> House:
    house = House(facts(person(plan=BY_OPERATOR), services=(ICRS, LIFTING)))
    house.hear(0, "fall")
    house.operator(10, "spoke")
    house.due(1800)
    return house


def second(house: House) -> list[Task]:
    return [task for task in house.case.tasks if task.text.startswith("second responder")]


def test_who_is_up_again_needs_no_second_responder() -> None:
    house = on_floor()
    assert [(task.service, task.state) for task in second(house)] == [("lifting", TaskState.OPEN)]

    house.operator(1900, "up")

    assert [task.state for task in second(house)] == [TaskState.CANCELLED]


def test_a_second_responder_is_asked_for_once_for_each_time_on_the_floor() -> None:
    house = on_floor()
    house.operator(1860, "decide", disposition=Disposition.UCR)
    house.service(1870, "set_out", eta=house.at(9000))
    assert len(second(house)) == 1

    house.operator(1900, "up")
    house.hear(2000, "fall")
    house.operator(2010, "spoke")
    house.due(3900)

    assert [task.state for task in second(house)] == [TaskState.CANCELLED, TaskState.OPEN]


def test_a_second_responder_that_was_telephoned_stays_done() -> None:
    house = on_floor()
    (task,) = second(house)
    house.case = replace(
        house.case,
        tasks=tuple(
            replace(one, state=TaskState.DONE) if one.id == task.id else one
            for one in house.case.tasks
        ),
    )

    house.operator(1900, "up")

    assert [task.state for task in second(house)] == [TaskState.DONE]


def test_a_team_that_comes_late_for_an_alarm_that_is_closed_alarms_nobody_about_another() -> None:
    house = on_floor()
    house.operator(1810, "decide", disposition=Disposition.UCR)
    house.operator(1820, "up")
    house.operator(1830, "close", close_reason=CloseReason.REASSURED)

    house.service(1840, "set_out", eta=house.at(9000))

    assert What.NOTICE_MADE not in house.whats()


def test_a_service_that_re_grades_on_a_closed_alarm_opens_a_new_call() -> None:
    house = visited()
    first = house.alarm

    house.service(600, "contact", disposition=Disposition.EMERGENCY_999, by="nurse")

    assert house.alarm.id != first.id
    assert house.alarm.state is AlarmState.OPEN
    assert house.alarm.disposition is Disposition.EMERGENCY_999
    assert house.task(TaskKind.EMERGENCY_999).alarm == house.alarm.id
    assert house.referral.state is ReferralState.ATTENDED


def test_a_re_grade_to_999_goes_to_the_call_for_help_that_is_open() -> None:
    house = visited()
    house.hear(600)

    house.service(700, "contact", disposition=Disposition.EMERGENCY_999, by="nurse")

    assert len(house.case.alarms) == 2
    assert house.task(TaskKind.EMERGENCY_999).alarm == house.alarm.id


def test_a_task_of_a_visit_stays_with_the_team_and_says_whom_to_ask() -> None:
    loans = Service("loans", kind="EQUIPMENT", position=7)
    house = House(facts(services=(ICRS, loans)))
    house.service(0, "receive", referral="gp-1", person="wc", source=Source.GP)
    house.service(60, "face_to_face", referral="gp-1", tasks=("equipment:urgent", "therapy"))

    equipment, therapy = house.task(TaskKind.EQUIPMENT), house.task(TaskKind.THERAPY)
    assert (equipment.service, equipment.text) == ("icrs", "ask loans")
    assert (therapy.service, therapy.text) == ("icrs", "")
