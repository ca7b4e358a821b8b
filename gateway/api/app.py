"""The HTTP application: routes, the gate before them, the edge around both.

edge   bounds on body and time, security headers, counting, no bare errors   edge.py
gate   who calls and may they: one table of roles, denied by default         gate.py, auth.py
routes read, or bring one event to one case; answer 2xx only after commit    routes_*.py
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount

from gateway.api import (
    problems,
    routes_alarms,
    routes_fhir,
    routes_health,
    routes_mdt,
    routes_page,
    routes_people,
    routes_referrals,
    routes_service_acts,
    routes_services,
    routes_tasks,
    routes_vitals,
)
from gateway.api.auth import ROUTES, Roles
from gateway.api.document import describe
from gateway.api.edge import Edge
from gateway.api.gate import Gate
from gateway.context import Context

ROUTERS = (
    routes_page.router,
    routes_health.router,
    routes_alarms.router,
    routes_services.router,
    routes_people.router,
    routes_referrals.router,
    routes_service_acts.router,
    routes_tasks.router,
    routes_mdt.router,
    routes_fhir.router,
    routes_vitals.router,
)


class Api(FastAPI):
    """FastAPI with our document in place of its own."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def create_app(
    context: Context,
    *,
    blind: Callable[[], bool],
    mounts: Sequence[Mount] = (),
    table: Mapping[tuple[str, str], Roles | None] = ROUTES,
) -> FastAPI:
    """Make the application.

    Args:
        blind: Says whether nothing can be stored right now.
        mounts: Applications below paths of their own; each needs a row ("*", path) in the table.
        table: Who may call what; a route without a row is denied to everybody.
    """
    # The pages that FastAPI brings load scripts from elsewhere, so they are off.
    app = Api(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.context = context
    app.state.blind = blind
    problems.install(app)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.router.routes.extend(mounts)
    app.add_middleware(Gate, api=app, context=context, table=table)
    app.add_middleware(Edge)
    return app
