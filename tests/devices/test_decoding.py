"""Families are found by being in the folder; the first that knows a message answers."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices import catalogue
from devices.decoding import Decoded, Family, FamilyModule, decode, error_json, families
from devices.errors import Corrupt, DecodeError, NotMine
from devices.model import Packet, Status, StatusKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Stranger:
    """A family that knows no message as its own."""

    DEVICE = Family("bus", "stranger", "invented")

    def decode(self, packet: Packet) -> Decoded:
        raise NotMine(f"{len(packet.body)} bytes, expected 0")


class Friend:
    """A family that takes every message for a heartbeat."""

    DEVICE = Family("bus", "friend", "invented")

    def decode(self, packet: Packet) -> Decoded:
        return Decoded((Status(packet.sender, StatusKind.HEARTBEAT),))


STRANGER: FamilyModule = Stranger()
FRIEND: FamilyModule = Friend()
PACKET = Packet(link="bus", line="l", sender="7", key="", body=b"x", received_at=NOW)


def test_the_native_family_is_in_the_folder() -> None:
    assert [module.DEVICE.link for module in families()["native"]] == ["native"]


def test_the_first_family_that_knows_the_message_answers() -> None:
    assert decode(PACKET, {"bus": (STRANGER, FRIEND)}).signals == (
        Status("7", StatusKind.HEARTBEAT),
    )


def test_a_message_nobody_knows_says_what_each_family_said() -> None:
    with pytest.raises(NotMine, match="1 bytes, expected 0; 1 bytes, expected 0"):
        decode(PACKET, {"bus": (STRANGER, STRANGER)})


def test_a_link_nobody_speaks_is_not_mine() -> None:
    with pytest.raises(NotMine, match=r"link 'bus', expected one of \['native'\]"):
        decode(PACKET, {"native": ()})


def test_an_error_is_printed_with_its_word() -> None:
    assert error_json(Corrupt("cut")) == {"error": "corrupt", "message": "cut"}


def test_a_file_without_a_description_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_a_family.py").write_text("DEVICE = None\n")
    monkeypatch.setattr(catalogue, "__path__", [str(tmp_path)])
    with pytest.raises(TypeError, match=r"half_a_family\.py lacks DEVICE or decode"):
        families()
    sys.modules.pop("devices.catalogue.half_a_family")


def test_an_error_says_which_question_was_answered_with_no() -> None:
    with pytest.raises(TypeError, match="raise NotMine, Corrupt or Unknown"):
        DecodeError("7 bytes, expected 8")
