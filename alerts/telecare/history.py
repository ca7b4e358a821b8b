"""What presses and falls of a month say together (DECIDING 8)."""

from datetime import datetime

from alerts.case import Alarm, Case
from alerts.plans import effective_status
from alerts.rule_ids import Rule
from alerts.ruleset import CallRow, Rules
from alerts.step import Step
from alerts.tasks import make_task
from alerts.words import PersonStatus, TaskKind
from devices.model import Flag

MAX_TESTED = 50
KINDS = {"press": Rule.PRESSES_PROPOSE, "fall": Rule.FALLS_PROPOSE}


def count(step: Step, alarm: Alarm, row: CallRow, flags: frozenset[Flag]) -> Step:
    """Remember a fall, or the press that opened an alarm; a press that rings again is the same."""
    if Flag.CACHED in flags:
        return step
    if row.plan == "fall" or (row.plan == "press" and alarm.signals == 1 and alarm.known):
        return step.remember(row.plan, alarm.id)
    return step


def propose(step: Step, row: CallRow) -> Step:
    """Propose a falls assessment once when there were too many in the time.

    Nothing is proposed for somebody who is not at home; what happened counts on.
    """
    rule, person = KINDS.get(row.plan), step.facts.person
    if rule is None or person is None:
        return step
    if effective_status(person, step.now) is not PersonStatus.HOME:
        return step
    within = step.rules.span(Rule.PROPOSE_WITHIN)
    since = step.now - within
    for task in step.case.tasks:
        if task.kind is TaskKind.FALLS_ASSESSMENT and task.made_at > since:
            return step
    times = step.remembered(row.plan, within)
    if times < step.rules.count(rule):
        return step
    reason = step.why(rule, f"repeated_{row.plan}", times=times, days=within.days)
    step, _ = make_task(step, TaskKind.FALLS_ASSESSMENT, reason, text="propose an assessment")
    return step


def tested(step: Step, device: str) -> Step:
    """Remember that a device's user test was heard."""
    if device not in step.case.tested and len(step.case.tested) >= MAX_TESTED:
        return step
    return step.change(tested={**step.case.tested, device: step.now})


def untested(case: Case, rules: Rules, now: datetime) -> tuple[str, ...]:
    """Give the devices whose monthly user test is overdue, for the worklist of devices.

    A device that never sent a test is not among them: nobody knows since when it should have.
    """
    before = now - rules.span(Rule.USER_TEST)
    return tuple(sorted(device for device, at in case.tested.items() if at < before))
