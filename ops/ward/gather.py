"""Playing whole wards under both sets of rules, on several processors, and gathering the alerts.

Contract: the same wards and rules give the same outcomes, on however many processors. Patients of
different wards never meet: their names begin with their ward's seed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from alerts.ruleset import Rules, parse_rules
from firmware_stubs.patients.figures import Figures, figures
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Episode, Pathway
from ops.ward.playing import Ring, plain, play

RULES = Path(__file__).resolve().parent.parent.parent / "alerts" / "rules"
PLAIN, SEEN, DEFAULT = "plain fixed limits", "default rules", "... and missing readings"
ARMS = (PLAIN, SEEN, DEFAULT)
BATCH = 25
"""Patients that one process plays at a time."""
MAX_PROCESSES = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one patient: the truth, and when each arm rang.

    Attributes:
        stay: When it began and ended.
        opened: Alerts shown on the board under the default rules, confirmed or not.
        asked: Re-checks asked for.
    """

    patient: str
    pathway: Pathway
    days: int
    stay: tuple[datetime, datetime]
    episodes: tuple[Episode, ...]
    rings: Mapping[str, Sequence[Ring]]
    opened: int = 0
    asked: int = 0

    def times(self, arm: str) -> list[datetime]:
        """Give the times of one arm's alerts."""
        return [ring.at for ring in self.rings[arm]]

    def caught(self, arm: str) -> tuple[bool, ...]:
        """Say of each episode whether this arm told it in time, by the rule of `figures`."""
        told = {self.patient: self.times(arm)}
        return tuple(bool(figures([one], told, self.days).caught) for one in self.episodes)


@dataclass(slots=True)
class Tally:
    """What was gathered about one pathway."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def patient_days(self) -> int:
        """Days on the ward, of all patients."""
        return sum(one.days for one in self.outcomes)

    def figures(self, arm: str) -> Figures:
        """Hold one arm's alerts against the truth."""
        return self._held({one.patient: one.times(arm) for one in self.outcomes})

    def by_chance(self, arm: str) -> Figures:
        """Hold as many alerts against the truth, each moved by half of its person's stay.

        What they catch then, they catch by ringing often.
        """
        return self._held(
            {one.patient: [_moved(at, *one.stay) for at in one.times(arm)] for one in self.outcomes}
        )

    def _held(self, alerts: Mapping[str, Sequence[datetime]]) -> Figures:
        episodes = chain.from_iterable(one.episodes for one in self.outcomes)
        return figures(episodes, alerts, self.patient_days)


def _moved(at: datetime, begun: datetime, ended: datetime) -> datetime:
    stay = ended - begun
    return begun + (at - begun + stay / 2) % stay


def shipped_rules() -> Rules:
    """Read the rules of this checkout; the newest version of each row holds."""
    return parse_rules({path.name: path.read_bytes() for path in sorted(RULES.glob("*.toml"))})


def gather(wards: Iterable[Ward], processes: int = 1) -> dict[Pathway, Tally]:
    """Play all patients of the wards under the shipped rules.

    Raises:
        ValueError: so many processes are not allowed.
    """
    if not 1 <= processes <= MAX_PROCESSES:
        raise ValueError(f"{processes} processes, expected 1 to {MAX_PROCESSES}")
    batches = [
        (ward, range(first, min(first + BATCH, ward.patients)))
        for ward in wards
        for first in range(0, ward.patients, BATCH)
    ]
    found = {pathway: Tally() for pathway in Pathway}
    if processes == 1:
        played = [_played(batch) for batch in batches]
    else:
        with get_context("spawn").Pool(processes) as pool:
            played = pool.map(_played, batches, chunksize=1)
    for outcome in chain.from_iterable(played):
        found[outcome.pathway].outcomes.append(outcome)
    return {pathway: tally for pathway, tally in found.items() if tally.outcomes}


def _played(batch: tuple[Ward, range]) -> list[Outcome]:
    ward, numbers = batch
    rules = shipped_rules()
    return [outcome(ward, number, rules) for number in numbers]


def outcome(ward: Ward, number: int, rules: Rules) -> Outcome:
    """Play one patient under both."""
    patient = ward.patient(number)
    played = play(patient, rules)
    rings = {
        PLAIN: plain(patient, rules),
        SEEN: [ring for ring in played.rings if not ring.missing],
        DEFAULT: played.rings,
    }
    return Outcome(
        patient.id,
        patient.pathway,
        patient.days,
        (patient.admitted, patient.discharged),
        patient.episodes,
        rings,
        played.opened,
        played.asked,
    )
