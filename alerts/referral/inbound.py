"""Referrals that a service received from elsewhere, by telephone or message (CLINICAL 1.1, 2.1).

They are not provisional. What a clinician referred carries that decision and is not screened again
(DECIDING 4); whoever refers, the person has one open referral per service.
"""

from datetime import datetime
from typing import Any

from alerts.case import Referral
from alerts.events import ServiceEvent
from alerts.ids import inbound_referral_id
from alerts.lifecycle import Forbidden
from alerts.referral.choose import supporting
from alerts.referral.extra_tasks import make_extra_tasks
from alerts.referral.joint import pair
from alerts.referral.notes import said
from alerts.referral.watching import watch
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.words import ReferralState, Source, Standard, What

CLINICIANS = frozenset({Source.GP, Source.HVS, Source.UCC_HUB, Source.AMBULANCE})


def inbound(step: Step, event: ServiceEvent) -> Step:
    """Create a referral that the service received from elsewhere.

    Raises:
        Forbidden: the person or the service is not of this case, or has one open with it already.
    """
    if step.facts.person is None or event.person not in (None, step.facts.person.id):
        raise Forbidden(f"person {event.person} is not of this case", Rule.INBOUND)
    if all(service.id != event.service for service in step.facts.services):
        raise Forbidden(f"service {event.service} is not known", Rule.INBOUND)
    running = [r.id for r in step.open_referrals() if r.service == event.service]
    running += [o.referral for o in step.facts.elsewhere if o.service == event.service]
    if running:
        raise Forbidden(f"referral {running[0]} is open with {event.service}", Rule.ONE_OPEN)
    source = event.source or Source.FAMILY
    at = when(step, event)
    before = supporting(step)
    referral = Referral(
        id=inbound_referral_id(event.service, event.referral),
        service=event.service,
        state=ReferralState.RECEIVED,
        provisional=False,
        made_at=step.now,
        source=source,
        standard=event.standard or Standard.TWO_HOUR,
        need=event.need,
        sent_at=at,
        received_at=at,
        decided_at=at,
        seen_at=step.now if event.by else None,
        text=event.text,
        person=step.person_id,
        follows=None if before is None else before.id,
    )
    screened = source not in CLINICIANS
    reason = step.why(
        Rule.INBOUND,
        "to_be_screened" if screened else "carries_clinicians_decision",
        source=source.value,
        standard=referral.standard.value,
        given=event.referral,
        need=event.need,
        by=event.by,
    )
    step, referral, joint = pair(step.put_referral(referral), referral)
    step = watch(step, referral)
    step = step.say(What.REFERRAL_MADE, reason, *joint, **fields(step, referral, event))
    return make_extra_tasks(step, referral.id, event)


def fields(step: Step, referral: Referral, event: ServiceEvent) -> dict[str, Any]:
    """Give what an entry says about an act of a service, its words and its own time included."""
    return {
        "alarm": referral.alarm,
        "referral": referral.id,
        "service": referral.service,
        "provisional": referral.provisional,
        "text": said(event.reason, event.result, event.text),
        "occurred_at": None if event.occurred_at is None else when(step, event),
    }


def when(step: Step, event: ServiceEvent) -> datetime:
    """Give when it happened, which may be before it was entered; never after now."""
    return step.now if event.occurred_at is None else min(event.occurred_at, step.now)
