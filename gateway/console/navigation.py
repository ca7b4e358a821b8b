"""Where a person can go: the navigation's rows, shown only to whom the table of roles lets in."""

from dataclasses import dataclass

from gateway.api import auth
from gateway.roles import ApiRole


@dataclass(frozen=True, slots=True)
class Item:
    """One link of the navigation."""

    words: str
    href: str


NAV: tuple[Item, ...] = (
    Item("Calls", "/console"),
    Item("Incoming call", "/console/incoming"),
    Item("New referral", "/console/referrals/new"),
    Item("Find", "/console/search"),
    Item("Technical", "/console/technical"),
    Item("Power cut", "/console/power"),
    Item("Scripts", "/console/scripts"),
    Item("Hand-over", "/console/handover"),
    Item("Supervisor", "/console/supervisor"),
)


def shown(role: ApiRole | None) -> tuple[Item, ...]:
    """Give the links a role may follow, in order; nobody's are none."""
    if role is None:
        return ()
    return tuple(one for one in NAV if role in (auth.ROUTES.get(("GET", one.href)) or ()))
