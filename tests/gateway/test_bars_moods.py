"""Every mood of a service: the case ends acknowledged, or before an operator with a phone task."""

import pytest

from gateway.practice_receiver.moods import Mood, Step
from tests.gateway.bars_house import World, referred


@pytest.mark.parametrize(
    "mood", [Mood.PLANNED, Mood.DUPLICATE, Mood.KEPT_BUT_FAILED, Mood.BROKEN], ids=str
)
async def test_what_the_service_has_is_acknowledged(world: World, mood: Mood) -> None:
    house = await referred(world, mood)

    assert await house.state() == "received"
    assert await house.phone_tasks() == []
    assert house.receiver.effective == 1


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (Mood.BAD_REQUEST, "could not read our message (code REC_BAD_REQUEST, HTTP 400)"),
        (Mood.UNPROCESSABLE, "cannot use what our message says"),
    ],
)
async def test_what_is_refused_for_good_is_not_tried_again(
    world: World, mood: Mood, words: str
) -> None:
    house = await referred(world, mood)

    assert len(house.receiver.messages) == 1
    assert await house.state() == "phone_task"
    (task,) = await house.phone_tasks()
    assert words in task
    assert "Telephone the service now." in task
    assert await house.is_in_front()


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (Mood.TIMEOUT, "took too long to answer"),
        (Mood.TOO_MANY, "has too many messages at once"),
        (Mood.UNAVAILABLE, "is out of order for now"),
        (Step(Mood.SLOW, delay_s=3.0), "gave no answer within 1 s"),
        (Mood.CUT_OFF, "cannot be reached or broke off (RemoteProtocolError)"),
        (Mood.SILENCE, "gave no answer within 1 s"),
    ],
    ids=str,
)
async def test_what_may_pass_is_tried_again_and_then_told_to_an_operator(
    world: World, mood: Step | Mood, words: str
) -> None:
    house = await referred(world, mood)
    tried = house.receiver.messages

    assert len(tried) > 2
    assert len({one.request_id for one in tried}) == 1
    assert len({one.correlation_id for one in tried}) == 1
    assert await house.state() == "phone_task"
    (task,) = await house.phone_tasks()
    assert words in task
    assert await house.is_in_front()
    assert house.receiver.effective <= 1


@pytest.mark.parametrize(
    "first",
    [Mood.TIMEOUT, Mood.TOO_MANY, Mood.UNAVAILABLE, Step(Mood.SLOW, delay_s=3.0), Mood.CUT_OFF,
     Mood.SILENCE],
    ids=str,
)  # fmt: skip
async def test_a_retry_after_a_failure_is_no_second_referral(
    world: World, first: Step | Mood
) -> None:
    house = await referred(world, Mood.PLANNED, script=[first])

    assert await house.state() == "received"
    assert house.receiver.messages[-1].answered in (200, 409)
    assert len(house.receiver.referrals) == 1


async def test_an_acceptance_reaches_the_case(world: World) -> None:
    house = await referred(world, Step(Mood.IN_PROGRESS, after_s=0.05))
    (said,) = await house.receiver.says(1)

    assert (said.status, await house.state()) == (200, "accepted")
    (found,) = await house.sql("select provisional, accepted_at from referral")
    assert found.provisional is False
    assert found.accepted_at is not None


async def test_a_rejection_is_before_an_operator_with_its_reason(world: World) -> None:
    house = await referred(world, Step(Mood.CANCELLED, after_s=0.05, reason="RRNA"))
    await house.receiver.says(1)

    assert await house.state() == "rejected"
    (task,) = await house.phone_tasks()
    assert task == "referral rejected; Not available in the time required (RRNA)"
    assert await house.is_in_front()


async def test_a_lift_stops_the_clock_and_its_outcome_closes(world: World) -> None:
    house = await referred(world, Step(Mood.FINISHED, after_s=0.05))
    await house.receiver.says(2)

    assert await house.state() == "closed"
    (found,) = await house.sql(
        "select first_face_to_face_at, record ->> 'outcome' as outcome from referral"
    )
    assert found.first_face_to_face_at is not None
    assert found.outcome.startswith("the person was lifted; response priority C5; ")
    assert await house.phone_tasks() == []


async def test_an_end_that_asks_for_action_is_before_an_operator(world: World) -> None:
    step = Step(Mood.FINISHED, after_s=0.05, action_needed=True)
    house = await referred(world, step)
    await house.receiver.says(2)

    (task,) = await house.phone_tasks()
    assert task.startswith("The service has finished and asks you to act: the person was lifted")
    assert await house.is_in_front()


async def test_silence_of_people_breaches_by_the_time_the_message_named(world: World) -> None:
    house = await referred(world, Mood.PLANNED)
    house.later(16 * 60)
    await house.tick()

    assert await house.state() == "breached"
    assert len(await house.phone_tasks()) == 1
    assert await house.is_in_front()


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_a_service_does_the_case_is_safe_and_there_is_one_referral(
    world: World, seed: int
) -> None:
    house = await world.house(seed=seed)
    await house.press()
    await house.work(stride=15)

    assert await house.is_safe()
    assert len(house.receiver.referrals) <= 1
