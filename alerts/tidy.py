"""Letting closed parts leave the case when nothing can look at them any more (30 days, or many).

The tables people query are written from the difference between the case before and the case after,
so a part leaves only once it is the same in both: what changed in a decision stays until a later
one. Decisions of one instant may be saved as one difference; only the first of them drops anything.
"""

from datetime import datetime
from typing import TypeVar

from alerts.case import Alarm, Case, Referral, Task
from alerts.rule_ids import Rule
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS, Step

CROWDED = 40
"""With more referrals than this, or more alarms than this and LEFT together, the oldest that ended
leave before their 30 days: a case stays small whoever calls how often. The tables keep them."""
LEFT = 20
"""How many closed alarms, and closed referrals, stay when a case was crowded: the newest."""

Part = TypeVar("Part", Alarm, Referral, Task)


def tidy(step: Step, given: Case) -> Step:
    """Drop what has been closed for long; everything open stays, and what it stands on.

    `given` is the case before this decision.
    """
    case, before = step.case, step.now - step.rules.span(Rule.KEEP_CLOSED)
    if step.now == given.as_of or not _may_leave(case, before):
        return step
    changed = {
        *_changed(given.alarms, case.alarms),
        *_changed(given.referrals, case.referrals),
        *_changed(given.tasks, case.tasks),
    }
    ended = [r for r in case.referrals if r.state in CLOSED_REFERRALS and r.id not in changed]
    gone = {r.id for r in ended if _is_old(_ended_at(r), before)} | _too_many(case, ended)
    referrals = tuple(r for r in case.referrals if r.id not in gone)
    needed = {referral.alarm for referral in referrals} | changed
    closed = [a for a in case.alarms if a.closed_at is not None and a.id not in needed]
    gone |= {a.id for a in closed if _is_old(a.closed_at, before)} | _too_many(case, closed)
    alarms = tuple(alarm for alarm in case.alarms if alarm.id not in gone)
    causes = {alarm.id for alarm in alarms} | {referral.id for referral in referrals}

    def keeps_task(task: Task) -> bool:
        about = {task.alarm, task.referral}
        if task.state in LIVE_TASKS or task.id in changed or not causes.isdisjoint(about):
            return True
        return task.done_at is not None and task.done_at > before and gone.isdisjoint(about)

    return step.change(
        alarms=alarms,
        referrals=referrals,
        tasks=tuple(filter(keeps_task, case.tasks)),
        past=tuple(past for past in case.past if past.at > before),
    )


def _may_leave(case: Case, before: datetime) -> bool:
    """Say whether anything is old enough, or the case crowded; most decisions end here."""
    if _is_crowded(case):
        return True
    return _began_by(case, before) and (
        any(alarm.closed_at is not None and alarm.closed_at <= before for alarm in case.alarms)
        or any(_is_old(_ended_at(referral), before) for referral in case.referrals)
        or any(task.done_at is not None and task.done_at <= before for task in case.tasks)
        or any(past.at <= before for past in case.past[:1])
    )


def _began_by(case: Case, before: datetime) -> bool:
    """Say whether anything began so long ago; the oldest of each part stands first."""
    return bool(
        (case.alarms and case.alarms[0].alarm_at <= before)
        or (case.referrals and case.referrals[0].made_at <= before)
        or (case.tasks and case.tasks[0].made_at <= before)
        or (case.past and case.past[0].at <= before)
    )


def _ended_at(referral: Referral) -> datetime | None:
    return referral.closed_at or referral.withdrawn_at or referral.rejected_at


def _is_old(ended_at: datetime | None, before: datetime) -> bool:
    return ended_at is not None and ended_at <= before


def _too_many(case: Case, ended: list[Alarm] | list[Referral]) -> set[str]:
    """Name the oldest of what has ended, but for the newest that stay in any case."""
    return {part.id for part in ended[:-LEFT]} if _is_crowded(case) else set()


def _is_crowded(case: Case) -> bool:
    return len(case.alarms) > CROWDED + LEFT or len(case.referrals) > CROWDED


def _changed(before: tuple[Part, ...], after: tuple[Part, ...]) -> set[str]:
    if before is after:
        return set()
    known = {part.id: part for part in before}
    return {part.id for part in after if (was := known.get(part.id)) is not part and was != part}
