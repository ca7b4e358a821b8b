"""The native MQTT side of an honest device (INTERFACES 2): it repeats until it is told "stored".

Theory of operation. A message is kept from the moment it is made until its receipt comes on `down`;
a PUBACK alone settles only a heartbeat. While a connection stands, every kept message is published
at QoS 1 at once, calls first, and again with the same id each `repeat_s`. No receipt after
`repeats` of them, a refused call, a refused CONNECT or a lost connection: the device tries the next
receiver of its list, after a jittered pause that doubles with every full round without a receipt.
It stays with a receiver that answers. Calls are never given up.

What it weakens: readings beyond MAX_READINGS push out the oldest one (its receipt says "dropped");
a press beyond MAX_CALLS unanswered ones is not sent again, the last one stands for it.

A device is one connection, a handful of tasks and no thread of its own (connecting borrows one of
the event loop's), so hundreds run in one process.
"""

import asyncio
import itertools
import json
import random
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiomqtt

from firmware_stubs.words import Address, Channel, Parts, Receipt, Timing, Value, without_none

MAX_READINGS = 1_000
MAX_CALLS = 64
MAX_IN_FLIGHT = 2 * (MAX_READINGS + MAX_CALLS)
MAX_DOWN_WAITING = 1_000
MAX_DOUBLINGS = 16
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(slots=True, eq=False)
class _Kept:
    """A message until its receipt comes."""

    id: str
    channel: Channel
    body: bytes
    is_heartbeat: bool
    made_s: float
    receipt: asyncio.Future[Receipt]
    sends: int = 0

    def settle(self, result: str, reason: str = "") -> None:
        if not self.receipt.done():
            waited_s = self.receipt.get_loop().time() - self.made_s
            self.receipt.set_result(Receipt(self.id, result, reason, self.sends, waited_s))


class _TryNextError(Exception):
    """This receiver does not answer as it should."""


@dataclass(slots=True, eq=False)
class NativeDevice:
    """One device; `async with` it, or run `run()` as a task.

    Attributes:
        addresses: Its receivers, the preferred one first.
        name: As in its topics.
        secret: Its password; None when a client certificate in `tls` speaks for it.
        boot: Its boot number: ids are `<boot>-<counter>` and must never come twice.
        tls: None for plain TCP.
        entropy: Numbers in [0, 1) for jitter.
        now: The device's own clock, for `at`; aware.
        on_down: Told of every message on `down`, receipts included.
    """

    addresses: Sequence[Address]
    name: str
    secret: str | None
    boot: int
    tls: ssl.SSLContext | None = None
    _: KW_ONLY
    timing: Timing = field(default_factory=Timing)
    protocol: aiomqtt.ProtocolVersion = aiomqtt.ProtocolVersion.V311
    entropy: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_down: Callable[[dict[str, object]], None] = lambda _: None
    connected: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _counter: int = field(default=0, init=False)
    _kept: dict[str, _Kept] = field(default_factory=dict, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _is_answered: bool = field(default=False, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def press(self, activation: str = "pendant") -> Receipt:
        """Call for help; returns when it is stored, however long that takes."""
        return await self.send("call", {"activation": activation})

    async def fall(self, impact_g: float | None = None, still_s: float | None = None) -> Receipt:
        """Report a fall."""
        parts: Parts = {"activation": "fall", "impact_g": impact_g, "still_s": still_s}
        return await self.send("call", parts)

    async def cancel(self, of: str) -> Receipt:
        """Take back the call with this id."""
        return await self.send("call", {"activation": "cancel", "of": of})

    async def vitals(self, **values: Value) -> Receipt:
        """Report vital signs under their native names: `spo2_pct=93`."""
        return await self.send("up", {"vitals": values})

    async def answers(self, **values: Value) -> Receipt:
        """Report answers to a questionnaire."""
        return await self.send("up", {"answers": values})

    async def status(
        self,
        battery_pct: float | None = None,
        mains: bool | None = None,  # noqa: FBT001 - always named
        tamper: bool | None = None,  # noqa: FBT001 - always named
    ) -> Receipt:
        """Report the device's own condition."""
        values: dict[str, Value] = {"battery_pct": battery_pct, "mains": mains, "tamper": tamper}
        return await self.send("up", {"status": values})

    async def heartbeat(self) -> Receipt:
        """Say that it lives, outside of the rhythm; settled by its PUBACK."""
        return await asyncio.shield(self._keep("up", {}).receipt)

    async def send(self, channel: Channel, parts: Parts) -> Receipt:
        """Send a message of these parts (None is left out) and wait for its receipt."""
        at = self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return await asyncio.shield(self._keep(channel, {"at": at, **parts}).receipt)

    def _keep(self, channel: Channel, parts: Parts) -> _Kept:
        same = [kept for kept in self._kept.values() if kept.channel == channel]
        if channel == "call" and len(same) >= MAX_CALLS:
            return same[-1]
        if channel == "up" and len(same) >= MAX_READINGS:
            self._settle(same[0].id, "dropped")
        self._counter += 1
        number = f"{self.boot}-{self._counter:04d}"
        text = json.dumps({"id": number, **without_none(parts)}, allow_nan=False)
        loop = asyncio.get_running_loop()
        kept = _Kept(number, channel, text.encode(), not parts, loop.time(), loop.create_future())
        self._kept[number] = kept
        self._news.set()
        return kept

    def _settle(self, number: str, result: str, reason: str = "") -> None:
        kept = self._kept.pop(number, None)
        if kept is not None:
            kept.settle(result, reason)

    async def run(self) -> None:
        """Stay connected to one receiver or another until cancelled."""
        silent = 0
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._heartbeats())
            for address in itertools.cycle(self.addresses):
                self._is_answered = False
                await self._session(address)
                silent = 0 if self._is_answered else silent + 1
                await asyncio.sleep(self._pause_s(silent // len(self.addresses)))

    def _pause_s(self, rounds: int) -> float:
        longest_s = self.timing.pause_max_s
        pause_s = min(longest_s, self.timing.pause_first_s * 2.0 ** min(rounds, MAX_DOUBLINGS))
        return pause_s * (0.5 + self.entropy())

    async def _heartbeats(self) -> None:
        await asyncio.sleep(self.timing.interval_s * self.entropy())
        while True:
            beat = self._keep("up", {})
            await asyncio.sleep(self.timing.interval_s)
            self._settle(
                beat.id, "dropped"
            )  # an old heartbeat says nothing that a new one does not

    async def _session(self, address: Address) -> None:
        """Speak with one receiver until it fails; returns then."""
        try:
            async with self._connection(address) as client, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(client))
                tasks.create_task(self._subscribe(client))
                self.connected.set()
                under_way: set[_Kept] = set()
                while True:
                    self._news.clear()
                    fresh = set(self._kept.values()) - under_way
                    for kept in sorted(
                        fresh, key=lambda kept: (kept.channel != "call", kept.made_s)
                    ):
                        tasks.create_task(self._deliver(client, kept))
                    under_way = set(self._kept.values())
                    await self._news.wait()
        except* (aiomqtt.MqttError, _TryNextError, OSError):
            pass  # whatever it was, the answer is the next receiver
        finally:
            self.connected.clear()

    @asynccontextmanager
    async def _connection(self, address: Address) -> AsyncIterator[aiomqtt.Client]:
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=self.name,
            password=self.secret,
            identifier=self.name,
            protocol=self.protocol,
            will=aiomqtt.Will(f"lifeline/v1/{self.name}/will", b"", qos=1),
            timeout=self.timing.connect_s,
            keepalive=self.timing.keep_alive_s,
            max_queued_incoming_messages=MAX_DOWN_WAITING,
            max_inflight_messages=MAX_IN_FLIGHT,
            tls_context=self.tls,
            socket_options=(_NO_DELAY,),
        )
        client.pending_calls_threshold = MAX_IN_FLIGHT
        try:
            async with client:
                yield client
        finally:
            # After a CONNECT that was refused or never answered the library leaves its socket in
            # the event loop; this closes it, and does nothing after an orderly end.
            client._client.disconnect()  # noqa: SLF001

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        # The device endpoint needs no subscription; a broker on the way does.
        with suppress(aiomqtt.MqttError):
            await client.subscribe(f"lifeline/v1/{self.name}/down", qos=1)

    async def _deliver(self, client: aiomqtt.Client, kept: _Kept) -> None:
        topic = f"lifeline/v1/{self.name}/{kept.channel}"
        for _ in range(self.timing.repeats):
            if kept.receipt.done():
                return
            kept.sends += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self.timing.repeat_s * (0.9 + 0.2 * self.entropy())):
                    await client.publish(topic, kept.body, qos=1, timeout=float("inf"))
                    if kept.is_heartbeat:
                        self._is_answered = True
                        self._settle(kept.id, "acknowledged")
                    await asyncio.wait([kept.receipt])
        if not kept.receipt.done():
            raise _TryNextError

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            with suppress(ValueError):  # not JSON: not from a receiver of ours
                self._hear(json.loads(str(message.payload, "utf-8")))

    def _hear(self, told: object) -> None:
        if not isinstance(told, dict):
            return
        self.on_down(told)
        kept = self._kept.get(str(told.get("receipt")))
        if kept is None:
            return
        if told.get("result") == "stored":
            self._is_answered = True
            self._settle(kept.id, "stored")
        elif told.get("result") == "refused" and kept.channel == "call":
            raise _TryNextError
        elif told.get("result") == "refused":
            self._settle(kept.id, "refused", str(told.get("reason", "")))
