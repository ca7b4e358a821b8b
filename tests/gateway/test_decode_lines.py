"""`lifeline decode`: what a line of bytes says, and what waits for the next one (INTERFACES 5)."""

import io
import json
from typing import Any

import pytest

from gateway.decode_lines import decode_lines

PANIC = "0820024ed3dc540689"


def run(*lines: dict[str, Any] | str) -> tuple[int, list[dict[str, Any]]]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    out = io.StringIO()
    code = decode_lines(io.BytesIO(text.encode()), out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def rfxtrx(octets: str, **more: Any) -> dict[str, Any]:
    return {"link": "rfxtrx", "hex": octets, **more}


def test_a_panic_button_is_read_as_its_document_shows() -> None:
    code, (answer,) = run(rfxtrx(PANIC))

    assert code == 0
    assert answer == {
        "n": 1,
        "signals": [
            {"kind": "activation", "device": "d3dc54", "what": "panic", "phase": "start",
             "at": None, "code": "06", "flags": []},
            {"kind": "status", "device": "d3dc54", "what": "battery", "state": "ok", "value": 9,
             "at": None, "code": "9", "flags": []},
        ],
        "pending_bytes": 0,
    }  # fmt: skip


def test_half_a_frame_waits_in_a_stream_and_is_corrupt_without_one() -> None:
    first, second = PANIC[:10], PANIC[10:]
    _, answers = run(rfxtrx(first, stream="a"), rfxtrx(second, stream="a"), rfxtrx(first))

    assert (answers[0]["signals"], answers[0]["pending_bytes"]) == ([], 5)
    assert [one["what"] for one in answers[1]["signals"]] == ["panic", "battery"]
    assert answers[2]["error"] == "corrupt"


def test_streams_of_other_names_and_links_share_nothing() -> None:
    first, second = PANIC[:10], PANIC[10:]
    _, answers = run(rfxtrx(first, stream="a"), rfxtrx(second, stream="b"))

    assert answers[1].get("signals", []) == []


def test_several_frames_in_one_read_concatenate_and_a_bad_one_is_named_beside_them() -> None:
    _, (two, rest) = run(rfxtrx(PANIC + PANIC), rfxtrx(PANIC + PANIC[:6]))

    assert len(two["signals"]) == 4
    assert "errors" not in two
    assert len(rest["signals"]) == 2
    assert [error["error"] for error in rest["errors"]] == ["corrupt"]


def test_native_messages_are_read_by_their_topic() -> None:
    call = {
        "link": "native",
        "topic": "lifeline/v1/17/call",
        "received_at": "2021-02-02T06:56:01Z",
        "json": {"id": "1-1", "at": "2021-02-02T06:56:00Z", "activation": "pendant"},
        "retained": True,
    }
    code, (answer, stranger) = run(call, {**call, "topic": "home/17"})

    assert code == 0
    assert answer["signals"][0] == {
        "kind": "activation", "device": "17", "what": "pendant", "phase": "start",
        "at": "2021-02-02T06:56:00Z", "code": "pendant", "flags": ["retained"],
    }  # fmt: skip
    assert stranger["error"] == "not_mine"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ({"link": "fax", "hex": ""}, "link"),
        ({"link": "native"}, "hex, text, json"),
        ({"link": "native", "hex": "00", "text": ""}, "hex, text, json"),
        ({"link": "native", "hex": "0"}, "hex"),
        ({"link": "native", "text": 1}, "text"),
        ({"link": "native", "text": "", "topic": 1}, "topic"),
        ({"link": "native", "text": "", "retained": "yes"}, "retained"),
        ({"link": "native", "text": "", "received_at": "2021-02-02"}, "received_at"),
        ({"link": "native", "text": "", "received_at": "today"}, "received_at"),
    ],
)
def test_a_wrong_envelope_is_bad_input_by_name(line: dict[str, Any], named: str) -> None:
    code, (answer,) = run(line)

    assert (code, answer["error"]) == (1, "bad_input")
    assert named in answer["message"]


def test_what_stands_inside_the_body_is_corrupt_and_no_bad_input() -> None:
    topic = "lifeline/v1/17/up"
    code, answers = run(
        {"link": "native", "topic": topic, "text": "{"},
        {"link": "native", "topic": topic, "hex": "ff"},
        {"link": "rfxtrx", "text": "abc"},
        {"link": "nonin-2", "hex": ""},
    )

    assert code == 0
    assert [answer["error"] for answer in answers] == ["corrupt"] * 4
