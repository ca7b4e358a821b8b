"""Who answers what is asked for: rows name kinds of service, hours and catchment choose one.

`route` is asked with a disposition (`edt`, `social_care`, ...), a kind of task (`equipment`), or
one of the needs named here. The first kind with a service that can go now decides; capacity is not
asked, because a person telephones. Where nothing can go, nobody is named and a person looks on.
"""

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.referral.choose import Choice, why_not
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_task
from alerts.words import TaskKind

SECOND_RESPONDER = "second_responder"
TASK_SOCIAL_CARE = "task_social_care"
ASKED_FOR_TASK = {TaskKind.SOCIAL_CARE: TASK_SOCIAL_CARE}
"""The one word that is a disposition and a kind of task; what a visit leaves behind is the task."""


def route(step: Step, asked: str, but: frozenset[str] = frozenset()) -> Choice:
    """Choose the service that answers now; `but` are services not wanted for it."""
    row = step.rules.routes.get(asked)
    if row is None:
        return Choice(None, (step.why(Rule.CHOOSE, "no_route", asked=asked),))
    reasons = [Reason("routed", row.id, row.version, {"asked": asked, "kinds": list(row.kinds)})]
    for kind in row.kinds:
        for service in sorted(step.facts.services, key=lambda one: one.position):
            if service.kind != kind or service.id in but:
                continue
            no = why_not(step, service)
            if no is None:
                chosen = step.why(Rule.CHOOSE, "service_chosen", service=service.id)
                return Choice(service, (*reasons, chosen))
            reasons.append(no)
    reasons.append(step.why(Rule.CHOOSE, "no_service_can_go", kinds=list(row.kinds)))
    return Choice(None, tuple(reasons))


def service_for(step: Step, kind: TaskKind) -> str | None:
    """Name the service that does a task of a kind now, where a row names one."""
    asked = ASKED_FOR_TASK.get(kind, kind.value)
    if asked not in step.rules.routes:
        return None
    choice = route(step, asked)
    return None if choice.service is None else choice.service.id


def phone_task(step: Step, alarm: Alarm, reason: Reason, choice: Choice, text: str) -> Step:
    """Ask a person to telephone now, and name who answers where somebody can go."""
    service = None if choice.service is None else choice.service.id
    step, _ = make_task(
        step,
        TaskKind.PHONE_REFERRAL,
        reason,
        alarm=alarm.id,
        service=service,
        due_at=step.now,
        text=text if service is None else f"{text}: {service}",
    )
    return _also_because(step, choice.reasons)


def _also_because(step: Step, reasons: tuple[Reason, ...]) -> Step:
    """Give the last entry further reasons."""
    entry = step.entries[-1]
    entry = replace(entry, reasons=(*entry.reasons, *reasons))
    return replace(step, entries=(*step.entries[:-1], entry))
