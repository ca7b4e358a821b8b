"""NEWS2 as the chart: every edge of every band, both scales, with and without oxygen."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.vitals.news2 import PARAMETERS, Score, Vitals, score, tenths

WELL = Vitals(
    respiratory_rate_bpm=16,
    spo2_pct=97,
    oxygen=False,
    systolic_mmhg=120,
    heart_rate_bpm=70,
    consciousness="A",
    temperature_c=Decimal("36.5"),
)
# Value to sub-score, at both sides of every edge of the chart (Royal College of Physicians, 2017).
EDGES: dict[str, dict[Any, int]] = {
    "respiratory_rate_bpm": {8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3},
    "spo2_pct": {91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0, 100: 0},
    "oxygen": {False: 0, True: 2},
    "systolic_mmhg": {90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3},
    "heart_rate_bpm": {
        40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3,
    },
    "consciousness": {"A": 0, "C": 3, "V": 3, "P": 3, "U": 3},
    "temperature_c": {
        Decimal("35.0"): 3, Decimal("35.1"): 1, Decimal("36.0"): 1, Decimal("36.1"): 0,
        Decimal("38.0"): 0, Decimal("38.1"): 1, Decimal("39.0"): 1, Decimal("39.1"): 2,
    },
}  # fmt: skip
SCALE_2_AIR = {83: 3, 84: 2, 85: 2, 86: 1, 87: 1, 88: 0, 92: 0, 93: 0, 97: 0, 100: 0}
SCALE_2_OXYGEN = {
    83: 3, 84: 2, 85: 2, 86: 1, 87: 1, 88: 0, 92: 0, 93: 1, 94: 1, 95: 2, 96: 2, 97: 3, 100: 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [(name, value, points) for name, edges in EDGES.items() for value, points in edges.items()],
)
def test_every_edge_scores_as_the_chart(name: str, value: Any, points: int) -> None:
    result = score(replace(WELL, **{name: value}))

    assert (result.subscores[name], result.total) == (points, points)
    assert (name in result.red) is (points == 3)


@pytest.mark.parametrize(
    ("oxygen", "value", "points"),
    [(False, *edge) for edge in SCALE_2_AIR.items()]
    + [(True, *edge) for edge in SCALE_2_OXYGEN.items()],
)
def test_scale_2_scores_as_the_chart(oxygen: bool, value: int, points: int) -> None:  # noqa: FBT001
    result = score(replace(WELL, spo2_scale=2, oxygen=oxygen, spo2_pct=value))

    assert result.subscores["spo2_pct"] == points


@pytest.mark.parametrize(
    ("changes", "total", "band"),
    [
        ({}, 0, "low"),
        ({"oxygen": True, "heart_rate_bpm": 111}, 4, "low"),
        ({"respiratory_rate_bpm": 8}, 3, "low_medium"),
        ({"respiratory_rate_bpm": 25, "oxygen": True}, 5, "medium"),
        ({"oxygen": True, "heart_rate_bpm": 111, "spo2_pct": 93}, 6, "medium"),
        ({"oxygen": True, "heart_rate_bpm": 111, "consciousness": "C"}, 7, "high"),
    ],
)
def test_bands_begin_where_the_chart_says(changes: dict[str, Any], total: int, band: str) -> None:
    result = score(replace(WELL, **changes))

    assert (result.total, result.band, result.at_least) == (total, band, total)


def test_a_set_that_two_public_implementations_agree_on() -> None:
    worst = Vitals(
        respiratory_rate_bpm=26, spo2_pct=88, oxygen=True, systolic_mmhg=86, heart_rate_bpm=132,
        consciousness="V", temperature_c=Decimal("39.5"),
    )  # fmt: skip

    assert score(worst).total == 19


def test_a_published_example_that_says_6_scores_5() -> None:
    """A temperature of 37.5 scores nothing on the chart."""
    example = replace(
        WELL, respiratory_rate_bpm=21, heart_rate_bpm=95, spo2_pct=93, temperature_c=Decimal("37.5")
    )

    assert score(example).total == 5


@pytest.mark.parametrize(
    ("text", "expected"), [("38.04", 380), ("38.05", 381), ("36.05", 361), ("35.049", 350)]
)
def test_temperature_is_rounded_half_up(text: str, expected: int) -> None:
    assert tenths(Decimal(text)) == expected


def test_with_oxygen_unknown_scale_2_gives_the_least_it_can_be() -> None:
    result = score(replace(WELL, spo2_scale=2, spo2_pct=98, oxygen=None))

    assert (result.total, result.at_least, result.missing) == (None, 0, ("oxygen",))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "respiratory_rate_bpm": st.integers(0, 60),
    "spo2_pct": st.integers(50, 100),
    "oxygen": st.booleans(),
    "systolic_mmhg": st.integers(50, 260),
    "heart_rate_bpm": st.integers(20, 200),
    "consciousness": st.sampled_from("ACVPU"),
    "temperature_c": st.decimals("33", "42", places=1),
}
SETS = st.builds(Vitals, **VALUES, spo2_scale=st.sampled_from([1, 2]))


@given(whole=SETS, gone=st.sets(st.sampled_from(PARAMETERS), min_size=1))
def test_adding_what_was_missing_never_lowers_the_bound(whole: Vitals, gone: set[str]) -> None:
    partial: Score = score(replace(whole, **dict.fromkeys(gone)))
    complete = score(whole)

    assert (partial.total, partial.band, set(partial.missing)) == (None, None, gone)
    assert complete.total is not None
    assert partial.at_least <= complete.total <= 20
    assert set(partial.red) <= set(complete.red)
