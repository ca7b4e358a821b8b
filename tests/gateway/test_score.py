"""`lifeline score news2`: one score a line, and what is wrong is said by name."""

import io
import json
from typing import Any

import pytest

from gateway.score import score_lines

SET = {
    "respiratory_rate_bpm": 8, "spo2_pct": 97, "oxygen": False, "systolic_mmhg": 120,
    "heart_rate_bpm": 70, "consciousness": "A", "temperature_c": 36.5,
}  # fmt: skip


def run(*lines: str) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    code = score_lines(io.BytesIO("\n".join(lines).encode()), out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_whole_set_has_a_total() -> None:
    code, (answer,) = run(json.dumps({"id": "a", **SET}))

    assert code == 0
    assert answer == {
        "n": 1, "id": "a", "total": 3, "band": "low_medium", "red": ["respiratory_rate_bpm"],
        "subscores": {"respiratory_rate_bpm": 3, "spo2_pct": 0, "oxygen": 0, "systolic_mmhg": 0,
                      "heart_rate_bpm": 0, "consciousness": 0, "temperature_c": 0},
        "missing": [], "at_least": 3, "rule": "news2", "version": "2017",
    }  # fmt: skip


def test_a_missing_value_gives_a_lower_bound_and_no_band() -> None:
    _, (answer,) = run(json.dumps({**SET, "temperature_c": None}))

    assert (answer["total"], answer["band"], answer["missing"], answer["at_least"]) == (
        None, None, ["temperature_c"], 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"heart_rate_bpm": 70.5}, "whole number"),
        ({"heart_rate_bpm": True}, "heart_rate_bpm"),
        ({"heart_rate_bpm": "70"}, "heart_rate_bpm"),
        ({"spo2_pct": 101}, "spo2_pct"),
        ({"spo2_scale": 3}, "spo2_scale"),
        ({"consciousness": "X"}, "consciousness"),
        ({"oxygen": 1}, "oxygen"),
    ],
)
def test_what_no_body_has_is_bad_input_by_name(change: dict[str, Any], named: str) -> None:
    code, (answer,) = run(json.dumps({**SET, **change}))

    assert (code, answer["error"]) == (1, "bad_input")
    assert named in answer["message"]


def test_a_bad_line_does_not_stop_the_others_and_blank_ones_are_skipped() -> None:
    code, answers = run("", json.dumps(SET), "{", "NaN", json.dumps(SET))

    assert code == 1
    assert [answer["n"] for answer in answers] == [1, 2, 3, 4]
    assert ["error" in answer for answer in answers] == [False, True, True, False]


def test_a_tenth_of_a_degree_is_read_exactly() -> None:
    _, (cool, warm) = run(*(json.dumps({**SET, "temperature_c": t}) for t in (38.04, 38.05)))

    assert [one["subscores"]["temperature_c"] for one in (cool, warm)] == [0, 1]
