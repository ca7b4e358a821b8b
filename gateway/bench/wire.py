"""MQTT 3.1.1 as the load program speaks it: whole packets as bytes, answers scanned in bulk. Pure.

```
CONNECT    10 len 0004 "MQTT" 04 flags keep-alive(2)=0 client-id [user] [password]
SUBSCRIBE  82 len id(2) filter QoS(1)
PUBLISH    32 len topic id(2) body           QoS 1; 30 and no id: QoS 0
PUBACK     40 02 id(2)
```
len is 1 to 4 bytes of 7 bits, least first, bit 7 = more follow; strings have 2 bytes of length
(OASIS MQTT 3.1.1, sections 2.2.3, 3.1, 3.3, 3.4, 3.8). Not our own codec of devices/links: a
benchmark that encoded with the code it measures would share its mistakes.
"""

from collections.abc import Iterator

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
CONNACK_BYTES = 4
MAX_PACKET_ID = 65_535
MAX_STRING_BYTES = 65_535
CLEAN_SESSION, HAS_PASSWORD, HAS_USER = 0x02, 0x40, 0x80
QOS_BITS = 0x06
_LENGTH_BYTES_MAX = 4


class WireError(ValueError):
    """What came is not MQTT 3.1.1, or not what was asked for."""


def connect(client_id: str, password: str | None) -> bytes:
    """Give a CONNECT with a clean session; with a password the client id is the user name too."""
    flags = CLEAN_SESSION
    body = _string(client_id)
    if password is not None:
        flags |= HAS_USER | HAS_PASSWORD
        body += _string(client_id) + _string(password)
    return _packet(0x10, _string("MQTT") + bytes((4, flags, 0, 0)) + body)


def subscribe(packet_id: int, topic_filter: str) -> bytes:
    """Give a SUBSCRIBE at QoS 1."""
    return _packet(0x82, packet_id.to_bytes(2) + _string(topic_filter) + b"\x01")


def publish(topic: str, packet_id: int, body: bytes) -> bytes:
    """Give a PUBLISH at QoS 1."""
    return _packet(0x32, _string(topic) + packet_id.to_bytes(2) + body)


def puback(packet_id: bytes) -> bytes:
    """Give a PUBACK for an id as it came."""
    return b"\x40\x02" + packet_id


def packets(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Find the whole packets in what was read.

    Yields:
        First byte, where the packet's content begins and where it ends; what is behind the last
        one yielded is the rest, to be looked at again with what comes next.

    Raises:
        WireError: a length of more than 4 bytes.
    """
    at, size = 0, len(data)
    while size - at >= 2:
        length = data[at + 1]
        begin = at + 2
        if length & 0x80:
            found = _long_length(data, at + 1)
            if found is None:
                return
            length, begin = found
        end = begin + length
        if end > size:
            return
        yield data[at], begin, end
        at = end


def told(data: bytes, first: int, begin: int, end: int) -> tuple[bytes | None, bytes]:
    """Give packet id (None at QoS 0) and body of a PUBLISH that `packets` found."""
    body = begin + 2 + int.from_bytes(data[begin : begin + 2])
    if not first & QOS_BITS:
        return None, data[body:end]
    return data[body : body + 2], data[body + 2 : end]


def _long_length(data: bytes, at: int) -> tuple[int, int] | None:
    length = 0
    for number in range(_LENGTH_BYTES_MAX):
        if at + number >= len(data):
            return None
        octet = data[at + number]
        length |= (octet & 0x7F) << (7 * number)
        if not octet & 0x80:
            return length, at + number + 1
    raise WireError(f"a length of more than {_LENGTH_BYTES_MAX} bytes")


def _packet(first: int, content: bytes) -> bytes:
    length = len(content)
    octets = bytearray((first,))
    while True:
        length, low = length >> 7, length & 0x7F
        octets.append(low | (0x80 if length else 0))
        if not length:
            return bytes(octets) + content


def _string(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > MAX_STRING_BYTES:
        raise WireError(f"a string of {len(encoded)} bytes, expected at most {MAX_STRING_BYTES}")
    return len(encoded).to_bytes(2) + encoded
