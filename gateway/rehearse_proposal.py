"""What a rehearsal holds against what, and the document it makes."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec
import typer

from alerts.rule_versions import Book
from alerts.ruleset import RuleError, parse_rules, read_book
from alerts.vital_digest import changed, limits_digest, rows_digest
from alerts.vitals.plan import LimitSet
from alerts.vitals.rehearsal_sum import Document, document
from gateway.enrol_limits import limit_set, read_limits
from gateway.errors import SettingsError
from gateway.rehearse_work import Job, MadeUp, Recorded, Sums, work
from gateway.rulebook import proposed_files, rule_files

DAY = timedelta(days=1)
MAX_JOBS = 16

GUESSED = """\
What people would have done about an alert that the record does not know is not known: it is taken
to be acknowledged after 20 minutes and closed after 4 hours when red, 10 hours when amber, 80
minutes when only readings are missing, under both sets of rules.

Alerts alone are played: what telecare, families or an ambulance did meanwhile is as it was.
"""
RECORDED = """\
What clinicians did is done again at the time they did it, to whatever is open then; acts that met
nothing are counted (acts_left_out).

A re-check that only the proposal would have asked for was never made: it counts as not answered,
unless the person measured again anyway.

Plans are those of now, from the first day on: target, baseline, schedule and ward have no history.
Answers entered by hand are not kept and cannot be played; nor are the marks of readings that came
late from a device's memory.

Whether an alert was a real one is known only where clinicians confirmed or reviewed it, or closed
it without more.
"""
MADE_UP = """\
The patients are made up: figures hold one set of rules against another on the assumptions of the
generator, and say nothing about people.
"""


def sentences(*texts: str) -> tuple[str, ...]:
    """Give the paragraphs of texts, each on one line."""
    return tuple(" ".join(one.split()) for text in texts for one in text.split("\n\n"))


class Named(Protocol):
    """Which of the two files is given."""

    @property
    def proposed(self) -> Path | None:
        """A folder of rules, or a file laid over those in force."""

    @property
    def limits(self) -> Path | None:
        """A file with one person's limits."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is held against the rules in force."""

    in_force: dict[str, bytes]
    files: dict[str, bytes]
    today: date | None
    now: datetime
    limits: LimitSet | None = None
    person: UUID | None = None

    @classmethod
    def of(
        cls, named: Named, rules_dir: Path | None, now: datetime, person: UUID | None
    ) -> "Proposal":
        """Read what is proposed, and check that it can be used and changes anything.

        Raises:
            SettingsError: names file, row and key, and what to do.
        """
        in_force = rule_files(rules_dir)
        today = None if rules_dir is None else now.astimezone(UTC).date()
        if named.limits is not None:
            given = limit_set(read_limits(named.limits))
            return cls(in_force, in_force, today, now, given, person)
        assert named.proposed is not None  # Order.check has seen to it
        files = proposed_files(named.proposed, in_force)
        found = cls(in_force, files, today, now)
        found.books()
        return found

    def books(self) -> tuple[Book, Book]:
        """Give both books.

        Raises:
            SettingsError: the proposed rules cannot be used, or change nothing about vital signs.
        """
        try:
            before, after = read_book(self.in_force), read_book(self.files)
            parse_rules(self.files, None)
        except RuleError as error:
            raise SettingsError(f"the proposed rules cannot be used: {error}") from error
        if not changed(before.holding(self.today), after.holding(None)):
            raise SettingsError(
                "the proposal changes no row about vital signs: nothing to rehearse; a changed row "
                "needs a new version and a later effective date than the one that holds"
            )
        return before, after

    def rehearsed(self, jobs: int | None, over: Recorded | MadeUp) -> Document:
        """Play it and make the document.

        Raises:
            GatewayError: it could not be played to the end.
        """
        job = Job(self.in_force, self.files, self.today, self.now, over, self.limits)
        most = jobs or min(os.cpu_count() or 1, MAX_JOBS)
        return self.document(work(job, most, _told()), over)

    def document(self, sums: Sums, over: Recorded | MadeUp) -> Document:
        """Make the document of what was found."""
        in_force = {"rows": rows_digest(read_book(self.in_force).holding(self.today))}
        return document(
            sums,
            in_force=in_force,
            proposed=self._proposed(in_force),
            history=_history(over),
            not_known=sentences(GUESSED, MADE_UP if isinstance(over, MadeUp) else RECORDED),
        )

    def _proposed(self, in_force: Mapping[str, str]) -> dict[str, object]:
        if self.limits is not None:
            return {
                **in_force,
                "person": str(self.person),
                "version": self.limits.version,
                "limits": limits_digest(self.limits.limits),
            }
        before, after = self.books()
        held = after.holding(None)
        return {
            "rows": rows_digest(held),
            "changed": [
                msgspec.structs.asdict(one) for one in changed(before.holding(self.today), held)
            ],
        }


def _history(over: Recorded | MadeUp) -> dict[str, object]:
    if isinstance(over, MadeUp):
        shown = {"seed": over.seed, "patients": over.patients, "days": over.days}
        return {"source": "made-up ward", **shown}
    span = over.span
    return {
        "source": "database",
        "since": span.since.date().isoformat(),
        "until": span.until.date().isoformat(),
        "days": (span.until - span.since) // DAY,
    }


def _told() -> Callable[[int, int], None]:
    """Say at each tenth how far it is, to the person who waits."""
    said = {0}

    def told(done: int, of: int) -> None:
        tenth = 10 * done // max(1, of)
        if tenth not in said:
            said.add(tenth)
            typer.echo(f"{done} of {of} people", err=True)

    return told
