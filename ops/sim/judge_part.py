"""What every part of the judge is: it hears some events, sees every commit, looks, and finishes."""

from ops.sim.judge_book import Book
from ops.sim.judged import Commit
from ops.sim.trace import Happened


class Part:
    """One promise of the specification; `hears` names the events it wants."""

    hears: tuple[str, ...] = ()

    def __init__(self, book: Book) -> None:
        """Share the judge's book."""
        self.book = book

    def hear(self, event: Happened) -> None:
        """Take an event."""

    def committed(self, commit: Commit) -> None:
        """Take a commit, at its instant."""

    def look(self) -> None:
        """Look at what has been due for long."""

    def finish(self) -> None:
        """Look at the end."""
