"""A device's side of MQTT, written: what the tests send. Only as much as they need."""

from devices.links.mqtt_codec import write_binary, write_text, write_variable

V311 = 4
V5 = 5


def packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + write_variable(len(body)) + body


def properties(version: int, octets: bytes = b"") -> bytes:
    return write_variable(len(octets)) + octets if version == V5 else b""


def connect(
    version: int = V311,
    client_id: str = "dev-17",
    *,
    username: str | None = None,
    password: bytes | None = None,
    keep_alive_s: int = 60,
    clean: bool = True,
    will: tuple[str, bytes] | None = None,
    will_qos: int = 0,
    will_retain: bool = False,
    props: bytes = b"",
    will_props: bytes = b"",
    extra_flags: int = 0,
) -> bytes:
    flags = extra_flags | clean << 1
    tail = write_text(client_id)
    if will is not None:
        flags |= 0x04 | will_qos << 3 | will_retain << 5
        tail += properties(version, will_props) + write_text(will[0]) + write_binary(will[1])
    if username is not None:
        flags |= 0x80
        tail += write_text(username)
    if password is not None:
        flags |= 0x40
        tail += write_binary(password)
    head = write_text("MQTT") + bytes((version, flags)) + keep_alive_s.to_bytes(2)
    return packet(0x10, head + properties(version, props) + tail)


def publish(
    topic: str,
    payload: bytes,
    *,
    version: int = V311,
    packet_id: int | None = None,
    qos: int | None = None,
    dup: bool = False,
    retain: bool = False,
    props: bytes = b"",
) -> bytes:
    qos = (packet_id is not None) if qos is None else qos
    first = 0x30 | dup << 3 | qos << 1 | retain
    identifier = b"" if packet_id is None else packet_id.to_bytes(2)
    return packet(first, write_text(topic) + identifier + properties(version, props) + payload)


def puback(packet_id: int, tail: bytes = b"") -> bytes:
    return packet(0x40, packet_id.to_bytes(2) + tail)


def subscribe(
    packet_id: int, *filters: tuple[str, int], version: int = V311, props: bytes = b""
) -> bytes:
    wanted = b"".join(write_text(name) + bytes((options,)) for name, options in filters)
    return packet(0x82, packet_id.to_bytes(2) + properties(version, props) + wanted)


def unsubscribe(packet_id: int, *filters: str, version: int = V311) -> bytes:
    wanted = b"".join(write_text(name) for name in filters)
    return packet(0xA2, packet_id.to_bytes(2) + properties(version) + wanted)


def disconnect(tail: bytes = b"") -> bytes:
    return packet(0xE0, tail)


PINGREQ = b"\xc0\x00"
