"""The ingest role: what listeners are given, and the lanes behind it.

Contract: `offer` never blocks and never drops; `done` is called on the event loop after the
commit, and never when we cannot store. Senders are identified against the database each time:
no process keeps a list of who may speak.
"""

import asyncio
import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from devices.decoding import Families
from devices.model import Lane, Packet
from gateway import intake, vitals_intake
from gateway.arrivals import Arrival, understand
from gateway.clock import Clock
from gateway.errors import StoreBusy, StoreError, StoreUnavailable
from gateway.intake import Mark, Taken
from gateway.keys import secret_sha256
from gateway.lanes import TAKE_S, LaneQueue, LaneWorker, Sight
from gateway.listeners.ports import Done, Identity
from gateway.placing import Desk
from gateway.store.connect import Dsn, Session, Sessions, row, run
from gateway.supervision import RECEPTION_GAP_S

log = structlog.get_logger()

PROBE_EVERY_S = 0.5
PROBE_S = 1.5
PROBE = "probe"
MAX_MARKS = 10_000


class Ingest:
    """Takes messages towards their lane, and knows the enrolled senders."""

    def __init__(self, dsn: Dsn, desk: Desk, clock: Clock, families: Families, line: str) -> None:
        """Make the lanes; nothing runs and nothing connects before `tasks` are started."""
        self._line = line
        self._desk = desk
        self._clock = clock
        self._families = families
        self._sight = Sight()
        self._queues = {lane: LaneQueue(lane) for lane in Lane}
        self._alarm = Session(dsn, "alarm-lane")
        self._vitals = Session(dsn, "vitals-lane")
        self._probe = Session(dsn, "probe")
        self._doors = Sessions(dsn, "gatekeeper", 2)
        self._marks: dict[object, Mark] = {}
        self.after_alarms: Callable[[], None] = lambda: None

    @property
    def blind(self) -> bool:
        """Whether nothing could be stored for longer than the bound."""
        return self._sight.blind

    def on_blind(self, listener: Callable[[bool], None]) -> None:
        """Call the listener with True when going blind and False when seeing again."""
        self._sight.listeners.append(listener)

    def offer(self, packet: Packet, done: Done) -> Lane:
        """Queue a message for its lane; give the lane."""
        return self.put(understand(packet, self._families, done))

    def put(self, arrival: Arrival) -> Lane:
        """Queue a message that was read already; give its lane."""
        self._queues[arrival.lane].put(arrival)
        return arrival.lane

    def has_room(self, lane: Lane) -> bool:
        """Say whether more messages for the lane may be read."""
        return self._queues[lane].room.is_set()

    async def wait_for_room(self, lane: Lane) -> None:
        """Return when the lane has room again."""
        await self._queues[lane].room.wait()

    async def identify(
        self, line: str, name: str, password: bytes | None, certificate_sha256: str | None
    ) -> Identity:
        """Say whether a sender is who it says: by its secret, or by its enrolled certificate.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        certificate = bytes.fromhex(certificate_sha256) if certificate_sha256 else None
        try:
            async with self._doors.transaction() as connection:
                found = await row(
                    connection,
                    "identify",
                    line=line,
                    name=name,
                    certificate=certificate,
                    now=self._clock.now(),
                )
        except StoreError as error:
            raise StoreUnavailable("senders cannot be identified now") from error
        if found is None or not found.enabled or found.expired:
            return Identity(name, authenticated=False)
        if certificate is not None and found.certificate_sha256 == certificate:
            return Identity(found.sender, authenticated=True)
        if password is None or found.secret_sha256 is None or found.sender != name:
            return Identity(name, authenticated=False)
        proved = hmac.compare_digest(found.secret_sha256, secret_sha256(password))
        return Identity(name, authenticated=proved)

    def tasks(self) -> list[asyncio.Task[None]]:
        """Start the lanes, the probe and the writer of heard marks."""
        self._workers = [
            LaneWorker(self._queues[Lane.ALARM], self._take_alarms, self._sight),
            LaneWorker(self._queues[Lane.VITALS], self._take_vitals, self._sight),
        ]
        names = ("alarm lane", "vitals lane")
        tasks = [
            asyncio.create_task(worker.run(), name=name)
            for worker, name in zip(self._workers, names, strict=True)
        ]
        tasks.append(asyncio.create_task(self._keep_looking(), name="probe"))
        tasks.append(asyncio.create_task(self._keep_marks(), name="heard marks"))
        return tasks

    async def drain(self) -> None:
        """Take what waits, once more, before the end."""
        for worker in self._workers:
            await worker.drain()

    async def close(self) -> None:
        """End the connections."""
        for session in (self._alarm, self._vitals, self._probe, self._doors):
            await session.close()

    async def _take_alarms(self, batch: Sequence[Arrival]) -> Taken:
        taken = await intake.take(self._alarm, batch, self._desk, self._clock.now())
        for mark in taken.heard[:MAX_MARKS]:
            self._marks[mark.device_id] = mark.after(self._marks.get(mark.device_id))
        self.after_alarms()
        return taken

    async def _take_vitals(self, batch: Sequence[Arrival]) -> Taken:
        marks, self._marks = self._marks, {}
        try:
            return await vitals_intake.take(
                self._vitals, batch, list(marks.values()), self._desk, self._clock.now()
            )
        except BaseException:
            for device, mark in self._marks.items():
                marks[device] = mark.after(marks.get(device))
            self._marks = marks
            raise

    async def _keep_looking(self) -> None:
        """Commit something now and then, so that blindness is known without a press to show it.

        What is written is that we receive on our line: supervision of devices counts from there.
        """
        while True:
            started_s = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(PROBE_S):
                    await self._commit_something()
            except StoreBusy:
                pass  # it answered
            except (StoreError, TimeoutError):
                self._sight.failed(PROBE, since_s=started_s)
            else:
                self._sight.succeeded(PROBE)
            await asyncio.sleep(PROBE_EVERY_S)

    async def _commit_something(self) -> None:
        async with self._probe.transaction() as connection:
            await run(
                connection,
                "receiving",
                line=self._line,
                now=self._clock.now(),
                gap_s=RECEPTION_GAP_S,
            )

    async def _keep_marks(self) -> None:
        """Write heard marks that no batch of readings takes along.

        Apart from the probe: a write that hangs must not keep the probe from looking.
        """
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            if self._marks and not self._queues[Lane.VITALS].waiting:
                with suppress(StoreError, TimeoutError):  # kept, and written with the next batch
                    async with asyncio.timeout(TAKE_S):
                        await self._take_vitals([])
