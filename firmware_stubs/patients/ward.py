"""The door: a ward of made-up patients from one seed.

    ward = Ward(seed=7, patients=1_000, days=90)
    for message in ward.messages():        # all patients, in the order of arrival
        take(message.device, message.body(), message.received_at)
    truth = [episode for patient in ward for episode in patient.episodes]

Every patient depends on the seed, the days and its own number only: patient 3 of a ward of 10 is
patient 3 of a ward of 1,000, apart from the mix. Messages are made while they are read; what is
kept is one body for each patient, about 40 kB for 90 days.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from firmware_stubs.patients.body import Body, body
from firmware_stubs.patients.courses import courses
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.habits import habits, troubles
from firmware_stubs.patients.pathways import (
    LOW_TARGET_SPO2,
    PLANS,
    REST,
    Plan,
    Visit,
)
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.streams import Stream, within
from firmware_stubs.patients.words import Instrument, Message, Pathway, Sign

MAX_PATIENTS = 100_000
MAX_DAYS = 400
MAX_PREFIX_CHARS = 40
FIRST = date(2026, 1, 5)
AFTER_D = 2
"""Days that a body has beyond the history, for re-checks on its last evening."""
OXYGEN_SHARE = 0.3
"""Of those with a low target, the share on oxygen at home."""
MIX: Mapping[Pathway, float] = MappingProxyType({name: plan.share for name, plan in PLANS.items()})


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward; iterate over it for its patients.

    Attributes:
        seed: Everything follows from it.
        patients: How many.
        days: Length of the history, in local days.
        first: Its first local day.
        mix: Pathway to its share; need not add up to 1.
        prefix: What the names of persons and hubs begin with.
        timezone: By whose clock people live.

    Raises:
        ValueError: a number out of its limits, or an empty mix.
    """

    seed: int
    patients: int
    days: int
    first: date = FIRST
    mix: Mapping[Pathway, float] = field(default_factory=lambda: MIX)
    prefix: str = "ward"
    timezone: str = "Europe/London"

    def __post_init__(self) -> None:
        for name, found, most in (
            ("patients", self.patients, MAX_PATIENTS),
            ("days", self.days, MAX_DAYS),
            ("characters of prefix", len(self.prefix), MAX_PREFIX_CHARS),
        ):
            if not 1 <= found <= most:
                raise ValueError(f"{found} {name}, expected 1 to {most}")
        if not self.mix or min(self.mix.values()) < 0 or sum(self.mix.values()) <= 0:
            raise ValueError(f"mix of {len(self.mix)} pathways, expected shares that are above 0")

    def __iter__(self) -> Iterator[Patient]:
        """Give the patients in order, each made anew."""
        return map(self.patient, range(self.patients))

    def messages(self) -> Iterator[Message]:
        """Give the messages of all patients, in the order of arrival."""
        diaries = map(messages, self)
        return heapq.merge(*diaries, key=lambda message: message.received_at)

    def patient(self, number: int) -> Patient:
        """Make one patient.

        Raises:
            IndexError: there is no such number.
        """
        if not 0 <= number < self.patients:
            raise IndexError(f"patient {number}, expected 0 to {self.patients - 1}")
        stream = Stream(self.seed, number, "person")
        pathway = self._pathway(stream)
        plan = PLANS[pathway]
        stay_d = min(self.days, plan.stay_d or self.days)
        begin = stream.whole(0, self.days - stay_d)
        stay = (begin, begin + stay_d)
        diabetic = stream.chance(plan.diabetic)
        low_target = stream.chance(plan.low_target)
        visits = _visits(plan, diabetic=diabetic)
        made = self._body(number, pathway, stay, diabetic=diabetic, low_target=low_target)
        kit = frozenset(one for visit in visits for one in visit.instruments)
        age_d = int(plan.age.draw(stream) * 365.25)
        return Patient(
            seed=self.seed,
            number=number,
            id=f"{self.prefix}-p{number:05d}",
            device=f"{self.prefix}-hub-{number:05d}",
            pathway=pathway,
            zone=ZoneInfo(self.timezone),
            first=self.first,
            stay=stay,
            born=self.first - timedelta(days=age_d),
            conditions=(*plan.conditions, *(("diabetes",) if diabetic else ())),
            body=made,
            habits=habits(stay, Stream(self.seed, number, "habits")),
            troubles=troubles(stay, kit, Stream(self.seed, number, "troubles")),
            visits=visits,
            burden=within(1.0 + 0.35 * stream.bell(), 0.3, 1.9),
            other_kg=_other_kg(made.baseline[Sign.WEIGHT], stream),
            low_target=low_target,
            noted_spo2_pct=round(made.baseline[Sign.SPO2] + 0.3 * stream.bell()),
            noted_kg=round(made.baseline[Sign.WEIGHT] + 0.3 * stream.bell(), 1),
        )

    def _pathway(self, stream: Stream) -> Pathway:
        left = stream.uniform() * sum(self.mix.values())
        for pathway, share in self.mix.items():
            left -= share
            if left < 0:
                return pathway
        return pathway

    def _body(
        self,
        number: int,
        pathway: Pathway,
        stay: tuple[int, int],
        *,
        diabetic: bool,
        low_target: bool,
    ) -> Body:
        stream = Stream(self.seed, number, "body")
        spans = {**REST, **PLANS[pathway].own}
        if low_target:
            spans[Sign.SPO2] = LOW_TARGET_SPO2
        baseline = {sign: span.draw(stream) for sign, span in spans.items()}
        happens = courses(pathway, stay, Stream(self.seed, number, "courses"), diabetic=diabetic)
        oxygen = low_target and stream.chance(OXYGEN_SHARE)
        return body(baseline, happens, self.days + AFTER_D, stream, oxygen=oxygen)


def _visits(plan: Plan, *, diabetic: bool) -> tuple[Visit, ...]:
    return tuple(
        visit
        for visit in plan.visits
        if diabetic or Instrument.GLUCOSE_METER not in visit.instruments
    )


def _other_kg(own_kg: float, stream: Stream) -> float:
    """Give the weight of the other person in the house: never the same."""
    apart_kg = stream.between(6, 26)
    lighter = stream.chance(0.5) and own_kg - apart_kg > 38
    return own_kg - apart_kg if lighter else own_kg + apart_kg
