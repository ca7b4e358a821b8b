"""What a connection remembers of a device's messages: PUBACKs owed, topic aliases, topics."""

from collections import deque

import msgspec

from devices.links.mqtt_packets import Published, Sizes, read_publish
from devices.links.mqtt_reasons import MqttFault, MqttMisuseError, Reason, Version

_KNOWN_TOPICS = 16


class OwedAcknowledgements:
    """Lets PUBACKs go only in the order in which their messages came (MQTT-4.6.0-2).

    Commits finish in any order; an acknowledgement waits until all earlier ones are allowed. A
    packet id that comes twice before its PUBACK (a device that repeats on the same connection) is
    owed twice: each message was handed in and each is answered.
    """

    __slots__ = ("_allowed", "_owed")

    def __init__(self) -> None:
        self._owed: deque[int] = deque()
        self._allowed: dict[int, deque[Reason]] = {}

    def __len__(self) -> int:
        return len(self._owed)

    def owe(self, packet_id: int) -> None:
        """Note that a message came."""
        self._owed.append(packet_id)

    def allow(self, packet_id: int, reason: Reason) -> list[tuple[int, Reason]]:
        """Allow one acknowledgement; answer those that may go out now, in order.

        Raises:
            MqttMisuseError: when no message with this packet id waits for it.
        """
        owed = self._owed
        if not self._allowed and owed and owed[0] == packet_id:
            owed.popleft()
            return [(packet_id, reason)]
        if len(self._allowed.get(packet_id, ())) >= owed.count(packet_id):
            raise MqttMisuseError(f"Acknowledge of packet id {packet_id}, which is not owed")
        self._allowed.setdefault(packet_id, deque()).append(reason)
        return self._released()

    def _released(self) -> list[tuple[int, Reason]]:
        released: list[tuple[int, Reason]] = []
        while self._owed and self._owed[0] in self._allowed:
            packet_id = self._owed.popleft()
            reasons = self._allowed[packet_id]
            released.append((packet_id, reasons.popleft()))
            if not reasons:
                del self._allowed[packet_id]
        return released


class TopicAliases:
    """The numbers a version 5 device gave its topics on this connection (section 3.3.2.3.4)."""

    __slots__ = ("_highest", "_topics")

    def __init__(self, highest: int) -> None:
        """Allow aliases from 1 to `highest`."""
        self._highest = highest
        self._topics: dict[int, str] = {}

    def resolve(self, published: Published, alias: int) -> Published:
        """Learn the alias, or put the topic it stands for in the message.

        Raises:
            MqttFault: 0x94 for an alias out of range, 0x82 for one without a topic.
        """
        if not 1 <= alias <= self._highest:
            raise MqttFault(
                Reason.TOPIC_ALIAS_INVALID, f"PUBLISH: alias {alias}, expected 1 to {self._highest}"
            )
        if published.topic:
            self._topics[alias] = published.topic
            return published
        if alias not in self._topics:
            raise MqttFault(
                Reason.PROTOCOL_ERROR,
                f"PUBLISH: alias {alias} without a topic, expected one before",
            )
        return msgspec.structs.replace(published, topic=self._topics[alias])


class PublishReader:
    """Reads PUBLISH, the faster for topics that this connection has used before.

    A device publishes to two topics all its life. A topic that was read and checked once is
    remembered with its length bytes; a body that begins with exactly these bytes needs no second
    check. Everything unusual (properties, QoS 2, a body too short) goes the long way.
    """

    __slots__ = ("_known", "_sizes", "_tail", "_version")

    def __init__(self, version: Version, sizes: Sizes) -> None:
        """Know no topic yet."""
        self._version = version
        self._sizes = sizes
        self._tail = b"\x00" if version is Version.V5 else b""
        self._known: dict[bytes, str] = {}

    def read(self, flags: int, body: bytes) -> tuple[Published, int | None]:
        """Read one PUBLISH and its topic alias.

        Raises:
            MqttFault: as `read_publish`.
        """
        named = body[: 2 + int.from_bytes(body[:2])]
        topic = self._known.get(named)
        at = len(named) + 2
        if topic is not None and flags & 6 == 2 and body[at : at + len(self._tail)] == self._tail:
            packet_id = int.from_bytes(body[at - 2 : at])
            if packet_id and len(body) >= at:
                payload = body[at + len(self._tail) :]
                return Published(packet_id, topic, payload, 1, flags & 8 > 0, flags & 1 > 0), None
        published, alias = read_publish(flags, body, self._version, self._sizes)
        if published.topic and len(self._known) < _KNOWN_TOPICS:
            self._known[named] = published.topic
        return published, alias
