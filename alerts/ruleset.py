"""Rules as data: typed rows from TOML, checked before anything is decided with them.

Contract: `parse_rules` is pure; the caller reads the files. Every row has an id, a version, an
author, an approver who is somebody else, and the date from which it holds. Every id of `Rule` and
every kind of activation has exactly one row; an unknown key, a missing row or a row out of its
range raises RuleError naming file, row, key and what to do.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from alerts.case import Reason
from alerts.facts import Plan, Service
from alerts.hours import check_service
from alerts.rule_ids import Rule
from alerts.words import AlarmKind, Disposition
from devices.model import Activation, ActivationKind, Signal


class RuleError(ValueError):
    """A rule file cannot be used: which file, which row, which key, and what to do."""


class Unit(StrEnum):
    """Unit of a figure."""

    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    COUNT = "count"
    YEARS = "years"


class Ladder(StrEnum):
    """Which silent ladder an activation climbs (DECIDING 3)."""

    SPEAK = "speak"
    FALL = "fall"
    LISTEN = "listen"
    WANDER = "wander"
    NONE = "none"


class Grade(StrEnum):
    """How grave a script's answer is (DECIDING 4)."""

    EMERGENCY_999 = "999"
    CLINICIAN = "clinician"
    UNKNOWN = "unknown"
    NONE = "none"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every row says about itself."""

    id: str
    version: str
    author: str
    approver: str
    effective: date
    source: str
    sign_off: str = "for local clinical sign-off"


class RuleRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule in words, with its figure where it has one."""

    text: str
    value: int | None = None
    unit: Unit | None = None


class ActivationRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an activation opens: alarm, priority (1 first), plan, ladder, disposition, script."""

    what: ActivationKind
    alarm: AlarmKind
    priority: int
    ladder: Ladder
    script: str
    plan: str = ""
    disposition: Disposition | None = None
    calls_for_help: bool = True


class AnswerRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The grade of one answer to one letter; `covered` = a ceiling of treatment speaks of it.

    `grade_on_anticoagulants` takes the grade's place for a person who takes them.
    """

    letter: str
    answer: str
    grade: Grade
    covered: bool = True
    grade_on_anticoagulants: Grade | None = None


class PlanRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shipped plan for a kind of alarm."""

    kind: str
    plan: Plan


class ServiceRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shipped service; figures without a source say "to be confirmed by the service"."""

    service: Service


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of rows."""

    rule: tuple[RuleRow, ...] = ()
    activation: tuple[ActivationRow, ...] = ()
    answer: tuple[AnswerRow, ...] = ()
    plan: tuple[PlanRow, ...] = ()
    service: tuple[ServiceRow, ...] = ()


SPANS = {
    Unit.SECONDS: timedelta(seconds=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}


class Rules(msgspec.Struct, frozen=True):
    """All rows, by what they are looked up with."""

    rows: dict[Rule, RuleRow]
    activations: dict[ActivationKind, ActivationRow]
    answers: dict[tuple[str, str], AnswerRow]
    plans: dict[str, PlanRow]
    services: tuple[ServiceRow, ...]

    def span(self, rule: Rule) -> timedelta:
        """Give a rule's figure as a length of time."""
        row = self.rows[rule]
        assert row.unit is not None  # parse_rules has checked it
        return self.count(rule) * SPANS[row.unit]

    def count(self, rule: Rule) -> int:
        """Give a rule's figure as the number it is, in the row's unit."""
        value = self.rows[rule].value
        assert value is not None  # parse_rules has checked it
        return value

    def why(self, rule: Rule, reason: str, **inputs: Any) -> Reason:  # noqa: ANN401 - inputs are shown, not used
        """Name a reason with its rule, the rule's version and figure, and what it looked at."""
        row = self.rows[rule]
        if row.value is not None:
            inputs = {**inputs, f"limit_{row.unit}": row.value}
        return Reason(reason, row.id, row.version, inputs)

    def is_life_safety(self, signals: Iterable[Signal]) -> bool:
        """Say whether one of a message's signals is about the place: fire, gas, heat, flood."""
        return any(
            isinstance(signal, Activation)
            and self.activations[signal.what].alarm is AlarmKind.LIFE_SAFETY
            for signal in signals
        )

    def service_list(self) -> tuple[Service, ...]:
        """Give the shipped services."""
        return tuple(row.service for row in self.services)


T = TypeVar("T", bound=Row)


def parse_rules(files: Mapping[str, bytes]) -> Rules:
    """Read rule files (name to content) into Rules.

    Raises:
        RuleError: naming file, row and key, and what to do.
    """
    parsed = {name: _read(name, content) for name, content in sorted(files.items())}
    for name, rule_file in parsed.items():
        for row in _rows(rule_file):
            _check_row(name, row)
    everything = list(parsed.values())
    _check_ids(row for rule_file in everything for row in _rows(rule_file))
    rows = {_rule_of(row): row for f in everything for row in f.rule}
    _check_complete("rule", set(Rule), set(rows))
    _check_figures(rows)
    activations = {row.what: row for f in everything for row in f.activation}
    _check_complete("activation", set(ActivationKind), set(activations))
    return Rules(
        rows=rows,
        activations=activations,
        answers={(row.letter, row.answer): row for f in everything for row in f.answer},
        plans={row.kind: row for f in everything for row in f.plan},
        services=tuple(row for f in everything for row in f.service),
    )


def _read(name: str, content: bytes) -> RuleFile:
    try:
        return msgspec.convert(tomllib.loads(content.decode()), RuleFile)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RuleError(f"{name}: {error}; correct or remove that key, then start again") from error


def _rows(rule_file: RuleFile) -> Iterable[Row]:
    yield from rule_file.rule
    yield from rule_file.activation
    yield from rule_file.answer
    yield from rule_file.plan
    yield from rule_file.service


def _check_row(name: str, row: Row) -> None:
    if row.author.strip().casefold() == row.approver.strip().casefold():
        raise RuleError(
            f"{name}: row {row.id}: approver {row.approver!r} is the author; "
            "have another person approve it"
        )
    if isinstance(row, ServiceRow):
        try:
            check_service(row.service)
        except ValueError as error:
            raise RuleError(f"{name}: row {row.id}: {error}; correct the row") from error
    for key in ("version", "author", "approver", "source"):
        if not getattr(row, key).strip():
            raise RuleError(f"{name}: row {row.id}: {key} is empty; fill it in")


def _check_ids(rows: Iterable[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise RuleError(f"row {row.id} stands twice; keep one of the two")
        seen.add(row.id)


def _rule_of(row: RuleRow) -> Rule:
    try:
        return Rule(row.id)
    except ValueError as error:
        raise RuleError(f"row {row.id} is no known rule; remove it or correct its id") from error


def _check_complete(what: str, wanted: set[Any], found: set[Any]) -> None:
    missing = sorted(wanted - found)
    if missing:
        raise RuleError(f"{what} rows missing: {', '.join(missing)}; add a row for each")


def _check_figures(rows: Mapping[Rule, RuleRow]) -> None:
    for rule, row in rows.items():
        if (row.value is not None) != rule.is_figure or (row.unit is not None) != rule.is_figure:
            wants = "needs value and unit" if rule.is_figure else "takes neither value nor unit"
            raise RuleError(f"row {row.id} {wants}; correct the row")
        if row.value is not None and row.value <= 0:
            raise RuleError(f"row {row.id}: value {row.value}, expected above 0; correct it")
        if rule.is_figure and (row.unit in SPANS) == (rule in COUNTED):
            raise RuleError(f"row {row.id}: unit {row.unit} does not fit; use a unit of its kind")


COUNTED = frozenset(
    {
        Rule.AUTOMATIC_PER_HOUR,
        Rule.ADULT_AGE,
        Rule.FALLS_PROPOSE,
        Rule.PRESSES_PROPOSE,
        Rule.UNKNOWN_RINGS,
    }
)
