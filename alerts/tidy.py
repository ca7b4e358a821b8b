"""Letting closed parts leave the case when nothing can look at them any more (30 days)."""

from alerts.case import Alarm, Referral, Task
from alerts.rule_ids import Rule
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS, Step


def tidy(step: Step) -> Step:
    """Drop what has been closed for long; everything open stays, and what it stands on."""
    before = step.now - step.rules.span(Rule.KEEP_CLOSED)

    def keeps_referral(referral: Referral) -> bool:
        if referral.state not in CLOSED_REFERRALS:
            return True
        ended_at = referral.closed_at or referral.withdrawn_at or referral.rejected_at
        return ended_at is None or ended_at > before

    referrals = tuple(filter(keeps_referral, step.case.referrals))
    needed = {referral.alarm for referral in referrals}

    def keeps_alarm(alarm: Alarm) -> bool:
        if alarm.closed_at is None or alarm.id in needed:
            return True
        return alarm.closed_at > before

    alarms = tuple(filter(keeps_alarm, step.case.alarms))
    causes = {alarm.id for alarm in alarms} | {referral.id for referral in referrals}

    def keeps_task(task: Task) -> bool:
        if task.done_at is not None and task.done_at > before:
            return True
        return task.state in LIVE_TASKS or not causes.isdisjoint({task.alarm, task.referral})

    return step.change(
        alarms=alarms,
        referrals=referrals,
        tasks=tuple(filter(keeps_task, step.case.tasks)),
        past=tuple(past for past in step.case.past if past.at > before),
    )
