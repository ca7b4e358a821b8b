"""Signing in to a service: OAuth 2.0 client credentials with a signed JWT (RFC 7523, RS512).

The token stays in memory until MARGIN before its end. Nothing of key, assertion or token stands
in an error or a log.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import jwt
import msgspec

from gateway.bars_settings import BarsEndpoint
from gateway.errors import DeliveryError, SettingsError

ALGORITHM = "RS512"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=5)
MARGIN = timedelta(seconds=30)
DEFAULT_LIFE_S = 300
MAX_LIFE_S = 86_400
MIN_KEY_BITS = 2_048
MAX_TOKEN_CHARACTERS = 8_192
REFUSED = frozenset({400, 401, 403})
ENGINEER = "Telephone the service now. Then tell an engineer."


class _Grant(msgspec.Struct):
    access_token: str
    expires_in: int | str = DEFAULT_LIFE_S


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: datetime


class Tokens:
    """The token of one endpoint; asked for when first needed, and again when it is ending."""

    def __init__(self, endpoint: BarsEndpoint, client: httpx.AsyncClient) -> None:
        """Read the key.

        Raises:
            SettingsError: the key file cannot be read, or holds no RSA key that is long enough.
        """
        self._endpoint = endpoint
        self._client = client
        self._key = read_key(endpoint)
        self._token: _Token | None = None
        self._mine = asyncio.Lock()

    async def get(self, now: datetime, *, instead_of: str | None = None) -> str | None:
        """Give the token; None when this endpoint wants none.

        Args:
            now: The gateway's time.
            instead_of: A token that was refused: it is given again by nobody.

        Raises:
            DeliveryError: there is no token to be had.
        """
        if self._endpoint.token_url is None:
            return None
        async with self._mine:
            token = self._token
            if token is None or token.text == instead_of or now >= token.until - MARGIN:
                self._token = None
                self._token = token = await self._ask(self._endpoint.token_url, now)
            return token.text

    async def _ask(self, url: str, now: datetime) -> _Token:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": self._assertion(url, now),
        }
        try:
            answer = await self._client.post(url, data=form)
        except httpx.HTTPError as error:
            raise DeliveryError(
                f"The sign-in of the service cannot be reached ({type(error).__name__}). {ENGINEER}"
            ) from error
        if not answer.is_success:
            raise DeliveryError(
                f"The sign-in of the service refused us (HTTP {answer.status_code}). {ENGINEER}",
                again=answer.status_code not in REFUSED,
            )
        return _granted(answer.content, now)

    def _assertion(self, url: str, now: datetime) -> str:
        client_id = self._endpoint.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": url,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + ASSERTION_LIFE,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._endpoint.kid})


def _granted(content: bytes, now: datetime) -> _Token:
    """Read the token endpoint's answer (RFC 6749, 5.1); `expires_in` may be a text."""
    try:
        grant = msgspec.json.decode(content, type=_Grant)
        life_s = min(int(grant.expires_in), MAX_LIFE_S)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DeliveryError(
            f"The sign-in of the service gave an answer that is no token. {ENGINEER}"
        ) from error
    text = grant.access_token
    if not text.isascii() or not text.isprintable() or not 0 < len(text) <= MAX_TOKEN_CHARACTERS:
        raise DeliveryError(f"The sign-in of the service gave no usable token. {ENGINEER}")
    return _Token(text, now + timedelta(seconds=life_s))


def read_key(endpoint: BarsEndpoint) -> bytes:
    """Read and check the key of an endpoint; empty when it wants no token.

    Raises:
        SettingsError: it cannot be read, or is no RSA private key that is long enough.
    """
    path = endpoint.key_file
    if path is None:
        return b""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"bars: cannot read key_file {path}: {error.strerror}") from error
    try:
        bits = jwt.get_algorithm_by_name(ALGORITHM).prepare_key(key).key_size
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"bars: key_file {path} holds no RSA private key in PEM; make one with "
            "`openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096`"
        ) from error
    if bits < MIN_KEY_BITS:
        raise SettingsError(f"bars: the key in {path} has {bits} bits, expected {MIN_KEY_BITS}")
    return key
