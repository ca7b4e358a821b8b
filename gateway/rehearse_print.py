"""A rehearsal for people to read: a table by pathway, the cases to read, what is not known."""

from collections.abc import Iterator, Mapping
from typing import Any

from alerts.vitals.rehearsal_cases import Case, span_words
from alerts.vitals.rehearsal_sum import Document
from gateway.api.reason_words import REASONS

HEAD = (
    f"{'pathway':<15}{'patient-days':>13}{'alerts a day':>17}{'raised':>8}{'missed':>8}"
    f"{'changed':>9}{'later':>7}{'earlier':>9}{'real: missed of':>17}"
)
PRINTED = 12
"""So many cases are printed; the document has them all."""


def lines_of(found: Document) -> Iterator[str]:
    """Give the lines."""
    history = found.history
    where = ", ".join(f"{name} {value}" for name, value in history.items() if name != "source")
    yield f"rehearsed over the {history['source']}: {where}"
    yield from _proposed(found.proposed)
    yield ""
    yield HEAD
    for name, figures in found.figures.items():
        yield _row(name, figures)
    yield ""
    yield from _moved(found.figures)
    recorded, replayed = (found.figures["all"][n] for n in ("recorded_alerts", "of_them_replayed"))
    if recorded:
        yield f"the replay of the rules in force has {replayed} of {recorded} recorded alerts"
    broken = found.figures["all"]["could_not_be_played"]
    if broken:
        yield f"{broken} people could not be played: the log says whose record cannot be read"
    yield "cases to read:" if found.cases else "no case to read: nothing rings otherwise"
    for number, case in enumerate(found.cases[:PRINTED], 1):
        yield from _case(number, case)
    if found.cases[PRINTED:]:
        yield f"{len(found.cases) - PRINTED} more in the document (--json FILE)"
    yield ""
    yield "what this cannot say:"
    yield from (f"* {one}" for one in found.not_known)


def _proposed(proposed: Mapping[str, Any]) -> Iterator[str]:
    if "limits" in proposed:
        yield f"proposed: limits version {proposed['version']} of person {proposed['person']}"
    for one in proposed.get("changed", ()):
        was = "new" if one["was"] is None else f"version {one['was']}"
        becomes = "gone" if one["version"] is None else f"version {one['version']}"
        yield f"proposed: {one['id']}: {was} -> {becomes}"


def _row(name: str, figures: Mapping[str, Any]) -> str:
    before, after = (
        figures[arm]["alerts_a_patient_day"] or 0.0 for arm in ("in_force", "proposed")
    )
    both, real = figures["both_see"], figures["real"]
    share = f"{real['missed']} of {real['known']}"
    return (
        f"{name:<15}{figures['patient_days']:>13.1f}{before:>8.3f} > {after:>6.3f}"
        f"{figures['raised']:>8}{figures['missed']:>8}{figures['changed']:>9}{both['later']:>7}"
        f"{both['earlier']:>9}{share:>17}"
    )


def _moved(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Say by how much what both see moves: the median, and what nine of ten stay within."""
    for name, found in figures.items():
        for what, moved in (("episodes", found["both_see"]), ("real ones", found["real"])):
            for way, sign in (("later", 1), ("earlier", -1)):
                if moved[way]:
                    middle = span_words(sign * moved[f"{way}_min"])
                    most = span_words(sign * moved[f"{way}_min_9_of_10"])
                    yield (
                        f"{name}: {moved[way]} {what} {way}, the median {middle}, "
                        f"9 of 10 at most {most}"
                    )


def _case(number: int, case: Case) -> Iterator[str]:
    yield f"{number}. {case.kind}: person {case.person} ({case.pathway}): {case.text}"
    if case.readings:
        yield f"   readings: {'; '.join(case.readings)}"
    for word, reasons in (("in force", case.why), ("proposed", case.proposed_why)):
        if reasons:
            yield f"   why, {word}:"
            yield from (f"   - {_words(reason)}" for reason in reasons)
    if case.limits["in force"] != case.limits["proposed"]:
        for word, held in case.limits.items():
            said = "; ".join(
                f"{name} " + ", ".join(f"{limit} {at:g}" for limit, at in sorted(limits.items()))
                for name, limits in sorted(held.items())
            )
            yield f"   limits {word}: {said or 'none'}"


def _words(reason: str) -> str:
    """Say a reason of the document in words; its rule and figures stay behind it."""
    name, bracket, rest = reason.partition(" (")
    return REASONS.get(name, name.replace("_", " ")) + bracket + rest
