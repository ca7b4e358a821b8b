"""`lifeline score news2`: one set of readings a line, one score a line (INTERFACES 6)."""

import json
from decimal import Decimal
from typing import IO, Any

from alerts.vitals.news2 import PARAMETERS, RULE, VERSION, Score, Vitals, score
from gateway.lines import BadInput, answer_lines

RANGES = {
    "respiratory_rate_bpm": (0, 150),
    "spo2_pct": (0, 100),
    "systolic_mmhg": (0, 400),
    "heart_rate_bpm": (0, 350),
    "temperature_c": (10, 50),
}
LETTERS = ("A", "C", "V", "P", "U")
SCALES = (1, 2)


def score_lines(lines: IO[bytes], out: IO[str]) -> int:
    """Score each line; give the exit code."""
    return answer_lines(lines, out, _answer, fractions=Decimal)


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    result = score(_vitals(given))
    return {"id": given.get("id"), **_shape(result), "rule": RULE, "version": VERSION}


def _shape(result: Score) -> dict[str, Any]:
    return {
        "total": result.total,
        "band": result.band,
        "red": list(result.red),
        "subscores": result.subscores,
        "missing": list(result.missing),
        "at_least": result.at_least,
    }


def _vitals(given: dict[str, Any]) -> Vitals:
    """Check a line's values.

    Raises:
        BadInput: names the key, what stands there and what was expected.
    """
    values = {name: _value(name, given.get(name)) for name in PARAMETERS}
    scale = given.get("spo2_scale")
    if scale is not None and (isinstance(scale, bool) or scale not in SCALES):
        raise BadInput(f"spo2_scale is {_shown(scale)}, expected 1 or 2")
    return Vitals(**values, spo2_scale=1 if scale is None else scale)


def _value(name: str, value: object) -> Any:  # noqa: ANN401 - the struct's own types, by name
    if value is None:
        return None
    if name == "oxygen":
        if not isinstance(value, bool):
            raise BadInput(f"oxygen is {_shown(value)}, expected true or false")
        return value
    if name == "consciousness":
        if value not in LETTERS:
            raise BadInput(f"consciousness is {_shown(value)}, expected one of A C V P U")
        return value
    return _number(name, value)


def _number(name: str, value: object) -> Decimal | int:
    low, high = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadInput(f"{name} is {_shown(value)}, expected a number")
    number = Decimal(value)
    if not number.is_finite() or not low <= number <= high:
        raise BadInput(f"{name} is {_shown(value)}, expected {low} to {high}")
    if name == "temperature_c":
        return number
    if number != number.to_integral_value():
        raise BadInput(f"{name} is {_shown(value)}, expected a whole number")
    return int(number)


def _shown(value: object) -> str:
    return json.dumps(value, default=str)[:80]
