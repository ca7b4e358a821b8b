"""How quickly calls were answered in a month, with every exception (CLINICAL 6.1, DECIDING 8).

Contract: pure. A unit with speech is answered when the person was first spoken to, any other when
somebody took its alarm; both are also given by when the alarm was taken. No call is left out: one
nobody answered stands in the denominator and in the list. Technical alarms are no calls.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from alerts.case import Alarm
from alerts.referral.extract import Asked
from alerts.referral.kpi import Figure, percent
from alerts.rule_ids import Rule
from alerts.words import AlarmKind, AlarmState

ALL_CALLS = "all"


class Answering(StrEnum):
    """A figure of the alarm centre's month."""

    ANSWERED_SOON = "answered_60s"
    ANSWERED_LATE = "answered_180s"
    TAKEN_SOON = "taken_60s"
    TAKEN_LATE = "taken_180s"
    ABANDONED = "abandoned"
    AUTO_ANSWERED = "auto_answered"


class WhyLate(StrEnum):
    """Why a call stands among the exceptions."""

    LATE = "late"
    NO_VOICE = "no_voice"
    NEVER_TAKEN = "never_taken"


class LateCall(msgspec.Struct, frozen=True):
    """A call not answered within the longer figure; each is investigated."""

    alarm: str
    kind: AlarmKind
    what: str
    alarm_at: datetime
    why: WhyLate
    speech: bool
    taken_after_s: int | None
    spoke_after_s: int | None


def answered_at(alarm: Alarm) -> datetime | None:
    """Give when a call was answered; None when nobody did."""
    return alarm.spoke_at if alarm.speech else alarm.taken_at


def calls_of(alarms: Iterable[Alarm], asked: Asked, zone: ZoneInfo) -> list[Alarm]:
    """Give the month's calls: every alarm but the technical ones, by when the gateway had them."""
    calls = [
        alarm
        for alarm in alarms
        if alarm.kind is not AlarmKind.TECHNICAL and asked.period.holds(alarm.alarm_at, zone)
    ]
    return sorted(calls, key=lambda alarm: (alarm.alarm_at, alarm.id))


def answering_figures(calls: Sequence[Alarm], asked: Asked) -> tuple[Figure, ...]:
    """Give the figures of answering, for each kind of call there was and for all of them."""
    kinds = [kind.value for kind in AlarmKind if any(call.kind is kind for call in calls)]
    return tuple(
        figure
        for group in (*kinds, ALL_CALLS)
        for figure in _figures(
            group, [c for c in calls if group in (c.kind.value, ALL_CALLS)], asked
        )
    )


def _figures(group: str, calls: Sequence[Alarm], asked: Asked) -> tuple[Figure, ...]:
    soon, late = (asked.rules.span(rule) for rule in (Rule.ANSWER_SOON, Rule.ANSWER_LATE))
    answered = [at - call.alarm_at for call in calls if (at := answered_at(call)) is not None]
    taken = [call.taken_at - call.alarm_at for call in calls if call.taken_at is not None]
    counts = {
        Answering.ANSWERED_SOON: sum(one <= soon for one in answered),
        Answering.ANSWERED_LATE: sum(one <= late for one in answered),
        Answering.TAKEN_SOON: sum(one <= soon for one in taken),
        Answering.TAKEN_LATE: sum(one <= late for one in taken),
        Answering.ABANDONED: sum(_is_abandoned(call) for call in calls),
        Answering.AUTO_ANSWERED: 0,  # nothing here answers a call but a person
    }
    month, of = asked.period.label, len(calls)
    return tuple(
        Figure(month, None, name, value, of, percent(value, of), group)
        for name, value in counts.items()
    )


def _is_abandoned(call: Alarm) -> bool:
    """Say whether a call ended before anybody took it."""
    return call.state is AlarmState.CLOSED and call.taken_at is None


def late_calls(calls: Iterable[Alarm], asked: Asked) -> tuple[LateCall, ...]:
    """Give the exceptions: every call not answered within the longer figure."""
    late = asked.rules.span(Rule.ANSWER_LATE)
    return tuple(
        _late(call)
        for call in calls
        if (at := answered_at(call)) is None or at - call.alarm_at > late
    )


def _late(call: Alarm) -> LateCall:
    if answered_at(call) is not None:
        why = WhyLate.LATE
    else:
        why = WhyLate.NEVER_TAKEN if call.taken_at is None else WhyLate.NO_VOICE
    return LateCall(
        alarm=call.id,
        kind=call.kind,
        what=call.what,
        alarm_at=call.alarm_at,
        why=why,
        speech=call.speech,
        taken_after_s=_after_s(call, call.taken_at),
        spoke_after_s=_after_s(call, call.spoke_at),
    )


def _after_s(call: Alarm, at: datetime | None) -> int | None:
    return None if at is None else int((at - call.alarm_at).total_seconds())
