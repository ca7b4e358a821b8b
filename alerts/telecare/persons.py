"""A person's status changes (DECIDING 8): who is home again is called, a death takes two people.

The record itself is the shell's: it asks here first, and writes what is not refused.
"""

from alerts.events import PersonChanged
from alerts.lifecycle import Forbidden, TaskEvent
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import finish, make_task
from alerts.words import PersonStatus, TaskKind, What

CARED_FOR_ELSEWHERE = frozenset({PersonStatus.IN_HOSPITAL, PersonStatus.RESPITE})
WELFARE = "welfare call"


def changed(step: Step, event: PersonChanged) -> Step:
    """Say what follows from a changed status.

    Raises:
        Forbidden: a death that two people have not confirmed, or no person in this case.
    """
    if step.facts.person is None:
        raise Forbidden("this case has no person whose status could change", Rule.PERSON_STATUS)
    if event.now is PersonStatus.DECEASED and event.second in (None, "", event.by):
        raise Forbidden("a death is confirmed by a second person", Rule.PERSON_STATUS)
    reason = step.why(
        Rule.PERSON_STATUS,
        "status_changed",
        was=event.was.value,
        now=event.now.value,
        by=event.by,
        second=event.second,
    )
    step = step.say(What.NOTHING, reason)
    if event.now is not PersonStatus.HOME:
        return _stop_prompts(step)
    return _welfare(step) if event.was in CARED_FOR_ELSEWHERE else step


def _welfare(step: Step) -> Step:
    """Have whoever came home called, once."""
    if any(task.state in LIVE_TASKS for task in step.case.tasks if task.text == WELFARE):
        return step
    reason = step.why(Rule.WELFARE_CALL, "home_again")
    due_at = step.now + step.rules.span(Rule.WELFARE_CALL)
    step, _ = make_task(step, TaskKind.CALL_PATIENT, reason, due_at=due_at, text=WELFARE)
    return step


def _stop_prompts(step: Step) -> Step:
    """End what only asks the person for something; what somebody called for goes on."""
    for task in step.case.tasks:
        if task.text == WELFARE and task.state in LIVE_TASKS:
            step = finish(step, task, TaskEvent.CANCEL)
    return step
