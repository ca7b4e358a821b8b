"""The hands of people: requests to the HTTP side with a token of their role, each one timed.

Contract: nothing behind the HTTP side is touched. Tokens stay in memory and are never printed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from gateway.demo.missing import Missing
from gateway.tokens import Role

REQUEST_S = 10.0
V1 = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took from the sending to the last byte."""

    body: Mapping[str, Any]
    took_ms: float


class Desk:
    """One HTTP client for everybody in the story."""

    def __init__(self, address: str, tokens: Mapping[Role, str]) -> None:
        """Know the address of the HTTP side and a token for each role."""
        self._client = httpx.AsyncClient(base_url=address, timeout=REQUEST_S, trust_env=False)
        self._tokens = tokens

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def get(self, role: Role, path: str, **query: str) -> Answer:
        """Read something.

        Raises:
            Missing: it was refused or cannot be reached.
        """
        return await self._send(role, "GET", path, params=query)

    async def post(self, role: Role, path: str, body: Mapping[str, object]) -> Answer:
        """Do something.

        Raises:
            Missing: it was refused or cannot be reached.
        """
        return await self._send(role, "POST", path, json=dict(body))

    async def _send(self, role: Role, method: str, path: str, **parts: Any) -> Answer:  # noqa: ANN401 - httpx's
        headers = {"Authorization": f"Bearer {self._tokens[role]}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        began = perf_counter()
        try:
            answer = await self._client.request(method, V1 + path, headers=headers, **parts)
        except httpx.HTTPError as error:
            raise Missing(f"{method} {V1}{path}: no answer ({type(error).__name__})") from error
        took_ms = (perf_counter() - began) * 1_000
        if answer.is_success:
            return Answer(answer.json(), took_ms)
        raise Missing(f"{method} {V1}{path} was answered {answer.status_code}: {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", ""))
    except ValueError:
        return "no words"
