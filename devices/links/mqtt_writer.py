"""The packets that a receiver sends, written. Sources: OASIS MQTT 3.1.1 and 5.0, section 3."""

from collections.abc import Iterable, Mapping

from devices.links.mqtt_codec import write_text, write_variable
from devices.links.mqtt_properties import Property, write_properties
from devices.links.mqtt_reasons import CONNECT_RETURN_CODES, PacketKind, Reason, Version

PINGRESP = b"\xd0\x00"
_NO_NUMBERS: Mapping[Property, int] = {}
_NO_TEXTS: Mapping[Property, str] = {}


def _packet(kind: PacketKind, flags: int, body: bytes) -> bytes:
    return bytes((kind << 4 | flags,)) + write_variable(len(body)) + body


def connack(
    reason: Reason,
    version: Version,
    numbers: Mapping[Property, int] = _NO_NUMBERS,
    texts: Mapping[Property, str] = _NO_TEXTS,
) -> bytes:
    """Write CONNACK, Session Present 0; b"" where 3.1.1 has no code for the reason."""
    if version is Version.V5:
        return _packet(PacketKind.CONNACK, 0, bytes((0, reason)) + write_properties(numbers, texts))
    if reason is Reason.SUCCESS:
        return b"\x20\x02\x00\x00"
    code = CONNECT_RETURN_CODES.get(reason)
    return b"" if code is None else bytes((0x20, 2, 0, code))


def puback(packet_id: int, reason: Reason, version: Version) -> bytes:
    """Write PUBACK; version 3.1.1 has no place for a reason."""
    if version is Version.V5 and reason is not Reason.SUCCESS:
        return b"\x40\x03" + packet_id.to_bytes(2) + bytes((reason,))
    return b"\x40\x02" + packet_id.to_bytes(2)


def suback(packet_id: int, codes: Iterable[int], version: Version) -> bytes:
    """Write SUBACK with one code for each filter, in their order."""
    properties = b"\x00" if version is Version.V5 else b""
    return _packet(PacketKind.SUBACK, 0, packet_id.to_bytes(2) + properties + bytes(codes))


def unsuback(packet_id: int, codes: Iterable[int], version: Version) -> bytes:
    """Write UNSUBACK; version 3.1.1 has no codes in it."""
    tail = b"\x00" + bytes(codes) if version is Version.V5 else b""
    return _packet(PacketKind.UNSUBACK, 0, packet_id.to_bytes(2) + tail)


def publish(topic: str, payload: bytes, packet_id: int | None, version: Version) -> bytes:
    """Write PUBLISH: QoS 1 with a packet id, QoS 0 without."""
    named = write_text(topic)
    first, after = (b"\x30", b"") if packet_id is None else (b"\x32", packet_id.to_bytes(2))
    if version is Version.V5:
        after += b"\x00"
    length = write_variable(len(named) + len(after) + len(payload))
    return b"".join((first, length, named, after, payload))


def disconnect(reason: Reason, message: str, version: Version) -> bytes:
    """Write DISCONNECT with the reason in words; b"" in 3.1.1, where only a device may send it."""
    if version is not Version.V5:
        return b""
    texts = {Property.REASON_STRING: message} if message else {}
    body = bytes((reason,)) + write_properties(_NO_NUMBERS, texts)
    return _packet(PacketKind.DISCONNECT, 0, body)
