"""The rows of vital signs: limits, changes, questionnaires, pathways and wards, as TOML holds them.

Contract: a row without `pathway` is the default; one with a pathway takes the default's place for
its vital sign on that pathway. Limits are inclusive: at or above a high one, at or below a low one.
Every number is for local clinical sign-off. What is wrong with a row is said by
alerts/vital_rules.py before anything is decided with it.
"""

import msgspec

from alerts.rule_rows import Row
from alerts.vital_words import Level, Pathway, Reference
from devices.model import VitalCode

DEFAULT_WARD = "default"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Four limits: alert high > warning high > warning low > alert low; None = inherited."""

    alert_high: float | None = None
    warning_high: float | None = None
    warning_low: float | None = None
    alert_low: float | None = None


class VitalRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row about one vital sign, by default or on one pathway."""

    vital: VitalCode
    pathway: Pathway | None = None


class LimitRow(VitalRow, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The four limits of a vital sign."""

    limits: Limits


class TargetRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits that follow a person's own target range, as distances from its ends."""

    vital: VitalCode
    reference: Reference
    warning_below: float
    alert_below: float


class RelativeRow(VitalRow, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A distance from a figure of the person's own; exactly one of the three."""

    reference: Reference
    level: Level
    fall_at_least: float | None = None
    rise_at_least: float | None = None
    rise_more_than: float | None = None


class ChangeRow(VitalRow, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change within so many local days; exactly one of the four.

    A rise is counted from the lowest value of the window, a fall from its highest.
    """

    days: int
    level: Level
    rise_at_least: float | None = None
    rise_more_than: float | None = None
    fall_at_least: float | None = None
    fall_more_than: float | None = None


class SlopeRow(VitalRow, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A steady change: the least-squares slope over a window, at least so much per day.

    A negative `per_day` means a fall. With fewer than `least_points` it cannot be calculated.
    """

    days: int
    per_day: float
    least_points: int
    level: Level


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question and what its answers count.

    `scores` maps an answer, as text, to its score; without it a whole number from 0 to `highest`
    counts itself. An answer that scores `red_from` or `amber_from` is red or amber by itself; one
    that scores `confusion_from` says new confusion, which is a reading of consciousness (C).
    """

    name: str
    text: str
    scores: dict[str, int] = {}
    highest: int | None = None
    amber_from: int | None = None
    red_from: int | None = None
    confusion_from: int | None = None


class QuestionnaireRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A questionnaire: its questions, and the totals from which it is amber or red.

    `rise_amber`: so many points more than the last complete one is amber.
    """

    name: str
    title: str
    pathways: tuple[Pathway, ...]
    questions: tuple[Question, ...]
    amber_from: int | None = None
    red_from: int | None = None
    rise_amber: int | None = None


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a vital sign or a questionnaire is due, by the wall clock of the ward.

    Attributes:
        what: A vital sign's native name or a questionnaire's name.
        times: `HH:MM`.
        every_days: 1 is daily; counted from the day the plan began.
        early_min: A reading so long before its time counts for it.
        grace_min: So long after its time it is missing.
        prompt: The person is asked at its time.
        call: A missing one opens a call-the-patient task.
    """

    what: str
    times: tuple[str, ...]
    every_days: int = 1
    early_min: int = 180
    grace_min: int = 120
    prompt: bool = True
    call: bool = False


class PathwayRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pathway: what it needs, asks for and says.

    Attributes:
        requires: Figures a clinician must have set before it can be activated.
        schedule: What is due when.
        emergency_twice: A vital sign at or below this twice goes to 999; the second within the
            re-check, or later while no clinician has acknowledged the first.
        scripts: What to say and do, by name (`amber`, `red`, `missing`, ...).
        discharge: When to end it, in words.
        length_days: How long it lasts as a rule; None = until somebody ends it.
    """

    pathway: Pathway
    title: str
    requires: tuple[Reference, ...] = ()
    schedule: tuple[Slot, ...] = ()
    emergency_twice: dict[VitalCode, float] = {}  # noqa: RUF012 - msgspec gives each its own
    scripts: dict[str, str] = {}  # noqa: RUF012 - as above
    discharge: tuple[str, ...] = ()
    length_days: int | None = None


class Ward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A virtual ward: its hours, its hard floor, its ladder, its window for one set.

    Attributes:
        hours: As of a service: `24/7`, or weekday to spans in the ward's zone.
        floor: A vital sign below its value, or `news2` at or above its value, waits for nothing.
        lead, on_call, out_of_hours: Names of who is rung; empty = by their role.
        ladder_min: When an unacknowledged red rings the lead, then the on-call phone.
        set_window_min: Readings so far apart at most are one set.
    """

    id: str
    timezone: str = "Europe/London"
    hours: str | dict[str, tuple[str, ...]] = "24/7"
    floor: dict[str, float] = {}
    lead: str = ""
    on_call: str = ""
    out_of_hours: str = ""
    ladder_min: tuple[int, ...] = (15, 30)
    set_window_min: int = 60


class WardRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shipped ward."""

    ward: Ward
