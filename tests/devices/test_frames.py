"""One runner for the device vectors of tests/frames: good frames, broken frames, noise."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.decoding import Decoded, decode, families
from devices.errors import Corrupt, DecodeError
from devices.links import native
from devices.model import Packet
from devices.output import signal_json

FRAMES = Path(__file__).parent.parent / "frames"
RECEIVED_AT = datetime(2021, 2, 2, 6, 56, 1, tzinfo=UTC)
KNOWN = families()

Frame = dict[str, Any]


def load() -> list[Frame]:
    frames: list[Frame] = []
    for path in sorted(FRAMES.glob("*.toml")):
        document = tomllib.loads(path.read_text())
        frames += [{"link": document["link"], **frame} for frame in document["frame"]]
    return frames


ALL = load()
GOOD = [frame for frame in ALL if "signals" in frame]


def packet_of(frame: Frame, body: bytes | None = None) -> Packet:
    if body is None:
        body = bytes.fromhex(frame["hex"]) if "hex" in frame else frame["text"].encode()
    context = {
        "line": "test",
        "sender": "test",
        "received_at": datetime.fromisoformat(frame.get("received_at", RECEIVED_AT.isoformat())),
        "authenticated": frame.get("authenticated", True),
        "retained": frame.get("retained", False),
    }
    if frame["link"] == native.LINK:
        return native.unwrap(frame["topic"], body, peer=None, **context)
    return Packet(link=frame["link"], key="", body=body, topic=frame.get("topic"), **context)


def name_of(frame: Frame) -> str:
    return f"{frame['link']}: {frame['name']}"


def is_read(frame: Frame) -> bool:
    """Say whether the body of the frame counts: that of a will does not."""
    return not frame.get("topic", "").endswith("/will")


def survives(packet: Packet) -> Decoded | None:
    """Decode; anything but a DecodeError is a failure of the test."""
    try:
        return decode(packet, KNOWN)
    except DecodeError:
        return None


@pytest.mark.parametrize("frame", GOOD, ids=name_of)
def test_a_good_frame_says_what_it_should(frame: Frame) -> None:
    decoded = decode(packet_of(frame), KNOWN)
    shown = [signal_json(signal) for signal in decoded.signals]
    assert shown == json.loads(frame["signals"])
    assert [error.word for error in decoded.errors] == frame.get("errors", [])


@pytest.mark.parametrize("frame", [f for f in ALL if "error" in f], ids=name_of)
def test_a_bad_frame_says_why(frame: Frame) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(packet_of(frame), KNOWN)
    assert caught.value.word == frame["error"]
    assert frame.get("says", "") in str(caught.value)


@pytest.mark.parametrize("frame", [f for f in GOOD if is_read(f)], ids=name_of)
def test_every_truncation_is_corrupt(frame: Frame) -> None:
    whole = packet_of(frame)
    for length in range(len(whole.body)):
        with pytest.raises(Corrupt):
            decode(packet_of(frame, whole.body[:length]), KNOWN)


@pytest.mark.parametrize("frame", GOOD, ids=name_of)
def test_every_flipped_bit_is_survived(frame: Frame) -> None:
    whole = packet_of(frame).body
    for position in range(len(whole) * 8):
        broken = bytearray(whole)
        broken[position // 8] ^= 1 << position % 8
        packet = packet_of(frame, bytes(broken))
        decoded = survives(packet)
        for signal in decoded.signals if decoded else ():
            json.dumps(signal_json(signal), allow_nan=False).encode()


@given(body=st.binary(max_size=300), frame=st.sampled_from(GOOD))
@settings(max_examples=500, deadline=None)
def test_noise_is_survived(body: bytes, frame: Frame) -> None:
    survives(packet_of(frame, body))


def test_names_of_frames_are_different() -> None:
    names = [name_of(frame) for frame in ALL]
    assert len(set(names)) == len(names)


def test_every_frame_says_where_it_comes_from() -> None:
    for frame in ALL:
        assert frame["source"]
        assert frame["date"]
        assert ("signals" in frame) != ("error" in frame)


def test_every_link_has_at_least_one_family() -> None:
    assert {frame["link"] for frame in ALL} <= set(KNOWN)
