"""How many small changes of alerts/telecare and alerts/referral the tests of alerts/ notice.

It changes one thing at a time (ops/mutation_trees.py) and runs those of tests/scenarios and
tests/alerts, properties apart, that reach the change, until the first failure. A change that no
test notices survives and is listed. One that makes the tests run without an end counts as killed,
and is printed apart; one that could not be judged counts as survived. The source is never touched.
"""

import argparse
import gc
import json
import math
import os
import pickle
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import hypothesis
import pytest

from ops.mutation_code import Functions, fits
from ops.mutation_judge import (
    ROOT,
    Court,
    Judged,
    Spot,
    Verdict,
    run_afresh,
    run_imported,
)
from ops.mutation_reach import Reach, Survey
from ops.mutation_trees import Change, Place, places

PACKAGES = ("alerts/telecare", "alerts/referral")
TESTS = ("tests/scenarios", "tests/alerts")
SLOW = ("tests/alerts/test_properties*.py", "tests/alerts/vitals/test_vitals_properties.py")
JOBS = 2
GOAL_PERCENT = 85.0
PROFILE = "mutation"
TOLD_EVERY = 100
Z_95 = 1.96
Tell = Callable[[Judged], None]


def everywhere(packages: Sequence[str]) -> list[Spot]:
    """Give every place of every module of the packages; a package may be a single module too."""
    named = [ROOT / package for package in packages]
    paths = [
        path for one in named for path in ([one] if one.is_file() else sorted(one.rglob("*.py")))
    ]
    return [Spot(path, place) for path in paths for place in places(path.read_text())]


def drawn(spots: Sequence[Spot], number: int, seed: int) -> list[Spot]:
    """Draw a sample in which every file has its share."""
    chance, shuffled = random.Random(seed), list[Spot]()  # noqa: S311 - a draw
    for path in sorted({spot.path for spot in spots}):
        own = [spot for spot in spots if spot.path == path]
        shuffled += chance.sample(own, len(own))
    start = chance.random()
    return [shuffled[int((one + start) * len(spots) / number)] for one in range(number)]


def interval(killed: int, number: int) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a share, in percent."""
    share, z2 = killed / number, Z_95**2
    middle = share + z2 / (2 * number)
    half = Z_95 * math.sqrt(share * (1 - share) / number + z2 / (4 * number**2))
    scale = 100 / (1 + z2 / number)
    return scale * (middle - half), scale * (middle + half)


def options(tests: Sequence[str]) -> list[str]:
    """Give pytest's arguments: which tests, and nothing that depends on the clock or on chance."""
    hypothesis.settings.register_profile(PROFILE, database=None, derandomize=True, deadline=None)
    plain = ["-qq", "-s", "-p", "no:cacheprovider", "--no-summary", "--timeout=0", "--noconftest"]
    ignored = [f"--ignore-glob={ROOT / slow}" for slow in SLOW]
    named = [str(ROOT / name) for name in tests]
    return [*plain, f"--hypothesis-profile={PROFILE}", *ignored, *named]


def surveyed(packages: Sequence[str], arguments: Sequence[str], jobs: int) -> Reach:
    """Survey the tests in a forked process, so that this one has imported nothing of alerts/."""
    with tempfile.TemporaryDirectory() as folder:
        taken = Path(folder, "reach")
        child = os.fork()
        if child == 0:
            try:
                survey = Survey([ROOT / package for package in packages], jobs)
                pytest.main([*arguments], plugins=[survey])
                taken.write_bytes(pickle.dumps(survey.reach))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        reach: Reach | None = pickle.loads(taken.read_bytes()) if taken.exists() else None  # noqa: S301 - ours
    if reach is None or reach.failed:
        failed = ", ".join(reach.failed[:5]) if reach is not None else "they cannot be collected"
        raise SystemExit(f"the tests fail without any change, mend that first: {failed}")
    return reach


class _Imported:
    """A pytest plugin: instead of a run, judges the changes that functions can be given."""

    def __init__(self, court: Court, spots: Sequence[Spot], reach: Reach, tell: Tell) -> None:
        self._court, self._spots, self._reach, self._tell = court, spots, reach, tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        assert tuple(item.nodeid for item in session.items) == self._reach.tests
        start = run_imported(session, Functions())
        gc.collect()
        gc.freeze()  # what is forked need not be copied when it is counted
        for one in self._court.judge(self._spots, self._choose, start):
            self._tell(one)
        return True

    def _choose(self, spot: Spot, made: Change) -> Sequence[int]:
        return self._reach.of(spot.path, made)


def split(spots: Sequence[Spot], reach: Reach) -> tuple[list[Spot], list[Spot]]:
    """Part the changes into those that imported functions can be given, and the others."""
    within, others = list[Spot](), list[Spot]()
    for spot in spots:
        made = spot.make()
        inside = made.function is not None and not reach.runs_at_import(
            spot.path, made.function.body
        )
        if inside and made.function is not None:
            old = compile(spot.path.read_text(), str(spot.path), "exec")
            inside = fits(old, spot.compile(made), made.function.name)
        (within if inside else others).append(spot)
    return within, others


class Told:
    """Prints the survivors as they are found, and the figure; writes every verdict to a file."""

    def __init__(self, number: int, to: Path | None) -> None:
        self._number = number
        self._to = to
        self.counts: Counter[Verdict] = Counter()
        if to is not None:
            to.write_text("")

    def __call__(self, one: Judged) -> None:
        """Take a verdict."""
        self.counts[one.verdict] += 1
        if one.verdict is not Verdict.KILLED:
            print(f"{one.verdict.value} {shown(one)} {one.by}".rstrip(), flush=True)
        if self._to is not None:
            with self._to.open("a") as file:
                file.write(json.dumps(_record(one)) + "\n")
        done = self.counts.total()
        if done % TOLD_EVERY == 0:
            print(f"{done} of {self._number}: {self._counted()}", flush=True)

    def _counted(self) -> str:
        return ", ".join(f"{self.counts[one]} {one.value}" for one in Verdict)

    def percent(self, of: int) -> float:
        """Print and give the figure; `of` is how many changes there are in all."""
        noticed = self.counts[Verdict.KILLED] + self.counts[Verdict.LATE]
        percent = 100 * noticed / self._number
        print(f"{self._counted()}\nkilled or late: {noticed} of {self._number}: {percent:.1f} %")
        if self._number < of:
            low, high = interval(noticed, self._number)
            print(f"a sample of {of}: 95 % interval {low:.1f} to {high:.1f} %")
        return percent


def shown(one: Judged) -> str:
    """Say where a change is and what it is."""
    was, became = (" ".join(text.split())[:90] for text in (one.change.was, one.change.became))
    return f"{one.spot.path.relative_to(ROOT)}:{one.change.line}: {was}  ->  {became}"


def _record(one: Judged) -> dict[str, object]:
    return {
        "path": one.spot.path.relative_to(ROOT).as_posix(),
        "number": one.spot.place.number,
        "choice": one.spot.place.choice,
        "line": one.change.line,
        "was": one.change.was,
        "became": one.change.became,
        "verdict": one.verdict.value,
        "by": one.by,
    }


def survivors(file: Path) -> list[Spot]:
    """Read what survived in an earlier run over the same source."""
    records = [json.loads(line) for line in file.read_text().splitlines()]
    return [
        Spot(ROOT / one["path"], Place(one["number"], one["choice"]))
        for one in records
        if one["verdict"] in (Verdict.SURVIVED.value, Verdict.UNJUDGED.value)
    ]


def main(arguments: Sequence[str]) -> int:
    """Run the command; 0 at the goal, 1 below it."""
    asked = _asked(arguments)
    os.chdir(ROOT)
    everything = everywhere(asked.packages)
    spots = survivors(asked.survivors_of) if asked.survivors_of is not None else everything
    if asked.sample is not None and asked.sample < len(spots):
        spots = drawn(spots, asked.sample, asked.seed)
    print(f"{len(everything)} changes, {len(spots)} of them judged (seed {asked.seed})", flush=True)
    chosen = options(asked.tests)
    reach = surveyed(asked.packages, chosen, asked.jobs)
    within, others = split(spots, reach)
    print(
        f"{len(reach.tests)} tests, {sum(reach.seconds):.0f} s; {len(within)} changes within "
        f"functions, {len(others)} that need a new import",
        flush=True,
    )
    court, told = Court(reach, asked.jobs), Told(len(spots), asked.to)
    everyone = range(len(reach.tests))
    for one in court.judge(others, lambda _spot, _made: everyone, run_afresh(reach, chosen)):
        told(one)
    pytest.main(chosen, plugins=[_Imported(court, within, reach, told)])
    assert told.counts.total() == len(spots)
    return (
        0
        if told.percent(len(everything) if asked.survivors_of is None else len(spots))
        >= GOAL_PERCENT
        else 1
    )


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many changes, drawn with the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--packages", nargs="+", default=PACKAGES)
    parser.add_argument("--tests", nargs="+", default=TESTS)
    parser.add_argument("--to", type=Path, help="write every verdict to this file, as JSON lines")
    parser.add_argument("--survivors-of", type=Path, help="only what survived in that file")
    return parser.parse_args(arguments)
