"""How a voice is opened: telephone and SIP links. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alerts.words import CallTarget

SIP = re.compile(r"^sips?:[A-Za-z0-9_.+%~-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?$")
MIN_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """Somewhere that can be called: what to say, the link, and what the act is recorded as."""

    words: str
    number: str
    href: str | None
    to: CallTarget | None
    about: str = ""


def tel(number: str | None) -> str | None:
    """Give the link of a telephone number; None for what cannot be dialled."""
    if not number:
        return None
    digits = re.sub(r"[^0-9]", "", number)
    plus = "+" if number.lstrip().startswith("+") else ""
    return f"tel:{plus}{digits}" if len(digits) >= MIN_DIGITS else None


def unit(sender: str) -> str | None:
    """Give the link of an alarm unit whose name can be called; None for one that calls us only."""
    if SIP.match(sender):
        return sender
    return tel(sender) if re.fullmatch(r"\+?[0-9]{9,15}", sender) else None


def lines(
    devices: Iterable[Any], home: str | None, mobile: str | None, contacts: Iterable[Any]
) -> tuple[Line, ...]:
    """Give who can be called, in the order of the silent ladder (DECIDING 3)."""
    units = [
        Line(f"Unit {one.sender}", one.sender, unit(one.sender), None, one.model or "")
        for one in devices
        if one.speech and one.enabled
    ]
    phones = [
        Line(words, number, tel(number), to)
        for words, number, to in (
            ("Home telephone", home, CallTarget.HOME),
            ("Mobile telephone", mobile, CallTarget.MOBILE),
        )
        if number
    ]
    return (*units, *phones, *(_contact(one) for one in contacts if isinstance(one, dict)))


def _contact(one: dict[str, Any]) -> Line:
    number = str(one.get("phone") or one.get("mobile") or "")
    name = str(one.get("name") or "A contact")
    relation = str(one.get("relation") or one.get("relationship") or "")
    return Line(name, number, tel(number), CallTarget.CONTACT, relation)


def map_link(postcode: str | None) -> str | None:
    """Give a public map of a postcode: the postcode is all that is sent, no name, no house."""
    kept = re.sub(r"[^A-Z0-9]", "", (postcode or "").upper())
    return f"https://www.openstreetmap.org/search?query={kept}" if kept else None
