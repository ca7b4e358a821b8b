"""The FHIR routes of the practice receiver: messages in, and reading what is held."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.practice_receiver.answers import alone, searchset
from gateway.practice_receiver.faults import CutOff, Silence
from gateway.practice_receiver.handling import Answer
from gateway.practice_receiver.headers import check_headers
from gateway.practice_receiver.moods import Mood
from gateway.practice_receiver.outcomes import Problem, Refusal
from gateway.practice_receiver.state import State
from gateway.practice_receiver.statements import capability, definitions
from gateway.practice_receiver.web import MAX_BODY, fhir_answer, outcome_answer, read_body

PATIENT = "patient:identifier"


class Fhir:
    """The FHIR routes under one prefix. `base` gives the address they stand at."""

    def __init__(self, state: State, base: Callable[[], str]) -> None:
        self._state = state
        self._base = base

    def router(self) -> APIRouter:
        """Give the routes; all but the message are refused together, before they read anything."""
        router = APIRouter()
        router.add_api_route("/$process-message", self._process_message, methods=["POST"])
        for path, read in {
            "/metadata": self._metadata,
            "/MessageDefinition": self._message_definition,
            "/ServiceRequest/{referral_id}": self._service_request,
            "/ServiceRequest": self._search,
        }.items():
            router.add_api_route(path, self._guarded(read), methods=["GET"])
        return router

    async def _process_message(self, request: Request) -> Response:
        body = await read_body(request)
        if body is None:
            return Response(status_code=400)
        refused = self._state.unknown(request.headers.get("authorization", ""))
        if len(body) > MAX_BODY:
            refused = Problem(Refusal.TOO_LARGE, "Bundle", f"more than {MAX_BODY} bytes")
        answer = await self._state.met(dict(request.headers), body, refused)
        return await _spoilt(answer, self._state.stopping)

    def _guarded(
        self, read: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Refuse a request whose token or headers are wrong."""

        async def guarded(request: Request) -> Response:
            unknown = self._state.unknown(request.headers.get("authorization", ""))
            found = [unknown] if unknown else check_headers(request.headers, message=False).problems
            return outcome_answer(found) if found else await read(request)

        return guarded

    async def _metadata(self, _request: Request) -> Response:
        return fhir_answer(capability(self._base(), self._state.clock.now()))

    async def _message_definition(self, _request: Request) -> Response:
        now = self._state.clock.now()
        return fhir_answer(definitions(self._base(), str(uuid4()), now))

    async def _service_request(self, request: Request) -> Response:
        case = self._state.ledger.cases.get(request.path_params["referral_id"])
        if case is None:
            return outcome_answer([Problem(Refusal.NOT_FOUND, "ServiceRequest", "no such id here")])
        return fhir_answer(alone(case.opened))

    async def _search(self, request: Request) -> Response:
        system, bar, value = request.query_params.get(PATIENT, "").partition("|")
        if not (bar and value):
            what = "expected the identifier's system, a bar and its value"
            return outcome_answer([Problem(Refusal.HEADER_MISSING, PATIENT, what)])
        found = [alone(case.opened) for case in self._state.ledger.of_patient(system, value)]
        return fhir_answer(searchset(found, self._base(), str(uuid4()), self._state.clock.now()))


async def _spoilt(answer: Answer, stopping: asyncio.Event) -> Response:
    """Give the answer as the mood lets it through."""
    mood, headers = answer.step.mood, dict(answer.headers)
    if mood is Mood.SILENCE:
        return Silence(stopping)
    if answer.step.wait_s:
        waiting = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({waiting}, timeout=answer.step.wait_s)
        waiting.cancel()
    kind = CutOff if mood is Mood.CUT_OFF else Response
    return kind(answer.body, status_code=answer.status, headers=headers)
