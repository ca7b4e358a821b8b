"""The HTTP application: routes, the gate before them, the edge around both.

edge   bounds on body and time, security headers, counting, no bare errors   edge.py
gate   who calls and may they: one table of roles, denied by default         gate.py, auth.py
routes read, or bring one event to one case; answer 2xx only after commit    routes_*.py
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount

from gateway.access.organisation import OwnSessions
from gateway.access.signing import Access
from gateway.api import (
    problems,
    routes_alarms,
    routes_fhir,
    routes_health,
    routes_mdt,
    routes_page,
    routes_people,
    routes_provider,
    routes_referrals,
    routes_service_acts,
    routes_services,
    routes_sign_in,
    routes_tasks,
    routes_vitals,
)
from gateway.api.auth import ROUTES, Roles
from gateway.api.document import describe
from gateway.api.edge import Edge
from gateway.api.gate import Gate
from gateway.console import routes as console_routes
from gateway.console.desk import acts as desk_acts
from gateway.console.desk import calls as desk_calls
from gateway.console.desk import lists as desk_lists
from gateway.console.desk import pages as desk_pages
from gateway.console.errors import ErrorPages
from gateway.console.stream import routes as stream_routes
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
    routes_sign_in.router,
    routes_provider.router,
    console_routes.router,
    stream_routes.router,
    desk_pages.router,
    desk_lists.router,
    desk_acts.router,
    desk_calls.router,
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
    app.state.access = Access(context)
    app.state.oidc = app.state.access.provider
    # From here on the database itself keeps organisations apart (gateway/access/organisation.py).
    own = replace(context, sessions=OwnSessions(context.sessions))
    app.state.context = own
    app.state.blind = blind
    problems.install(app)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.router.routes.extend(mounts)
    app.add_middleware(Gate, api=app, context=context, table=table)
    app.add_middleware(Edge)
    app.add_middleware(ErrorPages, api=app)
    return app
