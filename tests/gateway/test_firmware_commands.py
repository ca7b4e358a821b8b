"""The simulated devices from the command line: one message, one receipt, an exit status."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from firmware_stubs.command import pair
from firmware_stubs.words import Receipt
from tests.gateway.moody_receiver import Mood, Receiver, receivers, signals

__all__ = ["receivers"]

Ended = tuple[int | None, str, str]


async def run(family: str, receiver: Receiver, *words: str) -> Ended:
    """Run a family's command line as a person would; (status, stdout, stderr)."""
    options = ["--host", receiver.address.host, "--port", str(receiver.address.port)]
    options += ["--name", "17", "--boot", "7", "--repeat-s", "0.5"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"firmware_stubs.{family}",
        *options,
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("family", "words", "parts"),
    [
        ("pendant", ["press"], {"activation": "pendant"}),
        ("pendant", ["press", "--activation", "smoke"], {"activation": "smoke"}),
        ("pendant", ["fall", "--still-s", "20"], {"activation": "fall", "still_s": 20}),
        ("pendant", ["cancel", "7-0000"], {"activation": "cancel", "of": "7-0000"}),
        ("pendant", ["battery", "12"], {"status": {"battery_pct": 12}}),
        ("pendant", ["mains", "lost"], {"status": {"mains": False}}),
        ("fall_detector", ["fall", "3.4"], {"activation": "fall", "impact_g": 3.4}),
        ("fall_detector", ["battery", "80"], {"status": {"battery_pct": 80}}),
        (
            "home_hub",
            ["vitals", "spo2_pct=93", "consciousness=A", "oxygen=false"],
            {"vitals": {"spo2_pct": 93, "consciousness": "A", "oxygen": False}},
        ),
        ("home_hub", ["answers", "sputum_colour=green"], {"answers": {"sputum_colour": "green"}}),
        ("home_hub", ["status", "mains=true"], {"status": {"mains": True}}),
    ],
)
async def test_a_command_prints_its_receipt(
    receivers: list[Receiver], tmp_path: Path, family: str, words: list[str], parts: dict[str, Any]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    status, out, err = await run(family, receivers[0], "--secret-file", str(secret), *words)
    assert (status, err) == (0, "")
    receipt = Receipt(**json.loads(out))
    assert (receipt.id, receipt.result) == ("7-0001", "stored")
    (heard,) = receivers[0].heard
    assert {name: heard.message[name] for name in parts} == parts
    assert receivers[0].connects[0].password == b"secret"
    assert signals(heard)


async def test_a_cancelled_fall_prints_the_receipt_of_its_cancel(
    receivers: list[Receiver],
) -> None:
    _, out, _ = await run("fall_detector", receivers[0], "fall", "3.4", "--cancelled")
    assert Receipt(**json.loads(out)).id == "7-0002"
    assert [heard.message["activation"] for heard in receivers[0].heard] == ["fall", "cancel"]


async def test_a_refused_reading_ends_with_1(receivers: list[Receiver]) -> None:
    receivers[0]._moods = iter([Mood.REFUSE])
    status, out, _ = await run("home_hub", receivers[0], "vitals", "spo2_pct=93")
    assert status == 1
    assert Receipt(**json.loads(out)).reason == "full"


async def test_the_next_receiver_is_told_by_option(receivers: list[Receiver]) -> None:
    receivers[0].lets_in = False
    then = f"{receivers[1].address.host}:{receivers[1].address.port}"
    status, _, _ = await run("pendant", receivers[0], "--then", then, "press")
    assert status == 0
    assert receivers[1].ids == ["7-0001"]


async def test_a_missing_secret_says_what_to_check(receivers: list[Receiver]) -> None:
    status, out, err = await run("pendant", receivers[0], "--secret-file", "/nowhere", "press")
    assert (status, out) == (2, "")
    assert "check --secret-file" in err
    assert receivers[0].connects == []


@pytest.mark.parametrize("words", [[], ["dance"], ["battery", "full"], ["cancel"]])
async def test_wrong_usage_ends_with_2(receivers: list[Receiver], words: list[str]) -> None:
    status, out, err = await run("pendant", receivers[0], *words)
    assert (status, out) == (2, "")
    assert "usage" in err


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("spo2_pct=93", ("spo2_pct", 93)),
        ("oxygen=false", ("oxygen", False)),
        ("note=a=b", ("note", "a=b")),
        ("colour=", ("colour", "")),
    ],
)
def test_a_value_is_json_where_it_is_json(word: str, read: tuple[str, object]) -> None:
    assert pair(word) == read


@pytest.mark.parametrize("word", ["", "spo2_pct", "=93"])
def test_a_word_without_a_name_is_refused(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected name=value"):
        pair(word)
