"""Who may call what; what a stranger learns; how guessing is slowed down."""

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from prometheus_client import REGISTRY
from starlette.routing import Mount

from gateway.api import gate
from gateway.api.app import create_app
from gateway.api.auth import ROUTES
from gateway.errors import SettingsError
from gateway.keys import secret_sha256
from gateway.tokens import Role, new_token
from tests.databases import ORGANISATION
from tests.gateway.api_house import ELSEWHERE, GP_CALL, V1, House

SOME_ID = "5eed0000-0000-4000-8000-00000000dead"
WHO = {role: role.value for role in Role} | {
    Role.RESPONDER: "responder/icrs",
    Role.SERVICE: "service/icrs",
}
GUARDED = [(key, roles) for key, roles in ROUTES.items() if roles is not None]


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", SOME_ID, path)


async def test_every_route_stands_in_the_table_and_every_row_has_a_route(house: House) -> None:
    found: set[tuple[str, str]] = set()
    for route in house.app.routes:
        assert isinstance(route, APIRoute), route
        found.update((method, route.path) for method in route.methods or ())

    assert found == set(ROUTES)


async def test_a_route_without_a_row_is_denied_to_everybody(house: House) -> None:
    async def forgotten() -> str:
        return "secret"

    house.app.add_api_route("/forgotten", forgotten)
    mounted = create_app(house.context, blind=lambda: False, mounts=[Mount("/console", house.app)])

    denied = await house.call("supervisor", "GET", "/forgotten")
    house.app = mounted
    below = await house.call("supervisor", "GET", "/console/livez")

    assert denied.status_code == 403
    assert "secret" not in denied.text
    assert below.status_code == 403


async def test_a_route_lets_in_its_roles_and_nobody_else(house: House) -> None:
    assert len(GUARDED) > 15
    for (method, path), roles in GUARDED:
        without = await house.call(None, method, address(path))
        assert without.status_code == 401
        assert without.headers["www-authenticate"] == "Bearer"
        for role in Role:
            answer = await house.call(WHO[role], method, address(path))
            # An empty or wrong request of one who may is 404 or 422, never 401 or 403; the stream
            # is 503 here, where no console is served.
            may = answer.status_code in (200, 201, 303, 404, 422, 503)
            assert may is (role in roles), (path, role, answer.text)
            if role not in roles:
                assert answer.status_code == 403
                assert f"your role is {role.value}" in answer.text


async def test_who_may_not_is_told_so_before_the_body_is_read(house: House) -> None:
    answer = await house.call(
        "auditor", "POST", f"{V1}/alarms/{SOME_ID}/events", content=b"\x00not json"
    )

    assert answer.status_code == 403


async def test_what_is_no_token_of_ours_is_401(house: House) -> None:
    basic = "Basic b3BlcmF0b3I6"
    for header in ("", "Bearer", "Bearer ", "Bearer wrong", basic, "Bearer " + "x" * 5000):
        answer = await house.call(None, "GET", f"{V1}/alarms", headers={"Authorization": header})

        assert answer.status_code == 401, header
        assert answer.json()["what_next"]


async def test_an_ended_or_disabled_token_opens_nothing(house: House) -> None:
    ends = house.now + timedelta(hours=1)
    ending = await house.token(Role.OPERATOR, "night-1", expires_at=ends)
    headers = {"Authorization": f"Bearer {ending}"}
    before = await house.call(None, "GET", f"{V1}/alarms", headers=headers)
    house.later(hours=1)
    after = await house.call(None, "GET", f"{V1}/alarms", headers=headers)

    token = await house.sign_in("operator")
    await house.sql(
        "update api_token set disabled_at = %(now)s where sha256 = %(sha)s",
        now=house.now,
        sha=secret_sha256(token),
    )
    disabled = await house.call("operator", "GET", f"{V1}/alarms")

    assert [before.status_code, after.status_code, disabled.status_code] == [200, 401, 401]


async def test_guessing_is_slowed_down_and_colleagues_behind_the_address_work_on(
    house: House,
) -> None:
    async def attempt(token: str, source: str = "192.0.2.7") -> int:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await house.call(None, "GET", f"{V1}/alarms", headers=headers, address=source)
        return answer.status_code

    failed_before = count("lifeline_http_failed_logins_total")
    limited_before = count("lifeline_http_limited_logins_total")
    colleague = await house.sign_in("operator")
    newcomer = await house.sign_in("supervisor")
    assert await attempt(colleague) == 200

    statuses = [await attempt(f"guess-{number}") for number in range(12)]

    assert statuses == [401] * gate.FAILURES_PER_WINDOW + [429] * 2
    assert await attempt(colleague) == 200, "a token that proved itself there goes on"
    assert await attempt(newcomer) == 429, "a token not seen there before waits"
    assert await attempt(newcomer, source="192.0.2.8") == 200, "another address is not touched"
    assert count("lifeline_http_failed_logins_total") - failed_before == 10
    assert count("lifeline_http_limited_logins_total") - limited_before == 3
    house.later(seconds=61)
    assert await attempt(newcomer) == 200
    assert await attempt("guess-again") == 401


async def test_the_list_of_addresses_is_bounded(house: House) -> None:
    logins = gate.FailedLogins()
    for number in range(gate.MAX_ADDRESSES + 5):
        logins.failed(f"address-{number}", b"", house.now)

    assert len(logins._addresses) == gate.MAX_ADDRESSES
    assert "address-0" not in logins._addresses


async def test_another_organisations_records_do_not_exist(house: House) -> None:
    referral = await house.referred()
    alarm = referral["alarm"]
    house.tokens["far"] = await house.token(Role.SUPERVISOR, "far-1", organisation=ELSEWHERE)

    for method, path in [
        ("GET", f"/alarms/{alarm}"),
        ("GET", f"/referrals/{referral['id']}"),
        ("GET", "/mdt?service=icrs"),
    ]:
        answer = await house.call("far", method, V1 + path)
        assert answer.status_code == 404, path
    for path, body in [
        (f"/alarms/{alarm}/events", {"do": "take"}),
        (f"/referrals/{referral['id']}/accept", {}),
        (f"/referrals/{referral['id']}/confirm", {}),
        ("/referrals", GP_CALL),
    ]:
        answer = await house.call(
            "far", "POST", V1 + path, body, headers={"Idempotency-Key": "call-0001"}
        )
        assert answer.status_code == 404, path
    assert (await house.get("far", "/alarms"))["alarms"] == []
    assert (await house.get("far", "/referrals"))["referrals"] == []
    assert (await house.get("far", "/tasks"))["tasks"] == []
    assert [one["id"] for one in (await house.get("far", "/services"))["services"]] == ["far"]


async def test_a_responder_sees_its_own_service_only(house: House) -> None:
    await house.sql(
        "insert into service (organisation_id, id, name, kind)"
        " values (%(organisation)s, 'other', 'Other', 'UCR')",
        organisation=ORGANISATION,
    )
    referral = await house.referred()
    other = "responder/other"

    assert (await house.get(other, "/referrals"))["referrals"] == []
    assert (await house.get(other, "/tasks"))["tasks"] == []
    for path in ("/referrals?service=icrs", f"/referrals/{referral['id']}", "/mdt?service=icrs"):
        assert (await house.call(other, "GET", V1 + path)).status_code == 404, path
    seen = await house.call(other, "POST", f"{V1}/referrals/{referral['id']}/seen", {})
    assert seen.status_code == 404
    inbound = await house.call(
        other, "POST", f"{V1}/referrals", GP_CALL, headers={"Idempotency-Key": "call-0001"}
    )
    assert inbound.status_code == 404
    services = await house.get(other, "/services")
    assert [one["id"] for one in services["services"]] == ["other"]


async def test_a_token_is_stored_as_its_digest_only(house: House) -> None:
    token = await house.sign_in("responder/icrs")
    stored = await house.sql("select * from api_token")

    assert [bytes(one.sha256) for one in stored] == [secret_sha256(token)]
    assert stored[0].role == "responder"
    assert stored[0].service_id == "icrs"
    assert token not in str(stored)


async def test_a_token_that_makes_no_sense_is_not_made(house: House) -> None:
    senseless: list[tuple[dict[str, Any], str]] = [
        ({"role": Role.RESPONDER}, "needs --service"),
        ({"role": Role.OPERATOR, "service_id": "icrs"}, "no other role takes one"),
        ({"role": Role.RESPONDER, "service_id": "nowhere"}, "no service nowhere"),
        ({"name": "Dr Fictional Name"}, "A-Z a-z 0-9"),
        ({"expires_at": house.now - timedelta(seconds=1)}, "before now"),
    ]
    for given, words in senseless:
        wanted: dict[str, Any] = {
            "organisation_id": ORGANISATION,
            "name": "desk-1",
            "role": Role.OPERATOR,
            "service_id": None,
            "now": house.now,
            **given,
        }
        with pytest.raises(SettingsError, match=words):
            await new_token(house.context.sessions, **wanted)
    assert await house.sql("select name from api_token") == []
