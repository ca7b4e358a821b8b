"""The two lanes: group commit without timers, retries inside, answers after commit.

While one transaction is in flight the next batch collects; the next transaction takes all that
waits, up to a bound. A lane owns its database session, so alarms never wait behind vitals.

What happens to a batch that fails:

    StoreUnavailable   nothing is answered; the batch stays at the head and is tried again; after
                       BLIND_AFTER_S without a commit the gateway is blind and says so
    StoreBusy          tried again at once
    BadData, or any    halved, down to the one message that carries the poison: that one is stored
    other error        alone as bytes, as a fault
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from devices.model import Lane
from gateway import metrics
from gateway.arrivals import Arrival, poisoned
from gateway.errors import StoreBusy, StoreUnavailable
from gateway.intake import Taken
from gateway.log import place

log = structlog.get_logger()

MAX_BATCH = 500
MAX_WAITING = 10_000
RESUME_WAITING = 5_000
MAX_BATCH_BYTES = 8 * 1_048_576
MAX_WAITING_BYTES = 64 * 1_048_576
RESUME_WAITING_BYTES = MAX_WAITING_BYTES // 2
BLIND_AFTER_S = 2.0
VITALS_BLIND_AFTER_S = 30.0  # readings alone that cannot be kept must not refuse a press at once
RETRY_FIRST_S = 0.05
RETRY_MAX_S = 0.5
BUSY_WAIT_S = 0.01
TAKE_S = 15.0
MAX_BUSY_BEFORE_HALVING = 20

Take = Callable[[Sequence[Arrival]], Awaitable[Taken]]


class Sight:
    """Whether we can store. Blind means: refuse at once, so that devices try their next receiver.

    Each lane and the probe speak for themselves: on a disk that is full a heartbeat may still
    commit where a press cannot, and one's success must not hide another's failure.

    Uses the event loop's monotonic clock, not the gateway's: it measures an outage of the very
    database that the gateway's clock comes from.
    """

    def __init__(self) -> None:
        """Start with good sight."""
        self._failing_since_s: dict[str, float] = {}
        self._blind = False
        self.listeners: list[Callable[[bool], None]] = []

    @property
    def blind(self) -> bool:
        """Say whether nothing could be stored for longer than the bound."""
        return self._blind

    def failed(
        self, who: str, *, since_s: float | None = None, bound_s: float = BLIND_AFTER_S
    ) -> None:
        """Note that somebody could not commit.

        Args:
            who: The lane, or the probe.
            since_s: When the attempt began by the loop's clock, when not now.
            bound_s: For how long it may fail before we are blind.
        """
        now_s = asyncio.get_running_loop().time()
        since_s = self._failing_since_s.setdefault(who, now_s if since_s is None else since_s)
        if not self._blind and now_s - since_s >= bound_s:
            self._turn(blind=True)

    def succeeded(self, who: str) -> None:
        """Note that somebody's commit was answered."""
        self._failing_since_s.pop(who, None)
        if self._blind and not self._failing_since_s:
            self._turn(blind=False)

    def _turn(self, *, blind: bool) -> None:
        self._blind = blind
        metrics.receiver_blind.set(1 if blind else 0)
        for listener in self.listeners:
            listener(blind)


@dataclass(slots=True)
class LaneQueue:
    """Messages waiting for their transaction, in the order they came."""

    lane: Lane
    waiting: deque[Arrival] = field(default_factory=deque)
    some: asyncio.Event = field(default_factory=asyncio.Event)
    room: asyncio.Event = field(default_factory=asyncio.Event)
    waiting_bytes: int = 0

    def __post_init__(self) -> None:
        self.room.set()

    def put(self, arrival: Arrival) -> None:
        """Add a message; a full queue tells listeners to pause reading, it never drops a call."""
        self.waiting.append(arrival)
        self.waiting_bytes += len(arrival.packet.body)
        self.some.set()
        if len(self.waiting) >= MAX_WAITING or self.waiting_bytes >= MAX_WAITING_BYTES:
            self.room.clear()

    def take_all(self) -> list[Arrival]:
        """Give all that waits, up to the bounds of one transaction."""
        batch: list[Arrival] = []
        left_bytes = MAX_BATCH_BYTES
        while self.waiting and len(batch) < MAX_BATCH:
            left_bytes -= len(self.waiting[0].packet.body)
            if batch and left_bytes < 0:
                break
            batch.append(self.waiting.popleft())
        self.waiting_bytes -= sum(len(one.packet.body) for one in batch)
        if not self.waiting:
            self.some.clear()
        if len(self.waiting) <= RESUME_WAITING and self.waiting_bytes <= RESUME_WAITING_BYTES:
            self.room.set()
        metrics.waiting.labels(lane=self.lane.value).set(len(self.waiting))
        return batch

    def put_back(self, batch: Sequence[Arrival]) -> None:
        """Return messages to the head of the queue, in their order."""
        self.waiting.extendleft(reversed(batch))
        self.waiting_bytes += sum(len(one.packet.body) for one in batch)
        if self.waiting:
            self.some.set()


class LaneWorker:
    """Takes what waits in one lane, transaction after transaction, until stopped."""

    def __init__(self, queue: LaneQueue, take: Take, sight: Sight) -> None:
        """`take` handles one batch in one transaction."""
        self._queue = queue
        self._take = take
        self._sight = sight
        self._retry_s = RETRY_FIRST_S
        self._busy = 0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._queue.some.wait()
            await self._one(self._queue.take_all())

    async def drain(self) -> None:
        """Take what still waits, once, before the end; what fails stays unacknowledged."""
        while self._queue.waiting and not self._sight.blind:
            await self._one(self._queue.take_all())

    async def _one(self, batch: list[Arrival]) -> None:
        if not batch:
            return
        started_s = time.monotonic()
        lane = self._queue.lane.value
        try:
            async with asyncio.timeout(TAKE_S):
                taken = await self._take(batch)
        except (StoreUnavailable, TimeoutError):
            await self._unavailable(batch)
            return
        except StoreBusy:
            await self._again(batch)
            return
        except Exception as error:  # noqa: BLE001 - one message must not stop all others
            metrics.store_failures.labels(lane=lane, kind=type(error).__name__).inc()
            await self._isolate(batch, error)
            return
        self._sight.succeeded(lane)
        self._retry_s, self._busy = RETRY_FIRST_S, 0
        metrics.commit_s.labels(lane=lane).observe(time.monotonic() - started_s)
        metrics.batch_size.labels(lane=lane).observe(len(batch))
        self._answer(taken)
        if taken.later:
            self._queue.put_back(taken.later)
            if not taken.answers:
                await asyncio.sleep(BUSY_WAIT_S)

    def _answer(self, taken: Taken) -> None:
        lane = self._queue.lane.value
        repeats = sum(verdict.repeat for _, verdict in taken.answers)
        metrics.repeats.labels(lane=lane).inc(repeats)
        metrics.taken.labels(lane=lane).inc(len(taken.answers) - repeats)
        for arrival, verdict in taken.answers:
            try:
                arrival.done(verdict)
            except Exception as error:  # noqa: BLE001 - one connection must not end all others
                log.error("an answer could not be given", lane=lane, error=place(error))

    async def _unavailable(self, batch: list[Arrival]) -> None:
        lane = self._queue.lane
        bound_s = VITALS_BLIND_AFTER_S if lane is Lane.VITALS else BLIND_AFTER_S
        self._sight.failed(lane.value, bound_s=bound_s)
        metrics.store_failures.labels(lane=lane.value, kind="unavailable").inc()
        self._queue.put_back(batch)
        await asyncio.sleep(self._retry_s)
        self._retry_s = min(self._retry_s * 2, RETRY_MAX_S)

    async def _again(self, batch: list[Arrival]) -> None:
        metrics.store_failures.labels(lane=self._queue.lane.value, kind="busy").inc()
        self._busy += 1
        if self._busy >= MAX_BUSY_BEFORE_HALVING and len(batch) > 1:
            # One message's lock keeps the whole batch waiting: let the others go first.
            self._busy = 0
            middle = len(batch) // 2
            await self._one(batch[:middle])
            await self._one(batch[middle:])
            return
        self._queue.put_back(batch)
        await asyncio.sleep(BUSY_WAIT_S)

    async def _isolate(self, batch: list[Arrival], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._one(batch[:middle])
            await self._one(batch[middle:])
            return
        arrival = batch[0]
        if arrival.isolated:
            self._sight.succeeded(self._queue.lane.value)  # the database did answer
            # Not even its bytes can be kept: it stays unacknowledged, so its sender goes elsewhere.
            log.critical(
                "a message can be neither decided nor kept and is not acknowledged; "
                "see lifeline_store_failures_total and the database's log",
                line=arrival.packet.line,
                error=place(error),
            )
            return
        metrics.poisoned.inc()
        log.error("a message is kept as bytes only", error=place(error))
        await self._one([poisoned(arrival, f"{type(error).__name__}: {error}")])
