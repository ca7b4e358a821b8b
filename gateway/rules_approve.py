"""`lifeline rules approve`: proposed rules take effect in the folder of approved ones.

Contract: nothing that stands is changed or taken out; a changed row is a new version whose approver
is who approves. Rows about vital signs need a rehearsal of exactly this change, or a reason why
there is none, which is then shown beside them for good. The audit row is committed first.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import typer

from alerts.rule_versions import Book, Placed
from alerts.ruleset import RuleError, parse_rules, read_book
from alerts.vital_digest import Changed, changed, row_digest
from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.context import Context
from gateway.errors import SettingsError
from gateway.log import configure
from gateway.rehearsals import FOLDER, Approval, check_rules, read_document, stored
from gateway.rulebook import ROLLBACKS, proposed_files, replace_file, rule_files
from gateway.rules_command import own_folder
from gateway.runtime import prepared
from gateway.settings import load

NAMESPACE_APPROVAL = UUID("0a9c6f3e-52f4-5d8b-8d5c-1f1f5b1f6c11")
APPROVED = "rules_approved"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is approved, by whom, with which rehearsal or why without."""

    proposed: Path
    by: str
    rehearsal: Path | None = None
    without: str | None = None


async def approve(asked: Asked, toml: Path | None) -> int:
    """Bring proposed rules into the folder of approved ones.

    Raises:
        SettingsError: says what stands in the way; nothing was changed.
    """
    settings = load(toml)
    folder, now = own_folder(settings), Clock().now().astimezone(UTC).replace(microsecond=0)
    before = rule_files(folder)
    files = proposed_files(asked.proposed, before)
    approval = approval_of(asked, before, files, now)
    configure("warning")
    async with prepared(settings, Clock()) as context:
        await _audit(context, approval, files)
    _keep(folder, before, files, approval)
    typer.echo(f"{len(_fresh(before, files))} rows approved by {approval.by}: they hold from their")
    typer.echo("effective date; restart a process that runs to have it read them")
    if approval.changed:
        typer.echo(f"{len(approval.changed)} rows about vital signs: {approval.word()}")
    return 0


def approval_of(
    asked: Asked, before: Mapping[str, bytes], files: Mapping[str, bytes], now: datetime
) -> Approval:
    """Check a proposal against what stands.

    Raises:
        SettingsError: says what stands in the way.
    """
    if not asked.by.strip():
        raise SettingsError("--by is empty: name who approves")
    try:
        old, new = read_book(before), read_book(files)
        parse_rules(files, now.date())
    except RuleError as error:
        raise SettingsError(f"nothing was approved: {error}") from error
    _check_kept(old, new)
    fresh = _fresh(before, files)
    if not fresh:
        raise SettingsError("nothing was approved: the proposal has no new version of any row")
    for one in fresh:
        _check_approver(one, asked.by)
    about = changed(old.holding(now.date()), new.holding(None))
    return _rehearsed(asked, (old, new), about, now)


def _rehearsed(
    asked: Asked, books: tuple[Book, Book], about: tuple[Changed, ...], now: datetime
) -> Approval:
    if asked.rehearsal is not None:
        document = read_document(asked.rehearsal)
        check_rules(document, books[0].holding(now.date()), books[1].holding(None))
        return Approval(asked.by, now, about, document)
    if about and not (asked.without or "").strip():
        raise SettingsError(
            f"nothing was approved: {len(about)} rows about vital signs change "
            f"({', '.join(one.id for one in about[:5])}) and were not rehearsed: "
            "lifeline rehearse --proposed ... --json FILE, then --rehearsal FILE; or "
            "--without-rehearsal and why, which stays shown beside the rows"
        )
    return Approval(asked.by, now, about, None, asked.without or "")


def _check_kept(old: Book, new: Book) -> None:
    """What stands stays as it is: decisions name its version."""
    now = {one.key: one for one in new.placed}
    for one in old.placed:
        other = now.get(one.key)
        if other is None:
            raise SettingsError(
                f"nothing was approved: {one.file}: row {one.row.id} version {one.row.version} "
                "is gone; leave it in beside the new version"
            )
        if row_digest(one.row) != row_digest(other.row):
            raise SettingsError(
                f"nothing was approved: {other.file}: row {one.row.id} version {one.row.version} "
                "has other content than the one that stands; give the changed row a new version"
            )


def _check_approver(one: Placed, by: str) -> None:
    if one.row.approver.strip().casefold() != by.strip().casefold():
        raise SettingsError(
            f"nothing was approved: {one.file}: row {one.row.id}: approver {one.row.approver!r}, "
            f"expected {by!r}, who approves; correct the row, or have its approver do it"
        )


def _fresh(before: Mapping[str, bytes], files: Mapping[str, bytes]) -> list[Placed]:
    known = {one.key for one in read_book(before).placed}
    return [one for one in read_book(files).placed if one.key not in known]


async def _audit(context: Context, approval: Approval, files: Mapping[str, bytes]) -> None:
    content = stored(approval)["content"] + b"".join(files[name] for name in sorted(files))
    about = uuid5(NAMESPACE_APPROVAL, hashlib.sha256(content).hexdigest())
    organisation, now = context.settings.organisation, context.clock.now()
    approved = Act(organisation, now, approval.by, APPROVED, about, content)
    async with context.sessions.transaction() as connection:
        await add(connection, context.desk.audit_key, approved)


def _keep(
    folder: Path, before: Mapping[str, bytes], files: Mapping[str, bytes], approval: Approval
) -> None:
    """Write the rehearsal first: rules never stand without what is known about them."""
    if approval.changed:
        kept = stored(approval)
        (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
        replace_file(folder / FOLDER / kept["name"], kept["content"])
    for name, content in sorted(files.items()):
        if name != ROLLBACKS and before.get(name) != content:
            replace_file(folder / name, content)
