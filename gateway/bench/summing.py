"""From steps to rows and figures: medians of the rounds, their noise, what is refused. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gateway.bench.figures import Figure, Spread, figure, rung, sustained
from gateway.bench.result import Row, Step, Verdict
from gateway.bench.system import Direct, System

RESOLUTION_MS = 0.1
RESOLUTION_MIB = 1.0
RESOLUTION_CPU_S = 0.01
US_PER_S = 1_000_000
LATE = "load_late_p99_ms"
LATENCIES: dict[str, Callable[[Step], float | None]] = {
    "ack_p50_ms": lambda step: _of(step.ack, "p50_ms"),
    "ack_p99_ms": lambda step: _of(step.ack, "p99_ms"),
    "stored_p50_ms": lambda step: _of(step.kept, "p50_ms"),
    "stored_p99_ms": lambda step: _of(step.kept, "p99_ms"),
    "row_p50_ms": lambda step: _of(step.row, "p50_ms"),
    "row_p99_ms": lambda step: _of(step.row, "p99_ms"),
    "alert_p50_ms": lambda step: _of(step.seen, "p50_ms"),
    "alert_p99_ms": lambda step: _of(step.seen, "p99_ms"),
    LATE: lambda step: step.late_p99_ms,
}


def empty_row(
    system: System | Direct, commit_ms: int, versions: Mapping[str, str], absent: str
) -> Row:
    """Give the row of a system of which nothing is known yet."""
    return Row(
        system=system.key,
        name=system.name,
        commit_ms=commit_ms,
        stores=system.stores,
        durable_ack=not isinstance(system, Direct) and system.durable_ack,
        direct=isinstance(system, Direct),
        absent=absent,
        versions=dict(versions),
    )


def filled(row: Row, steps: Sequence[Step], rates: Sequence[float]) -> Row:
    """Sum up one system in one mode.

    Args:
        steps: All steps of it in this mode, in the order they were run.
        rates: The ladder.
    """
    if row.absent or row.refused or not steps:
        return row
    refused = [step for step in steps if step.verdict is Verdict.REFUSED]
    if refused:
        wrong = "; ".join(f"at {step.rate:,.0f}/s {step.proof.why()}" for step in refused)
        return replace(row, refused=wrong)
    rounds = by_round(steps)
    if row.direct:
        poured = [step.rate for step in steps]
        return replace(
            row,
            sustained=figure(poured, 0.0),
            at_rate=None,
            figures={k: v for k, v in latencies(steps).items() if k != LATE},
            worst_ack_ms=_worst(steps),
            used=_used(steps),
        )
    bests = [
        sustained([(step.rate, step.verdict is Verdict.HELD) for step in one]) for one in rounds
    ]
    known = [best for best in bests if best is not None]
    common = held_in_all(steps)
    at = [step for step in steps if common and step.rate == common[-1]]
    best = figure([best or 0.0 for best in bests], rung(rates, max(known))) if known else None
    return replace(
        row,
        sustained=best,
        limit=_limit(rounds, rates),
        at_rate=common[-1] if common else None,
        figures=latencies(at),
        worst_ack_ms=_worst(at),
        used=_used(at),
    )


def by_round(steps: Sequence[Step]) -> list[list[Step]]:
    """Give the steps of each round."""
    rounds: dict[int, list[Step]] = {}
    for step in steps:
        rounds.setdefault(step.round, []).append(step)
    return [rounds[number] for number in sorted(rounds)]


def held_in_all(steps: Sequence[Step]) -> list[float]:
    """Give the rates that held in every round, rising."""
    rounds = by_round(steps)
    held = [{step.rate for step in one if step.verdict is Verdict.HELD} for one in rounds]
    return sorted(set.intersection(*held)) if held else []


def latencies(steps: Sequence[Step]) -> dict[str, Figure]:
    """Give the latency figures of the steps of one rate."""
    found = {}
    for name, of in LATENCIES.items():
        values = [value for step in steps if (value := of(step)) is not None]
        if values:
            found[name] = figure(values, RESOLUTION_MS)
    return found


def named(row: Row, steps: Sequence[Step]) -> dict[str, Figure]:
    """Give all figures of a row under the names that a second run is compared by."""
    if row.absent or row.refused:
        return {}
    head = f"{row.system}/{row.commit_ms}ms"
    found = {} if row.sustained is None else {f"{head}/sustained_per_s": row.sustained}
    if row.at_rate is None:
        found |= {f"{head}/{name}": one for name, one in row.figures.items()}
        found |= _parts(head, row.used)
    for rate in held_in_all(steps) if row.at_rate is not None else []:
        here = [step for step in steps if step.rate == rate]
        found |= {f"{head}/{rate:g}/{name}": one for name, one in latencies(here).items()}
        found |= _parts(f"{head}/{rate:g}", _used(here))
    return found


def _parts(head: str, used: Mapping[str, Mapping[str, Figure]]) -> dict[str, Figure]:
    return {
        f"{head}/{part}/{name}": one
        for part, figures in used.items()
        for name, one in figures.items()
    }


def _used(steps: Sequence[Step]) -> dict[str, dict[str, Figure]]:
    parts = sorted({part for step in steps for part in step.used})
    return {
        part: {
            "cpu_us": figure(
                [
                    step.used[part].cpu_s * US_PER_S / max(1, step.acked)
                    for step in steps
                    if part in step.used
                ],
                RESOLUTION_CPU_S * US_PER_S / max(1, steps[0].acked),
            ),
            "peak_mib": figure(
                [step.used[part].peak_mib for step in steps if part in step.used], RESOLUTION_MIB
            ),
        }
        for part in parts
    }


def _limit(rounds: Sequence[Sequence[Step]], rates: Sequence[float]) -> str:
    """Say what ended the climbs, when it was not the system."""
    lasts = [one[-1] for one in rounds if one]
    if any(step.verdict is Verdict.LOAD_LATE for step in lasts):
        return "the load program was late: the system may hold more"
    if any(step.verdict is Verdict.HELD and step.rate >= max(rates) for step in lasts):
        return "the ladder ended: the system may hold more"
    return ""


def _worst(steps: Sequence[Step]) -> float | None:
    return max((step.ack.max_ms for step in steps if step.ack is not None), default=None)


def _of(spread: Spread | None, name: str) -> float | None:
    return None if spread is None else float(getattr(spread, name))
