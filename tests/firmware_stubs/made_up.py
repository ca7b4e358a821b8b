"""A ward for the tests, made once: its patients and all that they send."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.patient import Patient
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Episode, Message, Sign

SEED, PATIENTS, DAYS = 11, 500, 90
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """Patients with their messages, in order."""

    patients: tuple[Patient, ...]
    messages: dict[str, tuple[Message, ...]]

    @property
    def episodes(self) -> list[Episode]:
        return [episode for patient in self.patients for episode in patient.episodes]

    @property
    def all(self) -> list[Message]:
        return [message for some in self.messages.values() for message in some]


def sample(patients: int = PATIENTS) -> Sample:
    made = tuple(Ward(SEED, patients, DAYS))
    return Sample(made, {patient.id: tuple(messages(patient)) for patient in made})


def numbers(
    some: tuple[Message, ...], sign: Sign, *, whole: bool = True
) -> list[tuple[datetime, float]]:
    """Give (measured at, value); by default only what neither artefact nor fault spoilt."""
    return [
        (one.measured_at, float(value))
        for one in some
        if isinstance(value := one.vitals.get(sign.value), int | float)
        if not whole or (sign.value not in one.artefacts and not one.faults)
    ]


def is_quiet(patient: Patient, at: datetime) -> bool:
    """Say whether nothing happens to the patient at this time."""
    day = patient.day_of(at)
    return not any(one.onset_d <= day <= one.end_d for one in patient.body.courses)
