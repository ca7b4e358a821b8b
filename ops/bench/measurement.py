"""What one measurement costs that changes nothing: `python ops/bench/measurement.py`.

Decides one reading, and one full set of seven, through `vitals.decide.on_readings` for a person on
a pathway with a schedule, own limits and a history, and prints the median in microseconds. Then it
plays a long story and prints how big the stored state became on the way: it does not grow.
"""

import argparse
import gc
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter_ns

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

import msgspec  # noqa: E402 - the checkout this file stands in comes first

from alerts.ruleset import Rules  # noqa: E402
from alerts.vital_rows import Limits  # noqa: E402
from alerts.vital_words import Pathway  # noqa: E402
from alerts.vitals import decide  # noqa: E402
from alerts.vitals.inputs import Reading, Report, Value  # noqa: E402
from alerts.vitals.plan import LimitSet, MonitoringPlan  # noqa: E402
from alerts.vitals.state import VitalsState  # noqa: E402
from devices.model import VitalCode  # noqa: E402
from gateway.rulebook import read_rules  # noqa: E402

T0 = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
GOAL_US = 10.0
ROUNDS = 9
PER_ROUND = 2_000
SHOWN = 10
STEP = timedelta(minutes=20)
WELL: dict[VitalCode, Value] = {
    VitalCode.RESPIRATORY_RATE: 16,
    VitalCode.SPO2: 97,
    VitalCode.OXYGEN: False,
    VitalCode.SYSTOLIC: 125,
    VitalCode.HEART_RATE: 72,
    VitalCode.CONSCIOUSNESS: "A",
    VitalCode.TEMPERATURE: 36.6,
}
WEIGHT_KG = 71.0


def plan() -> MonitoringPlan:
    """Give a plan with a pathway's schedule and limits of the person's own."""
    own = {VitalCode.HEART_RATE: Limits(alert_high=120, warning_high=105)}
    return MonitoringPlan(
        started_at=T0,
        pathway=Pathway.COVID,
        baseline_spo2_pct=97,
        limits=(LimitSet("1", T0, "a clinician", "another clinician", own),),
    )


def report(number: int, at: datetime, said: dict[VitalCode, Value]) -> Report:
    """Give one message."""
    return Report(f"m{number}", at, tuple(Reading(code, value, at) for code, value in said.items()))


def history(rules: Rules, reports: int) -> tuple[VitalsState, list[tuple[int, int]]]:
    """Play a long story with a bad reading now and then; give the state and its sizes."""
    state = decide.configure(decide.new_state("p", T0), plan(), rules, T0).state
    sizes, every = list[tuple[int, int]](), max(1, reports // SHOWN)
    for number in range(reports):
        now = state.as_of + STEP
        said: dict[VitalCode, Value] = dict(WELL)
        if number % 3 == 0:
            said = {VitalCode.WEIGHT: WEIGHT_KG + number % 5 / 10}
        if number % 50 == 0:
            said = {VitalCode.SPO2: 88}
        state = decide.on_readings(state, [report(number, now, said)], rules, now).state
        if (number + 1) % every == 0:
            sizes.append((number + 1, len(msgspec.json.encode(state))))
    return state, sizes


def quiet(rules: Rules) -> VitalsState:
    """Give the state of somebody who is well: all seven known, nothing open."""
    state = decide.configure(decide.new_state("p", T0), plan(), rules, T0).state
    now = T0 + timedelta(minutes=1)
    return decide.on_readings(state, [report(0, now, WELL)], rules, now).state


def median_us(state: VitalsState, rules: Rules, said: dict[VitalCode, Value]) -> float:
    """Give the median of the quietest round, in microseconds: other work only ever adds."""
    now, medians = state.as_of + timedelta(minutes=1), []
    reports = [report(number, now, said) for number in range(PER_ROUND)]
    for _ in range(ROUNDS):
        took = []
        for one in reports:
            begun = perf_counter_ns()
            decide.on_readings(state, (one,), rules, now)
            took.append(perf_counter_ns() - begun)
        medians.append(statistics.median(took) / 1_000)
        gc.collect()
    return min(medians)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=5_000, help="length of the long story")
    asked = parser.parse_args(arguments)
    rules = read_rules()
    state = quiet(rules)
    one = median_us(state, rules, {VitalCode.SPO2: 96.5})
    print(f"one measurement that changes nothing   {one:7.2f} us")
    print(f"a set of seven that changes nothing    {median_us(state, rules, WELL):7.2f} us")
    bad = median_us(state, rules, {VitalCode.SPO2: 88})
    print(f"a measurement that opens an alert      {bad:7.2f} us")
    weight = median_us(state, rules, {VitalCode.WEIGHT: WEIGHT_KG})
    print(f"a weight, looked at over days          {weight:7.2f} us")
    _, sizes = history(rules, asked.reports)
    for reports, size in sizes:
        print(f"after {reports:9,} reports the stored state has {size:9,} bytes")
    print(f"goal: at most {GOAL_US:.0f} us at the median; it is {one:.2f} us")
    return 0 if one <= GOAL_US else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
