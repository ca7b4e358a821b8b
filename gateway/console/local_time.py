"""Times as people in the room read them: local on the screen, UTC in the markup.

Pure but for the time zone's table. The day is named whenever it is not `today`'s.
"""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

ZONE = ZoneInfo("Europe/London")
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


def stamp(at: datetime) -> str:
    """Give a time as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def clock_words(at: datetime, now: datetime | None = None) -> str:
    """Give the time of day, and the day when it is not the one of `now` (None: always)."""
    here = at.astimezone(ZONE)
    if now is not None and here.date() == now.astimezone(ZONE).date():
        return f"{here:%H:%M}"
    return f"{here:%a} {here.day} {here:%b} {here:%H:%M}"


def date_words(at: datetime) -> str:
    """Give the day: `Monday 2 November 2026`."""
    here = at.astimezone(ZONE)
    return f"{here:%A} {here.day} {here:%B %Y}"


def span_words(span: timedelta | float) -> str:
    """Give a length of time in plain words, with two units at most."""
    whole = int(span.total_seconds() if isinstance(span, timedelta) else span)
    days, rest = divmod(max(whole, 0), DAY_S)
    hours, rest = divmod(rest, HOUR_S)
    minutes, seconds = divmod(rest, MINUTE_S)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    first = next((n for n, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(shown) or "0 s"


def since_words(at: datetime, now: datetime) -> str:
    """Give how long ago a time was; the page runs on from it (clock.js)."""
    return span_words(now - at)


def countdown_words(at: datetime, now: datetime) -> str:
    """Give how long until a time, or how long ago it was; the page runs on from it (clock.js)."""
    left_s = (at - now).total_seconds()
    return f"in {span_words(math.ceil(left_s))}" if left_s > 0 else f"{span_words(-left_s)} ago"


def running(at: datetime | str, now: datetime, kind: str) -> Markup:
    """Give a `time` element that runs on by itself: `since` or `countdown`.

    Args:
        at: Also as RFC 3339, as the items of the queue have it.
    """
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    words = since_words(when, now) if kind == "since" else countdown_words(when, now)
    return Markup('<time datetime="{}" data-{}>{}</time>').format(stamp(when), kind, words)


def element(at: datetime | None, now: datetime | None = None) -> Markup:
    """Give a `time` element: UTC for machines, local for people; a dash for None."""
    if at is None:
        return Markup("<span>–</span>")  # noqa: RUF001 - a dash, as printed
    return Markup('<time datetime="{}">{}</time>').format(stamp(at), clock_words(at, now))
