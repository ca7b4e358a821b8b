"""Every choice of a simulated run comes from its seed, by name, so that one choice moves no other.

Each name has its own stream of numbers: a fault that is added later leaves the presses where they
were.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Choice:
    """Seeded choices under a name."""

    def __init__(self, seed: int, name: str = "") -> None:
        """Start the stream of this name."""
        self._seed = seed
        self._name = name
        self._random = random.Random(f"{seed}/{name}")  # noqa: S311 - a simulation, no secret

    def named(self, name: str) -> "Choice":
        """Give the stream of another name."""
        return Choice(self._seed, f"{self._name}/{name}")

    def chance(self, share: float) -> bool:
        """Say yes in this share of cases."""
        return self._random.random() < share

    def between(self, least: float, most: float) -> float:
        """Give a number between two."""
        return self._random.uniform(least, most)

    def whole(self, least: int, most: int) -> int:
        """Give a whole number from least to most, both included."""
        return self._random.randint(least, most)

    def one(self, items: Sequence[Item]) -> Item:
        """Give one of the items."""
        return items[self._random.randrange(len(items))]

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """Give so many different items, in the order of the draw."""
        return self._random.sample(items, count)
