"""Falls (DECIDING 5) and their cancels, early, in time and late (DESIGN 4, Time)."""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, PendingCancel
from alerts.events import Heard
from alerts.plans import calls_of
from alerts.referral.automatic import release_held
from alerts.rule_ids import Rule
from alerts.rule_rows import Ladder
from alerts.step import Step
from alerts.tasks import make_once
from alerts.telecare import floor, ladder
from alerts.telecare.technical import Trouble, trouble
from alerts.timing import TimerKind
from alerts.waiting import CONSOLES, IN_QUEUE, call_taken_back, climb
from alerts.words import AlarmKind, AlarmState, Disposition, TaskKind, What
from devices.model import Activation

CANCELLED = "cancelled_fall"
FALL, PRESS = "fall", "press"
MAX_PENDING_CANCELS = 20


def key_of(heard: Heard, activation: Activation) -> str:
    """Name a message of a device, so that a cancel finds it."""
    return f"{heard.sender}/{activation.key}"


def begin(step: Step, alarm: Alarm, key: str, fallen_at: datetime, still_s: float | None) -> Step:
    """Wait for a voice from now on: what was heard before the fall does not count.

    A fall while a voice is awaited already moves nothing back.
    """
    if step.waiting(TimerKind.FALL_VOICE, alarm.id):
        return step
    still = still_s is None or still_s > 0
    reason = step.why(
        Rule.FALL_OPEN, "still_assumed" if still_s is None else "fall", still=still, still_s=still_s
    )
    alarm = replace(alarm, marks={**alarm.marks, "fall": step.now}, fall_key=key)
    step, alarm = ladder.start(step, alarm)
    step, alarm = floor.lies(step, alarm, fallen_at)
    step = step.about(
        What.COUNTDOWN_STARTED,
        alarm,
        reason,
        step.why(Rule.FALL_VOICE, "voice_awaited"),
        due_at=step.now + step.rules.span(Rule.FALL_VOICE),
    )
    early = next((c for c in step.case.cancels if _is_for(c, key)), None)
    return step if early is None else _take_back(_forget(step, early), alarm)


def _is_for(cancel: PendingCancel, key: str) -> bool:
    device, _, message = key.partition("/")
    return cancel.device == device and cancel.of in ("", message)


def _forget(step: Step, cancel: PendingCancel) -> Step:
    cancels = tuple(c for c in step.case.cancels if c != cancel)
    return step.change(cancels=cancels).stop(about_of(cancel), (TimerKind.CANCEL_KEPT,))


def about_of(cancel: PendingCancel) -> str:
    """Name a kept cancel for its timer."""
    return f"{cancel.device}/{cancel.of}"


def cancel(step: Step, heard: Heard, activation: Activation) -> Step:
    """A cancel takes back its own fall; anything else it is shown beside, or kept 60 s for."""
    of = activation.of or ""
    alarm = _fallen(step, heard.sender, of)
    if alarm is not None:
        return _take_back(step, alarm)
    joined = next((a for a in step.case.alarms if of and f"{heard.sender}/{of}" in a.keys), None)
    if joined is not None:
        return _show(step, joined)
    pending = PendingCancel(heard.sender, of, step.now)
    cancels = (*(c for c in step.case.cancels if about_of(c) != about_of(pending)), pending)
    due_at = step.now + step.rules.span(Rule.CANCEL_KEPT)
    reason = step.why(Rule.CANCEL_KEPT, "cancel_before_its_fall", device=heard.sender, of=of)
    step = step.change(cancels=cancels[-MAX_PENDING_CANCELS:])
    step = step.wait(TimerKind.CANCEL_KEPT, due_at, about_of(pending))
    return step.say(What.NOTHING, reason, due_at=due_at)


def _fallen(step: Step, sender: str, of: str) -> Alarm | None:
    """Find the open alarm whose fall this cancel is for."""
    alarm = step.open_alarm(AlarmKind.HELP)
    if alarm is None or not alarm.fall_key:
        return None
    device, _, message = alarm.fall_key.partition("/")
    return alarm if device == sender and of in ("", message) else None


def _show(step: Step, alarm: Alarm) -> Step:
    """Show a cancel beside what it does not end."""
    if alarm.state is AlarmState.CLOSED:
        reason = step.why(Rule.FALL_CANCEL, "already_closed", closed_at=alarm.closed_at)
        return step.about(What.NOTHING, alarm, reason)
    reason = step.why(Rule.ALARM_END, "cancel_shown_not_obeyed", what=alarm.what)
    alarm = replace(alarm, cancelled_at=step.now)
    return step.put_alarm(alarm).about(What.ALARM_JOINED, alarm, reason)


def _take_back(step: Step, alarm: Alarm) -> Step:
    """Stop the wait for a voice; the alarm stays with its operator, who calls back."""
    taken_back = alarm.fall_key
    alarm = replace(alarm, cancelled_at=step.now)
    escalated_at = alarm.marks.get("task_999")
    if escalated_at is not None:
        reason = step.why(Rule.FALL_LATE_CANCEL, "cancelled_after_escalation", at=escalated_at)
        alarm = replace(alarm, note="cancelled after escalation")
        return step.put_alarm(alarm).about(What.ALARM_JOINED, alarm, reason, text=alarm.note)
    marks = {name: at for name, at in alarm.marks.items() if name != "fall"}
    calls = {kind: at for kind, at in calls_of(step, alarm).items() if kind != FALL}
    step, alarm = floor.is_up(step, replace(alarm, marks=marks, fall_key="", calls=calls))
    step = call_taken_back(step.stop(alarm.id, (TimerKind.FALL_VOICE,)), alarm)
    reason = step.why(Rule.FALL_CANCEL, "fall_cancelled", what=alarm.what, of=taken_back)
    step = step.about(What.ALARM_JOINED, alarm, reason)
    if alarm.signals > 1 and alarm.silent_since is not None:
        # Its cancel takes back the fall alone: who also pressed is still waited for.
        since = max(calls.get(PRESS, step.now), alarm.silent_since)
        step, alarm = ladder.start(step, alarm, since)
    step = _ring_on(step, alarm)
    alarm = step.alarm(alarm.id) or alarm
    if step.row(alarm).ladder is Ladder.LISTEN:
        return _listen_on(step, alarm)
    again = step.remembered(CANCELLED, step.rules.span(Rule.CANCELLED_FALL_AGAIN))
    past = tuple(p for p in step.case.past if (p.kind, p.about) != ("fall", alarm.id))
    step = step.change(past=past).remember(CANCELLED, alarm.id)
    return _to_clinician(step, alarm) if again else _call_back(step, alarm)


def _ring_on(step: Step, alarm: Alarm) -> Step:
    """Let a call that nobody has go on ringing: its countdown may have run out while it was held.

    What was held for the fall is for whoever pressed as well, and goes out now.
    """
    if alarm.signals > 1:
        step = release_held(step, alarm)
    alarm = step.alarm(alarm.id) or alarm
    is_waiting = step.waits_for(IN_QUEUE, alarm.id)
    return step if alarm.state is not AlarmState.OPEN or is_waiting else climb(step, alarm)


def _listen_on(step: Step, alarm: Alarm) -> Step:
    """Nobody calls a home back from which a personal attack was reported as well."""
    reason = step.why(Rule.LISTEN_ONLY, "listen_only", since=alarm.silent_since)
    return step.notify(CONSOLES, alarm, reason, "fall cancelled; listen only: never call the home")


def _to_clinician(step: Step, alarm: Alarm) -> Step:
    """Send a second cancelled fall to a clinician, who rings back."""
    reason = step.why(Rule.CANCELLED_FALL_AGAIN, "second_cancelled_fall")
    if alarm.decided_at is None:
        alarm = replace(alarm, disposition=Disposition.CLINICIAN)
        step = step.put_alarm(alarm).about(
            What.DISPOSED, alarm, reason, disposition=Disposition.CLINICIAN
        )
    due_at = step.now + step.rules.span(Rule.RING_BACK)
    return make_once(step, TaskKind.RING_BACK, reason, alarm=alarm.id, due_at=due_at)


def _call_back(step: Step, alarm: Alarm) -> Step:
    person = step.facts.person
    plan = None if person is None else person.plan.get("fall")
    if plan is not None and not plan.call_back:
        reason = step.why(Rule.PLAN, "plan_without_call_back")
        return step.about(What.NOTHING, alarm, reason)
    due_at = step.now + step.rules.span(Rule.CANCELLED_FALL_CALL_BACK)
    reason = step.why(Rule.CANCELLED_FALL_CALL_BACK, "call_back_cancelled_fall")
    return make_once(
        step,
        TaskKind.CALL_PATIENT,
        reason,
        alarm=alarm.id,
        due_at=due_at,
        text="call back",
    )


def cancel_expired(step: Step, about: str) -> Step:
    """The fall of a kept cancel never came: a person looks why."""
    kept = next((c for c in step.case.cancels if about_of(c) == about), None)
    assert kept is not None  # the timer goes with the cancel
    reason = step.why(Rule.CANCEL_KEPT, "cancel_without_its_fall", device=kept.device, of=kept.of)
    cause = f"{kept.device}:cancel_without_fall"
    opened_by = f"{about}@{kept.at.isoformat()}"
    return trouble(_forget(step, kept), Trouble(kept.device, cause, opened_by, reason))
