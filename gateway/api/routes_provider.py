"""Signing in at the identity provider: there, and back. Thin; see gateway/access/oidc.py."""

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import escape

from gateway.access import cookies
from gateway.access.oidc import Provider
from gateway.access.oidc_flow import NotProved, ProviderAway
from gateway.access.signing import Outcome
from gateway.api.auth import Shared
from gateway.api.problems import ApiError
from gateway.api.routes_sign_in import HOME, access_of, address_of
from gateway.context import Context

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

FLOW_COOKIE = "lifeline-flow"
FLOW_MAX_AGE_S = 600
MAX_QUERY_CHARACTERS = 5_000


def _provider(request: Request) -> Provider:
    """Give the provider.

    Raises:
        ApiError: 404, the settings name none.
    """
    found = access_of(request).provider
    if found is None:
        raise ApiError(404, "no identity provider is set up here")
    return found


def _secure(context: Context) -> bool:
    """Say whether browsers reach us by TLS, as the address to come back to says."""
    return str(context.settings.oidc_redirect_url).startswith("https://")


@router.get("/sign-in/provider")
async def go_there(request: Request, context: Shared) -> Response:
    """Send the browser to the provider; who is signed in comes back to the same sign-in."""
    provider, now = _provider(request), context.clock.now()
    next_path = cookies.own_path(request.query_params.get("next", ""), otherwise=HOME)
    again = await access_of(request).proved_again(*cookies.cookie_of(request.headers.raw), now)
    try:
        url, flow = await provider.begin(next_path, now, again)
    except ProviderAway as error:
        log.error("the identity provider does not answer", error=str(error))
        return RedirectResponse("/sign-in?why=provider", 303)
    answer = RedirectResponse(url, 303)
    answer.headers.append("Set-Cookie", _flow_cookie(flow, secure=_secure(context)))
    return answer


@router.get("/sign-in/provider/back")
async def come_back(request: Request, context: Shared) -> Response:
    """Take the browser back, and sign it in when the provider proves who it is."""
    provider, now = _provider(request), context.clock.now()
    access, query = access_of(request), request.query_params
    if len(request.url.query) > MAX_QUERY_CHARACTERS:
        raise ApiError(422, "more came back than any provider sends")
    if "error" in query:
        return _back_to("provider", context)
    try:
        cookie = request.cookies.get(FLOW_COOKIE, "")
        code, state = query.get("code", ""), query.get("state", "")
        subject, flow = await provider.finish(cookie, state, code, now)
    except ProviderAway as error:
        log.error("the identity provider does not answer", error=str(error))
        return _back_to("provider", context)
    except NotProved as error:
        log.warning("a sign-in at the identity provider proved nothing", error=str(error))
        return _back_to("provider", context)
    secure = _secure(context)
    tried = await access.by_provider(
        subject, flow.again, address=address_of(request), secure=secure, now=now
    )
    if tried.outcome is not Outcome.IN:
        return _back_to("denied", context)
    answer = _page_to(flow.next_path)
    if tried.cookie:
        answer.headers.append("Set-Cookie", cookies.set_cookie(tried.cookie, secure=secure))
    answer.headers.append("Set-Cookie", _flow_cookie("", secure=secure))
    return answer


def _back_to(why: str, context: Context) -> Response:
    answer = RedirectResponse(f"/sign-in?why={why}", 303)
    answer.headers.append("Set-Cookie", _flow_cookie("", secure=_secure(context)))
    return answer


def _page_to(path: str) -> Response:
    """Go on by a page of our own: a redirect would still count as coming from the provider.

    The browser would then keep back the cookie that it has just been given (SameSite=Strict).
    """
    where = escape(path)
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Signed in</title>'
        f'<meta http-equiv="refresh" content="0;url={where}"></head>'
        f'<body><p>You are signed in. <a href="{where}">Go on</a></p></body></html>'
    )


def _flow_cookie(value: str, *, secure: bool) -> str:
    age = FLOW_MAX_AGE_S if value else 0
    more = "; Secure" if secure else ""
    path = "/sign-in/provider"
    return f"{FLOW_COOKIE}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{more}"
