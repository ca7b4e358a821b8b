"""What operators may do, and what is refused with a sentence they can act on."""

from datetime import timedelta

import pytest

from alerts.events import TaskDone
from alerts.telecare.dispose import HANDLERS as DISPOSITIONS
from alerts.telecare.operator import ACTS
from alerts.telecare.order import BRANCHES
from alerts.telecare.timers import HANDLERS as TIMERS
from alerts.timing import TimerKind
from alerts.words import (
    AlarmState,
    CallTarget,
    CloseReason,
    Disposition,
    OperatorAct,
    ReferralState,
    Source,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, HUB, ICRS, House, facts, person


def pressed(**fields: object) -> House:
    house = House(facts(person(**fields)))
    house.hear(0)
    return house


def test_every_act_timer_and_disposition_has_its_handler() -> None:
    assert set(ACTS) == set(OperatorAct)
    assert set(TIMERS) == set(TimerKind)
    assert set(DISPOSITIONS) == set(Disposition)
    assert len(BRANCHES) == 8


def test_a_refused_act_changes_nothing_and_does_not_take_the_alarm() -> None:
    house = pressed()
    before = house.case.alarms
    house.operator(10, "call")

    assert "call needs `to`" in house.refusal()
    assert house.case.alarms == before


@pytest.mark.parametrize(
    ("do", "fields", "message"),
    [
        ("release", {}, "release is not possible when open"),
        ("decide", {}, "decide needs a disposition"),
        ("decide", {"disposition": Disposition.UCR, "service": "x"}, "service x is not known"),
        ("decide", {"disposition": Disposition.CLOSE}, "close needs a reason"),
        ("close", {}, "close needs a reason: reassured, accident"),
        ("confirm", {}, "no open referral"),
        ("withdraw", {"reason": "x"}, "no open referral"),
        ("answer", {"question": "confused?"}, "answer needs question and answer"),
        ("stumble", {}, "stumble needs a help alarm and answers"),
        ("stumble", {"answers": {"M": "yes"}, "given_by": "parrot"}, "given_by 'parrot'"),
        ("stumble", {"answers": {"M": "maybe"}}, "'maybe', expected no, unknown, yes"),
        ("stumble", {"answers": {"X": "yes"}}, "expected a letter of I STUMBLE"),
        ("take", {"alarm": "nowhere"}, "alarm or referral nowhere is not known"),
        ("take", {"referral": "nowhere"}, "alarm or referral nowhere is not known"),
    ],
)
def test_what_is_not_possible_is_refused_with_a_sentence(
    do: str, fields: dict[str, object], message: str
) -> None:
    house = pressed()
    house.operator(10, do, **fields)

    assert message in house.refusal()


def test_an_alarm_without_a_person_is_not_referred() -> None:
    house = House(facts())
    house.facts = type(house.facts)(house.facts.subject, services=(ICRS,))
    house.hear(0)
    house.operator(5, "decide", disposition=Disposition.UCR)

    assert "no person is known" in house.refusal()


def test_acting_on_an_untaken_alarm_takes_it() -> None:
    house = pressed()
    house.operator(10, "call", to=CallTarget.CONTACT)

    assert house.alarm.state is AlarmState.TAKEN
    assert house.alarm.taken_by == "op1"
    assert house.last.outgoing[0].body == {"text": "a person has it"}


def test_the_device_is_told_that_a_person_has_it_only_when_one_has() -> None:
    house = pressed(plan=AT_ONCE)
    assert all(message.what != "device_down" for message in house.last.outgoing)
    house.operator(10, "take")

    assert [m.what for m in house.last.outgoing] == ["device_down"]


def test_a_colleague_takes_over_by_name_or_through_the_queue() -> None:
    house = pressed()
    house.operator(10, "take")
    house.operator(20, "hand_over", text="op2")
    assert house.alarm.taken_by == "op2"
    house.operator(30, "hand_over", operator="op2")

    assert house.alarm.state is AlarmState.OPEN
    assert house.whats()[0] is What.ALARM_UNTAKEN


def test_notes_are_kept_even_on_a_closed_alarm() -> None:
    house = pressed()
    house.operator(5, "spoke")
    house.operator(10, "close", close_reason=CloseReason.REASSURED)
    house.operator(20, "note", text="daughter informed")

    assert house.alarm.note == "daughter informed"
    assert house.alarm.state is AlarmState.CLOSED


def test_an_answer_is_kept_with_its_question() -> None:
    house = pressed()
    house.operator(10, "answer", question="door open?", answer="yes", given_by="carer")

    assert house.alarm.answers == {"door open?": "yes"}


def test_answers_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.telecare.answers.MAX_ANSWERS", 1)
    house = pressed()
    house.operator(10, "answer", question="a", answer="yes")
    house.operator(11, "answer", question="b", answer="yes")

    assert "2 answers, expected at most 1" in house.refusal()


def test_stumble_is_the_clients_voice_when_somebody_gave_the_answers() -> None:
    house = pressed()
    house.operator(10, "stumble", answers={"M": "no"}, given_by="patient")
    assert house.alarm.spoke_at == house.at(10)
    assert house.alarm.on_floor_since == house.at(10)
    house.operator(20, "up")
    house.operator(30, "stumble", answers={"B": "no"})

    assert house.alarm.on_floor_since is None


def test_a_clinicians_answer_does_not_replace_a_decision() -> None:
    house = pressed()
    house.operator(10, "decide", disposition=Disposition.CONTACT)
    house.operator(20, "stumble", answers={"S": "yes"}, given_by="patient")

    assert house.alarm.disposition is Disposition.CONTACT
    assert house.task(TaskKind.RING_BACK).due_at == house.at(20 + 900)


def test_a_second_clinicians_answer_does_not_move_the_ring_back() -> None:
    house = pressed()
    house.operator(20, "stumble", answers={"S": "yes"}, given_by="patient")
    house.operator(80, "stumble", answers={"I": "back"}, given_by="patient")

    ring_backs = [t for t in house.case.timers if t.kind == TimerKind.RING_BACK]
    assert [t.due_at for t in ring_backs] == [house.at(20 + 900)]


def test_a_later_decision_cancels_the_ring_back() -> None:
    house = pressed()
    house.operator(20, "decide", disposition=Disposition.CLINICIAN)
    house.operator(40, "decide", disposition=Disposition.EMERGENCY_999)

    assert house.task(TaskKind.RING_BACK).state is TaskState.CANCELLED


def test_confirming_one_referral_by_its_id() -> None:
    house = pressed(plan=AT_ONCE)
    house.operator(10, "confirm", referral=house.referral.id)

    assert house.referral.confirmed_at == house.at(10)
    assert house.referral.state is ReferralState.SENT
    assert [m.what for m in house.last.outgoing] == ["device_down", "referral_update"]


def test_a_withdrawal_tells_the_service_in_the_same_stream() -> None:
    house = pressed(plan=AT_ONCE)
    request = house.last.outgoing[0]
    house.operator(10, "withdraw", reason="pressed by accident")
    withdrawal = house.last.outgoing[-1]

    assert (request.what, withdrawal.what) == ("referral_request", "referral_withdrawal")
    assert request.stream == withdrawal.stream == house.referral.id


def test_messages_hold_no_name_address_or_contact() -> None:
    house = pressed(plan=AT_ONCE, contacts=("Ann 0116 496 0000",), conditions=("asthma",))
    bodies = str([message.body for message in house.last.outgoing])

    assert "Ann" not in bodies
    assert "LE1" not in bodies
    assert "asthma" not in bodies


def inbound() -> House:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    return house


def test_a_referral_from_elsewhere_can_be_noted_and_withdrawn_but_not_taken() -> None:
    house = inbound()
    house.operator(5, "note", referral=house.referral.id, text="key under pot")
    assert [note.text for note in house.referral.notes] == ["key under pot"]
    house.operator(6, "take", referral=house.referral.id)
    assert "take needs an alarm; this referral has none" in house.refusal()
    house.operator(7, "withdraw", referral=house.referral.id, reason="moved away")

    assert house.referral.state is ReferralState.WITHDRAWN


def test_a_wrong_alarm_is_not_helped_by_a_right_referral() -> None:
    house = inbound()
    house.operator(5, "note", alarm="nowhere", referral=house.referral.id, text="x")

    assert "alarm or referral nowhere" in house.refusal()


def test_an_emergency_and_the_police_are_999_tasks_with_their_script() -> None:
    house = pressed()
    house.operator(5, "decide", disposition=Disposition.POLICE)

    assert house.task(TaskKind.EMERGENCY_999).text == "police: immediate threat to life"
    assert house.alarm.disposition is Disposition.POLICE


def test_no_crisis_team_can_go_on_an_operators_decision_either() -> None:
    day = type(ICRS)("day", hours={"mon": ("08:00-09:00",)})
    house = House(facts(person(plan=BY_OPERATOR), (day, HUB)))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.UCR)

    assert house.alarm.disposition is Disposition.CLINICIAN
    assert house.task(TaskKind.PHONE_REFERRAL).service == "hub"
    assert house.case.referrals == ()


def test_a_person_ticks_a_task_off_once() -> None:
    house = inbound()
    house.service(10, "face_to_face", referral="gp-1", tasks=("equipment",))
    task = house.task(TaskKind.EQUIPMENT)
    house.tell(60, TaskDone(house.at(60), "store", task.id))
    assert house.task(TaskKind.EQUIPMENT).state is TaskState.DONE
    house.tell(70, TaskDone(house.at(70), "store", task.id))
    assert "done is not possible when done" in house.refusal()
    house.tell(80, TaskDone(house.at(80), "store", "nowhere"))

    assert "task nowhere is not known" in house.refusal()


def test_a_task_that_an_act_ends_is_not_ticked_off() -> None:
    house = pressed(plan=AT_ONCE)
    house.due(61)
    house.tell(62, TaskDone(house.at(62), "op1", house.task(TaskKind.CALL_PATIENT).id))
    assert "ended by: spoke or no_reply" in house.refusal()
    house.due(200)
    house.tell(201, TaskDone(house.at(201), "op1", house.task(TaskKind.PHONE_REFERRAL).id))

    assert "record accept or reject" in house.refusal()
    assert house.case.as_of == house.at(201)
    assert house.last.next_due_at is not None
    assert house.last.next_due_at - house.case.as_of < timedelta(minutes=15)


def test_no_crisis_team_after_a_humans_decision_leaves_the_decision_and_makes_the_task() -> None:
    house = House(facts(services=()))
    house.hear(0)
    house.operator(10, "decide", disposition=Disposition.CONTACT)
    house.operator(20, "release")
    house.due(110)

    assert house.alarm.disposition is Disposition.CONTACT
    assert house.task(TaskKind.PHONE_REFERRAL).text == "telephone now"
