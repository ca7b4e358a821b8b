"""The five pathways as data: who is on them, what they measure when, where their bodies rest.

Numbers and their sources: README.md beside this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_stubs.patients.streams import Stream, within
from firmware_stubs.patients.words import Instrument, Pathway, Sign

DAILY = frozenset(range(7))
THRICE_A_WEEK = frozenset({0, 2, 4})
MONDAYS = frozenset({0})


@dataclass(frozen=True, slots=True)
class Span:
    """A bell-shaped choice, kept within [low, high]."""

    mean: float
    spread: float
    low: float
    high: float

    def draw(self, stream: Stream) -> float:
        """Choose."""
        return within(self.mean + self.spread * stream.bell(), self.low, self.high)


@dataclass(frozen=True, slots=True)
class Visit:
    """A time of day to measure at: minutes after local midnight, weekdays (Monday 0), with what."""

    minute: int
    weekdays: frozenset[int]
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A pathway.

    Attributes:
        share: Of a ward's patients.
        stay_d: Days on the ward; None: as long as the history.
        own: Baselines that differ from REST.
        conditions: As a person record names them.
        low_target: Share with a clinician-set target of 88-92 %.
        diabetic: Share that measures glucose.
        sheet: Which questionnaire (answers.py).
    """

    share: float
    stay_d: int | None
    age: Span
    visits: tuple[Visit, ...]
    conditions: tuple[str, ...]
    sheet: str
    own: Mapping[Sign, Span] = field(default_factory=dict)
    low_target: float = 0.0
    diabetic: float = 0.0


REST: Mapping[Sign, Span] = {
    Sign.SPO2: Span(96.3, 1.0, 94, 99),
    Sign.HEART_RATE: Span(72, 8, 52, 92),
    Sign.RESPIRATORY_RATE: Span(15.5, 1.6, 12, 19),
    Sign.SYSTOLIC: Span(130, 12, 104, 160),
    Sign.DIASTOLIC: Span(74, 7, 56, 92),
    Sign.TEMPERATURE: Span(36.5, 0.2, 36.0, 37.0),
    Sign.WEIGHT: Span(76, 14, 44, 130),
    Sign.GLUCOSE: Span(8.5, 1.2, 6.0, 12.0),
    Sign.PEAK_FLOW: Span(240, 55, 110, 400),
}
LOW_TARGET_SPO2 = Span(89.7, 0.8, 88, 91.5)

_I = Instrument
_FULL = (_I.OXIMETER, _I.CUFF, _I.THERMOMETER, _I.OBSERVER)

PLANS: Mapping[Pathway, Plan] = {
    Pathway.HEART_FAILURE: Plan(
        share=0.25,
        stay_d=None,
        age=Span(76, 9, 45, 96),
        visits=(
            Visit(465, DAILY, (_I.SCALE, _I.CUFF, _I.OXIMETER, _I.SHEET)),
            Visit(480, DAILY, (_I.GLUCOSE_METER,)),
        ),
        conditions=("heart_failure",),
        sheet="hf_symptoms",
        own={
            Sign.SPO2: Span(95.4, 1.0, 93, 98),
            Sign.SYSTOLIC: Span(122, 13, 94, 155),
            Sign.RESPIRATORY_RATE: Span(16.5, 1.6, 13, 20),
        },
        diabetic=0.3,
    ),
    Pathway.COPD: Plan(
        share=0.3,
        stay_d=None,
        age=Span(70, 8, 45, 92),
        visits=(
            Visit(
                540,
                DAILY,
                (_I.OXIMETER, _I.THERMOMETER, _I.OBSERVER, _I.PEAK_FLOW_METER, _I.SHEET),
            ),
            Visit(1050, DAILY, (_I.OXIMETER,)),
        ),
        conditions=("copd",),
        sheet="copd_diary",
        own={
            Sign.SPO2: Span(93.6, 1.2, 91, 97),
            Sign.HEART_RATE: Span(80, 9, 58, 98),
            Sign.RESPIRATORY_RATE: Span(17, 1.8, 13, 21),
        },
        low_target=0.3,
        diabetic=0.0,
    ),
    Pathway.COVID: Plan(
        share=0.1,
        stay_d=14,
        age=Span(66, 11, 30, 92),
        visits=tuple(
            Visit(hour * 60, DAILY, (_I.OXIMETER, _I.THERMOMETER, *more))
            for hour, more in ((9, (_I.OBSERVER, _I.SHEET)), (13, ()), (17, ()))
        ),
        conditions=("covid",),
        sheet="covid_symptoms",
    ),
    Pathway.FRAILTY: Plan(
        share=0.2,
        stay_d=None,
        age=Span(85, 6, 68, 101),
        visits=(
            Visit(615, DAILY, (*_FULL, _I.SHEET)),
            Visit(630, DAILY, (_I.GLUCOSE_METER,)),
            Visit(640, MONDAYS, (_I.SCALE,)),
        ),
        conditions=("frailty",),
        sheet="frailty_check",
        own={
            Sign.TEMPERATURE: Span(36.3, 0.2, 35.8, 36.8),
            Sign.WEIGHT: Span(63, 11, 40, 95),
            Sign.SPO2: Span(95.8, 1.0, 93, 98),
        },
        diabetic=0.25,
    ),
    Pathway.REHABILITATION: Plan(
        share=0.15,
        stay_d=56,
        age=Span(66, 9, 35, 88),
        visits=(
            Visit(600, THRICE_A_WEEK, (_I.OXIMETER, _I.CUFF, _I.SHEET)),
            Visit(610, MONDAYS, (_I.SCALE,)),
        ),
        conditions=("cardiac_rehabilitation",),
        sheet="rehabilitation_week",
    ),
}
