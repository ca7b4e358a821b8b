"""A step of the vitals half: the state so far, and what was said, sent and handed over on the way.

Handlers take a Step and return a Step; nothing is changed in place.
"""

from bisect import insort
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from alerts.case import Entry, Outgoing, Reason, Timer
from alerts.events import Deterioration
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.vitals.plan import Effective, effective
from alerts.vitals.state import Alert, VitalsState
from alerts.words import AlarmKind, PersonStatus, TaskKind, What

WARD, LEAD, ON_CALL, PATIENT = "ward", "ward_lead", "ward_on_call", "patient"
OUT_OF_HOURS = "ward_out_of_hours"


class TimerKind(StrEnum):
    """What will be decided at a time, in the order in which timers of one instant fire."""

    LIMITS = "vitals_limits"
    RECHECK = "vitals_recheck"
    LADDER = "vitals_ladder"
    OPERATOR = "vitals_operator"
    REVIEW = "vitals_review"
    SNOOZE = "vitals_snooze"
    PROMPT = "vitals_prompt"
    MISSING = "vitals_missing"


TIMER_RANK = {kind.value: rank for rank, kind in enumerate(TimerKind)}
OF_ALERT = (
    TimerKind.RECHECK, TimerKind.LADDER, TimerKind.OPERATOR, TimerKind.REVIEW, TimerKind.SNOOZE,
)  # fmt: skip


def firing_order(timer: Timer) -> tuple[datetime, int, str]:
    """Sort timers: by time, then by rank of their kind, then by what they are about."""
    return (timer.due_at, TIMER_RANK[timer.kind], timer.about)


class Closed(msgspec.Struct, frozen=True):
    """An alert as it was when it was closed, and when that was."""

    alert: Alert
    at: datetime


class VitalsDecision(msgspec.Struct, frozen=True):
    """What deciding returns. Without entries, nothing changed but the newest readings.

    `closed` has every alert that was closed, those included that opened in the same decision.
    """

    state: VitalsState
    entries: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    handed: tuple[Deterioration, ...] = ()
    closed: tuple[Closed, ...] = ()

    @property
    def next_due_at(self) -> datetime | None:
        """When this person must be looked at next."""
        return self.state.next_due_at


class Step(msgspec.Struct, frozen=True):
    """The state in the middle of a decision, at the time `now`."""

    state: VitalsState
    rules: Rules
    now: datetime
    entries: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    handed: tuple[Deterioration, ...] = ()
    closed: tuple[Closed, ...] = ()

    def at(self, now: datetime) -> "Step":
        """Go to a time; never back."""
        now = max(now, self.state.as_of)
        return msgspec.structs.replace(
            self, now=now, state=msgspec.structs.replace(self.state, as_of=now)
        )

    def decision(self) -> VitalsDecision:
        """End the step."""
        return VitalsDecision(self.state, self.entries, self.outgoing, self.handed, self.closed)

    def change(self, **fields: Any) -> "Step":  # noqa: ANN401 - fields of VitalsState
        """Give the state new parts."""
        return msgspec.structs.replace(self, state=msgspec.structs.replace(self.state, **fields))

    @property
    def held(self) -> Effective:
        """What holds for the person, as `begin` computed it."""
        assert self.state.effective is not None  # every decision begins with `begin`
        return self.state.effective

    @property
    def status(self) -> PersonStatus:
        """Where the person is now."""
        return self.state.plan.status_at(self.now)

    # -- timers --------------------------------------------------------------------------------

    def wait(self, kind: TimerKind, due_at: datetime, about: str) -> "Step":
        """Set a timer, in place of one of the same kind about the same thing."""
        timers = [t for t in self.state.timers if t.about != about or t.kind != kind]
        insort(timers, Timer(kind.value, max(due_at, self.now), about), key=firing_order)
        return self.change(timers=tuple(timers))

    def stop(self, kinds: Iterable[TimerKind], about: str | None = None) -> "Step":
        """Cancel timers of some kinds, about one thing or about all."""
        names = {kind.value for kind in kinds}
        return self.change(
            timers=tuple(
                t
                for t in self.state.timers
                if t.kind not in names or (about is not None and t.about != about)
            )
        )

    # -- saying --------------------------------------------------------------------------------

    def why(self, rule: Rule, reason: str, **inputs: Any) -> Reason:  # noqa: ANN401 - shown, not used
        """Name a reason."""
        return self.rules.why(rule, reason, inputs)

    def say(self, what: What, *reasons: Reason, **fields: Any) -> "Step":  # noqa: ANN401 - fields of Entry
        """Write down one thing that was decided, with its reasons."""
        assert reasons, what  # an entry without a reason is our own mistake
        entry = Entry(self.now, what, tuple(reasons), person=self.state.person, **fields)
        return msgspec.structs.replace(self, entries=(*self.entries, entry))

    def about(self, what: What, alert: Alert, *reasons: Reason, **fields: Any) -> "Step":  # noqa: ANN401 - as above
        """Write down something about an alert."""
        return self.say(what, *reasons, alarm=alert.id, kind=AlarmKind.HEALTH, **fields)

    def notify(
        self, to: str, reason: Reason, text: str, alert: Alert | None, task: TaskKind | None = None
    ) -> "Step":
        """Make a notice to the ward, its lead, its on-call phone, or the patient."""
        alarm = None if alert is None else alert.id
        kind = None if alert is None else AlarmKind.HEALTH
        step = self.say(What.NOTICE_MADE, reason, alarm=alarm, kind=kind, text=text, task=task)
        return step.send(to, reason, text, alert)

    def send(self, to: str, reason: Reason, text: str, alert: Alert | None) -> "Step":
        """Send a notice after the commit, without a line of its own."""
        alarm = None if alert is None else alert.id
        body = {
            "text": text,
            "reason": reason.reason,
            "at": self.now,
            "ward": self.held.ward.id,
            "person": self.state.person,
        }
        sent = Outgoing(alarm or self.state.person, "notice", to, alarm=alarm, body=body)
        return msgspec.structs.replace(self, outgoing=(*self.outgoing, sent))

    def hand(self, signal: Deterioration) -> "Step":
        """Hand a deterioration to telecare."""
        return msgspec.structs.replace(self, handed=(*self.handed, signal))


def begin(state: VitalsState, rules: Rules, now: datetime) -> Step:
    """Begin a decision; compute what holds for the person where rules or date have changed."""
    rules = rules.at(now)
    held = state.effective
    if held is None or held.mark != rules.vitals.mark:
        state = msgspec.structs.replace(state, effective=effective(state.plan, rules, state.as_of))
    return Step(state, rules, state.as_of)
