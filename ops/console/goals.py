"""What ops/bench/console.py asks for: each goal that was missed, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

SHOWN_MS = 250.0
HARM_MS = 50.0
HARM_FACTOR = 2.0
IDLE_PCT = 10.0
HELD = 0.98

Found = Mapping[str, Any]


def missed(found: Found) -> list[str]:
    """Give what was missed, in the order of the measurements; what was not measured is not."""
    words = list[str]()
    if "painted" in found:
        words += _painted(found["painted"])
    if "unharmed" in found:
        words += _unharmed(found["unharmed"])
    if "idle" in found:
        words += _idle(found["idle"])
    return words


def _painted(found: Found) -> Iterator[str]:
    yield from _lines("painted", found)
    for what in ("commit_to_painted", "commit_to_heard"):
        shown = found[what]
        if shown["missed"]:
            yield f"painted: {what}: {shown['missed']} never shown"
        if shown.get("p99_ms", 0.0) > SHOWN_MS:
            yield f"painted: {what}: p99 {shown['p99_ms']} ms, goal {SHOWN_MS:g} ms"
    yield from _streams("painted", found["streams"])


def _unharmed(found: Found) -> Iterator[str]:
    without, beside = found["without"], found["with"]
    for name, one in found.items():
        yield from _lines(f"unharmed, {name} streams", one)
    for what in ("presses", "readings"):
        before, now = (one[what].get("p99_ms", 0.0) for one in (without, beside))
        if now > max(HARM_FACTOR * before, before + HARM_MS):
            yield f"unharmed: {what}: acknowledged p99 {before} ms, {now} ms with the streams"
    if beside["commit_to_heard"]["missed"]:
        yield f"unharmed: {beside['commit_to_heard']['missed']} alarms never heard"
    yield from _streams("unharmed", beside["streams"])


def _idle(found: Found) -> Iterator[str]:
    more = found["cpu_pct_with"] - found["cpu_pct_without"]
    if more > IDLE_PCT:
        yield f"idle: the streams cost {more:.1f} % of a processor, goal {IDLE_PCT:g} %"
    yield from _streams("idle", found["streams"])


def _lines(name: str, found: Found) -> Iterator[str]:
    """Say what was not acknowledged, and readings that did not flow at the rate offered."""
    for what in ("presses", "readings"):
        told = found[what]
        if told and told["acknowledged"] < told["said"]:
            yield f"{name}: {told['acknowledged']} of {told['said']} {what} acknowledged"
    flowed = found["readings"]
    if flowed and flowed["acknowledged_at_the_end_of_saying"] < HELD * flowed["said"]:
        yield f"{name}: the readings did not flow at the rate that was offered"


def _streams(name: str, told: Found) -> Iterator[str]:
    if not told:
        return
    if told["live"] < told["streams"] or told["ended"]:
        yield f"{name}: {told['live']} of {told['streams']} streams live, {told['ended']} ended"
    if told["wrong"]:
        yield f"{name}: {told['wrong']} events that did not fit what was held"
