"""Letting closed parts leave the case when nothing can look at them any more (30 days).

The tables people query are written from the difference between the case before and the case after,
so a part leaves only once it is the same in both: what changed in a decision stays until a later
one. Decisions of one instant may be saved as one difference; only the first of them drops anything.
"""

from typing import TypeVar

from alerts.case import Alarm, Case, Referral, Task
from alerts.rule_ids import Rule
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS, Step

Part = TypeVar("Part", Alarm, Referral, Task)


def tidy(step: Step, given: Case) -> Step:
    """Drop what has been closed for long; everything open stays, and what it stands on.

    `given` is the case before this decision.
    """
    if step.now == given.as_of:
        return step
    before = step.now - step.rules.span(Rule.KEEP_CLOSED)
    changed = {
        *_changed(given.alarms, step.case.alarms),
        *_changed(given.referrals, step.case.referrals),
        *_changed(given.tasks, step.case.tasks),
    }

    def keeps_referral(referral: Referral) -> bool:
        if referral.state not in CLOSED_REFERRALS or referral.id in changed:
            return True
        ended_at = referral.closed_at or referral.withdrawn_at or referral.rejected_at
        return ended_at is None or ended_at > before

    referrals = tuple(filter(keeps_referral, step.case.referrals))
    needed = {referral.alarm for referral in referrals}

    def keeps_alarm(alarm: Alarm) -> bool:
        if alarm.closed_at is None or alarm.id in needed or alarm.id in changed:
            return True
        return alarm.closed_at > before

    alarms = tuple(filter(keeps_alarm, step.case.alarms))
    causes = {alarm.id for alarm in alarms} | {referral.id for referral in referrals}

    def keeps_task(task: Task) -> bool:
        if task.done_at is not None and task.done_at > before:
            return True
        if task.state in LIVE_TASKS or task.id in changed:
            return True
        return not causes.isdisjoint({task.alarm, task.referral})

    return step.change(
        alarms=alarms,
        referrals=referrals,
        tasks=tuple(filter(keeps_task, step.case.tasks)),
        past=tuple(past for past in step.case.past if past.at > before),
    )


def _changed(before: tuple[Part, ...], after: tuple[Part, ...]) -> set[str]:
    known = {part.id: part for part in before}
    return {part.id for part in after if known.get(part.id) != part}
