"""Instruments: what they show of a body, and how they and the people who use them go wrong.

Numbers and their sources: README.md beside this file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from firmware_stubs.patients.body import Body
from firmware_stubs.patients.streams import Stream
from firmware_stubs.patients.words import Artefact, Beyond, Instrument, Sign, Value

_I = Instrument
_S = Sign

SHOWS: Mapping[Instrument, tuple[Sign, ...]] = {
    _I.OXIMETER: (_S.SPO2, _S.HEART_RATE),
    _I.CUFF: (_S.SYSTOLIC, _S.DIASTOLIC),
    _I.SCALE: (_S.WEIGHT,),
    _I.THERMOMETER: (_S.TEMPERATURE,),
    _I.OBSERVER: (_S.RESPIRATORY_RATE, _S.OXYGEN, _S.CONSCIOUSNESS),
    _I.GLUCOSE_METER: (_S.GLUCOSE,),
    _I.PEAK_FLOW_METER: (_S.PEAK_FLOW,),
    _I.SHEET: (),
}
WORDS = frozenset({_S.OXYGEN, _S.CONSCIOUSNESS})
"""Signs that are not numbers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a sign is measured: spread of one measuring, decimals shown, where HI and LO begin."""

    spread: float
    decimals: int | None
    low: float
    high: float


SCALES: Mapping[Sign, Scale] = {
    _S.SPO2: Scale(0.7, None, 35, 100),
    _S.HEART_RATE: Scale(2.5, None, 30, 250),
    _S.RESPIRATORY_RATE: Scale(1.0, None, 0, 90),
    _S.SYSTOLIC: Scale(5.0, None, 40, 280),
    _S.DIASTOLIC: Scale(3.5, None, 20, 200),
    _S.TEMPERATURE: Scale(0.12, 1, 32.0, 42.9),
    _S.WEIGHT: Scale(0.1, 1, 5, 200),
    _S.GLUCOSE: Scale(0.5, 1, 1.1, 33.3),
    _S.PEAK_FLOW: Scale(7.0, None, 60, 800),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What one message holds; `vitals` has None where `beyond` says HI or LO."""

    vitals: dict[str, Value] = field(default_factory=dict)
    beyond: dict[str, Beyond] = field(default_factory=dict)
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    answers: dict[str, Value] | None = None
    status: dict[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around one measuring.

    Attributes:
        other_kg: What the other person in the house weighs.
        added: A drifted meter's error, on its first sign.
        clean: Without artefacts: somebody took care.
    """

    other_kg: float
    added: float = 0.0
    clean: bool = False


Numbers = dict[Sign, float]
Spoil = Callable[[Numbers, float, Stream], None]
"""Spoils the numbers in place; the float is the weight of somebody else in the house."""


def _cold_finger(numbers: Numbers, _: float, stream: Stream) -> None:
    numbers[_S.SPO2] -= stream.between(4, 14)


def _motion(numbers: Numbers, _: float, stream: Stream) -> None:
    numbers[_S.SPO2] -= stream.between(2, 8)
    numbers[_S.HEART_RATE] += stream.between(20, 60)


def _wrong_person(numbers: Numbers, other_kg: float, stream: Stream) -> None:
    numbers[_S.WEIGHT] = other_kg + 0.4 * stream.bell()


def _clothes(numbers: Numbers, _: float, stream: Stream) -> None:
    numbers[_S.WEIGHT] += stream.between(0.8, 2.4)


def _cuff(numbers: Numbers, _: float, stream: Stream) -> None:
    by = stream.between(20, 45) if stream.chance(0.7) else -stream.between(18, 35)
    numbers[_S.SYSTOLIC] += by
    numbers[_S.DIASTOLIC] += by / 2


def _cold_drink(numbers: Numbers, _: float, stream: Stream) -> None:
    numbers[_S.TEMPERATURE] -= stream.between(0.7, 1.8)


def _strip(numbers: Numbers, _: float, stream: Stream) -> None:
    """Sugar on the finger, or too little blood."""
    numbers[_S.GLUCOSE] = 40.0 if stream.chance(0.6) else 0.5


@dataclass(frozen=True, slots=True)
class Spoiler:
    """An artefact: its share of the measurings, and what it does."""

    artefact: Artefact
    share: float
    spoil: Spoil


SPOILERS: Mapping[Instrument, tuple[Spoiler, ...]] = {
    _I.OXIMETER: (
        Spoiler(Artefact.COLD_FINGER, 0.015, _cold_finger),
        Spoiler(Artefact.MOTION, 0.007, _motion),
    ),
    _I.CUFF: (Spoiler(Artefact.CUFF_ERROR, 0.02, _cuff),),
    _I.SCALE: (
        Spoiler(Artefact.CLOTHES, 0.025, _clothes),
        Spoiler(Artefact.WRONG_PERSON, 0.005, _wrong_person),
    ),
    _I.THERMOMETER: (Spoiler(Artefact.COLD_DRINK, 0.01, _cold_drink),),
    _I.OBSERVER: (),
    _I.GLUCOSE_METER: (Spoiler(Artefact.STRIP, 0.004, _strip),),
    _I.PEAK_FLOW_METER: (),
    _I.SHEET: (),
}


def measure(
    instrument: Instrument,
    body: Body,
    day: float,
    around: Around,
    stream: Stream,
) -> Shown:
    """Measure once.

    Args:
        instrument: Anything but the sheet.
        body: Whose.
        day: When, since the ward's start.
        around: What may go wrong.
        stream: The chance of this measuring.
    """
    numbers: Numbers = {}
    added = around.added
    for sign in SHOWS[instrument]:
        if sign not in WORDS:
            numbers[sign] = body.value(sign, day) + added + SCALES[sign].spread * stream.bell()
            added = 0.0
    spoiler = None if around.clean else _spoiler(instrument, stream)
    if spoiler is not None:
        before = dict(numbers)
        spoiler.spoil(numbers, around.other_kg, stream)
        spoilt = {sign.value: spoiler.artefact for sign in numbers if numbers[sign] != before[sign]}
    else:
        spoilt = {}
    shown = Shown(artefacts=spoilt)
    for sign, number in numbers.items():
        _show(shown, sign, number)
    if instrument is _I.OBSERVER:
        shown.vitals[_S.OXYGEN.value] = body.oxygen
        shown.vitals[_S.CONSCIOUSNESS.value] = body.consciousness(day)
    return shown


def _spoiler(instrument: Instrument, stream: Stream) -> Spoiler | None:
    left = stream.uniform()
    for spoiler in SPOILERS[instrument]:
        if left < spoiler.share:
            return spoiler
        left -= spoiler.share
    return None


def _show(shown: Shown, sign: Sign, number: float) -> None:
    scale = SCALES[sign]
    if sign is _S.SPO2:
        number = min(number, 100.0)
    if number > scale.high:
        shown.beyond[sign.value] = Beyond.ABOVE
        shown.vitals[sign.value] = None
    elif number < scale.low:
        shown.beyond[sign.value] = Beyond.BELOW
        shown.vitals[sign.value] = None
    else:
        shown.vitals[sign.value] = round(number, scale.decimals)
