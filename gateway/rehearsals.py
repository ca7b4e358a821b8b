"""Rehearsals beside what was approved with them: read, checked, stored, shown.

A folder of approved rules keeps them in `rehearsals/`, one file for each approval. A changed row
about vital signs that none of them is of is shown as not rehearsed, however it came there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from alerts.rule_rows import Row
from alerts.rule_versions import Placed
from alerts.ruleset import read_book
from alerts.vital_digest import Changed, is_vital, row_digest, rows_digest
from alerts.vitals.rehearsal_sum import Document
from gateway.errors import SettingsError
from gateway.rulebook import rule_files

FOLDER = "rehearsals"
MAX_BYTES = 4 * 1024 * 1024
MAX_KEPT = 1_000
SHORT = 16


class Approval(msgspec.Struct, frozen=True):
    """What is kept of an approval of rows about vital signs.

    Attributes:
        rehearsal: None where it was approved without one, and `without` says why.
    """

    by: str
    at: datetime
    changed: tuple[Changed, ...]
    rehearsal: Document | None
    without: str = ""

    def word(self) -> str:
        """Say in a line how it was rehearsed."""
        if self.rehearsal is None:
            return f"NOT REHEARSED, approved by {self.by}: {self.without}"
        return f"rehearsed over {self.rehearsal.summary()}"


def read_document(path: Path) -> Document:
    """Read a document that `lifeline rehearse --json` wrote.

    Raises:
        SettingsError: it cannot be read, or was changed since.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    return document_of(content, str(path))


def document_of(content: bytes, named: str) -> Document:
    """Take a document from its JSON.

    Raises:
        SettingsError: it is none, or was changed since it was made.
    """
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"{len(content)} bytes, expected at most {MAX_BYTES}")  # noqa: TRY301 - one message for all
        found = msgspec.json.decode(content, type=Document)
    except (msgspec.DecodeError, ValueError) as error:
        raise SettingsError(
            f"{named} is no rehearsal: {error}; make one with lifeline rehearse --json FILE"
        ) from error
    if not found.is_whole:
        raise SettingsError(f"{named} was changed after it was made: rehearse again")
    return found


def check_rules(document: Document, before: Iterable[Placed], after: Iterable[Placed]) -> None:
    """Check that a rehearsal is of this change of rules.

    Raises:
        SettingsError: it is of other rules; says which.
    """
    for word, shown, rows in (
        ("in force", document.in_force, before),
        ("proposed", document.proposed, after),
    ):
        if shown.get("rows") != rows_digest(rows) or "limits" in document.proposed:
            raise SettingsError(
                f"the rehearsal is not of the rules {word} now: rehearse again, then approve"
            )


def check_limits(document: Document, person: str, digest: str) -> None:
    """Check that a rehearsal is of these limits of this person.

    Raises:
        SettingsError: it is of others.
    """
    shown = document.proposed
    if (shown.get("person"), shown.get("limits")) != (person, digest):
        raise SettingsError("the rehearsal is of other limits or another person: rehearse again")


def kept_in(folder: Path) -> list[Approval]:
    """Read what is kept beside approved rules, oldest first; what cannot be read counts as none."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json"))[-MAX_KEPT:]:
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Approval))
        except (OSError, msgspec.DecodeError):
            continue
    return sorted(found, key=lambda one: one.at)


class Standings:
    """How each version of a row about vital signs in a folder was rehearsed."""

    def __init__(self, folder: Path) -> None:
        """Read what was released and what is kept."""
        shipped = read_book(rule_files(None)).placed
        self._released = {row_digest(one.row) for one in shipped if is_vital(one.row)}
        self._kept: Mapping[str, str] = {
            one.digest: approval.word()
            for approval in kept_in(folder)
            if approval.rehearsal is None or approval.rehearsal.is_whole
            for one in approval.changed
            if one.digest is not None
        }

    def word(self, row: Row) -> str:
        """Say how a row was rehearsed; nothing about one that was released so, or not of vitals."""
        if not is_vital(row):
            return ""
        digest = row_digest(row)
        if digest in self._released:
            return ""
        return "  " + self._kept.get(digest, "NOT REHEARSED")


def stored(approval: Approval) -> dict[str, Any]:
    """Give the name and content of the file that keeps an approval."""
    content = msgspec.json.format(msgspec.json.encode(approval), indent=1) + b"\n"
    return {"name": f"{approval.at:%Y%m%dT%H%M%S}.json", "content": content}
