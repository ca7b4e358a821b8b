"""One request to a service and its answer, within a bound of time and bytes.

A refused token is replaced once and the same request sent again; everything else is judged by the
caller. Errors carry codes and classes only.
"""

from dataclasses import dataclass
from datetime import datetime

import httpx
import msgspec

from alerts.referral.bars_case import BarsCase
from alerts.referral.bars_problem import TOKEN_STATUS
from gateway.errors import DeliveryError
from gateway.senders.bars_headers import FHIR_JSON, headers
from gateway.senders.bars_token import Tokens

MAX_ANSWER_BYTES = 1_048_576
MAX_RETRY_AFTER_S = 3_600.0
TELEPHONE = "Telephone the service now."


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer: `body` is decoded JSON, or None; `after_s` is what Retry-After asks for."""

    status: int
    body: object
    after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Say whether the service says that it did what was asked."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Wire:
    """How to reach one service."""

    url: str
    client: httpx.AsyncClient
    tokens: Tokens

    async def post(self, case: BarsCase, path: str, body: bytes, now: datetime) -> Answered:
        """Post a message.

        Raises:
            DeliveryError: no answer, or no token.
        """
        return await self._exchange(case, "POST", path, body, now)

    async def get(self, case: BarsCase, path: str, now: datetime) -> Answered:
        """Ask for something.

        Raises:
            DeliveryError: no answer, or no token.
        """
        return await self._exchange(case, "GET", path, None, now)

    async def _exchange(
        self, case: BarsCase, method: str, path: str, body: bytes | None, now: datetime
    ) -> Answered:
        token = await self.tokens.get(now)
        answered = await self._once(case, method, path, body, token)
        if answered.status in TOKEN_STATUS and token is not None:
            token = await self.tokens.get(now, instead_of=token)
            answered = await self._once(case, method, path, body, token)
        return answered

    async def _once(
        self, case: BarsCase, method: str, path: str, body: bytes | None, token: str | None
    ) -> Answered:
        what = body if body is not None else f"{method} {path}".encode()
        given = headers(case, what, token)
        if body is not None:
            given["Content-Type"] = FHIR_JSON
        try:
            async with self.client.stream(
                method, self.url + path, content=body, headers=given
            ) as response:
                content = await _bounded(response)
        except httpx.HTTPError as error:
            raise DeliveryError(
                f"The service cannot be reached or broke off ({type(error).__name__}). {TELEPHONE}"
            ) from error
        return Answered(response.status_code, _json(content), _retry_after(response))


async def _bounded(response: httpx.Response) -> bytes:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MAX_ANSWER_BYTES:
            return b""
    return bytes(content)


def _json(content: bytes) -> object:
    try:
        found: object = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def _retry_after(response: httpx.Response) -> float | None:
    """Read Retry-After in seconds; its form as a date is left to the usual waits."""
    given = response.headers.get("retry-after", "")
    if not (given.isascii() and given.isdigit()) or len(given) > 9:
        return None
    return min(float(given), MAX_RETRY_AFTER_S)
