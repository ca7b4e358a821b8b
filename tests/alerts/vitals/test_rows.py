"""Rows of vital signs are checked at the start: file, row and key are named."""

import pytest

from alerts.ruleset import RuleError, Rules, parse_rules
from alerts.vital_rows import Question
from tests.alerts.houses import rule_files

HEAD = """
version = "1"
author = "a"
approver = "b"
effective = 2026-11-22
source = "s"
"""


def with_row(kind: str, body: str) -> Rules:
    text = f'[[{kind}]]\nid = "local.row"{HEAD}{body}'
    return parse_rules({**rule_files(), "zz_local.toml": text.encode()})


SLOT = 'what = "spo2_pct", times = ["09:00"]'


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("limit", 'vital = "oxygen"\nlimits = {alert_high = 1}', "vital oxygen has no number"),
        (
            "limit",
            'vital = "weight_kg"\nlimits = {alert_low = 5, warning_low = 5}',
            "warning_low 5 is not above alert_low 5",
        ),
        (
            "limit",
            'vital = "spo2_pct"\nlimits = {}',
            "limits of spo2_pct on every pathway is also that of row",
        ),
        ("limit", 'vital = "spo2"\nlimits = {}', "local.toml: row local.row: Invalid enum"),
        (
            "relative",
            'vital = "weight_kg"\nreference = "dry_weight_kg"\nlevel = "red"',
            "needs exactly one of fall_at_least, rise_at_least, rise_more_than, above 0",
        ),
        (
            "change",
            'vital = "weight_kg"\ndays = 3\nlevel = "red"\nrise_at_least = -1',
            "needs exactly one of rise_at_least",
        ),
        (
            "change",
            'vital = "weight_kg"\ndays = 99\nlevel = "red"\nrise_at_least = 1',
            "days 99, expected 1 to 31",
        ),
        (
            "slope",
            'vital = "weight_kg"\ndays = 7\nlevel = "red"\nper_day = 0.0\nleast_points = 3',
            "per_day 0.0 over 3 points",
        ),
        (
            "questionnaire",
            'name = "spo2_pct"\ntitle = "t"\npathways = []\nquestions = []',
            "questions: 0, expected 1 to 40",
        ),
        (
            "questionnaire",
            (
                'name = "weight_kg"\ntitle = "t"\npathways = []\n'
                'questions = [{name = "a", text = "t", highest = 3}]'
            ),
            "name weight_kg is a vital sign's",
        ),
        (
            "questionnaire",
            'name = "q"\ntitle = "t"\npathways = []\nquestions = [{name = "a", text = "t"}]',
            "question a needs either scores or highest",
        ),
        (
            "questionnaire",
            (
                'name = "q"\ntitle = "t"\npathways = []\n'
                'questions = [{name = "a", text = "t", scores = {no = -1}}]'
            ),
            "question a scores below 0",
        ),
        (
            "pathway",
            'pathway = "copd"\ntitle = "t"\nschedule = [{what = "mood", times = ["09:00"]}]',
            "'mood' is neither a vital sign nor a questionnaire",
        ),
        (
            "pathway",
            'pathway = "copd"\ntitle = "t"\nschedule = [{what = "spo2_pct", times = []}]',
            "0 times, expected 1 to 24",
        ),
        (
            "pathway",
            f'pathway = "copd"\ntitle = "t"\nschedule = [{{{SLOT}, grace_min = -1}}]',
            "early_min and grace_min are not below 0",
        ),
        (
            "pathway",
            'pathway = "copd"\ntitle = "t"\nschedule = [{what = "spo2_pct", times = ["9 am"]}]',
            "'9 am', expected HH:MM",
        ),
        ("ward", 'ward = {id = "w", timezone = "Mars/Base"}', "time zone 'Mars/Base'"),
        ("ward", 'ward = {id = "w", ladder_min = [30, 15]}', r"ladder_min \[30, 15\]"),
        ("ward", 'ward = {id = "w", set_window_min = 0}', "set_window_min 0"),
        ("ward", 'ward = {id = "w", floor = {mood = 3}}', "floor of 'mood'"),
        ("ward", 'ward = {id = "w", colour = "red"}', "unknown field `colour`"),
        ("ward", 'ward = {id = "default"}', "ward default is also that of row ward.default"),
        ("pathway", 'pathway = "covid"\ntitle = "t"', "pathway covid is also that of row"),
        (
            "target",
            'vital = "weight_kg"\nreference = "dry_weight_kg"\nwarning_below = 1\nalert_below = 2',
            "a target of weight_kg from dry_weight_kg, expected spo2_pct from target_spo2_pct",
        ),
        (
            "target",
            'vital = "spo2_pct"\nreference = "target_spo2_pct"\nwarning_below = 1\nalert_below = 2',
            "target of spo2_pct is also that of row",
        ),
    ],
)
def test_a_bad_row_stops_the_start_and_says_which(kind: str, body: str, message: str) -> None:
    with pytest.raises(RuleError, match=message) as found:
        with_row(kind, body)

    assert str(found.value).startswith("zz_local.toml: row local.row: ")


def test_without_a_default_ward_nothing_starts() -> None:
    files = rule_files()
    text = files["vitals.toml"].decode().replace('id = "default", ladder', 'id = "other", ladder')

    with pytest.raises(RuleError, match="ward rows missing: default"):
        parse_rules({**files, "vitals.toml": text.encode()})


def test_a_set_of_rows_has_a_mark_that_changes_with_them() -> None:
    body = 'vital = "weight_kg"\ndays = 2\nlevel = "amber"\nrise_at_least = 1'

    assert with_row("change", body).vitals.mark != parse_rules(rule_files()).vitals.mark


def test_a_question_may_have_scores_or_a_highest() -> None:
    assert Question("a", "t", highest=3).scores == {}
