"""Pages from templates: what every page needs to know about who reads it, and nothing more."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from gateway.api import auth
from gateway.api.auth import Caller
from gateway.console.assets import assets
from gateway.console.environment import environment
from gateway.console.navigation import Item, shown
from gateway.context import Context

CSRF_FIELD = Markup('<input type="hidden" name="csrf_token" value="{}">')
STREAM = ("GET", "/console/stream")
DUTY_ROLES = frozenset({"operator", "supervisor"})


@dataclass(frozen=True, slots=True)
class Shell:
    """What the layout shows around a page. `csrf` is empty where nobody is signed in."""

    you: str
    display_name: str
    role: str
    csrf: str
    organisation: str
    release: str
    here: str
    nav: tuple[Item, ...]
    live: bool
    on_duty: bool
    password_due: bool

    @property
    def signed_in(self) -> bool:
        """Say whether somebody is."""
        return bool(self.role)

    @property
    def on_desk(self) -> bool:
        """Say whether this person can go on duty, and hears alarms then."""
        return self.role in DUTY_ROLES


def shell_of(request: Request, *, live: bool = True) -> Shell:
    """Read who a request is from; open pages have nobody."""
    caller = cast("Caller | None", getattr(request.state, "caller", None))
    context = cast("Context", request.app.state.context)
    signed_in = getattr(caller, "signed_in", None)
    name = caller.name if caller else ""
    return Shell(
        you=name,
        display_name=getattr(signed_in, "display_name", None) or name,
        role=caller.role.value if caller else "",
        csrf=str(getattr(signed_in, "csrf", None) or ""),
        organisation=context.settings.organisation_name if caller else "",
        release=assets().release,
        here=request.url.path,
        nav=shown(caller.role if caller else None),
        live=live and caller is not None and caller.role in (auth.ROUTES[STREAM] or ()),
        on_duty=getattr(signed_in, "on_duty_since", None) is not None,
        password_due=bool(getattr(signed_in, "password_due", False)),
    )


def render(
    request: Request,
    template: str,
    *,
    title: str,
    status: int = 200,
    live: bool = True,
    **values: object,
) -> HTMLResponse:
    """Give a page.

    Args:
        title: Of the window and the history of the browser: no personal data.
        live: Whether the page follows the stream; an error page that stands alone does not.
        values: What the template names; a name it does not get is an error.
    """
    shell = shell_of(request, live=live)
    around = {
        "shell": shell,
        "title": title,
        "now": request.app.state.context.clock.now(),
        "csrf_field": lambda: CSRF_FIELD.format(shell.csrf),
    }
    text = environment().get_template(template).render(around, **values)
    return HTMLResponse(text, status)
