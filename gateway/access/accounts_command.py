"""What `lifeline account` does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import typer

from gateway.access.accounts import Accounts, NewAccount, check
from gateway.clock import Clock
from gateway.log import configure
from gateway.runtime import prepared
from gateway.settings import load


@asynccontextmanager
async def _accounts(toml: Path | None) -> AsyncIterator[Accounts]:
    settings = load(toml)
    configure("warning")
    async with prepared(settings, Clock()) as context:
        yield Accounts(
            context.sessions, settings.organisation, context.desk.audit_key, context.clock
        )


def _show(shown: str | None) -> None:
    if shown is not None:
        typer.echo(f"password, shown once and to be changed at the first sign-in: {shown}")


async def add(account: NewAccount, password: str | None, toml: Path | None) -> int:
    """Make an account.

    Raises:
        SettingsError: it makes no sense or is taken; nothing was made.
    """
    check(account)
    async with _accounts(toml) as accounts:
        shown = await accounts.add(account, password)
    typer.echo(f"account {account.name}: {', '.join(sorted(account.roles))}")
    _show(shown)
    return 0


async def set_password(name: str, password: str | None, toml: Path | None) -> int:
    """Set a password.

    Raises:
        SettingsError: there is no such account, or the password will not do.
    """
    async with _accounts(toml) as accounts:
        shown = await accounts.set_password(name, password)
    typer.echo(f"new password for {name}; signed out everywhere")
    _show(shown)
    return 0


async def disable(name: str, toml: Path | None, *, again: bool) -> int:
    """End an account, or let it be used again.

    Raises:
        SettingsError: there is no such account.
    """
    async with _accounts(toml) as accounts:
        await accounts.disable(name, again=again)
    typer.echo(f"account {name} {'can be used again' if again else 'is ended; signed out'}")
    return 0


async def list_all(toml: Path | None) -> int:
    """List the accounts."""
    async with _accounts(toml) as accounts:
        found = await accounts.all()
    for one in found:
        seen = f"{one.seen_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if one.seen_at else "never"
        marks = [
            *([f"service {one.service_id}"] if one.service_id else []),
            *(["identity provider"] if one.by_provider else []),
            *(["break glass"] if one.break_glass else []),
            *(["ended"] if one.disabled_at else []),
        ]
        more = f"; {', '.join(marks)}" if marks else ""
        typer.echo(f"{one.name}  {', '.join(one.roles)}  last seen {seen}{more}")
    typer.echo(f"{len(found)} accounts")
    return 0
