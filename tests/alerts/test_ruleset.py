"""Rules are data: complete, versioned, approved by another person, or the start stops."""

import pytest

from alerts.rule_ids import Rule
from alerts.ruleset import RuleError, Unit, parse_rules
from tests.alerts.houses import rule_files, rules

FIGURE = """
[[rule]]
id = "figure.after_untaken"
version = "1"
author = "a"
approver = "b"
effective = 2026-11-22
source = "s"
text = "t"
value = 90
unit = "s"
"""


def parse_with(replace: str, by: str) -> None:
    changed = FIGURE.replace(replace, by)
    assert changed != FIGURE
    parse_rules({**rule_files(), "local.toml": changed.encode()})


def test_the_shipped_rules_hold_the_numbers_of_deciding() -> None:
    count = {
        rule: (rules().count(rule), rules().rows[rule].unit) for rule in Rule if rule.is_figure
    }

    assert count[Rule.AFTER_UNTAKEN] == (90, Unit.SECONDS)
    assert count[Rule.FALL_VOICE] == (60, Unit.SECONDS)
    assert count[Rule.CANCEL_KEPT] == (60, Unit.SECONDS)
    assert count[Rule.COMFORT_EVERY] == (20, Unit.MINUTES)
    assert count[Rule.FLOOR_RETRIAGE] == (30, Unit.MINUTES)
    assert count[Rule.FLOOR_ETA] == (45, Unit.MINUTES)
    assert count[Rule.LONG_LIE] == (60, Unit.MINUTES)
    assert count[Rule.LADDER_SPEECH] == (60, Unit.SECONDS)
    assert count[Rule.LADDER_PHONES] == (2, Unit.MINUTES)
    assert count[Rule.LADDER_999] == (10, Unit.MINUTES)
    assert count[Rule.SECOND_SILENT] == (24, Unit.HOURS)
    assert count[Rule.TASK_999_CONSOLES] == (30, Unit.SECONDS)
    assert count[Rule.TASK_999_PARTNER] == (60, Unit.SECONDS)
    assert count[Rule.SEEN] == (3, Unit.MINUTES)
    assert count[Rule.ACCEPT] == (15, Unit.MINUTES)
    assert count[Rule.TAKEN_IDLE] == (120, Unit.SECONDS)
    assert count[Rule.PRESSED_AGAIN] == (30, Unit.SECONDS)
    assert count[Rule.CAPACITY_STALE] == (4, Unit.HOURS)
    assert count[Rule.FALLS_PROPOSE] == (2, Unit.COUNT)
    assert count[Rule.PRESSES_PROPOSE] == (3, Unit.COUNT)
    assert count[Rule.PROPOSE_WITHIN] == (30, Unit.DAYS)


@pytest.mark.parametrize(
    ("letter", "answer", "grade"),
    [
        ("M", "yes", "999"),
        ("B", "yes", "999"),
        ("L", "yes", "999"),
        ("T", "head_on_anticoagulants", "999"),
        ("T", "bump", "clinician"),
        ("E", "deformity", "999"),
        ("E", "cannot_weight_bear", "clinician"),
        ("E", "yes", "999"),
        ("I", "chest", "999"),
        ("I", "back", "clinician"),
        ("U", "sudden", "999"),
        ("U", "not_sudden", "clinician"),
        ("S", "yes", "clinician"),
        ("S", "unknown", "unknown"),
    ],
)
def test_an_answer_has_its_grade(letter: str, answer: str, grade: str) -> None:
    assert rules().answers[(letter, answer)].grade == grade


@pytest.mark.parametrize("letter", list("ISTUMBLE"))
def test_a_bare_yes_takes_its_letters_highest_grade(letter: str) -> None:
    grades = [row.grade.value for (one, _), row in rules().answers.items() if one == letter]
    highest = "999" if "999" in grades else "clinician"

    assert rules().answers[(letter, "yes")].grade == highest


def test_every_shipped_row_is_for_local_sign_off() -> None:
    assert all(row.sign_off == "for local clinical sign-off" for row in rules().rows.values())


@pytest.mark.parametrize(
    ("replace", "by", "message"),
    [
        (
            'text = "t"',
            'text = "t"\ncolour = "red"',
            "row figure.after_untaken: Object contains unknown field `colour`",
        ),
        ("value = 90", "value = ", "local.toml: Invalid value"),
        ('approver = "b"', 'approver = "A "', "approver 'A ' is the author"),
        ('source = "s"', 'source = " "', "source is empty"),
        ("figure.after_untaken", "figure.no_such", "row figure.no_such is no known rule"),
    ],
)
def test_a_bad_row_stops_the_start_and_says_which(replace: str, by: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        parse_with(replace, by)


def test_a_row_that_stands_twice_stops_the_start() -> None:
    with pytest.raises(RuleError, match=r"row figure.after_untaken stands twice"):
        parse_rules({**rule_files(), "local.toml": FIGURE.encode()})


def changed(name: str, replace: str, by: str) -> dict[str, bytes]:
    files = rule_files()
    text = files[name].decode()
    assert replace in text
    return {**files, name: text.replace(replace, by, 1).encode()}


@pytest.mark.parametrize(
    ("name", "replace", "by", "message"),
    [
        ("figures.toml", "value = 90\n", "", "needs value and unit"),
        ("figures.toml", 'unit = "s"\n', "", "needs value and unit"),
        ("figures.toml", "value = 90", "value = 0", "value 0, expected above 0"),
        ("figures.toml", 'unit = "s"', 'unit = "count"', "unit count does not fit"),
        ("figures.toml", 'unit = "years"', 'unit = "d"', "unit d does not fit"),
        ("llr.toml", "Europe/London", "Europe/Leicester", "'Europe/Leicester' is not known"),
    ],
)
def test_a_figure_out_of_its_range_stops_the_start(
    name: str, replace: str, by: str, message: str
) -> None:
    with pytest.raises(RuleError, match=message):
        parse_rules(changed(name, replace, by))


def test_a_rule_in_words_takes_no_figure() -> None:
    with pytest.raises(RuleError, match="takes neither value nor unit"):
        parse_rules(changed("order.toml", 'version = "1"', 'version = "1"\nvalue = 3'))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("order.toml", "rule rows missing: "),
        ("activations.toml", "activation rows missing: assistance, bed_exit"),
    ],
)
def test_a_missing_file_names_the_missing_rows(name: str, message: str) -> None:
    files = rule_files()
    del files[name]

    with pytest.raises(RuleError, match=message):
        parse_rules(files)


def test_bytes_that_are_no_text_stop_the_start() -> None:
    with pytest.raises(RuleError, match=r"bad\.toml"):
        parse_rules({**rule_files(), "bad.toml": b"\xff\xfe"})
