"""Signals as INTERFACES 5 prints them: plain dictionaries, ready for JSON. Pure."""

from datetime import UTC, datetime
from typing import assert_never

from devices.model import Activation, Answers, Flag, Measurement, Signal, Status

Json = dict[str, object]


def signal_json(signal: Signal) -> Json:
    """Give a signal the shape of `lifeline decode`.

    `at` is RFC 3339 UTC with `Z` or null; flags stand in the order of their list; a whole number is
    printed without its `.0`; `of`, `location`, `impact_g`, `still_s`, a Status's `value` and the
    `lowest` and `highest` of a folded reading appear only when there are any.
    """
    match signal:
        case Activation():
            shape: Json = {"what": signal.what.value, "phase": signal.phase.value}
            code = signal.code
            extra: Json = {
                "of": signal.of,
                "location": signal.location,
                "impact_g": _number(signal.impact_g),
                "still_s": _number(signal.still_s),
            }
        case Measurement():
            shape = {"value": _number(signal.value), "quality": signal.quality.value}
            code = signal.code.value
            extra = {"lowest": _number(signal.lowest), "highest": _number(signal.highest)}
        case Status():
            shape = {"what": signal.what.value, "state": signal.state.value}
            code, extra = signal.code, {"value": _number(signal.value)}
        case Answers():
            shape, code, extra = {"answers": signal.answers}, "answers", {}
        case _:
            assert_never(signal)
    return {
        "kind": signal.__struct_config__.tag,
        "device": signal.device,
        **shape,
        **{name: value for name, value in extra.items() if value is not None},
        "at": None if signal.at is None else time_text(signal.at),
        "code": code,
        "flags": [flag.value for flag in Flag if flag in signal.flags],
    }


def time_text(at: datetime) -> str:
    """Give an aware time as RFC 3339 UTC with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _number(value: float | str | bool | None) -> float | str | bool | None:  # noqa: FBT001 - a value, no switch
    return int(value) if isinstance(value, float) and value.is_integer() else value
