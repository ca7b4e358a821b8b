"""Planted faults: mistakes of a tired programmer, kept as patches; each one must be found.

A judge that finds nothing in sound code proves little; one that finds each of these does. Every
patch of ops/chaos/mutants/ is applied to a copy of the code, and seeds are run until one breaks a
promise. A crash of Python that any test would show does not count as found.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.sim import patching, workers
from ops.sim.patching import Patch, PatchError
from ops.sim.workers import Outcome, Seeds

FOLDER = Path("ops") / "chaos" / "mutants"
TREE = ("alerts", "devices", "gateway", "ops/sim", "ops/simulation.py")
SEEDS = 1_000
WIDTH = 34

__all__ = ["PatchError", "command", "patches", "try_one"]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one planted fault."""

    patch: Patch
    outcome: Outcome | None
    took_s: float

    @property
    def is_found(self) -> bool:
        """Say whether a promise was seen broken."""
        return self.outcome is not None and bool(self.outcome.violations)

    @property
    def is_as_expected(self) -> bool:
        """Say whether the promise that the patch names was among those broken."""
        return self.outcome is not None and any(
            what == self.patch.found_by for _, what, _ in self.outcome.violations
        )


def patches(root: Path) -> list[Patch]:
    """Read all planted faults.

    Raises:
        PatchError: one of them cannot be read.
    """
    return [patching.read(path) for path in sorted((root / FOLDER).glob("*.patch"))]


async def try_one(root: Path, patch: Patch, seeds: int = SEEDS, first: int = 1) -> Found:
    """Plant one fault in a copy of the code and run seeds until it is found.

    Raises:
        PatchError: the patch does not fit.
    """
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lifeline-mutant-") as name:
        copy = Path(name)
        await asyncio.to_thread(_copy, root, copy)
        patching.apply(patch, copy)
        found: Outcome | None = None
        plan = Seeds(first, first + seeds - 1, until_found=True)
        async for outcome in workers.run(copy, plan):
            if not outcome.is_good:
                found = outcome
    return Found(patch, found, time.monotonic() - started_s)


def _copy(root: Path, copy: Path) -> None:
    for part in TREE:
        source, target = root / part, copy / part
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        else:
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


async def command(root: Path, jobs: int, only: str) -> int:
    """Try every planted fault; show the table; 0 when each one was found.

    Raises:
        PatchError: a patch cannot be read or does not fit.
    """
    chosen = [patch for patch in patches(root) if only in patch.name]
    for patch in chosen:
        patching.planted(patch, root)
    waiting = list(reversed(chosen))
    done: list[Found] = []

    async def work() -> None:
        while waiting:
            found = await try_one(root, waiting.pop())
            done.append(found)
            print(line(found), flush=True)

    print(f"{'planted fault':<{WIDTH}}  {'at seed':>7}  {'s':>5}  broken promise")
    await asyncio.gather(*(work() for _ in range(jobs)))
    missed = sorted(one.patch.name for one in done if not one.is_found)
    print(f"{len(done) - len(missed)} of {len(done)} planted faults found")
    for name in missed:
        print(f"NOT FOUND: {name}")
    return 1 if missed or not done else 0


def line(found: Found) -> str:
    """Give a row of the table."""
    return f"{found.patch.name:<{WIDTH}}  {_seed(found):>7}  {found.took_s:>5.0f}  {_what(found)}"


def _seed(found: Found) -> str:
    return "-" if found.outcome is None else str(found.outcome.seed)


def _what(found: Found) -> str:
    outcome = found.outcome
    if outcome is None:
        return f"none in {SEEDS} seeds; expected {found.patch.found_by}"
    if not outcome.violations:
        return "the simulation hung" if outcome.hung else f"only a crash: {outcome.crash}"
    names: Sequence[str] = list(dict.fromkeys(what for _, what, _ in outcome.violations))
    expected = found.patch.found_by
    shown = expected if expected in names else f"{names[0]} (expected {expected})"
    text = next(text for _, what, text in outcome.violations if shown.startswith(what))
    return f"{shown}: {text}"
