"""`lifeline rules`: which versions hold, copy the shipped ones to approve them, take one back."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import msgspec
import typer

from alerts.rule_rows import Row
from alerts.rule_versions import Rollback, Standing, take_back
from alerts.ruleset import RuleError
from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.context import Context
from gateway.errors import SettingsError
from gateway.log import configure
from gateway.rehearsals import Standings
from gateway.rulebook import (
    ROLLBACKS,
    book_of,
    make_folder,
    read_rules,
    replace_file,
    rule_files,
    with_rollback,
)
from gateway.runtime import prepared
from gateway.settings import Settings, load

NAMESPACE_ROW = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e05")
ROLLED_BACK = "rule_rolled_back"


def lines_of(folder: Path | None, now: datetime, *, all_versions: bool) -> list[str]:
    """Give a line for each version that holds, or for every one there is.

    Raises:
        SettingsError: names the file, the row and the key that is wrong.
    """
    read_rules(folder, now.date())
    book = book_of(folder)
    standing = book.standing(now.date())
    if folder is None:  # shipped rows hold as released
        held = {one.key for one in book.holding(None)}
        standing = {key: Standing.HOLDS if key in held else how for key, how in standing.items()}
    word = Standings(folder).word if folder is not None else _as_released
    return [
        f"{one.row.id}  version {one.row.version}  from {one.row.effective}  "
        f"{standing[one.key]}  approved by {one.row.approver}{word(one.row)}"
        for one in sorted(book.placed, key=lambda one: (one.row.id, one.row.effective))
        if all_versions or standing[one.key] is Standing.HOLDS
    ]


def _as_released(row: Row) -> str:
    del row
    return ""


async def list_rules(toml: Path | None, *, all_versions: bool) -> int:
    """Print which versions hold.

    Raises:
        SettingsError: settings or rules are wrong.
    """
    settings = load(toml)
    for line in lines_of(settings.rules_dir, Clock().now(), all_versions=all_versions):
        typer.echo(line)
    return 0


async def copy_rules(folder: Path) -> int:
    """Write the shipped rules to a new folder, to be changed, approved and named as rules_dir.

    Raises:
        SettingsError: the folder exists or cannot be written.
    """
    files = rule_files(None)
    make_folder(folder)
    for name, content in files.items():
        replace_file(folder / name, content)
    typer.echo(f"{len(files)} files written; approve what you change, then set rules_dir={folder}")
    return 0


async def roll_back(row_id: str, by: str, reason: str, toml: Path | None) -> int:
    """Take back the version of a row that holds; the one before it holds from the next start.

    The audit row is committed first: what was taken back is never without who did it.

    Raises:
        SettingsError: there is nothing to go back to; nothing was changed.
    """
    settings = load(toml)
    folder, now = own_folder(settings), Clock().now()
    try:
        held, before = take_back(book_of(folder), row_id, now.date())
    except RuleError as error:
        raise SettingsError(f"nothing was taken back: {error}") from error
    rollback = Rollback(
        id=row_id,
        version=held.row.version,
        at=now.astimezone(UTC).replace(microsecond=0),
        by=by,
        reason=reason,
    )
    content = with_rollback(folder, rollback, now.date())
    configure("warning")
    async with prepared(settings, Clock()) as context:
        await _audit(context, rollback)
    replace_file(folder / ROLLBACKS, content)
    typer.echo(
        f"{row_id}: version {held.row.version} was taken back, version {before.row.version} holds "
        "for every process that starts from now on: restart them one after the other"
    )
    return 0


def own_folder(settings: Settings) -> Path:
    """Give the folder of approved rules.

    Raises:
        SettingsError: the shipped rules hold.
    """
    if settings.rules_dir is None:
        raise SettingsError(
            "the shipped rules hold: install the release before, or keep rules of your own "
            "(lifeline rules copy FOLDER, then the setting rules_dir)"
        )
    return settings.rules_dir


async def _audit(context: Context, rollback: Rollback) -> None:
    about = uuid5(NAMESPACE_ROW, rollback.id)
    organisation, now = context.settings.organisation, context.clock.now()
    content = msgspec.json.encode(rollback)
    taken_back = Act(organisation, now, rollback.by, ROLLED_BACK, about, content)
    async with context.sessions.transaction() as connection:
        await add(connection, context.desk.audit_key, taken_back)
