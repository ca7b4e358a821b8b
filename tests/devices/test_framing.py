"""Framers: whole, byte by byte, with trailing bytes; limits."""

import pytest

from devices.framing import BadFrame, MqttFrame, MqttFramer

PING = MqttFrame(0xC0, b"")
LONG = MqttFrame(0x30, b"\x00\x01t" + b"x" * 197)
LONG_OCTETS = b"\x30\xc8\x01" + LONG.body


def framer(limit: int = 1_000, first: int = 1_000) -> MqttFramer:
    return MqttFramer(limit, first)


def test_whole_packets_come_out_in_order() -> None:
    assert framer().feed(b"\xc0\x00" + LONG_OCTETS + b"\xc0\x00") == [PING, LONG, PING]


def test_byte_by_byte_gives_the_same() -> None:
    cut = framer()
    frames = [frame for octet in LONG_OCTETS + b"\xc0\x00" for frame in cut.feed(bytes((octet,)))]
    assert frames == [LONG, PING]
    assert cut.pending_bytes == 0


def test_a_rest_waits_for_its_end() -> None:
    cut = framer()
    assert cut.feed(b"\xc0\x00" + LONG_OCTETS[:50]) == [PING]
    assert cut.pending_bytes == 50
    assert cut.feed(LONG_OCTETS[50:100]) == []
    assert cut.feed(LONG_OCTETS[100:] + b"\xc0") == [LONG]
    assert cut.pending_bytes == 1
    assert cut.feed(b"\x00") == [PING]


def test_nothing_fed_gives_nothing() -> None:
    assert framer().feed(b"") == []


@pytest.mark.parametrize("over", [0, 1])
def test_a_packet_may_be_as_long_as_the_limit_and_not_a_byte_longer(over: int) -> None:
    frames = framer(first=203 - over).feed(LONG_OCTETS[: 3 if over else None])
    if over:
        assert frames == [BadFrame("packet of 203 bytes, expected at most 202", too_long=True)]
    else:
        assert frames == [LONG]


def test_the_first_packet_has_its_own_limit() -> None:
    cut = MqttFramer(1_000, 10)
    assert cut.feed(b"\xc0\x00" + LONG_OCTETS) == [PING, LONG]
    (bad,) = MqttFramer(1_000, 10).feed(LONG_OCTETS)
    assert isinstance(bad, BadFrame)
    assert bad.too_long


def test_a_length_of_five_bytes_is_garbled_and_the_framer_stays_deaf() -> None:
    cut = framer()
    frames = cut.feed(b"\xc0\x00\x30\xff\xff\xff\xff\x01")
    message = "remaining length of more than 4 bytes, expected at most 4"
    assert frames == [PING, BadFrame(message, too_long=False)]
    assert cut.feed(b"\xc0\x00") == []


def test_a_megabyte_is_refused_from_its_header_alone() -> None:
    (bad,) = framer(262_144, 262_144).feed(b"\x30\x80\x80\x40")
    assert bad == BadFrame("packet of 1048580 bytes, expected at most 262144", too_long=True)
