"""Chance by name: the same seed and names give the same numbers on every machine and version.

Only `random.Random.random` is used, the one method whose sequence Python promises to keep, and
only + - * / on what it gives: a library's sine or logarithm may differ in the last digit.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

SQUARE_ROOT_OF_3 = 1.7320508075688772


class Stream:
    """Numbers for one purpose, apart from those of every other purpose."""

    __slots__ = ("uniform",)

    uniform: Callable[[], float]

    def __init__(self, *names: str | int) -> None:
        """Open the stream of these names; the first one is the seed."""
        digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
        chance = random.Random(int.from_bytes(digest[:16]))  # noqa: S311 - repeatable is the point
        self.uniform = chance.random

    def chance(self, share: float) -> bool:
        """Say yes in this share of the cases."""
        return self.uniform() < share

    def between(self, low: float, high: float) -> float:
        """Give a number from low up to high, all alike."""
        return low + (high - low) * self.uniform()

    def whole(self, low: int, high: int) -> int:
        """Give a whole number from low to high, both included."""
        return low + int((high - low + 1) * self.uniform())

    def bell(self) -> float:
        """Give a bell-shaped number: mean 0, standard deviation 1, never beyond 3.47.

        The sum of four even ones; its tails are lighter than a normal distribution's, the far
        values of home readings are made apart, as artefacts.
        """
        uniform = self.uniform
        return (uniform() + uniform() + uniform() + uniform() - 2.0) * SQUARE_ROOT_OF_3

    def pick(self, some: Sequence[T]) -> T:
        """Give one of some, all alike."""
        return some[int(len(some) * self.uniform())]


def wave(turns: float) -> float:
    """Give the sine of so many turns, to 0.002, by the approximation of Bhaskara I."""
    part = 2.0 * (turns % 1.0)
    rising = part if part < 1.0 else part - 1.0
    arch = rising * (1.0 - rising)
    height = 16.0 * arch / (5.0 - 4.0 * arch)
    return height if part < 1.0 else -height


def within(value: float, low: float, high: float) -> float:
    """Give the value, or the end it lies beyond."""
    return low if value < low else min(value, high)
