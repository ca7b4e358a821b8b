"""Sending by the rules of BaRS: retries, withdrawals, updates, tokens, and who may read what."""

from dataclasses import replace
from datetime import datetime

import pytest

from alerts.words import OperatorAct
from gateway import outbox
from gateway.practice_receiver.answers import Later
from gateway.practice_receiver.moods import Mood, Step
from gateway.senders import bars
from gateway.store import outbox as store
from gateway.store.outbox import Message
from tests.gateway.bars_house import SECRETS, World, referred


async def test_a_wait_beyond_our_patience_is_a_telephone_call_now(world: World) -> None:
    house = await world.house(Step(Mood.UNAVAILABLE, retry_after_s=120))
    await house.press()
    await house.dispatcher.once()

    assert len(house.receiver.messages) == 1
    assert len(await house.phone_tasks()) == 1


async def test_a_wait_that_was_asked_for_is_kept(world: World) -> None:
    house = await world.house(Mood.PLANNED, script=[Step(Mood.TOO_MANY, retry_after_s=20)])
    await house.press()
    await house.dispatcher.once()
    house.later(15)
    await house.dispatcher.once()
    assert len(house.receiver.messages) == 1

    house.later(6)
    await house.dispatcher.once()
    assert [one.answered for one in house.receiver.messages] == [429, 200]


async def test_a_service_without_an_address_is_telephoned_at_once(world: World) -> None:
    house = await world.house(known=False)
    await house.press()
    await house.dispatcher.once()

    (task,) = await house.phone_tasks()
    assert "No electronic address is set up" in task


async def test_a_withdrawal_never_overtakes_its_referral(world: World) -> None:
    house = await world.house(Mood.PLANNED, script=[Mood.UNAVAILABLE, Mood.TIMEOUT])
    await house.press()
    await house.dispatcher.once()
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.WITHDRAW, reason="spoke to her, is well")
    await house.work()

    heard = [(one.status, one.answered) for one in house.receiver.messages]
    # What is refused is not read by the receiver: its status is unknown there.
    assert heard == [("", 503), ("", 408), ("active", 200), ("revoked", 200)]
    assert len({one.request_id for one in house.receiver.messages[:3]}) == 1
    assert house.receiver.effective == 0
    assert await house.state() == "withdrawn"
    assert await house.phone_tasks() == []


async def test_a_referral_whose_answer_was_lost_is_found_and_withdrawn(world: World) -> None:
    house = await referred(world, Mood.PLANNED, script=[Mood.KEPT_BUT_FAILED])
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.WITHDRAW, reason="an accident")
    await house.work()

    assert house.receiver.effective == 0
    assert house.receiver.messages[-1].status == "revoked"
    assert len(house.receiver.referrals) == 1


async def test_a_withdrawal_that_fails_is_telephoned(world: World) -> None:
    house = await referred(world, Mood.PLANNED)
    house.receiver.set_mood(Mood.UNPROCESSABLE)
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.WITHDRAW, reason="an accident")
    await house.work()

    (task,) = await house.phone_tasks()
    assert task.startswith("The withdrawal of the referral was not delivered: ")


async def test_a_confirmation_is_an_update_of_the_same_case(world: World) -> None:
    house = await referred(world, Mood.PLANNED)
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.CONFIRM)
    await house.work()

    new, update = house.receiver.messages
    assert (new.reason, update.reason, update.answered) == ("new", "update", 200)
    assert new.request_id != update.request_id
    assert new.correlation_id == update.correlation_id
    assert len(house.receiver.referrals) == 1


async def test_an_ended_token_is_replaced_once_and_the_referral_goes(world: World) -> None:
    house = await world.house(signed=True)
    await house.press()
    await house.dispatcher.once()
    assert house.receiver.expire_tokens() == 1
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.CONFIRM)
    await house.work()

    assert [one.answered for one in house.receiver.messages] == [200, 403, 200]
    assert len({one.request_id for one in house.receiver.messages[1:]}) == 1


async def test_a_sign_in_that_is_refused_is_telephoned_at_once(world: World) -> None:
    house = await world.house(signed=True, endpoint_fields={"client_id": "somebody-else"})
    await house.press()
    await house.dispatcher.once()

    (task,) = await house.phone_tasks()
    assert "The sign-in of the service refused us (HTTP 401)" in task


@pytest.mark.parametrize("mood", [Mood.PLANNED, Mood.UNPROCESSABLE, Mood.CUT_OFF], ids=str)
async def test_who_the_person_is_stands_in_the_message_and_nowhere_on_its_way(
    world: World, mood: Mood, capsys: pytest.CaptureFixture[str]
) -> None:
    house = await referred(world, mood)
    kept = await house.sql(
        "select outbox::text as kept from outbox"
        " union all select receipt::text from receipt union all select audit::text from audit"
        " union all select decision::text from decision union all select task::text from task"
    )
    logged = capsys.readouterr()
    text = "".join(one.kept for one in kept) + logged.out + logged.err

    assert [secret for secret in SECRETS if secret in text] == []
    (sent, *_) = await house.sql("select * from audit where act = 'person_sent'")
    assert sent.actor == "sender:icrs"


async def test_an_attempt_ends_before_the_outbox_gives_it_up() -> None:
    assert bars.DEADLINE_S < outbox.REQUEST_S
    assert outbox.LEASE_S > 2 * outbox.REQUEST_S


async def test_a_person_without_number_name_or_telephone_is_referred(world: World) -> None:
    house = await referred(
        world, Mood.PLANNED, nhs_number=None, address="", phone_home=None, contacts=[]
    )

    assert await house.state() == "received"


async def test_a_number_that_fails_its_check_does_not_stop_a_referral(world: World) -> None:
    house = await referred(world, Mood.PLANNED, nhs_number="4857773456")

    assert await house.state() == "received"


async def test_an_acceptance_after_a_withdrawal_is_told_to_a_person(world: World) -> None:
    step = Step(Mood.PLANNED, then=(Later.IN_PROGRESS,), after_s=0.3)
    house = await referred(world, step)
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.WITHDRAW, reason="an accident")
    (said,) = await house.receiver.says(1)

    assert (said.status, await house.state()) == (200, "withdrawn")
    (fault,) = await house.sql("select body::text as body from inbox where what = 'heard'")
    assert "bars_answer_too_late" in fault.body


async def test_a_process_that_dies_after_sending_makes_no_second_referral(world: World) -> None:
    house = await world.house(Mood.PLANNED)
    await house.press()
    async with house.sessions.transaction() as connection:
        claimed = await store.claim(connection, house.now, lease_s=outbox.LEASE_S, limit=50)
    (request,) = [one for one in claimed if one.what == "referral_request"]
    await house.dispatcher.senders["referral_request/bars"](request, house.now)
    assert await house.state() == "provisional"

    house.later(outbox.LEASE_S + 1)
    await house.work()

    assert [one.answered for one in house.receiver.messages] == [200, 409]
    assert await house.state() == "received"
    assert len(house.receiver.referrals) == 1


@pytest.mark.parametrize("flow", ["validation", "referral"])
async def test_both_flows_go_their_whole_way(world: World, flow: str) -> None:
    step = Step(Mood.FINISHED, after_s=0.05)
    house = await referred(world, step, endpoint_fields={"flow": flow})
    await house.receiver.says(2)

    assert house.receiver.referrals[0].opened.message.category == flow
    assert await house.state() == "closed"


async def test_an_error_nobody_expected_tells_its_kind_and_not_its_words(world: World) -> None:
    house = await world.house(Mood.PLANNED)

    async def broken(message: Message, now: datetime) -> None:
        raise ValueError(f"Walburga Crane {message.seq} {now}")

    senders = {"referral_request/bars": broken}
    house.dispatcher = replace(house.dispatcher, senders=senders)
    await house.press()
    await house.work(stride=20)

    (task,) = await house.phone_tasks()
    assert "An error of our own (ValueError). Telephone now" in task
    kept = await house.sql("select problem from outbox where what = 'referral_request'")
    assert "Walburga" not in str(kept)
