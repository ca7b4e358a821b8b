"""The token endpoint of the practice receiver: a signed assertion, once, for five minutes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.practice_receiver.access import Keys, read_keys
from gateway.practice_receiver.receiver import PracticeReceiver
from tests.gateway.practice_house import Sender, headers, issue, practising, referral

KID = "practice-1"
CLIENT = "an-api-key"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


@pytest.fixture(scope="module")
def stranger() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture
def keys(private: rsa.RSAPrivateKey) -> Keys:
    return read_keys(pem(private), KID, CLIENT)


@asynccontextmanager
async def guarded(keys: Keys, **settings: Any) -> AsyncIterator[tuple[PracticeReceiver, Sender]]:
    async with practising(keys=keys, **settings) as (receiver, sender):
        yield receiver, sender


def now_of(receiver: PracticeReceiver) -> datetime:
    return receiver._clock.now()


def assertion(
    receiver: PracticeReceiver, key: rsa.RSAPrivateKey, *, kid: str = KID, alg: str = "RS512",
    **other: Any,
) -> str:  # fmt: skip
    claims = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": f"{receiver.address}/oauth2/token",
        "jti": str(uuid4()),
        "exp": int((now_of(receiver) + timedelta(minutes=4)).timestamp()),
        **other,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=alg, headers={"kid": kid})


async def ask(sender: Sender, signed: str, **other: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": TYPE,
        "client_assertion": signed,
        **other,
    }
    return await sender.client.post("/oauth2/token", data=form)


async def test_a_signed_assertion_gives_a_token_that_opens_the_service(
    keys: Keys, private: rsa.RSAPrivateKey
) -> None:
    async with guarded(keys) as (receiver, sender):
        granted = await ask(sender, assertion(receiver, private))
        token = granted.json()
        bearer = f"Bearer {token['access_token']}"
        taken = await sender.send(referral(), headers(Authorization=bearer))
        read = await sender.client.get("/FHIR/R4/metadata", headers=headers(Authorization=bearer))

    assert granted.status_code == 200
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 599
    assert [taken.status_code, read.status_code] == [200, 200]


async def test_without_a_token_nothing_is_taken_and_nothing_is_read(keys: Keys) -> None:
    async with guarded(keys) as (receiver, sender):
        none = await sender.send(referral())
        unknown = await sender.send(referral(), headers(Authorization="Bearer x"))
        read = await sender.client.get("/FHIR/R4/metadata", headers=headers())

        assert receiver.referrals == []
        assert len(receiver.messages) == 2
    assert issue(none) == (401, "SEND_UNAUTHORIZED", "login")
    assert issue(unknown) == (401, "SEND_UNAUTHORIZED", "unknown")
    assert issue(read) == (401, "SEND_UNAUTHORIZED", "login")


async def test_an_old_token_is_answered_403_and_a_new_one_opens_again(
    keys: Keys, private: rsa.RSAPrivateKey
) -> None:
    message = referral()
    async with guarded(keys) as (receiver, sender):
        old = (await ask(sender, assertion(receiver, private))).json()["access_token"]
        expired = (await sender.client.post("/practice/expire-tokens")).json()
        ids = headers(Authorization=f"Bearer {old}")
        first = await sender.send(message, ids)
        new = (await ask(sender, assertion(receiver, private))).json()["access_token"]
        second = await sender.send(message, {**ids, "Authorization": f"Bearer {new}"})

    assert expired == {"expired": 1}
    assert issue(first) == (403, "SEND_FORBIDDEN", "expired")
    assert second.status_code == 200


async def test_an_assertion_is_good_once(keys: Keys, private: rsa.RSAPrivateKey) -> None:
    async with guarded(keys) as (receiver, sender):
        signed = assertion(receiver, private)
        first = await ask(sender, signed)
        second = await ask(sender, signed)

    assert first.status_code == 200
    assert second.status_code == 400
    assert "jti" in second.json()["error_description"]


@pytest.mark.parametrize(
    ("claims", "status", "told"),
    [
        ({"exp": -1}, 400, "expired"),
        ({"exp": 900}, 400, "at most 300"),
        ({"exp": "soon"}, 400, "exp"),
        ({"exp": True}, 400, "exp"),
        ({"exp": float("nan")}, 400, "exp"),
        ({"exp": None}, 400, "exp"),
        ({"jti": None}, 400, "jti"),
        ({"sub": "another"}, 400, "iss and sub"),
        ({"iss": None}, 400, "iss"),
        ({"aud": "https://elsewhere.example/token"}, 400, "[Aa]udience"),
        ({"iss": "b", "sub": "b"}, 401, "API key"),
        ({"kid": "practice-2"}, 401, "kid"),
        ({"alg": "RS256"}, 400, "RS512"),
    ],
)
async def test_an_assertion_that_is_wrong_gets_no_token(
    keys: Keys, private: rsa.RSAPrivateKey, claims: dict[str, Any], status: int, told: str
) -> None:
    async with guarded(keys) as (receiver, sender):
        if isinstance(claims.get("exp"), int) and claims["exp"] is not True:
            at = now_of(receiver) + timedelta(seconds=claims["exp"])
            claims = {"exp": int(at.timestamp())}
        answer = await ask(sender, assertion(receiver, private, **claims))

    assert answer.status_code == status
    assert answer.json()["error"] == ("invalid_client" if status == 401 else "invalid_request")
    assert "access_token" not in answer.json()
    assert re.search(told, answer.json()["error_description"])


async def test_a_stranger_who_knows_the_kid_gets_no_token(
    keys: Keys, stranger: rsa.RSAPrivateKey
) -> None:
    async with guarded(keys) as (receiver, sender):
        answer = await ask(sender, assertion(receiver, stranger))

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
async def test_a_public_key_is_no_secret_to_sign_with(keys: Keys, algorithm: str) -> None:
    async with guarded(keys) as (receiver, sender):
        claims = {"iss": CLIENT, "sub": CLIENT, "jti": "1", "aud": receiver.address}
        secret = "" if algorithm == "none" else "x" * 64
        signed = jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": KID})
        answer = await ask(sender, signed)

    assert answer.status_code == 400
    assert "RS512" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_request"),
        ({"client_assertion": "no.jwt"}, "invalid_request"),
    ],
)
async def test_a_token_request_has_the_form_of_rfc_7523(
    keys: Keys, private: rsa.RSAPrivateKey, other: dict[str, str], error: str
) -> None:
    async with guarded(keys) as (receiver, sender):
        answer = await ask(sender, assertion(receiver, private), **other)
        empty = await sender.client.post("/oauth2/token", content=b"\xff")

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert empty.status_code == 400


async def test_without_registered_keys_there_are_no_tokens_and_none_is_asked_for() -> None:
    async with practising() as (_receiver, sender):
        answer = await ask(sender, "a.b.c")
        taken = await sender.send(referral())

    assert answer.status_code == 401
    assert "--keys" in answer.json()["error_description"]
    assert taken.status_code == 200


async def test_no_auth_asks_no_token_though_keys_are_registered(keys: Keys) -> None:
    async with guarded(keys, auth=False) as (_receiver, sender):
        assert (await sender.send(referral())).status_code == 200


def test_a_jwks_registers_several_keys(
    private: rsa.RSAPrivateKey, stranger: rsa.RSAPrivateKey
) -> None:
    algorithm = jwt.algorithms.RSAAlgorithm
    jwks = {
        "keys": [
            {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
            for kid, key in (("a", private), ("b", stranger))
        ]
    }
    found = read_keys(msgspec.json.encode(jwks), "unused", None)

    assert set(found.by_kid) == {"a", "b"}
    assert found.by_kid["a"].public_numbers() == private.public_key().public_numbers()


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"keys": []}', b"-----BEGIN", b"\xff"])
def test_what_holds_no_keys_says_so(content: bytes) -> None:
    with pytest.raises(ValueError, match="keys"):
        read_keys(content, KID, None)


def test_a_key_of_another_kind_says_so() -> None:
    with pytest.raises(ValueError, match="RSA"):
        read_keys(pem(ec.generate_private_key(ec.SECP256R1())), KID, None)
