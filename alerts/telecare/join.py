"""A signal on an open alarm: it rings again and goes back to the top (DECIDING 6)."""

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.lifecycle import TaskEvent
from alerts.plans import Planned, calls_of, plan_of
from alerts.referral.automatic import refer_at_once
from alerts.rule_ids import Rule
from alerts.ruleset import CallRow, Ladder
from alerts.step import Step
from alerts.tasks import finish_kind
from alerts.telecare import ladder
from alerts.timing import TimerKind
from alerts.waiting import CONSOLES, IN_QUEUE, call_too, climb, queue, ring
from alerts.words import AlarmState, ReferralState, TaskKind, TaskState, What
from devices.model import Flag

MAX_KEYS = 20
WAITS_FOR_NOBODY = frozenset({Ladder.ASKED, Ladder.NONE})
TOP = 1
COMING = frozenset(ReferralState) - {
    ReferralState.ATTENDED,
    ReferralState.CLOSED,
    ReferralState.WITHDRAWN,
    ReferralState.REJECTED,
}


class Joining(msgspec.Struct, frozen=True):
    """The signal that joins: as the alarm it would have opened, its row, plan, flags, reasons."""

    as_alarm: Alarm
    row: CallRow
    planned: Planned
    flags: frozenset[Flag]
    reasons: tuple[Reason, ...]


def join(step: Step, alarm: Alarm, new: Joining) -> Step:
    """Count the signal, ring, raise; what runs for an untaken alarm is left running.

    A kind of call that did not stand yet is a call of its own: its own plan counts from now.
    """
    before = step.row(alarm)
    cached = Flag.CACHED in new.flags
    graver = _weight(new.row) > _weight(before)
    calls, theirs = calls_of(step, alarm), calls_of(step, new.as_alarm)
    is_new = not theirs.keys() <= calls.keys()
    joined = replace(
        alarm,
        what=new.row.what.value if graver else alarm.what,
        priority=alarm.priority if cached else min(TOP, alarm.priority),
        signals=alarm.signals + 1,
        last_signal_at=alarm.last_signal_at if cached else step.now,
        keys=(*alarm.keys, *new.as_alarm.keys)[-MAX_KEYS:],
        known=alarm.known or new.as_alarm.known,
        speech=alarm.speech or new.as_alarm.speech,
        calls={**theirs, **calls},
    )
    said = {"signals": joined.signals, **signal_of(new.as_alarm)}
    rule = step.why(Rule.ALARM_JOIN, "called_again", what=new.row.what, **said)
    if cached:
        rule = step.why(Rule.ALARM_CACHED, "cached_state", **said)
        step = step.put_alarm(joined)
    elif not joined.known and joined.rings >= step.rules.count(Rule.UNKNOWN_RINGS):
        rule = step.why(Rule.UNKNOWN_RINGS, "folded", **said)
        step = step.put_alarm(joined)
    else:
        step, joined = ring(step, joined)
    step = step.about(What.ALARM_JOINED, joined, rule, *new.reasons)
    if joined.priority < alarm.priority or graver:
        raised = step.why(Rule.ALARM_JOIN, "raised", was=alarm.what, now=joined.what)
        step = step.about(What.ALARM_RAISED, joined, raised)
    step = ask_arrived(step, joined)
    if joined.known and not alarm.known:
        step = _queue_again(step, joined, new.row)
    elif is_new or graver or not new.row.plan:
        planned = _own_plan(step, joined, new)
        # What no plan refers for is an operator's alone: it never waits behind a countdown.
        urgent = graver or new.row.priority <= TOP or not new.row.plan
        step = _call_too(step, joined, planned, new.row, urgent=urgent)
    step = _keep_queued(step, joined)
    return step if cached and not graver else _keep_climbing(step, joined, new, graver=graver)


def _own_plan(step: Step, joined: Alarm, new: Joining) -> Planned:
    """Give the plan of the call alone; what is known of the alarm it joins may bar it as well."""
    if joined.answers or joined.decided_at is not None or not new.as_alarm.known:
        return plan_of(step, replace(joined, calls=calls_of(step, new.as_alarm)))
    listen = step.row(joined).ladder is Ladder.LISTEN
    return plan_of(step, replace(joined, calls={})) if listen else new.planned


def signal_of(alarm: Alarm) -> dict[str, str | None]:
    """Name the signal that opened an alarm: its device, and its id or else its receipt."""
    message = alarm.keys[0].removeprefix(f"{alarm.device}/")
    return {"device": alarm.device, "message": message or alarm.opened_by}


def _weight(row: CallRow) -> tuple[bool, int, bool, bool]:
    """Order rows by gravity; what forbids to speak or to call the home wins, no ladder gives way.

    A press that joins what nobody waits for a voice for must not lose its ladder to it.
    """
    return (
        row.ladder is Ladder.LISTEN,
        -row.priority,
        row.ladder is Ladder.WANDER,
        row.ladder not in WAITS_FOR_NOBODY,
    )


def _queue_again(step: Step, alarm: Alarm, row: CallRow) -> Step:
    """Start the plan of a person whom an unknown caller's alarm turns out to be about."""
    if alarm.state is AlarmState.OPEN:
        step = queue(step.stop(alarm.id, IN_QUEUE), alarm)
    return step if row.ladder is Ladder.FALL else refer_at_once(step, alarm)


def _call_too(step: Step, alarm: Alarm, planned: Planned, row: CallRow, *, urgent: bool) -> Step:
    """Follow the plan of the call that joined; a fall's referral waits for a voice (fall.py)."""
    if alarm.state is AlarmState.OPEN:
        step = call_too(step, alarm, planned, urgent=urgent)
    return step if row.ladder is Ladder.FALL else refer_at_once(step, alarm, planned)


def _keep_queued(step: Step, alarm: Alarm) -> Step:
    """See that something runs while nobody has the alarm, as it is now."""
    if alarm.state is not AlarmState.OPEN:
        return step
    idle = not step.waits_for(IN_QUEUE, alarm.id)
    return climb(step, alarm) if idle else step


def _keep_climbing(step: Step, alarm: Alarm, new: Joining, *, graver: bool) -> Step:
    """See that a voice is waited for again; a fall starts its own wait."""
    if new.row.ladder is Ladder.FALL:
        return step
    to_listen_only = graver and new.row.ladder is Ladder.LISTEN
    if ladder.is_running(step, alarm) and not to_listen_only:
        return step
    if to_listen_only:
        # The phones may be ringing in the home already; nobody calls it from now on.
        for kind in (TaskKind.CALL_PATIENT, TaskKind.COMFORT_CALL):
            step = finish_kind(step, kind, alarm.id, TaskEvent.CANCEL)
        step = step.stop(alarm.id, (TimerKind.COMFORT_ANSWER,))
    step, _ = ladder.start(step.stop(alarm.id, ladder.UNSPOKEN), alarm)
    return step


def ask_arrived(step: Step, alarm: Alarm) -> Step:
    """While somebody is expected, a call asks first whether the responder has arrived."""
    coming = [r.id for r in step.open_referrals() if r.state in COMING]
    called_999 = step.live_task(TaskKind.EMERGENCY_999, alarm.id)
    ambulance = called_999 is not None and called_999.state is TaskState.CLAIMED
    if not coming and not ambulance and "responder_expected" not in alarm.marks:
        return step
    reason = step.why(Rule.RESPONDER_ARRIVED, "responder_expected", referrals=coming)
    return step.notify(CONSOLES, alarm, reason, "has the responder arrived?")
