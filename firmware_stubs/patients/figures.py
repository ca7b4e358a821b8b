"""Alerts against the truth: sensitivity, delay, false alerts per patient-day. Pure.

    onset        notice_from               notice_until              resolved
      |   early       |     in time          |        too late           |      elsewhere: false

An episode is caught when an alert for the person lies from its onset to its `notice_until`. An
alert later than that, until SETTLED after `resolved`, is late: of no use, yet not false. Every
other alert is false. Delays count from `notice_from` and are below 0 for early ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from firmware_stubs.patients.words import Episode

SETTLED = timedelta(days=1)


class Figures(msgspec.Struct, frozen=True):
    """What became of the episodes and of the alerts of some patients.

    Attributes:
        episodes, caught: How many there were, how many were told in time.
        delays_h: One for each caught episode, sorted.
        alerts, false: How many were raised, and of these for nothing.
        patient_days: Over how many days.
        missed: Those not told in time, for people to read.
    """

    episodes: int
    caught: int
    delays_h: tuple[float, ...]
    alerts: int
    false: int
    patient_days: float
    missed: tuple[Episode, ...]

    @property
    def sensitivity(self) -> float | None:
        """Share of the episodes told in time; None without any."""
        return self.caught / self.episodes if self.episodes else None

    @property
    def alerts_a_day(self) -> float:
        """Alerts per patient-day."""
        return self.alerts / self.patient_days

    @property
    def false_a_day(self) -> float:
        """False alerts per patient-day."""
        return self.false / self.patient_days


def figures(
    episodes: Iterable[Episode],
    alerts: Mapping[str, Sequence[datetime]],
    patient_days: float,
) -> Figures:
    """Hold the alerts, by person, against what happened.

    Raises:
        ValueError: no patient-days.
    """
    if patient_days <= 0:
        raise ValueError(f"{patient_days} patient-days, expected more than 0")
    found = list(episodes)
    delays_h, missed = [], []
    for episode in found:
        told = [
            at
            for at in alerts.get(episode.patient, ())
            if episode.onset <= at <= episode.notice_until
        ]
        if told:
            delays_h.append((min(told) - episode.notice_from) / timedelta(hours=1))
        else:
            missed.append(episode)
    spans: dict[str, list[Episode]] = {}
    for episode in found:
        spans.setdefault(episode.patient, []).append(episode)
    false = sum(
        not any(one.onset <= at <= one.resolved + SETTLED for one in spans.get(person, ()))
        for person, times in alerts.items()
        for at in times
    )
    return Figures(
        episodes=len(found),
        caught=len(delays_h),
        delays_h=tuple(sorted(delays_h)),
        alerts=sum(map(len, alerts.values())),
        false=false,
        patient_days=patient_days,
        missed=tuple(missed),
    )
