"""How many small faults in packages of alerts/ the tests of alerts/ notice (--packages).

It changes one thing at a time (ops/mutants.py) and runs tests/scenarios and
tests/alerts, properties apart, until the first failure. A mutant that no test notices survives and
is listed. Each runs in a forked process that imports alerts/ anew, so the source is never touched.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from ops.mutants import Place, mutant, places

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("alerts/telecare", "alerts/referral")
TESTS = ("tests/scenarios", "tests/alerts")
JOBS = 2
LIMIT_S = 180.0
GOAL_PERCENT = 85.0
SLOW = ("tests/alerts/test_properties*.py", "tests/alerts/vitals/test_vitals_properties.py")


@dataclass(frozen=True, slots=True)
class Planted:
    """A mutant in its file."""

    path: Path
    line: int
    was: str
    became: str
    code: CodeType

    @property
    def module(self) -> str:
        """The module's dotted name."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)


class _Finder:
    """Gives one module with its mutant in place of the one on disk."""

    def __init__(self, planted: Planted) -> None:
        self._planted = planted

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._planted.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        assert spec is not None  # it stands where it was read from
        spec.loader = _Loader(name, str(self._planted.path), self._planted.code)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - it is made for one module
        return self._code


def everywhere(packages: Sequence[str]) -> list[tuple[Path, Place]]:
    """Give every place of every module of the packages."""
    paths = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return [(path, place) for path in paths for place in places(path.read_text())]


def plant(path: Path, place: Place) -> Planted:
    """Make one mutant."""
    one = mutant(path.read_text(), place)
    return Planted(path, one.line, one.was, one.became, compile(one.tree, str(path), "exec"))


def run_tests(one: Planted | None) -> int:
    """Run the tests in a forked process with a mutant, or with none; give its exit code's pid."""
    child = os.fork()
    if child:
        return child
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = 3
    try:
        import pytest  # noqa: PLC0415 - imported by main before the first fork

        os.setsid()
        if one is not None:
            sys.meta_path.insert(0, _Finder(one))
        ignored = [f"--ignore-glob={ROOT / slow}" for slow in SLOW]
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header"]
        tests = [*_nearest(one), *(str(ROOT / name) for name in TESTS)]
        code = int(pytest.main([*options, *ignored, *tests]))
    finally:
        os._exit(code)


def _nearest(one: Planted | None) -> list[str]:
    """Name the test files called like the mutant's module, and its package's: they run first."""
    if one is None:
        return []
    stem = one.path.stem.partition("_")[0]
    folder = ROOT / "tests" / "alerts" / one.path.parent.name
    near = [*sorted(ROOT.glob(f"tests/alerts/**/test_{stem}*.py")), *([folder] * folder.is_dir())]
    return [str(path) for path in near]


def judge(todo: Sequence[Planted], jobs: int) -> list[Planted]:
    """Run every mutant, a few at a time; give those that no test noticed."""
    running: dict[int, tuple[Planted, float]] = {}
    waiting, survivors, done = list(reversed(todo)), list[Planted](), 0
    while waiting or running:
        while waiting and len(running) < jobs:
            one = waiting.pop()
            running[run_tests(one)] = (one, time.monotonic())
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            _end_late(running)
            time.sleep(0.02)
            continue
        one, _ = running.pop(child)
        done += 1
        if os.waitstatus_to_exitcode(status) == 0:
            survivors.append(one)
            print(f"survived {shown(one)}", flush=True)
        if done % 25 == 0:
            print(f"{done} of {len(todo)}, {len(survivors)} survived", flush=True)
    return survivors


def _end_late(running: dict[int, tuple[Planted, float]]) -> None:
    """End what runs for too long: a mutant that hangs the tests is noticed by them."""
    for child, (_, since) in running.items():
        if time.monotonic() - since > LIMIT_S:
            os.kill(child, signal.SIGKILL)


def shown(one: Planted) -> str:
    """Say where a mutant is and what it changed."""
    was, became = (" ".join(text.split())[:90] for text in (one.was, one.became))
    return f"{one.path.relative_to(ROOT)}:{one.line}: {was}  ->  {became}"


def main(arguments: Sequence[str]) -> int:
    """Run the command; 1 below the goal, 2 when the tests fail without any mutant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many mutants, drawn with the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--packages", nargs="+", default=PACKAGES)
    asked = parser.parse_args(arguments)
    os.chdir(ROOT)
    import hypothesis  # noqa: F401, PLC0415 - loaded once, before the forks
    import msgspec  # noqa: F401, PLC0415
    import pytest  # noqa: F401, PLC0415

    everything = everywhere(asked.packages)
    drawn = everything
    if asked.sample is not None and asked.sample < len(everything):
        drawn = random.Random(asked.seed).sample(everything, asked.sample)  # noqa: S311 - a draw
    todo = [plant(path, place) for path, place in drawn]
    _, status = os.waitpid(run_tests(None), 0)
    if os.waitstatus_to_exitcode(status) != 0:
        print("the tests fail without any mutant: mend that first")
        return 2
    print(f"{len(everything)} mutants, {len(todo)} of them run (seed {asked.seed})", flush=True)
    survivors = judge(todo, asked.jobs)
    percent = 100 * (len(todo) - len(survivors)) / max(1, len(todo))
    print(f"killed {len(todo) - len(survivors)} of {len(todo)}: {percent:.1f} %")
    return 0 if percent >= GOAL_PERCENT else 1
