"""What a person sees: 80 columns, plain text when nobody looks, colour only where it is wanted.

*06:56:00  WC           presses her lifeline ...                    4.1 ms
 time      who          what                                       measured
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gateway.demo.parts import LONDON, Step

COLUMNS = 80
CLOCK_WIDTH = 9
WHO_WIDTH = 11
TOOK_WIDTH = 10
WORTH_SHOWING_S = 0.3
INDENT = CLOCK_WIDTH + 4  # what hangs below a step


def console() -> Console:
    """Give a console of at most 80 columns; a pipe gets plain text of 80."""
    screen = Console(file=sys.stdout, highlight=False, emoji=False, soft_wrap=False)
    narrow = screen.width if screen.is_terminal or "COLUMNS" in os.environ else COLUMNS
    screen.width = min(COLUMNS, narrow)
    return screen


def duration(ms: float) -> str:
    """Say a time: 0.42 ms, 4.1 ms, 21 ms, 1 s, 1.3 s."""
    if ms < 1:
        return f"{ms:.2f} ms"
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1_000 else f"{round(ms / 1_000, 1):g} s"


class Screen:
    """Prints the timeline; knows nothing of what it means."""

    def __init__(self, to: Console | None = None) -> None:
        """Print to a console; standard output when None."""
        self._to = to or console()
        self._day = ""

    @property
    def is_watched(self) -> bool:
        """Say whether a person sits at a terminal."""
        return self._to.is_terminal

    def title(self, text: str) -> None:
        """Print a rule with a heading."""
        self._to.print(Rule(Text(f"{text} ", "bold"), align="left", style="cyan"))

    def text(self, text: str, style: str = "") -> None:
        """Print a paragraph, wrapped at words."""
        self._to.print(Text(text, style))

    def blank(self) -> None:
        """Print an empty line."""
        self._to.print()

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Print names and values, aligned."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="cyan")
        table.add_column()
        for name, value in facts:
            table.add_row("  " + name, Text(value))
        self._to.print(table)

    def step(self, step: Step, now: datetime, took_ms: float | None) -> None:
        """Print one step: when, who, what, how long the machine took."""
        local = now.astimezone(LONDON)
        self._new_day(local)
        mark = "*" if step.stated else " "
        table = _row()
        table.add_row(
            Text(f"{mark}{local:%H:%M:%S}", "bold" if step.stated else ""),
            Text(step.who, "bold magenta" if step.who == "gateway" else "bold cyan"),
            Text(step.words),
            Text("" if took_ms is None else duration(took_ms), "green"),
        )
        self._to.print(table)

    def measure(self, name: str, took_ms: float, stated_ms: float) -> None:
        """Print a measured time beside the stated one, below its step."""
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=INDENT - 1)
        table.add_column(ratio=1)
        table.add_column(justify="right", style="green", width=TOOK_WIDTH)
        table.add_column(justify="right", style="dim", width=11)
        goal = Text(f"goal {duration(stated_ms)}")
        table.add_row("", Text(name), Text(duration(took_ms)), goal)
        self._to.print(table)

    def detail(self, text: str, style: str = "dim") -> None:
        """Print a line below a step."""
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=INDENT - 1)
        table.add_column(ratio=1)
        table.add_row("", Text(text, style))
        self._to.print(table)

    def summary(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Print what was stated beside what was measured."""
        table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1))
        table.add_column("", ratio=1)
        table.add_column("stated", justify="right", style="dim", max_width=14)
        table.add_column("measured", justify="right", style="green", max_width=26)
        for name, stated, measured in rows:
            table.add_row(Text(name), Text(stated), Text(measured))
        self._to.print(table)

    @contextmanager
    def passing(self, text: str, seconds: float) -> Iterator["Progress | None"]:
        """Show time going by, on a terminal only; the line is gone afterwards."""
        if not self.is_watched or seconds < WORTH_SHOWING_S:
            yield None
            return
        columns = (TextColumn(" " * INDENT + "{task.description}"), BarColumn(bar_width=24))
        with Progress(*columns, console=self._to, transient=True) as progress:
            progress.add_task(text, total=seconds)
            yield progress

    def _new_day(self, local: datetime) -> None:
        day = f"{local:%A} {local.day} {local:%B %Y}"
        if day != self._day:
            self._day = day
            self.blank()
            self._to.print(Text(day, "bold underline"))


def _row() -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=CLOCK_WIDTH)
    table.add_column(width=WHO_WIDTH)
    table.add_column(ratio=1)
    table.add_column(justify="right", width=TOOK_WIDTH)
    return table
