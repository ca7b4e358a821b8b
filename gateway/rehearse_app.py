"""The command line of `lifeline rehearse`; the work is in gateway/rehearse_command.py."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

Run = Callable[[Callable[[], Any]], None]
DAY = ["%Y-%m-%d"]


def add_rehearse(app: typer.Typer, run: Run) -> None:
    """Add `rehearse`; `run` runs a command's coroutine and says what went wrong."""

    @app.command()
    def rehearse(  # noqa: PLR0913 - as many options as a rehearsal has sides
        rules: Annotated[
            Path | None, typer.Argument(help="The same as --proposed.", show_default=False)
        ] = None,
        *,
        proposed: Annotated[
            Path | None,
            typer.Option(help="A folder of rules, or one .toml file laid over those in force."),
        ] = None,
        person: Annotated[
            str | None, typer.Option(help="Whose limits: our id, or yours from the import file.")
        ] = None,
        limits: Annotated[
            Path | None, typer.Option(help="JSON or TOML: one set of limits as in the import file.")
        ] = None,
        since: Annotated[
            datetime | None, typer.Option("--from", formats=DAY, help="First day, UTC.")
        ] = None,
        until: Annotated[
            datetime | None, typer.Option("--to", formats=DAY, help="The day after the last.")
        ] = None,
        days: Annotated[
            int | None, typer.Option(min=1, max=400, help="So many days, up to now; 90.")
        ] = None,
        ward: Annotated[
            str | None,
            typer.Option(help="SEED:PATIENTS:DAYS of a made-up ward, in place of the database."),
        ] = None,
        to: Annotated[
            Path | None,
            typer.Option("--json", help="A new file for the document that an approval needs."),
        ] = None,
        jobs: Annotated[
            int | None, typer.Option(min=1, max=16, help="Processes; one for each processor.")
        ] = None,
        settings: Annotated[
            Path | None,
            typer.Option("--settings", help="Settings file; lifeline.toml when it exists."),
        ] = None,
    ) -> None:
        """Play recorded history under proposed rules or limits: what would be raised or missed."""
        from gateway.rehearse_command import Order, rehearse_it  # noqa: PLC0415 - slow to import

        order = Order(
            proposed=proposed or rules, person=person, limits=limits, ward=ward, days=days,
            to=to, jobs=jobs,
            since=None if since is None else since.date(),
            until=None if until is None else until.date(),
        )  # fmt: skip
        run(lambda: rehearse_it(order, settings))
