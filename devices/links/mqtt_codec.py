"""The data types that MQTT packets are made of, read with limits and written.

```
byte               8 bits
two bytes          16 bits, high byte first
four bytes         32 bits, high byte first
variable integer   1 to 4 bytes, 7 bits each, low bits first, top bit = more follows
text               two bytes of length, then UTF-8 without NUL and without surrogates
binary             two bytes of length, then bytes
```
Source: OASIS MQTT 5.0 section 1.5; the 3.1.1 types are a subset. A `Reader` either answers the
value or raises `MqttFault` with reason 0x81 (malformed packet), naming the field.
"""

from devices.links.mqtt_reasons import MqttFault, Reason


def malformed(message: str) -> MqttFault:
    """Make the fault for bytes that cannot be what the packet says they are."""
    return MqttFault(Reason.MALFORMED, message)


class Reader:
    """A walk through one packet's body."""

    __slots__ = ("_at", "_octets", "_packet")

    def __init__(self, octets: bytes, packet: str) -> None:
        """Start at the first byte; `packet` names the packet in messages."""
        self._octets = octets
        self._packet = packet
        self._at = 0

    @property
    def left_bytes(self) -> int:
        """How many bytes have not been read."""
        return len(self._octets) - self._at

    def take(self, count: int, field: str) -> bytes:
        """Answer the next `count` bytes.

        Raises:
            MqttFault: when fewer are left.
        """
        if count > self.left_bytes:
            raise malformed(
                f"{self._packet}: {field} with {self.left_bytes} bytes left, expected {count}"
            )
        taken = self._octets[self._at : self._at + count]
        self._at += count
        return taken

    def number(self, width_bytes: int, field: str) -> int:
        """Answer an unsigned number of fixed width.

        Raises:
            MqttFault: when the packet ends before it does.
        """
        return int.from_bytes(self.take(width_bytes, field))

    def variable(self, field: str) -> int:
        """Answer a variable byte integer, 0 to 268,435,455.

        Raises:
            MqttFault: when the packet ends before it does, or it has more than 4 bytes.
        """
        value = 0
        for step in range(4):
            octet = self.number(1, field)
            value |= (octet & 0x7F) << (7 * step)
            if octet < 0x80:
                return value
        raise malformed(f"{self._packet}: {field} of more than 4 bytes, expected at most 4")

    def binary(self, field: str) -> bytes:
        """Answer bytes with a length before them.

        Raises:
            MqttFault: when the packet ends before they do.
        """
        return self.take(self.number(2, field), field)

    def text(self, field: str) -> str:
        """Answer text with a length before it.

        Raises:
            MqttFault: when the packet ends before it does, or it is no UTF-8, or holds NUL.
        """
        octets = self.binary(field)
        try:
            text = octets.decode()
        except UnicodeDecodeError as error:
            raise malformed(
                f"{self._packet}: {field} is no UTF-8 at byte {error.start} of {len(octets)}"
            ) from None
        if "\0" in text:
            raise malformed(f"{self._packet}: {field} holds NUL at character {text.index(chr(0))}")
        return text

    def part(self, count: int, field: str) -> "Reader":
        """Answer a reader of the next `count` bytes.

        Raises:
            MqttFault: when fewer are left.
        """
        return Reader(self.take(count, field), self._packet)

    def end(self) -> None:
        """Say that nothing may follow.

        Raises:
            MqttFault: when something does.
        """
        if self.left_bytes:
            raise malformed(f"{self._packet}: {self.left_bytes} bytes after its end, expected 0")


def write_variable(value: int) -> bytes:
    """Write a variable byte integer, 0 to 268,435,455."""
    assert 0 <= value < 1 << 28, value
    if value < 0x80:
        return bytes((value,))
    octets = bytearray()
    while value >= 0x80:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def write_binary(octets: bytes) -> bytes:
    """Write bytes with their length before them, at most 65,535."""
    return len(octets).to_bytes(2) + octets


def write_text(text: str) -> bytes:
    """Write text with its length before it, at most 65,535 bytes of UTF-8."""
    return write_binary(text.encode())
