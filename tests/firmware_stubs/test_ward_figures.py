"""Alerts against the truth: in time, too late, or for nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from firmware_stubs.patients.figures import figures
from firmware_stubs.patients.words import Episode, EpisodeKind

START = datetime(2026, 1, 1, tzinfo=UTC)
EPISODE = Episode(
    "p1",
    EpisodeKind.COPD_EXACERBATION,
    1.0,
    onset=START,
    notice_from=START + timedelta(days=4),
    notice_until=START + timedelta(days=8),
    peak=START + timedelta(days=7),
    resolved=START + timedelta(days=14),
    treatment="rescue_pack",
)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


@pytest.mark.parametrize(
    ("day", "caught", "false"),
    [(-0.01, 0, 1), (0, 1, 0), (4, 1, 0), (8, 1, 0), (8.01, 0, 0), (15, 0, 0), (15.01, 0, 1)],
)
def test_an_alert_is_in_time_too_late_or_false(day: float, caught: int, false: int) -> None:
    found = figures([EPISODE], {"p1": [at(day)]}, 90)

    assert (found.caught, found.false, found.alerts) == (caught, false, 1)
    assert found.missed == (() if caught else (EPISODE,))


def test_the_first_alert_counts_and_an_early_one_has_a_negative_delay() -> None:
    found = figures([EPISODE], {"p1": [at(6), at(3)]}, 90)

    assert found.delays_h == (-24.0,)
    assert found.sensitivity == 1.0


def test_another_persons_alert_catches_nothing() -> None:
    found = figures([EPISODE], {"p2": [at(5)]}, 10)

    assert (found.caught, found.false) == (0, 1)
    assert found.false_a_day == found.alerts_a_day == 0.1
    assert found.sensitivity == 0.0


def test_without_episodes_there_is_no_sensitivity() -> None:
    assert figures([], {}, 1).sensitivity is None


def test_without_days_there_are_no_rates() -> None:
    with pytest.raises(ValueError, match="0 patient-days, expected more than 0"):
        figures([], {}, 0)
