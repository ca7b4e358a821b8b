"""What goes in and out of an MQTT connection: limits, events, commands. All frozen values.

Events come from `Connection.receive`, `due` and `lost`, in the order of what the device sent;
commands go to `Connection.send`. What carries a password, a payload or a will keeps it out of repr.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from devices.links.mqtt_connect_packet import Will
from devices.links.mqtt_packets import Published, Sizes
from devices.links.mqtt_reasons import Reason, Version


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one connection may ask of us.

    Attributes:
        packet_bytes: Largest packet, header included; a larger one ends the connection (0x95).
        connect_bytes: The same for CONNECT, which comes from a stranger.
        early_bytes: What may be sent behind CONNECT before it was answered.
        connect_deadline_s: From the opening of the connection to a whole CONNECT.
        keep_alive_max_s: A version 5 device that asks for more, or for none, is told this one.
        client_id_bytes: Longest client id, UTF-8.
        username_bytes: Longest user name, UTF-8.
        password_bytes: Longest password.
        topic_bytes: Longest topic name, UTF-8.
        receive_maximum: QoS 1 messages in flight that version 5 is told; more are taken all the
            same (an overrun never closes a line), the shell pauses reading at `in_flight_pause`.
        in_flight_pause: Messages not yet acknowledged at which `is_full` says to pause reading.
        topic_alias_maximum: Highest topic alias a device may use.
        user_properties: User properties in one packet.
        filters: Filters in one SUBSCRIBE or UNSUBSCRIBE.
        deliver_window: Messages on `down` that the device has not acknowledged; beyond it they go
            out at QoS 0 (a receipt is worth less than a press: the device asks again by repeating).
    """

    packet_bytes: int = 262_144
    connect_bytes: int = 16_384
    early_bytes: int = 262_144
    connect_deadline_s: int = 10
    keep_alive_max_s: int = 1_200
    client_id_bytes: int = 256
    username_bytes: int = 256
    password_bytes: int = 1_024
    topic_bytes: int = 512
    receive_maximum: int = 64
    in_flight_pause: int = 1_024
    topic_alias_maximum: int = 16
    user_properties: int = 32
    filters: int = 16
    deliver_window: int = 16

    @property
    def sizes(self) -> Sizes:
        """Those that reading a packet needs."""
        return Sizes(self.topic_bytes, self.user_properties, self.filters)


@dataclass(frozen=True, slots=True)
class ConnectRequested:
    """A device wants in: answer with `AcceptConnect` or `RefuseConnect`."""

    version: Version
    client_id: str
    username: str | None
    password: bytes | None = field(repr=False)
    keep_alive_s: int
    clean: bool
    will: Will | None


@dataclass(frozen=True, slots=True)
class Reply:
    """The protocol's own answer: write these bytes, in the order of the events."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ProtocolError:
    """The device broke the protocol: write the bytes (may be none), then close."""

    reason: Reason
    message: str
    octets: bytes


class Cause(Enum):
    """Why a session ended."""

    GOODBYE = "goodbye"
    SILENT = "silent"
    LOST = "lost"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A session that was accepted is over by the device's doing: write the bytes, then close.

    `will` is what is to be said now; None when there was none or the device took it back.
    """

    cause: Cause
    will: Will | None
    octets: bytes = b""

    @property
    def with_will(self) -> bool:
        """Whether the device's will speaks."""
        return self.will is not None


Event = ConnectRequested | Published | Reply | ProtocolError | Disconnected


@dataclass(frozen=True, slots=True)
class AcceptConnect:
    """Let the device in; `down_topic` is where its receipts go, None for nowhere."""

    down_topic: str | None


@dataclass(frozen=True, slots=True)
class RefuseConnect:
    """Keep the device out; close after writing."""

    reason: Reason
    message: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The message is stored and decided; PUBACKs go out in the order of receipt."""

    packet_id: int
    reason: Reason = Reason.SUCCESS


@dataclass(frozen=True, slots=True)
class Deliver:
    """Say something to the device on its `down` topic."""

    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Several messages are stored and decided, in any order.

    `each` has one entry a message: its packet id (None at QoS 0) and reason as in `Acknowledge`,
    then what is said on `down` as in `Deliver` (None for nothing).
    """

    each: Sequence[tuple[int | None, Reason, bytes | None]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection from our side; close after writing. The will stays unsaid."""

    reason: Reason
    message: str = ""


Command = AcceptConnect | RefuseConnect | Acknowledge | Deliver | Answer | Close
