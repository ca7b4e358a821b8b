"""MQTT 5.0 properties: which exist, of what type, and in which packets a device may send them.

```
| length of all, variable integer | identifier, value | identifier, value | ...
```
Source: OASIS MQTT 5.0 (2019-03-07) section 2.2.2, table 2-4. Of what servers alone send, only the
writing side is here. A user property is checked, counted and let go: nothing of ours reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from devices.links.mqtt_codec import Reader, malformed, write_text, write_variable
from devices.links.mqtt_reasons import MqttFault, PacketKind, Reason


class Property(IntEnum):
    """Property identifiers."""

    PAYLOAD_FORMAT = 1
    MESSAGE_EXPIRY_S = 2
    CONTENT_TYPE = 3
    RESPONSE_TOPIC = 8
    CORRELATION_DATA = 9
    SUBSCRIPTION_IDENTIFIER = 11
    SESSION_EXPIRY_S = 17
    ASSIGNED_CLIENT_ID = 18
    SERVER_KEEP_ALIVE_S = 19
    AUTHENTICATION_METHOD = 21
    AUTHENTICATION_DATA = 22
    REQUEST_PROBLEM_INFORMATION = 23
    WILL_DELAY_S = 24
    REQUEST_RESPONSE_INFORMATION = 25
    REASON_STRING = 31
    RECEIVE_MAXIMUM = 33
    TOPIC_ALIAS_MAXIMUM = 34
    TOPIC_ALIAS = 35
    MAXIMUM_QOS = 36
    RETAIN_AVAILABLE = 37
    USER_PROPERTY = 38
    MAXIMUM_PACKET_BYTES = 39
    WILDCARD_AVAILABLE = 40
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 41
    SHARED_AVAILABLE = 42


class _Type(Enum):
    BYTE = 1
    TWO_BYTES = 2
    FOUR_BYTES = 4
    VARIABLE = "variable"
    TEXT = "text"
    BINARY = "binary"
    PAIR = "pair"


_WILL = PacketKind.RESERVED
"""The will has a property list of its own inside CONNECT; the reserved kind stands for it."""


@dataclass(frozen=True, slots=True)
class _Rule:
    type: _Type
    sent_in: frozenset[PacketKind]
    low: int = 0
    high: int = 0xFFFF_FFFF


def _rule(type_: _Type, *sent_in: PacketKind, low: int = 0, high: int = 0xFFFF_FFFF) -> _Rule:
    return _Rule(type_, frozenset(sent_in), low, high)


_K = PacketKind
_RULES = {
    Property.PAYLOAD_FORMAT: _rule(_Type.BYTE, _K.PUBLISH, _WILL, high=1),
    Property.MESSAGE_EXPIRY_S: _rule(_Type.FOUR_BYTES, _K.PUBLISH, _WILL),
    Property.CONTENT_TYPE: _rule(_Type.TEXT, _K.PUBLISH, _WILL),
    Property.RESPONSE_TOPIC: _rule(_Type.TEXT, _K.PUBLISH, _WILL),
    Property.CORRELATION_DATA: _rule(_Type.BINARY, _K.PUBLISH, _WILL),
    Property.SUBSCRIPTION_IDENTIFIER: _rule(_Type.VARIABLE, _K.SUBSCRIBE, low=1),
    Property.SESSION_EXPIRY_S: _rule(_Type.FOUR_BYTES, _K.CONNECT, _K.DISCONNECT),
    Property.AUTHENTICATION_METHOD: _rule(_Type.TEXT, _K.CONNECT),
    Property.AUTHENTICATION_DATA: _rule(_Type.BINARY, _K.CONNECT),
    Property.REQUEST_PROBLEM_INFORMATION: _rule(_Type.BYTE, _K.CONNECT, high=1),
    Property.WILL_DELAY_S: _rule(_Type.FOUR_BYTES, _WILL),
    Property.REQUEST_RESPONSE_INFORMATION: _rule(_Type.BYTE, _K.CONNECT, high=1),
    Property.REASON_STRING: _rule(_Type.TEXT, _K.PUBACK, _K.DISCONNECT),
    Property.RECEIVE_MAXIMUM: _rule(_Type.TWO_BYTES, _K.CONNECT, low=1),
    Property.TOPIC_ALIAS_MAXIMUM: _rule(_Type.TWO_BYTES, _K.CONNECT),
    Property.TOPIC_ALIAS: _rule(_Type.TWO_BYTES, _K.PUBLISH),
    Property.USER_PROPERTY: _rule(
        _Type.PAIR,
        *(_K.CONNECT, _K.PUBLISH, _WILL, _K.PUBACK, _K.SUBSCRIBE, _K.UNSUBSCRIBE, _K.DISCONNECT),
    ),
    Property.MAXIMUM_PACKET_BYTES: _rule(_Type.FOUR_BYTES, _K.CONNECT, low=1),
}


@dataclass(frozen=True, slots=True)
class Properties:
    """What one packet carried, by type."""

    numbers: Mapping[Property, int] = field(default_factory=dict)
    texts: Mapping[Property, str] = field(default_factory=dict)
    binaries: Mapping[Property, bytes] = field(default_factory=dict, repr=False)
    user_count: int = 0


NO_PROPERTIES = Properties()


def read_properties(
    reader: Reader, kind: PacketKind, user_limit: int, *, of_will: bool = False
) -> Properties:
    """Read the property list at the reader's place.

    Args:
        reader: stands at the list's length.
        kind: the packet it is in.
        user_limit: how many user properties are allowed.
        of_will: the list belongs to the will inside CONNECT.

    Raises:
        MqttFault: 0x81 for a list that cannot be read or a property that has no place here, 0x82
            for one that comes twice or is out of range, 0x97 for too many user properties.
    """
    list_bytes = reader.variable("length of the properties")
    if not list_bytes:
        return NO_PROPERTIES
    part = reader.part(list_bytes, "properties")
    place = _WILL if of_will else kind
    numbers: dict[Property, int] = {}
    texts: dict[Property, str] = {}
    binaries: dict[Property, bytes] = {}
    user_count = 0
    while part.left_bytes:
        which, rule = _identify(part, kind, place)
        if which in numbers or which in texts or which in binaries:
            raise MqttFault(
                Reason.PROTOCOL_ERROR, f"{kind.name}: {which.name} twice, expected once"
            )
        if rule.type is _Type.PAIR:
            user_count = _count_user(part, user_count, user_limit)
        elif rule.type is _Type.TEXT:
            texts[which] = part.text(which.name)
        elif rule.type is _Type.BINARY:
            binaries[which] = part.binary(which.name)
        else:
            numbers[which] = _number(part, which, rule)
    return Properties(numbers, texts, binaries, user_count)


def _identify(part: Reader, kind: PacketKind, place: PacketKind) -> tuple[Property, _Rule]:
    identifier = part.variable("property identifier")
    try:
        which = Property(identifier)
    except ValueError:
        raise malformed(f"{kind.name}: property {identifier}, expected one of table 2-4") from None
    rule = _RULES.get(which)
    if rule is None or place not in rule.sent_in:
        raise malformed(f"{kind.name}: property {identifier} ({which.name}) has no place here")
    return which, rule


def _count_user(part: Reader, count: int, limit: int) -> int:
    part.text("name of a user property")
    part.text("value of a user property")
    if count >= limit:
        raise MqttFault(
            Reason.QUOTA_EXCEEDED, f"{count + 1} user properties, expected at most {limit}"
        )
    return count + 1


def _number(part: Reader, which: Property, rule: _Rule) -> int:
    if rule.type is _Type.VARIABLE:
        value = part.variable(which.name)
    else:
        value = part.number(int(rule.type.value), which.name)
    if not rule.low <= value <= rule.high:
        raise MqttFault(
            Reason.PROTOCOL_ERROR, f"{which.name} is {value}, expected {rule.low} to {rule.high}"
        )
    return value


_NUMBER_BYTES = {
    Property.SESSION_EXPIRY_S: 4,
    Property.SERVER_KEEP_ALIVE_S: 2,
    Property.RECEIVE_MAXIMUM: 2,
    Property.TOPIC_ALIAS_MAXIMUM: 2,
    Property.MAXIMUM_QOS: 1,
    Property.RETAIN_AVAILABLE: 1,
    Property.MAXIMUM_PACKET_BYTES: 4,
    Property.WILDCARD_AVAILABLE: 1,
    Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 1,
    Property.SHARED_AVAILABLE: 1,
}


def write_properties(numbers: Mapping[Property, int], texts: Mapping[Property, str]) -> bytes:
    """Write a property list of those that a receiver sends."""
    octets = b"".join(
        bytes((which,)) + value.to_bytes(_NUMBER_BYTES[which]) for which, value in numbers.items()
    ) + b"".join(bytes((which,)) + write_text(text) for which, text in texts.items())
    return write_variable(len(octets)) + octets
