"""What comes to the vitals half: reports of readings and answers, and what clinicians do.

A report is one message and the unit that is evaluated: its readings belong together. Times are
aware UTC. A reading of the same vital sign and the same time with another value is a correction.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from alerts.events import Heard
from alerts.vital_words import ClinicianAct, Level, ReadingSource, VitalEvent
from alerts.words import PersonStatus
from devices.model import Answers, Flag, Measurement, Quality, VitalCode, is_plausible_time

Value = float | str | bool | None
AnswerValue = str | int | float | bool | None

STALE = frozenset(
    {
        Flag.RETAINED,
        Flag.CACHED,
        Flag.FROM_MEMORY,
        Flag.SIMULATED,
        Flag.TEST,
        Flag.UNAUTHENTICATED,
    }
)
"""Readings so flagged are not of now, or nobody's: they alert nobody (DESIGN 4)."""


class Reading(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One value of one vital sign, at its own time, with who gave it.

    `value` is None with quality above_range or below_range, or when a correction withdraws it.
    """

    code: VitalCode
    value: Value
    at: datetime
    quality: Quality = Quality.OK
    source: ReadingSource = ReadingSource.DEVICE
    device: str | None = None
    flags: frozenset[Flag] = frozenset()


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """Answers to questions, at their own time; which questionnaire they fill the rules say."""

    answers: dict[str, AnswerValue]
    at: datetime
    source: ReadingSource = ReadingSource.DEVICE
    device: str | None = None
    flags: frozenset[Flag] = frozenset()


class Report(msgspec.Struct, frozen=True):
    """One message: `receipt` is its identity, the same for every repeat."""

    receipt: str
    received_at: datetime
    readings: tuple[Reading, ...] = ()
    answered: tuple[Answered, ...] = ()


class ClinicianEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a clinician did.

    Attributes:
        alarm: The open alarm it is about; None is the person's own open one.
        parameter: For a snooze: which finding.
        level: For a snooze: at which level; red is refused.
        until: For a snooze, an acknowledgement or a review: until when.
        need: For a confirmation: which of the nine needs.
        event: For a record: what happened on the pathway.
        status, away_until: Where the person is.
    """

    at: datetime
    clinician: str
    do: ClinicianAct
    alarm: str | None = None
    parameter: str | None = None
    level: Level | None = None
    until: datetime | None = None
    need: str | None = None
    service: str | None = None
    event: VitalEvent | None = None
    status: PersonStatus | None = None
    away_until: datetime | None = None
    reason: str | None = None
    text: str = ""


def report_of(
    heard: Sequence[Heard], source: ReadingSource = ReadingSource.DEVICE
) -> Report | None:
    """Give the readings and answers of one message; None when it has neither."""
    readings, answered = list[Reading](), list[Answered]()
    for one in heard:
        signal = one.signal
        if isinstance(signal, Measurement):
            at = _when(signal.at, one.received_at)
            readings.append(
                Reading(
                    signal.code, signal.value, at, signal.quality, source, one.sender, signal.flags
                )
            )
        elif isinstance(signal, Answers):
            at = _when(signal.at, one.received_at)
            answered.append(Answered(signal.answers, at, source, one.sender, signal.flags))
    if not readings and not answered:
        return None
    first = heard[0]
    return Report(first.receipt, first.received_at, tuple(readings), tuple(answered))


def _when(at: datetime | None, received_at: datetime) -> datetime:
    """Give the device's own time where it can be true, and never one in the future."""
    if at is None or not is_plausible_time(at, received_at):
        return received_at
    return min(at, received_at)
