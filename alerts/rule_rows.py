"""The rows that rules are written in: what each says about itself, and what each kind holds.

Contract: an unknown key is an error; a row is checked by alerts/rule_versions.py and
alerts/ruleset.py before anything is decided with it.
"""

from datetime import date
from enum import StrEnum

import msgspec

from alerts.facts import Plan, Service
from alerts.words import AlarmKind, Disposition
from devices.model import ActivationKind


class RuleError(ValueError):
    """A rule file cannot be used: which file, which row, which key, and what to do."""


class Unit(StrEnum):
    """Unit of a figure."""

    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    COUNT = "count"
    YEARS = "years"


class Ladder(StrEnum):
    """Which silent ladder an activation climbs (DECIDING 3); `asked`: once there was no reply."""

    SPEAK = "speak"
    FALL = "fall"
    LISTEN = "listen"
    WANDER = "wander"
    ASKED = "asked"
    NONE = "none"


class Grade(StrEnum):
    """How grave a script's answer is (DECIDING 4)."""

    EMERGENCY_999 = "999"
    CLINICIAN = "clinician"
    EXCLUSION = "exclusion"
    UNKNOWN = "unknown"
    NONE = "none"


class CodeList(StrEnum):
    """Which of our words a code row speaks of (CLINICAL 2.5)."""

    SOURCE = "source"
    NEED = "need"
    TEAM = "team"
    PRIORITY = "priority"
    MEASUREMENT = "measurement"
    MECHANISM = "mechanism"
    CONSULTATION = "consultation"
    LOCATION = "location"
    ATTENDANCE = "attendance"
    SUBJECT = "subject"
    ACTIVITY = "activity"
    RTT_STATUS = "rtt_status"
    NHS_NUMBER_STATUS = "nhs_number_status"
    CLOSURE = "closure"
    REJECTION = "rejection"
    ONWARD = "onward"
    ENDING = "ending"
    AVOIDED = "avoided"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every row says about itself."""

    id: str
    version: str
    author: str
    approver: str
    effective: date
    source: str
    sign_off: str = "for local clinical sign-off"


class RuleRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule in words, with its figure where it has one."""

    text: str
    value: int | None = None
    unit: Unit | None = None


class HealthKind(StrEnum):
    """What opens an alarm of kind `health`; no device says it."""

    DETERIORATION = "deterioration"


class CallRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a call opens: alarm, priority (1 first), plan, ladder, disposition, script."""

    what: StrEnum
    alarm: AlarmKind
    priority: int
    ladder: Ladder
    script: str
    plan: str = ""
    disposition: Disposition | None = None
    calls_for_help: bool = True


class ActivationRow(CallRow, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an activation of a device opens."""

    what: ActivationKind


class HealthRow(CallRow, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a deterioration opens that the vitals half hands over."""

    what: HealthKind


class AnswerRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The grade of one answer to one letter; `covered` = a ceiling of treatment speaks of it.

    `grade_on_anticoagulants` takes the grade's place for a person who takes them, `grade_if_usual`
    for one whose recorded cognition is not alert, `grade_if_confused` for one who is newly
    confused; `exclusion` names what an answer of that grade says, `to` where one of grade 999 goes.
    """

    letter: str
    answer: str
    grade: Grade
    covered: bool = True
    grade_on_anticoagulants: Grade | None = None
    grade_if_usual: Grade | None = None
    grade_if_confused: Grade | None = None
    exclusion: str = ""
    to: Disposition = Disposition.EMERGENCY_999


class PlanRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shipped plan for a kind of alarm."""

    kind: str
    plan: Plan


class ServiceRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shipped service; figures without a source say "to be confirmed by the service"."""

    service: Service


class RouteRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which kinds of service answer what is asked for, the first that can go now first.

    `asked` is a disposition, a kind of task, or another named need of alerts/referral/routes.py.
    """

    asked: str
    kinds: tuple[str, ...]


ENDINGS = ("home", "conveyed", "other")


class CodeRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The national code of one of our words; None, or not agreed: to be agreed with the provider.

    A row of `ending` says which outcome word means that the person stayed at home, was conveyed,
    or neither; a row of `avoided` which one says what a clinician holds to be avoided.
    """

    of: CodeList
    word: str
    code: str | None = None
    agreed: bool = False

    def __post_init__(self) -> None:
        """Refuse an ending that no figure could count.

        Raises:
            ValueError: the code is not one of the endings.
        """
        if self.of is CodeList.ENDING and self.code not in ENDINGS:
            raise ValueError(
                f"code {self.code!r} of an ending, expected one of {', '.join(ENDINGS)}"
            )
