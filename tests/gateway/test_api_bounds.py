"""Sizes, times and characters that are refused, and with what words."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx

from gateway.api.app import create_app
from gateway.api.edge import MAX_BODY_BYTES, Edge
from tests.gateway.api_house import V1, House

NAME = "Fictional Somebody"


async def test_a_body_above_the_bound_is_413_announced_or_not(house: House) -> None:
    alarm = await house.pressed()
    path = f"{V1}/alarms/{alarm['id']}/events"
    body = json.dumps({"do": "note", "text": "x" * MAX_BODY_BYTES}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 8_000):
            yield body[start : start + 8_000]

    announced = await house.call("operator", "POST", path, content=body)
    transport = httpx.ASGITransport(house.app)
    headers = {"Authorization": f"Bearer {house.tokens['operator']}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        streamed = await client.post(path, content=pieces(), headers=headers)

    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert answer.json()["what_next"] == "Send at most 64 KiB."


UNEXPECTED = [
    b"",
    b"{",
    b"[]",
    b"\xff\xfe",
    b'{"do": "dance"}',
    b'{"do": "note", "text": "a\\u0000b"}',
    b'{"do": "note", "text": "\\ud800"}',
    b'{"do": "note", "txt": "misspelt"}',
    b'{"do": "note"}',
    b'{"do": "call"}',
    b'{"do": "close", "reason": "felt like it"}',
    b'{"do": "decide", "disposition": "close"}',
    b'{"do": "withdraw"}',
    b'{"do": "stumble", "answers": {"E": 5}}',
    b'{"do": "answer", "question": "' + b"q" * 300 + b'", "answer": "yes"}',
]


async def test_what_is_not_as_expected_is_422_and_changes_nothing(house: House) -> None:
    alarm = await house.pressed()
    path = f"{V1}/alarms/{alarm['id']}/events"
    for content in UNEXPECTED:
        headers = {"Content-Type": "application/json"}
        answer = await house.call("operator", "POST", path, content=content, headers=headers)

        assert answer.status_code == 422, (content, answer.text)
        assert answer.json()["what_next"]
    assert (await house.get("operator", f"/alarms/{alarm['id']}"))["alarm"] == alarm


async def test_an_error_names_the_fields_and_never_repeats_what_was_sent(house: House) -> None:
    body = {
        "service": "icrs",
        "source": "gp",
        "person": {"name": NAME * 40, "born": NAME, "nhs_number": "9999999998", NAME: 1},
    }

    answer = await house.call(
        "operator", "POST", f"{V1}/referrals", body, headers={"Idempotency-Key": "call-0001"}
    )

    assert answer.status_code == 422
    detail = answer.json()["detail"]
    for field in ("person.NewPerson.name", "person.NewPerson.born", "check digit"):
        assert field in detail
    assert "Somebody" not in answer.text
    assert "9999999998" not in answer.text


WRONG = [
    ("/alarms/not-an-id", 422),
    ("/alarms?limit=0", 422),
    ("/alarms?limit=501", 422),
    ("/alarms?state=lost", 422),
    ("/referrals?service=%00", 422),
    ("/mdt?service=icrs&date=yesterday", 422),
    ("/mdt?service=nowhere", 404),
    ("/nothing/here", 404),
]


async def test_a_wrong_address_or_query_is_answered_in_words(house: House) -> None:
    for path, status in WRONG:
        answer = await house.call("supervisor", "GET", V1 + path)

        assert answer.status_code == status, path
        assert {"title", "status", "detail", "what_next"} <= set(answer.json())


async def test_a_request_that_hangs_is_ended_and_says_what_is_not_known(house: House) -> None:
    app = create_app(house.context, blind=lambda: False, table={("GET", "/slow"): None})

    async def slow() -> None:
        await asyncio.Event().wait()

    app.add_api_route("/slow", slow)
    transport = httpx.ASGITransport(Edge(app, request_s=0.05))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        answer = await client.get("/slow")

    assert answer.status_code == 503
    assert "not known what was kept" in answer.json()["detail"]
