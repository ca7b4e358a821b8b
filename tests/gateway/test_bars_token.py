"""Signing in and settings of referrals by FHIR: what is wrong is named, what is secret is not."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from pydantic import ValidationError

from alerts.referral.bars_case import (
    BarsCase,
    Change,
    Flow,
    PersonCard,
    Receiver,
    Sender,
)
from gateway.errors import DeliveryError, SettingsError
from gateway.senders.bars_headers import headers
from gateway.senders.bars_token import Tokens
from gateway.settings import load
from tests.databases import MORNING
from tests.gateway.bars_keys import endpoint, new_key, signing
from tests.gateway.small_server import Scripted, scripted

ADDRESS = "http://127.0.0.1:1"


async def tokens(server: Scripted, folder: Path) -> tuple[Tokens, httpx.AsyncClient]:
    new_key(folder / "key.pem")
    client = httpx.AsyncClient()
    one = endpoint(server.address, **signing(server.address, folder / "key.pem"))
    return Tokens(one, client), client


async def test_the_assertion_is_signed_and_short_lived(tmp_path: Path) -> None:
    async with scripted([(200, {"access_token": "t-1", "expires_in": "599"})]) as server:
        ours, client = await tokens(server, tmp_path)
        async with client:
            assert await ours.get(MORNING) == "t-1"
    form = dict(part.split("=") for part in server.bodies[0].decode().split("&"))
    key = new_key(tmp_path / "other.pem")
    claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
    header = jwt.get_unverified_header(form["client_assertion"])

    assert (header["alg"], header["kid"]) == ("RS512", "practice-1")
    assert claims["exp"] - claims["iat"] == 300
    assert (claims["iss"], claims["sub"]) == ("lifeline-test", "lifeline-test")
    assert claims["aud"] == f"{server.address}/oauth2/token"
    assert claims["jti"]
    assert form["grant_type"] == "client_credentials"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(form["client_assertion"], key.public_key(), ["RS512"], audience=claims["aud"])


async def test_a_token_is_kept_until_shortly_before_its_end(tmp_path: Path) -> None:
    grants = [(200, {"access_token": f"t-{n}", "expires_in": 599}) for n in range(3)]
    async with scripted(grants) as server:
        ours, client = await tokens(server, tmp_path)
        async with client:
            given = [await ours.get(MORNING + timedelta(seconds=s)) for s in (0, 560, 570)]
            given.append(await ours.get(MORNING + timedelta(seconds=571), instead_of="t-1"))
            given.append(await ours.get(MORNING + timedelta(seconds=572), instead_of="t-1"))

    assert given == ["t-0", "t-0", "t-1", "t-2", "t-2"]


@pytest.mark.parametrize(
    ("status", "body", "again"),
    [
        (401, {"error": "invalid_client"}, False),
        (503, {}, True),
        (200, {}, True),
        (200, {"access_token": "t", "expires_in": "soon"}, True),
        (200, {"access_token": "a\nb"}, True),
        (200, {"access_token": ""}, True),
    ],
)
async def test_without_a_token_the_words_say_so(
    tmp_path: Path, status: int, body: Any, *, again: bool
) -> None:
    async with scripted([(status, body)]) as server:
        ours, client = await tokens(server, tmp_path)
        async with client:
            with pytest.raises(DeliveryError, match="sign-in of the service") as caught:
                await ours.get(MORNING)

    assert caught.value.again is again


async def test_a_sign_in_that_is_away_is_tried_again(tmp_path: Path) -> None:
    new_key(tmp_path / "key.pem")
    one = endpoint(ADDRESS, **signing(ADDRESS, tmp_path / "key.pem"))
    async with httpx.AsyncClient() as client:
        with pytest.raises(DeliveryError, match=r"cannot be reached \(ConnectError\)") as caught:
            await Tokens(one, client).get(MORNING)

    assert caught.value.again


async def test_a_service_that_wants_no_token_gets_none() -> None:
    async with httpx.AsyncClient() as client:
        assert await Tokens(endpoint(ADDRESS), client).get(MORNING) is None


async def test_a_key_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    one = endpoint(ADDRESS, **signing(ADDRESS, file))
    async with httpx.AsyncClient() as client:
        with pytest.raises(SettingsError, match="cannot read key_file"):
            Tokens(one, client)
        file.write_text("SECRET, not a key")
        with pytest.raises(SettingsError, match="holds no RSA private key") as caught:
            Tokens(one, client)
        assert "SECRET" not in str(caught.value)
        new_key(file, bits=1024)
        with pytest.raises(SettingsError, match="1024 bits, expected 2048"):
            Tokens(one, client)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"url": "http://example.org/FHIR"}, "expected an https address"),
        ({"url": "ftp://127.0.0.1"}, "expected an https address"),
        ({"token_url": "https://example.org/token"}, "belong together"),
        ({"service_id": "abc"}, "service_id"),
        ({"flow": "booking"}, "flow"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_endpoint_is_refused_by_name(more: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        endpoint(ADDRESS, **more)


@pytest.mark.parametrize("url", ["https://example.org/x/", "http://localhost:1", "http://[::1]:2"])
def test_an_address_is_https_or_on_this_machine(url: str) -> None:
    assert endpoint(ADDRESS, url=url).url == url.rstrip("/")


def test_the_use_case_follows_the_flow_unless_one_is_set() -> None:
    assert endpoint(ADDRESS).case == "a4t3"
    assert endpoint(ADDRESS, flow="referral").case == "a3t1"
    assert endpoint(ADDRESS, use_case="a4t2").case == "a4t2"


def test_services_are_set_by_json(monkeypatch: pytest.MonkeyPatch) -> None:
    given = endpoint(ADDRESS, flow="referral").model_dump_json(exclude_none=True)
    monkeypatch.setenv("LIFELINE_BARS", f'{{"icrs": {given}}}')

    assert load().bars["icrs"].flow is Flow.REFERRAL


def decoded(value: str) -> Any:
    return json.loads(base64.b64decode(value, validate=True))


@pytest.mark.parametrize("arrays", [True, False])
def test_the_headers_say_who_asks_whom(*, arrays: bool) -> None:
    case = BarsCase(
        referral="r-1", flow=Flow.VALIDATION, change=Change.NEW, number=1, use_case="a4t3",
        person=PersonCard("p-1", "Fictional Name"), receiver=Receiver("UCR", "2000099999", "ZZ001"),
        sender=Sender("ARC", "1", "ZZ999", "0", "lifeline", "0.1.0", device_arrays=arrays),
        at=MORNING, sent_at=MORNING, started_at=MORNING, breach_at=None, requester="op1",
    )  # fmt: skip
    found = headers(case, b"body", "t-1")
    device = decoded(found["NHSD-Requesting-Software"])

    assert decoded(found["NHSD-Target-Identifier"]) == {
        "system": "https://fhir.nhs.uk/Id/dos-service-id",
        "value": "2000099999",
    }
    assert isinstance(device["deviceName"], list) is arrays
    assert isinstance(device["version"], list) is arrays
    assert decoded(found["NHSD-End-User-Organisation"])["identifier"][0]["value"] == "ZZ999"
    role = decoded(found["NHSD-Requesting-Practitioner"])
    assert role["practitioner"]["identifier"]["value"] == "op1"
    assert found["Authorization"] == "Bearer t-1"
    assert "Fictional" not in str([decoded(v) for k, v in found.items() if k.startswith("NHSD")])
    assert headers(case, b"body", None)["X-Request-Id"] == found["X-Request-Id"]
    assert headers(case, b"other", None)["X-Request-Id"] != found["X-Request-Id"]
