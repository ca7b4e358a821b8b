"""Which service a referral goes to: who has the person, hours, catchment, capacity (DECIDING 8).

A service whose team has the person, or had within the 72 h of support, comes first. Closed or out
of area leads to the next in the list, then to a clinician, then to 111 or the GP; nothing waits for
the morning. Capacity orders and warns; it never refuses.
"""

from datetime import datetime

import msgspec

from alerts.case import Reason, Referral
from alerts.facts import Service
from alerts.hours import covers, is_open
from alerts.rule_ids import Rule
from alerts.step import Step

UCR = "UCR"
CLINICIAN = "CLINICIAN"


class Choice(msgspec.Struct, frozen=True):
    """What was chosen: a service or None, with the reasons; `phone` asks for a phone task too."""

    service: Service | None
    reasons: tuple[Reason, ...]
    phone: bool = False


def choose(step: Step, kind: str, wanted: str | None = None) -> Choice:
    """Choose the service of a kind that can go now; `wanted`, of any kind, is tried first."""
    theirs = with_the_person(step)
    candidates = sorted(
        (s for s in step.facts.services if s.kind == kind or s.id == wanted),
        key=lambda s: (s.id != wanted, s.id not in theirs, is_full(step, s), s.position),
    )
    reasons: list[Reason] = []
    for service in candidates:
        no = why_not(step, service)
        if no is not None:
            reasons.append(no)
            continue
        chosen = step.why(
            Rule.CHOOSE, "service_chosen", service=service.id, postcode=_postcode(step)
        )
        warning = _capacity(step, service)
        theirs_why = _same_team(step, service)
        return Choice(service, (*reasons, *theirs_why, chosen, *warning), phone=bool(warning))
    reasons.append(step.why(Rule.CHOOSE, "no_service_can_go", kind=kind))
    return Choice(None, tuple(reasons))


def why_not(step: Step, service: Service) -> Reason | None:
    """Say why a service cannot go now: out of its area, or closed."""
    postcode = _postcode(step)
    if not covers(service.catchment, postcode):
        return step.why(Rule.CHOOSE, "out_of_area", service=service.id, postcode=postcode)
    if not is_open(service, step.now):
        return step.why(Rule.CHOOSE, "closed_now", service=service.id, postcode=postcode)
    return None


def _postcode(step: Step) -> str | None:
    return None if step.facts.person is None else step.facts.person.postcode


def with_the_person(step: Step) -> frozenset[str]:
    """Give the services whose team has this person: an open referral, or within 72 h of support."""
    running = {referral.service for referral in step.open_referrals()}
    running.update(r.service for r in step.case.referrals if is_supported(r, step.now))
    running.update(one.service for one in step.facts.elsewhere)
    return frozenset(running)


def supporting(step: Step, service: str | None = None) -> Referral | None:
    """Give the newest referral whose 72 h of support run, of one service where one is named."""
    visited = [referral for referral in step.case.referrals if referral.support_until is not None]
    for referral in reversed(visited):
        if is_supported(referral, step.now) and service in (None, referral.service):
            return referral
    return None


def is_supported(referral: Referral, now: datetime) -> bool:
    """Say whether the 72 h after the first visit still run, the referral closed or not."""
    return referral.support_until is not None and now < referral.support_until


def _same_team(step: Step, service: Service) -> tuple[Reason, ...]:
    """Say that this team knows the person from a visit of the last 72 h."""
    before = supporting(step, service.id)
    if before is None:
        return ()
    return (
        step.why(Rule.CRISIS_SUPPORT, "same_team", referral=before.id, until=before.support_until),
    )


def _capacity(step: Step, service: Service) -> tuple[Reason, ...]:
    """Give the warning about a service's capacity, where there is one to give."""
    if service.capacity is None:
        return (step.why(Rule.CAPACITY, "capacity_unknown", service=service.id),)
    if is_stale(step, service):
        at = service.capacity_at
        return (step.why(Rule.CAPACITY_STALE, "capacity_old", service=service.id, at=at),)
    if service.capacity > 0:
        return ()
    word = "places_full_but_roaming" if service.roaming else "capacity_full"
    return (step.why(Rule.CAPACITY, word, service=service.id),)


def is_stale(step: Step, service: Service) -> bool:
    """Say whether the capacity figure is too old to count; one without a time is taken as it is."""
    at = service.capacity_at
    return at is not None and step.now - at > step.rules.span(Rule.CAPACITY_STALE)


def is_full(step: Step, service: Service) -> bool:
    """Say whether a fresh figure says that no place is free, and nobody goes out beyond them."""
    full = service.capacity is not None and service.capacity <= 0
    return full and not service.roaming and not is_stale(step, service)
