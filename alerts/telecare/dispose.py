"""An operator's decision: where the alarm goes (DECIDING 1).

A decision stands until the operator changes it; nothing automatic replaces it.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from alerts.case import Alarm, Reason, Referral
from alerts.events import OperatorEvent
from alerts.lifecycle import Forbidden, TaskEvent
from alerts.referral.automatic import is_held
from alerts.referral.choose import UCR, choose
from alerts.referral.make import Ask, refer
from alerts.referral.message import send_update
from alerts.referral.notes import said
from alerts.referral.routes import route
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import EMERGENCIES as EMERGENCY
from alerts.tasks import finish, finish_kind, make_999, make_once
from alerts.telecare.answered import has_unknown, is_fall, not_ruled_out
from alerts.telecare.care_home import ptcda
from alerts.telecare.criteria import Assessment, assess
from alerts.telecare.exclusions import telephone
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
    assessed: tuple[Reason, ...] = ()
    if event.disposition is Disposition.UCR:
        assessed = _check_ucr(step, alarm, event).reasons
    if event.disposition is Disposition.RESPONDER:
        _check_lift_only(step, alarm)
    if event.disposition not in EMERGENCY:
        assessed = (*assessed, *ptcda(step, alarm))
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
    return _follow(step, alarm, event, reason, assessed)


def decide_by_call(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Follow what an operator decided by calling 999 where no 999 task waits for anybody."""
    event = replace(event, disposition=Disposition.EMERGENCY_999)
    step = finish_kind(step, TaskKind.RING_BACK, alarm.id, TaskEvent.CANCEL)
    reason = step.why(Rule.TASK_999, "called_without_task", operator=event.operator)
    return _follow(step, alarm, event, reason)


def _follow(
    step: Step,
    alarm: Alarm,
    event: OperatorEvent,
    reason: Reason,
    assessed: tuple[Reason, ...] = (),
) -> Step:
    """Give the alarm its disposition, decided now, and do what it asks for."""
    assert event.disposition is not None  # both callers have named one
    also = None if event.disposition in EMERGENCY else _goes_on(step, alarm)
    alarm = replace(
        alarm, disposition=event.disposition, decided_at=step.now, also_disposition=also
    )
    step = step.put_alarm(alarm).about(
        What.DISPOSED,
        alarm,
        reason,
        *assessed,
        disposition=event.disposition,
        text=said(event.reason, event.text),
    )
    return HANDLERS[event.disposition](step, alarm, event, reason)


def _goes_on(step: Step, alarm: Alarm) -> Disposition | None:
    """Give what a 999 task under way is for, whatever else is decided beside it."""
    if step.live_task(TaskKind.EMERGENCY_999, alarm.id) is None:
        return None
    return alarm.disposition if alarm.disposition in EMERGENCY else alarm.also_disposition


def _check_ucr(step: Step, alarm: Alarm, event: OperatorEvent) -> Assessment:
    """Assess a referral that an operator decides.

    Raises:
        Forbidden: it cannot be made, or a criterion is not met; the message says where to instead.
    """
    if step.facts.person is None:
        raise Forbidden("no person is known for this alarm; refer by telephone", Rule.ORDER_UCR)
    if event.service not in (None, *(service.id for service in step.facts.services)):
        raise Forbidden(f"service {event.service} is not known", Rule.CHOOSE)
    found = assess(step, alarm, event.need, choose(step, UCR, event.service).service)
    if found.refusal:
        raise Forbidden(found.refusal, Rule.CRITERIA, found.reasons)
    if is_held(alarm):
        raise Forbidden(
            "no voice since the fall: record spoke, or wait for the 999 task",
            Rule.NO_REFERRAL_BEFORE_VOICE,
        )
    return found


def assess_confirmed(
    step: Step, alarm: Alarm, referral: Referral
) -> tuple[Referral, tuple[Reason, ...]]:
    """Assess a provisional referral that an operator confirms; beside 999 it only informs.

    Raises:
        Forbidden: a criterion is not met and no 999 task is there; it says where to instead.
    """
    if not referral.provisional:
        return referral, ()
    service = next((s for s in step.facts.services if s.id == referral.service), None)
    found = assess(step, alarm, referral.need, service)
    if found.refusal and "task_999" not in alarm.marks:
        raise Forbidden(found.refusal, Rule.CRITERIA, found.reasons)
    return replace(referral, assessed=found.states), found.reasons


def _check_lift_only(step: Step, alarm: Alarm) -> None:
    """A responder for a fall only lifts: every letter of I STUMBLE must have been answered no.

    Raises:
        Forbidden: an answer is unknown, or a letter of a fall is not answered no.
    """
    if has_unknown(step, alarm):
        raise Forbidden(
            "an answer is unknown, so not lift only: ask again, or clinician, ucr, 999_task",
            Rule.ORDER_LIFT_ONLY,
        )
    left = not_ruled_out(step, alarm) if is_fall(alarm) else ()
    if left:
        raise Forbidden(
            f"not lift only: I STUMBLE is not no for {', '.join(left)}; ask, or clinician, ucr, "
            "999_task",
            Rule.ORDER_LIFT_ONLY,
        )


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
    service = choose(step, UCR, event.service).service
    ask = Ask(
        automatic=False,
        reasons=(reason,),
        wanted=event.service,
        need=event.need,
        assessed=assess(step, alarm, event.need, service).states,
    )
    return refer(step, alarm, ask)


def _telephone(step: Step, alarm: Alarm, event: OperatorEvent, reason: Reason) -> Step:
    assert event.disposition is not None  # dispose has checked it
    return telephone(step, alarm, event.disposition, reason, BY_TELEPHONE[event.disposition])


def _clinician(step: Step, alarm: Alarm, _: OperatorEvent, reason: Reason) -> Step:
    return ring_back(step, alarm, reason, None)


def ring_back(step: Step, alarm: Alarm, reason: Reason, line: str | None) -> Step:
    """Ask a clinician to ring back within 15 min, else 999; a named line speaks first."""
    asked = step.live_task(TaskKind.RING_BACK, alarm.id)
    if line is not None and asked is not None and asked.service != line:
        step = finish(step, asked, TaskEvent.CANCEL)
    due_at = step.now + step.rules.span(Rule.RING_BACK)
    clinician = line or _named(step, Disposition.CLINICIAN)
    text = "clinician rings back" if line is None else f"named line {line} first"
    if line is None and clinician is not None:
        text = f"{text}: {clinician}"
    step = make_once(
        step,
        TaskKind.RING_BACK,
        reason,
        alarm=alarm.id,
        service=clinician,
        due_at=due_at,
        text=text,
    )
    task = step.live_task(TaskKind.RING_BACK, alarm.id)
    assert task is not None  # made in the line before
    if step.waiting(TimerKind.RING_BACK, task.id):
        return step
    return step.wait(TimerKind.RING_BACK, due_at, task.id)


def _named(step: Step, asked: Disposition) -> str | None:
    """Name the service that answers a disposition now, by hours and catchment."""
    choice = route(step, asked.value)
    return None if choice.service is None else choice.service.id


def _responder(step: Step, alarm: Alarm, _: OperatorEvent, reason: Reason) -> Step:
    """A responder is expected from now on: a press asks first whether he has arrived."""
    marks = {**alarm.marks, "responder_expected": step.now}
    step = step.put_alarm(replace(alarm, marks=marks))
    if _named(step, Disposition.RESPONDER) is None:
        return step
    return telephone(step, alarm, Disposition.RESPONDER, reason, "responder or falls lifting")


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
