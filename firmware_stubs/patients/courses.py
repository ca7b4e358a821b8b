r"""What happens to bodies over days: the table of episodes, and the shape of one.

```
level   1 |            ______ hold_d
          |          /        \
          |       _/           \__          rise: the `bend`-th power of the share of rise_d passed
        0 |___---                 ----____  fall: (1 - share of fall_d)^2
        onset  notice_from  peak  notice_until  resolved
```
Symptoms rise in proportion to the time passed, so they lead what the instruments see.
Numbers and their sources: README.md beside this file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from firmware_stubs.patients.streams import Stream, within
from firmware_stubs.patients.words import DAY, Episode, EpisodeKind, Pathway, Sign

NOTICE_LEVEL = 0.4
"""Severity times level from which a clinician would want to know."""
CONFUSED_LEVEL = 0.6
VOICE_LEVEL = 1.2
APART_D = 4.0
"""Least quiet days between two episodes of one person."""
BLOCK_D = 30.0
YEAR_D = 365.0

_P = Pathway
_S = Sign
_K = EpisodeKind


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of episode; spans are (least, most).

    Attributes:
        per_year: Episodes a person a year, by pathway; a short stay has its share.
        bend: 1 rises evenly, 2 and more late and fast.
        effects: What it adds to each sign at severity 1.
        silent: Share of the episodes that leave this sign alone.
        confused: Share with new confusion, by pathway.
        symptoms: How strongly a questionnaire shows it, at severity 1.
    """

    per_year: Mapping[Pathway, float]
    rise_d: tuple[float, float]
    hold_d: tuple[float, float]
    fall_d: tuple[float, float]
    bend: int
    severity: tuple[float, float]
    effects: Mapping[Sign, float]
    treatment: str
    symptoms: float = 1.0
    silent: Mapping[Sign, float] = field(default_factory=dict)
    confused: Mapping[Pathway, float] = field(default_factory=dict)
    diabetics_only: bool = False


ROWS: Mapping[EpisodeKind, Row] = {
    _K.COPD_EXACERBATION: Row(
        per_year={_P.COPD: 2.1},
        rise_d=(5, 9), hold_d=(0.5, 2), fall_d=(7, 16), bend=2, severity=(0.6, 1.5),
        effects={_S.SPO2: -4, _S.HEART_RATE: 14, _S.RESPIRATORY_RATE: 5, _S.TEMPERATURE: 0.4,
                 _S.PEAK_FLOW: -45},
        treatment="rescue_pack",
        silent={_S.TEMPERATURE: 0.5, _S.RESPIRATORY_RATE: 0.3},
        confused={_P.COPD: 0.05},
    ),
    _K.HF_DECOMPENSATION: Row(
        per_year={_P.HEART_FAILURE: 1.5},
        rise_d=(8, 16), hold_d=(0.5, 2), fall_d=(4, 9), bend=2, severity=(0.6, 1.6),
        effects={_S.WEIGHT: 3.2, _S.SPO2: -3.2, _S.HEART_RATE: 13, _S.RESPIRATORY_RATE: 4.5,
                 _S.SYSTOLIC: 8},
        treatment="diuretic",
        silent={_S.WEIGHT: 0.3, _S.SYSTOLIC: 0.5},
        confused={_P.HEART_FAILURE: 0.03},
    ),
    _K.FLUID_LOSS: Row(
        per_year={_P.HEART_FAILURE: 0.4},
        rise_d=(3, 7), hold_d=(0.5, 2), fall_d=(2, 5), bend=1, severity=(0.6, 1.4),
        effects={_S.WEIGHT: -2.6, _S.SYSTOLIC: -20, _S.DIASTOLIC: -9, _S.HEART_RATE: 9},
        treatment="diuretic_reduced", symptoms=0.7,
    ),
    _K.CHEST_INFECTION: Row(
        per_year={_P.FRAILTY: 0.9, _P.COPD: 0.3, _P.HEART_FAILURE: 0.3, _P.REHABILITATION: 0.2},
        rise_d=(1.5, 4), hold_d=(0.5, 2), fall_d=(5, 10), bend=1, severity=(0.6, 1.5),
        effects={_S.TEMPERATURE: 1.7, _S.HEART_RATE: 20, _S.RESPIRATORY_RATE: 6, _S.SPO2: -4,
                 _S.SYSTOLIC: -10, _S.GLUCOSE: 3},
        treatment="antibiotics",
        silent={_S.TEMPERATURE: 0.4},
        confused={_P.FRAILTY: 0.3, _P.COPD: 0.05, _P.HEART_FAILURE: 0.05},
    ),
    _K.URINE_INFECTION: Row(
        per_year={_P.FRAILTY: 0.9, _P.HEART_FAILURE: 0.2},
        rise_d=(1.5, 4), hold_d=(0.5, 2), fall_d=(4, 8), bend=1, severity=(0.6, 1.5),
        effects={_S.TEMPERATURE: 1.5, _S.HEART_RATE: 18, _S.RESPIRATORY_RATE: 2.5,
                 _S.SYSTOLIC: -15, _S.DIASTOLIC: -6, _S.GLUCOSE: 3},
        treatment="antibiotics", symptoms=0.7,
        silent={_S.TEMPERATURE: 0.4},
        confused={_P.FRAILTY: 0.4, _P.HEART_FAILURE: 0.1},
    ),
    _K.COVID_DECLINE: Row(
        per_year={},  # placed by the day of the illness (`covid_courses`)
        rise_d=(2, 4.5), hold_d=(1, 3), fall_d=(6, 12), bend=1, severity=(0.7, 1.5),
        effects={_S.SPO2: -6.5, _S.HEART_RATE: 14, _S.RESPIRATORY_RATE: 7, _S.TEMPERATURE: 0.9},
        treatment="hospital", symptoms=0.5,
        silent={_S.TEMPERATURE: 0.4},
        confused={_P.COVID: 0.05},
    ),
    _K.FAST_FIBRILLATION: Row(
        per_year={_P.HEART_FAILURE: 0.2, _P.FRAILTY: 0.15, _P.REHABILITATION: 0.15},
        rise_d=(0.1, 0.3), hold_d=(0.8, 2), fall_d=(1, 3), bend=1, severity=(0.7, 1.3),
        effects={_S.HEART_RATE: 52, _S.SYSTOLIC: -9, _S.SPO2: -1},
        treatment="rate_control", symptoms=0.6,
    ),
    _K.HYPERGLYCAEMIA: Row(
        per_year={_P.HEART_FAILURE: 0.6, _P.FRAILTY: 0.6},
        rise_d=(2, 5), hold_d=(0.5, 2), fall_d=(2, 4), bend=1, severity=(0.7, 1.8),
        effects={_S.GLUCOSE: 15, _S.HEART_RATE: 6},
        treatment="insulin", symptoms=0.4, diabetics_only=True,
    ),
    _K.HYPOGLYCAEMIA: Row(
        per_year={_P.HEART_FAILURE: 0.6, _P.FRAILTY: 0.6},
        rise_d=(0.2, 0.5), hold_d=(0.2, 0.5), fall_d=(0.2, 0.4), bend=1, severity=(0.7, 1.4),
        effects={_S.GLUCOSE: -6.5, _S.HEART_RATE: 10},
        treatment="sugar", symptoms=0.4,
        confused={_P.HEART_FAILURE: 0.2, _P.FRAILTY: 0.3},
        diabetics_only=True,
    ),
    _K.COVID_ILLNESS: Row(
        per_year={},
        rise_d=(1, 2), hold_d=(2, 5), fall_d=(5, 9), bend=1, severity=(0.5, 1.2),
        effects={_S.TEMPERATURE: 0.8, _S.HEART_RATE: 7, _S.RESPIRATORY_RATE: 1.2, _S.SPO2: -0.8},
        treatment="rest", symptoms=0.6,
    ),
}  # fmt: skip
DECLINE_SHARE = 0.12
DECLINE_DAY = (5.0, 9.0)
"""Day of the illness on which a Covid decline begins."""
ENROLLED_DAY = (2.0, 6.0)
"""Day of the illness on which a person with Covid comes to the ward."""


@dataclass(frozen=True, slots=True)
class Course:
    """One episode in one body; times in days since the ward's start, may be below 0."""

    kind: EpisodeKind
    severity: float
    onset_d: float
    peak_d: float
    turn_d: float
    end_d: float
    bend: int
    effects: Mapping[Sign, float]
    symptoms: float
    silent: tuple[Sign, ...]
    confused: bool

    def level(self, day: float) -> float:
        """Give how far the body is, 0 to 1."""
        if not self.onset_d < day < self.end_d:
            return 0.0
        if day < self.peak_d:
            share: float = (day - self.onset_d) / (self.peak_d - self.onset_d)
            return share if self.bend == 1 else share * share
        if day <= self.turn_d:
            return 1.0
        share = (self.end_d - day) / (self.end_d - self.turn_d)
        return share * share

    def felt(self, day: float) -> float:
        """Give how strong the symptoms are, in severities."""
        if not self.onset_d < day < self.end_d:
            return 0.0
        if day < self.peak_d:
            share = (day - self.onset_d) / (self.peak_d - self.onset_d)
            return self.symptoms * share
        return self.symptoms * self.level(day)

    def noticed_d(self) -> float:
        """Give the day on which the change reaches NOTICE_LEVEL."""
        share = within(NOTICE_LEVEL / self.severity, 0.0, 1.0)
        if self.bend != 1:
            share = math.sqrt(share)  # exact everywhere, unlike a power
        return self.onset_d + share * (self.peak_d - self.onset_d)

    def label(self, patient: str, start: datetime) -> Episode:
        """Give the label, in times."""
        when = {
            name: (start + day * DAY).replace(microsecond=0)
            for name, day in (
                ("onset", self.onset_d),
                ("notice_from", self.noticed_d()),
                ("notice_until", self.turn_d),
                ("peak", self.peak_d),
                ("resolved", self.end_d),
            )
        }
        treatment = ROWS[self.kind].treatment
        return Episode(
            patient, self.kind, self.severity, **when, treatment=treatment,
            silent=self.silent, confused=self.confused,
        )  # fmt: skip


def course(kind: EpisodeKind, pathway: Pathway, onset_d: float, stream: Stream) -> Course:
    """Make one episode that begins then."""
    row = ROWS[kind]
    severity = stream.between(*row.severity)
    peak_d = onset_d + stream.between(*row.rise_d)
    turn_d = peak_d + stream.between(*row.hold_d)
    end_d = turn_d + stream.between(*row.fall_d)
    silent = tuple(sign for sign in row.effects if stream.chance(row.silent.get(sign, 0.0)))
    effects = {
        sign: effect * severity * stream.between(0.7, 1.3)
        for sign, effect in row.effects.items()
        if sign not in silent
    }
    confused = stream.chance(row.confused.get(pathway, 0.0))
    felt = row.symptoms * severity
    return Course(
        kind, severity, onset_d, peak_d, turn_d, end_d, row.bend, effects, felt, silent, confused
    )


def courses(
    pathway: Pathway, stay: tuple[float, float], stream: Stream, *, diabetic: bool
) -> tuple[Course, ...]:
    """Choose what happens to somebody on the ward for these days, in order of onset.

    An episode that would come within APART_D of another one does not happen, so the rates of the
    table are upper bounds.
    """
    if pathway is Pathway.COVID:
        return _covid_courses(stay[0], stream)
    found: list[Course] = []
    for kind, row in ROWS.items():
        rate = row.per_year.get(pathway, 0.0)
        if rate == 0.0 or (row.diabetics_only and not diabetic):
            continue
        begin_d = stay[0]
        while begin_d < stay[1]:
            block_d = min(BLOCK_D, stay[1] - begin_d)
            if stream.chance(rate * block_d / YEAR_D):
                new = course(kind, pathway, begin_d + block_d * stream.uniform(), stream)
                if all(_apart(new, old) for old in found):
                    found.append(new)
            begin_d += BLOCK_D
    return tuple(sorted(found, key=lambda one: one.onset_d))


def _apart(one: Course, other: Course) -> bool:
    return one.onset_d > other.end_d + APART_D or other.onset_d > one.end_d + APART_D


def _covid_courses(arrival_d: float, stream: Stream) -> tuple[Course, ...]:
    """The illness itself began before the ward; some decline in its second week."""
    began_d = arrival_d - stream.between(*ENROLLED_DAY)
    found = [course(EpisodeKind.COVID_ILLNESS, Pathway.COVID, began_d, stream)]
    if stream.chance(DECLINE_SHARE):
        onset_d = max(began_d + stream.between(*DECLINE_DAY), arrival_d + 0.5)
        found.append(course(EpisodeKind.COVID_DECLINE, Pathway.COVID, onset_d, stream))
    return tuple(found)
