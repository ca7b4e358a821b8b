"""What presses and falls of a month say together (DECIDING 8)."""

from alerts.case import Alarm
from alerts.rule_ids import Rule
from alerts.ruleset import ActivationRow
from alerts.step import Step
from alerts.tasks import make_task
from alerts.words import TaskKind
from devices.model import Flag

KINDS = {"press": Rule.PRESSES_PROPOSE, "fall": Rule.FALLS_PROPOSE}


def count(step: Step, alarm: Alarm, row: ActivationRow, flags: frozenset[Flag]) -> Step:
    """Remember a fall, or the press that opened an alarm; a press that rings again is the same."""
    if Flag.CACHED in flags:
        return step
    if row.plan == "fall" or (row.plan == "press" and alarm.signals == 1 and alarm.known):
        return step.remember(row.plan, alarm.id)
    return step


def propose(step: Step, row: ActivationRow) -> Step:
    """Propose a falls assessment once when there were too many in the time."""
    rule = KINDS.get(row.plan)
    within = step.rules.span(Rule.PROPOSE_WITHIN)
    if rule is None or step.facts.person is None:
        return step
    times = step.remembered(row.plan, within)
    recently = any(
        task.kind is TaskKind.FALLS_ASSESSMENT and task.made_at > step.now - within
        for task in step.case.tasks
    )
    if times < step.rules.count(rule) or recently:
        return step
    reason = step.why(rule, f"repeated_{row.plan}", times=times, days=within.days)
    step, _ = make_task(step, TaskKind.FALLS_ASSESSMENT, reason, text="propose an assessment")
    return step
