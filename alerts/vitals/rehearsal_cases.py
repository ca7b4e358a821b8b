"""The cases of a rehearsal to read before a change is approved: the most telling ones, in words.

Contract: pure. What was real comes before what is red, that before what is missed or late. Nobody
has more than MAX_CASES_A_PERSON.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from alerts.vital_words import Level
from alerts.vitals.history import Judged, Seen
from alerts.vitals.inputs import Reading
from alerts.vitals.rehearsal import Compared, has_changed, minutes_between
from alerts.vitals.state import RANK
from devices.model import VitalCode

MAX_CASES_A_PERSON = 2
MAX_READINGS = 12
MAX_REASONS = 6
UNKNOWN = "nobody has judged it"


class CaseKind(StrEnum):
    """What the proposal does to an alert."""

    MISSED = "missed"
    RAISED = "raised"
    CHANGED = "changed"
    LATER = "later"
    EARLIER = "earlier"


class Case(msgspec.Struct, frozen=True):
    """A case to read before the change is approved.

    Attributes:
        weight: How much it tells; the greatest are read first.
        at: When the alert rings under the rules in force; of a raised one, under the proposal.
        level, proposed_level: Under the rules in force and under the proposal.
        minutes: Later under the proposal; below 0 earlier; None where one of them is silent.
        real: None is judged by nobody.
        why: Reasons of the rules in force, `proposed_why` of the proposal.
        limits: What holds for what was out of order: `in force` and `proposed`.
        text: All of it in a sentence.
    """

    weight: int
    kind: CaseKind
    person: str
    pathway: str
    at: datetime
    level: Level | None
    proposed_level: Level | None
    minutes: int | None
    real: bool | None
    judged: str
    parameters: tuple[str, ...]
    readings: tuple[str, ...]
    why: tuple[str, ...]
    proposed_why: tuple[str, ...]
    limits: dict[str, dict[str, dict[str, float]]]
    text: str


Limits = Mapping[VitalCode, Mapping[str, float]]


def cases(compared: Compared, before: Limits, after: Limits) -> tuple[Case, ...]:
    """Give the most telling cases of one person; `before` and `after` are the limits that hold."""
    found = [_case(compared, one, None, (before, after)) for one in compared.missed]
    found += [_case(compared, None, one, (before, after)) for one in compared.raised]
    found += [
        _case(compared, one, other, (before, after))
        for one, other in compared.pairs
        if one.rang_at != other.rang_at or has_changed(one, other)
    ]
    return tuple(sorted(found, key=order)[:MAX_CASES_A_PERSON])


def order(case: Case) -> tuple[int, str, datetime]:
    """Sort cases: the most telling first, then by person and time."""
    return (-case.weight, case.person, case.at)


def _case(
    compared: Compared, one: Seen | None, other: Seen | None, limits: tuple[Limits, Limits]
) -> Case:
    seen = one or other
    assert seen is not None  # a case is about an alert
    judged = compared.judged(seen)
    kind, minutes = _kind(one, other)
    names = sorted({name for each in (one, other) if each for name in each.parameters})
    case = Case(
        weight=_weight(kind, one, other, judged, minutes),
        kind=kind,
        person=compared.history.person,
        pathway=compared.history.pathway,
        at=seen.rang_at,
        level=None if one is None else one.level,
        proposed_level=None if other is None else other.level,
        minutes=minutes,
        real=None if judged is None else judged.real,
        judged=UNKNOWN if judged is None else judged.what,
        parameters=tuple(names),
        readings=_readings(seen, names),
        why=_why(one),
        proposed_why=_why(other),
        limits={
            word: {name: dict(held[code]) for name in names if (code := _code(name)) in held}
            for word, held in zip(("in force", "proposed"), limits, strict=True)
        },
        text="",
    )
    return msgspec.structs.replace(case, text=_text(case))


def _code(name: str) -> VitalCode:
    """Look a name up among vital signs; a score's or a questionnaire's is none of them."""
    return name  # type: ignore[return-value]  # a word is equal to its member, and hashes alike


def _kind(one: Seen | None, other: Seen | None) -> tuple[CaseKind, int | None]:
    if other is None:
        return CaseKind.MISSED, None
    if one is None:
        return CaseKind.RAISED, None
    minutes = minutes_between(one.rang_at, other.rang_at)
    assert minutes is not None  # both rang
    if has_changed(one, other):
        return CaseKind.CHANGED, minutes
    return (CaseKind.LATER if minutes > 0 else CaseKind.EARLIER), minutes


WEIGHTS = {
    CaseKind.MISSED: 400,
    CaseKind.LATER: 200,
    CaseKind.CHANGED: 150,
    CaseKind.RAISED: 100,
    CaseKind.EARLIER: 50,
}
REAL_WEIGHT, RED_WEIGHT, LOWER_WEIGHT, CALM_WEIGHT = 1_000, 300, 150, -90
MAX_LATE_WEIGHT = 240
"""Each quarter of an hour later counts one, up to this."""
QUARTER_MIN = 15


def _weight(
    kind: CaseKind,
    one: Seen | None,
    other: Seen | None,
    judged: Judged | None,
    minutes: int | None,
) -> int:
    """Weigh a case: what was real, what is red, what is lost or late comes before all else."""
    weight = WEIGHTS[kind]
    seen = one or other
    assert seen is not None  # a case is about an alert
    levels = [None if each is None else each.level for each in (one, other)]
    weight += RED_WEIGHT * (Level.RED in levels)
    if judged is not None:
        weight += REAL_WEIGHT if judged.real else CALM_WEIGHT
    if seen.missing:
        weight += CALM_WEIGHT
    if kind is CaseKind.CHANGED:
        weight += LOWER_WEIGHT * (RANK[levels[1]] < RANK[levels[0]])
    late = 0 if minutes is None else max(0, minutes) // QUARTER_MIN
    return weight + min(late, MAX_LATE_WEIGHT)


def _readings(seen: Seen, names: Sequence[str]) -> tuple[str, ...]:
    """Give what was measured last, what the alert is about first."""
    about = sorted(seen.readings, key=lambda one: (one.code.value not in names, one.code.value))
    return tuple(map(_reading, about[:MAX_READINGS]))


def _reading(one: Reading) -> str:
    value = one.quality.value if one.value is None else one.value
    return f"{one.code.value} {value} at {one.at:%d %b %H:%M}"


def _why(seen: Seen | None) -> tuple[str, ...]:
    if seen is None:
        return ()
    said = [
        f"{one.reason} ({one.rule} version {one.version}"
        + "".join(f", {name} {one.inputs[name]}" for name in SHOWN if name in one.inputs)
        + ")"
        for one in seen.reasons
    ]
    return tuple(said[:MAX_REASONS])


SHOWN = ("vital", "value", "limit", "by", "days", "per_day", "at_least", "question", "what")


def _text(case: Case) -> str:
    """Say a case in a sentence, for whoever approves."""
    when = f"{case.at:%d %b %Y %H:%M} UTC"
    about = ", ".join(case.parameters) or "nothing that is still out of order"
    real = {True: "the real one", False: "one that was not real", None: "one"}[case.real]
    level = case.level or case.proposed_level
    head = f"{real} of {when} ({level} about {about}; {case.judged})"
    return f"{head} {_becomes(case)}"


def _becomes(case: Case) -> str:
    if case.kind is CaseKind.MISSED:
        return "would not ring"
    if case.kind is CaseKind.RAISED:
        return "would ring and does not now"
    assert case.minutes is not None  # both ring
    said = [f"would ring {span_words(case.minutes)}"]
    if case.level is not case.proposed_level:
        said.append(f"as {case.proposed_level} in place of {case.level}")
    elif case.kind is CaseKind.CHANGED:
        said.append("for other reasons")
    return " ".join(said)


def span_words(minutes: int) -> str:
    """Say a difference of minutes in words."""
    if minutes == 0:
        return "at the same time"
    hours, left = divmod(abs(minutes), 60)
    parts = [f"{hours} h" if hours else "", f"{left} min" if left else ""]
    way = "later" if minutes > 0 else "earlier"
    return f"{' '.join(part for part in parts if part)} {way}"
