"""`lifeline decide`: one story a line, decided with the shipped rules (INTERFACES 7)."""

import json
from typing import IO

from alerts.story import run_story, vocabulary
from gateway.lines import ACCEPTED, answer_lines
from gateway.rulebook import read_rules


def decide_lines(lines: IO[bytes], out: IO[str], *, vocabulary_only: bool) -> int:
    """Decide one story a line with the shipped rules, or print the closed lists."""
    rules = read_rules()
    if vocabulary_only:
        out.write(json.dumps(vocabulary(rules)) + "\n")
        return ACCEPTED
    return answer_lines(lines, out, lambda story: run_story(story, rules))
