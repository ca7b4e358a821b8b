"""Making a referral: provisional, or because an operator decided so (DECIDING 2, 8)."""

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Reason, Referral
from alerts.facts import Elsewhere, Service
from alerts.ids import referral_id
from alerts.lifecycle import REFERRAL, ReferralEvent, advance
from alerts.referral.choose import CLINICIAN, UCR, Choice, choose, supporting
from alerts.referral.joint import pair
from alerts.referral.message import after_withdrawal, message, send_update
from alerts.referral.routes import route
from alerts.referral.watching import rewatch, watch
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_once, make_task
from alerts.telecare.helped import somebody_else
from alerts.waiting import ASKED, SUPERVISOR
from alerts.words import Disposition, ReferralState, TaskKind, What


class Ask(msgspec.Struct, frozen=True):
    """What a referral is wanted for: `automatic` makes it provisional."""

    automatic: bool
    reasons: tuple[Reason, ...]
    wanted: str | None = None
    need: str | None = None
    assessed: dict[str, str] = {}


def refer(step: Step, alarm: Alarm, ask: Ask) -> Step:
    """Make a referral for an alarm, or what stands in for it; nothing is queued."""
    if ask.automatic:
        alarm = replace(alarm, marks={**alarm.marks, ASKED: step.now})
        step = step.put_alarm(alarm)
    choice = choose(step, UCR, ask.wanted)
    if choice.service is None:
        return _elsewhere(step, alarm, ask, choice)
    running = next((r for r in step.open_referrals() if r.service == choice.service.id), None)
    if running is not None and running.helped != somebody_else(alarm):
        return _for_another(step, alarm, ask, running)
    if running is not None:
        return _join(step, alarm, ask, running)
    other = next((o for o in step.facts.elsewhere if o.service == choice.service.id), None)
    if other is not None:
        return _open_elsewhere(step, alarm, ask, other)
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
        step = send_update(step, running, "called_again", again=alarm)
    if running.alarm != alarm.id and running.accepted_at is not None:
        step = _tell_team(step, alarm, reason, running.service)
    if running.provisional and not ask.automatic:
        running = replace(running, need=running.need or ask.need, assessed=ask.assessed)
        return confirm(step, running, ask.reasons)
    return _goes_there(step, alarm, (reason, *ask.reasons), running.id, running.service)


def _goes_there(
    step: Step, alarm: Alarm, reasons: tuple[Reason, ...], referral: str, service: str
) -> Step:
    """Say that the alarm goes to who has the person already; a decision that stands is kept."""
    if alarm.disposition is not None:
        return step.about(What.NOTHING, alarm, *reasons, referral=referral)
    step = step.put_alarm(replace(alarm, disposition=Disposition.UCR))
    return step.about(
        What.DISPOSED,
        alarm,
        *reasons,
        disposition=Disposition.UCR,
        referral=referral,
        service=service,
    )


def _for_another(step: Step, alarm: Alarm, ask: Ask, running: Referral) -> Step:
    """Have the service told by telephone that somebody else of this home needs help too."""
    who = somebody_else(alarm) or "client"
    reason = step.why(Rule.SOMEBODY_ELSE, "open_for_another_person", referral=running.id, who=who)
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        reason,
        alarm=alarm.id,
        service=running.service,
        due_at=step.now,
        text=f"this referral is for the {who}, beside the one that is open",
    )
    step = step.about(What.NOTHING, alarm, reason, *ask.reasons, referral=running.id)
    return step.notify(SUPERVISOR, alarm, reason, "a second person of this home needs help")


def _open_elsewhere(step: Step, alarm: Alarm, ask: Ask, other: Elsewhere) -> Step:
    """Have the service told by telephone that already has this person by another case (ADR 0009).

    Its referral belongs to that case and only its lock may change it.
    """
    reason = step.why(
        Rule.ONE_OPEN, "open_in_another_case", referral=other.referral, service=other.service
    )
    step = _goes_there(step, alarm, (reason, *ask.reasons), other.referral, other.service)
    step = _tell_team(step, alarm, reason, other.service)
    return step.notify(SUPERVISOR, alarm, reason, "referral open in another case")


def _tell_team(step: Step, alarm: Alarm, reason: Reason, service: str) -> Step:
    """Have the team that has this person told by telephone: no update waits to be accepted."""
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        reason,
        alarm=alarm.id,
        service=service,
        due_at=step.now,
        text="tell the team that has this person: called again",
    )
    return step


def _elsewhere(step: Step, alarm: Alarm, ask: Ask, choice: Choice) -> Step:
    """Give the case to a clinician, else to 111 or the GP: a phone task now, by a human."""
    clinician = choose(step, CLINICIAN)
    to = Disposition.GP_111 if clinician.service is None else Disposition.CLINICIAN
    reasons = (*choice.reasons, *clinician.reasons, *ask.reasons)
    instead = clinician.service
    if instead is None and (gp := route(step, to.value)).service is not None:
        instead, reasons = gp.service, (*reasons, *gp.reasons)
    what = What.NOTHING
    if alarm.disposition is None or not ask.automatic:
        what, alarm = What.DISPOSED, replace(alarm, disposition=to)
    service = None if instead is None else instead.id
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
    step, referral, joint = pair(step, referral)
    step = watch(step, referral)
    kept = step.referral(referral.id)
    assert kept is not None  # put in the line before
    state = _standing(step, ask)
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
        *joint,
        *after_withdrawal(step, referral),
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
    if referral.helped:
        who = step.why(Rule.SOMEBODY_ELSE, "record_not_known", who=referral.helped)
        return _phone_too(step, referral, who)
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


def _standing(step: Step, ask: Ask) -> Reason:
    if not ask.automatic:
        return step.why(Rule.PROVISIONAL, "decided_by_a_person")
    return step.why(Rule.PROVISIONAL, "provisional", assessed="not assessed: provisional")


def _new(step: Step, alarm: Alarm, ask: Ask, service: str) -> Referral:
    """Build the referral with the stamps it starts with."""
    pair_of = (alarm.id, service)
    ordinal = 1 + sum((r.alarm, r.service) == pair_of for r in step.case.referrals)
    before = supporting(step)
    return Referral(
        id=referral_id(alarm.id, service, ordinal),
        service=service,
        state=ReferralState.PROVISIONAL if ask.automatic else ReferralState.SENT,
        provisional=ask.automatic,
        made_at=step.now,
        alarm=alarm.id,
        need=ask.need,
        assessed=ask.assessed,
        helped=somebody_else(alarm),
        alarm_at=alarm.alarm_at,
        pressed_at=alarm.pressed_at,
        taken_at=alarm.taken_at,
        spoke_at=alarm.spoke_at,
        decided_at=step.now,
        confirmed_at=None if ask.automatic else step.now,
        sent_at=step.now,
        person=None if somebody_else(alarm) else step.person_id,
        follows=None if before is None else before.id,
    )


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
