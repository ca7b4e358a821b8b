"""The silent ladder (DECIDING 3): by time, whatever was recorded or not, until a voice is heard.

Speech channel, home and mobile phone, contacts and responder in parallel, 999 for forced entry.
Personal attack and bogus caller: listen only. Wander or exit: never the home. A second silent alarm
or a silent fall goes straight to 999. A unit without speech begins with the phones.
"""

from datetime import datetime

from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.lifecycle import TaskEvent
from alerts.referral.automatic import refer_at_once, release_held
from alerts.rule_ids import Rule
from alerts.ruleset import Ladder
from alerts.step import Step
from alerts.tasks import finish_kind, make_999, make_once
from alerts.telecare.home import warned
from alerts.timing import TimerKind
from alerts.waiting import CONSOLES
from alerts.words import AlarmState, TaskKind, What

RUNGS = (
    TimerKind.LADDER_SPEECH,
    TimerKind.LADDER_CONTACTS,
    TimerKind.LADDER_999,
    TimerKind.FALL_VOICE,
    TimerKind.COMFORT_ANSWER,
)
UNSPOKEN = (TimerKind.LADDER_SPEECH, TimerKind.LADDER_CONTACTS)
SILENT = "silent"
STAYS_SILENT = frozenset({"no_reply", "contacts_asked", "task_999"})
"""Marks after which an alarm was a silent one, though a voice was heard in the end."""


def start(
    step: Step, alarm: Alarm, since: datetime | None = None, *, asked: bool = False
) -> tuple[Step, Alarm]:
    """Begin to wait for the client's voice, from now or since a call that still stands.

    `asked` says that somebody has called the client and got no reply.
    """
    ladder = step.row(alarm).ladder
    waits = ladder is not Ladder.NONE and (asked or ladder is not Ladder.ASKED)
    if not waits or not alarm.known:
        return step, alarm
    if "fall" in alarm.marks:
        # Who was silent before the fall has been silent since then.
        alarm = replace(alarm, silent_since=alarm.silent_since or step.now)
        step = step.put_alarm(alarm)
        if step.waiting(TimerKind.FALL_VOICE, alarm.id):
            return step.stop(alarm.id, UNSPOKEN), alarm
        voice = {TimerKind.FALL_VOICE: step.now + step.rules.span(Rule.FALL_VOICE)}
        return step.wait_each(alarm.id, voice, instead=UNSPOKEN), alarm
    since = since or step.now
    alarm = replace(alarm, silent_since=since)
    step = step.put_alarm(alarm)
    due: dict[TimerKind, datetime] = {}
    if not step.waiting(TimerKind.LADDER_999, alarm.id):
        due[TimerKind.LADDER_999] = since + step.rules.span(Rule.LADDER_999)
    if ladder is Ladder.SPEAK and not alarm.speech:
        reason = step.why(Rule.NO_SPEECH, "no_speech_channel", device=alarm.device)
        due[TimerKind.LADDER_CONTACTS] = since + step.rules.span(Rule.LADDER_PHONES)
        return _phones(step.wait_each(alarm.id, due), alarm, reason), alarm
    speech_at = due[TimerKind.LADDER_SPEECH] = since + step.rules.span(Rule.LADDER_SPEECH)
    if ladder is not Ladder.LISTEN:
        due[TimerKind.LADDER_CONTACTS] = speech_at + step.rules.span(Rule.LADDER_PHONES)
    return step.wait_each(alarm.id, due), alarm


def is_running(step: Step, alarm: Alarm) -> bool:
    """Say whether something will happen by time if the client stays silent."""
    return step.waits_for(RUNGS, alarm.id)


def speech_over(step: Step, alarm: Alarm) -> Step:
    """No voice on the speech channel: the phones, or straight to 999 the second time."""
    ladder = step.row(alarm).ladder
    if ladder is Ladder.LISTEN:
        reason = step.why(Rule.LISTEN_ONLY, "listen_only", since=alarm.silent_since)
        return step.notify(CONSOLES, alarm, reason, "listen only: never speak, never call the home")
    step, second = mark_silent(step, alarm)
    if second:
        return to_999(step, alarm, "second_silent", Rule.SECOND_SILENT)
    if ladder is Ladder.WANDER:
        reason = step.why(Rule.WANDER, "do_not_call_home", since=alarm.silent_since)
        return step.notify(CONSOLES, alarm, reason, "missing-person script")
    reason = step.why(Rule.LADDER_SPEECH, "no_voice", since=alarm.silent_since)
    return _phones(step, alarm, reason)


def _phones(step: Step, alarm: Alarm, reason: Reason) -> Step:
    due_at = step.now + step.rules.span(Rule.LADDER_PHONES)
    text = "home and mobile phone"
    return make_once(step, TaskKind.CALL_PATIENT, reason, alarm=alarm.id, due_at=due_at, text=text)


def contacts(step: Step, alarm: Alarm) -> Step:
    """No reply on the phones: contacts and responder in parallel."""
    reason = step.why(Rule.LADDER_PHONES, "no_reply", since=alarm.silent_since)
    alarm = replace(alarm, marks={**alarm.marks, "contacts_asked": step.now})
    text = warned(step, "contacts and responder now")
    step = step.put_alarm(alarm).notify(CONSOLES, alarm, reason, text)
    if _is_marked(step, alarm):
        return step
    # Without a speech channel nobody was silent before the phones were tried.
    step, second = mark_silent(step, alarm)
    return to_999(step, alarm, "second_silent", Rule.SECOND_SILENT) if second else step


def forced_entry(step: Step, alarm: Alarm) -> Step:
    """999 for forced entry, whatever was recorded or not."""
    return to_999(step, alarm, "no_reply", Rule.LADDER_999)


def fall_silent(step: Step, alarm: Alarm) -> Step:
    """No intelligible voice after a fall: possible loss of consciousness."""
    step, _ = mark_silent(step, alarm)
    return to_999(step, alarm, "possible_loss_of_consciousness", Rule.FALL_VOICE)


def to_999(step: Step, alarm: Alarm, why: str, rule: Rule) -> Step:
    """Open the 999 task; what waited for it goes out now."""
    reason = step.why(rule, why, since=alarm.silent_since)
    step = step.stop(alarm.id, (TimerKind.LADDER_999, TimerKind.FALL_VOICE))
    step = make_999(step, alarm, reason, why)
    current = step.alarm(alarm.id)
    assert current is not None  # put in by make_999
    return release_held(step, current)


def mark_silent(step: Step, alarm: Alarm) -> tuple[Step, bool]:
    """Remember that the client was silent; say whether another alarm was, within a day."""
    within = step.rules.span(Rule.SECOND_SILENT)
    second = step.remembered(SILENT, within, but=alarm.id) > 0
    if not _is_marked(step, alarm):
        step = step.remember(SILENT, alarm.id)
    return step, second


def _is_marked(step: Step, alarm: Alarm) -> bool:
    return any(p.kind == SILENT and p.about == alarm.id for p in step.case.past)


def no_reply(step: Step, alarm: Alarm) -> Step:
    """An operator got no reply: take the next rung now, without waiting for its time.

    The first is about the speech channel, unless the unit has none or a call to the home or the
    mobile was recorded: the phones keep their 2 min when the 60 s were over already.
    """
    if step.row(alarm).ladder is Ladder.NONE:
        return step
    first = alarm.silent_since is None
    phoned = not alarm.speech or any(_since_start(alarm, it) for it in ("no_reply", "phoned"))
    alarm = replace(alarm, marks={**alarm.marks, "no_reply": step.now})
    step = step.put_alarm(alarm)
    if first:
        step, alarm = start(step, alarm, asked=True)
    if "fall" in alarm.marks:
        return fall_silent(step, alarm)
    if step.waiting(TimerKind.LADDER_SPEECH, alarm.id):
        step = speech_over(step.stop(alarm.id, (TimerKind.LADDER_SPEECH,)), alarm)
        if step.waiting(TimerKind.LADDER_CONTACTS, alarm.id):
            contacts_at = step.now + step.rules.span(Rule.LADDER_PHONES)
            step = step.wait(TimerKind.LADDER_CONTACTS, contacts_at, alarm.id)
        return step
    if phoned and not first and step.waiting(TimerKind.LADDER_CONTACTS, alarm.id):
        return contacts(step.stop(alarm.id, (TimerKind.LADDER_CONTACTS,)), alarm)
    return step


def _since_start(alarm: Alarm, mark: str) -> bool:
    at = alarm.marks.get(mark)
    return at is not None and alarm.silent_since is not None and at >= alarm.silent_since


def heard_voice(step: Step, alarm: Alarm) -> tuple[Step, Alarm]:
    """A human spoke to the client or saw them: the ladder ends, its tasks are done."""
    alarm = replace(alarm, silent_since=None)
    if not STAYS_SILENT & alarm.marks.keys():
        past = tuple(p for p in step.case.past if (p.kind, p.about) != (SILENT, alarm.id))
        step = step.change(past=past)
    step = step.put_alarm(alarm).stamp_referrals(alarm).stop(alarm.id, RUNGS)
    for kind in (TaskKind.CALL_PATIENT, TaskKind.COMFORT_CALL):
        step = finish_kind(step, kind, alarm.id, TaskEvent.DONE)
    return step, alarm


def voice_on_referral(step: Step, alarm_id: str | None) -> Step:
    """A responder saw or spoke to the client of an alarm that is still open."""
    alarm = step.alarm(alarm_id)
    if alarm is None or alarm.state is AlarmState.CLOSED:
        return step
    seen = replace(alarm, marks={**alarm.marks, "responder_saw_or_spoke": step.now})
    step, _ = heard_voice(step, seen)
    return step


def voice_by_operator(step: Step, alarm: Alarm, text: str) -> Step:
    """An operator spoke to the client: what waited for a voice may go out now."""
    reason = step.why(Rule.ORDER_NO_REPLY, "voice_heard", silent_since=alarm.silent_since)
    spoken = replace(alarm, spoke_at=alarm.spoke_at or step.now)
    step, alarm = heard_voice(step, spoken)
    return refer_at_once(step.about(What.NOTHING, alarm, reason, text=text), alarm)
