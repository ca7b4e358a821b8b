"""Readings by schedule: prompts at their time, and a missing reading as an alert of its own.

Times are the wall clock of the ward, so that 09:00 stays 09:00 when the clocks change. Every slot
looks again at its own end whether anything came for it; a reading in time changes no timer. While
the person is not at home nobody is prompted and nothing is missing.
"""

from datetime import UTC, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from alerts.ids import task_id
from alerts.rule_ids import Rule
from alerts.vital_rows import Slot
from alerts.vital_words import Level
from alerts.vitals import board
from alerts.vitals.state import MISSING
from alerts.vitals.step import PATIENT, Step, TimerKind
from alerts.vitals.verdict import Verdict
from alerts.words import PersonStatus, TaskKind, What
from devices.model import VitalCode

SCHEDULED = (TimerKind.PROMPT, TimerKind.MISSING)


def slots_of(step: Step) -> tuple[Slot, ...]:
    """Give the person's own schedule, or their pathway's."""
    plan = step.state.plan
    if plan.ended_at is not None:
        return ()
    if plan.schedule is not None:
        return plan.schedule
    row = None if plan.pathway is None else step.rules.vitals.pathways.get(plan.pathway)
    return () if row is None else row.schedule


def next_time(slot: Slot, zone: ZoneInfo, begun: datetime, since: datetime) -> datetime:
    """Give the first time of a slot that is not before `since`, in UTC."""
    first_day = begun.astimezone(zone).date()
    since = max(begun, since)
    day = since.astimezone(zone).date()
    while True:
        if (day - first_day).days % slot.every_days == 0:
            for clock in sorted(map(time.fromisoformat, slot.times)):
                at = datetime.combine(day, clock, zone).astimezone(UTC)
                if at >= since:
                    return at
        day += timedelta(days=1)


def arm(step: Step) -> Step:
    """Set the timers of a schedule, in place of those of another."""
    step = step.stop(SCHEDULED)
    for number, slot in enumerate(slots_of(step)):
        grace = timedelta(minutes=slot.grace_min)
        step = _wait(step, TimerKind.MISSING, number, slot, step.now - grace)
        step = _wait(step, TimerKind.PROMPT, number, slot, step.now)
    return step


def _wait(step: Step, kind: TimerKind, number: int, slot: Slot, since: datetime) -> Step:
    if kind is TimerKind.PROMPT and not slot.prompt:
        return step
    zone = ZoneInfo(step.held.ward.timezone)
    at = next_time(slot, zone, step.state.plan.started_at, since)
    after = timedelta(minutes=slot.grace_min if kind is TimerKind.MISSING else 0)
    return step.wait(kind, at + after, str(number))


def prompt(step: Step, about: str) -> Step:
    """Ask the person for what is due now and has not come yet."""
    slots = slots_of(step)
    if int(about) >= len(slots):
        return step  # the schedule has become shorter since
    slot = slots[int(about)]
    step = _wait(step, TimerKind.PROMPT, int(about), slot, step.now + timedelta(microseconds=1))
    if _has_come(step, slot, step.now) or step.status is not PersonStatus.HOME:
        return step
    reason = step.why(Rule.VITALS_PROMPT, "prompt", what=slot.what)
    return step.notify(PATIENT, reason, f"please measure: {slot.what}", None)


def missing(step: Step, about: str) -> Step:
    """Nothing came for a slot by its end: amber, and it waits for no re-check."""
    slots = slots_of(step)
    if int(about) >= len(slots):
        return step  # as above
    slot = slots[int(about)]
    at = step.now - timedelta(minutes=slot.grace_min)
    step = _wait(step, TimerKind.MISSING, int(about), slot, at + timedelta(microseconds=1))
    if _has_come(step, slot, at) or step.status is not PersonStatus.HOME:
        return step
    inputs = {"what": slot.what, "due_at": at, "last_at": _last(step, slot.what)}
    reason = step.why(Rule.VITALS_MISSING, "missing_reading", **inputs)
    cause = f"{step.state.person}|{MISSING}{slot.what}|{at.isoformat()}"
    verdict = Verdict(MISSING + slot.what, at, Level.AMBER, (reason,), waits=False)
    step = board.judge(step, cause, (verdict,))
    if not slot.call:
        return step
    return step.say(
        What.TASK_MADE,
        reason,
        task=TaskKind.CALL_PATIENT,
        task_id=task_id(cause, TaskKind.CALL_PATIENT.value, 1),
        text=f"missing: {slot.what}",
        alarm=None if step.state.alert is None else step.state.alert.id,
    )


def _last(step: Step, what: str) -> datetime | None:
    reading = step.state.newest.get(cast("VitalCode", what))
    return step.state.heard.get(what) if reading is None else reading.at


def _has_come(step: Step, slot: Slot, at: datetime) -> bool:
    last = _last(step, slot.what)
    return last is not None and last >= at - timedelta(minutes=slot.early_min)
