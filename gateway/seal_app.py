"""`lifeline seal`: the key that small secrets of homes are sealed with."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; lifeline.toml when it exists.")
]


def seal_app(run: Callable[[Callable[[], Any]], None]) -> typer.Typer:
    """Give the commands; `run` runs one's coroutine and says what went wrong."""
    app = typer.Typer(help="The key of sealed key-safe codes.", no_args_is_help=True)

    @app.command()
    def rotate(settings: SettingsFile = None) -> None:
        """Make a new key, seal everything with it, and remove the former key."""
        from gateway.seal_rotation import rotate_key  # noqa: PLC0415 - help must not wait for it

        run(lambda: rotate_key(settings))

    @app.callback()
    def group() -> None:
        """Keep `rotate` a word of its own: a group of one command would swallow it."""

    return app
