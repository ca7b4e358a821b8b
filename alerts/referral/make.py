"""Making a referral: provisional, or because an operator decided so (DECIDING 2, 8)."""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Reason, Referral
from alerts.facts import Service
from alerts.ids import referral_id
from alerts.lifecycle import REFERRAL, ReferralEvent, advance
from alerts.referral.choose import CLINICIAN, UCR, Choice, choose
from alerts.referral.message import message, send_update
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_once, make_task
from alerts.timing import TimerKind
from alerts.waiting import ASKED, ON_FLOOR, SUPERVISOR
from alerts.words import AlarmState, Disposition, ReferralState, TaskKind, What


class Ask(msgspec.Struct, frozen=True):
    """What a referral is wanted for: `automatic` makes it provisional."""

    automatic: bool
    reasons: tuple[Reason, ...]
    wanted: str | None = None
    need: str | None = None


def refer(step: Step, alarm: Alarm, ask: Ask) -> Step:
    """Make a referral for an alarm, or what stands in for it; nothing is queued."""
    if ask.automatic:
        alarm = replace(alarm, marks={**alarm.marks, ASKED: step.now})
        step = step.put_alarm(alarm)
    choice = choose(step, UCR, ask.wanted)
    if choice.service is None:
        return _elsewhere(step, alarm, ask, choice)
    running = next((r for r in step.open_referrals() if r.service == choice.service.id), None)
    if running is not None:
        return _join(step, alarm, ask, running)
    if ask.automatic and (ceiling := _ceiling(step, choice.service)) is not None:
        return _phone_instead(step, alarm, choice.service, ceiling)
    return _send(step, alarm, ask, choice, choice.service)


def _ceiling(step: Step, service: Service) -> Reason | None:
    limit = service.automatic_per_hour or step.rules.count(Rule.AUTOMATIC_PER_HOUR)
    if service.automatic_last_hour < limit:
        return None
    return step.why(
        Rule.AUTOMATIC_PER_HOUR,
        "automatic_ceiling_reached",
        service=service.id,
        last_hour=service.automatic_last_hour,
        ceiling=limit,
    )


def _phone_instead(step: Step, alarm: Alarm, service: Service, reason: Reason) -> Step:
    """Turn a referral above the hourly ceiling into a phone task, and tell the supervisor."""
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        reason,
        alarm=alarm.id,
        service=service.id,
        text="automatic ceiling reached",
    )
    step = make_once(step, TaskKind.SUPERVISOR, reason, alarm=alarm.id, text="service saturated")
    return step.notify(SUPERVISOR, alarm, reason, "automatic ceiling reached")


def _join(step: Step, alarm: Alarm, ask: Ask, running: Referral) -> Step:
    """Tell the service that already has this person, instead of a second referral."""
    reason = step.why(Rule.ONE_OPEN, "already_open", referral=running.id, service=running.service)
    if running.alarm != alarm.id:
        step = step.notify(("consoles",), alarm, reason, "referral already open")
        step = send_update(step, running, "called_again")
    if running.provisional and not ask.automatic:
        return confirm(step, running, ask.reasons)
    return step.about(What.NOTHING, alarm, reason, *ask.reasons, referral=running.id)


def _elsewhere(step: Step, alarm: Alarm, ask: Ask, choice: Choice) -> Step:
    """Give the case to a clinician, else to 111 or the GP: a phone task now, by a human."""
    clinician = choose(step, CLINICIAN)
    to = Disposition.GP_111 if clinician.service is None else Disposition.CLINICIAN
    reasons = (*choice.reasons, *clinician.reasons, *ask.reasons)
    what = What.NOTHING
    if alarm.decided_at is None or not ask.automatic:
        what, alarm = What.DISPOSED, replace(alarm, disposition=to)
    service = None if clinician.service is None else clinician.service.id
    step = step.put_alarm(alarm).about(what, alarm, *reasons, disposition=to, service=service)
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        choice.reasons[-1],
        alarm=alarm.id,
        service=service,
        due_at=step.now + step.rules.span(Rule.ACCEPT),
        text="telephone now",
    )
    return step.notify(SUPERVISOR, alarm, choice.reasons[-1], "no crisis team can go")


def _send(step: Step, alarm: Alarm, ask: Ask, choice: Choice, service: Service) -> Step:
    """Make the referral and send it; unknown or old capacity opens a phone task beside it."""
    referral = _new(step, alarm, ask, service.id)
    step = watch(step, referral)
    kept = step.referral(referral.id)
    assert kept is not None  # put in the line before
    state = step.why(Rule.PROVISIONAL, "provisional" if ask.automatic else "decided_by_a_person")
    if alarm.decided_at is None and alarm.disposition is None:
        alarm = replace(alarm, disposition=Disposition.UCR)
        step = step.put_alarm(alarm).about(
            What.DISPOSED, alarm, *ask.reasons, disposition=Disposition.UCR
        )
    step = step.about(
        What.REFERRAL_MADE,
        alarm,
        *ask.reasons,
        *choice.reasons,
        state,
        referral=referral.id,
        service=service.id,
        provisional=referral.provisional,
        due_at=kept.breach_due_at,
    )
    step = step.send(
        referral.id,
        "referral_request",
        service.id,
        referral=referral.id,
        alarm=alarm.id,
        body=message(step, kept),
    )
    return _phone_too(step, referral, choice.reasons[-1]) if choice.phone else step


def _phone_too(step: Step, referral: Referral, warning: Reason) -> Step:
    """Ask a human to telephone the service as well, because its capacity is in doubt."""
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        warning,
        referral=referral.id,
        service=referral.service,
        text=warning.reason,
    )
    return step


def _new(step: Step, alarm: Alarm, ask: Ask, service: str) -> Referral:
    """Build the referral with the stamps it starts with."""
    pair = (alarm.id, service)
    ordinal = 1 + sum((r.alarm, r.service) == pair for r in step.case.referrals)
    return Referral(
        id=referral_id(alarm.id, service, ordinal),
        service=service,
        state=ReferralState.PROVISIONAL if ask.automatic else ReferralState.SENT,
        provisional=ask.automatic,
        made_at=step.now,
        alarm=alarm.id,
        need=ask.need,
        alarm_at=alarm.alarm_at,
        pressed_at=alarm.pressed_at,
        taken_at=alarm.taken_at,
        spoke_at=alarm.spoke_at,
        decided_at=step.now,
        confirmed_at=None if ask.automatic else step.now,
        sent_at=step.now,
        person=step.person_id,
    )


def watch(step: Step, referral: Referral) -> Step:
    """Set the times by which a human must have seen and accepted it (DECIDING 2)."""
    accept_at = referral.made_at + step.rules.span(Rule.ACCEPT)
    return rewatch(step.wait(TimerKind.ACCEPT, accept_at, referral.id), referral)


def rewatch(step: Step, referral: Referral) -> Step:
    """See again by when a human must act, where that is still waited for."""
    seen_by = _seen_by(step, referral)
    if seen_by is None:
        step = step.stop(referral.id, (TimerKind.SEEN,))
    else:
        step = step.wait(TimerKind.SEEN, seen_by, referral.id)
    waits = (timer.due_at for timer in step.case.timers if timer.about == referral.id)
    return step.put_referral(
        replace(referral, breach_due_at=min(waits, default=referral.breach_due_at))
    )


def _seen_by(step: Step, referral: Referral) -> datetime | None:
    """Give by when a human must see it; None when one has, or when no such time is to come.

    A provisional referral waits from its making, one for a person on the floor from the report.
    """
    if referral.seen_at is not None:
        return None
    since = [referral.made_at] if referral.provisional else []
    for alarm in step.case.alarms:
        current = alarm.state is not AlarmState.CLOSED or alarm.id == referral.alarm
        if current and ON_FLOOR in alarm.marks:
            since.append(max(alarm.marks[ON_FLOOR], referral.made_at))
    due = (at + step.rules.span(Rule.SEEN) for at in since)
    return min((at for at in due if at > step.now), default=None)


def watch_floor(step: Step, alarm: Alarm) -> Step:
    """The client lies on the floor: whoever has a referral not seen yet must see it in 3 min."""
    for referral in step.open_referrals():
        if referral.seen_at is not None or step.waiting(TimerKind.SEEN, referral.id):
            continue
        step = rewatch(step, referral)
        current = step.referral(referral.id) or referral
        step = step.about(
            What.COUNTDOWN_STARTED,
            alarm,
            step.why(Rule.SEEN, "on_floor_not_seen", since=alarm.on_floor_since),
            referral=referral.id,
            service=referral.service,
            provisional=referral.provisional,
            due_at=_seen_by(step, referral),
        )
        step = send_update(step, current, "on_floor")
    return step


def unwatch_floor(step: Step) -> Step:
    """The client is up: a referral that only the floor made urgent has its 15 min again."""
    for referral in step.open_referrals():
        if step.waiting(TimerKind.SEEN, referral.id):
            step = rewatch(step, referral)
    return step


def confirm(step: Step, referral: Referral, reasons: tuple[Reason, ...]) -> Step:
    """Record that an operator confirmed a referral, and tell its service.

    Raises:
        Forbidden: the referral has ended.
    """
    confirmed_at = referral.confirmed_at or step.now
    step = settle(step, replace(referral, confirmed_at=confirmed_at), reasons)
    return send_update(step, referral, "confirmed")


def settle(step: Step, referral: Referral, reasons: tuple[Reason, ...]) -> Step:
    """Record that a person confirmed or accepted a referral: it is no longer provisional.

    Raises:
        Forbidden: the referral has ended.
    """
    referral = replace(
        referral,
        state=advance(REFERRAL, referral.state, ReferralEvent.CONFIRM),
        provisional=False,
    )
    step = rewatch(step.put_referral(referral), referral)
    return step.say(
        What.REFERRAL_CONFIRMED,
        *reasons,
        alarm=referral.alarm,
        referral=referral.id,
        service=referral.service,
        provisional=False,
    )
