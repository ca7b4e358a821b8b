"""The stream's two addresses."""

from collections.abc import AsyncIterator
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.auth import Shared, WhoCalls
from gateway.api.problems import ApiError
from gateway.console.stream.client import Client
from gateway.console.stream.hub import Hub
from gateway.store.connect import run

router = APIRouter(include_in_schema=False)

MAX_SEEN = 200
MAX_RINGS = 100_000
RETRY_LINE = b"retry: 2000\n\n"


class Seen(BaseModel):
    """An alarm that stands on a visible screen, and how often it had rung then."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    rings: Annotated[int, Field(ge=1, le=MAX_RINGS)]


class SeenBody(BaseModel):
    """What a console has shown."""

    model_config = ConfigDict(extra="forbid")

    alarms: Annotated[list[Seen], Field(min_length=1, max_length=MAX_SEEN)]


def hub_of(request: Request) -> Hub:
    """Give the process's streams.

    Raises:
        ApiError: 503 while there are none.
    """
    found = getattr(request.app.state, "console", None)
    if found is None:
        raise ApiError(503, "this process serves no consoles")
    return cast("Hub", found)


@router.get("/console/stream", response_class=StreamingResponse)
async def follow(request: Request, caller: WhoCalls) -> StreamingResponse:
    """Give what happens, as server-sent events, until one side ends it."""
    hub = hub_of(request)
    client = await hub.open(caller)
    if client is None:
        raise ApiError(503, "too many consoles are connected to this process")
    return StreamingResponse(
        _events(hub, client),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(hub: Hub, client: Client) -> AsyncIterator[bytes]:
    try:
        yield RETRY_LINE + hub.hello(client)
        while True:
            ready, again, ended = await client.next()
            if again:
                yield hub.snapshot(client)
            if ready:
                yield ready
            if ended:
                return
    finally:
        hub.close(client)


@router.post("/console/seen", status_code=204, response_class=Response)
async def seen(body: SeenBody, caller: WhoCalls, context: Shared) -> Response:
    """Note that these alarms stand on a screen somebody can look at."""
    async with context.sessions.transaction() as connection:
        await run(
            connection,
            "console_seen",
            organisation_id=caller.organisation_id,
            ids=[one.id for one in body.alarms],
            rings=[one.rings for one in body.alarms],
            operator=caller.name,
            now=context.clock.now(),
        )
    return Response(status_code=204)
