"""Services that answer otherwise than expected: nothing is believed that was not said."""

import json
from typing import Any
from uuid import UUID

import pytest

from alerts.referral.bars_case import Change, bundle_id, encounter_id
from alerts.words import OperatorAct
from gateway.senders.bars_http import MAX_ANSWER_BYTES
from tests.gateway.bars_house import BarsHouse, World
from tests.gateway.small_server import scripted

ELSEWHERE = "5eed0000-0000-4000-8000-000000000002"


def answer(status: str, to: str, request_id: str = "") -> dict[str, Any]:
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"code": "servicerequest-response"},
        "response": {"identifier": to, "code": "ok"},
    }
    encounter = {"resourceType": "Encounter", "id": "e-1", "status": status}
    resources = [header, encounter]
    if request_id:
        resources.append({"resourceType": "ServiceRequest", "id": request_id})
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}


async def withdrawn(house: BarsHouse) -> None:
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.WITHDRAW, reason="an accident")
    await house.work()


async def pressed(world: World, address: str, **fields: Any) -> tuple[BarsHouse, UUID]:
    house = await world.house(endpoint_fields={"url": address, **fields})
    return house, await house.press()


@pytest.mark.parametrize(
    ("status", "state"),
    [("in-progress", "accepted"), ("cancelled", "rejected"), ("finished", "closed")],
)
async def test_an_answer_that_says_more_at_once_is_taken_at_once(
    world: World, status: str, state: str
) -> None:
    answers: list[tuple[int, Any]] = []
    async with scripted(answers) as server:
        house, referral = await pressed(world, server.address)
        answers.append((200, answer(status, bundle_id(str(referral), Change.NEW, 0))))
        await house.work()

    assert await house.state() == state
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        answer("planned", "5eed0000-0000-4000-8000-00000000dead"),
        {"resourceType": "OperationOutcome"},
        b"<html>",
        b"[" * 100_000,
        b"x" * (MAX_ANSWER_BYTES + 1),
        b"",
    ],
    ids=["another's", "no bundle", "no json", "deep", "long", "empty"],
)
async def test_a_success_that_says_nothing_reliable_is_tried_again_and_told(
    world: World, body: Any
) -> None:
    async with scripted([(200, body)]) as server:
        house, _ = await pressed(world, server.address)
        await house.work(stride=20)

    assert len(server.asked) > 2
    assert len(set(server.bodies)) == 1
    (task,) = await house.phone_tasks()
    assert "its answer cannot be understood (HTTP 200)" in task


@pytest.mark.parametrize("status", ["completed", "revoked", "entered-in-error"])
async def test_what_the_service_has_ended_is_not_withdrawn_again(world: World, status: str) -> None:
    answers: list[tuple[int, Any]] = []
    async with scripted(answers) as server:
        house, referral = await pressed(world, server.address)
        to = bundle_id(str(referral), Change.NEW, 0)
        answers.append((200, answer("planned", to, "sr-1")))
        answers.append((200, {"resourceType": "ServiceRequest", "id": "sr-1", "status": status}))
        await house.work()
        await withdrawn(house)

    assert server.asked == ["POST /$process-message", "GET /ServiceRequest/sr-1"]
    assert await house.phone_tasks() == []


async def test_a_referral_the_service_no_longer_knows_is_withdrawn_by_telephone(
    world: World,
) -> None:
    answers: list[tuple[int, Any]] = []
    system = "https://fhir.nhs.uk/CodeSystem/http-error-codes"
    details = {"coding": [{"system": system, "code": "REC_NOT_FOUND"}]}
    gone = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "not-found", "details": details}],
    }
    async with scripted(answers) as server:
        house, referral = await pressed(world, server.address)
        to = bundle_id(str(referral), Change.NEW, 0)
        answers.extend([(200, answer("planned", to, "sr-1")), (404, gone)])
        await house.work()
        await withdrawn(house)

    (task,) = await house.phone_tasks()
    assert "The withdrawal of the referral was not delivered: The service has no such" in task


async def test_a_search_takes_only_what_names_our_own_encounter(world: World) -> None:
    """Another referrer's request for the same person must never be withdrawn by us."""
    answers: list[tuple[int, Any]] = []
    duplicate = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "code": "duplicate",
                "details": {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/Codesystem/http-error-codes",
                            "code": "REC_CONFLICT",
                        }
                    ]
                },
            }
        ],
    }
    async with scripted(answers) as server:
        house, referral = await pressed(world, server.address)
        ours = encounter_id(str(referral))
        found = [
            {"id": "a-gps", "status": "active", "encounter": {"reference": "Encounter/other"}},
            {"id": "ours", "status": "active", "encounter": {"reference": f"Encounter/{ours}"}},
        ]
        entries = [{"resource": {"resourceType": "ServiceRequest", **one}} for one in found]
        answers.extend(
            [
                (409, duplicate),
                (200, {"resourceType": "Bundle", "type": "searchset", "entry": entries}),
                (200, answer("cancelled", "")),
            ]
        )
        await house.work()
        await withdrawn(house)

    sent = json.loads(server.bodies[-1])
    (request,) = [
        entry["resource"]
        for entry in sent["entry"]
        if entry["resource"]["resourceType"] == "ServiceRequest"
    ]
    assert (request["id"], request["status"]) == ("ours", "revoked")
    assert server.asked[1] == (
        "GET /ServiceRequest?patient:identifier="
        "https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9476719931"
    )


async def test_another_organisations_endpoint_is_not_used(world: World) -> None:
    async with scripted([(200, {})]) as server:
        house, _ = await pressed(world, server.address, organisation=ELSEWHERE)
        await house.dispatcher.once()

    assert server.asked == []
    (task,) = await house.phone_tasks()
    assert "No electronic address is set up" in task
