"""The command line of `lifeline account`; its work is in gateway/access/accounts.py.

A password is never an argument, which every user of the machine could read: it is asked for,
without being shown, or read from standard input, or made here and shown once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.roles import ApiRole

Name = Annotated[str, typer.Argument(help="The name to sign in with; audit and decisions show it.")]
Ask = Annotated[
    bool, typer.Option("--ask", help="Ask for the password, or read one line of standard input.")
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; lifeline.toml when it exists.")
]


def account_app(run: Callable[[Callable[[], Any]], None]) -> typer.Typer:
    """Give the commands; `run` runs one's coroutine and says what went wrong."""
    app = typer.Typer(help="Accounts of people who sign in.", no_args_is_help=True)

    @app.command("add")
    def add(  # noqa: PLR0913 - as many options as an account has sides
        *,
        name: Name,
        role: Annotated[list[ApiRole], typer.Option(help="What they may do; may be repeated.")],
        display_name: Annotated[
            str | None, typer.Option(help="How colleagues see them; the name when left out.")
        ] = None,
        service: Annotated[str | None, typer.Option(help="A responder's service.")] = None,
        subject: Annotated[
            str | None, typer.Option(help="Who the identity provider says they are (sub).")
        ] = None,
        break_glass: Annotated[
            bool, typer.Option("--break-glass", help="For when the identity provider is away.")
        ] = False,
        ask: Ask = False,
        settings: SettingsFile = None,
    ) -> None:
        """Make an account; its first password is made and shown once, and must be changed."""
        from gateway.access import accounts_command as command  # noqa: PLC0415 - slow to import
        from gateway.access.accounts import NewAccount  # noqa: PLC0415

        account = NewAccount(
            name, display_name or name, frozenset(role), service, subject, break_glass
        )
        password = asked() if ask else None
        run(lambda: command.add(account, password, settings))

    @app.command("password")
    def password(*, name: Name, ask: Ask = False, settings: SettingsFile = None) -> None:
        """Set a new password, which its owner must change; signs the account out everywhere."""
        from gateway.access import accounts_command as command  # noqa: PLC0415 - as above

        given = asked() if ask else None
        run(lambda: command.set_password(name, given, settings))

    @app.command("disable")
    def disable(
        *,
        name: Name,
        again: Annotated[bool, typer.Option("--undo", help="Let it be used again.")] = False,
        settings: SettingsFile = None,
    ) -> None:
        """End an account and sign it out everywhere; what it did stays in the audit."""
        from gateway.access import accounts_command as command  # noqa: PLC0415 - as above

        run(lambda: command.disable(name, settings, again=again))

    @app.command("list")
    def list_(*, settings: SettingsFile = None) -> None:
        """List the accounts, their roles, and when each was last seen."""
        from gateway.access import accounts_command as command  # noqa: PLC0415 - as above

        run(lambda: command.list_all(settings))

    return app


def asked() -> str:
    """Ask for a password twice at a terminal; else read the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
