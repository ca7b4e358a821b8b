"""RFXtrx433: its framer, its commands, and radio repeats."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from devices.decoding import decode, families
from devices.errors import NotMine
from devices.framing import BadFrame
from devices.links import rfxtrx
from devices.links.rfxtrx_receiver import (
    ANSWER_S,
    BURST_S,
    GET_STATUS,
    MAX_BURSTS,
    QUIET_S,
    RESET,
    RESET_S,
    START,
    RfxtrxReceiver,
)
from devices.links.serial_link import SerialLink, Turn
from devices.model import Packet
from tests.devices.damage import STREAMS, damaged, in_order, reads

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PANIC = bytes.fromhex("0820024ed3dc540689")
SMOKE = bytes.fromhex("0820034f0102030670")
STATUS = bytes.fromhex("0d0100010253450c000000000000")
LONG_STATUS = bytes.fromhex("140100010253010400070001031c03000000000000")
WEATHER = bytes.fromhex("0a520211700200a72d0089")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def frames_of(stream: bytes) -> list[bytes | BadFrame]:
    return rfxtrx.RfxtrxFramer().feed(stream)


def test_whole_frames_come_out_in_order() -> None:
    frames = [STATUS, PANIC, WEATHER, SMOKE, LONG_STATUS]

    assert frames_of(b"".join(frames)) == frames


def test_byte_by_byte_gives_the_same() -> None:
    framer = rfxtrx.RfxtrxFramer()
    stream = STATUS + PANIC + WEATHER + SMOKE

    assert [one for octet in stream for one in framer.feed(bytes((octet,)))] == [
        STATUS, PANIC, WEATHER, SMOKE,
    ]  # fmt: skip
    assert framer.pending_bytes == 0


def test_a_rest_waits_for_its_end() -> None:
    framer = rfxtrx.RfxtrxFramer()

    assert framer.feed(PANIC + SMOKE[:4]) == [PANIC]
    assert framer.pending_bytes == 4
    assert framer.feed(SMOKE[4:] + PANIC[:1]) == [SMOKE]
    assert framer.pending_bytes == 1
    assert framer.feed(PANIC[1:]) == [PANIC]


def test_a_last_byte_that_could_begin_a_frame_is_not_pending() -> None:
    framer = rfxtrx.RfxtrxFramer()
    frame = PANIC[:-1] + b"\x08"

    assert framer.feed(frame) == [frame]
    assert framer.pending_bytes == 0
    assert framer.feed(PANIC) == [PANIC]


def test_garbage_is_one_bad_frame_and_hides_nothing() -> None:
    bad = BadFrame(
        "5 bytes that begin no frame, expected a length and a known type", too_long=False
    )

    assert frames_of(b"\xff\x00\xff" + PANIC + b"\xfe\xfe") == [PANIC, bad]


def test_a_cut_frame_does_not_swallow_the_press_behind_it() -> None:
    found = frames_of(PANIC[:5] + PANIC)

    assert PANIC in found


def test_a_head_that_never_ends_does_not_delay_a_press() -> None:
    assert PANIC in frames_of(LONG_STATUS[:4] + PANIC)
    assert PANIC in frames_of(b"\x28\x52" + PANIC)


def test_an_id_that_looks_like_a_head_is_still_one_frame() -> None:
    frame = bytes.fromhex("0820024e0820020689")
    framer = rfxtrx.RfxtrxFramer()

    assert framer.feed(frame) == [frame]
    assert framer.pending_bytes == 0
    assert SMOKE in framer.feed(SMOKE)


def test_no_more_than_the_longest_frame_is_held_back() -> None:
    framer = rfxtrx.RfxtrxFramer()
    chance = random.Random(3)  # noqa: S311 - repeatable
    for _ in range(2_000):
        framer.feed(chance.randbytes(chance.randint(0, 9)))
        assert framer.pending_bytes <= rfxtrx.MAX_LENGTH


@pytest.mark.parametrize("seed", range(10))
def test_damage_loses_no_frame_that_was_left_whole(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    for _ in range(STREAMS // 10):
        sent = [_security(chance) if chance.random() < 0.7 else STATUS for _ in range(12)]
        stream, whole = damaged(sent, chance)
        framer = rfxtrx.RfxtrxFramer()
        found = [one for part in reads(stream, chance) for one in framer.feed(part)]
        assert in_order(whole, [one for one in found if isinstance(one, bytes)]), stream.hex()


def _security(chance: random.Random) -> bytes:
    return bytes((8, 0x20, chance.randrange(11))) + chance.randbytes(6)


def test_a_packet_says_who_sent_it_and_that_nothing_proves_it() -> None:
    packet = rfxtrx.unwrap(PANIC, line="radio", received_at=NOW)

    assert (packet.sender, packet.integrity, packet.authenticated) == ("d3dc54", False, True)
    assert rfxtrx.unwrap(STATUS, line="radio", received_at=NOW).sender == ""


def test_another_link_is_not_mine() -> None:
    packet = Packet(link="bus", line="l", sender="7", key="", body=PANIC, received_at=NOW)

    with pytest.raises(NotMine, match="expected 'rfxtrx'"):
        decode(packet, {"bus": families()["rfxtrx"]})


def opened() -> RfxtrxReceiver:
    receiver = RfxtrxReceiver("radio")
    assert receiver.opened(NOW).send == RESET
    return receiver


def test_a_receiver_is_reset_then_asked_and_started_then_answers() -> None:
    receiver: SerialLink = opened()

    assert receiver.due(after(RESET_S / 2)).send == b""
    assert receiver.due(after(RESET_S)).send == GET_STATUS + START
    assert {len(RESET), len(GET_STATUS), len(START)} == {14}
    assert not receiver.answers
    assert receiver.receive(STATUS, after(1)) == Turn(ignored=1)
    assert receiver.answers


def test_a_frame_before_the_start_does_not_put_the_start_off() -> None:
    receiver = opened()
    receiver.receive(PANIC, after(0.1))

    assert receiver.due(after(RESET_S)).send == GET_STATUS + START


def test_a_quiet_receiver_is_asked_and_lost_when_it_does_not_answer() -> None:
    receiver = opened()
    receiver.due(after(RESET_S))
    receiver.receive(STATUS, after(1))

    assert receiver.due(after(QUIET_S)).send == b""
    assert receiver.due(after(1 + QUIET_S)).send == GET_STATUS
    assert receiver.answers
    assert receiver.due(after(1 + QUIET_S + ANSWER_S)).send == RESET
    assert not receiver.answers
    assert receiver.due(after(2 + QUIET_S + ANSWER_S)).send == GET_STATUS + START


def test_frames_that_noise_makes_easily_are_no_answer() -> None:
    receiver = opened()

    assert receiver.receive(WEATHER + b"\xff", after(1)) == Turn(ignored=1, garbled=1)
    assert not receiver.answers


def test_a_closed_receiver_asks_nothing_and_does_not_answer() -> None:
    receiver = opened()
    receiver.receive(STATUS, after(1))

    assert receiver.closed(after(2)) == Turn()
    assert not receiver.answers
    assert receiver.due(after(100)) == Turn()


def test_radio_repeats_of_one_press_are_one_message() -> None:
    receiver = opened()
    other = PANIC[:3] + b"\x4f" + PANIC[4:8] + b"\x79"
    (first, again) = receiver.receive(PANIC + other, NOW).packets
    (late,) = receiver.receive(PANIC, after(BURST_S)).packets

    assert first.key == again.key == late.key
    assert rfxtrx.digest(first) == rfxtrx.digest(again)
    assert again.body == other


def test_a_press_after_the_burst_is_a_new_one() -> None:
    receiver = opened()
    (first,) = receiver.receive(PANIC, NOW).packets
    (second,) = receiver.receive(PANIC, after(BURST_S + 0.1)).packets

    assert first.key != second.key


def test_something_else_in_between_ends_a_burst() -> None:
    receiver = opened()
    ended = PANIC[:7] + b"\x07" + PANIC[8:]
    keys = [
        packet.key
        for number, frame in enumerate((PANIC, ended, PANIC))
        for packet in receiver.receive(frame, after(number / 10)).packets
    ]

    assert len(set(keys)) == 3


def test_a_thousand_ids_are_remembered_and_no_more() -> None:
    receiver = opened()
    for number in range(MAX_BURSTS + 5):
        receiver.receive(PANIC[:4] + number.to_bytes(3) + PANIC[7:], NOW)
    (first,) = receiver.receive(PANIC[:4] + bytes(3) + PANIC[7:], after(1)).packets
    (last,) = receiver.receive(PANIC[:4] + (1_004).to_bytes(3) + PANIC[7:], after(1)).packets

    assert first.key.endswith(after(1).isoformat())
    assert last.key.endswith(NOW.isoformat())
