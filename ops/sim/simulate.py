"""The command line of the simulation: many seeds, one seed in words, twice, or the planted faults.

Exit codes: 0 all good; 1 a promise was broken, a seed crashed or hung, two runs differ, a planted
fault was not found, or something that must be met in a long run was not; 2 a wrong argument.
"""

import argparse
import asyncio
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ops.sim import mutants, workers
from ops.sim.counters import MUST_BE_MET, RARE, never_met
from ops.sim.workers import Outcome

ROOT = Path(__file__).resolve().parents[2]
SEEDS, LONG_SEEDS, TWICE_SEEDS = 1_000, 20_000, 100
SHOWN = 20
HASH_SHOWN = 16


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say; give the exit code."""
    options = _parser().parse_args(arguments)
    if options.worker is not None:
        return workers.work(workers.parse(options.worker))
    if options.seed is not None:
        return _one(options.seed, words=options.words or options.all, everything=options.all)
    try:
        return asyncio.run(_go(options))
    except mutants.PatchError as error:
        print(f"simulation: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def _go(options: argparse.Namespace) -> int:
    if options.mutants:
        return await mutants.command(ROOT, options.jobs, options.only)
    if options.twice:
        return await _twice(options.first, options.seeds or TWICE_SEEDS, options.jobs)
    seeds = options.seeds or (LONG_SEEDS if options.long else SEEDS)
    return await _many(options.first, seeds, options.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulation.py",
        description="Simulated days of the gateway with everything that goes wrong, judged.",
    )
    add = parser.add_argument
    add("--seeds", type=_positive, help=f"how many seeds; {SEEDS} when not given")
    add("--from", dest="first", type=int, default=1, metavar="SEED", help="the first seed")
    add("--jobs", type=_positive, default=2, help="how many processes")
    add("--long", action="store_true", help=f"{LONG_SEEDS} seeds")
    add("--seed", type=int, help="one seed: its hash and its broken promises")
    add("--words", action="store_true", help="with --seed: its story")
    add("--all", action="store_true", help="with --seed: its story with every event")
    add("--twice", action="store_true", help=f"each seed twice ({TWICE_SEEDS}); compare hashes")
    add("--mutants", action="store_true", help="planted faults: is each one found?")
    add("--only", default="", metavar="WORD", help="with --mutants: those with this in the name")
    add("--worker", help=argparse.SUPPRESS)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}, expected 1 or more")
    return number


def _one(seed: int, *, words: bool, everything: bool) -> int:
    """Run one seed in this process and tell it."""
    from ops.sim.words import broken, story  # noqa: PLC0415 - a worker's parent never needs it
    from ops.sim.world import run_seed  # noqa: PLC0415 - as above

    result = run_seed(seed)
    if words:
        print("\n".join(story(result.events, result.violations, everything=everything)))
    else:
        for violation in result.violations:
            print(broken(violation))
    print(f"seed {seed}  hash {result.digest}  broken promises {len(result.violations)}")
    return 1 if result.violations else 0


class _Progress:
    """One line that grows old gracefully: seeds done, and what was found."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._bad = 0
        self._done = 0

    def __call__(self, outcome: Outcome) -> None:
        self._done += 1
        self._bad += not outcome.is_good
        if sys.stderr.isatty():
            text = f"\r{self._done} of {self._count} seeds, {self._bad} with a broken promise "
            print(text, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)


async def _many(first: int, count: int, jobs: int) -> int:
    started_s = time.monotonic()
    progress = _Progress(count)
    outcomes = await workers.run_all(ROOT, first, count, jobs, progress)
    progress.end()
    took_s = time.monotonic() - started_s
    counters = _sum(outcomes)
    for name, times in sorted(counters.items()):
        print(f"{times:>10}  {name}")
    missing = never_met(counters, count)
    for name in (*MUST_BE_MET, *RARE):
        if not counters.get(name):
            print(f"{'never':>10}  {name}")
    bad = [one for one in outcomes if not one.is_good]
    _show(bad)
    all_hashes = hash_of_all(outcomes)
    print(
        f"{len(outcomes)} seeds from {first} in {took_s:.1f} s, {len(outcomes) / took_s:.1f} a "
        f"second; hash of all {all_hashes[:HASH_SHOWN]}; {len(bad)} with a broken promise"
    )
    if missing:
        print(f"FAILED: never met in {count} seeds: {', '.join(missing)}")
    return 1 if bad or missing else 0


def _sum(outcomes: Sequence[Outcome]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in outcomes:
        total.update(one.counters)
    return dict(total)


def hash_of_all(outcomes: Sequence[Outcome]) -> str:
    """Give one hash for many seeds, in their order."""
    text = "\n".join(f"{one.seed} {one.digest}" for one in outcomes)
    return hashlib.sha256(text.encode()).hexdigest()


def _show(bad: Sequence[Outcome]) -> None:
    """Show what was found, with the command that tells its story."""
    kinds = Counter(what for one in bad for what in {found[1] for found in one.violations})
    for what, times in kinds.most_common():
        print(f"BROKEN in {times} seeds: {what}")
    for one in bad[:SHOWN]:
        print(f"seed {one.seed}: {reason(one)}")
        print(f"    python ops/simulation.py --seed {one.seed} --words")
    if len(bad) > SHOWN:
        print(f"and {len(bad) - SHOWN} seeds more")


def reason(outcome: Outcome) -> str:
    """Say in a line why a seed is bad."""
    if outcome.hung:
        return f"said nothing for {workers.HUNG_S:g} s and was ended"
    if outcome.crash:
        return f"the simulation broke: {outcome.crash}"
    at_s, what, text = outcome.violations[0]
    return f"at {at_s:.3f} s: {what}: {text}"


async def _twice(first: int, count: int, jobs: int) -> int:
    """Run each seed twice, in other processes and in another company; compare the hashes."""
    progress = _Progress(2 * count)
    one = await workers.run_all(ROOT, first, count, jobs, progress)
    two = await workers.run_all(ROOT, first, count, jobs + 1, progress)
    progress.end()
    differ = [a.seed for a, b in zip(one, two, strict=True) if a.digest != b.digest or not a.digest]
    for seed in differ[:SHOWN]:
        print(f"seed {seed}: two runs differ")
    print(
        f"{count} seeds from {first} twice: hashes {hash_of_all(one)[:HASH_SHOWN]} and "
        f"{hash_of_all(two)[:HASH_SHOWN]}; {len(differ)} differ"
    )
    return 1 if differ else 0
