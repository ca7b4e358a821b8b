"""What the benchmark says of one offered rate: held, fell behind, or nobody's fault."""

from array import array
from dataclasses import replace
from pathlib import Path

from gateway.bench.answers import Said
from gateway.bench.figures import holds
from gateway.bench.loading import Samples
from gateway.bench.messages import NS, Order
from gateway.bench.processes import Used
from gateway.bench.proofs import Proof
from gateway.bench.result import Step, Verdict
from gateway.bench.step import Observed, Where, judge, unstored_growth
from gateway.bench.summing import empty_row, filled, held_in_all, named
from gateway.bench.system import Stored
from tests.gateway.bench_house import SmallSystem

BEGAN_NS = 1_795_387_225_000_000_000
WHERE = Where("small", 0, 1, 1.0, Path())


def samples(rate: float, queued_s: float, ack_s: float, ratio: float = 1.0) -> Samples:
    order = Order(1, rate, 4.0)
    due_ns = [order.due_ns(number) for number in range(order.offered)]
    queued = array("q", [at + int(queued_s * NS) for at in due_ns])
    acked = array("q", [int((at + ack_s * NS) * ratio) for at in due_ns])
    return Samples(order, BEGAN_NS, queued, acked, acked, Said(acked=order.offered))


def judged(taken: Samples, unstored: float = 0.0, *, lost: int = 0, drained: bool = True) -> Step:
    proof = Proof(taken.said.acked, lost=lost)
    return judge(WHERE, Observed(taken, Stored(0, {}, {}), proof, unstored, {}, drained))


def test_the_verdict_on_a_rate() -> None:
    assert judged(samples(500, 0.0, 0.01)).verdict is Verdict.HELD
    assert judged(samples(500, 0.0, 0.01, ratio=1.5)).verdict is Verdict.FELL_BEHIND
    assert judged(samples(500, 0.0, 0.01), unstored=100.0).verdict is Verdict.FELL_BEHIND
    assert judged(samples(500, 0.0, 0.01), drained=False).verdict is Verdict.NOT_DRAINED
    assert judged(samples(500, 0.0, 0.01), lost=1).verdict is Verdict.REFUSED


def test_a_late_load_program_makes_a_step_invalid_and_blames_nobody() -> None:
    assert judged(samples(500, 0.2, 0.21)).verdict is Verdict.LOAD_LATE
    assert judged(samples(500, 0.2, 0.21, ratio=1.5)).verdict is Verdict.FELL_BEHIND


def commits_in_batches(taken: Samples, batch_s: float, ratio: float) -> Stored:
    began_s = taken.began_ns / NS
    commits = {}
    for number in range(taken.order.offered):
        due_s = taken.order.due_ns(number) / NS * ratio
        commits[taken.order.id(number)] = began_s + (due_s // batch_s + 1) * batch_s
    return Stored(len(commits), commits, {})


def test_storing_in_batches_is_no_growing_backlog_and_storing_too_slowly_is_one() -> None:
    taken = samples(500, 0.0, 0.01)

    assert holds(unstored_growth(taken, commits_in_batches(taken, 0.2, 1.0)), 500)
    assert not holds(unstored_growth(taken, commits_in_batches(taken, 0.2, 1.2)), 500)
    assert unstored_growth(taken, Stored(0, None, {})) == 0


def test_only_a_rate_that_held_in_every_round_is_common() -> None:
    held = judged(samples(500, 0.0, 0.01))
    again = replace(held, round=2)
    behind = replace(judged(samples(500, 0.0, 0.01, ratio=1.5)), round=2)

    assert held_in_all([held, again]) == [500]
    assert held_in_all([held, behind]) == []
    assert held_in_all([]) == []


def test_a_cost_is_compared_with_that_of_the_same_rate() -> None:
    slow = replace(judged(samples(500, 0.0, 0.01)), used={"server": Used(1.0, 9.0)})
    fast = replace(judged(samples(1_000, 0.0, 0.01)), used={"server": Used(1.0, 9.0)})
    row = filled(empty_row(SmallSystem(), 0, {}, ""), [slow, fast], [500, 1_000])
    figures = named(row, [slow, fast])

    assert figures["small/0ms/500/server/cpu_us"].middle == 500
    assert figures["small/0ms/1000/server/cpu_us"].middle == 250
