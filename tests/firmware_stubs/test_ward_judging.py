"""The judgement: when the claim holds, when it does not, and how sure the patients make it."""

from datetime import UTC, datetime, timedelta

import pytest

from firmware_stubs.patients.words import Episode, EpisodeKind, Pathway
from ops.ward.gather import DEFAULT, PLAIN, SEEN, Outcome, Tally
from ops.ward.judging import HALF, MARGIN, Held, alerts_share, difference, judge
from ops.ward.measure import verdict
from ops.ward.playing import Ring

START = datetime(2026, 1, 5, tzinfo=UTC)


def episode(person: str) -> Episode:
    return Episode(
        person,
        EpisodeKind.FLUID_LOSS,
        1.0,
        onset=START,
        notice_from=START + timedelta(days=1),
        notice_until=START + timedelta(days=3),
        peak=START + timedelta(days=2),
        resolved=START + timedelta(days=4),
        treatment="none",
    )


def rings(*days: float, missing: bool = False) -> list[Ring]:
    return [Ring(START + timedelta(days=day), missing, ()) for day in days]


def outcome(person: str, fixed: list[Ring], ours: list[Ring]) -> Outcome:
    return Outcome(
        person,
        Pathway.COPD,
        20,
        (START, START + timedelta(days=20)),
        (episode(person),),
        {
            PLAIN: fixed,
            SEEN: [ring for ring in ours if not ring.missing],
            DEFAULT: ours,
        },
    )


def many(ours: list[Ring], patients: int = 100) -> Tally:
    """So many patients alike, with one episode and four alerts by plain limits."""
    return Tally([outcome(f"p{n}", rings(1, 7, 8, 9), ours) for n in range(patients)])


@pytest.mark.parametrize(
    ("ours", "held"),
    [
        (rings(1), Held.HOLDS),
        (rings(1, 9), Held.HOLDS),
        (rings(1, 8, 9), Held.FAILS),
        (rings(1, 9) + rings(8, missing=True), Held.HOLDS),
        (rings(9), Held.FAILS),
        (rings(1, missing=True), Held.FAILS),
    ],
    ids=[
        "fewer",
        "half",
        "more than half",
        "half, others missing",
        "missed",
        "caught by a missing reading only",
    ],
)
def test_the_claim_holds_for_half_the_alerts_and_no_less_sensitivity(
    ours: list[Ring], held: Held
) -> None:
    found = judge(many(ours))

    assert found.held is held
    assert found.held.is_held == (held is Held.HOLDS)
    assert f"copd: {held}: " in verdict(Pathway.COPD, many(ours), found)


def test_what_missing_readings_catch_and_cost_stands_beside_and_is_not_judged() -> None:
    found = judge(many(rings(9) + rings(1, 2, 3, missing=True)))

    assert found.difference.value == -1
    assert found.share.value == 1 / 4
    assert found.whole_difference.value == 0
    assert found.whole_share.value == 1
    assert found.held is Held.FAILS


def test_what_holds_in_a_few_patients_is_not_shown_and_in_hundreds_it_is() -> None:
    few, hundreds = judge(many(rings(1), 20)), judge(many(rings(1), 200))

    assert few.difference.value == hundreds.difference.value == 0
    assert (few.held, hundreds.held) == (Held.NOT_SHOWN, Held.HOLDS)
    assert not few.held.is_held
    assert few.difference.low < -MARGIN < hundreds.difference.low < 0


@pytest.mark.parametrize(
    ("missed", "held"), [(0, Held.HOLDS), (1, Held.WITHIN), (4, Held.NOT_SHOWN), (9, Held.FAILS)]
)
def test_fewer_episodes_caught_hold_within_the_margin_at_best(missed: int, held: Held) -> None:
    tally = many(rings(1), 400)
    for number in range(missed):
        tally.outcomes[number] = outcome(f"p{number}", rings(1, 7, 8, 9), rings(9))
    found = judge(tally)

    assert (found.both, found.ours, found.fixed) == (400 - missed, 0, missed)
    assert found.difference.value == pytest.approx(-missed / 400)
    assert found.held is held
    assert found.held.is_held == (missed < 4)


def test_a_share_below_half_is_not_shown_where_its_interval_reaches_beyond() -> None:
    """Many alerts of a third of the patients, few of the others."""
    every = rings(1, 7, 8, 9)
    found = judge(
        Tally([outcome(f"p{n}", every, every if n < 122 else rings(1)) for n in range(400)])
    )

    assert found.share.value < HALF < found.share.high
    assert found.difference.value == 0
    assert found.held is Held.NOT_SHOWN


def test_the_difference_is_the_textbooks_where_each_patient_has_one_episode() -> None:
    """Agresti and Min 2005: 12 gained and 5 lost of 100; by hand 7 / 102 and its spread."""
    pairs = [[(True, False)]] * 12 + [[(False, True)]] * 5 + [[(True, True)]] * 83
    found = difference(pairs)
    middle = 7 / 102
    reach = 1.96 * (18 - 2 * middle * 7 + 100 * middle**2) ** 0.5 / 102

    assert found.value == pytest.approx(0.07)
    assert found.low == pytest.approx(middle - reach)
    assert found.high == pytest.approx(middle + reach)


def test_ten_episodes_of_one_patient_say_less_than_ten_patients() -> None:
    apart = difference([[(True, False)]] * 10 + [[(True, True)]] * 90)
    together = difference([[(True, False)] * 10] + [[(True, True)]] * 90)

    assert apart.value == together.value
    assert together.high - together.low > apart.high - apart.low


def test_no_episode_shows_nothing() -> None:
    found = difference([[], []])

    assert (found.low, found.high) == (-1.0, 1.0)


def test_the_share_of_alerts_is_a_ratio_with_the_patient_as_the_unit() -> None:
    same = alerts_share(many(rings(1, 9)).outcomes, SEEN)
    uneven = [
        outcome("a", rings(1, 2, 3, 4), rings(1, 2, 3, 4)),
        outcome("b", rings(1, 2, 3, 4), []),
    ]
    found = alerts_share(uneven, SEEN)

    assert (same.low, same.value, same.high) == (HALF, HALF, HALF)
    assert found.value == HALF
    assert found.high - HALF == pytest.approx(1.96 * 8**0.5 / 8)


def test_alerts_where_plain_limits_raise_none_are_no_half() -> None:
    assert alerts_share([outcome("a", [], rings(1))], SEEN).value > HALF
    assert alerts_share([outcome("a", [], [])], SEEN).value == 0
