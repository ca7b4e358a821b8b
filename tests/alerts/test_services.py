"""What services and senders may do with a referral, and what is refused."""

from datetime import timedelta

import pytest

from alerts.events import DeliveryEvent
from alerts.facts import Facts
from alerts.ids import inbound_referral_id
from alerts.referral.service_events import ACTS
from alerts.words import (
    AlarmState,
    CloseReason,
    DeliveryAct,
    Disposition,
    Mechanism,
    ReferralState,
    ServiceAct,
    Source,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.houses import AT_ONCE, House, facts, person


def referred() -> House:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    return house


def deliver(
    house: House, seconds: float, do: str, referral: str = "", service: str = "icrs"
) -> None:
    referral = referral or house.referral.id
    house.tell(seconds, DeliveryEvent(house.at(seconds), service, DeliveryAct(do), referral))


def test_every_service_act_has_its_handler() -> None:
    assert set(ACTS) == set(ServiceAct)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"do": "accept", "referral": "nowhere"}, "referral nowhere is not known here"),
        ({"do": "accept", "service": "hub"}, "is with icrs, not hub"),
        ({"do": "receive", "referral": "x"}, "is open with icrs"),
        ({"do": "receive", "referral": "x", "person": "other"}, "person other is not of this case"),
        ({"do": "receive", "referral": "x", "service": "hub"}, "service hub is not known"),
        (
            {"do": "face_to_face", "tasks": ("cake",)},
            "task 'cake', expected one of assist",
        ),
        ({"do": "face_to_face", "tasks": ("equipment:soon",)}, "task 'equipment:soon'"),
        ({"do": "face_to_face", "tasks": ("equipment",) * 21}, "21 tasks, expected at most 20"),
    ],
)
def test_what_is_not_possible_is_refused(fields: dict[str, object], message: str) -> None:
    house = referred()
    before = house.case
    house.service(10, **fields)  # type: ignore[arg-type]

    assert message in house.refusal()
    assert house.case.referrals == before.referrals


def test_nobody_is_received_for_a_case_without_a_person() -> None:
    house = House(Facts(facts().subject, services=facts().services))
    house.service(0, "receive", referral="gp-1", source=Source.GP)

    assert "is not of this case" in house.refusal()


def test_an_ended_referral_cannot_be_accepted() -> None:
    house = referred()
    house.operator(5, "withdraw", reason="accident")
    house.service(10, "accept")

    assert "accept is not possible when withdrawn" in house.refusal()


def test_the_service_finds_its_referral_by_the_name_it_gave() -> None:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP, text="back pain")
    assert house.referral.id == inbound_referral_id("icrs", "gp-1")
    house.service(60, "accept", referral="gp-1")

    assert house.referral.state is ReferralState.ACCEPTED
    assert house.referral.made_at == house.at(0)


def test_a_referral_from_elsewhere_that_nobody_accepts_makes_a_notice_without_an_alarm() -> None:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    house.due(900)

    assert house.whats() == [What.REFERRAL_BREACHED, What.TASK_MADE, What.NOTICE_MADE]
    assert {message.to for message in house.last.outgoing} == {"consoles", "supervisor"}


def test_receiving_a_known_referral_starts_its_clock() -> None:
    house = referred()
    house.service(10, "receive")
    house.service(20, "seen", by="nurse")

    assert house.referral.received_at == house.at(10)
    assert house.referral.seen_at == house.at(20)
    assert house.referral.provisional


def test_a_provisional_referral_never_counts() -> None:
    house = referred()
    deliver(house, 5, "acknowledged")

    assert house.referral.state is ReferralState.RECEIVED
    assert house.referral.provisional


def test_an_acknowledgement_after_the_acceptance_moves_nothing() -> None:
    house = referred()
    house.service(10, "accept")
    deliver(house, 20, "acknowledged")

    assert house.referral.state is ReferralState.ACCEPTED
    assert house.referral.received_at == house.at(10)


@pytest.mark.parametrize(("referral", "service"), [("nowhere", "icrs"), ("", "hub")])
def test_a_delivery_of_nothing_we_know_is_refused(referral: str, service: str) -> None:
    house = referred()
    deliver(house, 5, "acknowledged", referral, service)

    assert "is not with" in house.refusal()


def test_setting_out_with_an_eta_tells_the_device_the_local_time() -> None:
    house = referred()
    house.service(60, "set_out", eta=house.at(2640))

    texts = [m.body["text"] for m in house.last.outgoing if m.what == "device_down"]
    assert texts == ["team expected 07:40"]
    assert house.referral.accepted_at == house.at(60)
    assert not house.referral.provisional


def test_setting_out_without_an_eta_tells_the_device_nothing() -> None:
    house = referred()
    house.service(60, "set_out")

    assert all(message.what != "device_down" for message in house.last.outgoing)


def test_an_eta_is_told_even_when_the_service_left_the_list() -> None:
    house = referred()
    house.facts = facts(person(plan=AT_ONCE), ())
    house.service(60, "set_out", eta=house.at(2640))

    assert house.last.outgoing[-1].body == {"text": "team expected 07:40"}


def test_a_second_visit_and_a_late_one_never_move_the_clock() -> None:
    house = referred()
    house.service(600, "face_to_face")
    house.service(1200, "contact", mechanism=Mechanism.FACE_TO_FACE)
    house.service(1300, "outcome", outcome="stays at home")
    house.service(1400, "face_to_face")

    assert house.referral.first_face_to_face_at == house.at(600)
    assert house.referral.contacts == 3
    assert house.referral.state is ReferralState.CLOSED
    assert house.referral.support_until == house.at(600) + timedelta(hours=72)


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("seen", {}),
        ("accept", {}),
        ("set_out", {}),
        ("face_to_face", {}),
        ("contact", {"mechanism": Mechanism.TELEPHONE}),
        ("outcome", {"outcome": "remains_at_home"}),
    ],
)
def test_what_a_service_says_with_an_act_is_kept(do: str, fields: dict[str, object]) -> None:
    house = referred()
    house.service(600, do, text="right leg red and swollen", **fields)

    assert "right leg red and swollen" in [entry.text for entry in house.last.entries]


def test_a_visit_ends_the_silence_but_is_no_voice_for_the_60_s_figure() -> None:
    house = referred()
    house.service(600, "face_to_face")

    assert house.alarm.silent_since is None
    assert house.alarm.spoke_at is None


def test_a_visit_after_the_alarm_was_closed_is_recorded() -> None:
    house = referred()
    house.operator(5, "spoke")
    house.operator(6, "confirm")
    house.operator(10, "close", close_reason=CloseReason.RESOLVED_BY_RESPONDER)
    house.service(600, "face_to_face")

    assert house.alarm.state is AlarmState.CLOSED
    assert house.referral.state is ReferralState.ATTENDED


def test_a_ring_back_ends_the_wait_for_it() -> None:
    house = referred()
    house.operator(5, "decide", disposition=Disposition.CLINICIAN)
    house.service(60, "ring_back", result="advice given")

    assert house.task(TaskKind.RING_BACK).state is TaskState.DONE
    assert [note.text for note in house.referral.notes] == ["advice given"]


def test_a_ring_back_on_a_referral_from_elsewhere_is_recorded() -> None:
    house = House()
    house.service(0, "receive", referral="gp-1", source=Source.GP)
    house.service(60, "ring_back", referral="gp-1", result="advice given")

    assert [note.text for note in house.referral.notes] == ["advice given"]


def test_an_outcome_returns_to_whoever_has_the_alarm_and_waits_for_an_action() -> None:
    house = referred()
    house.operator(5, "decide", disposition=Disposition.UCR)
    house.service(20, "accept")
    house.due(600)
    assert house.alarm.taken_by == "op1"
    house.service(700, "outcome", outcome="stays at home")
    assert house.last.outgoing[-1].to == "consoles"
    house.due(821)

    assert house.alarm.state is AlarmState.OPEN


def test_a_failed_withdrawal_is_telephoned() -> None:
    house = referred()
    house.operator(5, "withdraw", reason="accident")
    deliver(house, 10, "failed")

    assert house.referral.state is ReferralState.WITHDRAWN
    assert house.task(TaskKind.PHONE_REFERRAL).state is TaskState.OPEN


def test_accepting_ends_the_phone_task_of_a_breach() -> None:
    house = referred()
    house.due(180)
    assert house.referral.state is ReferralState.BREACHED
    house.service(200, "accept")

    assert house.task(TaskKind.PHONE_REFERRAL).state is TaskState.DONE
    assert not house.referral.provisional


def test_a_late_team_is_no_matter_for_somebody_who_is_up() -> None:
    house = referred()
    house.service(60, "set_out", eta=house.at(6000))

    assert "late_for_floor" not in house.reasons()


def test_a_team_in_time_for_somebody_on_the_floor_needs_no_second_triage() -> None:
    house = referred()
    house.operator(10, "stumble", answers={"M": "no"}, given_by="patient")
    house.service(20, "set_out", eta=house.at(10 + 45 * 60))
    assert "late_for_floor" not in house.reasons()
    house.service(30, "set_out", eta=house.at(11 + 45 * 60))

    assert "late_for_floor" in house.reasons()


def test_a_referral_of_another_alarm_is_not_told_of_a_999() -> None:
    house = referred()
    house.operator(5, "spoke")
    house.operator(6, "confirm")
    house.operator(10, "close", close_reason=CloseReason.RESOLVED_BY_RESPONDER)
    house.hear(20)
    house.operator(30, "decide", disposition=Disposition.EMERGENCY_999)

    assert all(message.what != "referral_update" for message in house.last.outgoing)
