"""Rules of vital signs, built from their rows and checked before anything is decided with them."""

from collections.abc import Iterable, Sequence
from datetime import time
from hashlib import sha1
from itertools import pairwise
from typing import TypeVar

import msgspec

from alerts.facts import Service
from alerts.hours import check_service
from alerts.rule_rows import Row, RuleError
from alerts.rule_versions import Placed
from alerts.vital_rows import (
    DEFAULT_WARD,
    ChangeRow,
    LimitRow,
    Limits,
    PathwayRow,
    Question,
    QuestionnaireRow,
    RelativeRow,
    SlopeRow,
    Slot,
    TargetRow,
    VitalRow,
    Ward,
    WardRow,
)
from alerts.vital_words import Pathway, Reference
from devices.model import VitalCode

ORDER = ("alert_high", "warning_high", "warning_low", "alert_low")
MAX_DAYS = 31
MAX_RUNGS = 8
MAX_TIMES = 24
MAX_QUESTIONS = 40
NEWS2_FLOOR = "news2"
MARK_CHARS = 12
TARGET = (VitalCode.SPO2, Reference.TARGET_SPO2)
"""The one vital sign that a person has a target range of."""
WORDS_NOT_NUMBERS = frozenset({VitalCode.CONSCIOUSNESS, VitalCode.OXYGEN})

V = TypeVar("V", bound=VitalRow)


class VitalRules(msgspec.Struct, frozen=True):
    """The rows that hold, by what they are looked up with; `mark` names this set of versions."""

    limits: dict[tuple[Pathway | None, VitalCode], LimitRow]
    targets: dict[VitalCode, TargetRow]
    relative: tuple[RelativeRow, ...]
    changes: tuple[ChangeRow, ...]
    slopes: tuple[SlopeRow, ...]
    questionnaires: dict[str, QuestionnaireRow]
    pathways: dict[Pathway, PathwayRow]
    wards: dict[str, Ward]
    mark: str

    def limit_row(self, vital: VitalCode, pathway: Pathway | None) -> LimitRow | None:
        """Give a pathway's own row of limits, without the default."""
        return self.limits.get((pathway, vital))

    def windows(self, vital: str, pathway: Pathway | None) -> tuple[ChangeRow | SlopeRow, ...]:
        """Give the rows that look at a vital sign over days."""
        return (*_holding(self.changes, vital, pathway), *_holding(self.slopes, vital, pathway))

    def relatives(self, vital: str, pathway: Pathway | None) -> tuple[RelativeRow, ...]:
        """Give the rows that compare a vital sign with a figure of the person's own."""
        return _holding(self.relative, vital, pathway)


def _holding(rows: tuple[V, ...], vital: str, pathway: Pathway | None) -> tuple[V, ...]:
    """Give a pathway's own rows about a vital sign, or the defaults where it has none."""
    own = tuple(r for r in rows if r.vital == vital and r.pathway == pathway)
    return own or tuple(r for r in rows if r.vital == vital and r.pathway is None)


def vital_rules_of(placed: Iterable[Placed]) -> VitalRules:
    """Build the rules of vital signs from the rows that hold.

    Raises:
        RuleError: a row does not fit, naming file, row and key, and what to do.
    """
    every = tuple(placed)
    rules = _built([one.row for one in every])
    if DEFAULT_WARD not in rules.wards:
        raise RuleError(f"ward rows missing: {DEFAULT_WARD}; add a row for it")
    seen: dict[tuple[str, ...], Placed] = {}
    for one in every:
        for wrong in _wrong(one.row, rules):
            raise one.wrong(wrong)
        key = _key(one.row)
        if key and (other := seen.setdefault(key, one)) is not one:
            raise one.wrong(f"{' '.join(key)} is also that of row {other.row.id}; keep one")
    return rules


def _key(row: Row) -> tuple[str, ...]:
    """Name what a row is looked up with, where no two rows may stand for the same."""
    if isinstance(row, LimitRow):
        return ("limits of", row.vital.value, "on", row.pathway or "every pathway")
    if isinstance(row, TargetRow):
        return ("target of", row.vital.value)
    if isinstance(row, QuestionnaireRow):
        return ("questionnaire", row.name)
    if isinstance(row, PathwayRow):
        return ("pathway", row.pathway.value)
    return ("ward", row.ward.id) if isinstance(row, WardRow) else ()


def _built(rows: Sequence[Row]) -> VitalRules:
    mine = sorted(f"{r.id}:{r.version}" for r in rows if isinstance(r, KINDS))
    return VitalRules(
        limits={(r.pathway, r.vital): r for r in rows if isinstance(r, LimitRow)},
        targets={r.vital: r for r in rows if isinstance(r, TargetRow)},
        relative=tuple(r for r in rows if isinstance(r, RelativeRow)),
        changes=tuple(r for r in rows if isinstance(r, ChangeRow)),
        slopes=tuple(r for r in rows if isinstance(r, SlopeRow)),
        questionnaires={r.name: r for r in rows if isinstance(r, QuestionnaireRow)},
        pathways={r.pathway: r for r in rows if isinstance(r, PathwayRow)},
        wards={r.ward.id: r.ward for r in rows if isinstance(r, WardRow)},
        mark=sha1("|".join(mine).encode(), usedforsecurity=False).hexdigest()[:MARK_CHARS],
    )


KINDS = (
    LimitRow, TargetRow, RelativeRow, ChangeRow, SlopeRow, QuestionnaireRow, PathwayRow, WardRow,
)  # fmt: skip


def _wrong(row: Row, rules: VitalRules) -> Iterable[str]:
    """Say what is wrong with a row: key and what to do."""
    if isinstance(row, VitalRow | TargetRow):
        yield from _of_a_vital(row)
    if isinstance(row, QuestionnaireRow):
        yield from _questionnaire(row)
    if isinstance(row, PathwayRow):
        yield from (wrong for slot in row.schedule for wrong in wrong_slot(slot, rules))
    if isinstance(row, WardRow):
        yield from wrong_ward(row.ward)


def _of_a_vital(row: VitalRow | TargetRow) -> Iterable[str]:
    if row.vital in WORDS_NOT_NUMBERS:
        yield f"vital {row.vital} has no number to compare; remove the row"
    if isinstance(row, TargetRow) and (row.vital, row.reference) != TARGET:
        yield f"a target of {row.vital} from {row.reference}, expected {' from '.join(TARGET)}"
    if isinstance(row, LimitRow):
        yield from out_of_order(row.limits)
    if isinstance(row, RelativeRow):
        yield from _one_of(row, ("fall_at_least", "rise_at_least", "rise_more_than"))
    if isinstance(row, ChangeRow):
        names = ("rise_at_least", "rise_more_than", "fall_at_least", "fall_more_than")
        yield from _one_of(row, names)
    if isinstance(row, ChangeRow | SlopeRow) and not 1 <= row.days <= MAX_DAYS:
        yield f"days {row.days}, expected 1 to {MAX_DAYS}"
    if isinstance(row, SlopeRow) and (row.per_day == 0 or row.least_points < 2):  # noqa: PLR2004 - a line needs two
        yield f"per_day {row.per_day} over {row.least_points} points, expected not 0 over 2 or more"


def out_of_order(limits: Limits) -> Iterable[str]:
    """Say which limits do not stand in their order; the ones left out do not count."""
    said = [(name, at) for name in ORDER if (at := getattr(limits, name)) is not None]
    for (upper, above), (lower, below) in pairwise(said):
        if above <= below:
            yield f"{upper} {above:g} is not above {lower} {below:g}; correct the limits"


def _one_of(row: RelativeRow | ChangeRow, names: tuple[str, ...]) -> Iterable[str]:
    said = [getattr(row, name) for name in names if getattr(row, name) is not None]
    if len(said) != 1 or said[0] <= 0:
        yield f"needs exactly one of {', '.join(names)}, above 0"


def _questionnaire(row: QuestionnaireRow) -> Iterable[str]:
    names = [question.name for question in row.questions]
    if not 1 <= len(names) <= MAX_QUESTIONS or len(set(names)) != len(names):
        yield f"questions: {len(names)}, expected 1 to {MAX_QUESTIONS}, each name once"
    if row.name in set(VitalCode):
        yield f"name {row.name} is a vital sign's; choose another"
    yield from (wrong for question in row.questions for wrong in _question(question))


def _question(question: Question) -> Iterable[str]:
    if bool(question.scores) == (question.highest is not None):
        yield f"question {question.name} needs either scores or highest"
    if min(question.scores.values(), default=0) < 0 or (question.highest or 1) < 1:
        yield f"question {question.name} scores below 0; the least of an answer left out is 0"


def wrong_slot(slot: Slot, rules: VitalRules) -> Iterable[str]:
    """Say what is wrong with a slot of a schedule."""
    if slot.what not in set(VitalCode) and slot.what not in rules.questionnaires:
        yield f"schedule: {slot.what!r} is neither a vital sign nor a questionnaire; correct it"
    if not 1 <= len(slot.times) <= MAX_TIMES or slot.every_days < 1:
        yield f"schedule of {slot.what}: {len(slot.times)} times, expected 1 to {MAX_TIMES}"
    if slot.early_min < 0 or slot.grace_min < 0:
        yield f"schedule of {slot.what}: early_min and grace_min are not below 0"
    for text in slot.times:
        try:
            time.fromisoformat(text)
        except ValueError:
            yield f"schedule of {slot.what}: {text!r}, expected HH:MM"


def wrong_ward(ward: Ward) -> Iterable[str]:
    """Say what is wrong with a ward."""
    try:
        check_service(Service(ward.id, timezone=ward.timezone, hours=ward.hours))
    except ValueError as error:
        yield f"ward: {error}"
    rungs = ward.ladder_min
    if not 1 <= len(rungs) <= MAX_RUNGS or list(rungs) != sorted({m for m in rungs if m > 0}):
        yield f"ward {ward.id}: ladder_min {list(rungs)}, expected 1 to {MAX_RUNGS} rising minutes"
    if ward.set_window_min < 1:
        yield f"ward {ward.id}: set_window_min {ward.set_window_min}, expected 1 or more"
    for name in ward.floor:
        if name != NEWS2_FLOOR and name not in set(VitalCode) - WORDS_NOT_NUMBERS:
            yield f"ward {ward.id}: floor of {name!r}, expected a vital sign or {NEWS2_FLOOR}"


def target_limits(row: TargetRow, low: float) -> Limits:
    """Give the limits that follow from the lower end of a person's own target range."""
    return Limits(warning_low=low - row.warning_below, alert_low=low - row.alert_below)
