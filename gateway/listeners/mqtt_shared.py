"""What all sessions of one device endpoint share: settings, ports, who is connected."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from devices.links.mqtt_events import Limits
from devices.links.mqtt_reasons import Reason
from devices.model import Lane
from gateway.listeners.mqtt_metrics import EndpointMetrics
from gateway.listeners.mqtt_policy import StrangerRates
from gateway.listeners.ports import Gatekeeper, Intake

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """One device endpoint.

    Attributes:
        line: The account space of the devices that connect here.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        tls: `tls.server_context(…)`, None for a plain port.
        limits: Of one connection.
        connections: Open connections; the next one is closed at once and counted.
        accept_unauthenticated: Whether who cannot prove a name is heard as an unknown caller.
        strangers_per_source: Sessions of one address that proved nothing; beyond it the oldest of
            them makes place, so that the newest call is heard.
        stranger_burst: Messages that are no calls which the strangers of one address may send at
            once, and
        stranger_per_s: how many a second after that. Calls for help are not counted.
        identify_deadline_s: How long the database may take to say who it is.
        drain_s: How long a shutdown waits for commits.
        close_s: How long a closing connection may take to read what we wrote.
    """

    line: str
    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    connections: int = 10_000
    accept_unauthenticated: bool = True
    strangers_per_source: int = 50
    stranger_burst: int = 20
    stranger_per_s: float = 1.0
    identify_deadline_s: float = 5.0
    drain_s: float = 5.0
    close_s: float = 5.0


class Guest(Protocol):
    """What the registry knows of a session."""

    @property
    def in_flight(self) -> int:
        """Messages whose acknowledgement has not gone out."""
        ...

    def end(self, reason: Reason, message: str) -> None:
        """Close it from our side."""
        ...


GuestT = TypeVar("GuestT", bound=Guest)


class Registry(Generic[GuestT]):
    """Who is connected: all, those with a proved name, strangers by their address."""

    def __init__(self, limit: int, strangers_per_source: int) -> None:
        """Begin empty."""
        self._limit = limit
        self._strangers_per_source = strangers_per_source
        self._all: dict[GuestT, None] = {}
        self._by_name: dict[str, GuestT] = {}
        self._strangers: dict[str, dict[GuestT, None]] = {}
        self.changed = asyncio.Event()

    def add(self, guest: GuestT) -> bool:
        """Take a connection in; False when there are too many."""
        if len(self._all) >= self._limit:
            return False
        self._all[guest] = None
        return True

    def prove(self, guest: GuestT, name: str) -> GuestT | None:
        """Note a proved name; give the older session that it takes over."""
        older = self._by_name.get(name)
        self._by_name[name] = guest
        return older

    def holder(self, name: str) -> GuestT | None:
        """Give the session of a device that proved its name; None when it is not connected."""
        return self._by_name.get(name)

    def admit_stranger(self, guest: GuestT, source: str) -> GuestT | None:
        """Note a stranger; give the oldest of the same source when it has to make place."""
        group = self._strangers.setdefault(source, {})
        oldest = next(iter(group)) if len(group) >= self._strangers_per_source else None
        if oldest is not None:
            del group[oldest]
        group[guest] = None
        return oldest

    def remove(self, guest: GuestT, name: str | None, source: str) -> None:
        """Forget a connection."""
        self._all.pop(guest, None)
        if name is not None and self._by_name.get(name) is guest:
            del self._by_name[name]
        group = self._strangers.get(source, {})
        group.pop(guest, None)
        if not group:
            self._strangers.pop(source, None)
        self.changed.set()

    def everyone(self) -> list[GuestT]:
        """Give all connections, as they are now."""
        return list(self._all)

    def owing(self) -> bool:
        """Say whether any message waits for its acknowledgement."""
        return any(guest.in_flight for guest in self._all)

    async def settle(self, is_settled: Callable[[], bool], deadline_s: float) -> bool:
        """Wait until the condition holds; False when the deadline came first."""
        try:
            async with asyncio.timeout(deadline_s):
                while not is_settled():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            return False
        return True


class RoomWaiters:
    """Resumes sessions when their lane has room again: one waiting task for each lane."""

    def __init__(self, intake: Intake) -> None:
        """Wait for nothing yet."""
        self._intake = intake
        self._waiting: dict[Lane, dict[Callable[[], None], None]] = {}
        self._tasks: dict[Lane, asyncio.Task[None]] = {}

    def call_when_room(self, lane: Lane, resume: Callable[[], None]) -> None:
        """Call `resume` once, when the lane has room."""
        self._waiting.setdefault(lane, {})[resume] = None
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.get_running_loop().create_task(self._wait(lane))

    async def _wait(self, lane: Lane) -> None:
        await self._intake.wait_for_room(lane)
        del self._tasks[lane]
        for resume in self._waiting.pop(lane, {}):
            resume()

    def cancel(self) -> None:
        """Stop waiting."""
        for task in self._tasks.values():
            task.cancel()


@dataclass(frozen=True, slots=True)
class Shared:
    """Everything a session needs that is not its own."""

    settings: MqttSettings
    gatekeeper: Gatekeeper
    intake: Intake
    now: Callable[[], datetime]
    metrics: EndpointMetrics
    registry: "Registry[Any]"
    rooms: RoomWaiters
    rates: StrangerRates


def line_time() -> datetime:
    """Give the time that keep-alives are measured in: the loop's monotonic clock as a date.

    Not the gateway's clock: that one may be set forward (by the database, by a story), which is
    no reason to call a device silent.
    """
    return _EPOCH + timedelta(seconds=asyncio.get_running_loop().time())


def loop_time_s(at: datetime) -> float:
    """Give the loop's own time for a date of `line_time`."""
    return (at - _EPOCH).total_seconds()
