"""Everything that deciding can say is said in plain words: no name of ours reaches a person raw."""

import ast
from collections.abc import Iterator
from pathlib import Path

from alerts.telecare.criteria import State
from alerts.vital_words import ClinicianAct, VitalEvent
from alerts.words import CloseReason, Disposition, OperatorAct, ServiceAct, TaskKind, What
from gateway.api import reason_words
from gateway.api.reason_words_vitals import VITALS
from gateway.api.words import DISPOSITIONS, SENTENCES, TASKS, because
from tests.alerts.houses import House
from tests.scenarios.storybook import play, shipped_rules, stories

ALERTS = Path(__file__).resolve().parent.parent.parent / "alerts"
NAMED_BY = {"Reason": 0, "why": 1, "reason_of": 1, "to_999": 2}
NO_REASONS = ("extract", "kpi")  # they name columns
FAMILIES = (
    reason_words.CALLS,
    reason_words.SILENCE,
    reason_words.ANSWERS,
    reason_words.REFERRALS,
    reason_words.TASKS_AND_DEVICES,
    reason_words.ACTS,
    VITALS,
)


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_strings(node.body), *_strings(node.orelse))


def _named(node: ast.AST) -> Iterator[str]:
    """Yield the reasons that a piece of code names: in a call, a table, or a chosen word."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        place = NAMED_BY.get(name)
        if place is not None and len(node.args) > place:
            yield from _strings(node.args[place])
    elif isinstance(node, ast.Tuple) and node.elts and ast.unparse(node.elts[0])[:5] == "Rule.":
        yield from (word for part in node.elts[1:] for word in _strings(part))
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "word":
        yield from _strings(node.value)


def reasons_in_code() -> set[str]:
    files = [path for path in ALERTS.rglob("*.py") if not path.name.startswith(NO_REASONS)]
    trees = [ast.parse(path.read_text()) for path in files]
    found = {name for tree in trees for node in ast.walk(tree) for name in _named(node)}
    acts = {word.value for words in (OperatorAct, ServiceAct, CloseReason) for word in words}
    # Acts with entries of their own kind say these instead of their own name.
    return found | acts | {f"criteria_{state.value}" for state in State}


def test_every_reason_in_the_code_has_plain_words() -> None:
    assert len(reasons_in_code()) > 150, "the walk finds them"
    missing = sorted(reasons_in_code() - reason_words.REASONS.keys())
    assert not missing, f"say in gateway/api/reason_words.py what these mean: {missing}"


def test_every_reason_that_a_story_gave_has_plain_words() -> None:
    rules = shipped_rules()
    given = {
        reason["reason"]
        for _, story in stories()
        for decision in play(story, rules)["decisions"]
        for reason in decision["reasons"]
    }
    assert len(given) > 100, "the stories were played"
    assert sorted(given - reason_words.REASONS.keys()) == []


def test_no_words_are_left_of_a_reason_that_is_gone() -> None:
    assert sorted(reason_words.REASONS.keys() - reasons_in_code() - DYNAMIC) == []


DYNAMIC = {
    "repeated_fall", "repeated_press",
    # Of vital signs, by the limit, level, quality or act that they name.
    "above_range", "below_range", "beyond_alert_high", "beyond_alert_low", "beyond_warning_high",
    "beyond_warning_low", "news2_red", "news2_amber", "answer_red", "answer_amber", "score_red",
    "score_amber", "below_own_baseline", "above_own_baseline", "recheck_normal",
    "corrected_normal", "rose_in_days", "fell_in_days", "rises_steadily", "falls_steadily",
    "baseline_and_target_needed", "pathway_not_known", "lead_rung", "on_call_rung",
    "out_of_hours_rung", "recheck_lower", "confirmed_by_recheck", "not_alert",
    *(act.value for act in ClinicianAct), *(event.value for event in VitalEvent),
}  # fmt: skip


def test_each_reason_stands_in_one_list() -> None:
    assert len(reason_words.REASONS) == sum(len(family) for family in FAMILIES)


def test_no_words_are_the_raw_name() -> None:
    raw = [name for name, words in reason_words.REASONS.items() if "_" in words or not words]
    assert raw == []


def test_every_closed_list_of_a_step_has_words() -> None:
    assert set(DISPOSITIONS) == set(Disposition)
    assert set(TASKS) == set(TaskKind)
    assert set(SENTENCES) == set(What)


def test_a_reason_is_said_with_its_rule_and_version() -> None:
    opened = House().hear(0).entries[0]

    assert because(opened.reasons[0]) == (
        "this kind of signal is a call for help (rule alarm.one_open_per_kind, version 1)"
    )
