"""One device on one socket: bytes to the connection, its events to the intake, answers back.

Theory of operation: `devices.links.mqtt_connection` decides everything about the protocol; this
class carries. A message becomes a Packet and goes to the intake; its `done` comes after the commit
and only then the PUBACK and the receipt on `down` go out, all of one turn of the loop in one write.
`done` of a session that is over writes nothing: no acknowledgement goes to a newer connection.
"""

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import assert_never, cast

import structlog

from devices.links import native
from devices.links.mqtt_connect import ENTROPY_BYTES
from devices.links.mqtt_connect_packet import Will
from devices.links.mqtt_connection import Connection
from devices.links.mqtt_events import (
    AcceptConnect,
    Acknowledge,
    Close,
    ConnectRequested,
    Deliver,
    Disconnected,
    Event,
    ProtocolError,
    RefuseConnect,
    Reply,
)
from devices.links.mqtt_packets import Published
from devices.links.mqtt_reasons import Reason, Version
from devices.links.mqtt_state import State
from devices.model import Packet
from gateway.arrivals import Verdict
from gateway.listeners.mqtt_admission import admit
from gateway.listeners.mqtt_answers import Answers
from gateway.listeners.mqtt_policy import Topics
from gateway.listeners.mqtt_shared import Shared, line_time, loop_time_s
from gateway.listeners.mqtt_wire import Pause, Wire
from gateway.listeners.ports import Identity

log = structlog.get_logger()

TIMER_SLACK_S = 0.002


class Session(asyncio.Protocol):
    """A device's connection to this gateway."""

    def __init__(self, shared: Shared) -> None:
        """Wait for the socket."""
        self._shared = shared
        self._settings = shared.settings
        self._connection = Connection(shared.settings.limits, line_time())
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._admission: asyncio.Task[None] | None = None
        self._identity: Identity | None = None
        self._topics = Topics("")
        self._version = Version.V311
        self._answers = Answers()

    @property
    def in_flight(self) -> int:
        """Messages whose acknowledgement has not gone out."""
        return self._connection.in_flight if self._connection.state is State.CONNECTED else 0

    # From the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a socket, or turn it away when there are too many."""
        self._wire = Wire(cast("asyncio.Transport", transport))  # uvloop's is none by name
        self._source = self._wire.source
        if not self._shared.registry.add(self):
            self._shared.metrics.refusal("too_many_connections")
            self._connection.send(Close(Reason.SERVER_BUSY), line_time())
            self._wire.abort()
            return
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Take what a read gave."""
        self._answer()
        self._handle(self._connection.receive(data, line_time()))

    def pause_writing(self) -> None:
        """Stop reading a device that does not read us: what we owe it has a limit."""
        self._pause(Pause.DEVICE_NOT_READING)

    def resume_writing(self) -> None:
        """Read it again."""
        self._resume(Pause.DEVICE_NOT_READING)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the socket is gone; a will speaks."""
        del exc
        self._wire.lost()
        self._handle(self._connection.lost())
        self._stop_timer()
        if self._admission is not None:
            self._admission.cancel()
        identity = self._identity
        if identity is not None:
            self._shared.metrics.session(authenticated=identity.authenticated, change=-1)
        proved = identity.name if identity is not None and identity.authenticated else None
        self._shared.registry.remove(self, proved, self._source)

    # From the endpoint

    def end(self, reason: Reason, message: str) -> None:
        """Close it from our side; its will stays unsaid, because the device is not gone."""
        self._answer()
        if self._connection.state is not State.CLOSED:
            self._shared.metrics.refusal(reason.name.lower())
            self._finish(self._connection.send(Close(reason, message), line_time()))

    def tell(self, payload: bytes) -> bool:
        """Send a later message on `down`; False when the device is not connected any more."""
        if self._connection.state is not State.CONNECTED:
            return False
        self._wire.write(self._connection.send(Deliver(payload), line_time()))
        return True

    def stop_reading(self) -> None:
        """Hear nothing more; what was heard is still acknowledged."""
        self._pause(Pause.STOPPING)

    # The connection's events

    def _handle(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case Published():
                    self._take(event)
                case Reply(octets):
                    self._wire.write(octets)
                case ConnectRequested():
                    self._pause(Pause.DECIDING)
                    self._admission = self._loop.create_task(self._admit(event))
                case ProtocolError(reason, _, octets):
                    self._shared.metrics.protocol_error(reason.name.lower())
                    self._finish(octets)
                case Disconnected(cause, will, octets):
                    self._take_will(will, cause.value)
                    self._finish(octets)
                case _:
                    assert_never(event)
        if self._connection.is_full:
            self._pause(Pause.IN_FLIGHT)

    async def _admit(self, asked: ConnectRequested) -> None:
        self._version = asked.version
        answer = await admit(self._shared, asked, self._wire.tls)
        if self._connection.state is not State.DECIDING:
            return
        if isinstance(answer, Identity):
            self._let_in(answer)
        else:
            self._shared.metrics.refusal(answer.reason.name.lower())
            log.info("a connection was refused", line=self._settings.line, reason=answer.why)
            refusal = RefuseConnect(answer.reason, answer.why)
            self._finish(self._connection.send(refusal, line_time()))

    def _let_in(self, identity: Identity) -> None:
        registry = self._shared.registry
        if identity.authenticated:
            older = registry.prove(self, identity.name)
            if older is not None:
                self._shared.metrics.takeovers.inc()
                older.end(Reason.SESSION_TAKEN_OVER, "the device has connected again")
        else:
            oldest = registry.admit_stranger(self, self._source)
            if oldest is not None:
                oldest.end(Reason.QUOTA_EXCEEDED, "too many unproved sessions from one address")
        self._identity = identity
        self._unwrap = partial(
            native.unwrap, line=self._settings.line, sender=identity.name,
            authenticated=identity.authenticated, peer=self._source,
            # A device's RETAIN asks us to keep the message (MQTT 3.1.1, 3.3.1.3); it does not
            # say that the message is old, as a broker's does to its subscribers.
            retained=False,
        )  # fmt: skip
        self._topics = Topics(identity.name)
        self._shared.metrics.session(authenticated=identity.authenticated, change=1)
        accept = AcceptConnect(self._topics.down)
        entropy = os.urandom(ENTROPY_BYTES)
        self._wire.write(self._connection.send(accept, line_time(), entropy))
        self._handle(self._connection.receive(b"", line_time()))
        self._resume(Pause.DECIDING)

    def _take(self, event: Published) -> None:
        packet = self._packet(event.topic, event.payload)
        if self._is_too_much(packet):
            self._turn_away(event)
            return
        standing = self._topics.standing(event.topic)
        self._shared.metrics.message(standing.word, authenticated=packet.authenticated)
        done = partial(self._done, packet, event.packet_id, standing.reason)
        lane = self._shared.intake.offer(packet, done)
        if not self._shared.intake.has_room(lane):
            self._pause(Pause.LANE_FULL)
            self._shared.rooms.call_when_room(lane, self._resume_lane)

    def _packet(self, topic: str, payload: bytes) -> Packet:
        assert self._identity is not None, "messages come after admission only"
        return self._unwrap(topic, payload, received_at=self._shared.now())

    def _is_too_much(self, packet: Packet) -> bool:
        """Say whether a stranger talks too fast; a call for help is never too much."""
        if packet.authenticated or native.looks_like_call(packet):
            return False
        if self._shared.rates.take(self._source, self._loop.time()):
            return False
        self._shared.metrics.refusal("stranger_too_fast")
        return True

    def _turn_away(self, event: Published) -> None:
        """Refuse a stranger's message: in words where there are any, else by closing behind it."""
        if event.packet_id is None:
            return
        if self._version is Version.V5:
            refusal = Acknowledge(event.packet_id, Reason.QUOTA_EXCEEDED)
            self._wire.write(self._connection.send(refusal, line_time()))
        else:
            self._loop.call_soon(self.end, Reason.QUOTA_EXCEEDED, "too many messages")

    def _done(
        self, packet: Packet, packet_id: int | None, reason: Reason, verdict: Verdict
    ) -> None:
        """Note the answer to a message after its commit: it goes out in this turn of the loop."""
        is_here = self._connection.state is State.CONNECTED
        if is_here and self._answers.add(packet, packet_id, reason, verdict):
            self._loop.call_soon(self._answer)

    def _answer(self) -> None:
        """Write all answers that have gathered, in one write."""
        answer = self._answers.take()
        if answer is None or self._connection.state is not State.CONNECTED:
            return
        self._wire.write_now(self._connection.send(answer, line_time()))
        if not self._connection.is_full:
            self._resume(Pause.IN_FLIGHT)
        if not self._connection.in_flight:
            self._shared.registry.changed.set()

    def _take_will(self, will: Will | None, cause: str) -> None:
        if will is not None:
            self._shared.metrics.will(cause)
            packet = self._packet(self._topics.will(will.topic), will.payload)
            if not self._is_too_much(packet):
                self._shared.intake.offer(packet, _nobody_waits)

    # Reading, timers, the end

    def _pause(self, why: Pause) -> None:
        if self._wire.pause(why):
            self._shared.metrics.paused(why.value)
            if self._wire.paused_by_us:
                self._connection.pause()

    def _resume(self, why: Pause) -> None:
        if not self._wire.is_paused_for(why):
            return
        was_ours = self._wire.paused_by_us
        self._wire.resume(why)
        if was_ours and not self._wire.paused_by_us:
            self._connection.resume(line_time())
            self._arm()

    def _resume_lane(self) -> None:
        self._resume(Pause.LANE_FULL)

    def _arm(self) -> None:
        """Set the timer; one that fires early looks again."""
        self._stop_timer()
        due = self._connection.next_due
        if due is not None:
            self._timer = self._loop.call_at(loop_time_s(due) + TIMER_SLACK_S, self._on_timer)

    def _on_timer(self) -> None:
        self._answer()
        self._handle(self._connection.due(line_time()))
        self._arm()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _finish(self, octets: bytes) -> None:
        self._wire.write(octets)
        self._wire.close(self._settings.close_s)


def _nobody_waits(verdict: Verdict) -> None:
    """Take the verdict on a will: its device is gone."""
    del verdict
