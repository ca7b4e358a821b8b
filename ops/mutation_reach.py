"""Which lines each test executes: a test that does not reach a change cannot notice it.

Each test runs alone in a forked process, so that nothing an earlier one left in a cache hides what
it needs. What runs while the tests are imported and collected is kept apart.
"""

import gc
import os
import pickle
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

from ops.mutation_trees import Change

Lines = dict[str, dict[int, int]]
"""File -> line -> the tests that execute it, as the bits of a number."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What each test reaches; `imported` are the lines that run before any test."""

    tests: tuple[str, ...]
    seconds: tuple[float, ...]
    lines: Lines
    imported: dict[str, frozenset[int]]
    failed: tuple[str, ...]

    def of(self, path: Path, made: Change) -> list[int]:
        """Give the numbers of the tests that execute the changed statement.

        Where no line of it is ever seen, as in `while True`, those of the whole function.
        """
        assert made.function is not None
        return self._of(path, made.lines) or self._of(path, made.function.body)

    def _of(self, path: Path, lines: Iterable[int]) -> list[int]:
        held, bits = self.lines.get(str(path), {}), 0
        for line in lines:
            bits |= held.get(line, 0)
        return [number for number in range(len(self.tests)) if bits >> number & 1]

    def runs_at_import(self, path: Path, lines: Iterable[int]) -> bool:
        """Whether one of a file's lines runs before any test."""
        return not self.imported.get(str(path), frozenset()).isdisjoint(lines)


class Survey:
    """A pytest plugin: instead of a run, each test alone, with the lines it executes."""

    def __init__(self, folders: Sequence[Path], jobs: int) -> None:
        self._watched = [str(one) if one.is_file() else f"{one}/*" for one in folders]
        self._jobs = jobs
        self._before = self._watch()
        self.reach: Reach | None = None

    def _watch(self) -> coverage.Coverage:
        watch = coverage.Coverage(data_file=None, config_file=False, include=self._watched)
        watch.set_option("run:disable_warnings", ["no-data-collected"])
        watch.start()
        return watch

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Survey what was collected."""
        imported = {name: frozenset(lines) for name, lines in _executed(self._before).items()}
        lines: Lines = defaultdict(lambda: defaultdict(int))
        seconds, failed = [0.0] * len(session.items), list[str]()
        with tempfile.TemporaryDirectory() as folder:
            self._run_each(session, Path(folder))
            for number, item in enumerate(session.items):
                taken = Path(folder, str(number))
                if not taken.exists():
                    failed.append(item.nodeid)
                    continue
                seconds[number], executed = pickle.loads(taken.read_bytes())  # noqa: S301 - ours
                for name, held in executed.items():
                    for line in held:
                        lines[name][line] |= 1 << number
        plain = {name: dict(held) for name, held in lines.items()}
        tests = tuple(item.nodeid for item in session.items)
        self.reach = Reach(tests, tuple(seconds), plain, imported, tuple(failed))
        return True

    def _run_each(self, session: pytest.Session, folder: Path) -> None:
        gc.collect()
        gc.freeze()  # what is forked need not be copied when it is counted
        running = 0
        for number, item in enumerate(session.items):
            if running == self._jobs:
                os.wait()
                running -= 1
            if os.fork() == 0:
                try:
                    self._run_one(session, item, folder / str(number))
                finally:
                    os._exit(0)
            running += 1
        while running:
            os.wait()
            running -= 1

    def _run_one(self, session: pytest.Session, item: pytest.Item, taken: Path) -> None:
        """Run one test and write what it took and executed; nothing when it failed."""
        silence()
        started, watch = time.process_time(), self._watch()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        executed = _executed(watch)
        if not session.testsfailed:
            taken.write_bytes(pickle.dumps((time.process_time() - started, executed)))


def _executed(watch: coverage.Coverage) -> dict[str, list[int]]:
    watch.stop()
    data = watch.get_data()
    return {name: data.lines(name) or [] for name in data.measured_files()}


def silence() -> None:
    """Send what a forked process prints nowhere."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
