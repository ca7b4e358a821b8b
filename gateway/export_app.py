"""The command line of `lifeline export`; its work is in gateway/export_command.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Month = Annotated[str, typer.Option(help="Which month: YYYY-MM, by each service's wall clock.")]
To = Annotated[Path, typer.Option(help="A folder to be made; files in it are mode 600.")]
By = Annotated[str, typer.Option(help="Staff id of who asks; it goes into the audit.")]
ServiceId = Annotated[str | None, typer.Option(help="One service; all when left out.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; lifeline.toml when it exists.")
]


def export_app(run: Callable[[Callable[[], Any]], None]) -> typer.Typer:
    """Give the commands; `run` runs one's coroutine and says what went wrong."""
    app = typer.Typer(
        help="Extracts of a month: data set, figures, evaluation.", no_args_is_help=True
    )

    @app.command("csds")
    def export_csds(  # noqa: PLR0913 - as many options as an export has sides
        *,
        month: Month,
        to: To,
        by: By,
        service: ServiceId = None,
        strict: Annotated[
            bool, typer.Option("--strict", help="Exit with 3 when the report has findings.")
        ] = False,
        settings: SettingsFile = None,
    ) -> None:
        """A CSDS-shaped record of each referral for the provider to load, and a quality report."""
        from gateway.export_command import Kind, Order, export_to  # noqa: PLC0415 - slow to import

        run(lambda: export_to(Order(Kind.CSDS, month, to, by, service, strict=strict), settings))

    @app.command("kpi")
    def export_kpi(  # noqa: PLR0913 - as above
        *,
        month: Month,
        to: To,
        by: By,
        service: ServiceId = None,
        publish: Annotated[
            bool, typer.Option("--publish", help="Round counts to 5; name no single call.")
        ] = False,
        zone: Annotated[
            str, typer.Option("--timezone", help="Whose months the answering of calls is told in.")
        ] = "Europe/London",
        settings: SettingsFile = None,
    ) -> None:
        """The figures of a month: responses, joint work, falls, answering and its exceptions."""
        from gateway.export_command import Kind, Order, export_to  # noqa: PLC0415 - as above

        order = Order(Kind.KPI, month, to, by, service, zone, publish=publish)
        run(lambda: export_to(order, settings))

    @app.command("evaluation")
    def export_evaluation(
        *, month: Month, to: To, by: By, service: ServiceId = None, settings: SettingsFile = None
    ) -> None:
        """Pseudonymised records for evaluation: no names, numbers, dates or free text."""
        from gateway.export_command import Kind, Order, export_to  # noqa: PLC0415 - as above

        run(lambda: export_to(Order(Kind.EVALUATION, month, to, by, service), settings))

    return app
