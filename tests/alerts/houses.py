"""A house to decide about: a person, devices, services, and short ways to say what happens."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from alerts import decide
from alerts.case import Alarm, Case, Decision, Referral, Task
from alerts.events import Event, Heard, OperatorEvent, ServiceEvent
from alerts.facts import Device, Facts, Person, Plan, Service
from alerts.ruleset import Rules, parse_rules
from alerts.words import OperatorAct, ServiceAct, SubjectKind, TaskKind, What
from devices.model import Activation, ActivationKind, Flag, Phase, Signal

T0 = datetime(2021, 2, 2, 6, 56, tzinfo=UTC)
RULES_FOLDER = Path(__file__).resolve().parent.parent.parent / "alerts" / "rules"
ICRS = Service("icrs", catchment=("LE",), capacity=5)
PENDANT = Device("17")
HUB = Service("hub", kind="CLINICIAN", capacity=1, position=2)


def rule_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(RULES_FOLDER.glob("*.toml"))}


@cache
def rules() -> Rules:
    return parse_rules(rule_files())


def person(**fields: Any) -> Person:
    known = {"id": "wc", "born": date(1951, 5, 1), "postcode": "LE1 1AA", **fields}
    return Person(**known)


def facts(
    who: Person | None = None,
    services: tuple[Service, ...] = (ICRS,),
    device: Device = PENDANT,
) -> Facts:
    who = person() if who is None else who
    return Facts(SubjectKind.PERSON, person=who, devices={"17": device}, services=services)


AT_ONCE = {"press": Plan(at_once=True)}
BY_OPERATOR = {"press": Plan(operator=True)}


class House:
    """A case with its facts, decided step by step; remembers the last decision."""

    def __init__(self, known: Facts | None = None) -> None:
        self.facts = known or facts()
        self.case: Case = decide.new_case("person:wc", T0)
        self.last = Decision(self.case)
        self.number = 0

    def at(self, seconds: float) -> datetime:
        return T0 + timedelta(seconds=seconds)

    def hear(self, seconds: float, what: str = "pendant", **fields: Any) -> Decision:
        self.number += 1
        flags = frozenset(Flag(flag) for flag in fields.pop("flags", ()))
        known = fields.pop("known", True)
        key = fields.pop("key", str(self.number))
        phase = Phase(fields.pop("phase", "start"))
        signal = Activation("17", ActivationKind(what), key=key, flags=flags, phase=phase, **fields)
        return self.signal(seconds, signal, known=known)

    def signal(self, seconds: float, signal: Signal | None, **fields: Any) -> Decision:
        self.number += 1
        receipt = fields.pop("receipt", f"receipt-{self.number}")
        heard = Heard(receipt, self.at(seconds), "17", "main", signal, **fields)
        return self._keep(
            decide.on_signals(self.case, self.facts, rules(), [heard], self.at(seconds))
        )

    def tell(self, seconds: float, event: Event) -> Decision:
        return self._keep(decide.on_event(self.case, self.facts, rules(), event, self.at(seconds)))

    def operator(self, seconds: float, do: str, **fields: Any) -> Decision:
        if "alarm" not in fields and "referral" not in fields:
            fields["alarm"] = self.case.alarms[-1].id
        who = fields.pop("operator", "op1")
        return self.tell(seconds, OperatorEvent(self.at(seconds), who, OperatorAct(do), **fields))

    def service(self, seconds: float, do: str, **fields: Any) -> Decision:
        if "referral" not in fields:
            fields["referral"] = self.case.referrals[-1].id
        name = fields.pop("service", "icrs")
        return self.tell(seconds, ServiceEvent(self.at(seconds), name, ServiceAct(do), **fields))

    def due(self, seconds: float) -> Decision:
        return self._keep(decide.due(self.case, self.facts, rules(), self.at(seconds)))

    def _keep(self, decision: Decision) -> Decision:
        self.case = decision.case
        self.last = decision
        return decision

    @property
    def alarm(self) -> Alarm:
        return self.case.alarms[-1]

    @property
    def referral(self) -> Referral:
        return self.case.referrals[-1]

    def task(self, kind: TaskKind) -> Task:
        return next(task for task in self.case.tasks if task.kind is kind)

    def whats(self) -> list[What]:
        return [entry.what for entry in self.last.entries]

    def reasons(self) -> list[str]:
        return [reason.reason for entry in self.last.entries for reason in entry.reasons]

    def refusal(self) -> str:
        assert self.whats()[-1] is What.REFUSED
        return self.last.entries[-1].text
