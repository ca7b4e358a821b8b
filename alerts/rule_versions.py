"""Which version of a row holds: by its effective date, and by what a person took back.

Contract: pure. Of several versions of one id the newest holds whose effective date has come (from
00:00 UTC of that day) and that nobody took back. A row in the future waits. Taking a version back
is one step: the version before it holds again, and who did it, when and why stays written down.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum

import msgspec

from alerts.rule_rows import Row, RuleError


class Standing(StrEnum):
    """How a version of a row stands on a day."""

    HOLDS = "holds"
    WAITS = "waits"
    SUPERSEDED = "superseded"
    TAKEN_BACK = "taken_back"


class Rollback(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A version that was taken back: which, when, by whom, and why."""

    id: str
    version: str
    at: datetime
    by: str
    reason: str


class Placed(msgspec.Struct, frozen=True):
    """A row and the file it stands in."""

    file: str
    row: Row

    @property
    def key(self) -> tuple[str, str]:
        """The row's id and version."""
        return self.row.id, self.row.version

    def wrong(self, what: str) -> RuleError:
        """Give the error that names this file and row; `what` names the key and what to do."""
        return RuleError(f"{self.file}: row {self.row.id}: {what}")


class Book(msgspec.Struct, frozen=True):
    """Every version of every row, and the versions that were taken back."""

    placed: tuple[Placed, ...]
    rollbacks: tuple[Rollback, ...] = ()

    @property
    def taken_back(self) -> frozenset[tuple[str, str]]:
        """The (id, version) of every version that was taken back."""
        return frozenset((one.id, one.version) for one in self.rollbacks)

    def holding(self, today: date | None) -> tuple[Placed, ...]:
        """Give the rows that hold on a day; None means the newest of each, whatever its date."""
        back, newest = self.taken_back, dict[str, Placed]()
        for one in self.placed:
            if one.key in back or (today is not None and one.row.effective > today):
                continue
            known = newest.get(one.row.id)
            if known is None or known.row.effective < one.row.effective:
                newest[one.row.id] = one
        return tuple(newest.values())

    def standing(self, today: date) -> Mapping[tuple[str, str], Standing]:
        """Say of every version how it stands on a day."""
        held, back = {one.key for one in self.holding(today)}, self.taken_back
        found = {}
        for one in self.placed:
            if one.key in back:
                found[one.key] = Standing.TAKEN_BACK
            elif one.key in held:
                found[one.key] = Standing.HOLDS
            else:
                later = one.row.effective > today
                found[one.key] = Standing.WAITS if later else Standing.SUPERSEDED
        return found

    def changes_after(self, today: date) -> tuple[date, ...]:
        """Give the days after this one on which other versions begin to hold."""
        back = self.taken_back
        days = {one.row.effective for one in self.placed if one.key not in back}
        return tuple(sorted(day for day in days if day > today))


def take_back(book: Book, row_id: str, today: date) -> tuple[Placed, Placed]:
    """Give what a rollback of a row ends today, and the version that holds again after it.

    Raises:
        RuleError: no version of the row holds, or there is none before it.
    """
    held = next((one for one in book.holding(today) if one.row.id == row_id), None)
    if held is None:
        raise RuleError(f"row {row_id}: no version holds on {today}; `lifeline rules` lists them")
    before = _before(book, held)
    if before is None:
        raise held.wrong(
            f"version {held.row.version} has none before it to go back to; "
            "add a new version instead"
        )
    return held, before


def _before(book: Book, held: Placed) -> Placed | None:
    """Find the version that holds when this one is taken back."""
    back = book.taken_back | {held.key}
    older = [
        one
        for one in book.placed
        if one.row.id == held.row.id
        and one.key not in back
        and one.row.effective <= held.row.effective
    ]
    return max(older, key=lambda one: one.row.effective, default=None)


def check_versions(book: Book) -> None:
    """Check that versions and rollbacks are unambiguous.

    Raises:
        RuleError: naming file, row and key, and what to do.
    """
    seen: dict[tuple[str, str], Placed] = {}
    for one in book.placed:
        other = seen.setdefault(one.key, one)
        if other is not one:
            where = "" if other.file == one.file else f" (also in {other.file})"
            raise RuleError(
                f"{one.file}: row {one.row.id} stands twice in version {one.row.version}{where}; "
                "keep one of the two, or give the newer one a version of its own"
            )
    for rollback in book.rollbacks:
        _check_rollback(book, rollback, seen)
    _check_days(one for one in book.placed if one.key not in book.taken_back)


def _check_rollback(
    book: Book, rollback: Rollback, known: Mapping[tuple[str, str], Placed]
) -> None:
    name = f"rollback of row {rollback.id}, version {rollback.version}"
    for key in ("by", "reason"):
        if not getattr(rollback, key).strip():
            raise RuleError(f"{name}: {key} is empty; fill it in")
    if rollback.at.tzinfo is None:
        raise RuleError(f"{name}: at {rollback.at} has no time zone; write it as ...Z")
    placed = known.get((rollback.id, rollback.version))
    if placed is None:
        raise RuleError(f"{name}: no such version stands in the rules; correct id or version")
    if _before(book, placed) is None:
        raise placed.wrong(f"version {rollback.version} was taken back and none is before it")


def _check_days(placed: Iterable[Placed]) -> None:
    seen: dict[tuple[str, date], Placed] = {}
    for one in placed:
        other = seen.setdefault((one.row.id, one.row.effective), one)
        if other is not one:
            raise one.wrong(
                f"effective {one.row.effective} is also that of version {other.row.version}; "
                "give the newer version a later day"
            )
