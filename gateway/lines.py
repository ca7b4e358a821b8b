"""The pure commands: JSON lines in, JSON lines out, one for one, flushed (INTERFACES 4)."""

import json
from collections.abc import Callable
from typing import IO, Any

ACCEPTED = 0
SOME_BAD = 1
MAX_LINE_BYTES = 16 * 1_048_576


class BadInput(ValueError):  # noqa: N818 - the word INTERFACES 4 prints
    """A line that is no input of this command."""


def answer_lines(
    lines: IO[bytes],
    out: IO[str],
    answer: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    fractions: Callable[[str], object] = float,
) -> int:
    """Answer each line; a bad one gets its own answer and the run goes on.

    `fractions` reads numbers that are not whole: Decimal where tenths must be exact.

    Returns:
        0 when all lines were accepted, 1 when some were bad.
    """
    code = ACCEPTED
    number = 0
    for line in lines:
        if not line.strip():
            continue
        number += 1
        try:
            result = {"n": number, **answer(_object(line, fractions))}
        except (ValueError, RecursionError) as error:
            code = SOME_BAD
            result = {"n": number, "error": "bad_input", "message": str(error)}
        # ASCII: a lone surrogate that was sent as an escape goes back as one.
        out.write(json.dumps(result) + "\n")
        out.flush()
    return code


def _object(line: bytes, fractions: Callable[[str], object]) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise BadInput(f"{len(line)} bytes, expected at most {MAX_LINE_BYTES}")
    try:
        given = json.loads(line, parse_float=fractions, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise BadInput(f"no JSON: {error}; expected one object a line") from error
    if not isinstance(given, dict):
        raise BadInput(f"{type(given).__name__}, expected an object")
    return given


def _no_number(word: str) -> object:
    raise BadInput(f"{word} is no JSON number")
