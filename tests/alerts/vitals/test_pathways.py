"""The shipped pathways: complete, marked with where their numbers come from, and answerable."""

from pathlib import Path

import pytest

from alerts.ruleset import Rules
from alerts.vital_words import Pathway, Reference
from alerts.vitals.inputs import AnswerValue
from alerts.vitals.questions import score_of
from devices.catalogue import native
from devices.links.native import Channel, topic_of, unwrap
from devices.model import Answers
from firmware_stubs.patients.answers import CAT_ITEMS, COLOURS, MOST, MOST_CAT, SHEETS
from firmware_stubs.patients.diary import messages
from firmware_stubs.patients.pathways import PLANS
from firmware_stubs.patients.ward import Ward
from firmware_stubs.patients.words import Message
from firmware_stubs.patients.words import Pathway as WardPathway
from tests.scenarios.storybook import RULES, shipped_rules

NEEDED_SCRIPTS = {"amber", "red", "missing"}
SOURCES = ("CLINICAL", "DECIDING", "NEWS2", "local clinical sign-off", "to be confirmed")
MAX_LINES = 300
FILES = sorted(RULES.glob("pathway_*.toml"))


@pytest.fixture(scope="module")
def rules() -> Rules:
    return shipped_rules()


def test_every_pathway_ships_with_schedule_scripts_and_an_end(rules: Rules) -> None:
    assert set(rules.vitals.pathways) == set(Pathway)
    for row in rules.vitals.pathways.values():
        assert set(row.scripts) >= NEEDED_SCRIPTS, row.id
        assert row.schedule, row.id
        assert row.discharge, row.id


def test_heart_failure_and_copd_need_baseline_and_target(rules: Rules) -> None:
    for pathway, row in rules.vitals.pathways.items():
        asked = {Reference.BASELINE_SPO2, Reference.TARGET_SPO2}
        wanted = asked if pathway in (Pathway.HEART_FAILURE, Pathway.COPD) else set()
        assert set(row.requires) == wanted, row.id


def test_only_covid_sends_999_by_two_readings(rules: Rules) -> None:
    found = {p: row.emergency_twice for p, row in rules.vitals.pathways.items()}

    assert {p for p, twice in found.items() if twice} == {Pathway.COVID}
    assert found[Pathway.COVID] == {"spo2_pct": 92}


def test_every_row_says_where_its_numbers_come_from(rules: Rules) -> None:
    held = rules.vitals
    rows = (
        *held.limits.values(), *held.targets.values(), *held.relative, *held.changes, *held.slopes,
        *held.questionnaires.values(), *held.pathways.values(),
    )  # fmt: skip

    assert len(rows) > 2 * len(Pathway)
    for row in rows:
        assert any(source in row.source for source in SOURCES), row.id


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_a_pathway_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def asked(rules: Rules) -> dict[str, set[str]]:
    return {
        name: {question.name for question in row.questions}
        for name, row in rules.vitals.questionnaires.items()
    }


def answered() -> dict[str, set[str]]:
    found = {name: set(sheet) for name, sheet in SHEETS.items()}
    found["frailty_check"].add("new_confusion")
    return {**found, "cat": set(CAT_ITEMS)}


def test_questionnaires_and_their_questions_are_the_made_up_patients_both_ways(
    rules: Rules,
) -> None:
    assert asked(rules) == answered()


def test_every_pathway_asks_what_its_made_up_patients_answer(rules: Rules) -> None:
    for pathway, plan in PLANS.items():
        row = rules.vitals.questionnaires[plan.sheet]
        assert [p.value for p in row.pathways] == [pathway.value]
        scheduled = {slot.what for slot in rules.vitals.pathways[Pathway(pathway.value)].schedule}
        assert plan.sheet in scheduled


def test_every_answer_a_made_up_patient_gives_has_a_score(rules: Rules) -> None:
    for name, row in rules.vitals.questionnaires.items():
        for question in row.questions:
            given: tuple[AnswerValue, ...] = tuple(range(MOST + 1))
            if name == "cat":
                given = tuple(range(MOST_CAT + 1))
            elif question.name == "sputum_colour":
                given = COLOURS
            elif question.name == "new_confusion":
                given = (False, True)
            assert [score_of(question, one) is None for one in given] == [False] * len(given)


def decoded(message: Message) -> Answers:
    """What the native family makes of a made-up hub's message."""
    packet = unwrap(
        topic_of(message.device, Channel.UP),
        message.body(),
        line="mqtt",
        sender=message.device,
        received_at=message.received_at,
        authenticated=True,
        retained=False,
        peer=None,
    )
    found = native.decode(packet)
    (signal,) = found.signals
    assert not found.errors
    assert isinstance(signal, Answers)
    return signal


@pytest.mark.parametrize("pathway", WardPathway)
def test_what_a_made_up_hub_sends_is_a_whole_questionnaire_once_decoded(
    rules: Rules, pathway: WardPathway
) -> None:
    """Names and answers are the same in the generator, in the native family and in the rows."""
    patient = Ward(11, 1, 14, mix={pathway: 1}).patient(0)
    sheets = [decoded(one) for one in messages(patient) if one.answers is not None]
    held = rules.vitals.questionnaires
    names = {PLANS[pathway].sheet, *(("cat",) if pathway is WardPathway.COPD else ())}
    whole = {
        name
        for name in names
        for sheet in sheets
        if {question.name for question in held[name].questions} == set(sheet.answers)
        and all(score_of(one, sheet.answers[one.name]) is not None for one in held[name].questions)
    }

    assert len(sheets) > 1
    assert whole == names
