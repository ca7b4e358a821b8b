"""Which service a referral goes to: hours, catchment, capacity (DECIDING 8).

Closed or out of area leads to the next in the list, then to a clinician, then to 111 or the GP;
nothing waits for the morning. Capacity orders and warns; it never refuses.
"""

from datetime import datetime

import msgspec

from alerts.case import Reason
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
    """Choose the service of a kind that can go now; `wanted` is tried first."""
    person = step.facts.person
    postcode = None if person is None else person.postcode
    candidates = sorted(
        (s for s in step.facts.services if s.kind == kind),
        key=lambda s: (s.id != wanted, is_full(step, s), s.position),
    )
    reasons: list[Reason] = []
    for service in candidates:
        no = _why_not(service, postcode, step.now)
        if no is None:
            reasons.append(
                step.why(Rule.CHOOSE, "service_chosen", service=service.id, postcode=postcode)
            )
            warning = _capacity(step, service)
            return Choice(service, (*reasons, *warning), phone=bool(warning))
        reasons.append(step.why(Rule.CHOOSE, no, service=service.id, postcode=postcode))
    reasons.append(step.why(Rule.CHOOSE, "no_service_can_go", kind=kind))
    return Choice(None, tuple(reasons))


def _why_not(service: Service, postcode: str | None, now: datetime) -> str | None:
    if not covers(service.catchment, postcode):
        return "out_of_area"
    if not is_open(service, now):
        return "closed_now"
    return None


def _capacity(step: Step, service: Service) -> tuple[Reason, ...]:
    """Give the warning about a service's capacity, where there is one to give."""
    if service.capacity is None:
        return (step.why(Rule.CAPACITY, "capacity_unknown", service=service.id),)
    if is_stale(step, service):
        at = service.capacity_at
        return (step.why(Rule.CAPACITY_STALE, "capacity_old", service=service.id, at=at),)
    if service.capacity <= 0:
        return (step.why(Rule.CAPACITY, "capacity_full", service=service.id),)
    return ()


def is_stale(step: Step, service: Service) -> bool:
    """Say whether the capacity figure is too old to count; one without a time is taken as it is."""
    at = service.capacity_at
    return at is not None and step.now - at > step.rules.span(Rule.CAPACITY_STALE)


def is_full(step: Step, service: Service) -> bool:
    """Say whether a fresh figure says that no place is free."""
    full = service.capacity is not None and service.capacity <= 0
    return full and not is_stale(step, service)
