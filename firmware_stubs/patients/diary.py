"""One patient's messages, day by day, in the order in which the gateway receives them.

Theory of operation. A day's visits are measured in order; each message has a time of arrival,
which an outage of the hub or a telephone without signal makes later. What has arrived by the end
of a day is given out then, so at most the days of one outage are kept.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta

from firmware_stubs.patients.answers import CAT_EVERY_D, answer, answer_cat
from firmware_stubs.patients.habits import (
    LATE_MIN,
    LATE_SHARE,
    PART_LEFT_OUT,
    TWICE_SHARE,
    TWICE_WHEN_ODD_SHARE,
)
from firmware_stubs.patients.instruments import Shown
from firmware_stubs.patients.pathways import Visit
from firmware_stubs.patients.patient import Patient, sheet_of
from firmware_stubs.patients.streams import Stream
from firmware_stubs.patients.words import (
    DAY,
    Artefact,
    FaultKind,
    Instrument,
    Message,
    Pathway,
    Value,
)

SILENT_D = 1.5
"""A hub with an empty battery is silent for this long before somebody changes it."""
STATUS_MINUTE = 180
STATUS_WEEKDAY = 0
LOW_PCT = (15, 11, 8, 5, 3, 2)
NORMAL_PCT = (60, 100)


def messages(patient: Patient) -> Iterator[Message]:
    """Give all messages of a stay, in the order in which the gateway receives them."""
    return _Diary(patient).messages()


class _Diary:
    """Writes the messages of one patient; used once."""

    __slots__ = ("_cat_day", "_counter", "_heap", "_patient", "_sheet", "_start", "_stream")

    def __init__(self, patient: Patient) -> None:
        """Open it at the first day of the stay."""
        self._patient = patient
        self._start = patient.start
        self._sheet = sheet_of(patient)
        self._stream = Stream(patient.seed, patient.number, "diary")
        self._counter = 0
        self._cat_day = patient.stay[0] + 1
        self._heap: list[tuple[datetime, int, Message]] = []

    def messages(self) -> Iterator[Message]:
        """Give them all."""
        patient, heap = self._patient, self._heap
        for day in range(*patient.stay):
            self._day(day)
            over = patient.local(day + 1, 0)
            while heap and heap[0][0] < over:
                yield heapq.heappop(heap)[2]
        while heap:
            yield heapq.heappop(heap)[2]

    def _day(self, day: int) -> None:
        patient, stream = self._patient, self._stream
        weekday = (patient.first + timedelta(days=day)).weekday()
        self._status(day, weekday)
        worse = patient.body.worse(day + 0.4)
        share = patient.habits.share(day - patient.stay[0], weekday, worse)
        for visit in patient.visits:
            if weekday not in visit.weekdays:
                continue
            happens = stream.chance(share)
            at = patient.local(day, patient.habits.minute(visit.minute, stream))
            if happens and not patient.habits.is_away(day) and not self._is_silent(at):
                self._visit(visit, at)

    def _is_silent(self, at: datetime) -> bool:
        day = (at - self._start) / DAY
        empty = self._patient.trouble(FaultKind.BATTERY, day)
        return empty is not None and day >= empty.ends_d - SILENT_D

    def _visit(self, visit: Visit, at: datetime) -> None:
        stream = self._stream
        for instrument in visit.instruments:
            if stream.chance(PART_LEFT_OUT):
                continue
            if instrument is Instrument.SHEET:
                at += timedelta(seconds=stream.whole(60, 240))
                self._ask(at)
                continue
            at += timedelta(seconds=stream.whole(20, 90))
            odd = self._measure(instrument, at)
            if stream.chance(TWICE_WHEN_ODD_SHARE if odd else TWICE_SHARE):
                at += timedelta(seconds=stream.whole(45, 180))
                self._measure(instrument, at, clean=odd)

    def _measure(self, instrument: Instrument, at: datetime, *, clean: bool = False) -> bool:
        """Measure once; say whether it looked odd to the person."""
        day = (at - self._start) / DAY
        shown, faults = self._patient.read(instrument, day, self._stream, clean=clean)
        self._keep(instrument, at, shown, faults)
        return bool(shown.artefacts) and Artefact.CLOTHES not in shown.artefacts.values()

    def _ask(self, at: datetime) -> None:
        patient = self._patient
        day = (at - self._start) / DAY
        found = answer(self._sheet, patient.body, day, patient.burden, self._stream)
        self._keep(Instrument.SHEET, at, Shown(answers=found))
        if patient.pathway is Pathway.COPD and day >= self._cat_day:
            self._cat_day = int(day) + CAT_EVERY_D
            found = answer_cat(patient.body, day, patient.burden, self._stream)
            self._keep(Instrument.SHEET, at + timedelta(seconds=90), Shown(answers=found))

    def _status(self, day: int, weekday: int) -> None:
        """Tell the battery: weekly, and daily once it is low."""
        at = self._patient.local(day, STATUS_MINUTE)
        low = self._patient.trouble(FaultKind.BATTERY, (at - self._start) / DAY)
        if self._is_silent(at):
            return
        if low is not None:
            been = int(day - low.begins_d)
            status: dict[str, Value] = {"battery_pct": LOW_PCT[min(been, len(LOW_PCT) - 1)]}
            self._keep(None, at, Shown(status=status), (FaultKind.BATTERY,))
        elif weekday == STATUS_WEEKDAY:
            status = {"battery_pct": self._stream.whole(*NORMAL_PCT)}
            self._keep(None, at, Shown(status=status))

    def _keep(
        self,
        instrument: Instrument | None,
        at: datetime,
        shown: Shown,
        faults: tuple[FaultKind, ...] = (),
    ) -> None:
        patient = self._patient
        day = (at - self._start) / DAY
        received_at, late = self._arrival(at, day)
        claimed, wrong = patient.claimed(at, day)
        self._counter += 1
        message = Message(
            patient.id, patient.device, f"1-{self._counter:05d}", instrument, at, claimed,
            received_at, shown.vitals, shown.beyond, shown.artefacts, (*faults, *late, *wrong),
            shown.answers, shown.status,
        )  # fmt: skip
        heapq.heappush(self._heap, (received_at, self._counter, message))

    def _arrival(self, at: datetime, day: float) -> tuple[datetime, tuple[FaultKind, ...]]:
        cut = self._patient.trouble(FaultKind.OUTAGE, day)
        wait_s = self._stream.between(1, 9)
        if cut is not None:
            wait_s += (cut.ends_d - day) * 86_400
        elif self._stream.chance(LATE_SHARE):
            wait_s += 60 * self._stream.between(*LATE_MIN)
        received_at = at + timedelta(milliseconds=int(1_000 * wait_s))
        return received_at, () if cut is None else (FaultKind.OUTAGE,)
