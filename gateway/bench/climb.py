"""The whole run: modes, rounds, systems, rising rates.

In each mode every round visits every system, each round beginning with another one, so that
whatever else the machine does hits all alike. A visit starts the system afresh on an empty folder,
climbs its ladder and stops it: no system idles, vacuums or checkpoints beside another. The lowest
rate is offered once before, so that what a system does only once is in no figure; nothing may be
lost in it all the same. A climb ends after two rates in a row that did not hold, and at once when a
system did not drain or is refused.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.bench.loading import Load
from gateway.bench.messages import Order
from gateway.bench.rawfile import RawFile, raw_file
from gateway.bench.result import Step, Verdict
from gateway.bench.server import SEARCHABLE
from gateway.bench.step import Where, judge, pour_step, run_step
from gateway.bench.system import Direct, NotHere, System, SystemFailed, Told

MISSES_MAX = 2
AT_ONCE = (Verdict.NOT_DRAINED, Verdict.REFUSED)


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is told.

    Attributes:
        rates: Messages a second, rising.
        seconds: How long each is offered.
        rounds: How often the whole is repeated; the noise is between them.
        commits_ms: What commits are slowed down by: one table each.
        connections: Devices, each on a connection of its own.
        drain_s: How long acknowledgements may come after the last message was due.
        out: Where files go; there.
    """

    rates: tuple[float, ...]
    seconds: float
    rounds: int
    commits_ms: tuple[int, ...]
    connections: int
    drain_s: float
    out: Path


@dataclass(slots=True)
class Found:
    """What the visits have found so far.

    Attributes:
        absent: System -> what is missing on this machine.
        failed: System -> how it failed.
        versions: System -> part -> version.
    """

    steps: list[Step] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a new folder that PostgreSQL's own user can pass; it is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lifeline-bench-"))
    folder.chmod(SEARCHABLE)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Run:
    """One run over some systems.

    Attributes:
        say: Told what begins, in words.
        stepped: Told of each step when it is judged.
    """

    options: Options
    say: Callable[[str], None]
    stepped: Callable[[Step], None]
    found: Found = field(default_factory=Found)

    async def all(self, systems: Sequence[System | Direct]) -> Found:
        """Visit every system in every mode and round; one that is missing or fails no more."""
        for commit_ms in self.options.commits_ms:
            for number in range(self.options.rounds):
                first = number % max(1, len(systems))
                for system in (*systems[first:], *systems[:first]):
                    if system.key not in {**self.found.absent, **self.found.failed}:
                        self.say(f"commits +{commit_ms} ms, round {number + 1}: {system.name}")
                        await self._visit(system, commit_ms, number + 1)
        return self.found

    async def _visit(self, system: System | Direct, commit_ms: int, number: int) -> None:
        with scratch() as folder:
            inner = folder / "system"
            inner.mkdir(mode=SEARCHABLE)
            told = Told(inner, self.options.connections, commit_ms)
            where = Where(system.key, commit_ms, number, self.options.drain_s, folder)
            try:
                if isinstance(system, Direct):
                    self.found.versions[system.key] = dict(await system.open(told))
                    self._note(await pour_step(system, 1, self.options.seconds, where))
                else:
                    await self._climb(system, told, where)
            except NotHere as missing:
                self.found.absent[system.key] = str(missing)
                self.say(f"not here: {missing}")
            except SystemFailed as failed:
                self.found.failed[system.key] = str(failed)
                self.say(f"failed: {failed}")
            finally:
                await system.stop()

    async def _climb(self, system: System, told: Told, where: Where) -> None:
        target = await system.start(told)
        self.found.versions[system.key] = dict(target.versions)
        load = await Load.start(where.scratch / "load.log")
        try:
            await load.connect(target)
            with raw_file(self.options.out, where) as raw:
                await self._rungs(system, load, where, raw)
        finally:
            await load.stop()

    async def _rungs(self, system: System, load: Load, where: Where, raw: RawFile) -> None:
        calls = missed = 0
        for number, rate in enumerate((self.options.rates[0], *self.options.rates)):
            order = Order(number, rate, self.options.seconds, calls)
            calls += order.calls
            observed = await run_step(system, load, order, where)
            step = judge(where, observed)
            if number == 0 and not (step.closed or step.verdict in AT_ONCE):
                continue
            raw.write(observed)
            self._note(step)
            missed = 0 if step.verdict is Verdict.HELD else missed + 1
            if missed == MISSES_MAX or step.closed or step.verdict in AT_ONCE:
                return

    def _note(self, step: Step) -> None:
        self.found.steps.append(step)
        self.stepped(step)
