"""One viewing of a case is one row of the audit, however often its page refreshes itself.

Contract: the page's first read always leaves its row. A refresh of the same page in the same
browser (`?live=true`) within VIEWING of the last row is the same reading; after that, or in another
browser, it leaves a row again. What this process forgets, also by a restart, costs a row too many
and never one too few.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

VIEWING = timedelta(minutes=10)
MAX_VIEWINGS = 10_000
REFRESHED = ("GET", "/console/alarms/{alarm_id}")
REFRESH = b"live=true"

Viewing = tuple[bytes, str]


class Viewings:
    """Which browsers have lately opened which case. Bounded: the oldest is forgotten."""

    def __init__(self) -> None:
        """Begin with none."""
        self._written: OrderedDict[Viewing, datetime] = OrderedDict()

    def goes_on(self, viewing: Viewing, query: bytes, now: datetime) -> bool:
        """Say whether a request only refreshes a page whose reading is written down.

        Args:
            viewing: Which browser (the digest of its cookie), and the page's path.
        """
        if query != REFRESH:
            return False
        written_at = self._written.get(viewing)
        return written_at is not None and now - written_at < VIEWING

    def written(self, viewing: Viewing, now: datetime) -> None:
        """Remember a reading whose row is committed."""
        self._written[viewing] = now
        self._written.move_to_end(viewing)
        while len(self._written) > MAX_VIEWINGS:
            self._written.popitem(last=False)
