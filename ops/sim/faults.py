"""Everything that goes wrong in a run: chosen from the seed beforehand, met where it is due.

    plan       which faults, when, for how long; a crash or freeze also at which step
    Weather    what the simulated parts ask at every step: is it slow, cut, lost, dead?

Every fault ends before `calm_s`; what is still wrong after that is the gateway's.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from ops.sim.choice import Choice

CALM_S = 80.0
STEPS = (
    "begin", "commit", "rollback", "connect", "senders", "add_subjects", "lock_subjects",
    "claim_receipts", "other_content", "facts_persons", "facts_services", "save_subjects",
    "save_alarms", "save_referrals", "save_tasks", "add_decisions", "add_audit", "add_outbox",
    "add_packets", "save_verdicts", "copy_packets", "heard", "add_inbox", "lock_due_subjects",
    "take_inbox", "inbox_subjects", "claim_outbox", "lock_subject", "end_outbox", "retry_outbox",
    "desk_deliver", "desk_update", "receiving", "mark_lost", "notify", "send", "answer",
)  # fmt: skip

WORST = ("commit", "commit", "send", "answer", "claim_outbox", "end_outbox", "save_subjects")
"""Where a fault does the most harm: half of those at a step strike there."""
WORST_SHARE = 0.5
AT_A_STEP_SHARE = 0.4


class Kind(StrEnum):
    """What can go wrong."""

    DIES = "process dies"
    FREEZES = "process freezes"
    DATABASE_STOPS = "database stops"
    DATABASE_CRASHES = "database crashes"
    DATABASE_SLOW = "database slow"
    DATABASE_HANGS = "database hangs"
    DISK_FULL = "disk full"
    CUT_BEFORE = "connection cut before"
    CUT_AFTER = "connection cut after"
    NETWORK = "network loses"
    CLOCK_AHEAD = "clock ahead"
    CLOCK_BEHIND = "clock behind"
    FAR_SILENT = "receiver silent"
    FAR_LATE = "receiver late"
    FAR_REFUSES = "receiver refuses"
    NOTICES_FAIL = "notices fail"
    OPERATORS_VANISH = "operators vanish"


AT_A_STEP = (Kind.DIES, Kind.FREEZES, Kind.CUT_BEFORE, Kind.CUT_AFTER)


@dataclass(slots=True)
class Fault:
    """One fault: from when, for how long, at whom; at a step, at which of its times."""

    kind: Kind
    from_s: float
    for_s: float
    whom: str
    step: str = ""
    side: str = "before"
    countdown: int = 0
    is_met: bool = False

    @property
    def until_s(self) -> float:
        """Give when it is over."""
        return self.from_s + self.for_s


@dataclass(slots=True)
class Weather:
    """What is wrong just now."""

    plan: list[Fault]
    choice: Choice
    current: set[tuple[Kind, str]] = field(default_factory=set)
    armed: set[tuple[str, str, str]] = field(default_factory=set)
    latency_s: float = 0.0008
    loss: float = 0.02
    doubling: float = 0.05
    delay: float = 0.05

    def __post_init__(self) -> None:
        self.armed = {
            (fault.whom, fault.step, fault.side) for fault in self.plan if fault.kind in AT_A_STEP
        }

    def now_is(self, kind: Kind, whom: str = "") -> bool:
        """Say whether a lasting fault holds at the moment."""
        return (kind, whom) in self.current

    def due_at_step(self, whom: str, step: str, side: str, at_s: float) -> Fault | None:
        """Give the fault that strikes at this step of this process, once."""
        for fault in self.plan:
            if fault.is_met or fault.kind not in AT_A_STEP or at_s < fault.from_s:
                continue
            if (fault.whom, fault.step, fault.side) == (whom, step, side):
                fault.countdown -= 1
                if fault.countdown <= 0:
                    fault.is_met = True
                    return fault
        return None


def make_weather(choice: Choice, processes: tuple[str, ...]) -> Weather:
    """Choose a run's faults; some runs have none, most have several."""
    plan: list[Fault] = []
    for _ in range(choice.one((0, 1, 2, 4, 6, 8, 10))):
        kind = choice.one(AT_A_STEP if choice.chance(AT_A_STEP_SHARE) else tuple(Kind))
        from_s = choice.between(1, CALM_S * 0.6)
        for_s = min(choice.one((0.5, 2, 5, 12, 30, 45)), CALM_S - from_s)
        whom = choice.one(processes) if kind in (*AT_A_STEP, *_CLOCKS) else ""
        fault = Fault(kind, from_s, for_s, whom)
        if kind in AT_A_STEP:
            fault.step = choice.one(WORST if choice.chance(WORST_SHARE) else STEPS)
            fault.side = choice.one(("before", "after"))
            fault.countdown = choice.whole(1, 3)
        plan.append(fault)
    weather = Weather(plan, choice.named("weather"))
    weather.loss = choice.one((0.0, 0.02, 0.2))
    weather.doubling = choice.one((0.0, 0.05, 0.3))
    weather.delay = choice.one((0.0, 0.05, 0.3))
    return weather


_CLOCKS = (Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND)
