"""The packets a device may send, read from their bodies: one dataclass and one function each.

Sources: OASIS MQTT 3.1.1 (2014-10-29) and OASIS MQTT 5.0 (2019-03-07), both section 3. What both
versions share is read by the same lines. CONNECT is in `mqtt_connect_packet.py`. Every function
answers a whole packet or raises `MqttFault`; nothing is guessed and no byte is left over.

A real PUBLISH of version 3.1.1, QoS 1, first byte `32`, then its 14 bytes of body:
```
00 06 61 2f 63 61 6c 6c  00 0a  7b 22 69 22     topic "a/call", packet id 10, payload
```
"""

from dataclasses import dataclass

import msgspec

from devices.links.mqtt_codec import Reader, malformed
from devices.links.mqtt_properties import NO_PROPERTIES, Properties, Property, read_properties
from devices.links.mqtt_reasons import MqttFault, PacketKind, Reason, Version


class Published(msgspec.Struct, frozen=True, gc=False):
    """A message came; with a packet id (QoS 1) it waits to be acknowledged.

    `retain` is the device's mark; `topic` is empty only until a topic alias was looked up.
    """

    packet_id: int | None
    topic: str
    payload: bytes
    qos: int
    dup: bool
    retain: bool

    def __repr__(self) -> str:
        """Show the length of the payload in its place."""
        return (
            f"Published({self.packet_id}, {self.topic!r}, {len(self.payload)} bytes, "
            f"qos={self.qos}, dup={self.dup}, retain={self.retain})"
        )


def without_acknowledgement(published: Published) -> Published:
    """Make it a message that no PUBACK is owed for: one at QoS 2 has another handshake."""
    return msgspec.structs.replace(published, packet_id=None)


class Puback(msgspec.Struct, frozen=True, gc=False):
    """The device has taken the message `packet_id` that we sent."""

    packet_id: int
    reason: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """One filter of a SUBSCRIBE and the QoS asked for."""

    topic_filter: str
    qos: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The filters a device asks for, in its order."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    with_identifier: bool


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The filters a device gives up, in its order."""

    packet_id: int
    topic_filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disconnect:
    """A good-bye; 0 takes the will back, any other reason lets it speak."""

    reason: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The limits that reading needs (`Limits` explains them)."""

    topic_bytes: int
    user_properties: int
    filters: int


def check_flags(kind: PacketKind, flags: int, expected: int) -> None:
    """Say that the low four bits of the first byte are what the kind fixes.

    Raises:
        MqttFault: when they are not.
    """
    if flags != expected:
        raise malformed(f"{kind.name}: flags {flags:#06b}, expected {expected:#06b}")


def read_publish(
    flags: int, body: bytes, version: Version, sizes: Sizes
) -> tuple[Published, int | None]:
    """Read PUBLISH (section 3.3) and its topic alias (version 5 only).

    QoS 2 is read too: refusing it is the connection's work.

    Raises:
        MqttFault: the body cannot be read, or the topic is no topic name.
    """
    qos = flags >> 1 & 3
    if qos == 3:
        raise malformed("PUBLISH: QoS 3, expected 0 to 2")
    reader = Reader(body, "PUBLISH")
    topic = reader.text("topic")
    _check_topic(topic, sizes)
    packet_id = _packet_id(reader, PacketKind.PUBLISH) if qos else None
    properties = _properties(reader, PacketKind.PUBLISH, version, sizes)
    alias = properties.numbers.get(Property.TOPIC_ALIAS)
    if not topic and alias is None:
        raise MqttFault(Reason.PROTOCOL_ERROR, "PUBLISH: topic of 0 characters, expected 1 or more")
    payload = reader.take(reader.left_bytes, "payload")
    dup, retain = bool(flags & 8), bool(flags & 1)
    return Published(packet_id, topic, payload, qos, dup, retain), alias


def _check_topic(topic: str, sizes: Sizes) -> None:
    if "+" in topic or "#" in topic:
        raise MqttFault(Reason.TOPIC_NAME_INVALID, "PUBLISH: wildcard in the topic, expected none")
    octets = len(topic.encode())
    if octets > sizes.topic_bytes:
        raise MqttFault(
            Reason.TOPIC_NAME_INVALID,
            f"PUBLISH: topic of {octets} bytes, expected at most {sizes.topic_bytes}",
        )


def read_puback(flags: int, body: bytes, version: Version, sizes: Sizes) -> Puback:
    """Read PUBACK (section 3.4): in version 5 reason and properties may be left out.

    Raises:
        MqttFault: the body cannot be read.
    """
    if not flags and len(body) == 2 and (plain := int.from_bytes(body)):
        return Puback(plain, 0)  # as nearly all of them; one comes for every receipt
    check_flags(PacketKind.PUBACK, flags, 0)
    reader = Reader(body, "PUBACK")
    packet_id = _packet_id(reader, PacketKind.PUBACK)
    return Puback(packet_id, _reason_tail(reader, PacketKind.PUBACK, version, sizes))


def read_subscribe(flags: int, body: bytes, version: Version, sizes: Sizes) -> Subscribe:
    """Read SUBSCRIBE (section 3.8).

    Raises:
        MqttFault: the body cannot be read, names no filter, or too many.
    """
    check_flags(PacketKind.SUBSCRIBE, flags, 2)
    reader = Reader(body, "SUBSCRIBE")
    packet_id = _packet_id(reader, PacketKind.SUBSCRIBE)
    properties = _properties(reader, PacketKind.SUBSCRIBE, version, sizes)
    subscriptions: list[Subscription] = []
    while reader.left_bytes:
        _check_count(PacketKind.SUBSCRIBE, len(subscriptions), sizes)
        topic_filter = reader.text("topic filter")
        subscriptions.append(Subscription(topic_filter, _subscription_qos(reader, version)))
    _check_some(PacketKind.SUBSCRIBE, len(subscriptions))
    with_identifier = Property.SUBSCRIPTION_IDENTIFIER in properties.numbers
    return Subscribe(packet_id, tuple(subscriptions), with_identifier)


def _subscription_qos(reader: Reader, version: Version) -> int:
    options = reader.number(1, "subscription options")
    reserved = 0xC0 if version is Version.V5 else 0xFC
    if options & reserved or options & 3 == 3 or options & 0x30 == 0x30:
        raise malformed(
            f"SUBSCRIBE: options {options:#010b}, expected a QoS of 0 to 2 in its place"
        )
    return options & 3


def read_unsubscribe(flags: int, body: bytes, version: Version, sizes: Sizes) -> Unsubscribe:
    """Read UNSUBSCRIBE (section 3.10).

    Raises:
        MqttFault: the body cannot be read, names no filter, or too many.
    """
    check_flags(PacketKind.UNSUBSCRIBE, flags, 2)
    reader = Reader(body, "UNSUBSCRIBE")
    packet_id = _packet_id(reader, PacketKind.UNSUBSCRIBE)
    _properties(reader, PacketKind.UNSUBSCRIBE, version, sizes)
    topic_filters: list[str] = []
    while reader.left_bytes:
        _check_count(PacketKind.UNSUBSCRIBE, len(topic_filters), sizes)
        topic_filters.append(reader.text("topic filter"))
    _check_some(PacketKind.UNSUBSCRIBE, len(topic_filters))
    return Unsubscribe(packet_id, tuple(topic_filters))


def read_pingreq(flags: int, body: bytes) -> None:
    """Read PINGREQ (section 3.12): it has nothing but its header.

    Raises:
        MqttFault: it has more.
    """
    check_flags(PacketKind.PINGREQ, flags, 0)
    Reader(body, "PINGREQ").end()


def read_disconnect(flags: int, body: bytes, version: Version, sizes: Sizes) -> Disconnect:
    """Read DISCONNECT (section 3.14): in version 5 reason and properties may be left out.

    Raises:
        MqttFault: the body cannot be read.
    """
    check_flags(PacketKind.DISCONNECT, flags, 0)
    reader = Reader(body, "DISCONNECT")
    return Disconnect(_reason_tail(reader, PacketKind.DISCONNECT, version, sizes))


def _reason_tail(reader: Reader, kind: PacketKind, version: Version, sizes: Sizes) -> int:
    reason = 0
    if version is Version.V5 and reader.left_bytes:
        reason = reader.number(1, "reason code")
        if reader.left_bytes:
            _properties(reader, kind, version, sizes)
    reader.end()
    return reason


def _properties(reader: Reader, kind: PacketKind, version: Version, sizes: Sizes) -> Properties:
    if version is not Version.V5:
        return NO_PROPERTIES
    return read_properties(reader, kind, sizes.user_properties)


def _packet_id(reader: Reader, kind: PacketKind) -> int:
    packet_id = reader.number(2, "packet id")
    if not packet_id:
        raise MqttFault(Reason.PROTOCOL_ERROR, f"{kind.name}: packet id 0, expected 1 to 65535")
    return packet_id


def _check_count(kind: PacketKind, count: int, sizes: Sizes) -> None:
    if count >= sizes.filters:
        raise MqttFault(
            Reason.QUOTA_EXCEEDED,
            f"{kind.name}: more than {sizes.filters} filters, expected at most {sizes.filters}",
        )


def _check_some(kind: PacketKind, count: int) -> None:
    if not count:
        raise MqttFault(Reason.PROTOCOL_ERROR, f"{kind.name}: 0 filters, expected 1 or more")
