"""A deterioration that the vitals half hands over: the alarm of kind `health` (DECIDING 7).

A clinician's confirmation makes the referral, not provisional. An exhausted ladder puts it in front
of an operator, and the person's plan says whether anything goes out by itself. New confusion waits
to be spoken to, as in DECIDING 4; with a NEWS2 of 5 or a low glucose, and for whoever is not alert,
it is 999. Readings that are normal again send nothing by themselves.
"""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import Deterioration, Heard
from alerts.ids import alarm_id
from alerts.lifecycle import ALARM, AlarmEvent, advance
from alerts.plans import RECOVERED
from alerts.referral.automatic import refer_at_once
from alerts.referral.make import Ask, refer
from alerts.rule_ids import Rule
from alerts.rule_rows import HealthKind
from alerts.step import Step
from alerts.tasks import make_999
from alerts.telecare import confusion
from alerts.vital_words import Crisis
from alerts.waiting import IN_QUEUE, queue, ring
from alerts.words import AlarmKind, AlarmState, Disposition, What

TOP = 1
URGENT = frozenset({Crisis.NEW_CONFUSION, Crisis.NOT_ALERT, Crisis.EMERGENCY})


def heard(step: Step, one: Heard, said: Deterioration) -> Step:
    """Open the person's alarm of kind health, or join the open one, and do what the crisis asks."""
    open_one = step.open_alarm(AlarmKind.HEALTH)
    if open_one is None:
        step, alarm = _open(step, one, said)
    else:
        step, alarm = _join(step, open_one, said)
    if said.crisis is Crisis.CLINICIAN_CONFIRMED:
        return _confirmed(step, alarm, said)
    step = _queued(step, alarm)
    if said.crisis is Crisis.LADDER_EXHAUSTED:
        return refer_at_once(step, alarm)
    reason = _why(step, said)
    if said.crisis is Crisis.NEW_CONFUSION and not _is_grave(step, said):
        return confusion.reported(step, alarm, reason)
    return make_999(step, alarm, reason, f"deterioration: {said.crisis.value}")


def _why(step: Step, said: Deterioration) -> Reason:
    inputs = {"crisis": said.crisis.value, "level": said.level.value, "at_least": said.at_least}
    if said.low_glucose:
        inputs["low_glucose"] = True
    if said.clinician is not None:
        inputs["clinician"] = said.clinician
    return step.why(Rule.DETERIORATION, said.crisis.value, **inputs, context=said.context)


def _is_grave(step: Step, said: Deterioration) -> bool:
    return said.at_least >= step.rules.count(Rule.CONFUSION_SCORE) or said.low_glucose


def _open(step: Step, one: Heard, said: Deterioration) -> tuple[Step, Alarm]:
    row = step.rules.health[HealthKind.DETERIORATION]
    closed = step.alarm(said.alert) is not None
    alarm = Alarm(
        id=alarm_id(one.receipt, row.alarm.value) if closed else said.alert,
        kind=row.alarm,
        state=AlarmState.OPEN,
        alarm_at=step.now,
        what=row.what.value,
        opened_by=one.receipt,
        priority=TOP if said.crisis in URGENT else row.priority,
        last_signal_at=step.now,
        speech=False,
        context=said.context,
        marks=_marks(step, said),
    )
    step = step.put_alarm(alarm)
    what = What.ALARM_OPENED if closed else What.ALARM_RAISED  # the ward has it open already
    return step.about(what, alarm, _why(step, said), *said.reasons), alarm


def _marks(step: Step, said: Deterioration) -> dict[str, datetime]:
    return {RECOVERED: step.now} if said.recovered else {}


def _join(step: Step, alarm: Alarm, said: Deterioration) -> tuple[Step, Alarm]:
    marks = {name: at for name, at in alarm.marks.items() if name != RECOVERED}
    alarm = replace(
        alarm,
        priority=TOP if said.crisis in URGENT else alarm.priority,
        signals=alarm.signals + 1,
        last_signal_at=step.now,
        context=said.context,
        marks=marks | _marks(step, said),
    )
    step, alarm = ring(step.put_alarm(alarm), alarm)
    return step.about(What.ALARM_JOINED, alarm, _why(step, said), *said.reasons), alarm


def _queued(step: Step, alarm: Alarm) -> Step:
    """See that something runs while nobody has it."""
    waits = step.waits_for(IN_QUEUE, alarm.id)
    return step if alarm.state is not AlarmState.OPEN or waits else queue(step, alarm)


def _confirmed(step: Step, alarm: Alarm, said: Deterioration) -> Step:
    """The clinician has it and asks for the crisis team."""
    reason = step.why(
        Rule.DETERIORATION_CONFIRMED,
        "clinician_confirmed",
        clinician=said.clinician,
        need=said.need,
    )
    taken_at = alarm.taken_at or step.now
    alarm = replace(
        alarm,
        state=advance(ALARM, alarm.state, AlarmEvent.ACT),
        taken_by=alarm.taken_by or said.clinician,
        taken_at=taken_at,
        acted_at=step.now,
        disposition=Disposition.UCR,
        decided_at=step.now,
    )
    step = step.put_alarm(alarm).stop(alarm.id, IN_QUEUE)
    step = step.about(What.DISPOSED, alarm, reason, disposition=Disposition.UCR)
    ask = Ask(automatic=False, reasons=(reason,), wanted=said.service, need=said.need)
    return refer(step, alarm, ask)
