"""Step up and step down (DECIDING 8): the team re-grades between two hours, two days and 999.

The first clock goes on: nothing here touches `received_at`. A re-grade to 999 opens a task for a
human and keeps the referral; where no call for help is open, it opens one for that task.
"""

from alerts.case import Alarm, Reason, Referral
from alerts.events import ServiceEvent
from alerts.ids import alarm_id
from alerts.lifecycle import Forbidden
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_999
from alerts.waiting import ASKED, climb
from alerts.words import AlarmKind, AlarmState, Disposition, Standard, What
from devices.model import ActivationKind

HELP_PRIORITY = 1


def check(event: ServiceEvent) -> None:
    """See that an act re-grades to something a service can re-grade to.

    Raises:
        Forbidden: the disposition is not 999.
    """
    if event.disposition not in (None, Disposition.EMERGENCY_999):
        raise Forbidden(
            f"a service re-grades with `standard`, or to 999_task, not to {event.disposition}",
            Rule.REGRADE,
        )


def note(step: Step, before: Referral, event: ServiceEvent) -> Step:
    """Say that an act changed the standard: up to two hours, or down to two days."""
    after = step.referral(before.id)
    if after is None or after.standard is before.standard:
        return step
    word = "stepped_up" if after.standard is Standard.TWO_HOUR else "stepped_down"
    reason = step.why(
        Rule.REGRADE,
        word,
        was=before.standard.value,
        now=after.standard.value,
        clock_from=after.received_at,
        by=event.by,
    )
    return step.say(
        What.NOTHING,
        reason,
        alarm=after.alarm,
        referral=after.id,
        service=after.service,
        provisional=after.provisional,
    )


def to_999(step: Step, referral: Referral, event: ServiceEvent) -> Step:
    """Open the 999 task that a service asks for; the referral goes on, informed, never instead."""
    if event.disposition is None:
        return step
    reason = step.why(
        Rule.REGRADE,
        "regraded_to_999",
        referral=referral.id,
        was=referral.standard.value,
        by=event.by,
    )
    alarm = step.alarm(referral.alarm)
    if alarm is None or alarm.state is AlarmState.CLOSED:
        alarm = step.open_alarm(AlarmKind.HELP)
    if alarm is None:
        step, alarm = _open(step, referral, reason)
    return make_999(step, alarm, reason, "the crisis team says 999", by_a_person=True)


def by_ring_back(step: Step, alarm: Alarm, event: ServiceEvent) -> Step:
    """Open the 999 task that a clinician asks for who rang back where there is no referral.

    Raises:
        Forbidden: the alarm is closed, and no call for help is open.
    """
    if event.disposition is None:
        return step
    current = step.open_alarm(AlarmKind.HELP) if alarm.state is AlarmState.CLOSED else alarm
    if current is None:
        raise Forbidden(
            "the alarm is closed: call 999 yourself, then tell an operator", Rule.REGRADE
        )
    reason = step.why(Rule.REGRADE, "regraded_to_999", by=event.by)
    return make_999(step, current, reason, "the clinician says 999", by_a_person=True)


def _open(step: Step, referral: Referral, reason: Reason) -> tuple[Step, Alarm]:
    """Open the call for help that the 999 task belongs to; no second referral is made for it."""
    opened_by = f"regraded:{referral.id}@{step.now.isoformat()}"
    alarm = Alarm(
        id=alarm_id(opened_by, AlarmKind.HELP.value),
        kind=AlarmKind.HELP,
        state=AlarmState.OPEN,
        alarm_at=step.now,
        what=ActivationKind.ASSISTANCE.value,
        opened_by=opened_by,
        priority=HELP_PRIORITY,
        last_signal_at=step.now,
        marks={ASKED: step.now},
    )
    step = step.put_alarm(alarm).about(
        What.ALARM_OPENED, alarm, reason, referral=referral.id, service=referral.service
    )
    return climb(step, alarm), alarm
