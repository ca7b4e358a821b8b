"""Runs of many seeds in processes of their own, so that a hung or broken seed ends alone.

A worker (`python ops/simulation.py --worker …`) writes one JSON line a seed. A worker that says
nothing for HUNG_S is ended and its seed is named; another goes on with the next one.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HUNG_S = 120.0
"""A seed takes a second; a machine with other work ten times that."""
MAX_LINE_BYTES = 4 * 1_048_576
ENDING_S = 5.0


@dataclass(frozen=True, slots=True)
class Seeds:
    """Which seeds one worker runs; it stops at the first failure when `until_found`."""

    first: int
    last: int
    step: int = 1
    until_found: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed; `crash` is what broke the simulation, `hung` that it never ended."""

    seed: int
    digest: str = ""
    violations: tuple[tuple[float, str, str], ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    crash: str = ""
    hung: bool = False

    @property
    def is_good(self) -> bool:
        """Say whether nothing was broken."""
        return not (self.violations or self.crash or self.hung)


def work(seeds: Seeds) -> int:
    """Run seeds in this process and write a line for each; the worker's side."""
    from ops.sim.world import run_seed  # noqa: PLC0415 - the parent never needs it

    for seed in range(seeds.first, seeds.last + 1, seeds.step):
        said: dict[str, Any] = {"seed": seed}
        try:
            result = run_seed(seed)
        except Exception as error:  # noqa: BLE001 - told with its seed, and the next one runs
            said["crash"] = _where(error)
        else:
            said["digest"] = result.digest
            said["counters"] = result.counters
            said["violations"] = [(v.at_s, v.invariant, v.text) for v in result.violations]
        print(json.dumps(said), flush=True)
        if seeds.until_found and (said.get("crash") or said["violations"]):
            break
    return 0


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


async def run(root: Path, seeds: Seeds) -> AsyncIterator[Outcome]:
    """Run seeds in a worker over the tree at `root`; give each outcome as it comes."""
    first = seeds.first
    while first <= seeds.last:
        worker = await _start(root, Seeds(first, seeds.last, seeds.step, seeds.until_found))
        try:
            async for outcome in _listen(worker, first, seeds.step):
                yield outcome
                first = outcome.seed + seeds.step
                if outcome.hung or (seeds.until_found and not outcome.is_good):
                    break
            else:
                if first <= seeds.last:
                    yield Outcome(first, crash=f"the worker ended with {await worker.wait()}")
                    first += seeds.step
        finally:
            await _end(worker)
        if seeds.until_found:
            return


async def _start(root: Path, seeds: Seeds) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(root / "ops" / "simulation.py"),
        "--worker",
        f"{seeds.first}:{seeds.last}:{seeds.step}:{int(seeds.until_found)}",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        limit=MAX_LINE_BYTES,
    )


async def _listen(
    worker: asyncio.subprocess.Process, first: int, step: int
) -> AsyncIterator[Outcome]:
    assert worker.stdout is not None  # a pipe, see _start
    expected = first
    while True:
        try:
            line = await asyncio.wait_for(worker.stdout.readline(), HUNG_S)
        except TimeoutError:
            yield Outcome(expected, hung=True)
            return
        if not line:
            return
        outcome = _outcome(json.loads(line))
        expected = outcome.seed + step
        yield outcome


def _outcome(said: dict[str, Any]) -> Outcome:
    return Outcome(
        seed=said["seed"],
        digest=said.get("digest", ""),
        violations=tuple((at_s, what, text) for at_s, what, text in said.get("violations", ())),
        counters=said.get("counters", {}),
        crash=said.get("crash", ""),
    )


async def _end(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is None:
        worker.kill()
    await asyncio.wait_for(worker.wait(), ENDING_S)


async def run_all(
    root: Path, first: int, count: int, jobs: int, tell: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run `count` seeds in `jobs` workers; give all outcomes in the order of their seeds."""
    outcomes: list[Outcome] = []

    async def one(number: int) -> None:
        last = first + count - 1
        async for outcome in run(root, Seeds(first + number, last, jobs)):
            outcomes.append(outcome)
            tell(outcome)

    await asyncio.gather(*(one(number) for number in range(min(jobs, count))))
    return sorted(outcomes, key=lambda one: one.seed)


def parse(text: str) -> Seeds:
    """Read what a worker is told to run: first:last:step:until_found."""
    first, last, step, until_found = (int(part) for part in text.split(":"))
    return Seeds(first, last, step, bool(until_found))


__all__: Sequence[str] = ("HUNG_S", "Outcome", "Seeds", "parse", "run", "run_all", "work")
