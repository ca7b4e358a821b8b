"""What operators do (INTERFACES 7): one table, every act in it.

Acting on an open alarm takes it. Whatever the tables forbid raises Forbidden, which deciding turns
into a `refused` entry with its reason.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from alerts.case import Alarm, Referral
from alerts.events import OperatorEvent
from alerts.lifecycle import (
    ALARM,
    REFERRAL,
    AlarmEvent,
    Forbidden,
    ReferralEvent,
    TaskEvent,
    advance,
)
from alerts.referral import feedback
from alerts.referral.breach import unwatch
from alerts.referral.make import confirm
from alerts.referral.message import message
from alerts.referral.notes import by_operator, said
from alerts.rule_ids import Rule
from alerts.ruleset import Ladder
from alerts.step import Step
from alerts.tasks import await_ambulance, claim, finish_kind
from alerts.telecare import answers, confusion, floor, ladder
from alerts.telecare.closing import close, confirmed_by, is_waiting_for_second
from alerts.telecare.dispose import assess_confirmed, decide_by_call, dispose
from alerts.telecare.follow_up import follow_up
from alerts.waiting import expect_action, take, untake
from alerts.words import (
    AlarmKind,
    AlarmState,
    CallTarget,
    Disposition,
    OperatorAct,
    TaskKind,
    TaskState,
    What,
)

CALL_MARKS = {
    CallTarget.RESPONDER: "responder_expected",
    CallTarget.HOME: "phoned",
    CallTarget.MOBILE: "phoned",
}
Act = Callable[[Step, Alarm, OperatorEvent], Step]


def operate(step: Step, event: OperatorEvent) -> Step:
    """Do what an operator said.

    Raises:
        Forbidden: the alarm or referral is not known, a detail is missing, or no cell allows it.
    """
    alarm = step.alarm(event.alarm or _alarm_of(step, event.referral))
    if alarm is None:
        return _without_alarm(step, event)
    if event.do is OperatorAct.NOTE:
        return _note(step, alarm, event)
    if event.do is OperatorAct.CLOSE:
        return close(step, alarm, event)
    if event.do is OperatorAct.RELEASE:
        return _release(step, alarm, event)
    moved = AlarmEvent.TAKE if event.do is OperatorAct.TAKE else AlarmEvent.ACT
    step, alarm = take(step, alarm, event.operator, moved)
    return ACTS[event.do](step, alarm, event)


def _alarm_of(step: Step, referral_id: str | None) -> str | None:
    referral = step.referral(referral_id)
    return None if referral is None else referral.alarm


def _without_alarm(step: Step, event: OperatorEvent) -> Step:
    """A referral that came from elsewhere has no alarm; it can be noted, confirmed, withdrawn."""
    referral = step.referral(event.referral)
    if referral is None or event.alarm is not None:
        named = event.alarm or event.referral
        raise Forbidden(f"alarm or referral {named} is not known in this case", Rule.OPERATOR)
    if event.do is OperatorAct.WITHDRAW:
        return _withdraw_one(step, referral, event)
    if event.do is not OperatorAct.NOTE:
        raise Forbidden(f"{event.do} needs an alarm; this referral has none", Rule.OPERATOR)
    step = step.put_referral(by_operator(step, referral, event))
    reason = step.why(Rule.OPERATOR, "note", operator=event.operator)
    return step.say(What.NOTHING, reason, referral=referral.id, text=event.text)


def _did(step: Step, alarm: Alarm, event: OperatorEvent, **inputs: object) -> Step:
    reason = step.why(Rule.OPERATOR, event.do.value, operator=event.operator, **inputs)
    return step.about(What.NOTHING, alarm, reason, text=event.text)


def _note(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    advance(ALARM, alarm.state, AlarmEvent.NOTE)
    referral = step.referral(event.referral)
    if referral is not None:
        step = step.put_referral(by_operator(step, referral, event))
    alarm = replace(alarm, note=event.text)
    if alarm.state is AlarmState.TAKEN and alarm.taken_by == event.operator:
        alarm = replace(alarm, acted_at=step.now)  # whoever writes is at work: ADR 0014
        step = expect_action(step, alarm)
    return _did(step.put_alarm(alarm), alarm, event)


def _release(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    reason = step.why(Rule.OPERATOR, "release", operator=event.operator, why=event.reason)
    return untake(step, alarm, AlarmEvent.RELEASE, reason, said(event.reason, event.text))


def _take(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    return _did(step, alarm, event)


def _hand_over(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Hand the alarm to the colleague named in `text`; without a name it goes to the queue."""
    if event.text:
        alarm = replace(alarm, taken_by=event.text)
        return _did(step.put_alarm(alarm), alarm, event, to=event.text)
    reason = step.why(Rule.OPERATOR, "hand_over", operator=event.operator)
    return untake(step, alarm, AlarmEvent.RELEASE, reason)


def _call(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Record a call; a call to 999 claims the 999 task, which it opens when there is none."""
    if event.to is None:
        raise Forbidden("call needs `to`: " + ", ".join(CallTarget), Rule.OPERATOR)
    if _is_listen_only(step, alarm) and event.to in (CallTarget.HOME, CallTarget.MOBILE):
        raise Forbidden("listen only: never call the home", Rule.LISTEN_ONLY)
    if event.to is CallTarget.HOME and _has_ladder(step, alarm, Ladder.WANDER):
        raise Forbidden("missing-person script: do not call the home", Rule.WANDER)
    if event.to is CallTarget.EMERGENCY_999:
        step, alarm = _claim_999(step, alarm, event)
    if event.to is CallTarget.LINE:
        step = finish_kind(step, TaskKind.RING_BACK, alarm.id, TaskEvent.DONE)
    if event.to in CALL_MARKS:
        alarm = replace(alarm, marks={**alarm.marks, CALL_MARKS[event.to]: step.now})
        step = step.put_alarm(alarm)
    told = {"incident": event.incident, "eta": event.eta}
    said = {name: value for name, value in told.items() if value is not None}
    return _did(step, alarm, event, to=event.to.value, **said)


def _claim_999(step: Step, alarm: Alarm, event: OperatorEvent) -> tuple[Step, Alarm]:
    """Claim the 999 task; who calls without one has decided so, and a second call is recorded."""
    if step.live_task(TaskKind.EMERGENCY_999, alarm.id) is None:
        step = decide_by_call(step, alarm, event)
    task = step.live_task(TaskKind.EMERGENCY_999, alarm.id)
    assert task is not None  # made in the line before
    if task.state is TaskState.OPEN:
        step = claim(step, task, event.operator)
    return await_ambulance(step, task, event.eta), step.alarm(alarm.id) or alarm


def _is_listen_only(step: Step, alarm: Alarm) -> bool:
    return _has_ladder(step, alarm, Ladder.LISTEN)


def _has_ladder(step: Step, alarm: Alarm, which: Ladder) -> bool:
    return alarm.kind is AlarmKind.HELP and step.row(alarm).ladder is which


def _spoke(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    if alarm.kind is AlarmKind.TECHNICAL:
        raise Forbidden("a technical alarm has no voice", Rule.OPERATOR)
    if _is_listen_only(step, alarm):
        step = _did(step, alarm, event, warning="listen only")
    step = confusion.spoken(step, alarm)
    return ladder.voice_by_operator(step, alarm, said(event.reason, event.text))


def _no_reply(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    if alarm.kind is AlarmKind.TECHNICAL:
        return _did(step, alarm, event)
    step = confusion.unreachable(_did(step, alarm, event), alarm)
    return ladder.no_reply(step, step.alarm(alarm.id) or alarm)


def _up(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    step, alarm = floor.is_up(step, replace(alarm, marks={**alarm.marks, "up": step.now}))
    return _did(step, alarm, event)


def _referrals_of(step: Step, alarm: Alarm, event: OperatorEvent) -> tuple[Referral, ...]:
    """Find the open referrals an operator means.

    Raises:
        Forbidden: there is none.
    """
    found = tuple(
        r for r in step.open_referrals() if event.referral in (None, r.id) and alarm.id == r.alarm
    )
    if not found:
        raise Forbidden("no open referral to act on", Rule.OPERATOR)
    return found


def _confirm(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    if event.referral is None and is_waiting_for_second(step, alarm, event):
        return _did(step.put_alarm(confirmed_by(alarm, event)), alarm, event, closing=True)
    for referral in _referrals_of(step, alarm, event):
        inputs = {"text": event.text} if event.text else {}
        reason = step.why(Rule.OPERATOR, "confirm", operator=event.operator, **inputs)
        assessed, reasons = assess_confirmed(step, alarm, by_operator(step, referral, event))
        step = confirm(step, assessed, (reason, *reasons))
    decided = replace(alarm, decided_at=step.now, disposition=alarm.disposition or Disposition.UCR)
    return step.put_alarm(decided)


def _withdraw(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    for referral in _referrals_of(step, alarm, event):
        step = _withdraw_one(step, referral, event)
    return step


def _withdraw_one(step: Step, referral: Referral, event: OperatorEvent) -> Step:
    if not event.reason:
        raise Forbidden("withdraw needs a reason", Rule.OPERATOR)
    state = advance(REFERRAL, referral.state, ReferralEvent.WITHDRAW)
    referral = by_operator(step, referral, event)
    referral = replace(referral, state=state, withdrawn_at=step.now)
    step = unwatch(step.put_referral(referral), referral.id)
    step = finish_kind(step, TaskKind.PHONE_REFERRAL, referral.id, TaskEvent.CANCEL)
    reason = step.why(Rule.OPERATOR, "withdraw", operator=event.operator, why=event.reason)
    step = step.say(
        What.REFERRAL_WITHDRAWN,
        reason,
        alarm=referral.alarm,
        referral=referral.id,
        service=referral.service,
        provisional=referral.provisional,
        text=said(event.reason, event.text),
    )
    body = {**message(step, referral), "change": "withdrawn"}
    step = step.send(
        referral.id,
        "referral_withdrawal",
        referral.service,
        referral=referral.id,
        alarm=referral.alarm,
        body=body,
    )
    return feedback.to_referrer(step, referral, "withdrawn", event.reason)


def _decide(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    if event.disposition is Disposition.CLOSE:
        return close(step, alarm, event)
    return dispose(step, alarm, event)


ACTS: Mapping[OperatorAct, Act] = {
    OperatorAct.TAKE: _take,
    OperatorAct.RELEASE: _release,
    OperatorAct.CALL: _call,
    OperatorAct.SPOKE: _spoke,
    OperatorAct.NO_REPLY: _no_reply,
    OperatorAct.ANSWER: answers.answer,
    OperatorAct.STUMBLE: answers.stumble,
    OperatorAct.CONFIRM: _confirm,
    OperatorAct.DECIDE: _decide,
    OperatorAct.CLOSE: close,
    OperatorAct.WITHDRAW: _withdraw,
    OperatorAct.HAND_OVER: _hand_over,
    OperatorAct.NOTE: _note,
    OperatorAct.UP: _up,
    OperatorAct.FOLLOW_UP: follow_up,
}
