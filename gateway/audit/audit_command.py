"""What `lifeline audit verify` does: read, hold against the checkpoints, say it."""

from datetime import UTC
from pathlib import Path

import typer

from gateway.audit import checkpoints
from gateway.audit.verify import Verdict, verify
from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.log import configure
from gateway.runtime import prepared
from gateway.settings import load
from gateway.store.connect import Session
from gateway.store.connect import run as ask

TAMPERED = 1


async def verify_all(folder: Path | None, toml: Path | None) -> int:
    """Verify the audit and print what was found; 1 when anything is wrong.

    Raises:
        SettingsError: the checkpoints cannot be read.
        StoreError: the audit cannot be read.
    """
    settings = load(toml)
    configure("warning")
    async with prepared(settings, Clock()) as context:
        key = context.desk.audit_key
        try:
            good, bad = checkpoints.all_of(folder or settings.state_dir, key)
        except OSError as error:
            raise SettingsError(f"cannot read {error.filename}: {error.strerror}") from error
        session = Session(context.database.dsn, "audit-verify")
        try:
            async with session.transaction() as connection:
                await ask(connection, "export_snapshot")
                verdict = await verify(connection, key, good, bad, context.clock.now())
        finally:
            await session.close()
    for line in lines(verdict):
        typer.echo(line)
    return 0 if verdict.is_whole else TAMPERED


def lines(verdict: Verdict) -> list[str]:
    """Say a verdict: what is wrong, then how much was looked at."""
    said = [f"WRONG: {problem}" for problem in verdict.problems]
    if verdict.more_problems:
        said.append(f"and {verdict.more_problems} more")
    upto = (
        f", up to {verdict.last_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        if verdict.last_at
        else ""
    )
    held = f"held against {verdict.checkpoints} checkpoints outside of the database"
    state = "the chain is whole" if verdict.is_whole else "THE CHAIN IS NOT WHOLE"
    said.append(f"audit: {state}: {verdict.sealed} sealed rows{upto}, {held}")
    if not verdict.checkpoints and verdict.sealed:
        said.append("no checkpoint was found: a cut tail would not be seen")
    if verdict.waiting and verdict.waiting_since is not None:
        since = f"{verdict.waiting_since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        said.append(
            f"{verdict.waiting} rows wait for their seal since {since}: until then only their "
            "own codes hold them"
        )
    return said
