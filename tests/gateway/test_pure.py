"""The pure commands answer every line, whatever stands in it (INTERFACES 4)."""

import io
import json
from typing import Any

from gateway.lines import ACCEPTED, SOME_BAD
from gateway.pure import decide_lines

STORY = {"story": "a", "start": "2021-02-02T06:50:00Z", "events": [], "persons": [{"id": "wc"}]}


def _decide(*lines: bytes) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    code = decide_lines(io.BytesIO(b"\n".join(lines)), out, vocabulary_only=False)
    written = out.getvalue()
    written.encode()
    return code, [json.loads(line) for line in written.splitlines()]


def test_a_lone_surrogate_in_a_story_ends_nothing() -> None:
    good = json.dumps(STORY).encode()
    named = json.dumps({**STORY, "story": "\ud800"}).encode()
    strange = json.dumps({**STORY, "rules": "\ud800"}).encode()

    code, answers = _decide(named, strange, b"", good)

    assert code == SOME_BAD
    assert [answer.get("error") for answer in answers] == [None, "bad_input", None]
    assert [answer["n"] for answer in answers] == [1, 2, 3]


def test_null_says_the_same_as_absent() -> None:
    nobody = {"id": "wc", "plan": None, "ceiling": None, "status": None, "contacts": None}
    house = {**STORY, "rules": None, "persons": [nobody]}
    service = {"id": "icrs", "timezone": None, "hours": None, "capacity": None}

    code, answers = _decide(json.dumps({**house, "services": [service]}).encode())

    assert code == ACCEPTED
    assert answers[0]["decisions"] == []


def test_the_vocabulary_lists_the_scripts_of_the_shipped_rules() -> None:
    out = io.StringIO()

    assert decide_lines(io.BytesIO(), out, vocabulary_only=True) == ACCEPTED
    words = json.loads(out.getvalue())
    assert "stumble.E=cannot_weight_bear:clinician" in words["answer"]
    assert "seizure" in words["script"]
    assert "catheter" in words["need"]
