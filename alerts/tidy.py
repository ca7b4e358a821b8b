"""Letting closed parts leave the case when nothing can look at them any more (30 days)."""

from alerts.case import Alarm, Referral, Task
from alerts.rule_ids import Rule
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS, Step
from alerts.words import AlarmState


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
        closed = alarm.state is AlarmState.CLOSED and alarm.closed_at is not None
        return not closed or alarm.id in needed or alarm.closed_at > before

    alarms = tuple(filter(keeps_alarm, step.case.alarms))
    causes = {thing.id for thing in (*alarms, *referrals)}

    def keeps_task(task: Task) -> bool:
        return task.state in LIVE_TASKS or not causes.isdisjoint({task.alarm, task.referral})

    return step.change(
        alarms=alarms,
        referrals=referrals,
        tasks=tuple(filter(keeps_task, step.case.tasks)),
        past=tuple(past for past in step.case.past if past.at > before),
    )
