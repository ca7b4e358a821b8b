"""What the consoles owe the calls: somebody looks at each, and whoever has one is still there.

Both rounds look at the database alone, so that they also find what a dead web process left behind;
what follows is decided where everything is decided, by an event to the case:

* an alarm that no console has shown 5 s after it rang: the supervisor is called at once, by the
  notice of the untaken alarm's own climb (STACK 4);
* a taken alarm whose taker's console has been gone for 15 s returns to the queue (DECIDING 6).
"""

from collections.abc import Sequence

import structlog

from alerts.events import Event, OperatorEvent, Unseen
from alerts.words import OperatorAct
from gateway import acts
from gateway.clock import Clock
from gateway.console.stream import counters
from gateway.errors import CannotDecide, StoreBusy
from gateway.placing import Desk
from gateway.store.connect import Row, Sessions, rows, run

log = structlog.get_logger()

EVERY_S = 1.0
UNSEEN_AFTER_S = 5.0
GONE_AFTER_S = 15.0
USED_WITHIN_S = 24 * 3_600.0
"""Where no console has been connected for so long, alarms are not expected on one."""
LIMIT = 100
ACTOR = "gateway"
LEFT = "console_gone"


class Watch:
    """Looks for alarms that nobody sees."""

    def __init__(self, sessions: Sessions, desk: Desk, clock: Clock) -> None:
        """Look through sessions of its own: a watcher must not wait for what it watches."""
        self._sessions = sessions
        self._desk = desk
        self._clock = clock

    async def look(self) -> int:
        """Look once; always gives 0, since what is found at each look is bounded by LIMIT.

        An alarm is marked as told after the telling: a crash between the two tells twice.

        Raises:
            StoreError: the database does not answer; what was found is found again.
        """
        unseen, left = await self._find()
        for one in unseen:
            if await self._tell(one, Unseen(at=self._clock.now(), alarm=str(one.id))):
                await self._told(one)
                counters.unseen.inc()
                log.error("no console shows an alarm", alarm=str(one.id))
        for one in left:
            release = OperatorEvent(
                at=self._clock.now(),
                operator=one.taken_by,
                do=OperatorAct.RELEASE,
                alarm=str(one.id),
                reason=LEFT,
            )
            await self._tell(one, release)
        return 0

    async def _tell(self, found: Row, event: Event) -> bool:
        """Bring the event to its case; False when that must be tried again with the next look."""
        try:
            await acts.act(
                self._sessions, found.subject_id, event, self._desk, event.at, actor=ACTOR
            )
        except (StoreBusy, CannotDecide):
            return False  # one case must not keep the others from being looked at
        return True

    async def _told(self, one: Row) -> None:
        async with self._sessions.transaction() as connection:
            await run(
                connection,
                "console_told",
                id=one.id,
                organisation_id=one.organisation_id,
                rings=one.rings,
            )

    async def _find(self) -> tuple[Sequence[Row], Sequence[Row]]:
        now = self._clock.now()
        async with self._sessions.transaction() as connection:
            unseen = await rows(
                connection,
                "console_unseen",
                now=now,
                after_s=UNSEEN_AFTER_S,
                used_s=USED_WITHIN_S,
                limit=LIMIT,
            )
        async with self._sessions.transaction() as connection:
            left = await rows(connection, "console_left", now=now, gone_s=GONE_AFTER_S, limit=LIMIT)
        return unseen, left
