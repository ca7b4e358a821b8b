"""Every mood of the practice receiver, over HTTP; what is kept is what the list says is kept."""

import asyncio

import httpx
import msgspec
import pytest

from gateway.practice_receiver.moods import Mood, Step
from tests.gateway.practice_house import (
    CASE,
    MESSAGE,
    fhir,
    issue,
    part,
    practising,
    referral,
)

REFUSING = [
    ("400", (400, "REC_BAD_REQUEST", "invalid")),
    ("408", (408, "REC_TIMEOUT", "timeout")),
    ("422", (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")),
    ("429", (429, "SEND_TOO_MANY_REQUESTS", "throttled")),
    ("503", (503, "REC_SERVICE_UNAVAILABLE", "transient")),
]
KEEPING = [
    ("409", (409, "REC_CONFLICT", "duplicate")),
    ("kept-but-failed", (503, "REC_SERVICE_UNAVAILABLE", "transient")),
]


async def test_planned_mirrors_the_message_with_a_new_encounter() -> None:
    message = referral()
    async with practising() as (receiver, sender):
        answer = await sender.send(message)
        mirrored = answer.json()

    fhir(mirrored)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    assert mirrored["id"] == message["id"]
    theirs, ours = [
        one["resource"]
        for one in mirrored["entry"]
        if one["resource"]["resourceType"] == "Encounter"
    ]
    assert theirs["identifier"][0]["value"] == CASE
    assert ours["status"] == "planned"
    assert ours["identifier"][0]["value"] == receiver.referrals[0].opened.reference
    assert ours["subject"] == theirs["subject"]
    assert ours["episodeOfCare"] == theirs["episodeOfCare"]
    assert part(mirrored, "ServiceRequest")["id"] == receiver.referrals[0].opened.referral_id


async def test_only_the_receiver_gives_ids_but_the_encounter_keeps_the_senders() -> None:
    message = referral()
    async with practising() as (_receiver, sender):
        mirrored = (await sender.send(message)).json()
    ids = [one["resource"].get("id") for one in mirrored["entry"]]

    assert part(mirrored, "Encounter")["id"] == part(message, "Encounter")["id"]
    assert None not in ids[1:]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("mood", "expected"), REFUSING)
async def test_a_refusing_mood_keeps_nothing_and_a_repeat_is_taken(
    mood: str, expected: tuple[int, str, str]
) -> None:
    message = referral()
    async with practising() as (receiver, sender):
        receiver.play([mood])
        ids = sender.ids()
        first = await sender.send(message, ids)
        second = await sender.send(message, ids)

        assert issue(first) == expected
        assert second.status_code == 200
        assert [one.kept for one in receiver.messages] == [False, True]
        assert [one.answered for one in receiver.messages] == [expected[0], 200]
        assert receiver.effective == 1


@pytest.mark.parametrize(("mood", "expected"), KEEPING)
async def test_a_message_kept_behind_a_failure_is_a_duplicate_when_repeated(
    mood: str, expected: tuple[int, str, str]
) -> None:
    message = referral()
    async with practising() as (receiver, sender):
        receiver.play([mood])
        ids = sender.ids()
        first = await sender.send(message, ids)
        second = await sender.send(message, ids)

        assert issue(first) == expected
        assert issue(second) == (409, "REC_CONFLICT", "duplicate")
        assert [one.kept for one in receiver.messages] == [True, False]
        assert receiver.effective == 1


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (Step(Mood.TOO_MANY), "2"),
        (Step(Mood.TOO_MANY, retry_after_s=7), "7"),
        (Step(Mood.UNAVAILABLE, retry_after_s=3), "3"),
        (Step(Mood.UNAVAILABLE), None),
    ],
)
async def test_429_always_says_when_to_try_again(step: Step, found: str | None) -> None:
    async with practising(mood=step) as (_receiver, sender):
        answer = await sender.send(referral())

    assert answer.headers.get("retry-after") == found


async def test_a_slow_answer_comes_after_the_clients_patience_but_the_message_is_kept() -> None:
    message = referral()
    async with practising() as (receiver, sender):
        receiver.play([Step(Mood.SLOW, delay_s=60)])
        ids = sender.ids()
        sender.client.timeout = httpx.Timeout(0.5)
        with pytest.raises(httpx.ReadTimeout):
            await sender.send(message, ids)
        sender.client.timeout = httpx.Timeout(30)

        assert issue(await sender.send(message, ids))[0] == 409
        assert receiver.effective == 1


async def test_a_slow_answer_is_a_good_one_for_whoever_waits() -> None:
    async with practising(mood=Step(Mood.SLOW, delay_s=0.05)) as (_receiver, sender):
        answer = await sender.send(referral())

    assert answer.status_code == 200
    assert part(answer.json(), "MessageHeader")


async def test_an_answer_that_is_cut_off_ends_in_the_middle_and_the_message_is_kept() -> None:
    message = referral()
    async with practising() as (receiver, sender):
        receiver.play([Mood.CUT_OFF])
        ids = sender.ids()
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            await sender.send(message, ids)

        assert issue(await sender.send(message, ids))[0] == 409
        assert receiver.effective == 1


async def test_silence_lasts_until_the_client_gives_up_and_the_message_is_kept() -> None:
    message = referral()
    async with practising() as (receiver, sender):
        receiver.play([Mood.SILENCE])
        ids = sender.ids()
        sender.client.timeout = httpx.Timeout(0.5)
        with pytest.raises(httpx.ReadTimeout):
            await sender.send(message, ids)
        sender.client.timeout = httpx.Timeout(30)

        assert receiver.messages[0].answered is None
        assert receiver.messages[0].kept
        assert issue(await sender.send(message, ids))[0] == 409


async def test_whoever_waits_in_silence_is_let_go_when_the_receiver_stops() -> None:
    async with practising(mood=Step(Mood.SILENCE)) as (receiver, sender):
        waiting = asyncio.create_task(sender.send(referral()))
        await receiver.hears(1)
        await receiver.stop()

        assert (await waiting).status_code == 503


async def test_a_broken_answer_says_200_and_is_no_fhir() -> None:
    async with practising(mood=Step(Mood.BROKEN)) as (receiver, sender):
        answer = await sender.send(referral())

        assert answer.status_code == 200
        assert "resourceType" not in answer.json()
        assert receiver.effective == 1


@pytest.mark.parametrize("mood", list(Mood))
async def test_a_message_that_breaks_the_rules_is_kept_in_no_mood(mood: Mood) -> None:
    message = referral()
    del part(message, "ServiceRequest")["authoredOn"]
    async with practising(mood=Step(mood, delay_s=0)) as (receiver, sender):
        sender.client.timeout = httpx.Timeout(0.5 if mood is Mood.SILENCE else 30)
        try:
            answer = await sender.send(message)
        except (httpx.ReadTimeout, httpx.RemoteProtocolError):
            assert mood in (Mood.SILENCE, Mood.CUT_OFF)
        else:
            assert answer.status_code >= 400
        assert receiver.referrals == []
        assert not receiver.messages[0].kept


@pytest.mark.parametrize("mood", ["in-progress", "cancelled", "finished"])
async def test_what_is_said_later_begins_with_planned(mood: str) -> None:
    async with practising(mood=Step(Mood(mood), after_s=60)) as (_receiver, sender):
        answer = await sender.send(referral())
        encounters = [
            one["resource"]["status"]
            for one in answer.json()["entry"]
            if one["resource"]["resourceType"] == "Encounter"
        ]

    assert encounters == ["triaged", "planned"]


async def test_the_real_proxys_path_leads_to_the_same_service() -> None:
    message = referral()
    async with practising() as (_receiver, sender):
        ids = sender.ids()
        await sender.send(message, ids)
        again = await sender.client.post(
            f"/booking-and-referral{MESSAGE}", content=msgspec.json.encode(message), headers=ids
        )

    assert issue(again) == (409, "REC_CONFLICT", "duplicate")
