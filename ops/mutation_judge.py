"""Runs the tests on one changed module after the other, each in a forked process.

A change is killed when a test fails or the changed module cannot be imported; it is late when the
tests take many times the processor time they take without it; it survives when every test that
reaches it passes; it is unjudged when pytest itself broke. Nothing here depends on the clock.
"""

import os
import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import CodeType

import pytest

from ops.mutation_code import Functions, before_import
from ops.mutation_reach import Reach, silence
from ops.mutation_trees import Change, Place, change

ROOT = Path(__file__).resolve().parent.parent
LIKELY = 6
"""So many tests that killed most in the same function, and then in the same file, run first."""
SPARE_CPU_S = 20
TIMES_CPU = 5
MEMORY_BYTES = 4 << 30
"""A change that collects without an end is stopped there: its tests then fail."""


class Verdict(Enum):
    """What became of a change."""

    KILLED = "killed"
    LATE = "late"
    SURVIVED = "survived"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in its file."""

    path: Path
    place: Place

    def make(self) -> Change:
        """Make the change."""
        return change(self.path.read_text(), self.place)

    def compile(self, made: Change) -> CodeType:
        """Compile the changed module, under its own path."""
        return compile(made.tree, str(self.path), "exec")

    @property
    def module(self) -> str:
        """The module's dotted name."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)


@dataclass(frozen=True, slots=True)
class Judged:
    """A change with its verdict, and the test that killed it or the error that broke the tests."""

    spot: Spot
    change: Change
    verdict: Verdict
    by: str


class Killers:
    """Which tests killed how much so far: they run first."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._number = {test: number for number, test in enumerate(reach.tests)}
        self._counts: dict[tuple[Path, str], Counter[int]] = {}

    def killed(self, judged: Judged) -> None:
        """Count a kill."""
        if judged.by in self._number:
            for key in self._keys(judged.spot, judged.change):
                counts = self._counts.setdefault(key, Counter())
                counts[self._number[judged.by]] += 1

    def order(self, spot: Spot, made: Change, tests: Sequence[int]) -> list[int]:
        """Put tests in the order to run: the likeliest, then file by file, the quickest first."""
        allowed, first = set(tests), list[int]()
        for key in self._keys(spot, made):
            best = [one for one, _ in self._counts.get(key, Counter()).most_common()]
            likely = [one for one in best if one in allowed and one not in first]
            first += likely[:LIKELY]
        quickest: dict[str, float] = {}
        for one in tests:
            name, taken_s = self._file(one), self._reach.seconds[one]
            quickest[name] = min(taken_s, quickest.get(name, taken_s))
        rest = sorted(
            allowed.difference(first),
            key=lambda one: (quickest[self._file(one)], self._file(one), self._reach.seconds[one]),
        )
        return first + rest

    def _file(self, test: int) -> str:
        return self._reach.tests[test].partition("::")[0]

    def _keys(self, spot: Spot, made: Change) -> list[tuple[Path, str]]:
        function = made.function.name if made.function is not None else ""
        return [(spot.path, function), (spot.path, "*")]


Start = Callable[[Spot, Change, Sequence[int]], str | None]
"""Runs tests on a change, in a forked process of its own; names the one that failed."""
Choice = Callable[[Spot, Change], Sequence[int]]
"""Which tests a change is judged by."""


class Court:
    """Judges changes, `jobs` at a time."""

    def __init__(self, reach: Reach, jobs: int) -> None:
        self._reach = reach
        self._killers = Killers(reach)
        self._jobs = jobs

    def judge(self, spots: Sequence[Spot], choose: Choice, start: Start) -> Iterator[Judged]:
        """Judge every change, by the tests that are chosen."""
        running: dict[int, tuple[Spot, Change, int]] = {}
        waiting = list(reversed(spots))
        while waiting or running:
            while waiting and len(running) < self._jobs:
                spot = waiting.pop()
                made = spot.make()
                tests = self._killers.order(spot, made, choose(spot, made))
                child, told = _fork(partial(start, spot, made, tests), self._limit_s(tests))
                running[child] = (spot, made, told)
            child, status = os.wait()
            spot, made, told = running.pop(child)
            with os.fdopen(told) as pipe:
                by = pipe.read()
            judged = Judged(spot, made, _verdict(os.waitstatus_to_exitcode(status)), by)
            self._killers.killed(judged)
            yield judged

    def _limit_s(self, tests: Sequence[int]) -> int:
        return int(SPARE_CPU_S + TIMES_CPU * sum(self._reach.seconds[one] for one in tests))


def _verdict(code: int) -> Verdict:
    if code == -signal.SIGXCPU:
        return Verdict.LATE
    return {0: Verdict.SURVIVED, 1: Verdict.KILLED}.get(code, Verdict.UNJUDGED)


def _fork(run: Callable[[], str | None], limit_s: int) -> tuple[int, int]:
    """Run something in a forked process; give its id and where it names the failed test."""
    told, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        return child, told
    code = 3
    try:
        silence()
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        by = run()
        os.write(tell, (by or "").encode())
        code = 0 if by is None else 1
    except BaseException as error:  # noqa: BLE001 - whatever it is, the change is unjudged by it
        os.write(tell, repr(error).encode())
    finally:
        os._exit(code)


def run_imported(session: pytest.Session, functions: Functions) -> Start:
    """Give what runs collected tests on a change within a function."""

    def start(spot: Spot, made: Change, tests: Sequence[int]) -> str | None:
        assert made.function is not None
        if not tests:
            return None
        functions.take(spot.path, made.function.name, spot.compile(made))
        items = [session.items[one] for one in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return item.nodeid
        return None

    return start


class _Ordered:
    """A pytest plugin: the tests in an order, until the first failure, which it notes."""

    def __init__(self, names: Sequence[str]) -> None:
        self._ranks = {name: rank for rank, name in enumerate(names)}
        self.failed = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._ranks.get(item.nodeid, len(self._ranks)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid


def run_afresh(reach: Reach, options: Sequence[str]) -> Start:
    """Give what imports everything anew with a change, collects, and runs the tests."""

    def start(spot: Spot, made: Change, tests: Sequence[int]) -> str | None:
        before_import(spot.module, spot.path, spot.compile(made))
        ordered = _Ordered([reach.tests[one] for one in tests])
        code = pytest.main(["-x", *options], plugins=[ordered])
        if code == pytest.ExitCode.OK:
            return None
        if code == pytest.ExitCode.TESTS_FAILED:
            return ordered.failed
        assert code == pytest.ExitCode.INTERRUPTED
        return "the import"

    return start
