"""The figures of a month, per service: from referrals as they were recorded (CLINICAL 1.3, 2.5).

Contract: pure. Every share stands beside its numerator and denominator. Where the national guidance
leaves a denominator open, both variants are given, each under its own name. A clock or referral
belongs to the month in which its service received it, by the service's wall clock; only
`*_stopped` belongs to the month of the visit. Small numbers stay as they are unless `published`
rounds them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from alerts.referral.clock import minutes_press_to_arrival, standard_met
from alerts.referral.extract import Asked
from alerts.referral.extract_raw import (
    Raw,
    contacts,
    ending,
    is_counted,
    is_fall,
    is_joint,
    is_withdrawn_before_acceptance,
)
from alerts.words import ReferralState, Standard

MEDIAN, NINETIETH, MOST = 50, 90, 100


class Measure(StrEnum):
    """A figure of a service's month."""

    REFERRALS = "referrals"
    TWO_HOUR_STOPPED = "two_hour_stopped"
    TWO_HOUR_ALL = "two_hour_all"
    TWO_HOUR_RUNNING = "two_hour_running"
    TWO_DAY_STOPPED = "two_day_stopped"
    TWO_DAY_ALL = "two_day_all"
    TWO_DAY_RUNNING = "two_day_running"
    JOINT = "joint"
    FALLS = "falls"
    FALLS_HOME_OF_KNOWN = "falls_home_of_known"
    FALLS_HOME_OF_ALL = "falls_home_of_all"
    FALLS_CONVEYED_OF_KNOWN = "falls_conveyed_of_known"
    FALLS_CONVEYED_OF_ALL = "falls_conveyed_of_all"
    HOME_OF_KNOWN = "home_of_known"
    HOME_OF_ALL = "home_of_all"
    CONTACTS = "contacts"
    BREACHED = "breached"
    REJECTED = "rejected"
    WITHDRAWN_PROVISIONAL = "withdrawn_provisional"
    WITHDRAWN_CONFIRMED = "withdrawn_confirmed"
    NEVER_CONFIRMED = "never_confirmed"
    PRESS_TO_ARRIVAL_MEDIAN = "press_to_arrival_median_min"
    PRESS_TO_ARRIVAL_90TH = "press_to_arrival_90th_min"
    PRESS_TO_ARRIVAL_MOST = "press_to_arrival_most_min"


class Figure(msgspec.Struct, frozen=True):
    """One figure.

    Attributes:
        service: Whose; None for the alarm centre's own.
        group: What it is about within that: a kind of alarm, or empty.
        value: How many, or minutes; None when there is nothing to measure.
        of: Out of how many; None for a plain count.
        pct: `value` out of `of` in percent, to 0.1, halves up; None without a denominator.
    """

    month: str
    service: str | None
    measure: str
    value: int | None
    of: int | None = None
    pct: float | None = None
    group: str = ""


def percent(value: int, of: int) -> float | None:
    """Give a share in percent to 0.1, halves up; None of nothing."""
    return None if of == 0 else (2000 * value + of) // (2 * of) / 10


def service_figures(service: str, raws: Sequence[Raw], asked: Asked) -> tuple[Figure, ...]:
    """Give one service's figures of the month."""
    counts = {
        **_kinds(raws, asked),
        **_clocks(raws, asked, Standard.TWO_HOUR, TWO_HOUR),
        **_clocks(raws, asked, Standard.TWO_DAY, TWO_DAY),
        **_outcomes(_received(raws, asked), asked),
    }
    month = asked.period.label
    figures = [
        Figure(month, service, measure, value, of, None if of is None else percent(value, of))
        for measure, (value, of) in counts.items()
    ]
    figures += [
        Figure(month, service, measure, value, of)
        for measure, (value, of) in _arrivals(raws, asked).items()
    ]
    order = {measure.value: place for place, measure in enumerate(Measure)}
    return tuple(sorted(figures, key=lambda figure: order[figure.measure]))


Counts = dict[Measure, tuple[int, int | None]]
TWO_HOUR = (Measure.TWO_HOUR_STOPPED, Measure.TWO_HOUR_ALL, Measure.TWO_HOUR_RUNNING)
TWO_DAY = (Measure.TWO_DAY_STOPPED, Measure.TWO_DAY_ALL, Measure.TWO_DAY_RUNNING)


def _received(raws: Iterable[Raw], asked: Asked) -> list[Raw]:
    """Give the counted referrals that the service received in the month."""
    return [
        raw
        for raw in raws
        if is_counted(raw.referral) and asked.period.holds(raw.referral.received_at, raw.zone)
    ]


def _kinds(raws: Sequence[Raw], asked: Asked) -> Counts:
    """Count referrals by what became of them; those not counted go by when they were made."""
    received = _received(raws, asked)
    made = [raw for raw in raws if asked.period.holds(raw.referral.made_at, raw.zone)]

    def count(those: Iterable[Raw], holds: Callable[[Raw], bool]) -> tuple[int, None]:
        return sum(map(holds, those)), None

    held = [
        one for raw in raws if is_counted(raw.referral) for one in contacts(raw)
        if asked.period.holds(one.at, raw.zone)
    ]  # fmt: skip
    return {
        Measure.REFERRALS: (len(received), None),
        Measure.JOINT: (sum(map(is_joint, received)), len(received)),
        Measure.FALLS: (sum(is_fall(raw, asked.rules) for raw in received), len(received)),
        Measure.CONTACTS: (len(held), None),
        Measure.BREACHED: count(made, lambda raw: raw.referral.breached_at is not None),
        Measure.REJECTED: count(made, lambda raw: raw.referral.state is ReferralState.REJECTED),
        Measure.WITHDRAWN_PROVISIONAL: count(made, _withdrawn_provisional),
        Measure.WITHDRAWN_CONFIRMED: count(made, _withdrawn_confirmed),
        Measure.NEVER_CONFIRMED: count(made, _never_confirmed),
    }


def _withdrawn_provisional(raw: Raw) -> bool:
    return raw.referral.provisional and is_withdrawn_before_acceptance(raw.referral)


def _withdrawn_confirmed(raw: Raw) -> bool:
    return not raw.referral.provisional and is_withdrawn_before_acceptance(raw.referral)


def _never_confirmed(raw: Raw) -> bool:
    """Say whether nobody confirmed, accepted, withdrew or rejected it: to be looked into."""
    ended = (ReferralState.WITHDRAWN, ReferralState.REJECTED)
    return raw.referral.provisional and raw.referral.state not in ended


def _clocks(
    raws: Sequence[Raw], asked: Asked, standard: Standard, named: tuple[Measure, Measure, Measure]
) -> Counts:
    """Count the clocks of a standard that were met: of those stopped, and of all that started.

    `running` says how many of all may still be met; they stand in the denominator of all.
    """
    stopped, everyone, running = named
    mine = [raw for raw in raws if raw.referral.standard is standard and is_counted(raw.referral)]
    visited = [
        raw for raw in mine if asked.period.holds(raw.referral.first_face_to_face_at, raw.zone)
    ]
    started = _received(mine, asked)

    def met(those: Iterable[Raw]) -> int:
        return sum(standard_met(raw.referral, asked.rules, asked.now) is True for raw in those)

    open_still = [
        raw
        for raw in started
        if standard_met(raw.referral, asked.rules, asked.now) is None
        and raw.referral.closed_at is None
        and raw.referral.withdrawn_at is None
        and raw.referral.rejected_at is None
    ]
    return {
        stopped: (met(visited), len(visited)),
        everyone: (met(started), len(started)),
        running: (len(open_still), None),
    }


def _outcomes(received: Sequence[Raw], asked: Asked) -> Counts:
    """Count who stayed at home and who was conveyed: of known outcomes, and of all."""
    endings = [(ending(raw, asked.rules), is_fall(raw, asked.rules)) for raw in received]
    every = [word for word, _ in endings]
    falls = [word for word, fell in endings if fell]

    def share(words: list[str | None], word: str) -> tuple[tuple[int, int], tuple[int, int]]:
        known = [one for one in words if one is not None]
        return (known.count(word), len(known)), (known.count(word), len(words))

    home_known, home_all = share(every, "home")
    falls_known, falls_all = share(falls, "home")
    conveyed_known, conveyed_all = share(falls, "conveyed")
    return {
        Measure.HOME_OF_KNOWN: home_known,
        Measure.HOME_OF_ALL: home_all,
        Measure.FALLS_HOME_OF_KNOWN: falls_known,
        Measure.FALLS_HOME_OF_ALL: falls_all,
        Measure.FALLS_CONVEYED_OF_KNOWN: conveyed_known,
        Measure.FALLS_CONVEYED_OF_ALL: conveyed_all,
    }


def _arrivals(raws: Sequence[Raw], asked: Asked) -> Mapping[Measure, tuple[int | None, int]]:
    """Give minutes from the press to the first visit, for counted referrals visited in the month.

    Percentiles are nearest-rank: the least value that so many percent do not exceed.
    """
    minutes = sorted(
        found
        for raw in raws
        if is_counted(raw.referral)
        and asked.period.holds(raw.referral.first_face_to_face_at, raw.zone)
        and (found := minutes_press_to_arrival(raw.referral)) is not None
    )

    def rank(share: int) -> int | None:
        return minutes[-(-len(minutes) * share // 100) - 1] if minutes else None

    return {
        Measure.PRESS_TO_ARRIVAL_MEDIAN: (rank(MEDIAN), len(minutes)),
        Measure.PRESS_TO_ARRIVAL_90TH: (rank(NINETIETH), len(minutes)),
        Measure.PRESS_TO_ARRIVAL_MOST: (rank(MOST), len(minutes)),
    }


def published(figures: Iterable[Figure], to: int) -> tuple[Figure, ...]:
    """Round every count to the nearest multiple, halves up, and take shares of the rounded ones.

    Minutes stay as they are unless fewer than that many people are behind them: then nothing is
    said.
    """
    return tuple(_published(figure, to) for figure in figures)


def _published(figure: Figure, to: int) -> Figure:
    of = None if figure.of is None else _rounded(figure.of, to)
    if figure.measure.endswith("_min"):
        few = figure.of is not None and figure.of < to
        return msgspec.structs.replace(figure, value=None if few else figure.value, of=of)
    if figure.value is None:
        return figure
    value = _rounded(figure.value, to)
    share = None if of is None else percent(min(value, of), of)
    return msgspec.structs.replace(figure, value=value, of=of, pct=share)


def _rounded(value: int, to: int) -> int:
    return (2 * value + to) // (2 * to) * to
