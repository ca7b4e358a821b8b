"""Brings the later answers to whoever referred: an HTTP POST each, repeated like any BaRS message.

They go to `--answer-to`, else to the address in MessageHeader.source.endpoint, where that is one.
A usual endpoint (`.../Id/dos-service-id|2222222222`) is a name that only the BaRS proxy can turn
into an address: without `--answer-to` such an answer is listed as not sent.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import msgspec

from gateway.clock import Clock
from gateway.practice_receiver.answers import Later, Saying, later
from gateway.practice_receiver.headers import FHIR_JSON, encoded
from gateway.practice_receiver.ledger import Case
from gateway.practice_receiver.moods import Step
from gateway.practice_receiver.reading import Json, text, values

OPERATION = "$process-message"
NAMES = "fhir.nhs.uk"
ATTEMPTS = 5
TIMEOUT_S = 10.0
MAX_LISTED = 10_000
DONE = (200, 201, 202, 409)
AGAIN = (408, 429)
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Said:
    """One later answer and what became of it. `status` None: no HTTP answer came."""

    at: datetime
    referral_id: str
    kind: Later
    to: str
    request_id: str
    attempts: int
    status: int | None
    problem: str

    @property
    def arrived(self) -> bool:
        """Whether the other side has it."""
        return self.status in DONE


@dataclass(frozen=True, slots=True)
class Road:
    """Where later answers go, with which token, and how long between the first two attempts."""

    answer_to: str | None
    token: str | None
    retry_s: float


def reply_address(endpoint: str, answer_to: str | None) -> str:
    """Give the URL later answers are posted to; empty when none is known.

    Args:
        endpoint: MessageHeader.source.endpoint, `system|id`.
        answer_to: What the command line says; it goes first.
    """
    base = answer_to or endpoint.partition("|")[0]
    try:
        url, _port = urlsplit(base), urlsplit(base).port
        httpx.URL(base)
    except (ValueError, httpx.InvalidURL):
        return ""
    if url.scheme not in ("http", "https") or url.hostname in (None, NAMES):
        return ""
    return base if base.endswith(OPERATION) else f"{base.rstrip('/')}/{OPERATION}"


class Courier:
    """Says what is to be said after an acknowledgement, each case in its own task."""

    def __init__(self, clock: Clock, road: Road) -> None:
        """Begin with nothing under way."""
        self.said: deque[Said] = deque(maxlen=MAX_LISTED)
        self.news = asyncio.Condition()
        self._clock = clock
        self._road = road
        self._client: httpx.AsyncClient | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def follow(self, case: Case, step: Step) -> None:
        """Begin to say what the step wants said of a case."""
        if step.afterwards:
            task = asyncio.create_task(self._follow(case, step))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        """End what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _follow(self, case: Case, step: Step) -> None:
        for kind in step.afterwards:
            await asyncio.sleep(step.after_s)
            if case.status != "active":
                return  # withdrawn meanwhile: nothing is left to say
            case.answer = kind.value
            saying = Saying(kind, step.outcome, first=not case.said)
            case.said.append(kind)
            said = await self._say(case, saying)
            async with self.news:
                self.said.append(said)
                self.news.notify_all()

    async def _say(self, case: Case, saying: Saying) -> Said:
        header = case.opened.message.one("MessageHeader")
        endpoint = text(header, "source", "endpoint")
        said = Said(
            at=self._clock.now(),
            referral_id=case.opened.referral_id,
            kind=saying.kind,
            to=reply_address(endpoint, self._road.answer_to),
            request_id=str(uuid4()),
            attempts=0,
            status=None,
            problem="",
        )
        if not said.to:
            return replace(said, problem="nowhere to post it: start with --answer-to URL")
        bundle = later(case.opened, saying, said.at, str(uuid4()))
        headers = _headers(endpoint, case, bundle, said.request_id)
        if self._road.token is not None:
            headers["Authorization"] = f"Bearer {self._road.token}"
        return await self._post(said, msgspec.json.encode(bundle), headers)

    async def _post(self, said: Said, body: bytes, headers: dict[str, str]) -> Said:
        """Post until it is taken, refused for good, or ATTEMPTS are used up."""
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._client.post(said.to, content=body, headers=headers)
            except httpx.HTTPError as error:
                said = replace(said, attempts=attempt, status=None, problem=type(error).__name__)
            else:
                status = answer.status_code
                problem = "" if status in DONE else f"HTTP {status}"
                said = replace(said, attempts=attempt, status=status, problem=problem)
                if status < SERVER_ERROR and status not in AGAIN:
                    return said
            if attempt < ATTEMPTS:
                await asyncio.sleep(self._road.retry_s * 2 ** (attempt - 1))
        return said


def _headers(endpoint: str, case: Case, bundle: Json, request_id: str) -> dict[str, str]:
    system, _, value = endpoint.partition("|")
    header = values(bundle, "entry", "resource")[0]
    ours = text(header, "sender", "reference")
    organisation: Json = {
        "resourceType": "Organization",
        "identifier": values(case.opened.message.resources.get(ours, {}), "identifier"),
        "name": text(header, "source", "name"),
    }
    software = {
        "resourceType": "Device",
        "deviceName": [{"name": "practice-receiver", "type": "manufacturer-name"}],
    }
    return {
        "Content-Type": FHIR_JSON,
        "Accept": f"{FHIR_JSON}; version=1.1.0",
        "X-Request-Id": request_id,
        "X-Correlation-Id": case.correlation_id,
        "NHSD-Target-Identifier": encoded({"system": system, "value": value}),
        "NHSD-End-User-Organisation": encoded(organisation),
        "NHSD-Requesting-Software": encoded(software),
    }
