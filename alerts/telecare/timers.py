"""What each kind of timer does when it fires: one table, every kind in it.

A timer is about an alarm, a referral, a task or a kept cancel. What it was about is always still
there: whoever ends a thing stops its timers.
"""

from collections.abc import Callable, Mapping
from functools import partial

from alerts.case import Alarm, Referral, Task, Timer
from alerts.lifecycle import AlarmEvent
from alerts.referral import breach
from alerts.referral.automatic import refer_untaken
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import make_999, recall_999, unclaimed_999
from alerts.telecare import confusion, fall, faulty, floor, ladder, seizure
from alerts.timing import TimerKind
from alerts.waiting import climbed, untake
from alerts.words import ReferralState

Handler = Callable[[Step, str], Step]

ON_THEIR_WAY = frozenset({ReferralState.ACCEPTED, ReferralState.SET_OUT, ReferralState.ATTENDED})


def fire(step: Step, timer: Timer) -> Step:
    """Decide one timer that is due, at its own time."""
    step = step.at(timer.due_at).stop(timer.about, (TimerKind(timer.kind),))
    return HANDLERS[TimerKind(timer.kind)](step, timer.about)


def _alarm(handler: Callable[[Step, Alarm], Step]) -> Handler:
    def find(step: Step, about: str) -> Step:
        alarm = step.alarm(about)
        assert alarm is not None, about  # timers end with what they are about
        return handler(step, alarm)

    return find


def _referral(handler: Callable[[Step, Referral], Step]) -> Handler:
    def find(step: Step, about: str) -> Step:
        referral = step.referral(about)
        assert referral is not None, about
        return handler(step, referral)

    return find


def _task(handler: Callable[[Step, Task], Step]) -> Handler:
    def find(step: Step, about: str) -> Step:
        task = next(task for task in step.case.tasks if task.id == about)
        return handler(step, task)

    return find


def _pressed_again(step: Step, alarm: Alarm) -> Step:
    reason = step.why(Rule.PRESSED_AGAIN, "pressed_again_unanswered", taken_by=alarm.taken_by)
    return untake(step, alarm, AlarmEvent.UNTAKE, reason)


def _idle(step: Step, alarm: Alarm) -> Step:
    """A taken alarm nobody works on returns, unless a person has decided and help is on its way."""
    on_their_way = any(
        r.alarm == alarm.id and r.state in ON_THEIR_WAY for r in step.open_referrals()
    )
    if alarm.decided_at is not None and on_their_way:
        return step
    reason = step.why(Rule.TAKEN_IDLE, "no_action", taken_by=alarm.taken_by, since=alarm.acted_at)
    return untake(step, alarm, AlarmEvent.UNTAKE, reason)


def _ring_back(step: Step, task: Task) -> Step:
    """No clinician rang back in time: 999."""
    alarm = step.alarm(task.alarm)
    assert alarm is not None  # such tasks go with their alarm
    reason = step.why(Rule.RING_BACK, "no_ring_back", made_at=task.made_at)
    return make_999(step, alarm, reason, "no clinician rang back")


HANDLERS: Mapping[TimerKind, Handler] = {
    TimerKind.FALL_VOICE: _alarm(ladder.fall_silent),
    TimerKind.SEIZURE: _alarm(seizure.lasts),
    TimerKind.CONFUSION: _alarm(confusion.unspoken),
    TimerKind.LADDER_999: _alarm(ladder.forced_entry),
    TimerKind.LADDER_SPEECH: _alarm(ladder.speech_over),
    TimerKind.LADDER_CONTACTS: _alarm(ladder.contacts),
    TimerKind.TASK_999_CONSOLES: _task(
        lambda step, task: unclaimed_999(step, TimerKind.TASK_999_CONSOLES, task)
    ),
    TimerKind.TASK_999_PARTNER: _task(
        lambda step, task: unclaimed_999(step, TimerKind.TASK_999_PARTNER, task)
    ),
    TimerKind.RECALL_999: _task(recall_999),
    TimerKind.RING_BACK: _task(_ring_back),
    TimerKind.LONG_LIE: _alarm(floor.long_lie),
    TimerKind.FLOOR_RETRIAGE: _alarm(floor.retriage),
    TimerKind.COMFORT: _alarm(floor.comfort),
    TimerKind.COMFORT_ANSWER: _alarm(floor.comfort_unanswered),
    TimerKind.REFER: _alarm(refer_untaken),
    TimerKind.PRESSED_AGAIN: _alarm(_pressed_again),
    TimerKind.TAKEN_IDLE: _alarm(_idle),
    **{
        kind: _alarm(partial(lambda kind, step, alarm: climbed(step, kind, alarm), kind))
        for kind in (
            TimerKind.CLIMB_CONSOLES,
            TimerKind.CLIMB_SUPERVISOR,
            TimerKind.CLIMB_PARTNER,
        )
    },
    TimerKind.SEEN: _referral(breach.not_seen),
    TimerKind.ACCEPT: _referral(breach.not_accepted),
    TimerKind.CANCEL_KEPT: fall.cancel_expired,
    TimerKind.FAULT_OVERDUE: _task(faulty.overdue),
}
