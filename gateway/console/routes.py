"""The pages everybody has: signing in, a new password, static files, and the guide."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from gateway.api.auth import WhoCalls
from gateway.api.models import NO_NUL
from gateway.api.problems import ApiError
from gateway.console import guide
from gateway.console.assets import BASE, assets
from gateway.console.pages import render

router = APIRouter(include_in_schema=False)

FIRST_PAGE = "/console"
MAX_NEXT_CHARACTERS = 200
FOR_EVER = "public, max-age=31536000, immutable"
WHY_SIGN_IN = {
    "wrong": "The name or the password is not right. Check both and try again.",
    "wait": "Too many tries. Wait a minute, then try again. Colleagues on duty are not affected.",
    "busy": "The gateway cannot check passwords just now. Try again in a few seconds.",
    "ended": "You were signed out, because nobody had used this console for a while.",
    "password": "Give your password once more.",
    "provider": "Signing in with your organisation did not work. Try again, or ask an engineer.",
    "elsewhere": "Sign in with your organisation; passwords are for emergencies only.",
    "denied": "Your organisation knows you, but you have no account here. Ask a supervisor.",
}
WHY_PASSWORD = {
    "wrong": "The old password is not right.",
    "weak": "The new password is too easy to guess. Use at least 12 characters, for example four "
    "words that do not belong together.",
}
DONE = "done"
Why = Annotated[str, Query(max_length=20, pattern=NO_NUL)]


def own_path(given: str) -> str:
    """Give where to go after signing in: a page of ours, whatever was asked for."""
    parts = urlsplit(given)
    foreign = parts.scheme or parts.netloc or "\\" in given or "//" in given
    if foreign or len(given) > MAX_NEXT_CHARACTERS or not parts.path.startswith(FIRST_PAGE):
        return FIRST_PAGE
    return parts.path


@router.get("/sign-in", response_class=HTMLResponse)
async def sign_in(
    request: Request,
    why: Why = "",
    next_page: Annotated[str, Query(alias="next", max_length=2_000, pattern=NO_NUL)] = FIRST_PAGE,
) -> HTMLResponse:
    """Show where one signs in; works without scripts."""
    return render(
        request,
        "sign_in.html",
        title="Sign in",
        live=False,
        error=WHY_SIGN_IN.get(why),
        next=own_path(next_page),
        provider=getattr(request.app.state, "oidc", None) is not None,
    )


@router.get("/password", response_class=HTMLResponse)
async def password(request: Request, caller: WhoCalls, why: Why = "") -> HTMLResponse:
    """Show where one changes one's password."""
    signed_in = getattr(caller, "signed_in", None)
    return render(
        request,
        "password.html",
        title="Change your password",
        error=WHY_PASSWORD.get(why),
        done=why == DONE,
        must=bool(getattr(signed_in, "must_change", False)),
    )


@router.get("/console/guide", response_class=HTMLResponse)
async def show_guide(request: Request) -> HTMLResponse:
    """Show every part of the layout, and every state of the banner, with invented contents."""
    return render(
        request,
        "guide.html",
        title="Parts of the console",
        states=guide.STATES,
        tags=guide.TAGS,
        figures=guide.FIGURES,
    )


@router.get(BASE + "/{release}/{path:path}", response_class=Response)
async def static_file(release: str, path: str) -> Response:
    """Give a file of this release; a page of an older one must load again.

    Raises:
        ApiError: 404.
    """
    mine = assets()
    found = mine.files.get(path) if release == mine.release else None
    if found is None:
        raise ApiError(404, "no such file in this release", what_next="Load the page again.")
    return Response(found.body, media_type=found.media_type, headers={"Cache-Control": FOR_EVER})
