"""What one activation costs: `python ops/bench/activation.py`.

Decides a press, a fall and smoke of a fresh case, of a case with an open alarm, and of a case at
the end of a long story, through `decide.on_signals`, and prints each median in microseconds. Then
it prints how big the stored case was on the way of the story: memory does not grow with history.
Exit code 1 when a median is above the goal.
"""

import argparse
import gc
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter_ns

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

import msgspec  # noqa: E402 - the checkout this file stands in comes first

from alerts import decide  # noqa: E402
from alerts.case import Case  # noqa: E402
from alerts.events import DeliveryEvent, Heard, OperatorEvent, ServiceEvent  # noqa: E402
from alerts.facts import Device, Facts, Person, Service  # noqa: E402
from alerts.ruleset import Rules  # noqa: E402
from alerts.words import (  # noqa: E402
    CloseReason,
    DeliveryAct,
    Disposition,
    OperatorAct,
    ServiceAct,
    SubjectKind,
)
from devices.model import Activation, ActivationKind  # noqa: E402
from gateway.rulebook import read_rules  # noqa: E402

T0 = datetime(2026, 11, 2, 6, 56, tzinfo=UTC)
GOAL_US = 100.0
ROUNDS = 15
PER_ROUND = 1_000
STEP = timedelta(minutes=7)
EVENTS_OF_AN_EPISODE = 7
SHOWN = 10


def house() -> Facts:
    """Give a person with a pendant, and the shipped services."""
    person = Person("wc", born=date(1951, 5, 1), postcode="LE1 1AA")
    service = Service("icrs", catchment=("LE",), capacity=5)
    return Facts(
        SubjectKind.PERSON, person=person, devices={"17": Device("17")}, services=(service,)
    )


def press(number: int, at: datetime, what: ActivationKind = ActivationKind.PENDANT) -> list[Heard]:
    """Give a press as it comes from a line."""
    return [Heard(f"r{number}", at, "17", "main", Activation("17", what, key=str(number)))]


class Story:
    """A case whose alarms are pressed, taken, referred, visited and closed without end."""

    def __init__(self) -> None:
        self.rules = read_rules()
        self.facts = house()
        self.case = decide.new_case("person:wc", T0)
        self.events = 0

    def episode(self) -> None:
        """Play one alarm from its press to its outcome: seven events and their timers."""
        now = self.case.as_of + STEP
        kind = ActivationKind.FALL if self.events % 35 == 0 else ActivationKind.PENDANT
        heard = press(self.events, now, kind)
        self.case = decide.on_signals(self.case, self.facts, self.rules, heard, now).case
        alarm = self.case.alarms[-1].id
        spoke = OperatorEvent(now, "op1", OperatorAct.SPOKE, alarm, text="on the way")
        ucr = Disposition.UCR
        self._tell(spoke)
        self._tell(OperatorEvent(now, "op1", OperatorAct.DECIDE, alarm, disposition=ucr))
        for referral in [one.id for one in self.case.referrals if one.alarm == alarm]:
            self._tell(DeliveryEvent(now, "icrs", DeliveryAct.ACKNOWLEDGED, referral))
            self._tell(ServiceEvent(now, "icrs", ServiceAct.ACCEPT, referral, by="nurse"))
            self._tell(ServiceEvent(now, "icrs", ServiceAct.OUTCOME, referral, outcome="home"))
        why = CloseReason.REASSURED
        self._tell(OperatorEvent(now, "op1", OperatorAct.CLOSE, alarm, close_reason=why))
        self.events += EVENTS_OF_AN_EPISODE

    def _tell(self, event: OperatorEvent | ServiceEvent | DeliveryEvent) -> None:
        self.case = decide.on_event(self.case, self.facts, self.rules, event, event.at).case


def median_us(case: Case, facts: Facts, rules: Rules, what: ActivationKind) -> float:
    """Give the median of one round, in microseconds."""
    now, took = case.as_of + timedelta(seconds=1), []
    for number in range(PER_ROUND):
        heard = press(1_000_000 + number, now, what)
        begun = perf_counter_ns()
        decide.on_signals(case, facts, rules, heard, now)
        took.append(perf_counter_ns() - begun)
    gc.collect()
    return statistics.median(took) / 1_000


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="length of the long story")
    asked = parser.parse_args(arguments)
    story = Story()
    fresh, sizes = story.case, list[tuple[int, int]]()
    opened = decide.on_signals(fresh, story.facts, story.rules, press(0, T0), T0).case
    show_every = max(1, asked.events // SHOWN)
    while story.events < asked.events:
        story.episode()
        if story.events // show_every > len(sizes):
            sizes.append((story.events, len(msgspec.json.encode(story.case))))
    cases = (("fresh", fresh), ("open alarm", opened), ("long history", story.case))
    whats = (ActivationKind.PENDANT, ActivationKind.FALL, ActivationKind.SMOKE)
    # The quietest of many rounds counts, because other work only ever adds. Each round takes every
    # line, so that a disturbance of seconds spoils a round and no line.
    rounds = [
        [median_us(case, story.facts, story.rules, what) for _, case in cases for what in whats]
        for _ in range(ROUNDS)
    ]
    costs = [min(of_line) for of_line in zip(*rounds, strict=True)]
    for cost, (name, what) in zip(costs, ((n, w) for n, _ in cases for w in whats), strict=True):
        print(f"{what:8} {name:13} {cost:7.1f} us")
    worst = max(costs)
    for events, size in sizes:
        print(f"after {events:9,} events the stored case has {size:9,} bytes")
    print(f"goal: at most {GOAL_US:.0f} us at the median; the dearest is {worst:.1f} us")
    return 0 if worst <= GOAL_US else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
