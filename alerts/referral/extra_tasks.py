"""Tasks that a visit leaves behind: equipment in 2 h or 24 h, and the other wraparound.

A service event names them: `equipment`, `equipment:urgent`, `therapy`, ... (CLINICAL 1.1).
"""

from alerts.events import ServiceEvent
from alerts.lifecycle import Forbidden
from alerts.referral.routes import service_for
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_task
from alerts.words import TaskKind

URGENT = "urgent"
MAX_TASKS = 20
WRAPAROUND = frozenset(
    {
        TaskKind.EQUIPMENT,
        TaskKind.ASSISTIVE_TECHNOLOGY,
        TaskKind.HANDYPERSON,
        TaskKind.THERAPY,
        TaskKind.SOCIAL_CARE,
        TaskKind.FALLS_ASSESSMENT,
    }
)


def make_extra_tasks(step: Step, referral_id: str, event: ServiceEvent) -> Step:
    """Make the tasks a service event names.

    Raises:
        Forbidden: a name is no task a service can leave behind, or there are too many.
    """
    if len(event.tasks) > MAX_TASKS:
        raise Forbidden(f"{len(event.tasks)} tasks, expected at most {MAX_TASKS}")
    for name in event.tasks:
        kind, rule = _read(name)
        reason = step.why(rule, "left_by_service", task=name, by=event.by)
        step, _ = make_task(
            step,
            kind,
            reason,
            referral=referral_id,
            service=event.service,
            due_at=step.now + step.rules.span(rule),
            text=_who(step, kind),
        )
    return step


def _who(step: Step, kind: TaskKind) -> str:
    """Say who does it; the task stays with the service that asks for it, which follows it up."""
    service = service_for(step, kind)
    return "" if service is None else f"ask {service}"


def _read(name: str) -> tuple[TaskKind, Rule]:
    word, _, grade = name.partition(":")
    known = {kind.value: kind for kind in WRAPAROUND}
    if word not in known or grade not in ("", URGENT):
        raise Forbidden(
            f"task {name!r}, expected one of {', '.join(sorted(known))}, each also with :{URGENT}"
        )
    return known[word], Rule.EQUIPMENT_URGENT if grade else Rule.EQUIPMENT
