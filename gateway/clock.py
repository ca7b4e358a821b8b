"""The gateway's one clock: the database's time at start, carried on by CLOCK_BOOTTIME.

Contract: `now()` is aware UTC, never goes back, and goes on through suspend. It is compared with
the database every ten seconds; more than a second apart is a technical alarm, and the clock then
follows forward only (DESIGN 4, Time).

Nothing else in the gateway asks what time it is: SQL gets `%(now)s`, deciding gets `now`.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

COMPARE_EVERY_S = 10.0
TOLERANCE_S = 1.0


def boottime_s() -> float:
    """Seconds since the machine started, suspend included where the system can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Clock:
    """Time as the database told it once, carried on by a clock that nobody can set."""

    def __init__(self, elapsed_s: Callable[[], float] = boottime_s) -> None:
        """Start from the machine's own time, until the database has been asked.

        Args:
            elapsed_s: Seconds that have passed since some fixed moment; never goes back.
        """
        self._elapsed_s = elapsed_s
        self._base = datetime.now(UTC)
        self._since_s = elapsed_s()

    def now(self) -> datetime:
        """Give the time, aware UTC."""
        return self._base + timedelta(seconds=self._elapsed_s() - self._since_s)

    def follow(self, server: datetime) -> float:
        """Compare with the database's time; give the drift in seconds, positive when we are late.

        A clock that is behind by more than the tolerance jumps forward; one that is ahead waits
        for the drift to be mended by people, because time that goes back would un-happen timers.
        """
        drift_s = (server - self.now()).total_seconds()
        if drift_s > TOLERANCE_S:
            self._start_from(server)
        return drift_s

    def start_at(self, server: datetime) -> None:
        """Take the database's time as ours: once, before anything was received."""
        self._start_from(server)

    def _start_from(self, at: datetime) -> None:
        self._base = at.astimezone(UTC)
        self._since_s = self._elapsed_s()


class StoryClock(Clock):
    """A clock for the demo and for stories: starts at a story's time and can be moved forward.

    Between moves it runs at the real rate, so that what is measured in between is measured.
    """

    def __init__(self, start: datetime) -> None:
        """Start at the story's first minute."""
        super().__init__()
        self._start_from(start)

    def follow(self, server: datetime) -> float:
        """Ignore the database's time: the story has its own."""
        del server
        return 0.0

    def start_at(self, server: datetime) -> None:
        """Ignore the database's time: the story has its own."""
        del server

    def forward_to(self, at: datetime) -> None:
        """Move to a later minute of the story; an earlier one changes nothing."""
        if at > self.now():
            self._start_from(at)
