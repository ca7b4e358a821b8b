"""Deciding: signals, events and time in; the new case, its entries and what to send out.

Contract: pure. Every function first runs the timers that are due up to its time, in order; the
time used is never before `case.as_of`. Nothing is silent: whatever changes nothing says so, with a
reason, and what is not possible is `refused`. Nothing automatic ends, lowers or replaces what a
person answered.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.case import Case, Decision
from alerts.events import (
    DeliveryEvent,
    Deterioration,
    DeviceBack,
    DeviceFault,
    DeviceLost,
    Event,
    Heard,
    OperatorEvent,
    PersonChanged,
    ServiceEvent,
    TaskDone,
    Unseen,
)
from alerts.facts import Facts
from alerts.lifecycle import Forbidden
from alerts.referral.breach import delivered, not_delivered
from alerts.referral.service_events import find, serve
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.step import Step
from alerts.telecare import deterioration, faulty, persons, technical
from alerts.telecare.activation import heard_call, unreadable_call
from alerts.telecare.answers import by_device
from alerts.telecare.operator import operate
from alerts.telecare.task_done import task_done
from alerts.telecare.timers import fire
from alerts.tidy import tidy
from alerts.waiting import unseen
from alerts.words import DeliveryAct, What
from devices.model import Activation, Answers, Status

TIMERS_PER_DECISION = 10_000
"""A defect that sets timers without end stops here; the rest fires in the next decision."""
TIMERS_AT_ONCE = 100
"""Of what is due after a long outage so many fire in one decision, which takes a fifteenth of a
second: a transaction that computes for longer than 3 s would be ended, and begun again without end;
on a machine where everybody catches up at once that is not as far away as it looks."""


def new_case(subject: str, now: datetime) -> Case:
    """Give the empty case of a subject."""
    return Case(subject=subject, as_of=now)


def on_signals(
    case: Case, facts: Facts, rules: Rules, heard: Sequence[Heard], now: datetime
) -> Decision:
    """Decide signals in the order they came, each at its receipt, and then what is due by now."""
    step = Step(case, facts, rules.at(now), case.as_of)
    for one in heard:
        step = _run(step, one.received_at)
        step = faulty.note_fault(step, _hear(step, one), one.sender)
    return tidy(_run(step, now), case).decision()


def on_event(case: Case, facts: Facts, rules: Rules, event: Event, now: datetime) -> Decision:
    """Decide what an operator, a service, a sender or the supervision of devices reports."""
    step = _run(Step(case, facts, rules.at(now), case.as_of), now)
    try:
        after = HANDLERS[type(event)](step, event)
    except Forbidden as no:
        after = _refuse(step, event, no)
    return tidy(after, case).decision()


def due(case: Case, facts: Facts, rules: Rules, now: datetime) -> Decision:
    """Decide the timers that are due, in order, each at its own time.

    After TIMERS_AT_ONCE of them the case stays at the last one's time and is due again at once.
    """
    step = _run(Step(case, facts, rules.at(now), case.as_of), now, TIMERS_AT_ONCE)
    return tidy(step, case).decision()


def _run(step: Step, until: datetime, limit: int = TIMERS_PER_DECISION) -> Step:
    """Fire what is due up to a time; at the limit the case stays at the last timer's time."""
    for _ in range(limit):
        timers = step.case.timers
        if not timers or timers[0].due_at > until:
            return step.at(until)
        step = fire(step, timers[0])
    return step


def _hear(step: Step, heard: Heard) -> Step:
    signal = heard.signal
    if heard.fault is not None or signal is None:
        hear = unreadable_call if heard.press_shaped else technical.fault
        return hear(step, heard)
    if isinstance(signal, Activation):
        return heard_call(step, heard, signal)
    if isinstance(signal, Status):
        return technical.status(step, heard, signal)
    if isinstance(signal, Deterioration):
        return deterioration.heard(step, heard, signal)
    if isinstance(signal, Answers):
        return by_device(step, heard, signal)
    flags = sorted(flag.value for flag in signal.flags)
    reason = step.why(Rule.READING, "reading_dispatches_nobody", device=heard.sender, flags=flags)
    return step.say(What.NOTHING, reason)


def _deliver(step: Step, event: DeliveryEvent) -> Step:
    """Record what became of a delivery.

    Raises:
        Forbidden: the referral is not known or not this service's, or the table has no cell.
    """
    referral = find(step, event.delivery, event.referral)
    if referral is None or referral.service != event.delivery:
        raise Forbidden(f"referral {event.referral} is not with {event.delivery}", Rule.DELIVERY)
    if event.do is DeliveryAct.ACKNOWLEDGED:
        return delivered(step, referral)
    return not_delivered(step, referral, event.text)


HANDLERS: Mapping[type[Event], Callable[[Step, Any], Step]] = {
    OperatorEvent: operate,
    ServiceEvent: serve,
    DeliveryEvent: _deliver,
    DeviceLost: technical.lost,
    DeviceBack: technical.back,
    DeviceFault: faulty.recorded,
    TaskDone: task_done,
    PersonChanged: persons.changed,
    Unseen: unseen,
}


def _refuse(step: Step, event: Event, no: Forbidden) -> Step:
    """Write down what was not possible, and why."""
    inputs = {"event": type(event).__name__, "message": str(no), "do": getattr(event, "do", None)}
    reason = step.why(no.rule, "refused", **inputs)
    alarm = step.alarm(getattr(event, "alarm", None))
    fields: dict[str, Any] = {"referral": getattr(event, "referral", None), "text": str(no)}
    if alarm is None:
        return step.say(What.REFUSED, reason, *no.reasons, **fields)
    return step.about(What.REFUSED, alarm, reason, *no.reasons, **fields)
