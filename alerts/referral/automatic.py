"""Referrals that go out by themselves: provisional, by plan, held back after a fall."""

from msgspec.structs import replace

from alerts.case import Alarm
from alerts.plans import Planned, barred_by, first_plan, plan_of
from alerts.referral.make import Ask, refer
from alerts.rule_ids import Rule
from alerts.ruleset import Ladder
from alerts.step import Step
from alerts.waiting import SUPERVISOR, climb, is_referred
from alerts.words import What


def is_held(alarm: Alarm) -> bool:
    """Say whether a fall forbids a referral yet: no voice since, and no 999 task (DECIDING 5)."""
    fall_at = alarm.marks.get("fall")
    if fall_at is None or "task_999" in alarm.marks:
        return False
    return alarm.silent_since is not None


def refer_at_once(step: Step, alarm: Alarm, planned: Planned | None = None) -> Step:
    """Make the provisional referral of an `at_once` plan, unless it is held or made already."""
    first = first_plan(step, alarm) if planned is None else planned.plan
    if not first.at_once or is_referred(step, alarm):
        return step
    planned = planned or plan_of(step, alarm)
    if not planned.plan.at_once:
        return step
    if is_held(alarm):
        hold = step.why(Rule.NO_REFERRAL_BEFORE_VOICE, "held_until_voice_or_999")
        return step.about(What.NOTHING, alarm, hold, *planned.reasons)
    at_once = step.why(Rule.AT_ONCE, "at_once")
    return refer(step, alarm, Ask(automatic=True, reasons=(at_once, *planned.reasons)))


def refer_untaken(step: Step, alarm: Alarm) -> Step:
    """Make the provisional referral of an `after_untaken` plan; everybody's telephone rings."""
    planned = plan_of(step, alarm)
    after_s = planned.plan.after_untaken_s
    untaken = step.why(Rule.AFTER_UNTAKEN, "untaken", after_s=after_s, alarm_at=alarm.alarm_at)
    # A personal attack that joined the press is for the police, not for a crisis team.
    barred = bool(planned.barred) or step.row(alarm).ladder is Ladder.LISTEN
    if is_held(alarm) and not barred:
        hold = step.why(Rule.NO_REFERRAL_BEFORE_VOICE, "held_until_voice_or_999")
        alarm = replace(alarm, marks={**alarm.marks, "referral_held": step.now})
        step = step.put_alarm(alarm).about(What.NOTHING, alarm, untaken, hold)
    elif not barred:
        step = refer(step, alarm, Ask(automatic=True, reasons=(untaken, *planned.reasons)))
    return climb(step.notify(SUPERVISOR, alarm, untaken, "untaken"), alarm)


def release_held(step: Step, alarm: Alarm) -> Step:
    """Make the referral that waited for a voice or the 999 task; informed, never instead."""
    held = "referral_held" in alarm.marks and not barred_by(step, alarm)
    if not held or is_referred(step, alarm):
        return refer_at_once(step, alarm)
    reason = step.why(
        Rule.NO_REFERRAL_BEFORE_VOICE, "released", held_at=alarm.marks["referral_held"]
    )
    return refer(step, alarm, Ask(automatic=True, reasons=(reason,)))
