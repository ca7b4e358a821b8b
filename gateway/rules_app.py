"""The command line of `lifeline rules`, `explain` and `rehearse`; the work is done elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from gateway.rehearse_app import add_rehearse

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; lifeline.toml when it exists.")
]


Run = Callable[[Callable[[], Any]], None]


def add_why(app: typer.Typer, run: Run) -> None:
    """Add `explain`, `rules` and `rehearse`; `run` runs a coroutine and says what went wrong."""
    app.add_typer(rules_app(run), name="rules")
    add_rehearse(app, run)

    @app.command()
    def explain(
        named: Annotated[UUID, typer.Argument(help="Id of an alarm or a referral.")],
        *,
        as_json: Annotated[bool, typer.Option("--json", help="As data, one line.")] = False,
        settings: SettingsFile = None,
    ) -> None:
        """Say why an alarm or a referral went as it did: every step, rule and input."""
        from gateway.explain import explain as work  # noqa: PLC0415 - pure commands must not wait

        run(lambda: work(named, settings, as_json=as_json))


def rules_app(run: Run) -> typer.Typer:
    """Give the commands of `rules`."""
    app = typer.Typer(help="Rules: which hold, and taking one back.", no_args_is_help=True)

    @app.command("list")
    def rules_list(
        *,
        all_versions: Annotated[
            bool, typer.Option("--all", help="Also what waits, was superseded or taken back.")
        ] = False,
        settings: SettingsFile = None,
    ) -> None:
        """Say which version of each row holds, from when, and who approved it."""
        from gateway.rules_command import list_rules  # noqa: PLC0415 - pure commands must not wait

        run(lambda: list_rules(settings, all_versions=all_versions))

    @app.command("copy")
    def rules_copy(folder: Annotated[Path, typer.Argument(help="A folder to be made.")]) -> None:
        """Write the shipped rules to a folder, to be changed and approved there."""
        from gateway.rules_command import copy_rules  # noqa: PLC0415

        run(lambda: copy_rules(folder))

    @app.command("approve")
    def rules_approve(
        proposed: Annotated[
            Path, typer.Argument(help="A folder of rules, or one .toml file laid over them.")
        ],
        by: Annotated[str, typer.Option(help="Who approves: the approver of each new row.")],
        rehearsal: Annotated[
            Path | None, typer.Option(help="What `lifeline rehearse --json` wrote of this change.")
        ] = None,
        without: Annotated[
            str | None,
            typer.Option("--without-rehearsal", help="Why there is none; stays beside the rows."),
        ] = None,
        settings: SettingsFile = None,
    ) -> None:
        """Bring proposed rows into the approved folder, with their rehearsal."""
        from gateway.rules_approve import Asked, approve  # noqa: PLC0415

        run(lambda: approve(Asked(proposed, by, rehearsal, without), settings))

    @app.command("rollback")
    def rules_rollback(
        row: Annotated[str, typer.Argument(help="Id of the row, as `lifeline rules list` says.")],
        by: Annotated[str, typer.Option(help="Who takes the version back; goes into the audit.")],
        reason: Annotated[str, typer.Option(help="Why; stays beside the rules.")],
        settings: SettingsFile = None,
    ) -> None:
        """Take back the version of a row that holds: the one before it holds again."""
        from gateway.rules_command import roll_back  # noqa: PLC0415

        run(lambda: roll_back(row, by, reason, settings))

    return app
