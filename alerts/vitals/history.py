"""What a rehearsal plays, and what comes of it: one person's history, and the alerts of a run."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from alerts.case import Reason
from alerts.vital_words import Level
from alerts.vitals.inputs import ClinicianEvent, Reading, Report
from alerts.vitals.plan import MonitoringPlan


class Judged(msgspec.Struct, frozen=True):
    """What is known about a span of time: something real happened, or people said it did not.

    Attributes:
        since, until: An alert that rings within is about it.
        real: False is an alert that clinicians closed without more.
        what: In words: `confirmed`, `closed`, or a made-up patient's label.
    """

    since: datetime
    until: datetime
    real: bool
    what: str

    def holds(self, at: datetime) -> bool:
        """Say whether a ring at this time is about it."""
        return self.since <= at <= self.until


class History(msgspec.Struct, frozen=True):
    """What is recorded about one person.

    Attributes:
        since: Playing begins here, so that what looks over days has its days.
        counted: Alerts before this are not counted.
        until: The end.
        reports: In the order they came.
        acts: What clinicians did, in order.
        recorded: When alerts opened that were confirmed in truth, for how far a replay is to be
            believed.
    """

    person: str
    plan: MonitoringPlan
    since: datetime
    counted: datetime
    until: datetime
    reports: tuple[Report, ...]
    acts: tuple[ClinicianEvent, ...] = ()
    judged: tuple[Judged, ...] = ()
    recorded: tuple[datetime, ...] = ()

    @property
    def pathway(self) -> str:
        """The pathway's word, or `none`."""
        return "none" if self.plan.pathway is None else self.plan.pathway.value

    @property
    def counted_min(self) -> int:
        """So many whole minutes are counted."""
        return max(0, int((self.until - self.counted).total_seconds()) // 60)


class Seen(msgspec.Struct, frozen=True):
    """One alert of the ward, as it first rang and as it ended.

    Attributes:
        level: The worst that was confirmed while it was open.
        rings: How often it rang the desk.
        missing: Nothing but missing readings was open when it rang.
        parameters: What was out of order when it rang, and `reasons` why.
        readings: The newest of each vital sign then.
    """

    opened_at: datetime
    rang_at: datetime
    ended_at: datetime
    level: Level
    rings: int
    missing: bool
    parameters: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    readings: tuple[Reading, ...] = ()


class Played(msgspec.Struct, frozen=True):
    """What became of one person under one set of rules.

    Attributes:
        quiet: Alerts that were shown and never rang.
        asked: Re-checks that were asked for.
        handed: What was handed to telecare.
        done, left_out: Recorded acts that could be done again, and those that met nothing.
        assumed: Acts that were assumed where none is recorded.
    """

    alerts: tuple[Seen, ...] = ()
    quiet: int = 0
    asked: int = 0
    handed: int = 0
    done: int = 0
    left_out: int = 0
    assumed: int = 0


Recheck = Callable[[frozenset[str], datetime], Iterable[Report]]
"""What a person measures when asked to measure these again at this time."""


def nobody(wanted: frozenset[str], at: datetime) -> tuple[Report, ...]:
    """Nobody measures again but who did in the record."""
    del wanted, at
    return ()
