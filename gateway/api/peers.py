"""A service's program that proved itself to our proxy by its certificate (mutual TLS).

Off unless the setting `bars_peer_header` names a header. That header counts only on the FHIR
route, only from the proxies' own addresses, only when it stands there once; the proxy must replace
whatever a client wrote into it. Everybody else needs a token.
"""

import hmac

from starlette.types import Scope

from gateway.api.auth import Caller
from gateway.context import Context
from gateway.tokens import Role

NAME = "certificate"


def peer(scope: Scope, context: Context) -> Caller | None:
    """Give the service whose certificate the proxy saw; None when there is none to believe."""
    settings = context.settings
    header = settings.bars_peer_header
    address = scope["client"][0] if scope.get("client") else ""
    if header is None or address not in settings.bars_peer_proxies:
        return None
    wanted = header.lower().encode("latin-1")
    shown = [value for name, value in scope["headers"] if name == wanted]
    if len(shown) != 1 or not shown[0]:
        return None
    for service, endpoint in settings.bars.items():
        known = (endpoint.peer or "").encode()
        if known and hmac.compare_digest(known, shown[0]):
            owner = endpoint.organisation or context.desk.organisation_id
            return Caller(owner, NAME, Role.SERVICE, service)
    return None
