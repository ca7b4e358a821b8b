"""CONNECT, the first packet of a device: who it says it is, its will, how often it speaks.

```
| name "MQTT" | level | flags | keep alive, s | properties (5) |
| client id | will properties (5) | will topic | will payload | user name | password |
flags: user name 80, password 40, will retain 20, will QoS 18, will 04, clean 02, reserved 01
```
Source: OASIS MQTT 3.1.1 and 5.0, section 3.1. A real one, 3.1.1, client id "a", keep alive 60 s:
`10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 61`.
"""

from dataclasses import dataclass, field

from devices.links.mqtt_codec import Reader, malformed
from devices.links.mqtt_packets import Sizes, check_flags
from devices.links.mqtt_properties import NO_PROPERTIES, Properties, Property, read_properties
from devices.links.mqtt_reasons import MqttFault, PacketKind, Reason, Version

_OLD_NAME = b"MQIsdp"


@dataclass(frozen=True, slots=True)
class Will:
    """What a device wants said when it is gone without a good-bye."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Connect:
    """A device asks to be heard."""

    version: Version
    client_id: str
    username: str | None
    password: bytes | None = field(repr=False)
    keep_alive_s: int
    clean: bool
    will: Will | None
    properties: Properties


def read_version(body: bytes) -> Version:
    """Read the protocol name and level alone, so that a fault later on is answered in its version.

    Raises:
        MqttFault: 0x81 when the name is not MQTT's, 0x84 when the level is not ours.
    """
    reader = Reader(body, "CONNECT")
    name = reader.binary("protocol name")
    if name not in (b"MQTT", _OLD_NAME):
        raise malformed(f'CONNECT: protocol name of {len(name)} bytes, expected the 4 of "MQTT"')
    level = reader.number(1, "protocol level")
    if name == _OLD_NAME or level not in tuple(Version):
        raise MqttFault(
            Reason.UNSUPPORTED_VERSION, f"CONNECT: protocol level {level}, expected 4 or 5"
        )
    return Version(level)


def read_connect(flags: int, body: bytes, version: Version, sizes: Sizes) -> Connect:
    """Read CONNECT whose version `read_version` has found.

    Raises:
        MqttFault: the body cannot be read, or its flags contradict each other.
    """
    check_flags(PacketKind.CONNECT, flags, 0)
    reader = Reader(body, "CONNECT")
    reader.take(7, "protocol name and level")
    marks = reader.number(1, "connect flags")
    _check_marks(marks, version)
    keep_alive_s = reader.number(2, "keep alive")
    properties = _properties(reader, version, sizes, of_will=False)
    client_id = reader.text("client id")
    will = _read_will(reader, marks, version, sizes) if marks & 0x04 else None
    username = reader.text("user name") if marks & 0x80 else None
    password = reader.binary("password") if marks & 0x40 else None
    reader.end()
    return Connect(
        version, client_id, username, password, keep_alive_s, bool(marks & 0x02), will, properties
    )


def _check_marks(marks: int, version: Version) -> None:
    if marks & 0x01:
        raise malformed("CONNECT: reserved flag 1, expected 0")
    if not marks & 0x04 and marks & 0x38:
        raise malformed(f"CONNECT: will flags {marks:#010b} without a will, expected 0 in them")
    if marks & 0x18 == 0x18:
        raise malformed("CONNECT: will QoS 3, expected 0 to 2")
    if version is Version.V311 and marks & 0xC0 == 0x40:
        raise malformed("CONNECT: password without user name, which 3.1.1 does not allow")


def _read_will(reader: Reader, marks: int, version: Version, sizes: Sizes) -> Will:
    _properties(reader, version, sizes, of_will=True)
    topic = reader.text("will topic")
    if not topic or "+" in topic or "#" in topic:
        raise MqttFault(
            Reason.TOPIC_NAME_INVALID,
            "CONNECT: will topic empty or with a wildcard, expected a name",
        )
    payload = reader.binary("will payload")
    return Will(topic, payload, marks >> 3 & 3, bool(marks & 0x20))


def _properties(reader: Reader, version: Version, sizes: Sizes, *, of_will: bool) -> Properties:
    if version is not Version.V5:
        return NO_PROPERTIES
    properties = read_properties(reader, PacketKind.CONNECT, sizes.user_properties, of_will=of_will)
    _check_authentication(properties)
    return properties


def _check_authentication(properties: Properties) -> None:
    if Property.AUTHENTICATION_METHOD in properties.texts:
        raise MqttFault(
            Reason.BAD_AUTHENTICATION_METHOD,
            "CONNECT: extended authentication, expected a password or a client certificate",
        )
    if Property.AUTHENTICATION_DATA in properties.binaries:
        raise MqttFault(
            Reason.PROTOCOL_ERROR, "CONNECT: authentication data without a method, expected both"
        )
