"""Scripts, exclusions, needs and criteria are rows, checked against each other at the start."""

import pytest

from alerts.rule_rows import Grade
from alerts.ruleset import RuleError, parse_rules
from alerts.script_rows import RANK, Check, Effect
from alerts.story import vocabulary
from alerts.telecare.criteria import CHECKS
from alerts.telecare.effects import EFFECTS
from tests.alerts.houses import rule_files, rules

NINE = ("fall", "frailty", "reduced_function", "palliative", "equipment", "confusion", "catheter",
        "diabetes", "carer_breakdown")  # fmt: skip
NAMED = {"general", "falls", "no_reply", "fire", "co", "gas", "flood", "duress", "seizure",
         "wander", "missed_medication", "suicidal", "catheter", "diabetes"}  # fmt: skip
HEAD = """
[[{kind}]]
id = "{id}"
version = "1"
author = "a"
approver = "b"
effective = 2026-11-22
source = "s"
{body}
"""


def with_row(kind: str, row_id: str, body: str) -> None:
    added = HEAD.format(kind=kind, id=row_id, body=body)
    parse_rules({**rule_files(), "local.toml": added.encode()})


# -- the rows ----------------------------------------------------------------------------------


def test_every_script_that_deciding_names_is_shipped_with_questions() -> None:
    scripts = rules().scripts
    asked = {row.script for row in scripts.questions.values()} | {"falls"}

    assert set(scripts.scripts) >= NAMED
    assert asked == set(scripts.scripts)


def test_the_nine_needs_are_shipped() -> None:
    assert {row.name for row in rules().scripts.needs.values()} == set(NINE)


def test_every_question_of_every_script_knows_no_and_unknown_or_says_what_else() -> None:
    scripts = rules().scripts
    for question in {asked for asked, _ in scripts.graded}:
        words = scripts.words(question)
        assert "unknown" in words, question
        assert {"no", "client", "adult", "normal", "under_5"} & set(words), question


def test_a_bare_yes_takes_the_highest_grade_of_every_question() -> None:
    graded = rules().scripts.graded
    for question in {asked for asked, _ in graded}:
        ranks = {
            word: RANK[row.grade] for (asked, word), row in graded.items() if asked == question
        }
        highest = max(ranks.values())
        assert highest <= RANK[Grade.UNKNOWN] or ranks["yes"] == highest, question


def test_every_effect_and_every_check_is_followed() -> None:
    assert set(EFFECTS) == set(Effect)
    assert set(CHECKS) == set(Check)


def test_the_vocabulary_lists_scripts_answers_and_needs() -> None:
    words = vocabulary(rules())

    assert set(words["script"]) >= NAMED
    assert "stumble.E=cannot_weight_bear:clinician" in words["answer"]
    assert "general.safeguarding=yes:exclusion" in words["answer"]
    assert words["exclusion"] == ["mental_health", "safeguarding", "police"]
    assert set(words["need"]) >= set(NINE)
    assert "criterion.adult" in words["criterion"]
    assert "script" not in vocabulary()


QUESTION = 'script = "general"\ntext = "t"\n'


@pytest.mark.parametrize(
    ("kind", "row_id", "body", "message"),
    [
        ("question", "x.y", 'script = "none"\ntext = "t"\nanswers = {unknown = "unknown"}',
         r"local\.toml: row x\.y: script 'none' has no row"),
        ("question", "stumble.Z", QUESTION + 'answers = {unknown = "unknown"}',
         "letters of I STUMBLE"),
        ("question", "x.y", QUESTION + 'answers = {no = "none"}', "answers need unknown"),
        ("question", "x.y", QUESTION + "answers = {}", "answers need unknown"),
        ("question", "x.y",
         QUESTION + 'answers = {yes = "clinician", bad = "999", unknown = "unknown"}',
         "a bare yes takes the highest grade, 999"),
        ("question", "x.y", QUESTION + 'answers = {yes = "exclusion", unknown = "unknown"}',
         "exclusion '' does not fit"),
        ("question", "x.y",
         QUESTION + 'answers = {yes = "999", unknown = "unknown"}\nexclusion = "police"',
         "exclusion 'police' does not fit"),
        ("question", "x.y",
         QUESTION + 'answers = {yes = "999", unknown = "unknown"}\nif_usual = {odd = "none"}',
         "answer 'odd' is graded for some"),
        ("question", "x.y", QUESTION + 'answers = {unknown = "maybe"}', "Invalid enum value"),
        ("exclusion", "exclusion.x", 'name = "x"\ntext = "t"\nroutes = []', "routes are empty"),
        ("exclusion", "exclusion.x",
         'name = "x"\ntext = "t"\nroutes = [{disposition = "edt", text = "t", hours = "late"}]',
         "hours 'late'"),
        ("criterion", "criterion.x",
         'sets = ["n"]\ncheck = "answers"\ntext = "t"\ninstead = "i"\nasks = [["nothing"]]',
         "asks 'nothing'"),
        ("criterion", "criterion.x",
         'sets = ["n"]\ncheck = "answers"\ntext = "t"\ninstead = "i"\nneeds = ["rest"]',
         "needs 'rest'"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_stops_the_start_and_says_which(
    kind: str, row_id: str, body: str, message: str
) -> None:
    with pytest.raises(RuleError, match=message):
        with_row(kind, row_id, body)


def test_a_question_without_yes_gets_one_of_its_highest_grade() -> None:
    body = QUESTION + 'answers = {ok = "none", bad = "clinician", unknown = "unknown"}'
    added = HEAD.format(kind="question", id="x.y", body=body).encode()
    scripts = parse_rules({**rule_files(), "local.toml": added}).scripts

    assert scripts.graded["x.y", "yes"].grade is Grade.CLINICIAN
