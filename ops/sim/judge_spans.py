"""The times of the specification, told by the judge's own watch and not by the gateway's timers.

at_once          the referral stands in the commit of the alarm                  DECIDING 2
after_untaken    not before its seconds without a taker, and not long after      DECIDING 2
untaken          all consoles, the supervisor, the partner centre                DECIDING 2
taken            120 s without action, or 30 s after another call: untaken       DECIDING 6
silent fall      60 s without a voice: a 999 task                                DECIDING 5
silent           10 min without a voice: a 999 task                              DECIDING 3
"""

from datetime import timedelta
from typing import Any

from alerts.case import Alarm
from alerts.words import AlarmKind, AlarmState, ReferralState
from ops.sim.judge_alarms import Call, Seen
from ops.sim.judge_calls import has_task
from ops.sim.judge_part import Part
from ops.sim.judged import (
    CLIMB_CONSOLES_S,
    CLIMB_PARTNER_S,
    CLIMB_SUPERVISOR_S,
    EARLY_S,
    ENDED,
    FALL_VOICE_S,
    FORCED_ENTRY_S,
    TAKEN_IDLE_S,
    Commit,
    alarm_of,
    referral_of,
    rows_of,
    text_of,
    word,
)

EARLY = "no timer early"
LATE = "no timer lost"
PRESSED_AGAIN_S = 30.0
AT_ONCE, AFTER_UNTAKEN = "at_once", "after_untaken"
PRESSES = frozenset({"pendant", "pull_cord"})
SPOKEN_TO = PRESSES | {"fall"}
"""What a voice is waited for; smoke has no ladder."""
ON_THEIR_WAY = frozenset(
    {
        ReferralState.ACCEPTED,
        ReferralState.SET_OUT,
        ReferralState.ATTENDED,
        ReferralState.CLOSED,
    }
)
CLIMB = (
    ("consoles", CLIMB_CONSOLES_S),
    ("supervisor", CLIMB_SUPERVISOR_S),
    ("partner", CLIMB_PARTNER_S),
)


class Spans(Part):
    """Measures what must happen by when."""

    # -- at the commit -----------------------------------------------------------------------------

    def committed(self, commit: Commit) -> None:
        """Look at alarms that opened and at referrals that were made."""
        for row in commit.of("alarm"):
            if row.old is None and row.new is not None:
                self._opened(commit, alarm_of(text_of(row.new.record)), word(row.new.subject_id))
        for row in commit.of("referral"):
            if row.old is None and row.new is not None and row.new.automatic:
                self._referred(row.new)

    def _opened(self, commit: Commit, alarm: Alarm, subject: str) -> None:
        plan = self.book.world.people.get(subject)
        if plan is None or plan.plan != AT_ONCE or alarm.what not in PRESSES or not alarm.known:
            return
        if "fall" in alarm.marks or "fall" in alarm.what:
            return  # held back until a voice is heard, or 999 (DECIDING 5)
        if not self._has_help(alarm.id, subject):
            self.book.say(
                LATE,
                f"the alarm {alarm.id[:8]} of a person whose plan is at_once was committed by "
                f"{commit.process} without a referral or a phone task beside it",
            )

    def _referred(self, new: Any) -> None:  # noqa: ANN401 - a row
        """An automatic referral of an `after_untaken` plan waits its seconds."""
        plan = self.book.world.people.get(word(new.subject_id))
        seen = self.book.alarms.get(word(new.alarm_id)) if new.alarm_id is not None else None
        if plan is None or seen is None:
            return
        if plan.plan not in (AT_ONCE, AFTER_UNTAKEN):
            self.book.say(EARLY, f"{seen.name} was referred by itself; the plan is {plan.plan}")
        elif plan.plan == AFTER_UNTAKEN and plan.untaken_s is not None:
            self._counted(new, seen, plan.untaken_s)

    def _counted(self, new: Any, seen: Seen, untaken_s: float) -> None:  # noqa: ANN401 - a row
        """The countdown ran to its end while nobody had the alarm.

        A referral that was due then may be held back by a fall until its 999 task, and somebody
        may have taken the alarm in between: it is still owed.
        """
        if self._held_until_s(seen) > 0 and seen.longest_left_s >= untaken_s:
            return
        if seen.left_at is None:
            self.book.say(EARLY, f"{seen.name} was referred by itself while it was taken")
            return
        after_s = (new.made_at - seen.left_at) / timedelta(seconds=1)
        if after_s < untaken_s - EARLY_S:
            self.book.say(
                EARLY,
                f"{seen.name} was referred by itself {after_s:.1f} s after it was last left to "
                f"nobody; expected {untaken_s:g} s",
            )

    # -- later -------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at every alarm that somebody must still deal with."""
        for seen in self.book.alarms.values():
            record = seen.record
            if record.state is AlarmState.CLOSED or record.kind is AlarmKind.TECHNICAL:
                continue
            if record.state is AlarmState.TAKEN:
                self._taken(seen)
            else:
                self._untaken(seen)
            if record.known and record.what in SPOKEN_TO and not seen.was_cancelled:
                self._silent(seen)
        for call in self.book.calls.values():
            if call.what == "fall":
                self._fallen(call)

    def _taken(self, seen: Seen) -> None:
        if self._is_on_its_way(seen):
            return
        if self.book.is_late(seen.acted_s + TAKEN_IDLE_S):
            self.book.say(
                LATE, f"{seen.name} is taken since {seen.acted_s:.1f} s without action; not untaken"
            )
        pressed_s = seen.pressed_s
        if pressed_s is not None and self.book.is_late(pressed_s + PRESSED_AGAIN_S):
            self.book.say(
                LATE,
                f"{seen.name} was called again at {pressed_s:.1f} s; its taker kept it unheard",
            )

    def _is_on_its_way(self, seen: Seen) -> bool:
        """Say whether a person has decided and help is, or was, on its way: then nobody idles."""
        if seen.record.decided_at is None:
            return False
        return any(
            referral_of(text_of(row.record)).state in ON_THEIR_WAY
            for row in rows_of(self.book.world, "referral").values()
            if row.alarm_id is not None and word(row.alarm_id) == seen.id
        )

    def _untaken(self, seen: Seen) -> None:
        """Nobody has it: the countdown of its plan, and the climb, run from there."""
        if seen.untaken_at is None or seen.untaken_s is None:
            return
        from_s = max(seen.untaken_s, self.book.seconds(seen.untaken_at))
        plan = self.book.world.people.get(seen.subject)
        wait_s = float(plan.untaken_s or 0) if plan is not None else 0.0
        if wait_s and self._is_for_ucr(seen):
            late = self.book.is_late(max(from_s + wait_s, self._held_until_s(seen)))
            if late and not self._has_help(seen.id, seen.subject):
                self.book.say(
                    LATE,
                    f"{seen.name} stands untaken since {from_s:.1f} s; after {wait_s:g} s there is "
                    "neither a referral nor a phone task",
                )
        for audience, after_s in CLIMB:
            rang = seen.rang.get(audience, ())
            if not self.book.is_late(from_s + wait_s + after_s):
                continue
            if not any(at_s >= seen.untaken_s - EARLY_S for at_s in rang):
                self.book.say(
                    LATE,
                    f"{seen.name} stands untaken since {from_s:.1f} s and has not rung at: "
                    f"{audience}",
                )

    def _held_until_s(self, seen: Seen) -> float:
        """Say until when a fall forbids a referral: its voice or its 999 task (DECIDING 5)."""
        falls = (
            call.stored_s + FALL_VOICE_S
            for call in self.book.calls.values()
            if call.what == "fall" and call.alarm == seen.id and call.stored_s is not None
        )
        return max(falls, default=0.0)

    def _is_for_ucr(self, seen: Seen) -> bool:
        record = seen.record
        if not record.known or record.what not in SPOKEN_TO or seen.was_cancelled:
            return False
        return record.decided_at is None and not record.answers

    def _has_help(self, alarm: str, subject: str) -> bool:
        """Say whether a referral was made for an alarm or runs for its person, or a phone task."""
        for row in rows_of(self.book.world, "referral").values():
            if row.alarm_id is not None and word(row.alarm_id) == alarm:
                return True
            if word(row.subject_id) == subject and ReferralState(row.state) not in ENDED:
                return True
        return has_task(self, alarm, "phone_referral")

    # -- silence -----------------------------------------------------------------------------------

    def _silent(self, seen: Seen) -> None:
        since_s = seen.silent_s
        if since_s is None or not self.book.is_late(since_s + FORCED_ENTRY_S):
            return
        if not has_task(self, seen.id, "999"):
            self.book.say(
                LATE,
                f"{seen.name} is silent since {since_s:.1f} s and has no 999 task after "
                f"{FORCED_ENTRY_S:g} s",
            )

    def _fallen(self, call: Call) -> None:
        seen = self.book.alarms.get(call.alarm)
        if seen is None or call.stored_s is None or seen.record.state is AlarmState.CLOSED:
            return
        if not self.book.is_late(call.stored_s + FALL_VOICE_S):
            return
        heard = seen.voice_s is not None and seen.voice_s >= call.stored_s
        if heard or self._is_cancelled(call) or has_task(self, seen.id, "999"):
            return
        self.book.say(
            LATE,
            f"{call.name}: no voice since {call.stored_s:.1f} s, and no 999 task after "
            f"{FALL_VOICE_S:g} s",
        )

    def _is_cancelled(self, fall: Call) -> bool:
        cancels = self.book.cancels_of(fall.device)
        return any(one.of == fall.id and one.stored_s is not None for one in cancels)
