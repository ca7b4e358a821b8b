"""One MQTT connection of one device, without a socket and without a clock.

MQTT 3.1.1 (OASIS, 2014-10-29) and 5.0 (OASIS, 2019-03-07), QoS 0 and 1: a receiver, not a broker.
Nothing is retained, no session is kept, no device hears another.

Contract: `receive` takes what a read gave and answers events in the device's order; `send` takes a
command and answers the bytes to write (may be none); `due` answers what time alone has brought
about, and is to be called at `next_due`. None of them raises for anything that a device does.

Theory of operation: `mqtt_state` holds the tables. Three places bend the specification, always so
that a call for help is heard: a retained message is taken in version 5 too; a message at QoS 2 is
handed in (as one without acknowledgement) before the connection is closed for it; and more messages
in flight than the Receive Maximum do not end the connection.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from devices.framing import BadFrame, MqttFrame, MqttFramer
from devices.links import mqtt_connect, mqtt_packets, mqtt_writer
from devices.links.mqtt_connect_packet import Connect, Will, read_connect, read_version
from devices.links.mqtt_down import Down
from devices.links.mqtt_events import (
    AcceptConnect,
    Acknowledge,
    Answer,
    Cause,
    Close,
    Command,
    Deliver,
    Disconnected,
    Event,
    Limits,
    ProtocolError,
    RefuseConnect,
    Reply,
)
from devices.links.mqtt_packets import without_acknowledgement
from devices.links.mqtt_properties import NO_PROPERTIES
from devices.links.mqtt_reasons import MqttFault, PacketKind, Reason, Version
from devices.links.mqtt_state import State, after_command, after_packet
from devices.links.mqtt_windows import OwedAcknowledgements, PublishReader, TopicAliases

_GRACE = 1.5
"""A device may be silent for one and a half times its keep alive (section 3.1.2.10)."""


class Connection:
    """The state of one connection; see the module for the contract."""

    def __init__(self, limits: Limits, now: datetime) -> None:
        """Begin to wait for CONNECT."""
        self._limits = limits
        self._sizes = limits.sizes
        self._state = State.AWAITING_CONNECT
        self._framer = MqttFramer(limits.packet_bytes, limits.connect_bytes)
        self._connect: Connect | None = None
        self._version = Version.V311
        self._early: deque[MqttFrame | BadFrame] = deque()
        self._early_bytes = 0
        self._heard_at = now
        self._silence_s: float | None = limits.connect_deadline_s
        self._paused = False
        self._publish_reader = PublishReader(Version.V311, self._sizes)
        self._aliases = TopicAliases(limits.topic_alias_maximum)
        self._owed = OwedAcknowledgements()
        self._down = Down(None, Version.V311, NO_PROPERTIES, limits.deliver_window)

    @property
    def state(self) -> State:
        """Where the connection is."""
        return self._state

    @property
    def in_flight(self) -> int:
        """How many messages of the device wait for their acknowledgement to go out."""
        return len(self._owed)

    @property
    def is_full(self) -> bool:
        """Whether the shell should stop reading until acknowledgements have gone out."""
        return len(self._owed) >= self._limits.in_flight_pause

    @property
    def next_due(self) -> datetime | None:
        """When `due` is to be called; None for never, as things are."""
        if self._silence_s is None or self._paused or self._state in (State.DECIDING, State.CLOSED):
            return None
        return self._heard_at + timedelta(seconds=self._silence_s)

    def pause(self) -> None:
        """Note that the shell stops reading: a device that cannot be heard is not silent."""
        self._paused = True

    def resume(self, now: datetime) -> None:
        """Note that the shell reads again: the device has its whole time once more."""
        self._paused = False
        self._heard_at = now

    def receive(self, octets: bytes, now: datetime) -> list[Event]:
        """Take what a read gave; b"" looks at what was kept while the shell was deciding."""
        if self._state is State.CLOSED:
            return []
        frames = self._framer.feed(octets)
        if self._state is State.DECIDING:
            return self._keep(frames, len(octets))
        if self._early:
            frames = [*self._early, *frames]
            self._early.clear()
        events: list[Event] = []
        if frames:
            self._heard_at = now
        try:
            self._take_all(frames, events)
        except MqttFault as fault:
            self._fail(fault, events)
        return events

    def _take_all(self, frames: Sequence[MqttFrame | BadFrame], events: list[Event]) -> None:
        for place, frame in enumerate(frames):
            if self._state is State.CLOSED:
                return
            if self._state is State.DECIDING:
                self._early.extend(frames[place:])
                return
            self._take(frame, events)

    def lost(self) -> list[Event]:
        """Take note that the network connection is gone."""
        return self._end(Cause.LOST)

    def due(self, now: datetime) -> list[Event]:
        """Answer what the time has brought: no CONNECT in time, or a device gone silent."""
        next_due = self.next_due
        if next_due is None or now < next_due:
            return []
        silence_s = (now - self._heard_at).total_seconds()
        message = f"nothing heard for {silence_s:.1f} s, expected within {self._silence_s:g} s"
        if self._state is State.AWAITING_CONNECT:
            events: list[Event] = []
            self._fail(MqttFault(Reason.KEEP_ALIVE_TIMEOUT, message), events)
            return events
        farewell = self._farewell(Reason.KEEP_ALIVE_TIMEOUT, message)
        return self._end(Cause.SILENT, farewell)

    def send(self, command: Command, now: datetime, entropy: bytes = b"") -> bytes:
        """Carry out a command; answer the bytes to write, b"" for none.

        Args:
            command: what to do.
            now: the gateway's clock.
            entropy: 8 random bytes, needed by AcceptConnect for a device without client id.

        Raises:
            MqttMisuseError: the state does not allow the command.
        """
        after = after_command(self._state, command)
        if self._state is State.CLOSED:
            return b""
        match command:
            case Acknowledge(packet_id, reason):
                octets = self._acknowledge(packet_id, reason)
            case Answer(each):
                octets = self._answer(each)
            case AcceptConnect(down_topic):
                octets = self._accept(down_topic, now, entropy)
            case Close() if self._state is State.AWAITING_CONNECT:
                octets = b""
            case RefuseConnect(reason, message) | Close(reason, message):
                octets = self._farewell(reason, message)
            case Deliver(payload):
                octets = self._down.deliver(payload)
            case _:
                assert_never(command)
        self._state = after
        return octets

    def _keep(self, frames: list[MqttFrame | BadFrame], count: int) -> list[Event]:
        """Keep what came behind CONNECT, up to its limit, until the device was let in."""
        self._early_bytes += count
        if self._early_bytes <= self._limits.early_bytes:
            self._early.extend(frames)
            return []
        events: list[Event] = []
        limit = self._limits.early_bytes
        message = f"{self._early_bytes} bytes behind CONNECT, expected at most {limit}"
        self._fail(MqttFault(Reason.QUOTA_EXCEEDED, message), events)
        return events

    def _take(self, frame: MqttFrame | BadFrame, events: list[Event]) -> None:
        if isinstance(frame, BadFrame):
            reason = Reason.PACKET_TOO_LARGE if frame.too_long else Reason.MALFORMED
            raise MqttFault(reason, frame.message)
        first, body = frame
        kind = first >> 4
        after = after_packet(self._state, kind)
        _TAKERS[kind](self, first & 15, body, events)
        self._state = after

    def _take_connect(self, flags: int, body: bytes, events: list[Event]) -> None:
        self._version = read_version(body)
        connect = read_connect(flags, body, self._version, self._sizes)
        events.append(mqtt_connect.requested(connect, self._limits))
        self._connect = connect
        self._publish_reader = PublishReader(self._version, self._sizes)

    def _accept(self, down_topic: str | None, now: datetime, entropy: bytes) -> bytes:
        connect = self._connect
        assert connect is not None, "the table lets AcceptConnect come after CONNECT only"
        octets = mqtt_connect.welcome(connect, self._limits, entropy)
        keep_alive_s = mqtt_connect.keep_alive_s(connect, self._limits)
        self._silence_s = keep_alive_s * _GRACE if keep_alive_s else None
        self._heard_at = now
        self._down = Down(
            down_topic, self._version, connect.properties, self._limits.deliver_window
        )
        return octets

    def _take_publish(self, flags: int, body: bytes, events: list[Event]) -> None:
        published, alias = self._publish_reader.read(flags, body)
        if alias is not None:
            published = self._aliases.resolve(published, alias)
        if published.qos == 2:
            events.append(without_acknowledgement(published))
            raise MqttFault(Reason.QOS_NOT_SUPPORTED, "PUBLISH: QoS 2, expected 0 or 1")
        if published.packet_id is not None:
            self._owed.owe(published.packet_id)
        events.append(published)

    def _acknowledge(self, packet_id: int, reason: Reason) -> bytes:
        released = self._owed.allow(packet_id, reason)
        if len(released) == 1:
            return mqtt_writer.puback(*released[0], self._version)
        return b"".join([mqtt_writer.puback(*owed, self._version) for owed in released])

    def _answer(self, each: Sequence[tuple[int | None, Reason, bytes | None]]) -> bytes:
        parts: list[bytes] = []
        for packet_id, reason, payload in each:
            if packet_id is not None:
                parts.append(self._acknowledge(packet_id, reason))
            if payload is not None:
                parts.append(self._down.deliver(payload))
        return b"".join(parts)

    def _take_puback(self, flags: int, body: bytes, _events: list[Event]) -> None:
        puback = mqtt_packets.read_puback(flags, body, self._version, self._sizes)
        self._down.acknowledged(puback.packet_id)

    def _take_subscribe(self, flags: int, body: bytes, events: list[Event]) -> None:
        packet = mqtt_packets.read_subscribe(flags, body, self._version, self._sizes)
        events.append(Reply(self._down.subscribe(packet)))

    def _take_unsubscribe(self, flags: int, body: bytes, events: list[Event]) -> None:
        packet = mqtt_packets.read_unsubscribe(flags, body, self._version, self._sizes)
        events.append(Reply(self._down.unsubscribe(packet)))

    def _take_pingreq(self, flags: int, body: bytes, events: list[Event]) -> None:
        mqtt_packets.read_pingreq(flags, body)
        events.append(Reply(mqtt_writer.PINGRESP))

    def _take_disconnect(self, flags: int, body: bytes, events: list[Event]) -> None:
        packet = mqtt_packets.read_disconnect(flags, body, self._version, self._sizes)
        will = self._will if packet.reason else None
        events.append(Disconnected(Cause.GOODBYE, will))

    @property
    def _will(self) -> Will | None:
        return None if self._connect is None else self._connect.will

    def _farewell(self, reason: Reason, message: str) -> bytes:
        """Say why we close, in the words that the state and the version have for it."""
        if self._state is State.CONNECTED:
            return self._down.disconnect(reason, message)
        return mqtt_writer.connack(reason, self._version)

    def _fail(self, fault: MqttFault, events: list[Event]) -> None:
        octets = self._farewell(fault.reason, str(fault))
        events.append(ProtocolError(fault.reason, str(fault), octets))
        events += self._end(Cause.PROTOCOL)

    def _end(self, cause: Cause, octets: bytes = b"") -> list[Event]:
        """Close; a session that was accepted ends with an event, and with its will."""
        was, self._state = self._state, State.CLOSED
        if was is not State.CONNECTED:
            return []
        return [Disconnected(cause, self._will, octets)]


_TAKERS: dict[int, Callable[[Connection, int, bytes, list[Event]], None]] = {
    PacketKind.CONNECT: Connection._take_connect,  # noqa: SLF001 - the table belongs to the class
    PacketKind.PUBLISH: Connection._take_publish,  # noqa: SLF001
    PacketKind.PUBACK: Connection._take_puback,  # noqa: SLF001
    PacketKind.SUBSCRIBE: Connection._take_subscribe,  # noqa: SLF001
    PacketKind.UNSUBSCRIBE: Connection._take_unsubscribe,  # noqa: SLF001
    PacketKind.PINGREQ: Connection._take_pingreq,  # noqa: SLF001
    PacketKind.DISCONNECT: Connection._take_disconnect,  # noqa: SLF001
}
