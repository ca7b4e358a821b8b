"""What the short commands do: enrolment, tokens, checking settings."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import typer

from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.context import Context
from gateway.enrol import Roll, enrol, person_id, place_id, read_roll
from gateway.errors import SettingsError
from gateway.faults import record_all
from gateway.keys import OWNER_ONLY
from gateway.log import configure
from gateway.persons import Who
from gateway.roles import ApiRole
from gateway.rules_command import lines_of
from gateway.runtime import prepared
from gateway.sealing import seal_keys
from gateway.senders.bars_token import read_key
from gateway.settings import load
from gateway.tokens import new_token

IMPORT = "import"
ACTOR = "command line"
ENROLLED = "enrolled"
TOKEN_ADDED = "token_added"  # noqa: S105 - an act, no secret


@asynccontextmanager
async def _context(toml: Path | None) -> AsyncIterator[Context]:
    settings = load(toml)
    configure("warning")
    async with prepared(settings, Clock()) as context:
        yield context


def write_once(path: Path, text: str) -> None:
    """Write a secret to a file that must not exist yet, readable by its owner only."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError as error:
        raise SettingsError(f"{path} exists: name a new file, secrets replace nothing") from error
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise SettingsError(f"{path} exists: name a file that does not")


def _roll(file: Path, secrets_to: Path | None) -> Roll:
    """Read and check an enrolment file before anything else starts."""
    try:
        roll = read_roll(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from error
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from error
    fresh = [one for one in roll.devices if not (one.secret_sha256 or one.certificate_sha256)]
    if fresh and secrets_to is None:
        raise SettingsError(
            f"{len(fresh)} devices need new secrets: name a file for them with --secrets-to"
        )
    if secrets_to is not None:
        _refuse_existing(secrets_to)
    return roll


def _enrolled(roll: Roll, now: datetime) -> list[Act]:
    """Say whose records an enrolment writes: one row for each person and each place."""
    owner = roll.organisation
    about = [place_id(owner, one.id) for one in roll.places]
    about += [person_id(owner, one.id) for one in roll.persons]
    content = [one.model_dump_json().encode() for one in (*roll.places, *roll.persons)]
    return [
        Act(owner, now, ACTOR, ENROLLED, key, written)
        for key, written in zip(about, content, strict=True)
    ]


async def _note(context: Context, acts: Sequence[Act]) -> None:
    if acts:
        async with context.sessions.transaction() as connection:
            await add(connection, context.desk.audit_key, *acts)


async def enrol_file(file: Path, secrets_to: Path | None, toml: Path | None) -> int:
    """Enrol what a JSON file holds.

    Raises:
        SettingsError: the file is wrong, or new secrets have nowhere to go; nothing was changed.
    """
    roll = _roll(file, secrets_to)
    async with _context(toml) as context:
        now = context.clock.now()
        # The audit rows first: what was changed is never without who did it.
        await _note(context, _enrolled(roll, now))
        try:
            has_codes = any(one.key_safe is not None for one in roll.persons)
            key = seal_keys(context.settings.state_dir)[0] if has_codes else b""
            done = await enrol(context.sessions, roll, now, context.desk.rules, key)
        except SettingsError as error:
            raise SettingsError(f"{file}: {error}") from error
        who = Who(roll.organisation, IMPORT, IMPORT)
        if secrets_to is not None:
            lines = [f"{line}\t{sender}\t{it}\n" for (line, sender), it in done.secrets.items()]
            write_once(secrets_to, "".join(lines))
        # After the secrets, which nobody can give again.
        await record_all(context.sessions, context.desk, who, done.faults, now)
    typer.echo(
        f"enrolled: {done.services} services, {done.places} places, {done.persons} persons, "
        f"{done.devices} devices; {len(done.secrets)} new secrets"
    )
    if done.wards or done.plans:
        typer.echo(f"enrolled: {done.wards} wards, {done.plans} monitoring plans")
    if done.unrehearsed:
        typer.echo(
            f"{done.unrehearsed} sets of own limits stand without a rehearsal and are shown so: "
            "lifeline rehearse --person ID --limits FILE --json FILE makes one"
        )
    return 0


async def add_token(
    name: str, role: ApiRole, service: str | None, to: Path, toml: Path | None
) -> int:
    """Make a token and write it to a new file.

    Raises:
        SettingsError: the file exists, or the role is unknown; no token was made.
    """
    _refuse_existing(to)
    async with _context(toml) as context:
        made = f"{name} {role} {service}".encode()
        owner, now = context.settings.organisation, context.clock.now()
        await _note(context, [Act(owner, now, ACTOR, TOKEN_ADDED, None, made)])
        token = await new_token(
            context.sessions,
            organisation_id=context.settings.organisation,
            name=name,
            role=role,
            service_id=service,
            now=context.clock.now(),
        )
    write_once(to, token + "\n")
    typer.echo(f"token for {role} written to {to}")
    return 0


async def check_config(toml: Path | None) -> int:
    """Read settings, rules and the keys and passwords that the settings name.

    Raises:
        SettingsError: says what is wrong.
    """
    settings = load(toml)
    held = lines_of(settings.rules_dir, Clock().now(), all_versions=False)
    for endpoint in settings.bars.values():
        read_key(endpoint)
    for broker in settings.brokers:
        broker.opened(settings.state_dir)
    typer.echo("settings and rules can be used")
    typer.echo(f"{len(held)} rows of rules hold (`lifeline rules list --all`: every version):")
    for line in held:
        typer.echo(f"  {line}")
    return 0
