"""When a service is open and where it goes: hours in its own time zone, postcode prefixes."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.facts import Service

ALWAYS = "24/7"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
INWARD_CHARS = 3
OUTWARD_MAX_CHARS = 4
MAX_SPANS = 6


def covers(catchment: tuple[str, ...], postcode: str | None) -> bool:
    """Say whether a postcode lies in a catchment; an unknown one does (unknown goes up).

    `LE` means the area, `LE1` the district (not LE11), `LE1 1` the sector.
    """
    if not catchment or postcode is None:
        return True
    squeezed = "".join(postcode.split()).upper()
    cut = len(squeezed) - INWARD_CHARS if len(squeezed) > OUTWARD_MAX_CHARS else len(squeezed)
    outward, inward = squeezed[:cut], squeezed[cut:]
    return any(_matches(" ".join(p.upper().split()), outward, inward) for p in catchment)


def _matches(prefix: str, outward: str, inward: str) -> bool:
    if " " in prefix:
        return f"{outward} {inward}".startswith(prefix)
    if prefix.isalpha():
        return outward.startswith(prefix) and outward[len(prefix) :][:1].isdigit()
    return prefix in (outward, outward + inward)


def is_open(service: Service, now: datetime) -> bool:
    """Say whether a service is open, by the wall clock of its own time zone."""
    if isinstance(service.hours, str):
        return True
    local = now.astimezone(ZoneInfo(service.timezone))
    yesterday = local - timedelta(days=1)
    clock = local.time()
    today_spans = map(_span, service.hours.get(WEEKDAYS[local.weekday()], ()))
    night_spans = map(_span, service.hours.get(WEEKDAYS[yesterday.weekday()], ()))
    return any(
        start <= clock and (clock < end or end <= start) for start, end in today_spans
    ) or any(end <= start and clock < end for start, end in night_spans)


def _span(text: str) -> tuple[time, time]:
    """Read `HH:MM-HH:MM`; 24:00 is the midnight that ends the day."""
    start, _, end = text.partition("-")
    return time.fromisoformat(start), time.fromisoformat("00:00" if end == "24:00" else end)


def check_service(service: Service) -> None:
    """Check what a service's row says about its hours.

    Raises:
        ValueError: the zone is not known, a weekday or a span cannot be read.
    """
    try:
        ZoneInfo(service.timezone)
    except (KeyError, OSError) as error:
        raise ValueError(
            f"service {service.id}: time zone {service.timezone!r} is not known"
        ) from error
    if isinstance(service.hours, str):
        if service.hours != ALWAYS:
            raise ValueError(
                f"service {service.id}: hours {service.hours!r}, expected 24/7 or a table"
            )
        return
    for day, spans in service.hours.items():
        if day not in WEEKDAYS or len(spans) > MAX_SPANS:
            raise ValueError(
                f"service {service.id}: {day!r} with {len(spans)} spans, "
                f"expected one of {', '.join(WEEKDAYS)} with at most {MAX_SPANS}"
            )
        for span in spans:
            try:
                _span(span)
            except ValueError as error:
                raise ValueError(f"service {service.id}: {span!r}, expected HH:MM-HH:MM") from error
