"""The vitals state: what is known and open about one person, stored as one bounded value.

A frozen value, like the case of telecare. One alert at most is open per person; it holds a finding
for each thing that is out of order. Everything here has a bound: newest readings are one per vital
sign, points are the newest of each vital sign that a rule looks at over days.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from alerts.case import Reason, Timer
from alerts.vital_words import Level, VitalEvent
from alerts.vitals.inputs import Reading
from alerts.vitals.plan import Effective, MonitoringPlan
from devices.model import VitalCode

MAX_POINTS = 64
MAX_RECORDED = 20
MAX_FINDINGS = 60
RANK: dict[Level | None, int] = {None: 0, Level.AMBER: 1, Level.RED: 2}
NEWS2 = "news2"
ALERT, CONFUSED = "A", "C"
COGNITION = "consciousness"
MISSING = "missing:"


class Point(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A number at its time, kept for the rules that look over days."""

    at: datetime
    value: float


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is out of order.

    Attributes:
        parameter: A vital sign, `news2`, a questionnaire, or `missing:` and what is missing.
        since: Time of the reading that showed it first; the wait for a re-check runs from here.
        last_at: Time of the last reading that showed it.
        value: What that first reading said, where it is one reading.
        confirmed: At which level it is confirmed: by a second reading, by the wait's end, or
            because nothing waits here; None while it is shown as unconfirmed.
        recheck_by: Until when a second reading is awaited; None when none is.
        score: For NEWS2 the total or its lower bound; for a questionnaire its score.
        of: For NEWS2: when the readings that gave points were taken.
        worse: It was raised since it was found.
        recovered_at: When every reading that showed it had been normal again.
    """

    parameter: str
    level: Level
    since: datetime
    last_at: datetime
    value: float | str | bool | None = None
    confirmed: Level | None = None
    recheck_by: datetime | None = None
    score: int = 0
    of: dict[str, datetime] = {}
    worse: bool = False
    recovered_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """Whether it is confirmed at the level it has."""
        return self.confirmed is self.level

    @property
    def is_missing(self) -> bool:
        """Whether it is that nothing came: it says nothing about how the person is."""
        return self.parameter.startswith(MISSING)

    @property
    def is_snoozed(self) -> bool:
        """Whether a clinician set it aside for a time."""
        return self.snoozed_until is not None


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is open about a person: on the board, acknowledged or not.

    Attributes:
        id: Also that of telecare's alarm of kind `health`, once it was handed over.
        rung_level: At which level what was measured or said rang last, or was acknowledged; worse
            than that rings anew.
        rung_missing: What is missing has rung, or was acknowledged. It counts for nothing else: an
            amber reading rings beside it.
        rung_score: Likewise its NEWS2 total or bound.
        review_by: Until when whoever acknowledged it looks again.
        handed: What was handed to telecare already.
    """

    id: str
    opened_at: datetime
    findings: tuple[Finding, ...] = ()
    rung_level: Level | None = None
    rung_missing: bool = False
    rung_score: int = 0
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    first_acknowledged_at: datetime | None = None
    review_by: datetime | None = None
    handed: tuple[str, ...] = ()
    note: str = ""

    def finding(self, parameter: str) -> Finding | None:
        """Find what is open about a parameter."""
        return next((one for one in self.findings if one.parameter == parameter), None)

    @property
    def level(self) -> Level | None:
        """The worst that is open, confirmed or not; what recovered counts until it is closed."""
        return worst(one.level for one in self.findings)

    @property
    def clinical_level(self) -> Level | None:
        """The worst of what was measured or said."""
        return worst(one.level for one in self.findings if not one.is_missing)

    @property
    def lacks(self) -> bool:
        """Whether something is missing and not set aside."""
        return any(one.is_missing and not one.is_snoozed for one in self.findings)

    @property
    def confirmed_level(self) -> Level | None:
        """The worst that is confirmed and not set aside."""
        return worst(f.confirmed for f in self.findings if not f.is_snoozed)

    @property
    def score(self) -> int:
        """The confirmed NEWS2 total or bound."""
        found = self.finding(NEWS2)
        return 0 if found is None or found.confirmed is None else found.score

    @property
    def shown_score(self) -> int:
        """The NEWS2 total or bound, confirmed or not."""
        found = self.finding(NEWS2)
        return 0 if found is None else found.score

    @property
    def has_recovered(self) -> bool:
        """Whether everything that was out of order is normal again."""
        return bool(self.findings) and all(one.recovered_at is not None for one in self.findings)


class Recorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that happened on the pathway."""

    event: VitalEvent
    at: datetime
    by: str
    text: str = ""


class Filled(msgspec.Struct, frozen=True):
    """A questionnaire's last complete total."""

    at: datetime
    total: int


class VitalsState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the vitals half knows about one person.

    Attributes:
        as_of: Never goes back; the time used for a decision is max(now, as_of).
        effective: What follows from plan and rules; None until it is first needed.
        heard: Questionnaire -> when it was last answered at all.
    """

    person: str
    as_of: datetime
    plan: MonitoringPlan
    newest: dict[VitalCode, Reading] = {}
    alert: Alert | None = None
    timers: tuple[Timer, ...] = ()
    effective: Effective | None = None
    points: dict[VitalCode, tuple[Point, ...]] = {}
    heard: dict[str, datetime] = {}
    filled: dict[str, Filled] = {}
    recorded: tuple[Recorded, ...] = ()

    @property
    def next_due_at(self) -> datetime | None:
        """When something will be due next; None when nothing will."""
        return self.timers[0].due_at if self.timers else None

    @property
    def snoozes(self) -> tuple[Finding, ...]:
        """What is set aside for a time, for the hand-over."""
        found = () if self.alert is None else self.alert.findings
        return tuple(one for one in found if one.is_snoozed)


def worst(levels: Iterable[Level | None]) -> Level | None:
    """Give the worst of some levels."""
    return max(levels, key=RANK.__getitem__, default=None)
