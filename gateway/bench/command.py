"""`lifeline bench`: which systems, how hard, where to; tables, files and the exit code."""

import asyncio
import io
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console

from gateway.bench import plot
from gateway.bench.climb import Found, Options, Run, scratch
from gateway.bench.machine import machine
from gateway.bench.ourselves import Lifeline
from gateway.bench.peers import peers
from gateway.bench.report import WIDTH, agreement, show, verdict_line
from gateway.bench.result import Earlier, Result, Row, Step, Verdict
from gateway.bench.summing import empty_row, filled, latencies, named
from gateway.bench.system import Direct, System
from gateway.errors import SettingsError

REFUSED = 1
TERMINATED = 143
RATES = (
    250.0, 500.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0, 8_000.0, 12_000.0, 16_000.0, 24_000.0,
    32_000.0,
)  # fmt: skip
SLOW_MS = 10
SECONDS = 2.0
# Two runs of five rounds each stand wholly apart by chance in 1 of 126 figures.
ROUNDS = 5
RESULT = "result.json"
QUICK_SYSTEMS = ("lifeline", "copy")
QUICK_RATES = (50.0, 150.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line; None is the default of the long or the short form."""

    quick: bool = False
    seconds: float | None = None
    rates: str | None = None
    systems: str | None = None
    commit_ms: int | None = None
    rounds: int | None = None
    connections: int | None = None
    out: Path = Path("lifeline-bench")
    compare: Path | None = None
    peers: Path = Path(".bench")

    def options(self) -> Options:
        """Give what a run is told.

        Raises:
            SettingsError: a rate is no number above 0, or they do not rise.
        """
        rates: tuple[float, ...] = QUICK_RATES if self.quick else RATES
        if self.rates is not None:
            rates = _rates(self.rates)
        slow_ms = self.commit_ms if self.commit_ms is not None else (0 if self.quick else SLOW_MS)
        return Options(
            rates=rates,
            seconds=self.seconds or SECONDS,
            rounds=self.rounds or (2 if self.quick else ROUNDS),
            commits_ms=(0, slow_ms) if slow_ms else (0,),
            connections=self.connections or (20 if self.quick else 200),
            drain_s=10.0,
            out=self.out,
        )

    def words(self) -> str:
        """Give the options that were named, for the result."""
        given = asdict(self)
        plain = asdict(Asked())
        return " ".join(f"{key}={given[key]}" for key in given if given[key] != plain[key])

    def chosen(self) -> list[System | Direct]:
        """Give the systems.

        Raises:
            SettingsError: one is not known.
        """
        known: list[System | Direct] = [Lifeline(), *peers(self.peers)]
        keys = [one.key for one in known]
        wanted: Sequence[str] = QUICK_SYSTEMS if self.quick else keys
        if self.systems is not None:
            wanted = [one.strip() for one in self.systems.split(",")]
        strange = sorted(set(wanted) - set(keys))
        if strange:
            raise SettingsError(f"no system {', '.join(strange)}: there are {', '.join(keys)}")
        return [one for one in known if one.key in wanted]


@dataclass(frozen=True, slots=True)
class Heading:
    """When, how and where a run was made."""

    date: str
    command: str
    machine: dict[str, str]


async def bench(asked: Asked) -> int:
    """Run the benchmark; give the exit code: 1 when a rate had to be refused.

    Raises:
        SettingsError: something in the command line is wrong; nothing was run.
    """
    systems, options = asked.chosen(), asked.options()
    earlier = read(asked.compare) if asked.compare is not None else None
    return await measure(systems, options, asked.words(), earlier)


async def measure(
    systems: Sequence[System | Direct], options: Options, command: str, earlier: Earlier | None
) -> int:
    """Run, print, write; give the exit code: 0, REFUSED, or TERMINATED when told to end."""
    options.out.mkdir(parents=True, exist_ok=True)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    with scratch() as folder:
        here = machine(folder)
    progress = Console(stderr=True, width=WIDTH, highlight=False)
    run = Run(options, progress.print, lambda step: progress.print(verdict_line(step)))
    found = await _until_told(run, systems)
    if found is None:
        return TERMINATED
    result = _result(systems, options, found, Heading(date, command, here))
    text = io.StringIO()
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    for one in (console, Console(file=text, width=WIDTH)):
        show(one, result)
        if earlier is not None:
            agreement(one, result, earlier)
    _write(options.out, result, text.getvalue())
    console.print(f"written to {options.out}: {RESULT}, table.txt, plots, raw samples")
    return REFUSED if any(row.refused for row in result.rows) else 0


def read(path: Path) -> Earlier:
    """Read the figures of an earlier run.

    Raises:
        SettingsError: it is no result of the benchmark.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Earlier)
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"cannot compare with {path}: {error}") from error


async def _until_told(run: Run, systems: Sequence[System | Direct]) -> Found | None:
    """Run; when we are told to end, end every process that was started, and give None."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(run.all(systems))
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await asyncio.wait({task})
        return None if task.cancelled() else task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})
        loop.remove_signal_handler(signal.SIGTERM)


def _result(
    systems: Sequence[System | Direct], options: Options, found: Found, heading: Heading
) -> Result:
    rows, figures = [], {}
    for commit_ms in options.commits_ms:
        for system in systems:
            row = _row(system, commit_ms, options, found)
            rows.append(row)
            figures.update(named(row, _steps(found, row)))
    return Result(
        date=heading.date,
        command=heading.command,
        connections=options.connections,
        seconds=options.seconds,
        rounds=options.rounds,
        rates=list(options.rates),
        machine=heading.machine,
        rows=rows,
        steps=found.steps,
        figures=figures,
    )


def _row(system: System | Direct, commit_ms: int, options: Options, found: Found) -> Row:
    row = empty_row(
        system, commit_ms, found.versions.get(system.key, {}), found.absent.get(system.key, "")
    )
    row = replace(row, refused=found.failed.get(system.key, ""))
    return filled(row, _steps(found, row), options.rates)


def _steps(found: Found, row: Row) -> list[Step]:
    return [
        step
        for step in found.steps
        if step.system == row.system and step.commit_ms == row.commit_ms
    ]


def _rates(text: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(one) for one in text.split(","))
    except ValueError as error:
        raise SettingsError(f"--rates {text}: expected numbers, as 100,200,400") from error
    if list(rates) != sorted(set(rates)) or rates[0] <= 0:
        raise SettingsError(f"--rates {text}: expected rising numbers above 0")
    return rates


def _write(out: Path, result: Result, table: str) -> None:
    (out / RESULT).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    (out / "table.txt").write_text(table, encoding="utf-8")
    for commit_ms in sorted({row.commit_ms for row in result.rows}):
        title = f"Acknowledged within, 99 of 100 messages (commits +{commit_ms} ms, {result.date})"
        text = plot.svg(title, _lines(result, commit_ms))
        (out / f"latency-{commit_ms}ms.svg").write_text(text, encoding="utf-8")


def _lines(result: Result, commit_ms: int) -> dict[str, list[plot.Point]]:
    """Give rate and p99 for the plot: systems whose rate was not refused, rates that drained."""
    lines = {}
    for row in result.rows:
        if row.commit_ms != commit_ms or row.absent or row.refused or row.direct:
            continue
        mine = [
            step
            for step in result.steps
            if (step.system, step.commit_ms) == (row.system, commit_ms)
            and step.verdict is not Verdict.NOT_DRAINED
        ]
        line = []
        for rate in sorted({step.rate for step in mine}):
            found = latencies([step for step in mine if step.rate == rate])
            if "ack_p99_ms" in found:
                line.append((rate, max(found["ack_p99_ms"].middle, 0.01)))
        lines[row.name] = line
    return lines
