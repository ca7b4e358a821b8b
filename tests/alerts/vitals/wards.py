"""A person on a ward: short ways to say what is measured, done and due, and what was decided."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.ruleset import Rules
from alerts.vital_rows import Ward
from alerts.vital_words import ClinicianAct
from alerts.vitals import decide
from alerts.vitals.inputs import Answered, ClinicianEvent, Reading, Report, Value
from alerts.vitals.plan import MonitoringPlan
from alerts.vitals.state import Alert
from alerts.vitals.step import VitalsDecision
from devices.model import VitalCode
from tests.alerts.houses import rules as shipped

T0 = datetime(2021, 2, 2, 7, 0, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def readings(at: datetime, said: Mapping[str, Value]) -> tuple[Reading, ...]:
    return tuple(Reading(VitalCode(name), value, at) for name, value in said.items())


class Watched:
    """A person who is watched, decided step by step; remembers the last decision."""

    def __init__(self, rules: Rules | None = None, **plan: Any) -> None:
        self.rules = rules or shipped()
        self.state = decide.new_state("wc", T0)
        self.number = 0
        self.last = self.plan(**plan)

    def keep(self, decision: VitalsDecision) -> VitalsDecision:
        self.state, self.last = decision.state, decision
        return decision

    def plan(self, **fields: Any) -> VitalsDecision:
        plan = MonitoringPlan(**{"started_at": T0, **fields})
        return self.keep(decide.configure(self.state, plan, self.rules, self.state.as_of))

    def says(self, minute: float, taken_at: float | None = None, **said: Any) -> VitalsDecision:
        at = minutes(minute if taken_at is None else taken_at)
        return self.report(minute, *readings(at, said))

    def report(
        self, minute: float, *given: Reading, answered: tuple[Answered, ...] = ()
    ) -> VitalsDecision:
        self.number += 1
        now = minutes(minute)
        report = Report(f"m{self.number}", now, given, answered)
        return self.keep(decide.on_readings(self.state, [report], self.rules, now))

    def answers(self, minute: float, **said: Any) -> VitalsDecision:
        return self.report(minute, answered=(Answered(said, minutes(minute)),))

    def does(self, minute: float, act: ClinicianAct, **fields: Any) -> VitalsDecision:
        event = ClinicianEvent(minutes(minute), "nurse", act, **fields)
        return self.keep(decide.on_event(self.state, event, self.rules, event.at))

    def waits(self, minute: float) -> VitalsDecision:
        return self.keep(decide.due(self.state, self.rules, minutes(minute)))

    @property
    def alert(self) -> Alert:
        assert self.state.alert is not None
        return self.state.alert

    @property
    def told(self) -> list[str]:
        return [
            f"{entry.what.value} {', '.join(reason.reason for reason in entry.reasons)}"
            for entry in self.last.entries
        ]


def ward(**fields: Any) -> Ward:
    return Ward(**{"id": "w1", **fields})


def red() -> Watched:
    watched = Watched()
    watched.says(1, spo2_pct=90)
    watched.says(4, spo2_pct=90)
    return watched


def amber() -> Watched:
    watched = Watched()
    watched.says(1, heart_rate_bpm=112)
    watched.says(4, heart_rate_bpm=112)
    return watched
