"""How much of a span of time lies within a service's hours (CLINICAL 2.4).

A national waiting time may leave the night out; a service that is open round the clock has none.
Both figures are given, and which of the two counts is agreed with the provider.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.facts import Service
from alerts.hours import WEEKDAYS

MAX_DAYS = 400
"""A longer span is no response time; what is beyond is not counted."""
MINUTE = timedelta(minutes=1)
ZERO = timedelta()


def time_in_hours(service: Service, since: datetime, until: datetime) -> timedelta:
    """Give how long the service was open between two instants."""
    if isinstance(service.hours, str):
        return max(until - since, ZERO)
    zone = ZoneInfo(service.timezone)
    day = since.astimezone(zone).date() - timedelta(days=1)
    total = ZERO
    for _ in range(MAX_DAYS):
        midnight = datetime.combine(day, time(), zone)
        if midnight >= until:
            break
        for text in service.hours.get(WEEKDAYS[day.weekday()], ()):
            start, end = _instants(text, midnight)
            total += max(min(end, until) - max(start, since), ZERO)
        day += timedelta(days=1)
    return total


def _instants(text: str, midnight: datetime) -> tuple[datetime, datetime]:
    """Give when a span `HH:MM-HH:MM` of a local day begins and ends; one may end the next day."""
    opens, _, closes = text.partition("-")
    start = datetime.combine(midnight.date(), time.fromisoformat(opens), midnight.tzinfo)
    clock = time.fromisoformat("00:00" if closes == "24:00" else closes)
    end = datetime.combine(midnight.date(), clock, midnight.tzinfo)
    if clock <= start.time():
        end = datetime.combine(midnight.date() + timedelta(days=1), clock, midnight.tzinfo)
    return _utc(start), _utc(end)


def _utc(local: datetime) -> datetime:
    """Leave the wall clock: differences within one zone ignore its daylight saving."""
    return local.astimezone(ZoneInfo("UTC"))
