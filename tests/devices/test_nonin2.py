"""Nonin data format 2: its framer, its stream, and ten seconds of it as one reading."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from devices.decoding import decode, families
from devices.errors import Corrupt, NotMine
from devices.framing import BadFrame
from devices.links import nonin2
from devices.links.nonin2_stream import FOLD_S, NoninStream
from devices.links.serial_link import SerialLink, Turn
from devices.model import Measurement, Packet, Quality, Status, StatusState, VitalCode
from devices.output import signal_json
from tests.devices.damage import STREAMS, damaged, in_order, reads

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KNOWN = families()
DISCONNECTED, ARTEFACT = 0x40, 0x20


def packet(
    spo2_pct: int = 97, heart_rate_bpm: int = 72, status: int = 0, stat2: int = 0, pleth: int = 1
) -> bytes:
    """Give one packet of 25 frames; `status` is set in its last frame."""
    values = {0: heart_rate_bpm >> 7, 1: heart_rate_bpm & 0x7F, 2: spo2_pct, 7: stat2}
    frames = b""
    for number in range(25):
        bits = 0x80 | (number == 0) | (status if number == 24 else 0)
        frame = bytes((1, bits, pleth, values.get(number, 0)))
        frames += frame + bytes((sum(frame) & 0xFF,))
    return frames


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def folded(*packets: bytes) -> Packet:
    return nonin2.unwrap(packets, line="oximeter", sender="ox-1", received_at=NOW)


def test_whole_packets_come_out_in_order() -> None:
    packets = [packet(spo2) for spo2 in (97, 96, 95)]

    assert nonin2.NoninFramer().feed(b"".join(packets)) == packets


def test_byte_by_byte_gives_the_same() -> None:
    framer = nonin2.NoninFramer()
    packets = [packet(spo2) for spo2 in (97, 96, 95)]

    assert [one for octet in b"".join(packets) for one in framer.feed(bytes((octet,)))] == packets
    assert framer.pending_bytes == 0


def test_a_rest_waits_for_its_end() -> None:
    framer = nonin2.NoninFramer()

    assert framer.feed(packet() + packet(96)[:77]) == [packet()]
    assert framer.pending_bytes == 77
    assert framer.feed(packet(96)[77:]) == [packet(96)]


def test_who_comes_in_the_midst_of_a_packet_gets_the_next_one() -> None:
    message = "83 bytes outside of packets, expected 25 good frames a row"

    assert nonin2.NoninFramer().feed(packet()[42:] + packet(96)) == [
        packet(96),
        BadFrame(message, too_long=False),
    ]


def test_values_that_look_like_marks_do_not_lead_astray() -> None:
    packets = [packet(1, 1, pleth=1) for _ in range(10)]

    assert nonin2.NoninFramer().feed(packet(1, 1)[3:] + b"".join(packets))[:-1] == packets


@pytest.mark.parametrize("broken", [23, 24, 26])
def test_a_packet_without_25_frames_gives_nothing(broken: int) -> None:
    short = packet()[: 5 * broken] + (packet()[5:10] if broken == 26 else b"")
    found = nonin2.NoninFramer().feed(short + packet(96))

    assert [one for one in found if isinstance(one, bytes)][-1] == packet(96)
    assert (packet() in found) is (broken == 26)


def test_no_more_than_a_packet_is_held_back() -> None:
    framer = nonin2.NoninFramer()
    chance = random.Random(3)  # noqa: S311 - repeatable
    for _ in range(2_000):
        framer.feed(chance.choice((packet()[: chance.randint(0, 125)], chance.randbytes(9))))
        assert framer.pending_bytes < nonin2.PACKET_BYTES


@pytest.mark.parametrize("seed", range(10))
def test_damage_loses_no_packet_that_was_left_whole(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    for _ in range(STREAMS // 10):
        sent = [
            packet(
                chance.randint(0, 127), chance.randint(0, 511), pleth=chance.choice((1, 0x81, 9))
            )
            for _ in range(8)
        ]
        stream, whole = damaged(sent, chance)
        framer = nonin2.NoninFramer()
        found = [one for part in reads(stream, chance) for one in framer.feed(part)]
        assert in_order(whole, [one for one in found if isinstance(one, bytes)]), stream.hex()


def test_another_link_is_not_mine() -> None:
    stranger = Packet(link="bus", line="l", sender="7", key="", body=packet(), received_at=NOW)

    with pytest.raises(NotMine, match="expected 'nonin-2'"):
        decode(stranger, {"bus": KNOWN["nonin-2"]})


def test_ten_seconds_are_one_reading_with_its_extremes() -> None:
    spo2s = [97] * 14 + [91] + [96] * 15
    decoded = decode(folded(*(packet(spo2, 70 + spo2 % 2) for spo2 in spo2s)), KNOWN)

    assert decoded.signals[:2] == (
        Measurement(None, VitalCode.SPO2, 96, lowest=91, highest=97),
        Measurement(None, VitalCode.HEART_RATE, 71, lowest=70, highest=71),
    )
    shown = signal_json(decoded.signals[0])
    assert (shown["value"], shown["lowest"], shown["highest"]) == (96, 91, 97)


def test_a_mean_in_the_middle_is_rounded_up() -> None:
    (spo2, _rate, _battery) = decode(folded(packet(95), packet(96)), KNOWN).signals

    assert isinstance(spo2, Measurement)
    assert spo2.value == 96


def test_artefacts_count_only_when_there_is_nothing_better() -> None:
    good, bad = packet(96), packet(80, status=ARTEFACT)
    (mixed, *_) = decode(folded(bad, good, bad), KNOWN).signals
    (worse, *_) = decode(folded(bad, bad), KNOWN).signals

    assert mixed == Measurement(None, VitalCode.SPO2, 96, lowest=96, highest=96)
    assert worse == Measurement(None, VitalCode.SPO2, 80, Quality.ARTEFACT, lowest=80, highest=80)


def test_ten_seconds_without_a_finger_are_no_vital_sign() -> None:
    (only,) = decode(folded(*[packet(status=DISCONNECTED)] * 30), KNOWN).signals

    assert isinstance(only, Status)
    assert only.state is StatusState.OK


def test_a_battery_is_low_when_one_packet_says_so_and_ends_when_none_does() -> None:
    states = [
        decode(folded(*parts), KNOWN).signals[-1]
        for parts in ((packet(), packet(stat2=1), packet()), (packet(), packet(stat2=0x20)))
    ]

    assert [(one.state, one.code) for one in states if isinstance(one, Status)] == [
        (StatusState.LOW, "01"),
        (StatusState.OK, "20"),
    ]


def test_a_fold_of_more_than_its_limit_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="8125 bytes, expected 1 to 64 packets of 125"):
        decode(folded(*[packet()] * 65), KNOWN)


def test_a_broken_packet_of_a_fold_is_named() -> None:
    with pytest.raises(Corrupt, match="packet 2: 120 good bytes, expected 125"):
        decode(folded(packet(), packet()[:-1] + b"\x00"), KNOWN)


def test_a_stream_is_handed_in_ten_seconds_at_a_time() -> None:
    stream: SerialLink = NoninStream("oximeter", "ox-1")
    assert stream.opened(NOW) == Turn()
    handed = [
        (number / 3, one)
        for number in range(91)
        for one in stream.receive(packet(), after(number / 3)).packets
    ]

    assert [round(at_s) for at_s, _ in handed] == [10, 20, 30]
    assert {len(one.body) for _, one in handed} == {30 * 125}
    assert {one.sender for _, one in handed} == {"ox-1"}


def test_what_was_collected_is_handed_in_when_nothing_more_comes() -> None:
    stream = NoninStream("oximeter", "ox-1")
    stream.opened(NOW)
    stream.receive(packet(), NOW)

    assert stream.due(after(FOLD_S - 1)) == Turn()
    assert [len(one.body) for one in stream.due(after(FOLD_S)).packets] == [125]
    assert stream.due(after(2 * FOLD_S)) == Turn()


def test_what_was_collected_is_handed_in_when_the_port_is_gone() -> None:
    stream = NoninStream("oximeter", "ox-1")
    stream.opened(NOW)
    stream.receive(packet() + packet()[:60], NOW)
    assert stream.answers

    assert [len(one.body) for one in stream.closed(after(1)).packets] == [125]
    assert not stream.answers
    assert stream.closed(after(2)) == Turn()


def test_half_a_packet_of_before_does_not_join_what_comes_after() -> None:
    stream = NoninStream("oximeter", "ox-1")
    stream.opened(NOW)
    stream.receive(packet()[:60], NOW)
    stream.closed(NOW)
    stream.opened(after(1))

    assert stream.receive(packet()[60:] + packet(), after(1)).garbled == 1
    assert [len(one.body) for one in stream.closed(after(2)).packets] == [125]


def test_a_long_read_is_handed_in_by_64_packets() -> None:
    stream = NoninStream("oximeter", "ox-1")
    stream.opened(NOW)

    assert [len(p.body) // 125 for p in stream.receive(packet() * 130, NOW).packets] == [64, 64]
