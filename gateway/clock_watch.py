"""The gateway's clock against the database's: more than the tolerance apart is a technical alarm.

A clock that is behind follows at once, even where nothing can be written: on a disk that is full
the drift is gone before anybody could be told. So what could not be told is kept until it is.
"""

import structlog

from gateway import metrics
from gateway.clock import TOLERANCE_S, Clock
from gateway.placing import Desk
from gateway.store.connect import Session, row
from gateway.supervision import report_fault

log = structlog.get_logger()


class ClockWatch:
    """Compares, follows, tells."""

    def __init__(self, session: Session, desk: Desk, clock: Clock) -> None:
        """Start with nothing to tell."""
        self._session = session
        self._desk = desk
        self._clock = clock
        self._untold_s: float | None = None

    async def compare(self) -> int:
        """Compare once; give 0, since it is never at once due again.

        Raises:
            StoreError: nothing was compared, or nobody was told yet; the next round tells.
        """
        async with self._session.plain() as connection:
            found = await row(connection, "server_time")
        if found is None:
            return 0
        drift_s = self._clock.follow(found.clock_timestamp)
        metrics.clock_drift_s.set(drift_s)
        if abs(drift_s) > TOLERANCE_S:
            log.error("our clock and the database's are apart", drift_s=round(drift_s, 3))
            if self._untold_s is None or abs(drift_s) > abs(self._untold_s):
                self._untold_s = drift_s
        if self._untold_s is not None:
            await self._tell(self._untold_s)
            self._untold_s = None
        return 0

    async def _tell(self, drift_s: float) -> None:
        detail = f"the gateway's and the database's clocks were {drift_s:.1f} s apart"
        await report_fault(self._session, self._desk, "clock_apart", detail, self._clock.now())
