"""The way back to the device: its `down` topic, subscribed without being asked for.

A device may subscribe to its own `down` topic, which sets the QoS, or unsubscribe from it, which
ends the receipts; every other filter is refused in its SUBACK and the line stays open, because a
call for help must not fall over a subscription. Where version 5 has a name for what is missing, it
is used.

This component weakens delivery knowingly: when the device leaves more messages unacknowledged than
the window holds, further ones go out at QoS 0; one larger than the device takes is not sent
(MQTT-3.1.2-24). A device that misses its receipt repeats its message and gets the receipt again.
"""

from devices.links import mqtt_writer
from devices.links.mqtt_packets import Subscribe, Unsubscribe
from devices.links.mqtt_properties import Properties, Property
from devices.links.mqtt_reasons import SUBACK_FAILURE_V311, Reason, Version

_QOS_MAX = 1
_PACKET_ID_MAX = 65_535
_PACKET_BYTES_MAX = 0xFFFF_FFFF


class Down:
    """Receipts to one device on one connection."""

    __slots__ = (
        "_last_id",
        "_packet_bytes",
        "_qos",
        "_topic",
        "_unacknowledged",
        "_version",
        "_window",
    )

    def __init__(
        self, topic: str | None, version: Version, properties: Properties, window: int
    ) -> None:
        """Begin to deliver.

        Args:
            topic: the device's own `down` topic, None when it has none.
            version: of the connection.
            properties: of CONNECT; the device's own limits stand in them.
            window: messages that may wait for the device's PUBACK, fewer than 65,535.
        """
        self._topic = topic
        self._version = version
        self._qos: int | None = _QOS_MAX
        self._window = min(window, properties.numbers.get(Property.RECEIVE_MAXIMUM, window))
        self._packet_bytes = properties.numbers.get(
            Property.MAXIMUM_PACKET_BYTES, _PACKET_BYTES_MAX
        )
        self._last_id = 0
        self._unacknowledged: set[int] = set()

    def deliver(self, payload: bytes) -> bytes:
        """Write a message to the device; b"" when it does not listen or could not take it."""
        if self._topic is None or self._qos is None:
            return b""
        packet_id = self._open() if self._qos else None
        octets = mqtt_writer.publish(self._topic, payload, packet_id, self._version)
        if len(octets) <= self._packet_bytes:
            return octets
        if packet_id is not None:
            self._unacknowledged.discard(packet_id)
        return b""

    def _open(self) -> int | None:
        """Take a free packet id, None when the window is full."""
        if len(self._unacknowledged) >= self._window:
            return None
        self._last_id = self._last_id % _PACKET_ID_MAX + 1
        while self._last_id in self._unacknowledged:
            self._last_id = self._last_id % _PACKET_ID_MAX + 1
        self._unacknowledged.add(self._last_id)
        return self._last_id

    def acknowledged(self, packet_id: int) -> None:
        """Note the device's PUBACK; one for nothing of ours is let be."""
        self._unacknowledged.discard(packet_id)

    def subscribe(self, packet: Subscribe) -> bytes:
        """Grant the own topic, refuse the rest; answer SUBACK."""
        codes: list[int] = []
        for subscription in packet.subscriptions:
            refusal = _refusal(subscription.topic_filter, self._topic, packet)
            if refusal is None:
                self._qos = min(subscription.qos, _QOS_MAX)
                codes.append(self._qos)
            else:
                codes.append(refusal if self._version is Version.V5 else SUBACK_FAILURE_V311)
        return mqtt_writer.suback(packet.packet_id, codes, self._version)

    def unsubscribe(self, packet: Unsubscribe) -> bytes:
        """End the receipts when the own topic is named; answer UNSUBACK."""
        codes: list[int] = []
        for topic_filter in packet.topic_filters:
            if topic_filter == self._topic and self._qos is not None:
                self._qos = None
                codes.append(Reason.SUCCESS)
            else:
                codes.append(Reason.NO_SUBSCRIPTION_EXISTED)
        return mqtt_writer.unsuback(packet.packet_id, codes, self._version)

    def disconnect(self, reason: Reason, message: str) -> bytes:
        """Write DISCONNECT, without its words when they are more than the device takes."""
        octets = mqtt_writer.disconnect(reason, message, self._version)
        if len(octets) <= self._packet_bytes:
            return octets
        return mqtt_writer.disconnect(reason, "", self._version)


def _refusal(topic_filter: str, own: str | None, packet: Subscribe) -> Reason | None:
    if packet.with_identifier:
        return Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED
    if topic_filter == own:
        return None
    if not _is_filter(topic_filter):
        return Reason.TOPIC_FILTER_INVALID
    if topic_filter.startswith("$share/"):
        return Reason.SHARED_NOT_SUPPORTED
    if "+" in topic_filter or "#" in topic_filter:
        return Reason.WILDCARDS_NOT_SUPPORTED
    return Reason.NOT_AUTHORIZED


def _is_filter(topic_filter: str) -> bool:
    """Say whether it is written as a filter must be (section 4.7.1)."""
    *upper, last = topic_filter.split("/")
    return (
        bool(topic_filter)
        and not any("#" in level or (len(level) > 1 and "+" in level) for level in upper)
        and (len(last) <= 1 or not ("+" in last or "#" in last))
    )
