"""One rate, offered once to one running system: load, counting, settling, proof, verdict."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.bench.answers import NEVER
from gateway.bench.figures import growth, holds, percentile, spread
from gateway.bench.loading import Load, Samples
from gateway.bench.messages import NS, Order
from gateway.bench.processes import Meter, Used
from gateway.bench.proofs import Proof, prove
from gateway.bench.result import Step, Verdict
from gateway.bench.system import STILL_S, Direct, Stored, System

SETTLE_S = 30.0
COUNT_EVERY_S = 0.25
# Beyond this the load program was the limit: it competes for the processors with what it measures.
LATE_P99_S = 0.05
LOAD = "load program"


@dataclass(frozen=True, slots=True)
class Where:
    """Which climb a step belongs to, how long it may drain, and where its samples pass through."""

    system: str
    commit_ms: int
    round: int
    drain_s: float
    scratch: Path


@dataclass(frozen=True, slots=True)
class Observed:
    """All that was seen of one step.

    Attributes:
        unstored_growth_per_s: How fast messages piled up before storage; 0 where acknowledged
            means stored.
        drained: Whether everything acknowledged arrived, or nothing more came.
    """

    samples: Samples
    stored: Stored
    proof: Proof
    unstored_growth_per_s: float
    used: Mapping[str, Used]
    drained: bool


async def run_step(system: System, load: Load, order: Order, where: Where) -> Observed:
    """Offer one rate.

    Raises:
        SystemFailed: the load program or the system has ended.
    """
    before = await system.count()
    meter = Meter({**await system.parts(), LOAD: [load.pid]})
    file = where.scratch / "samples"
    began_ns = await load.begin(order, where.drain_s, file)
    meter.begin()
    looking = asyncio.create_task(meter.keep_looking())
    counting = asyncio.create_task(_untaken_growth(system, order, before, began_ns / NS))
    try:
        samples = await load.ended(order, began_ns, where.drain_s, file)
        untaken, used = await counting, meter.end()
    finally:
        for task in (looking, counting):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    drained = system.durable_ack or await _settled(system, before + samples.said.acked)
    if drained:
        stored, proof = await _proved(system, samples, before)
    else:
        stored, proof = await system.stored(order.step), Proof(samples.said.acked)
    unstored = 0.0 if system.durable_ack else unstored_growth(samples, stored)
    return Observed(samples, stored, proof, max(untaken, unstored), used, drained)


async def pour_step(system: Direct, step: int, seconds: float, where: Where) -> Step:
    """Let a direct system take as much as it can."""
    before = (await system.stored(step)).count
    meter = Meter(await system.parts())
    meter.begin()
    looking = asyncio.create_task(meter.keep_looking())
    try:
        poured = await system.pour(step, seconds)
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
    used = meter.end()
    missing = poured.messages - ((await system.stored(step)).count - before)
    proof = Proof(poured.messages, lost=max(0, missing))
    batches = spread(list(poured.batches_s))
    return Step(
        system=where.system,
        commit_ms=where.commit_ms,
        round=where.round,
        rate=poured.messages / poured.took_s,
        seconds=poured.took_s,
        offered=poured.messages,
        acked=poured.messages,
        verdict=Verdict.REFUSED if proof.is_refused else Verdict.HELD,
        growth_per_s=0.0,
        closed=0,
        ack=batches,
        kept=batches,
        row=None,
        seen=None,
        late_p99_ms=0.0,
        load_share=0.0,
        used=used,
        proof=proof,
    )


async def _untaken_growth(system: System, order: Order, before: int, began_s: float) -> float:
    """Say how fast messages pile up before a system that stores nothing; it can only be asked."""
    if system.stores:
        return 0.0
    behind: list[tuple[float, float]] = []
    for share in (0.5, 1.0):
        await asyncio.sleep(max(0.0, began_s + share * order.seconds - time.time()))
        at_s = min(time.time() - began_s, order.seconds)
        behind.append((at_s, at_s * order.rate - (await system.count() - before)))
    (half_s, half), (end_s, end) = behind
    return (end - half) / max(end_s - half_s, COUNT_EVERY_S)


def unstored_growth(samples: Samples, stored: Stored) -> float:
    """Say how fast messages pile up before storage, from the times of the rows' commits.

    Counting rows while they are written would measure the counting, and where in its last batch a
    system happened to be.
    """
    if stored.commits is None:
        return 0.0
    began_s = samples.began_ns / NS
    done_s = [at - began_s for at in stored.commits.values()]
    return growth(_due_s(samples.order), done_s, samples.order.seconds)


async def _settled(system: System, expected: int) -> bool:
    """Wait until all is there, or nothing more comes; False while it still comes at the limit."""
    limit_s = time.monotonic() + SETTLE_S
    count = await system.count()
    changed_s = time.monotonic()
    while count < expected and time.monotonic() - changed_s < STILL_S:
        if time.monotonic() > limit_s:
            return False
        await asyncio.sleep(COUNT_EVERY_S)
        now = await system.count()
        if now != count:
            count, changed_s = now, time.monotonic()
    return True


async def _proved(system: System, samples: Samples, before: int) -> tuple[Stored, Proof]:
    """Compare; what others only just acknowledged gets STILL_S to arrive, we get none."""
    acked = samples.acked_at()

    async def look() -> tuple[Stored, Proof]:
        stored = await system.stored(samples.order.step)
        return stored, prove(
            acked, stored, before, stores=system.stores, durable_ack=system.durable_ack
        )

    found = await look()
    if found[1].is_refused and not system.durable_ack:
        await asyncio.sleep(STILL_S)
        found = await look()
    return found


def judge(where: Where, observed: Observed) -> Step:
    """Put together what a step says."""
    samples, order = observed.samples, observed.samples.order
    unstored = observed.unstored_growth_per_s
    return Step(
        system=where.system,
        commit_ms=where.commit_ms,
        round=where.round,
        rate=order.rate,
        seconds=order.seconds,
        offered=order.offered,
        acked=samples.said.acked,
        verdict=_verdict(observed),
        growth_per_s=max(_unacked_growth(samples), unstored),
        closed=samples.said.closed,
        ack=spread(samples.latencies_s(samples.acked_ns)),
        kept=spread(committed_s(samples, observed.stored.commits or {})),
        row=spread(committed_s(samples, observed.stored.alarms)),
        seen=spread(samples.latencies_s(samples.seen_ns)),
        late_p99_ms=_late_p99_s(samples) * 1_000,
        load_share=samples.said.cpu_s / max(samples.said.wall_s, 1e-9),
        used=dict(observed.used),
        proof=observed.proof,
    )


def committed_s(samples: Samples, commits: Mapping[str, float]) -> list[float]:
    """Seconds from when each message was due to the commit of its row."""
    order = samples.order
    return [
        at - (samples.began_ns + order.due_ns(number)) / NS
        for number in range(order.offered)
        if (at := commits.get(order.id(number))) is not None
    ]


def _late_p99_s(samples: Samples) -> float:
    late_s = samples.late_s
    return percentile(late_s, 0.99) if late_s else samples.order.seconds


def _verdict(observed: Observed) -> Verdict:
    samples, order = observed.samples, observed.samples.order
    if observed.proof.is_refused:
        return Verdict.REFUSED
    if not observed.drained or samples.said.acked < order.offered or samples.unseen:
        return Verdict.NOT_DRAINED
    is_late = _late_p99_s(samples) > LATE_P99_S
    # A late load program offers less: when the backlog of what it did offer grows all the same,
    # it is the system that falls behind.
    unacked = _unacked_growth(samples, since_queued=is_late)
    if not holds(max(unacked, observed.unstored_growth_per_s), order.rate):
        return Verdict.FELL_BEHIND
    return Verdict.LOAD_LATE if is_late else Verdict.HELD


def _unacked_growth(samples: Samples, *, since_queued: bool = False) -> float:
    order = samples.order
    due_s = _due_s(order)
    if since_queued:
        due_s = sorted(at / NS for at in samples.queued_ns if at != NEVER)
    return growth(due_s, [at / NS for at in samples.acked_ns if at != NEVER], order.seconds)


def _due_s(order: Order) -> Sequence[float]:
    return [order.due_ns(number) / NS for number in range(order.offered)]
