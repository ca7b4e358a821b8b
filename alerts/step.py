"""A step of deciding: the case so far, and what was said and sent on the way.

Handlers take a Step and return a Step; nothing is changed in place. A Step is born from the stored
case and ends as a Decision.
"""

from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Case, Decision, Entry, Outgoing, Past, Reason, Referral, Task, Timer
from alerts.facts import Facts
from alerts.rule_ids import Rule
from alerts.ruleset import CallRow, Rules
from alerts.timing import TimerKind, firing_order
from alerts.words import AlarmKind, AlarmState, ReferralState, TaskKind, TaskState, What

MAX_PAST = 200
CLOSED_REFERRALS = frozenset(
    {ReferralState.CLOSED, ReferralState.WITHDRAWN, ReferralState.REJECTED}
)
SUPERVISOR = "supervisor"
LIVE_TASKS = frozenset({TaskState.OPEN, TaskState.CLAIMED})
EVERY_KIND = frozenset(TimerKind)


class Step(msgspec.Struct, frozen=True):
    """The case in the middle of a decision, at the time `now`."""

    case: Case
    facts: Facts
    rules: Rules
    now: datetime
    entries: tuple[Entry, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()

    def at(self, now: datetime) -> "Step":
        """Go to a time; never back."""
        now = max(now, self.case.as_of)
        if now == self.now == self.case.as_of:
            return self
        return replace(self, now=now, case=replace(self.case, as_of=now))

    def decision(self) -> Decision:
        """End the step."""
        return Decision(self.case, self.entries, self.outgoing)

    def change(self, **fields: Any) -> "Step":  # noqa: ANN401 - fields of Case, checked by msgspec
        """Give the case new parts."""
        return replace(self, case=replace(self.case, **fields))

    # -- looking -------------------------------------------------------------------------------

    @property
    def person_id(self) -> str | None:
        """The person's id, where the subject is one."""
        return None if self.facts.person is None else self.facts.person.id

    def alarm(self, alarm_id: str | None) -> Alarm | None:
        """Find an alarm of this case."""
        for alarm in reversed(self.case.alarms):  # what is asked for is mostly the newest
            if alarm.id == alarm_id:
                return alarm
        return None

    def open_alarm(self, kind: AlarmKind) -> Alarm | None:
        """Find the one open alarm of a kind."""
        closed = AlarmState.CLOSED
        for alarm in reversed(self.case.alarms):  # the open ones are among the newest
            if alarm.state is not closed and alarm.kind is kind:
                return alarm
        return None

    def referral(self, referral_id: str | None) -> Referral | None:
        """Find a referral of this case."""
        return next((r for r in self.case.referrals if r.id == referral_id), None)

    def open_referrals(self) -> tuple[Referral, ...]:
        """Give the referrals that still run."""
        return tuple([r for r in self.case.referrals if r.state not in CLOSED_REFERRALS])

    def live_task(self, kind: TaskKind, about: str | None) -> Task | None:
        """Find an open or claimed task of a kind about an alarm or a referral."""
        for task in self.case.tasks:
            is_live = task.kind is kind and task.state in LIVE_TASKS
            if is_live and about in (task.alarm, task.referral):
                return task
        return None

    def row(self, alarm: Alarm) -> CallRow:
        """Give the row of what the alarm is about now."""
        return self.rules.activation(alarm.what)

    # -- putting -------------------------------------------------------------------------------

    def put_alarm(self, alarm: Alarm) -> "Step":
        """Put an alarm in, in place of its former self."""
        return self.change(alarms=_put(self.case.alarms, alarm))

    def put_referral(self, referral: Referral) -> "Step":
        """Put a referral in, in place of its former self."""
        return self.change(referrals=_put(self.case.referrals, referral))

    def stamp_referrals(self, alarm: Alarm) -> "Step":
        """Give an alarm's first taker and first voice to the open referrals that lack them."""
        step = self
        for referral in self.open_referrals():
            if referral.alarm == alarm.id:
                stamped = replace(
                    referral,
                    taken_at=referral.taken_at or alarm.taken_at,
                    spoke_at=referral.spoke_at or alarm.spoke_at,
                )
                step = step.put_referral(stamped)
        return step

    def put_task(self, task: Task) -> "Step":
        """Put a task in, in place of its former self."""
        return self.change(tasks=_put(self.case.tasks, task))

    def remember(self, kind: str, about: str) -> "Step":
        """Keep that something happened now."""
        past = (*self.case.past, Past(kind, self.now, about))
        return self.change(past=past[-MAX_PAST:])

    def remembered(self, kind: str, within: timedelta, but: str = "") -> int:
        """Count what happened within a time, leaving out what belongs to one alarm."""
        since = self.now - within
        times = 0
        for past in reversed(self.case.past):  # they were kept in the order of time
            if past.at < since:
                break
            times += past.kind == kind and past.about != but
        return times

    # -- timers --------------------------------------------------------------------------------

    def wait(self, kind: TimerKind, due_at: datetime, about: str) -> "Step":
        """Set a timer, in place of one of the same kind about the same thing."""
        return self.wait_each(about, {kind: due_at})

    def wait_each(
        self, about: str, due: Mapping[TimerKind, datetime], *, instead: Container[str] = ()
    ) -> "Step":
        """Set timers about one thing, each in place of one of its kind or of a kind named."""
        now = self.now
        timers = [
            t
            for t in self.case.timers
            if t.about != about or (t.kind not in due and t.kind not in instead)
        ]
        for kind, due_at in due.items():
            timers.append(Timer(str(kind), max(due_at, now), about))
        timers.sort(key=firing_order)
        return self.change(timers=tuple(timers))

    def waiting(self, kind: TimerKind, about: str) -> bool:
        """Say whether a timer is set."""
        return kind in [timer.kind for timer in self.case.timers if timer.about == about]

    def waits_for(self, kinds: Container[str], about: str) -> bool:
        """Say whether a timer of one of these kinds is set."""
        return any(t.about == about and t.kind in kinds for t in self.case.timers)

    def stop(self, about: str, kinds: Container[str] = EVERY_KIND) -> "Step":
        """Cancel timers about something; all of them unless kinds are named."""
        timers = self.case.timers
        left = tuple([t for t in timers if t.about != about or t.kind not in kinds])
        return self if len(left) == len(timers) else self.change(timers=left)

    # -- saying --------------------------------------------------------------------------------

    def why(self, rule: Rule, reason: str, **inputs: Any) -> Reason:  # noqa: ANN401 - shown, not used
        """Name a reason."""
        return self.rules.why(rule, reason, inputs)

    def say(self, what: What, *reasons: Reason, **fields: Any) -> "Step":  # noqa: ANN401 - fields of Entry
        """Write down one thing that was decided, with its reasons."""
        assert reasons, what  # an entry without a reason is our own mistake
        entry = Entry(self.now, what, tuple(reasons), person=self.person_id, **fields)
        return replace(self, entries=(*self.entries, entry))

    def about(self, what: What, alarm: Alarm, *reasons: Reason, **fields: Any) -> "Step":  # noqa: ANN401 - as above
        """Write down something about an alarm."""
        return self.say(what, *reasons, alarm=alarm.id, kind=alarm.kind, **fields)

    def send(self, stream: str, what: str, to: str, **fields: Any) -> "Step":  # noqa: ANN401 - fields of Outgoing
        """Send something after the commit."""
        message = Outgoing(stream, what, to, **fields)
        return replace(self, outgoing=(*self.outgoing, message))

    def notify(
        self,
        audience: tuple[str, ...],
        alarm: Alarm,
        reason: Reason,
        text: str,
        task: TaskKind | None = None,
    ) -> "Step":
        """Make a notice to consoles, supervisor or partner about an alarm; ids and codes only.

        It carries the kind of task it is about; what only calls the supervisor is `supervisor`.
        """
        if task is None and SUPERVISOR in audience:
            task = TaskKind.SUPERVISOR
        step = self.about(What.NOTICE_MADE, alarm, reason, text=text, task=task)
        body = {"text": text, "reason": reason.reason, "at": self.now}
        for to in audience:
            step = step.send(alarm.id, "notice", to, alarm=alarm.id, body=body)
        return step


def _put(items: tuple[Any, ...], item: Any) -> tuple[Any, ...]:  # noqa: ANN401 - Alarm, Referral or Task
    """Replace the item of the same id where it stands, or add it at the end."""
    item_id = item.id
    for after, former in enumerate(reversed(items)):  # what changes is mostly the newest
        if former.id == item_id:
            place = len(items) - 1 - after
            return (*items[:place], item, *items[place + 1 :])
    return (*items, item)
