"""One person's history played again under a set of rules: which alerts the ward would have had.

Contract: pure; the same history, rules and re-checks give the same alerts. An alert is one that
rang the ward's desk; what was shown on the board and cleared before it rang is counted apart.

Theory of operation: readings come at the time they came, and what clinicians did is done again to
whatever is open then. What a person would have done about an alert that the record does not know
is not known: such an alert is taken to be acknowledged after TAKEN and closed after KEPT, day and
night, under both sets of rules alike. An alert about missing readings only is closed after CALLED.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from alerts.case import Entry, Outgoing, Reason
from alerts.ruleset import Rules
from alerts.vital_words import ClinicianAct, Level
from alerts.vitals import decide
from alerts.vitals.history import History, Played, Recheck, Seen, nobody
from alerts.vitals.inputs import ClinicianEvent, Reading, Report
from alerts.vitals.state import MISSING, NEWS2, RANK, Alert, VitalsState
from alerts.vitals.step import OUT_OF_HOURS, WARD, VitalsDecision
from alerts.words import What

TAKEN = timedelta(minutes=20)
CALLED = timedelta(minutes=80)
KEPT = {Level.AMBER: timedelta(hours=10), Level.RED: timedelta(hours=4)}
FOLLOWED = timedelta(hours=24)
"""An act so long after a ring is taken to be about it; nothing is assumed in its place."""
RUNG = frozenset({"rings", "score_rose", "unresolved_returns", "snooze_over"})
"""Reasons of the notices that ring the ward."""
DESKS = frozenset({WARD, OUT_OF_HOURS})
ASSUMED = "(assumed)"
"""No clinician is called so: what people sign with has no brackets."""
TAKES = frozenset({
    ClinicianAct.ACKNOWLEDGE, ClinicianAct.REVIEW, ClinicianAct.CONFIRM, ClinicianAct.EMERGENCY,
    ClinicianAct.CLOSE,
})  # fmt: skip
ENDS = frozenset({ClinicianAct.CLOSE})


class _Open:
    """An alert while it is open; lives for one call of `play`."""

    def __init__(self, opened_at: datetime) -> None:
        self.opened_at = opened_at
        self.rang_at: datetime | None = None
        self.level: Level | None = None
        self.rings = 0
        self.missing = False
        self.parameters: tuple[str, ...] = ()
        self.reasons: tuple[Reason, ...] = ()
        self.readings: tuple[Reading, ...] = ()

    def seen(self, ended_at: datetime) -> Seen | None:
        """Give it as it ended; None when it never rang."""
        if self.rang_at is None:
            return None
        return Seen(
            opened_at=self.opened_at,
            rang_at=self.rang_at,
            ended_at=ended_at,
            level=self.level or Level.AMBER,
            rings=self.rings,
            missing=self.missing,
            parameters=self.parameters,
            reasons=self.reasons,
            readings=self.readings,
        )


Item = Report | ClinicianEvent


class _Play:
    """The state while one person is played; lives for one call of `play`."""

    def __init__(self, history: History, rules: Rules, recheck: Recheck) -> None:
        self.history, self.rules, self.recheck = history, rules, recheck
        self.state: VitalsState = decide.new_state(history.person, history.since)
        ordered: list[tuple[datetime, int, Item]] = [
            *((one.received_at, 0, one) for one in history.reports),
            *((one.at, 1, one) for one in history.acts),
        ]
        ordered.sort(key=lambda one: one[:2])
        # A sorted list is a heap already; the number keeps items from being compared.
        self.waiting: list[tuple[datetime, int, Item]] = [
            (at, number, item) for number, (at, _, item) in enumerate(ordered)
        ]
        self.number = len(ordered)
        self.takes = _times(history.acts, TAKES)
        self.ends = _times(history.acts, ENDS)
        self.open: dict[str, _Open] = {}
        self.alerts: list[Seen] = []
        self.quiet = self.asked = self.handed = 0
        self.done = self.left_out = self.assumed = 0

    def run(self) -> Played:
        """Play it all."""
        history = self.history
        self._keep(decide.configure(self.state, history.plan, self.rules, history.since))
        while self._next(history.until):
            pass
        for one in list(self.open):
            self._end(one, history.until)
        return Played(
            tuple(self.alerts), self.quiet, self.asked, self.handed,
            self.done, self.left_out, self.assumed,
        )  # fmt: skip

    def _put(self, at: datetime, item: Item) -> None:
        self.number += 1
        heapq.heappush(self.waiting, (at, self.number, item))

    def _next(self, until: datetime) -> bool:
        """Do what comes next before the end; timers by themselves, so that people can answer."""
        due_at, first_at = self.state.next_due_at, self.waiting[0][0] if self.waiting else until
        if due_at is not None and due_at < min(first_at, until):
            self._keep(decide.due(self.state, self.rules, due_at))
        elif first_at < until:
            at, _, item = heapq.heappop(self.waiting)
            self._do(at, item)
        else:
            return False
        return True

    def _do(self, at: datetime, item: Item) -> None:
        if isinstance(item, Report):
            self._keep(decide.on_readings(self.state, (item,), self.rules, at))
        elif item.clinician == ASSUMED:
            self._assume(item, at)
        else:
            decision = decide.on_event(self.state, item, self.rules, at)
            refused = any(one.what is What.REFUSED for one in decision.entries)
            self.done += not refused
            self.left_out += refused
            self._keep(decision)

    def _assume(self, event: ClinicianEvent, at: datetime) -> None:
        alert = self.state.alert
        if alert is None or alert.id != event.alarm:
            return
        if event.do is ClinicianAct.ACKNOWLEDGE and alert.acknowledged_at is not None:
            return
        self.assumed += 1
        self._keep(decide.on_event(self.state, event, self.rules, at))

    def _keep(self, decision: VitalsDecision) -> None:
        self.state = decision.state
        if not decision.entries:
            return
        for entry in decision.entries:
            self._entry(entry)
        alert = decision.state.alert
        if alert is not None:
            self._level(alert)
        for sent in decision.outgoing:
            if sent.to in DESKS and sent.body["reason"] in RUNG:
                self._ring(sent, alert)
        self.handed += len(decision.handed)
        for entry in decision.entries:
            if entry.what is What.ALARM_CLOSED and entry.alarm in self.open:
                self._end(entry.alarm, entry.at)

    def _entry(self, entry: Entry) -> None:
        if entry.what is What.ALARM_OPENED and entry.alarm is not None:
            self.open[entry.alarm] = _Open(entry.at)
        for reason in entry.reasons:
            if reason.reason == "recheck_asked":
                self.asked += 1
                self._ask(entry.at, reason.inputs["parameters"])

    def _ask(self, at: datetime, parameters: Iterable[str]) -> None:
        """Ask for what is to be measured again: of a score, what gave its points."""
        alert, wanted = self.state.alert, set[str]()
        for name in parameters:
            found = alert.finding(name) if alert is not None and name == NEWS2 else None
            wanted |= {name} if found is None else set(found.of)
        for report in self.recheck(frozenset(wanted), at):
            self._put(report.received_at, report)

    def _level(self, alert: Alert) -> None:
        level, known = alert.confirmed_level, self.open[alert.id]
        if RANK[level] > RANK[known.level]:
            known.level = level

    def _ring(self, sent: Outgoing, alert: Alert | None) -> None:
        assert sent.alarm is not None  # the desk rings about an alert
        known = self.open[sent.alarm]
        at: datetime = sent.body["at"]
        known.rings += 1
        if known.rang_at is None:
            known.rang_at = at
            known.readings = tuple(self.state.newest[code] for code in sorted(self.state.newest))
            self._why(known, alert)
        self._follow(sent.alarm, at, known)

    def _why(self, known: _Open, alert: Alert | None) -> None:
        """Keep what is out of order; only what was missing ends as it rings, having come."""
        if alert is None:
            known.missing = True
            return
        held = [one for one in alert.findings if one.recovered_at is None]
        known.parameters = tuple(sorted(one.parameter for one in held))
        clinical = [one for one in known.parameters if not one.startswith(MISSING)]
        known.missing = not clinical
        known.reasons = tuple(reason for one in held for reason in one.reasons)

    def _follow(self, alarm: str, at: datetime, known: _Open) -> None:
        """Assume what people do about a ring, where the record has nothing about then."""
        if not _within(self.takes, at):
            self._put(at + TAKEN, _assumed(at + TAKEN, ClinicianAct.ACKNOWLEDGE, alarm))
        if not _within(self.ends, at):
            level = known.level or Level.AMBER
            done_at = at + (CALLED if known.missing else KEPT[level])
            self._put(done_at, _assumed(done_at, ClinicianAct.CLOSE, alarm))

    def _end(self, alarm: str, at: datetime) -> None:
        seen = self.open.pop(alarm).seen(at)
        if seen is None:
            self.quiet += at >= self.history.counted
        elif seen.rang_at >= self.history.counted:
            self.alerts.append(seen)


def _assumed(at: datetime, do: ClinicianAct, alarm: str) -> ClinicianEvent:
    return ClinicianEvent(at, ASSUMED, do, alarm=alarm, reason="assumed")


def _times(acts: Sequence[ClinicianEvent], which: frozenset[ClinicianAct]) -> list[datetime]:
    return sorted(one.at for one in acts if one.do in which)


def _within(times: Sequence[datetime], at: datetime) -> bool:
    """Say whether one of the times follows soon enough."""
    place = bisect_right(times, at)
    return place < len(times) and times[place] <= at + FOLLOWED


def play(history: History, rules: Rules, recheck: Recheck = nobody) -> Played:
    """Play one person's history under the rules."""
    return _Play(history, rules, recheck).run()
