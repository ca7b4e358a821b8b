"""What a run of the benchmark has found, as it is written to and read from JSON."""

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.bench.figures import Figure, Spread
from gateway.bench.processes import Used
from gateway.bench.proofs import Proof


class Verdict(StrEnum):
    """What one step says about its rate.

    HELD: no backlog grew, everything was acknowledged, and every alert came. FELL_BEHIND: all that
    came too, but later and later. NOT_DRAINED: something did not come in time. LOAD_LATE: the load
    program was the limit; nobody is blamed. REFUSED: something acknowledged is not there.
    """

    HELD = "held"
    FELL_BEHIND = "fell behind"
    NOT_DRAINED = "not drained"
    LOAD_LATE = "load late"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """One rate, held once.

    Attributes:
        system: Its key.
        commit_ms: What commits were slowed down by.
        round: From 1.
        rate: Offered, messages a second; for a direct system what went in.
        growth_per_s: Of the backlog: the larger one of unacknowledged and unstored messages.
        closed: Connections that the system closed.
        ack, kept, row, seen: From when a message was due: to its acknowledgement, to the commit of
            its own row, to the commit of its alarm row, to its alert (calls only in the last two).
        late_p99_ms: Of the load program itself; contained in all latencies.
        load_share: Of one processor, used by the load program while it offered.
    """

    system: str
    commit_ms: int
    round: int
    rate: float
    seconds: float
    offered: int
    acked: int
    verdict: Verdict
    growth_per_s: float
    closed: int
    ack: Spread | None
    kept: Spread | None
    row: Spread | None
    seen: Spread | None
    late_p99_ms: float
    load_share: float
    used: dict[str, Used]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Row:
    """One system in one mode, all rounds together.

    Attributes:
        direct: Whether it was poured into, without a network or a ladder.
        absent: Why it is not here; then nothing else is filled.
        refused: What was wrong, in numbers, or how it failed; then no rate may be printed.
        sustained: Messages a second; None when not even the lowest rate held, or when refused.
        limit: What ended the climbs, when it was not the system.
        at_rate: The highest rate that held in every round: the latencies below are of it.
        used: Of each part there: CPU microseconds a message, and peak memory in MiB.
    """

    system: str
    name: str
    commit_ms: int
    stores: bool
    durable_ack: bool
    direct: bool
    absent: str = ""
    refused: str = ""
    sustained: Figure | None = None
    limit: str = ""
    at_rate: float | None = None
    figures: dict[str, Figure] = field(default_factory=dict)
    worst_ack_ms: float | None = None
    used: dict[str, dict[str, Figure]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a later run needs of a `Result`, whatever else its version wrote."""

    date: str
    connections: int
    seconds: float
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Result:
    """One run.

    Attributes:
        date: When it began, UTC, ISO 8601.
        command: Its options, as text.
        machine: Processor, cores, kernel and their like.
        figures: Everything that a second run is compared by, named system/commit/what.
    """

    date: str
    command: str
    connections: int
    seconds: float
    rounds: int
    rates: list[float]
    machine: dict[str, str]
    rows: list[Row]
    steps: list[Step]
    figures: dict[str, Figure]
