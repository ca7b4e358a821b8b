"""The command line of `lifeline audit`; its work is in gateway/audit/verify.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; lifeline.toml when it exists.")
]


def audit_app(run: Callable[[Callable[[], Any]], None]) -> typer.Typer:
    """Give the commands; `run` runs one's coroutine and says what went wrong."""
    app = typer.Typer(help="The audit: who did what, sealed.", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """Keep `verify` a command of its own, though it is the only one."""

    @app.command("verify")
    def verify(
        *,
        checkpoints: Annotated[
            Path | None,
            typer.Option(help="Folder of checkpoint files; the state folder when left out."),
        ] = None,
        settings: SettingsFile = None,
    ) -> None:
        """Find rows that were edited, deleted, moved or put in; exit with 1 when there are any."""
        from gateway.audit.audit_command import verify_all  # noqa: PLC0415 - slow to import

        run(lambda: verify_all(checkpoints, settings))

    return app
