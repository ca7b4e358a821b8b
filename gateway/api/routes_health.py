"""Is the process alive, can it take calls, what does it count. No token, no personal data."""

import asyncio
from collections.abc import Callable
from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.api.auth import Shared
from gateway.api.problems import ApiError
from gateway.api.views import Alive, Ready
from gateway.context import Context
from gateway.errors import NoTables, StoreError
from gateway.store.connect import row
from gateway.store.migrate import MIGRATIONS

router = APIRouter(tags=["health"])

READY_S = 2.0
NOT_READY = "Send devices and people to another gateway; look at the database, its disk and its log"


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Alive:
    """200 as long as the process answers; says nothing about the database."""
    return Alive()


@router.get("/readyz", summary="Can calls be stored, decided and shown?")
async def readyz(request: Request, context: Shared) -> Ready:
    """200 only when the database answers and may be written, is migrated, and we are not blind."""
    blind = cast("Callable[[], bool]", request.app.state.blind)
    reason = "receiver blind: nothing can be stored" if blind() else await _unready(context)
    if reason is not None:
        raise ApiError(503, reason, what_next=NOT_READY)
    return Ready(storage=context.storage)


async def _unready(context: Context) -> str | None:
    """Say why the database will not do; None when it will."""
    try:
        async with asyncio.timeout(READY_S), context.sessions.transaction() as connection:
            found = await row(connection, "ready")
    except TimeoutError:
        return f"the database did not answer within {READY_S:g} s"
    except NoTables:
        return "the database has no tables of ours: its migrations are not done"
    except StoreError:
        return "the database cannot be reached"
    missing = sorted(set(MIGRATIONS) - set(found.migrations if found is not None else ()))
    if missing:
        return f"migrations are not done: {', '.join(missing)}"
    if found is not None and found.read_only:
        return "the database is read-only"
    return None


@router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
async def metrics() -> Response:
    """Give all counters of this process in the Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
