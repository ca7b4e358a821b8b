"""Generated: every route x every role x own and other organisation answers as the table says.

Each row of auth.ROUTES is asked by a token and, as a person, by a signed-in browser of every role,
with the ids of records of their own organisation and of another one. A route that stands in no row
fails (test_api_auth.py), and so does one whose path has a parameter that nobody gave ids for.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.api.auth import ROUTES, V1, Roles
from gateway.tokens import OF_A_SERVICE, Role, new_token
from tests.databases import ORGANISATION
from tests.gateway.access_house import Browser, account, browser
from tests.gateway.api_house import ELSEWHERE, ICRS, WC, House

PEOPLE = tuple(role for role in Role if role is not Role.SERVICE)
FORBIDDEN = (401, 403)
# Parameters that name no record of an organisation: one value serves both.
PLAIN = {"release": "none", "path": "base.css", "form": "note", "about": str(uuid4()),
         "language": "en", "ward_id": "no-ward"}  # fmt: skip
# Routes that never end, or that end the sign-in they are asked with.
NOT_ASKED_IN_TURN = {("GET", "/console/stream"), ("POST", "/sign-out")}
GUARDED = sorted(
    (key, roles) for key, roles in ROUTES.items() if roles is not None and key[0] != "*"
)
HEADERS = {"Idempotency-Key": "every-route-0001"}


@dataclass
class Town:
    """Two organisations with a record of each sort, and somebody of every role in both."""

    house: House
    own: dict[str, str]
    other: dict[str, str]
    tokens: dict[tuple[str, Role], str] = field(default_factory=dict)

    async def by_token(self, where: str, role: Role, method: str, path: str) -> httpx.Response:
        headers = {**HEADERS, "Authorization": f"Bearer {self.tokens[where, role]}"}
        body: Any = None if method == "GET" else {}
        return await self.house.call(None, method, path, body, headers=headers)


async def town_of(house: House) -> Town:
    referral = await house.referred()
    await house.call(ICRS, "POST", f"{V1}/referrals/{referral['id']}/accept", {})
    (task,) = await house.sql(
        "insert into task (id, organisation_id, subject_id, kind, state, made_at, record)"
        " select gen_random_uuid(), organisation_id, subject_id, 'call_patient', 'open', made_at,"
        " jsonb_build_object('id', gen_random_uuid(), 'kind', 'call_patient', 'state', 'open',"
        " 'made_at', made_at) from referral limit 1 returning id::text"
    )
    own = {
        "alarm_id": referral["alarm"],
        "referral_id": referral["id"],
        "person_id": str(WC),
        "service_id": "icrs",
        "task_id": task.id,
        "line": "mqtt-main",
        "device": "17",
    }
    town = Town(house, own, dict(own))
    for where, organisation, service in (
        ("own", ORGANISATION, "icrs"),
        ("other", ELSEWHERE, "far"),
    ):
        for role in Role:
            town.tokens[where, role] = await new_token(
                house.context.sessions,
                organisation_id=organisation,
                name=f"{where}-{role.value}",
                role=role,
                service_id=service if role in OF_A_SERVICE else None,
                now=house.now,
            )
    return town


def filled(path: str, ids: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        known = {**PLAIN, **ids}
        assert name in known, f"say in this test which records {{{name}}} of {path} names"
        return known[name]

    return re.sub(r"\{([^}]+)\}", value, path)


def names_a_record(path: str) -> bool:
    names = {name.partition(":")[0] for name in re.findall(r"\{([^}]+)\}", path)}
    return bool(names - PLAIN.keys())


async def test_every_route_answers_every_role_as_the_table_says(house: House) -> None:
    assert len(GUARDED) > 30
    town = await town_of(house)
    for (method, path), roles in GUARDED:
        if (method, path) in NOT_ASKED_IN_TURN:
            continue
        for role in Role:
            own = await town.by_token("own", role, method, filled(path, town.own))
            check(own, roles, role, (method, path))
            other = await town.by_token("other", role, method, filled(path, town.other))
            check(other, roles, role, (method, path))
            if role in roles:
                assert_nothing_of(other, town.own, (method, path, role))
                if names_a_record(path):
                    assert other.status_code in (404, 422), (method, path, role, other.text)
    await nothing_was_changed_from_elsewhere(house)


def check(answer: httpx.Response, roles: Roles, role: Role, asked: object) -> None:
    assert answer.status_code < 500, (asked, role, answer.text)
    may = answer.status_code not in FORBIDDEN
    assert may is (role in roles), (asked, role, answer.status_code, answer.text)


def assert_nothing_of(answer: httpx.Response, ids: dict[str, str], asked: object) -> None:
    """Nobody of the other organisation is told of a record of ours, by no list and no page."""
    asked_for = str(answer.request.url)
    for name, value in ids.items():
        if name.endswith("_id") and name != "service_id" and value not in asked_for:
            assert value not in answer.text, (asked, name)


async def nothing_was_changed_from_elsewhere(house: House) -> None:
    found = await house.sql(
        "select actor, act from audit where actor like '%%other-%%'"
        " and organisation_id <> %(elsewhere)s",
        elsewhere=ELSEWHERE,
    )
    assert found == []


@pytest.mark.parametrize("role", PEOPLE, ids=lambda role: role.value)
async def test_a_signed_in_browser_may_what_the_table_says(house: House, role: Role) -> None:
    town = await town_of(house)
    await account(house, "person", role, service="icrs" if role in OF_A_SERVICE else None)
    at: Browser = await browser(house, "person")
    for (method, path), roles in GUARDED:
        if (method, path) in NOT_ASKED_IN_TURN:
            continue
        body: Any = None if method == "GET" else {}
        answer = await at.ask(method, filled(path, town.own), json=body, headers=HEADERS)
        if path == "/sign-in/again":
            assert answer.status_code == 401, "an empty password"
            continue
        check(answer, roles, role, (method, path))
        if method != "GET":
            forged = await at.ask(
                method, filled(path, town.own), json=body, headers=HEADERS, with_csrf=False
            )
            assert forged.status_code == 403, (method, path)


async def test_without_a_sign_in_only_the_open_routes_answer(house: House) -> None:
    town = await town_of(house)
    for (method, path), roles in sorted(ROUTES.items(), key=lambda one: one[0]):
        if method == "*":
            continue
        answer = await house.call(None, method, filled(path, town.own), headers=HEADERS)
        if roles is None:
            assert answer.status_code != 403, (method, path)
        else:
            assert answer.status_code == 401, (method, path)
