"""What a person reads: the tables, and whether two runs agree."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from gateway.bench.figures import Figure
from gateway.bench.result import Earlier, Result, Row, Step
from gateway.bench.summing import by_round, latencies

WIDTH = 170
DASH = "-"
EACH_RATE = (
    "ack_p50_ms", "ack_p99_ms", "stored_p99_ms", "row_p99_ms", "alert_p99_ms", "load_late_p99_ms"
)  # fmt: skip
READ_ME = (
    "Sustained: the highest offered rate at which no backlog grew and everything was acknowledged "
    "and found stored. ± is the noise: the distance between the lowest and the highest round, at "
    "least one rung of the ladder or 0.1 ms (of a single round: that alone). Every latency counts "
    "from when the message was due. ack: until its PUBACK was read (durable: that promises "
    "storage; a broker's does not). stored, alarm row: until the commit of its row, of its alarm's "
    "row, began. alert: until it was read; for the gateway the receipt 'stored' on `down`. The "
    "gateway runs whole: secrets, receipts, raw messages, reasons, a decision and a referral for "
    "each press; the peers have one rule and no people."
)


def show(console: Console, result: Result) -> None:
    """Print the tables of a run."""
    for commit_ms in sorted({row.commit_ms for row in result.rows}):
        rows = [row for row in result.rows if row.commit_ms == commit_ms]
        console.print(_overview(rows, commit_ms, result))
        console.print(_parts(rows))
        steps = [step for step in result.steps if step.commit_ms == commit_ms]
        console.print(_rungs(rows, steps))
    for row in result.rows:
        if row.refused:
            console.print(f"[bold red]REFUSED[/] {row.name}, +{row.commit_ms} ms: {row.refused}")
        if row.absent:
            console.print(f"not here: {row.name}: {row.absent}")
    console.print(READ_ME)
    console.print("; ".join(f"{key}: {value}" for key, value in result.machine.items()))


def agreement(console: Console, now: Result, earlier: Earlier | Result) -> int:
    """Print for each figure that both runs have whether they agree; give how many do not."""
    table = Table(title=f"This run and the one of {earlier.date}", title_justify="left")
    for name in ("figure", "earlier", "now", "agrees"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    apart = 0
    common = [name for name in now.figures if name in earlier.figures]
    for name in common:
        one, other = now.figures[name], earlier.figures[name]
        agrees = one.agrees(other)
        apart += not agrees
        table.add_row(name, _shown(other), _shown(one), "yes" if agrees else "[bold]NO[/]")
    console.print(table)
    console.print(
        f"{len(common) - apart} of {len(common)} figures agree; "
        f"{len(now.figures.keys() ^ earlier.figures.keys())} stand in one of the runs only"
    )
    if (now.connections, now.seconds) != (earlier.connections, earlier.seconds):
        console.print(
            f"not the same thing was measured: {earlier.connections} connections and "
            f"{earlier.seconds:g} s a rate then, {now.connections} and {now.seconds:g} s now"
        )
    return apart


def verdict_line(step: Step) -> str:
    """Give one line for a step that has just been judged."""
    ack = DASH if step.ack is None else f"p50 {step.ack.p50_ms:.1f} p99 {step.ack.p99_ms:.1f} ms"
    wrong = f": {step.proof.why()}" if step.proof.is_refused else ""
    return (
        f"  {step.rate:>9,.0f}/s  {step.acked:,} of {step.offered:,} acknowledged, {ack}, "
        f"{step.verdict}{wrong}"
    )


def _overview(rows: Sequence[Row], commit_ms: int, result: Result) -> Table:
    how = "commits as fast as the disk is" if not commit_ms else f"+{commit_ms} ms a commit"
    table = Table(
        title=f"{how}; {result.connections} connections, {result.seconds:g} s a rate, "
        f"{result.rounds} rounds; {result.date}",
        title_justify="left",
    )
    table.add_column("system")
    table.add_column("stores")
    for name in ("sustained /s", "at /s", "ack p50 ms", "ack p99 ms", "ack max ms",
                 "stored p99 ms", "alarm row p99 ms", "alert p99 ms"):  # fmt: skip
        table.add_column(name, justify="right")
    for row in rows:
        stores = ("yes, durable ack" if row.durable_ack else "yes") if row.stores else "no"
        if row.absent or row.refused:
            table.add_row(row.name, stores, "not here" if row.absent else "[bold red]REFUSED[/]")
            continue
        table.add_row(
            row.name,
            stores,
            _shown(row.sustained) + (" *" if row.limit else ""),
            DASH if row.at_rate is None else f"{row.at_rate:,.0f}",
            *(_shown(row.figures.get(name)) for name in ("ack_p50_ms", "ack_p99_ms")),
            DASH if row.worst_ack_ms is None else f"{row.worst_ack_ms:,.1f}",
            *(
                _shown(row.figures.get(name))
                for name in ("stored_p99_ms", "row_p99_ms", "alert_p99_ms")
            ),
        )
    limits = sorted({row.limit for row in rows if row.limit})
    table.caption = "; ".join(f"* {limit}" for limit in limits) or None
    table.caption_justify = "left"
    return table


def _parts(rows: Sequence[Row]) -> Table:
    table = Table(title="What a message costs, at that rate", title_justify="left")
    for name in ("system", "part", "CPU us a message", "peak memory MiB"):
        table.add_column(name, justify="left" if name in ("system", "part") else "right")
    for row in rows:
        for part, used in row.used.items():
            table.add_row(row.name, part, _shown(used["cpu_us"]), _shown(used["peak_mib"]))
    return table


def _rungs(rows: Sequence[Row], steps: Sequence[Step]) -> Table:
    table = Table(title="Every rate", title_justify="left")
    for name in ("system", "rate /s", "rounds", "ack p50 ms", "ack p99 ms", "stored p99 ms",
                 "alarm row p99 ms", "alert p99 ms", "load late p99 ms"):  # fmt: skip
        table.add_column(name, justify="left" if name in ("system", "rounds") else "right")
    for row in rows:
        quiet = row.refused or row.direct
        mine = [] if quiet else [step for step in steps if step.system == row.system]
        for rate in sorted({step.rate for step in mine}):
            here = [step for step in mine if step.rate == rate]
            words = [step.verdict.value for one in by_round(here) for step in one]
            counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
            found = latencies(here)
            table.add_row(
                row.name, f"{rate:,.0f}", counted, *(_shown(found.get(name)) for name in EACH_RATE)
            )
    return table


def _shown(figure: Figure | None) -> str:
    if figure is None:
        return DASH
    digits = 0 if max(figure.middle, figure.noise) >= 1_000 else 1
    return f"{figure.middle:,.{digits}f} ± {figure.noise:,.{digits}f}"
