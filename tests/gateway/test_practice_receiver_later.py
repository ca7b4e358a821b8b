"""What the practice receiver says after its acknowledgement, posted to whoever referred."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from gateway.practice_receiver.courier import reply_address
from gateway.practice_receiver.headers import check_headers
from gateway.practice_receiver.moods import Mood, Step
from gateway.practice_receiver.structure import read_message
from gateway.web import Server, configured
from tests.gateway.practice_house import (
    SERVICE,
    Json,
    fhir,
    link,
    part,
    practising,
    referral,
    withdrawal,
)


@dataclass
class Home:
    """Whoever referred, listening for answers on loopback; `statuses` are given in turn."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    @property
    def answers(self) -> list[Json]:
        return [msgspec.json.decode(body) for body in self.bodies]

    async def take(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def at_home(*statuses: int) -> AsyncIterator[Home]:
    home = Home(list(statuses))
    app = FastAPI()
    app.add_api_route("/fhir/R4/$process-message", home.take, methods=["POST"])
    server = Server(configured(app, "127.0.0.1", 0))
    await server.begin()
    home.address = f"http://127.0.0.1:{server.port}/fhir/R4"
    try:
        yield home
    finally:
        await server.end()


def ours(answer: Json) -> Json:
    """Give the receiver's Encounter of an answer: what its MessageHeader is about."""
    (focus,) = part(answer, "MessageHeader")["focus"]
    found: Json = next(
        one["resource"] for one in answer["entry"] if one["fullUrl"] == focus["reference"]
    )
    return found


@pytest.mark.parametrize("category", ["validation", "referral"])
async def test_an_interim_answer_and_an_end_follow_the_acknowledgement(category: str) -> None:
    message = referral(category)
    async with at_home() as home, practising(answer_to=home.address) as (receiver, sender):
        receiver.set_mood("finished", after_s=0.01)
        acknowledged = (await sender.send(message)).json()
        said = await receiver.says(2)
        reference = receiver.referrals[0].opened.reference
    interim, end = home.answers

    assert [one.arrived for one in said] == [True, True]
    for answer in (interim, end):
        fhir(answer)
        read, found = read_message(msgspec.json.encode(answer))
        assert read is not None
        assert found.problems == []
        header = part(answer, "MessageHeader")
        assert header["eventCoding"]["code"] == "servicerequest-response"
        assert header["response"] == {"identifier": message["id"], "code": "ok"}
        assert header["source"]["endpoint"] == f"{SERVICE}|2000000001"
        assert header["destination"][0]["endpoint"] == f"{SERVICE}|2000000002"
        assert header["destination"][0]["receiver"] == link("centre")
        assert header["sender"] == link("team")
        assert ours(answer)["identifier"][0]["value"] == reference
        assert part(answer, "ServiceRequest")["id"] == part(acknowledged, "ServiceRequest")["id"]
    assert len({message["id"], interim["id"], end["id"]}) == 3
    assert [ours(one)["status"] for one in (interim, end)] == ["in-progress", "finished"]
    reasons = [part(one, "MessageHeader")["reason"]["coding"][0]["code"] for one in home.answers]
    assert reasons == ["new", "update"]


async def test_an_end_carries_the_outcome_in_codes_and_words() -> None:
    async with at_home() as home, practising(answer_to=home.address) as (receiver, sender):
        receiver.set_mood("planned", then=("finished",), after_s=0.01)
        await sender.send(referral())
        receiver.set_mood("planned", then=("finished",), after_s=0.01, action_needed=True)
        await sender.send(referral())
        await receiver.says(2)
    by_status = {part(answer, "CarePlan")["status"]: answer for answer in home.answers}
    concepts = part(by_status["completed"], "CarePlan")["activity"][0]["outcomeCodeableConcept"]

    assert set(by_status) == {"completed", "active"}
    assert [one["coding"][0]["code"] for one in concepts if "coding" in one] == ["C5", "PATLIFT"]
    assert [one["text"] for one in concepts if "text" in one]


async def test_a_rejection_says_why_and_makes_the_referral_ineffective() -> None:
    async with at_home() as home, practising(answer_to=home.address) as (receiver, sender):
        receiver.set_mood("cancelled", reason="RRNA", after_s=0.01)
        await sender.send(referral())
        await receiver.says(1)

        assert receiver.effective == 0
        assert receiver.referrals[0].answer == "cancelled"
    (answer,) = home.answers
    fhir(answer)
    (reason,) = ours(answer)["reasonCode"]
    assert ours(answer)["status"] == "cancelled"
    assert reason["coding"][0]["system"].endswith("/rejected-reasons-bars")
    assert reason["coding"][0]["code"] == "RRNA"
    assert reason["text"]


async def test_answers_carry_the_headers_of_bars_and_the_cases_correlation_id() -> None:
    async with (
        at_home() as home,
        practising(answer_to=home.address, answer_token="t-1") as (receiver, sender),
    ):
        receiver.set_mood("finished", after_s=0.01)
        await sender.send(referral())
        await receiver.says(2)
    first, second = home.headers

    for sent in (first, second):
        assert check_headers(sent, message=True).problems == []
        assert sent["authorization"] == "Bearer t-1"
        assert sent["x-correlation-id"] == sender.correlation_id
        target = msgspec.json.decode(base64.b64decode(sent["nhsd-target-identifier"]))
        assert target == {"system": SERVICE, "value": "2000000002"}
    assert first["x-request-id"] != second["x-request-id"]


async def test_an_answer_is_repeated_with_the_same_ids_until_it_is_taken() -> None:
    async with (
        at_home(503, 429, 200) as home,
        practising(answer_to=home.address, retry_s=0.01) as (receiver, sender),
    ):
        receiver.set_mood("in-progress", after_s=0.01)
        await sender.send(referral())
        (said,) = await receiver.says(1)

    assert (said.attempts, said.status, said.arrived) == (3, 200, True)
    assert len(set(home.bodies)) == 1
    assert len({sent["x-request-id"] for sent in home.headers}) == 1


@pytest.mark.parametrize(("status", "arrived"), [(409, True), (422, False), (401, False)])
async def test_an_answer_is_not_repeated_when_a_repeat_changes_nothing(
    status: int,
    arrived: bool,  # noqa: FBT001
) -> None:
    async with at_home(status) as home, practising(answer_to=home.address) as (receiver, sender):
        receiver.set_mood("in-progress", after_s=0.01)
        await sender.send(referral())
        (said,) = await receiver.says(1)
        listed = (await sender.client.get("/practice/answers")).json()["answers"]

    assert (said.attempts, said.status, said.arrived) == (1, status, arrived)
    assert listed[0]["status"] == status


async def test_nobody_at_home_is_listed_after_a_few_attempts() -> None:
    async with practising(answer_to="http://127.0.0.1:9", retry_s=0.001) as (receiver, sender):
        receiver.set_mood("in-progress", after_s=0.01)
        await sender.send(referral())
        (said,) = await receiver.says(1)

    assert (said.attempts, said.status) == (5, None)
    assert said.problem == "ConnectError"


async def test_an_endpoint_that_is_only_a_name_leads_nowhere_and_says_so() -> None:
    async with practising() as (receiver, sender):
        receiver.set_mood("in-progress", after_s=0.01)
        await sender.send(referral())
        (said,) = await receiver.says(1)
        page = await sender.client.get("/")

    assert (said.attempts, said.status) == (0, None)
    assert "--answer-to" in said.problem
    assert "--answer-to" in page.text


async def test_an_endpoint_that_is_an_address_is_answered() -> None:
    async with at_home() as home, practising() as (receiver, sender):
        receiver.set_mood("in-progress", after_s=0.01)
        await sender.send(referral(source=f"{home.address}|2000000002"))
        (said,) = await receiver.says(1)

    assert said.arrived
    assert len(home.bodies) == 1


async def test_a_withdrawn_referral_is_not_answered_any_more() -> None:
    async with at_home() as home, practising(answer_to=home.address) as (receiver, sender):
        receiver.play([Step(Mood.FINISHED, after_s=0.3)])
        await sender.send(referral())
        await sender.send(withdrawal())
        receiver.set_mood("in-progress", after_s=0.6)
        await sender.send(referral())
        (said,) = await receiver.says(1)

    assert said.referral_id == receiver.referrals[1].opened.referral_id
    assert len(home.bodies) == 1


@pytest.mark.parametrize(
    ("endpoint", "answer_to", "found"),
    [
        (f"{SERVICE}|1", None, ""),
        ("urn:x|1", None, ""),
        ("", None, ""),
        ("http://a.example/R4|1", None, "http://a.example/R4/$process-message"),
        (f"{SERVICE}|1", "http://b.example/R4/", "http://b.example/R4/$process-message"),
        ("", "http://b.example/$process-message", "http://b.example/$process-message"),
        ("", "b.example", ""),
        ("http://[|1", None, ""),
        ("http://a.example:x|1", None, ""),
        ("http://a.example\n/|1", None, ""),
    ],
)
def test_an_address_is_told_from_a_name(endpoint: str, answer_to: str | None, found: str) -> None:
    assert reply_address(endpoint, answer_to) == found
