"""Every call for help ends at a person or a referral; nothing automatic closes one (DECIDING 2, 6).

At the end each call was told "stored", and its alarm is with an operator, or closed by one, or a
service has an effective referral for it, or it stands in the queue and rang all the way up.
"""

from alerts.words import AlarmState, ReferralState
from ops.sim.judge_alarms import CALLS, CANCEL, OPERATOR, PERSONS, Call, Seen
from ops.sim.judge_part import Part
from ops.sim.judged import (
    CLIMB_PARTNER_S,
    ENDED,
    LIVE,
    Commit,
    Row,
    alarm_of,
    referral_of,
    rows_of,
    task_of,
    text_of,
    word,
)

ENDS = "every call ends"
CLOSED = "nothing automatic closes a call"
DECIDED = "nothing automatic replaces a decision"
UNDELIVERED = frozenset({ReferralState.PROVISIONAL, ReferralState.SENT})


class Calls(Part):
    """Follows each call to its end."""

    def committed(self, commit: Commit) -> None:
        """A call for help may be closed only in the commit of an operator's own act."""
        for row in commit.of("alarm"):
            if row.new is not None and row.new.kind in CALLS:
                self._closed(commit, row)
                self._decided(commit, row)

    def _closed(self, commit: Commit, row: Row) -> None:
        was_closed = row.old is not None and row.old.state == AlarmState.CLOSED
        if row.new.state != AlarmState.CLOSED or was_closed:
            return
        closing = [
            one.actor
            for one in commit.written("audit")
            if one.act == "alarm_closed" and one.about == row.new.id
        ]
        if not any(actor.startswith(OPERATOR) for actor in closing):
            by = closing[0] if closing else "nobody the audit names"
            seen = self.book.alarms[word(row.new.id)]
            self.book.say(CLOSED, f"{seen.name} was closed by {by}; expected an operator")

    def _decided(self, commit: Commit, row: Row) -> None:
        """What a person decided stands until a person changes it (DECIDING 2, 4)."""
        if row.old is None or any(one.actor.startswith(PERSONS) for one in commit.written("audit")):
            return
        before, after = alarm_of(text_of(row.old.record)), alarm_of(text_of(row.new.record))
        if before.decided_at is not None and before.disposition != after.disposition:
            self.book.say(
                DECIDED,
                f"the alarm {after.id[:8]} was decided by a person to be {before.disposition}; "
                f"the gateway made it {after.disposition} by itself",
            )

    def finish(self) -> None:
        """Look where each call ended."""
        for call in self.book.calls.values():
            if call.told_s is None:
                self.book.say(ENDS, f"{call.name} was never told that it is stored")
            elif call.what != CANCEL:
                self._ended(call)

    def _ended(self, call: Call) -> None:
        seen = self.book.alarms.get(call.alarm)
        if seen is None:
            self.book.say(ENDS, f"{call.name} has no alarm at the end")
        elif seen.record.state is AlarmState.OPEN and not self._is_with_service(seen):
            self._rang(call, seen)

    def _is_with_service(self, seen: Seen) -> bool:
        """Say whether the service has a referral for this alarm that still runs."""
        for row in rows_of(self.book.world, "referral").values():
            if row.alarm_id is not None and word(row.alarm_id) == seen.id:
                state = referral_of(text_of(row.record)).state
                if state not in ENDED and state not in UNDELIVERED:
                    return True
        return False

    def _rang(self, call: Call, seen: Seen) -> None:
        """Nobody has it and no service: then everybody's telephone rang."""
        plan = self.book.world.people.get(seen.subject)
        wait_s = (plan.untaken_s or 0) if plan is not None else 0
        since_s = seen.untaken_s if seen.untaken_s is not None else seen.opened_s
        if not self.book.is_late(since_s + wait_s + CLIMB_PARTNER_S):
            return  # it has not been in the queue for so long yet
        missing = [to for to in ("consoles", "supervisor", "partner") if not seen.rang.get(to)]
        if missing:
            heard = ", ".join(missing)
            self.book.say(ENDS, f"{call.name} is with nobody, and never rang at: {heard}")


def has_task(part: Part, alarm: str, kind: str) -> bool:
    """Say whether a task of a kind was made for an alarm, and not cancelled unless by a person."""
    for row in rows_of(part.book.world, "task").values():
        if row.kind == kind and row.alarm_id is not None and word(row.alarm_id) == alarm:
            task = task_of(text_of(row.record))
            if task.state in LIVE or task.done_at is not None:
                return True
    return False
