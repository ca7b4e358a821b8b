"""Signing in at the organisation's identity provider: OpenID Connect Core 1.0, code flow with PKCE.

Theory of operation: the browser is sent to the provider with a state, a nonce and the digest of a
verifier (RFC 7636); the three wait in a signed cookie of ten minutes, so that no process has to
remember anything. It comes back with a code, which we exchange, over TLS that we check, for a token
that must be signed by the provider, for us, of this flow, and fresh. It says who somebody is; what
they may do stands in their account here.

The session cookie is not sent along when a browser comes from another site (SameSite=Strict); so
who only gives proof again is recognised by the flow's own cookie, and keeps their sign-in.
"""

import hashlib
import hmac
import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import msgspec

from gateway.access import oidc_flow as flows
from gateway.access.oidc_flow import Flow, NotProved, ProviderAway
from gateway.settings import Settings

KEPT_FOR = timedelta(hours=1)
ASKED_AGAIN_AFTER = timedelta(seconds=30)
LEEWAY = timedelta(seconds=60)
REQUEST_S = 5.0
MAX_ANSWER_BYTES = 512 * 1024
MAX_CODE_CHARACTERS = 4_096
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
SCOPE = "openid profile"


class _Known(msgspec.Struct, frozen=True):
    """What the provider says about itself (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(slots=True)
class _Cached:
    known: _Known
    keys: jwt.PyJWKSet
    at: datetime


class Provider:
    """The identity provider that the settings name."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        """Ask nothing yet: whether it answers must not decide whether the gateway starts."""
        assert settings.oidc_issuer is not None  # settings were checked
        assert settings.oidc_client_id is not None
        assert settings.oidc_redirect_url is not None
        self.issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._redirect_url = settings.oidc_redirect_url
        self._secret_file = settings.oidc_client_secret_file
        self._ca_file = settings.oidc_ca_file
        self._key = key
        self._cached: _Cached | None = None

    async def begin(self, next_path: str, now: datetime, again: str = "") -> tuple[str, str]:
        """Give where to send the browser, and the cookie that waits for its return.

        Raises:
            ProviderAway: it does not answer.
        """
        known = (await self._about(now)).known
        flow = Flow(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            next_path=next_path,
            until=now + flows.FLOW_FOR,
            again=again,
        )
        challenge = flows.base64(hashlib.sha256(flow.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_url,
            "scope": SCOPE,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        mark = "&" if "?" in known.authorization_endpoint else "?"
        return f"{known.authorization_endpoint}{mark}{urlencode(asked)}", flows.seal(
            self._key, flow
        )

    async def finish(self, cookie: str, state: str, code: str, now: datetime) -> tuple[str, Flow]:
        """Give who came back (the provider's `sub`), and their flow.

        Raises:
            NotProved: the return is not of a flow that began in this browser, or proves nothing.
            ProviderAway: the provider does not answer.
        """
        flow = flows.opened(self._key, cookie, now)
        if not hmac.compare_digest(flow.state.encode(), state.encode()):
            raise NotProved("the return does not belong to this browser's sign-in")
        if not 0 < len(code) <= MAX_CODE_CHARACTERS:
            raise NotProved(f"a code of {len(code)} characters came back")
        about = await self._about(now)
        answer = await self._post(about.known.token_endpoint, self._exchange(code, flow))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotProved("no identity token came for the code")
        claims = await self._claims(token, about, now)
        self._check(claims, flow, now)
        return str(claims["sub"]), flow

    def _exchange(self, code: str, flow: Flow) -> dict[str, str]:
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_url,
            "client_id": self._client_id,
            "code_verifier": flow.verifier,
            **({"client_secret": _text(self._secret_file)} if self._secret_file else {}),
        }

    async def _claims(self, token: str, about: _Cached, now: datetime) -> dict[str, Any]:
        """Read a token that the provider has signed for us.

        Raises:
            NotProved: it has not.
        """
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            if not _has(about.keys, kid) and now - about.at >= ASKED_AGAIN_AFTER:
                self._cached = None  # keys are changed now and then
                about = await self._about(now)
            claims: dict[str, Any] = jwt.decode(
                token,
                _key_of(about.keys, kid),
                algorithms=list(ALGORITHMS),
                audience=self._client_id,
                issuer=about.known.issuer,
                # Time is ours to check, by the gateway's one clock.
                options={
                    "require": ["exp", "iat", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            raise NotProved(f"the identity token is not good: {type(error).__name__}") from error
        return claims

    def _check(self, claims: dict[str, Any], flow: Flow, now: datetime) -> None:
        """Hold a token's claims against its flow and the time (Core 1.0, section 3.1.3.7).

        Raises:
            NotProved: they do not fit.
        """
        nonce = str(claims.get("nonce", ""))
        if not hmac.compare_digest(nonce.encode(), flow.nonce.encode()):
            raise NotProved("the identity token is of another sign-in")
        if claims.get("azp", self._client_id) != self._client_id:
            raise NotProved("the identity token was made for another program")
        if _time(claims["exp"]) <= now - LEEWAY or _time(claims["iat"]) > now + LEEWAY:
            raise NotProved("the identity token is not of now: compare the two clocks")
        if flow.again:
            began = flow.until - flows.FLOW_FOR
            if _time(claims.get("auth_time")) < began - LEEWAY:
                raise NotProved("the provider did not ask for the password again")

    async def _about(self, now: datetime) -> _Cached:
        """Ask what the provider says about itself, once in a while.

        Raises:
            ProviderAway: it does not answer as it must.
        """
        if self._cached is not None and now - self._cached.at < KEPT_FOR:
            return self._cached
        where = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            known = msgspec.convert(await self._get(where), type=_Known)
            if known.issuer != self.issuer:
                raise ProviderAway("the provider calls itself otherwise than the settings do")
            keys = jwt.PyJWKSet.from_dict(await self._get(known.jwks_uri))
        except (msgspec.ValidationError, jwt.PyJWTError) as error:
            raise ProviderAway(
                f"the provider's description cannot be used: {type(error).__name__}"
            ) from error
        self._cached = _Cached(known, keys, now)
        return self._cached

    async def _get(self, url: str) -> dict[str, Any]:
        return await self._ask("GET", url, None)

    async def _post(self, url: str, body: dict[str, str]) -> dict[str, Any]:
        return await self._ask("POST", url, body)

    async def _ask(self, method: str, url: str, body: dict[str, str] | None) -> dict[str, Any]:
        if not url.startswith("https://"):
            raise ProviderAway("the provider names an address without TLS")
        try:
            trust = ssl.create_default_context(cafile=self._ca_file)
            async with (
                httpx.AsyncClient(verify=trust, timeout=REQUEST_S, trust_env=False) as client,
                client.stream(method, url, data=body) as answer,
            ):
                found = bytearray()
                async for part in answer.aiter_bytes():
                    found += part
                    if len(found) > MAX_ANSWER_BYTES:
                        raise ProviderAway(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
                status = answer.status_code
        except (httpx.HTTPError, OSError) as error:
            raise ProviderAway(f"the provider does not answer: {type(error).__name__}") from error
        if method == "POST" and status in (400, 401):
            raise NotProved(f"the provider refused the code: status {status}")
        if status != httpx.codes.OK:
            raise ProviderAway(f"the provider answered with status {status}")
        try:
            return msgspec.json.decode(bytes(found), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise ProviderAway("the provider's answer is no JSON object") from error


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ProviderAway(f"cannot read oidc_client_secret_file: {error.strerror}") from error


def _time(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotProved("a time of the identity token is no number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise NotProved("a time of the identity token is out of range") from error


def _has(keys: jwt.PyJWKSet, kid: object) -> bool:
    return any(one.key_id == kid for one in keys.keys)


def _key_of(keys: jwt.PyJWKSet, kid: object) -> jwt.PyJWK:
    """Give the key of this name; the only one, when the token names none.

    Raises:
        NotProved: there is none.
    """
    named = [one for one in keys.keys if one.key_id == kid]
    if not named and kid is None and len(keys.keys) == 1:
        named = list(keys.keys)
    if not named:
        raise NotProved("the identity token is signed with a key the provider does not name")
    return named[0]
