"""Our session at a broker for one class of topics, over all its connections.

    connect -> give up stale subscriptions -> subscribe -> hand messages in -> acknowledge after the
    commit, in the order of receipt -> lost, or blind: pause, and again

What happens to a message:

    QoS 1 or 2   handed in; acknowledged when stored; not acknowledged when its connection is over
                 before that: the broker gives it again, and the receipt table knows it
    QoS 0        a call is handed in; anything else is dropped while its lane is full (QoS 0
                 promises nothing, and this keeps that promise only)
    too many     a broker may overstep the window it was told (mosquitto does, by far). Up to a
                 bound all are taken; the rest is left unacknowledged, and the connection is renewed
                 when those before are stored: the broker gives it again

While nothing can be stored there is no connection, so that the broker queues; a member of a group
gives its subscriptions up first, because a broker goes on giving an absent member its share.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from paho.mqtt.client import MQTTMessage

from devices.links import native
from devices.model import Lane, Packet
from gateway.arrivals import Verdict
from gateway.listeners import mqtt_client_metrics as metrics
from gateway.listeners.mqtt_client_link import Link, LinkError
from gateway.listeners.mqtt_client_packets import packet_of, topic_word
from gateway.listeners.mqtt_client_parts import (
    BrokerSettings,
    Known,
    Pauses,
    SubscriptionNotes,
    Topics,
)
from gateway.listeners.mqtt_client_texts import Texts
from gateway.listeners.mqtt_client_window import Slot, Window
from gateway.listeners.mqtt_policy import OTHER
from gateway.listeners.ports import Intake

log = structlog.get_logger()

WATCH_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session needs that is not its own.

    Attributes:
        intake: Where messages go.
        now: The gateway's clock.
        known: The devices heard through this broker.
        entropy: Numbers in [0, 1) for jitter.
    """

    intake: Intake
    now: Callable[[], datetime]
    known: Known
    entropy: Callable[[], float] = random.random


class BrokerSession:
    """One class of topics at one broker."""

    def __init__(
        self,
        settings: BrokerSettings,
        topics: Topics,
        surroundings: Surroundings,
    ) -> None:
        """Prepare; `run` connects."""
        self._settings = settings
        self._topics = topics
        self._intake = surroundings.intake
        self._now = surroundings.now
        self._known = surroundings.known
        self._entropy = surroundings.entropy
        timing = settings.timing
        self._client_id = f"{settings.client_id}-{topics.value}"
        self._notes = SubscriptionNotes(settings.memory, self._client_id)
        self.texts = Texts(settings.line, timing.outbound, timing.in_flight_out)
        self._link: Link | None = None
        self._window = self._new_window()
        self._is_up = False
        self._is_leaving = False
        self._is_behind = False
        self._ends = False
        self._stirred = asyncio.Event()
        self.stuck = 0

    @property
    def is_up(self) -> bool:
        """Say whether it is connected and subscribed."""
        return self._is_up

    @property
    def unacknowledged(self) -> int:
        """How many messages of the present connection wait for their commit."""
        return len(self._window)

    def look(self) -> None:
        """Look again: sight was lost or found."""
        self._stirred.set()

    def finish(self) -> None:
        """End in an orderly way: `run` returns."""
        self._ends = True
        self._stirred.set()

    async def run(self) -> None:
        """Stay connected, whenever something can be stored, until `finish`."""
        pauses = Pauses(self._settings.timing)
        while not self._ends:
            if self._intake.blind:
                await self._stirring()
                continue
            held_s = await self._once()
            if not self._ends and not self._intake.blind:
                await self._stirring(pauses.after(held_s, self._entropy()))

    async def _stirring(self, wait_s: float | None = None) -> None:
        """Wait until something was stirred, or so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._stirred.wait()
        self._stirred.clear()

    # One connection

    async def _once(self) -> float:
        """Hold one connection as long as it lasts; give for how long we were subscribed."""
        loop = asyncio.get_running_loop()
        self._window = self._new_window()
        self._is_leaving = self._is_behind = False
        link = Link(self._settings, self._client_id, self._heard, self.texts.delivered)
        self._link = link
        since_s = None
        try:
            await self._enter(link)
            since_s = loop.time()
            self._turn(up=True)
            why = await self._hold(link)
            self._count("lost" if link.closed.done() else "left")
        except LinkError as error:
            self._count(error.word)
            why = str(error)
        finally:
            self._turn(up=False)
            await self._leave(link)
        log.warning("the broker's connection is over", line=self._settings.line,
                    what=self._topics.value, reason=why)  # fmt: skip
        return 0.0 if since_s is None else loop.time() - since_s

    async def _enter(self, link: Link) -> None:
        """Connect, give up what earlier settings subscribed, subscribe."""
        wanted = self._settings.filters(self._topics)
        await link.open()
        self.texts.connected(link)  # before all else: who is answered stops repeating
        stale = self._notes.stale(wanted)
        if stale:
            await link.unsubscribe(stale)
        self._notes.note(wanted)
        await link.subscribe(wanted)
        self._notes.only(wanted)
        self._count("connected")
        log.info("subscribed at the broker", line=self._settings.line, what=self._topics.value)

    async def _hold(self, link: Link) -> str:
        """Return, with the reason, when this connection is over or has to be."""
        while True:
            waiting = asyncio.ensure_future(self._stirred.wait())
            await asyncio.wait(
                (link.closed, waiting), timeout=WATCH_EVERY_S, return_when=asyncio.FIRST_COMPLETED
            )
            waiting.cancel()
            self._stirred.clear()
            if link.closed.done():
                return link.closed.result()
            if self._ends:
                return "the gateway is stopping"
            if self._intake.blind:
                return "nothing can be stored"
            if self._is_behind and not len(self._window):
                return "messages were left with the broker, and may come now"
            if self._pass_over(link):
                return "messages could not be stored, and may come again"

    def _pass_over(self, link: Link) -> bool:
        """Let later messages go before stuck ones; say whether too many were stuck."""
        before = self._window.passed_over
        ready = self._window.pass_over(asyncio.get_running_loop().time())
        passed = self._window.passed_over - before
        if passed:
            self.stuck += passed
            metrics.passed_over.labels(self._settings.line).inc(passed)
            log.error("messages of the broker are not stored and hold up others",
                      line=self._settings.line, count=passed)  # fmt: skip
        self._acknowledge(link, ready)
        return self._window.passed_over >= self._settings.timing.passed_over

    async def _leave(self, link: Link) -> None:
        """Take nothing more, wait for commits when stopping, flush, disconnect."""
        self._is_leaving = True
        try:
            if not link.closed.done() and self._settings.group:
                with suppress(LinkError):
                    await link.unsubscribe(self._settings.filters(self._topics))
            link.stop_reading()
            if self._ends and not link.closed.done():
                await self._drained()
        finally:
            self._link = None
            self.texts.disconnected()
            metrics.unacknowledged.labels(self._settings.line, self._topics.value).set(0)
            await link.close()

    async def _drained(self) -> None:
        """Wait until everything taken is stored and acknowledged, or the bound."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.timing.drain_s):
                while len(self._window) and not self._intake.blind:
                    self._stirred.clear()
                    await self._stirred.wait()

    # Messages in

    def _heard(self, message: MQTTMessage) -> None:
        """Hand a message in, or leave it with the broker."""
        packet = packet_of(message, self._settings, self._now())
        word = topic_word(packet)
        if why := self._cannot_take(message, word):
            metrics.left.labels(self._settings.line, why).inc()
            return
        slot = None
        if message.qos:
            heard_s = asyncio.get_running_loop().time()
            slot = self._window.take(message.mid, message.qos, heard_s)
        if word != OTHER:
            self._known.add(packet.sender)
        metrics.messages.labels(self._settings.line, word).inc()
        self._show()
        self._intake.offer(packet, partial(self._done, self._link, self._window, slot, packet))

    def _cannot_take(self, message: MQTTMessage, word: str) -> str | None:
        """Say why a message is not taken now."""
        if self._is_leaving:
            return "leaving"
        if not message.qos:
            is_call = word == native.Channel.CALL
            return None if is_call or self._intake.has_room(Lane.VITALS) else "lane_full"
        # Behind the first message that was left, all are: else they would be acknowledged first.
        self._is_behind = self._is_behind or self._window.is_full
        return "window_full" if self._is_behind else None

    def _done(
        self, link: Link | None, window: Window, slot: Slot | None, packet: Packet, verdict: Verdict
    ) -> None:
        """Acknowledge after the commit; the device's own receipt goes at once."""
        if slot is not None and link is not None:
            if link is self._link and not link.closed.done():
                self._acknowledge(link, window.settle(slot))
                if not len(window):
                    self._stirred.set()
            else:
                metrics.old_acknowledgements.labels(self._settings.line).inc()
        parsed = native.parse_topic(packet.topic)
        if verdict.receipt is not None and parsed is not None:
            reply = native.reply(packet, native.Result(verdict.result), verdict.reason or "")
            self.texts.tell(parsed.device, reply)

    def _acknowledge(self, link: Link, slots: list[Slot]) -> None:
        for slot in slots:
            link.acknowledge(slot.packet_id, slot.qos)
        self._show()

    # Showing

    def _new_window(self) -> Window:
        return Window(self._settings.timing.window, self._settings.timing.stuck_s)

    def _turn(self, *, up: bool) -> None:
        self._is_up = up
        metrics.up.labels(self._settings.line, self._topics.value).set(1 if up else 0)

    def _show(self) -> None:
        metrics.unacknowledged.labels(self._settings.line, self._topics.value).set(
            len(self._window)
        )

    def _count(self, result: str) -> None:
        metrics.connects.labels(self._settings.line, self._topics.value, result).inc()
