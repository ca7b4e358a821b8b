"""Answers of services: once, from the right service, in FHIR's own words."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from alerts.referral.bars_case import Change, bundle_id
from alerts.words import OperatorAct
from gateway.api.auth import FHIR_R4
from gateway.bars_settings import BarsEndpoint
from gateway.practice_receiver.moods import Mood
from gateway.settings import Settings
from tests.gateway.api_house import ELSEWHERE, House
from tests.gateway.bars_house import BarsHouse, World, referred
from tests.gateway.bars_keys import endpoint

PATH = f"{FHIR_R4}/$process-message"
SERVICE = "service/icrs"


def answer(to: str, status: str, **more: Any) -> dict[str, Any]:
    """Make the smallest answer to a message."""
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"code": "servicerequest-response"},
        "response": {"identifier": to, "code": "ok"},
    }
    encounter = {"resourceType": "Encounter", "id": "e-1", "status": status, **more}
    entries = [{"resource": one} for one in (header, encounter)]
    return {"resourceType": "Bundle", "id": str(uuid4()), "type": "message", "entry": entries}


async def post(house: BarsHouse, body: Any, token: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token or house.token}"}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{house.web}{PATH}", json=body, headers=headers)


async def opened(world: World) -> tuple[BarsHouse, str]:
    """Give a house whose referral was delivered, and the id of the message that did it."""
    house = await referred(world, Mood.PLANNED)
    (found,) = await house.sql("select id::text from referral")
    return house, bundle_id(found.id, Change.NEW, 0)


def issue(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/fhir+json"
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    (found,) = body["issue"]
    return dict(found)


def code(response: httpx.Response) -> str:
    return str(issue(response)["details"]["coding"][0]["code"])


async def faults(house: BarsHouse | House) -> str:
    found = await house.sql("select body::text as body from inbox where what = 'heard'")
    return "".join(one.body for one in found)


async def test_twice_is_once(world: World) -> None:
    house, to = await opened(world)
    said = answer(to, "in-progress")
    first, again = await post(house, said), await post(house, said)

    assert (first.status_code, again.status_code) == (200, 409)
    assert issue(again)["code"] == "duplicate"
    accepted = await house.sql(
        "select 1 from decision where entry::text like '%\"accept\"%' and what = 'nothing'"
    )
    assert len(accepted) == 1


async def test_another_answer_to_the_same_referral_is_taken(world: World) -> None:
    house, to = await opened(world)
    statuses = [
        (await post(house, answer(to, status))).status_code
        for status in ("planned", "in-progress", "finished")
    ]

    assert statuses == [200, 200, 200]
    assert await house.state() == "closed"


async def test_an_answer_is_found_by_our_case_number_too(world: World) -> None:
    house, _ = await opened(world)
    (found,) = await house.sql("select id::text from referral")
    number = {"system": "urn:lifeline-gateway:referral", "value": found.id}
    taken = await post(house, answer(str(uuid4()), "in-progress", identifier=[number]))

    assert (taken.status_code, await house.state()) == (200, "accepted")


async def test_an_answer_to_nothing_of_ours_is_404_and_told_to_a_person(world: World) -> None:
    house, _ = await opened(world)
    unknown = await post(house, answer(str(uuid4()), "cancelled"))

    assert (unknown.status_code, code(unknown)) == (404, "REC_NOT_FOUND")
    assert "bars_answer_unknown_referral" in await faults(house)
    assert await house.state() == "received"


async def test_an_unknown_answer_may_be_sent_again_when_it_is_known(world: World) -> None:
    house, to = await opened(world)
    said = answer(to, "cancelled")
    await house.sql("update receipt set line = 'hidden' where line = 'bars-out'")
    early = await post(house, said)
    await house.sql("update receipt set line = 'bars-out' where line = 'hidden'")
    late = await post(house, said)

    assert (early.status_code, late.status_code) == (404, 200)
    assert await house.state() == "rejected"


async def test_what_is_not_understood_is_422_and_told_to_a_person(world: World) -> None:
    house, to = await opened(world)
    bodies: list[Any] = [answer(to, "unheard-of"), {"resourceType": "Patient"}, [], None, "x"]
    for body in bodies:
        refused = await post(house, body)
        assert (refused.status_code, code(refused)) == (422, "REC_UNPROCESSABLE_ENTITY")

    assert "bars_answer_not_understood" in await faults(house)
    assert (await post(house, answer(to, "in-progress"))).status_code == 200


async def test_a_time_that_cannot_be_true_is_not_believed(world: World) -> None:
    house, to = await opened(world)
    tomorrow = (house.now + timedelta(days=1)).isoformat()
    await post(house, answer(to, "in-progress", period={"start": tomorrow}))
    (found,) = await house.sql("select accepted_at from referral")

    assert found.accepted_at <= house.now


async def test_only_a_service_may_answer_and_only_for_itself(house: House) -> None:
    for who in (None, "operator", "responder/icrs", "supervisor"):
        refused = await house.call(who, "POST", PATH, {})
        assert refused.status_code == (401 if who is None else 403)
        assert issue(refused)["diagnostics"]
    assert (await house.call("service/icrs", "GET", "/api/v1/services")).status_code == 403


async def test_another_organisations_service_of_the_same_name_changes_nothing(
    world: World,
) -> None:
    house, to = await opened(world)
    await house.sql(
        "insert into organisation (id, name, created_at) values (%(id)s, 'Elsewhere', now())",
        id=ELSEWHERE,
    )
    await house.sql(
        "insert into service (organisation_id, id, name, kind)"
        " values (%(id)s, 'icrs', 'Same name', 'UCR')",
        id=ELSEWHERE,
    )
    stranger = await world.token(ELSEWHERE)
    refused = await post(house, answer(to, "cancelled"), stranger)

    assert (refused.status_code, await house.state()) == (404, "received")


async def test_a_body_that_is_too_long_is_refused_in_fhirs_words(house: House) -> None:
    long = await house.call(SERVICE, "POST", PATH, {"x": "y" * 70_000})

    assert (long.status_code, code(long)) == (413, "REC_TOO_LARGE")


async def test_a_rejection_after_the_person_has_phoned_is_still_recorded(world: World) -> None:
    house, to = await opened(world)
    house.later(16 * 60)
    await house.tick()
    assert await house.state() == "breached"
    late = await post(house, answer(to, "in-progress"))

    assert (late.status_code, await house.state()) == (200, "accepted")
    assert await house.phone_tasks() == []


async def test_a_rejection_of_a_withdrawn_referral_is_a_warning(world: World) -> None:
    house, to = await opened(world)
    await house.operator(OperatorAct.TAKE)
    await house.operator(OperatorAct.WITHDRAW, reason="an accident")
    late = await post(house, answer(to, "in-progress"))

    assert (late.status_code, issue(late)["severity"]) == (200, "warning")
    assert "bars_answer_too_late" in await faults(house)


@pytest.fixture
def behind_proxy(house: House) -> House:
    """Let the proxy of this machine name certificates."""
    known: dict[str, BarsEndpoint] = {"icrs": endpoint("http://127.0.0.1:1", peer="aa:bb")}
    settings = Settings(
        state_dir=house.context.settings.state_dir, bars=known, bars_peer_header="X-Client-Cert"
    )
    object.__setattr__(house.context, "settings", settings)
    return house


@pytest.mark.parametrize(
    ("header", "address", "status"),
    [
        ({"X-Client-Cert": "aa:bb"}, "127.0.0.1", 422),
        ({"X-Client-Cert": "aa:bb"}, "192.0.2.7", 401),
        ({"X-Client-Cert": "aa:bc"}, "127.0.0.1", 401),
        ({"X-Client-Cert": ""}, "127.0.0.1", 401),
        ({}, "127.0.0.1", 401),
    ],
)
async def test_a_certificate_counts_only_from_the_proxy(
    behind_proxy: House, header: dict[str, str], address: str, status: int
) -> None:
    found = await behind_proxy.call(None, "POST", PATH, {}, headers=header, address=address)
    other = await behind_proxy.call(None, "GET", "/api/v1/services", headers=header)

    assert found.status_code == status
    assert other.status_code == 401


async def test_without_the_setting_no_header_is_believed(house: House) -> None:
    found = await house.call(None, "POST", PATH, {}, headers={"X-Client-Cert": "aa:bb"})

    assert found.status_code == 401
