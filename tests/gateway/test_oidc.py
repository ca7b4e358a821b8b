"""Signing in at an identity provider: a real one on loopback, and one that lies."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.access.accounts import NewAccount
from gateway.access.oidc_flow import FLOW_FOR
from gateway.errors import SettingsError
from gateway.settings import Settings, load
from gateway.tokens import Role
from tests.gateway.access_house import PASSWORD, Browser, account, accounts
from tests.gateway.api_house import V1, House, audited, build_house
from tests.gateway.oidc_house import BACK, CLIENT, SECRET, Provider, served


@dataclass
class Hospital:
    """A gateway whose people sign in at a provider, and the provider."""

    house: House
    provider: Provider
    trust: ssl.SSLContext

    async def go(self, at: Browser, path: str = "/sign-in/provider") -> tuple[str, str]:
        """Send a browser to the provider and let its person sign in; give where it comes back."""
        there = await at.ask("GET", path, with_csrf=False)
        assert there.status_code == 303, there.text
        self.provider.now_s = self.house.now.timestamp()
        flow = there.headers["set-cookie"].partition(";")[0]
        assert "SameSite=Lax" in there.headers["set-cookie"]
        async with httpx.AsyncClient(verify=self.trust, trust_env=False) as client:
            back = await client.get(there.headers["location"])
        assert back.status_code == 303
        return str(back.headers["location"]), flow

    async def back(self, at: Browser, location: str, flow: str) -> httpx.Response:
        """Bring the browser back: from another site, so without its strict cookie."""
        parts = urlsplit(location)
        assert location.startswith(BACK)
        headers = {"Cookie": flow, "Origin": "", "Sec-Fetch-Site": "cross-site"}
        return await at.ask("GET", f"{parts.path}?{parts.query}", headers=headers, with_csrf=False)

    async def sign_in(self, at: Browser, path: str = "/sign-in/provider") -> httpx.Response:
        return await self.back(at, *await self.go(at, path))


@pytest.fixture
async def hospital(house: House, tmp_path: Path) -> AsyncIterator[Hospital]:
    async with AsyncExitStack() as stack:
        provider, roots = await stack.enter_async_context(served(tmp_path))
        (tmp_path / "secret").write_text(SECRET + "\n")
        settings = Settings(
            state_dir=tmp_path,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT,
            oidc_client_secret_file=tmp_path / "secret",
            oidc_redirect_url=BACK,
            oidc_ca_file=roots,
        )
        context = replace(house.context, settings=settings)
        made = build_house(context, house.clock, house.session)
        trust = ssl.create_default_context(cafile=roots)
        await account(made, "anna", Role.OPERATOR, subject="sub-anna")
        yield Hospital(made, provider, trust)


async def test_whom_the_provider_proves_is_signed_in_with_the_roles_kept_here(
    hospital: Hospital,
) -> None:
    anna = Browser(hospital.house, tls=True)
    answer = await hospital.sign_in(anna, "/sign-in/provider?next=/console/search")
    me = (await anna.ask("GET", f"{V1}/me")).json()

    assert answer.status_code == 200, answer.text
    assert 'content="0;url=/console/search"' in answer.text
    assert (me["name"], me["roles"]) == ("anna", ["operator"])
    assert "__Host-lifeline=" in answer.headers["set-cookie"]
    assert [actor for actor, _ in await audited(hospital.house, "signed_in")] == ["account:anna"]


async def test_who_signs_in_at_the_provider_has_no_password_to_change(hospital: Hospital) -> None:
    made = NewAccount("bea", "Display bea", frozenset({Role.MANAGER}), subject="sub-bea")
    assert await accounts(hospital.house).add(made, None) is None
    hospital.provider.person = "sub-bea"
    bea = Browser(hospital.house, tls=True)
    await hospital.sign_in(bea)

    assert (await bea.ask("GET", f"{V1}/alarms")).status_code == 200
    assert (await Browser(hospital.house).sign_in("bea", "")).status_code == 401


async def test_whom_nobody_gave_an_account_is_let_in_nowhere(hospital: Hospital) -> None:
    hospital.provider.person = "sub-stranger"
    at = Browser(hospital.house, tls=True)
    answer = await hospital.sign_in(at)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?why=denied")
    assert not at.cookie


LIES: list[dict[str, Any]] = [
    {"claims": {"nonce": "another"}},
    {"claims": {"nonce": None}},
    {"claims": {"aud": "another program"}},
    {"claims": {"aud": [CLIENT, "other"], "azp": "other"}},
    {"claims": {"iss": "https://evil.example"}},
    {"claims": {"exp": 1_000_000_000}},
    {"claims": {"iat": 9_000_000_000, "exp": 9_000_000_300}},
    {"claims": {"exp": "soon"}},
    {"claims": {"exp": None}},
    {"claims": {"sub": None}},
    {"wrong_key": True},
    {"kid": "unheard of"},
    {"algorithm": "HS256"},
    {"algorithm": "none"},
    {"says_no": True},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
async def test_a_return_that_proves_nothing_lets_nobody_in(
    hospital: Hospital, lie: dict[str, Any]
) -> None:
    at = Browser(hospital.house, tls=True)
    location, flow = "", ""
    for name, value in lie.items():
        if name != "kid":
            setattr(hospital.provider, name, value)
    location, flow = await hospital.go(at)
    if "kid" in lie:
        hospital.provider.kid = lie["kid"]
    answer = await hospital.back(at, location, flow)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?why=provider")
    assert not at.cookie


async def test_a_return_counts_once_in_its_own_browser_and_for_ten_minutes(
    hospital: Hospital,
) -> None:
    mine, other = Browser(hospital.house, tls=True), Browser(hospital.house, tls=True)
    location, flow = await hospital.go(mine)
    _, others_flow = await hospital.go(other)
    refused = [
        await hospital.back(other, location, others_flow),
        await hospital.back(other, location, ""),
        await hospital.back(other, location, flow + "0"),
        await hospital.back(mine, location.replace("code=", "code=x"), flow),
    ]
    assert {one.headers["location"] for one in refused} == {"/sign-in?why=provider"}
    assert (await hospital.back(mine, location, flow)).status_code == 200
    again = await hospital.back(mine, location, flow)
    assert again.status_code == 303, "a code counts once"

    location, flow = await hospital.go(other)
    hospital.house.later(seconds=FLOW_FOR.total_seconds())
    late = await hospital.back(other, location, flow)
    assert late.headers["location"] == "/sign-in?why=provider"


async def test_on_duty_proof_again_keeps_the_sign_in_and_its_cookie(hospital: Hospital) -> None:
    house = hospital.house
    anna = Browser(house, tls=True)
    await hospital.sign_in(anna)
    cookie = anna.cookie
    await house.sql("update sign_in set on_duty_since = created_at")
    for _ in range(13):
        house.later(hours=1)
        due = (await anna.ask("GET", f"{V1}/me")).json()
    again = await hospital.sign_in(anna, "/sign-in/provider?next=/console")
    after = (await anna.ask("GET", f"{V1}/me")).json()

    assert due["password_due"] is True
    assert again.status_code == 200, again.headers
    assert anna.cookie == cookie
    assert after["password_due"] is False
    assert after["on_duty_since"] == due["on_duty_since"]
    assert len(await house.sql("select from sign_in")) == 1


async def test_with_a_provider_passwords_are_for_emergencies_only_and_those_are_loud(
    hospital: Hospital,
) -> None:
    await account(hospital.house, "glass", Role.SUPERVISOR, break_glass=True)
    anna = await Browser(hospital.house).sign_in("anna", PASSWORD)
    glass = await Browser(hospital.house).sign_in("glass", PASSWORD)

    assert (anna.status_code, anna.json()["reason"]) == (403, "elsewhere")
    assert glass.status_code == 200
    assert len(await audited(hospital.house, "break_glass_signed_in")) == 1
    assert len(await hospital.house.sql("select from inbox")) == 1


async def test_when_the_provider_is_away_the_page_says_so_and_emergencies_work(
    hospital: Hospital,
) -> None:
    hospital.provider.is_down = True
    await account(hospital.house, "glass", Role.SUPERVISOR, break_glass=True)
    away = await Browser(hospital.house).ask("GET", "/sign-in/provider")
    glass = await Browser(hospital.house).sign_in("glass", PASSWORD)

    assert (away.status_code, away.headers["location"]) == (303, "/sign-in?why=provider")
    assert glass.status_code == 200


async def test_changed_keys_are_fetched_and_the_description_is_kept_an_hour(
    hospital: Hospital,
) -> None:
    await hospital.sign_in(Browser(hospital.house, tls=True))
    hospital.house.later(seconds=31)
    hospital.provider.change_keys()
    assert (await hospital.sign_in(Browser(hospital.house, tls=True))).status_code == 200
    assert hospital.provider.asked == ["discovery"] * 2
    assert (await hospital.sign_in(Browser(hospital.house, tls=True))).status_code == 200
    assert len(hospital.provider.asked) == 2
    hospital.house.later(hours=2)
    assert (await hospital.sign_in(Browser(hospital.house, tls=True))).status_code == 200
    assert len(hospital.provider.asked) == 3


async def test_a_provider_whose_certificate_nobody_signed_is_not_spoken_to(
    hospital: Hospital,
) -> None:
    settings = hospital.house.context.settings.model_copy(update={"oidc_ca_file": None})
    context = replace(hospital.house.context, settings=settings)
    house = build_house(context, hospital.house.clock, hospital.house.session)
    answer = await Browser(house).ask("GET", "/sign-in/provider")

    assert answer.headers["location"] == "/sign-in?why=provider"
    assert hospital.provider.asked == []


async def test_without_a_provider_there_is_no_such_way_in(house: House) -> None:
    assert (await Browser(house).ask("GET", "/sign-in/provider")).status_code == 404
    assert (await Browser(house).ask("GET", "/sign-in/provider/back")).status_code == 404


def test_half_a_provider_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="oidc_client_id"):
        load(None, state_dir=tmp_path, oidc_issuer="https://idp.example")
    with pytest.raises(SettingsError, match="oidc_issuer"):
        load(None, state_dir=tmp_path, oidc_issuer="http://idp.example")
