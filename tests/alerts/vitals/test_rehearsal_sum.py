"""Sums of rehearsals come out the same in any grouping; the document shows when it was changed."""

from typing import Any

import msgspec
import pytest

from alerts.ruleset import read_book
from alerts.vital_digest import changed, is_vital, limits_digest, row_digest, rows_digest
from alerts.vital_rows import Limits
from alerts.vital_words import Level
from alerts.vitals.history import Judged, Played, Seen
from alerts.vitals.rehearsal import compare
from alerts.vitals.rehearsal_cases import CaseKind, cases
from alerts.vitals.rehearsal_sum import (
    MAX_OF_A_KIND,
    Arm,
    Document,
    Sum,
    add,
    document,
    figures,
    joined,
    percentile,
    sum_of,
)
from devices.model import VitalCode
from gateway.rulebook import rule_files
from tests.alerts.vitals.histories import history, judged, proposal, reason, seen
from tests.alerts.vitals.wards import minutes

RED, AMBER = Level.RED, Level.AMBER


def summed(before: tuple[Seen, ...], after: tuple[Seen, ...], *known: Judged, **fields: Any) -> Sum:
    played = (Played(before, quiet=1, asked=2, handed=3, left_out=4, assumed=5), Played(after))
    compared = compare(history(judged=known, days=1, **fields), *played)
    return sum_of(compared, cases(compared, {}, {}))


def test_a_sum_counts_what_one_person_gave() -> None:
    found = summed(
        (seen(0, level=RED, rings=3), seen(5_000), seen(9_000, missing=True), seen(20_000)),
        (seen(30), seen(4_990, level=RED), seen(40_000)),
        judged(0, 100), judged(20_000, 20_000), judged(40_000, 40_000),
        judged(5_000, 5_000, real=False), judged(60_000, 60_001),
        recorded=(minutes(1), minutes(50_000)),
    )  # fmt: skip

    assert found.before == Arm(
        alerts=4, red=1, missing=1, rings=6, quiet=1, asked=2, handed=3, acts_left_out=4,
        acts_assumed=5, real=2, judged_not_real=1,
    )  # fmt: skip
    assert found.after == Arm(alerts=3, red=1, rings=3, real=2)
    assert (found.missed, found.raised, found.changed) == (2, 1, 2)
    assert (found.lowered, found.heightened) == (1, 1)
    assert found.moved == {30: 1, -10: 1}
    assert (found.real, found.real_missed, found.real_gained) == (4, 1, 1)
    assert found.real_moved == {30: 1}
    assert (found.people, found.minutes, found.reports, found.acts) == (1, 1_440, 0, 0)
    assert (found.recorded, found.replayed) == (2, 1)


def test_changes_of_reason_alone_are_neither_lower_nor_higher() -> None:
    found = summed(
        (seen(0), seen(5_000, level=RED)),
        (seen(0, reasons=(reason("x"),)), seen(5_000, level=RED)),
    )

    assert (found.changed, found.lowered, found.heightened) == (1, 0, 0)
    assert found.moved == {0: 2}


def people(count: int) -> list[Sum]:
    made = []
    for number in range(count):
        before = (seen(0, level=RED if number % 3 else AMBER),)
        after = (seen(number % 5 * 20),) if number % 2 else ()
        one = summed(before, after, *([judged(0, 0)] if number % 4 == 0 else []),
                     person=f"p{number:02d}")  # fmt: skip
        made.append(one)
    return made


def test_sums_come_out_the_same_in_any_grouping() -> None:
    made = people(40)
    whole = Sum()
    for one in made:
        whole = add(whole, one)
    made = [made[(7 * number) % 40] for number in range(40)]
    halves = [Sum(), Sum()]
    for number, one in enumerate(made):
        halves[number % 2] = add(halves[number % 2], one)

    assert add(*halves) == whole
    assert whole.people == 40


def test_cases_of_each_kind_are_kept_up_to_their_bound_the_most_telling_first() -> None:
    whole = Sum()
    for one in people(60):
        whole = add(whole, one)
    kinds = [case.kind for case in whole.cases]

    assert max(map(kinds.count, CaseKind)) == MAX_OF_A_KIND
    assert kinds.count(CaseKind.MISSED) == MAX_OF_A_KIND
    assert kinds.count(CaseKind.LATER) + kinds.count(CaseKind.CHANGED) > 0
    weights = [case.weight for case in whole.cases]
    assert weights == sorted(weights, reverse=True)


def test_pathways_are_added_by_name() -> None:
    one = joined({"copd": Sum(people=1)}, {"covid": Sum(people=2), "copd": Sum(people=4)})

    assert {name: found.people for name, found in one.items()} == {"copd": 5, "covid": 2}
    assert list(joined({"b": Sum()}, {"a": Sum()})) == ["a", "b"]


@pytest.mark.parametrize(
    ("counted", "percent", "found"),
    [
        ({}, 50, None),
        ({7: 1}, 50, 7),
        ({1: 1, 2: 1}, 50, 1),
        ({1: 1, 2: 1, 3: 1}, 50, 2),
        ({5: 9, 100: 1}, 90, 5),
        ({5: 8, 100: 2}, 90, 100),
    ],
)
def test_a_percentile_is_a_value_that_was_seen(
    counted: dict[int, int], percent: int, found: int | None
) -> None:
    assert percentile(counted, percent) == found


def test_figures_are_told_by_patient_day_and_moves_by_median() -> None:
    found = figures(
        Sum(people=2, minutes=2 * 1_440, before=Arm(alerts=3), after=Arm(alerts=1),
            moved={0: 1, 10: 1, 30: 2, -5: 1}, real=2, real_missed=1, real_moved={60: 1})
    )  # fmt: skip

    assert found["patient_days"] == 2
    assert found["in_force"]["alerts_a_patient_day"] == 1.5
    assert found["proposed"]["alerts_a_patient_day"] == 0.5
    assert found["both_see"] == {
        "both": 5, "later": 3, "later_min": 30, "later_min_9_of_10": 30, "earlier": 1,
        "earlier_min": 5, "earlier_min_9_of_10": 5,
    }  # fmt: skip
    assert found["real"]["known"] == 2
    assert (found["real"]["missed"], found["real"]["later_min"]) == (1, 60)
    assert found["real"]["earlier_min"] is None
    assert figures(Sum())["in_force"]["alerts_a_patient_day"] is None


def made(sums: dict[str, Sum]) -> Document:
    return document(
        sums, in_force={"rows": "a"}, proposed={"rows": "b"}, history={"days": 9},
        not_known=("much",),
    )  # fmt: skip


def test_a_document_is_the_same_bytes_for_the_same_sums_and_tells_when_it_was_changed() -> None:
    one, other = people(2)
    found = made({"copd": one, "covid": other})
    again = made({"covid": other, "copd": one})
    text = msgspec.json.encode(found)

    assert msgspec.json.encode(again) == text
    assert found.is_whole
    assert (found.shape, list(found.figures)) == (1, ["all", "copd", "covid"])
    assert found.figures["all"]["people"] == 2
    assert msgspec.json.decode(text, type=Document).is_whole
    forged = text.replace(b'"missed":1', b'"missed":0')
    assert forged != text
    assert not msgspec.json.decode(forged, type=Document).is_whole


def test_a_document_is_said_in_a_line() -> None:
    found = made({"copd": summed((seen(0),), (seen(5_000),), judged(0, 0))})

    assert found.summary() == "9 days of 1 people: 1 missed (1 real), 1 raised, 0 changed"


# -- what of the rules it is of -------------------------------------------------------------------


def test_who_approved_a_row_and_from_when_changes_no_digest_and_its_limits_do() -> None:
    first = read_book(proposal("alert_high = 140"))
    mine = next(one for one in first.placed if one.file == "proposed.toml")
    renamed = msgspec.structs.replace(mine.row, approver="c", source="t")
    other = read_book(proposal("alert_high = 141"))

    assert row_digest(renamed) == row_digest(mine.row)
    assert rows_digest(first.holding(None)) != rows_digest(other.holding(None))
    assert rows_digest(reversed(first.holding(None))) == rows_digest(first.holding(None))


def test_a_changed_row_is_named_with_both_versions() -> None:
    shipped, new = read_book(rule_files(None)), read_book(proposal("alert_high = 140"))
    (one,) = changed(shipped.holding(None), new.holding(None))

    assert (one.id, one.was, one.version) == ("limit.default.heart_rate_bpm", "1", "2")
    assert one.digest is not None
    assert changed(shipped.holding(None), shipped.holding(None)) == ()
    without = [p for p in shipped.placed if p.row.id != one.id]
    (gone,) = changed(shipped.placed, without)
    (fresh,) = changed(without, shipped.placed)
    assert (gone.was, gone.version, gone.digest) == ("1", None, None)
    assert (fresh.was, fresh.version) == (None, "1")


def test_rows_that_vital_signs_are_decided_with_are_told_from_others() -> None:
    vital = {one.row.id for one in read_book(rule_files(None)).placed if is_vital(one.row)}

    assert {"figure.vitals_review_red", "figure.confusion_score", "vitals.recheck"} <= vital
    assert {"pathway.heart_failure", "limit.default.spo2_pct"} <= vital
    assert not {"figure.after_untaken", "confusion.new"} & vital


def test_limits_have_a_digest_of_their_content() -> None:
    one = {VitalCode.SPO2: Limits(alert_low=88), VitalCode.HEART_RATE: Limits(alert_high=130)}
    turned = dict(reversed(one.items()))

    assert limits_digest(one) == limits_digest(turned)
    assert limits_digest(one) != limits_digest({VitalCode.SPO2: Limits(alert_low=88)})
