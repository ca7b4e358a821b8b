"""Native MQTT: what stands around a message, not what it says (INTERFACES 2).

```
lifeline/v1/<device>/call    device -> us   calls for help
lifeline/v1/<device>/up      device -> us   everything else; a call here is taken all the same
lifeline/v1/<device>/will    made by our device endpoint when a device's will is due; body ignored
lifeline/v1/<device>/down    us -> device   {"receipt": id, "result": "stored"}
```
<device>: 1 to 128 printable characters without `/`, `+` and `#` (MQTT 3.1.1 section 4.7.1: those
three mean something in filters). Stateless; `unwrap` never fails, because evidence is kept and a
press is heard whatever surrounds it; what the body says is read by devices/catalogue/native.py.
"""

import hashlib
import re
from datetime import datetime
from enum import StrEnum

import msgspec

from devices.model import MAX_KEY_CHARS, MAX_SENDER_CHARS, ActivationKind, Packet
from devices.strict_json import MAX_BODY_BYTES

LINK = "native"
PREFIX = "lifeline/v1/"
REPEAT_WINDOW_S = 2_592_000
MAX_HEAD_BYTES = 2_048
MAX_REASON_CHARS = 200


class Channel(StrEnum):
    """The last level of a native topic."""

    CALL = "call"
    UP = "up"
    DOWN = "down"
    WILL = "will"


class Result(StrEnum):
    """What a receipt says of a message."""

    STORED = "stored"
    REFUSED = "refused"


class NativeTopic(msgspec.Struct, frozen=True):
    """A native topic, taken apart."""

    device: str
    channel: Channel


class _Id(msgspec.Struct, frozen=True, gc=False):
    id: object = None


_id_of = msgspec.json.Decoder(_Id).decode
_encode = msgspec.json.Encoder().encode

_CHANNELS = {channel.value: channel for channel in Channel}
# Broken bodies are matched for the first member only: INTERFACES 2 writes `id` first.
_LEADING_ID = re.compile(rb'\s*\{\s*"id"\s*:\s*"([^"\\]{1,512})"')
_CALL_MARKS = (b"activation", *(f'"{kind.value}"'.encode() for kind in ActivationKind))


def topic_of(device: str, channel: Channel) -> str:
    """Give the topic of a device's channel.

    Raises:
        ValueError: when no topic can carry the device's name.
    """
    if not is_device_name(device):
        msg = (
            f"device name of {len(device)} characters, expected 1 to {MAX_SENDER_CHARS} printable "
            "ones without / + #"
        )
        raise ValueError(msg)
    return f"{PREFIX}{device}/{channel.value}"


def parse_topic(topic: str | None) -> NativeTopic | None:
    """Take a topic apart; None when it is not a native one."""
    if topic is None or not topic.startswith(PREFIX):
        return None
    device, _, last = topic[len(PREFIX) :].rpartition("/")
    channel = _CHANNELS.get(last)
    if channel is None or not is_device_name(device):
        return None
    return NativeTopic(device, channel)


def is_device_name(name: str) -> bool:
    """Say whether a native topic can carry this name."""
    return (
        1 <= len(name) <= MAX_SENDER_CHARS
        and name.isprintable()
        and "/" not in name
        and "+" not in name
        and "#" not in name
    )


def unwrap(  # noqa: PLR0913 - one argument for each thing the transport knows
    topic: str,
    body: bytes,
    *,
    line: str,
    sender: str,
    received_at: datetime,
    authenticated: bool,
    retained: bool,
    peer: str | None,
) -> Packet:
    """Make a Packet of what the transport gave; never fails.

    The key is the body's `id` when that is a string of 1 to 128 printable characters, else "":
    then the digest of the content stands for it. An `id` that opens a broken body is read too,
    so that the device gets its receipt and does not repeat for ever what cannot be understood.
    """
    return Packet(
        link=LINK,
        line=line,
        sender=sender,
        key=_key_of(body),
        body=body,
        received_at=received_at,
        topic=topic,
        authenticated=authenticated,
        retained=retained,
        repeat_window_s=REPEAT_WINDOW_S,
        peer=peer,
    )


def _key_of(body: bytes) -> str:
    found = _head_id(body) if len(body) > MAX_BODY_BYTES else _body_id(body)
    if isinstance(found, str) and len(found) <= MAX_KEY_CHARS and found.isprintable():
        return "" if "\ufffd" in found else found
    return ""


def _body_id(body: bytes) -> object:
    try:
        return _id_of(body).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _head_id(body)  # when it is broken, what its head says is the best there is


def _head_id(body: bytes) -> str | None:
    head = _LEADING_ID.match(body[:MAX_HEAD_BYTES])
    return head[1].decode(errors="replace") if head else None


def digest(packet: Packet) -> bytes:
    """Give the 32 bytes of SHA-256 over the channel and the body: the content of a receipt.

    Equal for every repeat of a message, whatever DUP and RETAIN say; different when the same `id`
    comes with another body, or moves from `call` to `up`.
    """
    topic = parse_topic(packet.topic)
    channel = topic.channel.value if topic else ""
    return hashlib.sha256(channel.encode() + b"\0" + packet.body).digest()


def looks_like_call(packet: Packet) -> bool:
    """Say whether a message that cannot be read may have been a call for help.

    Fails up: everything on `call`, and any body that names an activation, even a broken one.
    """
    topic = parse_topic(packet.topic)
    if topic is not None and topic.channel is Channel.CALL:
        return True
    body = packet.body.lower()
    return any(mark in body for mark in _CALL_MARKS)


def reply(packet: Packet, result: Result, reason: str = "") -> bytes:
    """Give the receipt for `down`; `receipt` is null when the message had no readable `id`.

    Args:
        packet: The message that is answered.
        result: Stored means committed; send it after the commit only.
        reason: Why it was refused; cut at 200 characters, left out when empty.
    """
    fields: dict[str, str | None] = {"receipt": packet.key or None, "result": result}
    if reason:
        fields["reason"] = reason[:MAX_REASON_CHARS]
    return _encode(fields)


def down_text(key: str, text: str) -> bytes:
    """Give a later message about a receipted one: "a person has it", "team expected 07:40".

    Only what is true now may be said; the text is cut at 200 characters.
    """
    return msgspec.json.encode({"receipt": key or None, "result": text[:MAX_REASON_CHARS]})
