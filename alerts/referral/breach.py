"""A referral that nobody saw or accepted in time, or that was not delivered: loud, and by phone."""

from msgspec.structs import replace

from alerts.case import Reason, Referral
from alerts.lifecycle import REFERRAL, ReferralEvent, advance
from alerts.referral.joint import NEVER_CAME, part
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_once
from alerts.timing import TimerKind
from alerts.waiting import front
from alerts.words import ReferralState, TaskKind, What

WATCH = (TimerKind.SEEN, TimerKind.ACCEPT, TimerKind.ARRIVE)


def not_seen(step: Step, referral: Referral) -> Step:
    """Nobody has seen the referral in time."""
    return _breach(step, referral, step.why(Rule.SEEN, "not_seen", sent_at=referral.sent_at))


def not_accepted(step: Step, referral: Referral) -> Step:
    """Nobody has accepted the referral in time; the breach of one nobody saw stands already."""
    reason = step.why(Rule.ACCEPT, "not_accepted", made_at=referral.made_at)
    if referral.breached_at is None or referral.seen_at is not None:
        return _breach(step, referral, reason)
    known = step.why(Rule.SEEN, "breached_already", breached_at=referral.breached_at)
    return step.say(
        What.NOTHING,
        reason,
        known,
        alarm=referral.alarm,
        referral=referral.id,
        service=referral.service,
        provisional=referral.provisional,
    )


def _breach(step: Step, referral: Referral, reason: Reason) -> Step:
    if referral.state is not ReferralState.PHONE_TASK:
        state = advance(REFERRAL, referral.state, ReferralEvent.BREACH)
        referral = replace(referral, state=state)
    referral = replace(referral, breached_at=referral.breached_at or step.now)
    step = step.put_referral(referral).say(
        What.REFERRAL_BREACHED,
        reason,
        alarm=referral.alarm,
        referral=referral.id,
        service=referral.service,
        provisional=referral.provisional,
    )
    return by_phone(step, referral, reason, f"referral {reason.reason}")


def by_phone(step: Step, referral: Referral, reason: Reason, text: str) -> Step:
    """Open the phone task of a referral and put the case back in front of an operator."""
    step = make_once(
        step,
        TaskKind.PHONE_REFERRAL,
        reason,
        alarm=referral.alarm,
        referral=referral.id,
        due_at=step.now,
        text=text,
    )
    return front(step, referral.alarm, reason, text, TaskKind.PHONE_REFERRAL)


def not_delivered(step: Step, referral: Referral, detail: str) -> Step:
    """The referral could not be delivered: a phone task, the fallback that always works."""
    state = advance(REFERRAL, referral.state, ReferralEvent.FAILED)
    reason = step.why(Rule.DELIVERY, "not_delivered", service=referral.service, detail=detail)
    step = step.put_referral(replace(referral, state=state))
    return by_phone(step, referral, reason, detail or "referral not delivered")


def delivered(step: Step, referral: Referral) -> Step:
    """The receiver has the referral: the national clock may count from here."""
    state = advance(REFERRAL, referral.state, ReferralEvent.ACKNOWLEDGED)
    received_at = referral.received_at or step.now
    referral = replace(referral, state=state, received_at=received_at)
    reason = step.why(Rule.DELIVERY, "acknowledged", service=referral.service)
    return step.put_referral(referral).say(
        What.NOTHING,
        reason,
        alarm=referral.alarm,
        referral=referral.id,
        service=referral.service,
        provisional=referral.provisional,
    )


def asked_to_act(step: Step, referral: Referral, by: str) -> Step:
    """The service has finished and hands the case back: it asks us to act."""
    reason = step.why(
        Rule.SERVICE_ACTS, "action_needed", referral=referral.id, outcome=referral.outcome, by=by
    )
    text = f"The service has finished and asks you to act: {referral.outcome}"
    return by_phone(step, referral, reason, text)


def unwatch(step: Step, referral_id: str) -> Step:
    """Stop waiting for whoever sees, accepts and comes; a referral not to be is not joint."""
    step = step.stop(referral_id, WATCH)
    referral = step.referral(referral_id)
    if referral is None or referral.state not in NEVER_CAME:
        return step
    return part(step, referral)
