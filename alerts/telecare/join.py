"""A signal on an open alarm: it rings again and goes back to the top (DECIDING 6)."""

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.lifecycle import TaskEvent
from alerts.rule_ids import Rule
from alerts.ruleset import CallRow, Ladder
from alerts.step import Step
from alerts.tasks import finish_kind
from alerts.telecare import ladder
from alerts.waiting import CONSOLES, IN_QUEUE, climb, queue, ring
from alerts.words import AlarmState, ReferralState, TaskKind, What
from devices.model import Flag

MAX_KEYS = 20
TOP = 1
COMING = frozenset(ReferralState) - {
    ReferralState.ATTENDED,
    ReferralState.CLOSED,
    ReferralState.WITHDRAWN,
    ReferralState.REJECTED,
}


class Joining(msgspec.Struct, frozen=True):
    """The signal that joins: as the alarm it would have opened, its row, flags and reasons."""

    as_alarm: Alarm
    row: CallRow
    flags: frozenset[Flag]
    reasons: tuple[Reason, ...]


def join(step: Step, alarm: Alarm, new: Joining) -> Step:
    """Count the signal, ring, raise; what runs for an untaken alarm is left running."""
    before = step.row(alarm)
    cached = Flag.CACHED in new.flags
    graver = _weight(new.row) > _weight(before)
    now_known = new.as_alarm.known and not alarm.known
    joined = replace(
        alarm,
        what=new.row.what.value if graver else alarm.what,
        priority=alarm.priority if cached else min(TOP, alarm.priority),
        signals=alarm.signals + 1,
        last_signal_at=alarm.last_signal_at if cached else step.now,
        keys=(*alarm.keys, *new.as_alarm.keys)[-MAX_KEYS:],
        known=alarm.known or new.as_alarm.known,
        speech=alarm.speech or new.as_alarm.speech,
    )
    step = step.put_alarm(joined)
    rule = step.why(Rule.ALARM_JOIN, "called_again", signals=joined.signals, what=new.row.what)
    if cached:
        rule = step.why(Rule.ALARM_CACHED, "cached_state", signals=joined.signals)
    elif not joined.known and joined.rings >= step.rules.count(Rule.UNKNOWN_RINGS):
        rule = step.why(Rule.UNKNOWN_RINGS, "folded", signals=joined.signals)
    else:
        step, joined = ring(step, joined)
    step = step.about(What.ALARM_JOINED, joined, rule, *new.reasons)
    if joined.priority < alarm.priority or graver:
        raised = step.why(Rule.ALARM_JOIN, "raised", was=alarm.what, now=joined.what)
        step = step.about(What.ALARM_RAISED, joined, raised)
    step = _keep_queued(ask_arrived(step, joined), joined, now_known=now_known)
    return step if cached else _keep_climbing(step, joined, new, graver=graver)


def _weight(row: CallRow) -> tuple[bool, int, bool]:
    """Order rows by gravity; what forbids to speak or to call the home wins."""
    return (row.ladder is Ladder.LISTEN, -row.priority, row.ladder is Ladder.WANDER)


def _keep_queued(step: Step, alarm: Alarm, *, now_known: bool) -> Step:
    """See that something runs while nobody has the alarm, as it is now."""
    if alarm.state is not AlarmState.OPEN:
        return step
    if now_known:
        return queue(step.stop(alarm.id, IN_QUEUE), alarm)
    idle = not any(step.waiting(kind, alarm.id) for kind in IN_QUEUE)
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
        step = finish_kind(step, TaskKind.CALL_PATIENT, alarm.id, TaskEvent.CANCEL)
    step, _ = ladder.start(step.stop(alarm.id, ladder.UNSPOKEN), alarm)
    return step


def ask_arrived(step: Step, alarm: Alarm) -> Step:
    """While somebody is expected, a call asks first whether the responder has arrived."""
    coming = [r.id for r in step.open_referrals() if r.state in COMING]
    if not coming and "responder_expected" not in alarm.marks:
        return step
    reason = step.why(Rule.RESPONDER_ARRIVED, "responder_expected", referrals=coming)
    return step.notify(CONSOLES, alarm, reason, "has the responder arrived?")
