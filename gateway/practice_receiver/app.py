"""The HTTP side of the practice receiver: FHIR, the token endpoint, and what practice needs.

FHIR stands under /FHIR/R4 and again under /booking-and-referral/FHIR/R4, where the real proxy has
it. What stands under /practice has no token: the receiver listens on this machine only.
"""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import msgspec
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from gateway.practice_receiver.access import RefusedClient
from gateway.practice_receiver.fhir import Fhir
from gateway.practice_receiver.moods import Mood, Step, read_script
from gateway.practice_receiver.page import STYLE, page
from gateway.practice_receiver.state import State
from gateway.practice_receiver.web import MAX_BODY, json_answer, read_body

FHIR = "/FHIR/R4"
PREFIXES = (FHIR, "/booking-and-referral/FHIR/R4")
TOKEN = "/oauth2/token"  # noqa: S105 - a path
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


def build_app(state: State, address: Callable[[], str]) -> FastAPI:
    """Put the routes together. `address` gives where the server listens, once it does."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for prefix in PREFIXES:
        app.include_router(Fhir(state, partial(_below, address, prefix)).router(), prefix=prefix)
    app.include_router(_token(state, partial(_below, address, TOKEN)))
    app.include_router(_practice(state), prefix="/practice")

    @app.get("/")
    async def index() -> Response:
        ledger, said = state.ledger, list(state.courier.said)
        messages, cases = list(ledger.messages), list(ledger.cases.values())
        written = page(state.moods, messages, cases, said, state.log_problem)
        return HTMLResponse(written, headers={"Content-Security-Policy": POLICY})

    return app


def _below(address: Callable[[], str], path: str) -> str:
    return address() + path


def _token(state: State, audience: Callable[[], str]) -> APIRouter:
    router = APIRouter()

    @router.post(TOKEN)
    async def token(request: Request) -> Response:
        form = await read_body(request)
        now = state.clock.now()
        try:
            granted = state.access.grant(
                (form or b"")[:MAX_BODY], state.audience or audience(), now, uuid4().hex
            )
        except RefusedClient as error:
            words = {"error": error.error, "error_description": str(error)}
            return json_answer(words, error.status)
        return json_answer(granted)

    return router


def _practice(state: State) -> APIRouter:
    router = APIRouter()

    @router.get("/messages")
    async def messages() -> Response:
        listed = list(state.ledger.messages)
        return json_answer(
            {"count": state.ledger.count, "messages": listed, "log": state.log_problem}
        )

    @router.get("/referrals")
    async def referrals() -> Response:
        cases = state.ledger.cases.values()
        effective = sum(case.effective for case in cases)
        return json_answer({"effective": effective, "referrals": [case.shown() for case in cases]})

    @router.get("/answers")
    async def answers() -> Response:
        return json_answer({"answers": list(state.courier.said)})

    @router.get("/mood")
    async def mood() -> Response:
        moods = state.moods
        return json_answer(
            {"steady": moods.steady, "script_left": moods.left, "random": moods.random}
        )

    @router.post("/mood")
    async def set_mood(request: Request) -> Response:
        # A page from elsewhere cannot post JSON without being asked first.
        if not request.headers.get("content-type", "").startswith("application/json"):
            return json_answer({"error": "Content-Type is not application/json"}, 415)
        body = await read_body(request) or b""
        try:
            _change(state, body[: MAX_BODY + 1])
        except (ValueError, RecursionError) as error:
            return json_answer({"error": str(error)}, 400)
        return await mood()

    @router.post("/expire-tokens")
    async def expire_tokens() -> Response:
        return json_answer({"expired": state.access.expire()})

    @router.get("/page.css")
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")

    return router


def _change(state: State, body: bytes) -> None:
    """Take {"mood": ...} as what holds from now on; a list or {"steps": [...]} as a script.

    Raises:
        ValueError: it is neither; says what was expected.
    """
    if b'"steps"' in body or body.lstrip().startswith(b"["):
        state.moods.play(read_script(body, toml=False))
        return
    try:
        state.moods.stay(msgspec.json.decode(body, type=Step))
    except msgspec.DecodeError as error:
        raise ValueError(f"{error}; expected a mood: {', '.join(Mood)}") from error
