"""An operator's decision: where the alarm goes (DECIDING 1).

A decision stands until the operator changes it; nothing automatic replaces it.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import OperatorEvent
from alerts.lifecycle import Forbidden, TaskEvent
from alerts.plans import is_under_age
from alerts.referral.automatic import is_held
from alerts.referral.make import Ask, refer
from alerts.referral.message import send_update
from alerts.referral.notes import said
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import finish_kind, make_999, make_once
from alerts.telecare.answered import has_unknown, is_life_threat
from alerts.timing import TimerKind
from alerts.words import Disposition, TaskKind, What

EMERGENCIES = {
    Disposition.EMERGENCY_999: "life threat",
    Disposition.FIRE: "fire",
    Disposition.GAS: "gas",
    Disposition.POLICE: "police: immediate threat to life",
}
BY_TELEPHONE = {
    Disposition.EDT: "emergency duty team",
    Disposition.SOCIAL_CARE: "adult social care",
    Disposition.MENTAL_HEALTH: "mental-health line",
    Disposition.GP_111: "111 or GP",
}
RECORDED = frozenset(
    {
        Disposition.RESPONDER,
        Disposition.CONTACT,
        Disposition.ADVICE,
        Disposition.TECHNICAL,
        Disposition.CLOSE,
    }
)


def dispose(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Follow an operator's decision.

    Raises:
        Forbidden: no disposition was named, or the decision cannot be followed.
    """
    if event.disposition is None:
        raise Forbidden("decide needs a disposition: " + ", ".join(Disposition), Rule.OPERATOR)
    if event.disposition is Disposition.UCR:
        _check_ucr(step, alarm, event)
    if event.disposition is Disposition.RESPONDER and has_unknown(step, alarm):
        raise Forbidden(
            "an answer is unknown, so not lift only: ask again, or clinician, ucr, 999_task",
            Rule.ORDER_LIFT_ONLY,
        )
    reason = step.why(
        Rule.OPERATOR,
        "decide",
        operator=event.operator,
        need=event.need,
        why=event.reason,
        would_otherwise_attend=event.disposition is Disposition.UCR,
    )
    if event.disposition is not Disposition.CLINICIAN:
        step = finish_kind(step, TaskKind.RING_BACK, alarm.id, TaskEvent.CANCEL)
    return _follow(step, alarm, event, reason)


def decide_by_call(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Follow what an operator decided by calling 999 where no 999 task waits for anybody."""
    event = replace(event, disposition=Disposition.EMERGENCY_999)
    step = finish_kind(step, TaskKind.RING_BACK, alarm.id, TaskEvent.CANCEL)
    reason = step.why(Rule.TASK_999, "called_without_task", operator=event.operator)
    return _follow(step, alarm, event, reason)


def _follow(step: Step, alarm: Alarm, event: OperatorEvent, reason: Reason) -> Step:
    """Give the alarm its disposition, decided now, and do what it asks for."""
    assert event.disposition is not None  # both callers have named one
    alarm = replace(alarm, disposition=event.disposition, decided_at=step.now)
    step = step.put_alarm(alarm).about(
        What.DISPOSED,
        alarm,
        reason,
        disposition=event.disposition,
        text=said(event.reason, event.text),
    )
    return HANDLERS[event.disposition](step, alarm, event, reason)


def _check_ucr(step: Step, alarm: Alarm, event: OperatorEvent) -> None:
    person = step.facts.person
    if person is None:
        raise Forbidden("no person is known for this alarm; refer by telephone", Rule.ORDER_UCR)
    if is_under_age(step, person):
        raise Forbidden("under 18: 999, 111 or GP", Rule.ORDER_EXCLUSIONS)
    if is_life_threat(step, alarm):
        raise Forbidden(
            "an answer is a life threat: 999, never UCR instead", Rule.ORDER_LIFE_THREAT
        )
    if is_held(alarm):
        raise Forbidden(
            "no voice since the fall: record spoke, or wait for the 999 task",
            Rule.NO_REFERRAL_BEFORE_VOICE,
        )
    if event.service not in (None, *(service.id for service in step.facts.services)):
        raise Forbidden(f"service {event.service} is not known", Rule.CHOOSE)


Handler = Callable[[Step, Alarm, OperatorEvent, Reason], Step]


def _emergency(step: Step, alarm: Alarm, event: OperatorEvent, reason: Reason) -> Step:
    """Open the 999 task; a service that has the person is informed, never instead."""
    assert event.disposition is not None  # dispose has checked it
    step = make_999(step, alarm, reason, EMERGENCIES[event.disposition], event.disposition)
    for referral in step.open_referrals():
        if referral.alarm == alarm.id:
            step = send_update(step, referral, "999_under_way")
    return step


def _ucr(step: Step, alarm: Alarm, event: OperatorEvent, reason: Reason) -> Step:
    ask = Ask(automatic=False, reasons=(reason,), wanted=event.service, need=event.need)
    return refer(step, alarm, ask)


def _telephone(step: Step, alarm: Alarm, event: OperatorEvent, reason: Reason) -> Step:
    assert event.disposition is not None  # dispose has checked it
    text = BY_TELEPHONE[event.disposition]
    return make_once(
        step, TaskKind.PHONE_REFERRAL, reason, alarm=alarm.id, due_at=step.now, text=text
    )


def _clinician(step: Step, alarm: Alarm, _: OperatorEvent, reason: Reason) -> Step:
    return ring_back(step, alarm, reason, None)


def ring_back(step: Step, alarm: Alarm, reason: Reason, line: str | None) -> Step:
    """Ask a clinician to ring back within 15 min, else 999."""
    due_at = step.now + step.rules.span(Rule.RING_BACK)
    text = "clinician rings back" if line is None else f"named line {line} first"
    step = make_once(step, TaskKind.RING_BACK, reason, alarm=alarm.id, due_at=due_at, text=text)
    task = step.live_task(TaskKind.RING_BACK, alarm.id)
    assert task is not None  # made in the line before
    if step.waiting(TimerKind.RING_BACK, task.id):
        return step
    return step.wait(TimerKind.RING_BACK, due_at, task.id)


def _responder(step: Step, alarm: Alarm, _: OperatorEvent, __: Reason) -> Step:
    """A responder is expected from now on: a press asks first whether he has arrived."""
    marks = {**alarm.marks, "responder_expected": step.now}
    return step.put_alarm(replace(alarm, marks=marks))


def _recorded(step: Step, _: Alarm, __: OperatorEvent, ___: Reason) -> Step:
    return step


HANDLERS: Mapping[Disposition, Handler] = {
    **dict.fromkeys(EMERGENCIES, _emergency),
    **dict.fromkeys(BY_TELEPHONE, _telephone),
    **dict.fromkeys(RECORDED, _recorded),
    Disposition.RESPONDER: _responder,
    Disposition.UCR: _ucr,
    Disposition.CLINICIAN: _clinician,
}
