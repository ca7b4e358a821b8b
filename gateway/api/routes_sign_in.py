"""Signing in and out, one's own password, and who one is. Thin; see gateway/access/signing.py.

Each act takes a plain form, answered by going on to a page, or JSON, answered by data: the pages
work without scripts, and scripts without leaving the page.
"""

from dataclasses import replace
from typing import cast
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import AwareDatetime, BaseModel, Field

from gateway.access import cookies, logins
from gateway.access.logins import SignedIn
from gateway.access.signing import Access, Outcome, Tried
from gateway.api import counters
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.problems import ApiError, problem
from gateway.tokens import Role

router = APIRouter(tags=["sign-in"])

HOME = "/console"
MAX_NAME_CHARACTERS = 64
SAYS = {
    Outcome.WRONG: "name or password is wrong",
    Outcome.WAIT: "too many tries have failed",
    Outcome.BUSY: "too many people sign in at this moment",
    Outcome.ELSEWHERE: "this account signs in at the identity provider",
    Outcome.WEAK: "this password will not do",
}
STATUS = {
    Outcome.WRONG: 401,
    Outcome.WAIT: 429,
    Outcome.BUSY: 503,
    Outcome.ELSEWHERE: 403,
    Outcome.WEAK: 422,
}


class Me(BaseModel):
    """Who is signed in here, and what a page of theirs needs to act."""

    name: str
    display_name: str
    role: Role = Field(description="the one they act in here")
    roles: tuple[Role, ...] = Field(description="all roles; each act is done in one of them")
    service: str | None
    csrf: str | None = Field(description="goes with every act as X-CSRF-Token; null for tokens")
    on_duty_since: AwareDatetime | None
    password_due: bool = Field(description="ask for the password in place; acts go on meanwhile")
    must_change: bool
    idle_s: int = Field(description="so long without an act ends the sign-in, except on duty")


def me_of(caller: Caller) -> Me:
    """Show who calls."""
    found = caller.signed_in
    return Me(
        name=caller.name,
        display_name=found.display_name if found else caller.name,
        role=caller.role,
        roles=tuple(sorted(caller.roles or {caller.role})),
        service=found.service_id if found else caller.service_id,
        csrf=found.csrf if found else None,
        on_duty_since=found.on_duty_since if found else None,
        password_due=found.password_due if found else False,
        must_change=found.must_change if found else False,
        idle_s=int(logins.IDLE.total_seconds()),
    )


def access_of(request: Request) -> Access:
    """Give the doors of this process."""
    return cast("Access", request.app.state.access)


def address_of(request: Request) -> str:
    """Give where a request came from, as far as we can see."""
    return request.client.host if request.client else ""


async def _given(request: Request) -> tuple[dict[str, str], bool]:
    """Read the fields of a form or of JSON; and whether it was a form.

    Raises:
        ApiError: 422, it is neither.
    """
    body = await request.body()
    is_form = cookies.is_form(request.headers.raw)
    try:
        if is_form:
            return cookies.fields(body), True
        return msgspec.json.decode(body, type=dict[str, str]), False
    except (ValueError, msgspec.MsgspecError) as error:
        raise ApiError(422, "expected a form, or a JSON object of texts") from error


def _refused(tried: Tried, page: str | None, next_path: str = "") -> Response:
    """Say no: to a form by its page, to a script by a Problem; and count it."""
    if tried.outcome is Outcome.WRONG:
        counters.failed_logins.inc()
    elif tried.outcome is Outcome.WAIT:
        counters.limited_logins.inc()
    if page is not None:
        more = f"&next={quote(next_path)}" if next_path else ""
        return RedirectResponse(f"{page}?why={tried.outcome}{more}", 303)
    headers = {"Retry-After": str(tried.wait_s)} if tried.wait_s else None
    words = SAYS[tried.outcome] + (f": {tried.words}" if tried.words else "")
    what_next = None
    if tried.outcome is Outcome.WAIT:
        what_next = f"Wait {tried.wait_s} s, then try again. Calls for help are not touched."
    elif tried.outcome is Outcome.WRONG:
        what_next = "Check both and try again; a supervisor can have a new password set."
    return problem(
        STATUS[tried.outcome], words, what_next=what_next, reason=tried.outcome, headers=headers
    )


@router.post("/sign-in", include_in_schema=False)
async def sign_in(request: Request, context: Shared) -> Response:
    """Sign a browser in by name and password."""
    headers = request.headers.raw
    elsewhere = cookies.from_elsewhere(headers)
    if elsewhere is not None:
        raise ApiError(403, elsewhere, reason="csrf")
    given, is_form = await _given(request)
    access, now = access_of(request), context.clock.now()
    next_path = cookies.own_path(given.get("next", ""), otherwise=HOME)
    secure = cookies.came_by_tls(headers, request.url.scheme)
    tried = await access.by_password(
        given.get("name", "").strip()[:MAX_NAME_CHARACTERS],
        given.get("password", ""),
        address=address_of(request),
        secure=secure,
        now=now,
    )
    if tried.outcome is not Outcome.IN:
        return _refused(tried, "/sign-in" if is_form else None, next_path)
    answer: Response
    if is_form:
        answer = RedirectResponse(next_path, 303)
    else:
        answer = JSONResponse({"csrf": logins.csrf_of(tried.cookie), "next": next_path})
    answer.headers.append("Set-Cookie", cookies.set_cookie(tried.cookie, secure=secure))
    return answer


@router.post("/sign-in/again", include_in_schema=False)
async def give_again(request: Request, caller: WhoCalls, context: Shared) -> Response:
    """Take the password of somebody who is signed in, in place, so that the sign-in goes on."""
    signed_in = _browser(caller)
    given, is_form = await _given(request)
    tried = await access_of(request).again(
        signed_in, given.get("password", ""), context.clock.now()
    )
    if tried.outcome is not Outcome.IN:
        return _refused(tried, HOME if is_form else None)
    if is_form:
        return RedirectResponse(HOME, 303)
    proved = replace(caller, signed_in=replace(signed_in, password_due=False))
    return JSONResponse(me_of(proved).model_dump(mode="json"))


@router.post("/sign-out", include_in_schema=False)
async def sign_out(request: Request, caller: WhoCalls, context: Shared) -> Response:
    """End the sign-in of this browser."""
    await access_of(request).sign_out(_browser(caller), context.clock.now())
    is_form = cookies.is_form(request.headers.raw)
    answer = RedirectResponse("/sign-in", 303) if is_form else Response(status_code=204)
    for one in cookies.drop_cookies():
        answer.headers.append("Set-Cookie", one)
    return answer


@router.post("/password", include_in_schema=False)
async def change_password(request: Request, caller: WhoCalls, context: Shared) -> Response:
    """Take a new password from its owner; all their other browsers are signed out."""
    signed_in = _browser(caller)
    given, is_form = await _given(request)
    tried = await access_of(request).change(
        signed_in, given.get("old", ""), given.get("new", ""), context.clock.now()
    )
    if tried.outcome is not Outcome.IN:
        return _refused(tried, "/password" if is_form else None)
    return RedirectResponse("/password?why=done", 303) if is_form else Response(status_code=204)


@router.get(f"{V1}/me", summary="Who is signed in")
async def read_me(caller: WhoCalls) -> Me:
    """Give who calls, their roles, and what a page needs to act for them."""
    return me_of(caller)


def _browser(caller: Caller) -> SignedIn:
    """Give the signed-in browser; a token's bearer has none.

    Raises:
        ApiError: 422.
    """
    if caller.signed_in is None:
        raise ApiError(422, "this is for people who are signed in, not for tokens")
    return caller.signed_in
