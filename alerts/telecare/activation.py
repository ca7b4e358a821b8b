"""Calls for help: what an activation opens or joins (DECIDING 1, 5, 6).

Contract: every activation that calls for help ends in an open alarm. It opens one, or joins the
open one of its kind and rings again. Nothing here ends or lowers anything.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import Heard
from alerts.ids import alarm_id
from alerts.plans import Planned, plan_of
from alerts.referral.automatic import refer_at_once
from alerts.rule_ids import Rule
from alerts.ruleset import ActivationRow, Ladder
from alerts.step import Step
from alerts.tasks import make_999
from alerts.telecare import fall, history, join, ladder, seizure
from alerts.telecare.context import known_about
from alerts.telecare.order import Question, Verdict, ask
from alerts.timing import TimerKind
from alerts.waiting import queue
from alerts.words import AlarmKind, AlarmState, Disposition, What
from devices.model import Activation, ActivationKind, Flag, Phase, is_plausible_time

LATE = timedelta(minutes=1)
"""From how long ago a press is shown as late; it changes nothing else."""


def heard_call(step: Step, heard: Heard, activation: Activation) -> Step:
    """Decide an activation."""
    known = heard.known and Flag.UNAUTHENTICATED not in activation.flags
    if activation.what is ActivationKind.CANCEL and known:
        return fall.cancel(step, heard, activation)
    row = step.rules.activations[activation.what]
    if activation.phase is Phase.END or not row.calls_for_help:
        return _ended(step, heard, activation, row)
    if heard.receipt in [alarm.opened_by for alarm in step.case.alarms]:
        reason = step.why(Rule.ALARM_REPEAT, "repeat", receipt=heard.receipt)
        return step.say(What.NOTHING, reason)
    if not known:
        return _call(step, heard, activation, _unknown_row(step), known=False)
    return _call(step, heard, activation, row, known=True)


def unreadable_call(step: Step, heard: Heard) -> Step:
    """A press-shaped message that cannot be read goes up to an operator."""
    activation = Activation(
        device=heard.sender, what=ActivationKind.UNKNOWN, code=heard.fault or ""
    )
    return _call(step, heard, activation, _unknown_row(step), known=heard.known)


def _unknown_row(step: Step) -> ActivationRow:
    return step.rules.activations[ActivationKind.UNKNOWN]


def _call(
    step: Step, heard: Heard, activation: Activation, row: ActivationRow, *, known: bool
) -> Step:
    open_one = step.open_alarm(row.alarm)
    alarm = _new(step, heard, activation, row, open_one, known=known)
    planned = plan_of(step, alarm)
    question = Question(alarm, row, planned, activation.flags)
    verdict = ask(step, question)
    if verdict.disposition is Disposition.TECHNICAL:
        step = history.tested(step, heard.sender) if known else step
        return step.say(What.NOTHING, *verdict.reasons, disposition=Disposition.TECHNICAL)
    reasons = (*_reasons(step, heard, activation, known=known), *verdict.reasons)
    if open_one is None:
        step = _open(step, alarm, row, planned, reasons)
    else:
        joining = join.Joining(alarm, row, planned, activation.flags, reasons)
        step = join.join(step, open_one, joining)
    step = _follow(step, heard, activation, question, verdict, is_new=open_one is None)
    return history.propose(step, row)


def _new(  # noqa: PLR0913 - what was heard, what it may join, and how far it is known
    step: Step,
    heard: Heard,
    activation: Activation,
    row: ActivationRow,
    open_one: Alarm | None,
    *,
    known: bool,
) -> Alarm:
    """Give the alarm that the call opens, or would have opened were there not the one it joins."""
    device = step.facts.devices.get(heard.sender)
    return Alarm(
        id=alarm_id(heard.receipt, row.alarm.value) if open_one is None else open_one.id,
        kind=row.alarm,
        state=AlarmState.OPEN,
        alarm_at=step.now,
        what=row.what.value,
        device=heard.sender,
        opened_by=heard.receipt,
        priority=row.priority,
        pressed_at=_pressed_at(heard, activation),
        last_signal_at=step.now,
        note="" if known else f"unknown caller: {activation.what.value}",
        keys=(fall.key_of(heard, activation),),
        known=known,
        speech=device is None or device.speech,
        calls={row.plan: step.now} if known and row.plan else {},
    )


def _pressed_at(heard: Heard, activation: Activation) -> datetime | None:
    """Give the device's own time when it can be true; never later than the receipt."""
    at = activation.at
    if at is None or Flag.CLOCK_SUSPECT in activation.flags:
        return None
    return min(at, heard.received_at) if is_plausible_time(at, heard.received_at) else None


def _reasons(
    step: Step, heard: Heard, activation: Activation, *, known: bool
) -> tuple[Reason, ...]:
    """Say what is special about how the call came."""
    reasons = []
    if heard.fault is not None:
        reasons.append(step.why(Rule.UNREADABLE, "unreadable_call", fault=heard.fault))
    if not known:
        reasons.append(
            step.why(Rule.UNKNOWN_CALLER, "unknown_caller", line=heard.line, sender=heard.sender)
        )
    pressed_at = _pressed_at(heard, activation)
    if pressed_at is not None and heard.received_at - pressed_at >= LATE:
        late_s = int((heard.received_at - pressed_at).total_seconds())
        reasons.append(
            step.why(Rule.ALARM_LATE, "pressed_earlier", pressed_at=pressed_at, late_s=late_s)
        )
    if activation.flags:
        flags = sorted(flag.value for flag in activation.flags)
        reasons.append(step.why(Rule.ALARM_LATE, "flagged", flags=flags))
    return tuple(reasons)


def _open(
    step: Step, alarm: Alarm, row: ActivationRow, planned: Planned, reasons: tuple[Reason, ...]
) -> Step:
    said = join.signal_of(alarm)
    opened = step.why(Rule.ALARM_OPEN, "calls_for_help", what=row.what.value, row=row.id, **said)
    step = step.put_alarm(alarm).about(
        What.ALARM_OPENED, alarm, opened, *reasons, *known_about(step, alarm)
    )
    step = join.ask_arrived(step, alarm)
    step = queue(step, alarm, planned)
    if row.ladder is Ladder.FALL:
        return step
    step, alarm = ladder.start(step, alarm)
    return refer_at_once(step, alarm, planned)


def _follow(  # noqa: PLR0913 - the call, what was asked about it and answered, and what it did
    step: Step,
    heard: Heard,
    activation: Activation,
    question: Question,
    verdict: Verdict,
    *,
    is_new: bool,
) -> Step:
    """Do what this kind of call asks for beyond ringing."""
    row = question.row
    alarm = step.open_alarm(row.alarm)
    assert alarm is not None  # opened or joined in the line before
    if not step.waiting(TimerKind.FALL_VOICE, alarm.id):
        step = history.count(step, alarm, row, activation.flags)
    if row.ladder is Ladder.FALL and alarm.known:
        if Flag.CACHED in activation.flags and "fall" in alarm.marks:
            return step
        fallen_at = _pressed_at(heard, activation) or step.now
        key = fall.key_of(heard, activation)
        step = fall.begin(step, alarm, key, fallen_at, activation.still_s)
        current = step.alarm(alarm.id)
        assert current is not None  # put in by begin
        planned = question.planned if is_new else None
        return refer_at_once(step, current, planned) if "fall" in current.marks else step
    if row.what is ActivationKind.SEIZURE and alarm.known and Flag.CACHED not in activation.flags:
        step, alarm = seizure.begins(step, alarm)
    if verdict.disposition is not None and alarm.known:
        return make_999(step, alarm, verdict.reasons[-1], row.script, verdict.disposition)
    return step


def _ended(step: Step, heard: Heard, activation: Activation, row: ActivationRow) -> Step:
    """An end or a reset is shown beside its alarm and ends nothing."""
    kind = row.alarm if row.calls_for_help else AlarmKind.HELP
    alarm = step.open_alarm(kind)
    reason = step.why(
        Rule.ALARM_END,
        "shown_not_obeyed",
        what=activation.what.value,
        phase=activation.phase.value,
        device=heard.sender,
        message=activation.key or heard.receipt,
    )
    if alarm is None:
        return step.say(What.NOTHING, reason)
    alarm = replace(alarm, marks={**alarm.marks, "device_ended": step.now})
    return step.put_alarm(alarm).about(What.ALARM_JOINED, alarm, reason)
