"""Rules as data: typed rows from TOML, checked before anything is decided with them.

Contract: `parse_rules` is pure; the caller reads the files. Every row has an id, a version, an
author, an approver who is somebody else, and the date from which it holds
(alerts/rule_versions.py). On every day exactly one row holds for every id of `Rule` and every kind
of activation; an unknown key, a missing row or a row out of its range raises RuleError naming file,
row, key and what to do.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from alerts.case import Reason
from alerts.facts import Service
from alerts.hours import check_service
from alerts.rule_file import RuleFile, read_file, rows_of
from alerts.rule_ids import Rule
from alerts.rule_rows import (
    ActivationRow,
    AnswerRow,
    CallRow,
    CodeList,
    CodeRow,
    Grade,
    HealthKind,
    HealthRow,
    Ladder,
    PlanRow,
    RouteRow,
    Row,
    RuleError,
    RuleRow,
    ServiceRow,
    Unit,
)
from alerts.rule_versions import Book, Placed, check_versions
from alerts.script_rows import Scripts, scripts_of
from alerts.vital_rules import VitalRules, vital_rules_of
from alerts.words import AlarmKind
from devices.model import Activation, ActivationKind, Signal

__all__ = [
    "ActivationRow",
    "AnswerRow",
    "CallRow",
    "Grade",
    "Ladder",
    "PlanRow",
    "RuleError",
    "RuleFile",
    "RuleRow",
    "Rules",
    "ServiceRow",
    "Unit",
    "parse_rules",
    "read_book",
    "rules_of",
]


SPANS = {
    Unit.SECONDS: timedelta(seconds=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}


class Rules(msgspec.Struct, frozen=True):
    """All rows that hold, by what they are looked up with; `later` ones from their day on.

    `spans` are the figures of `rows` that are lengths of time.
    """

    rows: dict[Rule, RuleRow]
    spans: dict[Rule, timedelta]
    activations: dict[ActivationKind, ActivationRow]
    answers: dict[tuple[str, str], AnswerRow]
    plans: dict[str, PlanRow]
    services: tuple[ServiceRow, ...]
    scripts: Scripts
    health: dict[HealthKind, HealthRow]
    calls: dict[str, CallRow]
    vitals: VitalRules
    codes: dict[tuple[CodeList, str], CodeRow] = {}
    routes: dict[str, RouteRow] = {}
    later: tuple[tuple[date, "Rules"], ...] = ()

    def at(self, now: datetime) -> "Rules":
        """Give the rules that hold at a time, which is never before they were read."""
        if not self.later:
            return self
        day = now.astimezone(UTC).date()
        return next((rules for since, rules in reversed(self.later) if since <= day), self)

    def activation(self, what: str) -> CallRow:
        """Give the row of what opened an alarm by its word; a kind is equal to its word."""
        return self.calls[what]

    def span(self, rule: Rule) -> timedelta:
        """Give a rule's figure as a length of time."""
        return self.spans[rule]

    def count(self, rule: Rule) -> int:
        """Give a rule's figure as the number it is, in the row's unit."""
        value = self.rows[rule].value
        assert value is not None  # parse_rules has checked it
        return value

    def why(self, rule: Rule, reason: str, inputs: dict[str, Any]) -> Reason:
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
K = TypeVar("K")


def parse_rules(files: Mapping[str, bytes], today: date | None = None) -> Rules:
    """Read rule files (name to content) into the Rules that hold from a day on.

    Without a day the newest version of each row holds, whatever its effective date.

    Raises:
        RuleError: naming file, row and key, and what to do.
    """
    return rules_of(read_book(files), today)


def read_book(files: Mapping[str, bytes]) -> Book:
    """Read rule files into all versions of their rows, each checked for itself.

    Raises:
        RuleError: naming file, row and key, and what to do.
    """
    parsed = {name: read_file(name, content) for name, content in sorted(files.items())}
    placed = tuple(Placed(name, row) for name, one in parsed.items() for row in rows_of(one))
    book = Book(placed, tuple(back for one in parsed.values() for back in one.rollback))
    for one in placed:
        _check_row(one)
    check_versions(book)
    return book


def rules_of(book: Book, today: date | None) -> Rules:
    """Build the Rules that hold on a day, and those that will hold after it.

    Raises:
        RuleError: on one of these days a row is missing, or two stand for the same.
    """
    days = () if today is None else book.changes_after(today)
    later = tuple((day, _built(book, day)) for day in days)
    return msgspec.structs.replace(_built(book, today), later=later)


def _built(book: Book, day: date | None) -> Rules:
    placed = book.holding(day)
    rows = _by_key(placed, RuleRow, "id", lambda row: Rule(row.id))
    activations = _by_key(placed, ActivationRow, "what", lambda row: row.what)
    by = "" if day is None else f" that holds on {day}"
    _check_complete("rule", set(Rule), set(rows), by)
    _check_complete("activation", set(ActivationKind), set(activations), by)
    health = _by_key(placed, HealthRow, "what", lambda row: row.what)
    _check_complete("health", set(HealthKind), set(health), by)
    return Rules(
        rows=rows,
        spans={
            rule: row.value * SPANS[row.unit]
            for rule, row in rows.items()
            if row.value is not None and row.unit in SPANS
        },
        activations=activations,
        answers=_by_key(placed, AnswerRow, "answer", lambda row: (row.letter, row.answer)),
        plans=_by_key(placed, PlanRow, "kind", lambda row: row.kind),
        services=tuple(
            _by_key(placed, ServiceRow, "service.id", lambda row: row.service.id).values()
        ),
        routes=_by_key(placed, RouteRow, "asked", lambda row: row.asked),
        scripts=scripts_of(placed),
        health=health,
        calls={row.what.value: row for row in (*activations.values(), *health.values())},
        vitals=vital_rules_of(placed),
        codes=_by_key(placed, CodeRow, "code", lambda row: (row.of, row.word)),
    )


def _check_row(placed: Placed) -> None:
    row = placed.row
    for key in ("id", "version", "author", "approver", "source"):
        if not getattr(row, key).strip():
            raise placed.wrong(f"{key} is empty; fill it in")
    if row.author.strip().casefold() == row.approver.strip().casefold():
        raise placed.wrong(
            f"approver {row.approver!r} is the author; have another person approve it"
        )
    if isinstance(row, ServiceRow):
        try:
            check_service(row.service)
        except ValueError as error:
            raise placed.wrong(f"service: {error}; correct the row") from error
    if isinstance(row, RuleRow):
        _check_figure(placed, row)


def _check_figure(placed: Placed, row: RuleRow) -> None:
    if row.id not in set(Rule):
        raise placed.wrong(f"id: row {row.id} is no known rule; remove it or correct its id")
    rule = Rule(row.id)
    if (row.value is not None) != rule.is_figure or (row.unit is not None) != rule.is_figure:
        wants = "needs value and unit" if rule.is_figure else "takes neither value nor unit"
        raise placed.wrong(f"{wants}; correct the row")
    if row.value is not None and row.value <= 0:
        raise placed.wrong(f"value {row.value}, expected above 0; correct it")
    if rule.is_figure and (row.unit in SPANS) == (rule in COUNTED):
        raise placed.wrong(f"unit {row.unit} does not fit; use a unit of its kind")


def _by_key(
    placed: Iterable[Placed], kind: type[T], named: str, key_of: Callable[[T], K]
) -> dict[K, T]:
    """Give the rows of a kind by their key, which no two rows may share."""
    found: dict[K, tuple[Placed, T]] = {}
    for one in placed:
        if isinstance(one.row, kind):
            key = key_of(one.row)
            other = found.setdefault(key, (one, one.row))
            if other[0] is not one:
                raise one.wrong(f"{named} {key} is also that of row {other[0].row.id}; keep one")
    return {key: row for key, (_, row) in found.items()}


def _check_complete(what: str, wanted: set[Any], found: set[Any], by: str) -> None:
    missing = sorted(wanted - found)
    if missing:
        raise RuleError(f"{what} rows missing: {', '.join(missing)}; add a row for each{by}")


COUNTED = frozenset(
    {
        Rule.VITALS_WORSE,
        Rule.CONFUSION_SCORE,
        Rule.AUTOMATIC_PER_HOUR,
        Rule.ADULT_AGE,
        Rule.FALLS_PROPOSE,
        Rule.PRESSES_PROPOSE,
        Rule.UNKNOWN_RINGS,
        Rule.PUBLISH_ROUND,
        Rule.EXTRACT_OLDEST,
    }
)
