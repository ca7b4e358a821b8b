"""One made-up patient: who it is, what is true, what the instruments say, what a re-check gives."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from firmware_stubs.patients.body import Body
from firmware_stubs.patients.habits import Habits, Trouble
from firmware_stubs.patients.instruments import SHOWS, Around, Shown, measure
from firmware_stubs.patients.pathways import PLANS, Visit
from firmware_stubs.patients.streams import Stream
from firmware_stubs.patients.words import (
    DAY,
    Episode,
    EpisodeKind,
    Fault,
    FaultKind,
    Instrument,
    Message,
    Pathway,
    Sign,
)

FACTORY = datetime(2000, 1, 1, tzinfo=UTC)
"""Where a clock begins that lost its battery."""
NOT_WORSE = frozenset({EpisodeKind.COVID_ILLNESS})
"""What is no worsening and so no label: why the person is on the ward at all."""
NIGHT_H = (22, 7)
NIGHT_SHARE = 0.35
"""Of the re-checks that are answered by day, the share answered at night."""
SOON_SHARE = 0.7
SOON_MIN, SLOW_MIN = (1.5, 9.0), (9.0, 110.0)
HEARTBEAT_S = 3_600


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient; days are counted from `first`, the ward's first local day.

    Attributes:
        seed: The ward's.
        number: The patient's place in the ward.
        id, device: Names of the person and of the hub.
        stay: First day on the ward, and the day after the last.
        burden: How the person answers questionnaires on an ordinary day.
        other_kg: What the other person in the house weighs.
        low_target: A clinician set 88-92 %.
        noted_spo2_pct, noted_kg: Baseline and dry weight as a clinician wrote them down.
    """

    seed: int
    number: int
    id: str
    device: str
    pathway: Pathway
    zone: ZoneInfo
    first: date
    stay: tuple[int, int]
    born: date
    conditions: tuple[str, ...]
    body: Body
    habits: Habits
    troubles: tuple[Trouble, ...]
    visits: tuple[Visit, ...]
    burden: float
    other_kg: float
    low_target: bool
    noted_spo2_pct: int
    noted_kg: float

    @property
    def start(self) -> datetime:
        """The ward's first local midnight, UTC."""
        return datetime.combine(self.first, time.min, self.zone).astimezone(UTC)

    @property
    def admitted(self) -> datetime:
        """When the stay begins."""
        return self.start + self.stay[0] * DAY

    @property
    def discharged(self) -> datetime:
        """When the stay ends."""
        return self.start + self.stay[1] * DAY

    @property
    def days(self) -> int:
        """Days on the ward."""
        return self.stay[1] - self.stay[0]

    @property
    def kit(self) -> frozenset[Instrument]:
        """What the person measures with."""
        return frozenset(one for visit in self.visits for one in visit.instruments)

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """The labels, in order of onset: what truly happened while on the ward.

        An episode is a label only when its peak lies within the stay.
        """
        return tuple(
            course.label(self.id, self.start)
            for course in self.body.courses
            if course.kind not in NOT_WORSE and self.stay[0] <= course.peak_d < self.stay[1]
        )

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What was wrong with the devices."""
        return tuple(
            Fault(
                self.id, one.kind, one.instrument, self._at(one.begins_d), self._at(one.ends_d),
                one.amount,
            )
            for one in self.troubles
        )  # fmt: skip

    def _at(self, day: float) -> datetime:
        return (self.start + day * DAY).replace(microsecond=0)

    def local(self, day: int, minute: float) -> datetime:
        """Give the UTC time of so many minutes by the clock on the wall."""
        midnight = datetime.combine(self.first + timedelta(days=day), time.min, self.zone)
        wall = midnight + timedelta(seconds=int(minute * 60))
        return wall.astimezone(UTC)

    def day_of(self, at: datetime) -> float:
        """Give a time in days since the ward's start."""
        return (at - self.start) / DAY

    def trouble(self, kind: FaultKind, day: float) -> Trouble | None:
        """Give the fault of this kind that is there at this time."""
        for one in self.troubles:
            if one.kind is kind and one.begins_d <= day < one.ends_d:
                return one
        return None

    def read(
        self, instrument: Instrument, day: float, stream: Stream, *, clean: bool = False
    ) -> tuple[Shown, tuple[FaultKind, ...]]:
        """Measure once with this person's own instrument, as faulty as it is then."""
        stuck = self.trouble(FaultKind.STUCK, day)
        if stuck is not None and stuck.instrument is instrument:
            begun = Stream(self.seed, self.number, "stuck")
            first = max(stuck.begins_d, float(self.stay[0]))
            around = Around(self.other_kg, clean=True)
            return measure(instrument, self.body, first, around, begun), (FaultKind.STUCK,)
        drift = self.trouble(FaultKind.DRIFT, day)
        added = 0.0
        faults: tuple[FaultKind, ...] = ()
        if drift is not None and drift.instrument is instrument and drift.amount is not None:
            added, faults = drift.amount * (day - drift.begins_d), (FaultKind.DRIFT,)
        around = Around(self.other_kg, added, clean)
        return measure(instrument, self.body, day, around, stream), faults

    def claimed(self, measured_at: datetime, day: float) -> tuple[datetime, tuple[FaultKind, ...]]:
        """Give the time that the hub's clock says."""
        wrong = self.trouble(FaultKind.CLOCK, day)
        if wrong is None:
            return measured_at, ()
        if wrong.amount is None:
            return FACTORY + (day - wrong.begins_d) * DAY, (FaultKind.CLOCK,)
        return measured_at + wrong.amount * DAY, (FaultKind.CLOCK,)

    def recheck(self, sign: Sign, at: datetime) -> Message | None:
        """Give what comes back when the person is asked at this time to measure again.

        The same question gives the same answer. A re-check is free of artefacts but not of device
        faults: a scale that drifts drifts again.

        Returns:
            The message, or None: not answered, not on the ward then, or no such instrument.
        """
        instrument = next((one for one in sorted(self.kit) if sign in SHOWS[one]), None)
        stream = Stream(self.seed, self.number, "recheck", sign.value, int(at.timestamp()))
        hour = at.astimezone(self.zone).hour
        night = hour >= NIGHT_H[0] or hour < NIGHT_H[1]
        answered = stream.chance(self.habits.answers * (NIGHT_SHARE if night else 1.0))
        wait_min = stream.between(*(SOON_MIN if stream.chance(SOON_SHARE) else SLOW_MIN))
        measured_at = at.astimezone(UTC) + timedelta(seconds=int(wait_min * 60))
        day = self.day_of(measured_at)
        silent = self.trouble(FaultKind.BATTERY, day) or self.trouble(FaultKind.OUTAGE, day)
        here = self.stay[0] <= day < self.stay[1] and not self.habits.is_away(int(day))
        if instrument is None or not answered or not here or silent:
            return None
        shown, faults = self.read(instrument, day, stream, clean=True)
        claimed, wrong = self.claimed(measured_at, day)
        return Message(
            self.id, self.device, f"again-{sign.value}-{int(at.timestamp())}", instrument,
            measured_at, claimed, measured_at + timedelta(seconds=4), shown.vitals, shown.beyond,
            shown.artefacts, (*faults, *wrong),
        )  # fmt: skip

    def record(self) -> dict[str, object]:
        """Give the person as a story names one (INTERFACES 7)."""
        found: dict[str, object] = {
            "id": self.id,
            "born": self.born.isoformat(),
            "postcode": f"LE{1 + self.number % 5} 1AA",
            "conditions": list(self.conditions),
            "pathway": self.pathway.value,
            "ward": f"ward-{self.pathway.value}",
            "spo2_scale": 2 if self.low_target else 1,
            "baseline_spo2_pct": self.noted_spo2_pct,
            "target_spo2_pct": [88, 92] if self.low_target else [94, 98],
            "limits": {},
        }
        if Instrument.SCALE in self.kit:
            found["dry_weight_kg"] = self.noted_kg
        return found

    def device_record(self) -> dict[str, object]:
        """Give the hub as a story names a device."""
        return {"id": self.device, "person": self.id, "interval_s": HEARTBEAT_S}


def sheet_of(patient: Patient) -> str:
    """Give the name of the person's questionnaire."""
    return PLANS[patient.pathway].sheet
