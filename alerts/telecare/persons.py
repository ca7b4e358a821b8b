"""A person's record changes (DECIDING 8): who is home again is called, a death takes two people.

The record itself is the shell's: it asks here first, and writes what is not refused. A death that
one person reports changes no status yet; a supervisor is asked to have it confirmed.
"""

from datetime import datetime

from alerts.case import Reason
from alerts.events import PersonChanged
from alerts.lifecycle import Forbidden, TaskEvent
from alerts.rule_ids import Rule
from alerts.step import LIVE_TASKS, Step
from alerts.tasks import finish, make_task
from alerts.words import PersonStatus, TaskKind, What

CARED_FOR_ELSEWHERE = frozenset({PersonStatus.IN_HOSPITAL, PersonStatus.RESPITE})
WELFARE = "welfare call"
REPORTED = "a death was reported: a second person must confirm it, or take it back"


def changed(step: Step, event: PersonChanged) -> Step:
    """Say what follows from a changed record.

    Raises:
        Forbidden: a death confirmed by who reported it, or no person in this case.
    """
    if step.facts.person is None:
        raise Forbidden("this case has no person whose record could change", Rule.PERSON_STATUS)
    if event.changes:
        reason = step.why(Rule.PERSON_STATUS, "record_changed", by=event.by, **event.changes)
        return step.say(What.NOTHING, reason, text=event.text)
    dies = event.now is PersonStatus.DECEASED and event.was is not PersonStatus.DECEASED
    if dies and event.second is None:
        return _reported(step, event)
    if dies and event.second in ("", event.by):
        raise Forbidden("a death is confirmed by a second person", Rule.PERSON_STATUS)
    reason = step.why(
        Rule.PERSON_STATUS,
        "status_changed",
        was=event.was.value,
        now=event.now.value,
        by=event.by,
        second=event.second,
    )
    step = step.say(What.NOTHING, reason, text=event.text)
    step = _finish(step, REPORTED, TaskEvent.DONE if dies else TaskEvent.CANCEL)
    if event.now is not PersonStatus.HOME:
        return _finish(step, WELFARE, TaskEvent.CANCEL)
    return _welfare(step) if event.was in CARED_FOR_ELSEWHERE else step


def _reported(step: Step, event: PersonChanged) -> Step:
    """Keep that one person reports a death, and have a second one asked, once."""
    reason = step.why(Rule.PERSON_STATUS, "death_reported", by=event.by)
    step = step.say(What.NOTHING, reason, text=event.text)
    return _make_once(step, TaskKind.SUPERVISOR, REPORTED, reason=reason, due_at=step.now)


def _welfare(step: Step) -> Step:
    """Have whoever came home called, once."""
    reason = step.why(Rule.WELFARE_CALL, "home_again")
    due_at = step.now + step.rules.span(Rule.WELFARE_CALL)
    return _make_once(step, TaskKind.CALL_PATIENT, WELFARE, reason=reason, due_at=due_at)


def _make_once(step: Step, kind: TaskKind, text: str, *, reason: Reason, due_at: datetime) -> Step:
    """Make a task of the person, unless one of these words is open."""
    if any(task.state in LIVE_TASKS for task in step.case.tasks if task.text.startswith(text)):
        return step
    step, _ = make_task(step, kind, reason, due_at=due_at, text=text)
    return step


def _finish(step: Step, text: str, event: TaskEvent) -> Step:
    """End the open task of these words: it only asked for what has happened, or cannot now."""
    for task in step.case.tasks:
        if task.text.startswith(text) and task.state in LIVE_TASKS:
            step = finish(step, task, event)
    return step
