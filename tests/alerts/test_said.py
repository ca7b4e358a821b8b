"""What operators say and do by telephone is kept with what it did: their words, their calls."""

import pytest

from alerts.words import (
    AlarmState,
    CallTarget,
    CloseReason,
    Disposition,
    ReferralState,
    TaskKind,
    TaskState,
    What,
)
from tests.alerts.houses import AT_ONCE, BY_OPERATOR, House, facts, person

WORDS = "daughter is on her way"


def pressed(what: str = "pendant") -> House:
    house = House(facts(person(plan=BY_OPERATOR)))
    house.hear(0, what)
    house.operator(5, "take")
    return house


def kept(house: House) -> list[tuple[What, str]]:
    return [(entry.what, entry.text) for entry in house.last.entries if WORDS in entry.text]


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("do", "fields", "what"),
    [
        ("decide", {"disposition": Disposition.CONTACT}, What.DISPOSED),
        ("decide", {"disposition": Disposition.EMERGENCY_999}, What.DISPOSED),
        ("decide", {"disposition": Disposition.CLOSE, "close_reason": CloseReason.ACCIDENT},
         What.ALARM_CLOSED),
        ("release", {}, What.ALARM_UNTAKEN),
        ("spoke", {}, What.NOTHING),
        ("answer", {"question": "confused?", "answer": "no"}, What.NOTHING),
        ("stumble", {"answers": {"S": "no"}}, What.NOTHING),
        ("stumble", {"answers": {"S": "yes"}}, What.DISPOSED),
        ("stumble", {"answers": {"M": "yes"}}, What.NOTHING),
        ("call", {"to": CallTarget.EMERGENCY_999}, What.DISPOSED),
    ],
)  # fmt: skip
def test_the_words_of_an_act_stand_in_its_entry(
    do: str, fields: dict[str, object], what: What
) -> None:
    house = pressed()
    if fields.get("disposition") is Disposition.CLOSE:
        house.operator(6, "spoke")
    house.operator(10, do, text=WORDS, **fields)

    assert kept(house)[0] == (what, WORDS)
    assert What.REFUSED not in house.whats()


def test_the_words_of_closing_and_their_reason_stand_together() -> None:
    house = pressed()
    house.operator(6, "spoke")
    house.operator(10, "close", close_reason=CloseReason.REASSURED, reason="tea", text=WORDS)

    assert kept(house) == [(What.ALARM_CLOSED, f"tea; {WORDS}")]


def test_the_words_of_a_withdrawal_stand_in_its_entry() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(10, "withdraw", reason="accident", text=WORDS)

    assert house.referral.state is ReferralState.WITHDRAWN
    assert kept(house) == [(What.REFERRAL_WITHDRAWN, f"accident; {WORDS}")]


@pytest.mark.parametrize("said", [{"text": WORDS}, {}])
def test_who_asks_for_a_second_person_is_heard_and_the_refusal_says_its_own_words(
    said: dict[str, str],
) -> None:
    house = pressed()
    house.operator(10, "close", close_reason=CloseReason.REASSURED, **said)

    (refused,) = house.last.entries
    assert (refused.what, refused.text) == (What.REFUSED, "")
    assert refused.reasons[0].reason == "second_person_must_confirm"
    assert refused.reasons[0].inputs.get("text") == said.get("text")


# -- calls to 999 ------------------------------------------------------------------------------


def test_a_call_to_999_without_a_task_opens_and_claims_it_at_once() -> None:
    house = pressed()
    house.operator(20, "call", to=CallTarget.EMERGENCY_999)

    task = house.task(TaskKind.EMERGENCY_999)
    assert (task.state, task.claimed_by) == (TaskState.CLAIMED, "op1")
    assert house.alarm.disposition is Disposition.EMERGENCY_999
    assert house.alarm.decided_at == house.at(20)
    assert house.reasons()[0] == "called_without_task"
    assert house.whats() == [What.DISPOSED, What.TASK_MADE, What.NOTHING]
    house.due(100)
    assert "task_999_unclaimed" not in house.reasons()


def test_a_call_to_999_keeps_the_provisional_referral_and_tells_its_service() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.operator(20, "call", to=CallTarget.EMERGENCY_999)

    update = next(m for m in house.last.outgoing if m.what == "referral_update")
    assert update.body["change"] == "999_under_way"
    assert house.referral.state is ReferralState.PROVISIONAL


def test_a_call_to_999_ends_the_wait_for_a_clinician() -> None:
    house = pressed()
    house.operator(10, "decide", disposition=Disposition.CLINICIAN)
    house.operator(20, "call", to=CallTarget.EMERGENCY_999)

    assert house.task(TaskKind.RING_BACK).state is TaskState.CANCELLED


def test_a_second_call_to_999_is_recorded_and_the_task_stays_with_whoever_has_it() -> None:
    house = pressed()
    house.operator(20, "call", to=CallTarget.EMERGENCY_999)
    house.operator(60, "call", operator="op2", to=CallTarget.EMERGENCY_999, text=WORDS)

    assert kept(house) == [(What.NOTHING, WORDS)]
    assert house.task(TaskKind.EMERGENCY_999).claimed_by == "op1"
    assert sum(task.kind is TaskKind.EMERGENCY_999 for task in house.case.tasks) == 1


def test_a_call_to_999_about_a_fire_claims_the_task_and_leaves_it_a_fire() -> None:
    house = pressed("smoke")
    house.operator(20, "call", to=CallTarget.EMERGENCY_999)

    assert house.alarm.disposition is Disposition.FIRE
    assert house.task(TaskKind.EMERGENCY_999).state is TaskState.CLAIMED


# -- who has it --------------------------------------------------------------------------------


def test_the_first_take_is_the_one_that_counts_whoever_has_it_later() -> None:
    house = pressed()
    house.operator(10, "hand_over", text="op2")
    assert (house.alarm.taken_by, house.alarm.taken_at) == ("op2", house.at(5))
    house.operator(20, "release", operator="op2")
    assert (house.alarm.taken_by, house.alarm.state) == (None, AlarmState.OPEN)
    house.operator(60, "take", operator="op3")

    assert (house.alarm.taken_by, house.alarm.taken_at) == ("op3", house.at(5))


# -- breaches ----------------------------------------------------------------------------------


def test_an_unseen_referral_is_loud_once_and_confirming_it_does_not_make_it_seen() -> None:
    house = House(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.due(180)
    assert house.referral.breached_at == house.at(180)
    house.operator(200, "confirm")
    house.due(900)

    assert What.REFERRAL_BREACHED not in house.whats()
    assert house.last.entries[-1].reasons[1].reason == "breached_already"
    assert house.alarm.rings == 2
