"""Questionnaires with scores: COPD diary, CAT, heart-failure symptoms and whatever rows define.

An incomplete questionnaire has no total, only the least it can be, which escalates all the same. An
answer that is not one of the question's is no answer. Nothing waits: asking again is no second
measurement.
"""

from collections.abc import Iterable

import msgspec

from alerts.case import Reason
from alerts.vital_rows import Question, QuestionnaireRow
from alerts.vital_words import Level
from alerts.vitals.inputs import STALE, Answered, AnswerValue, Reading
from alerts.vitals.state import ALERT, CONFUSED, Filled
from alerts.vitals.step import Step
from alerts.vitals.verdict import Said, Verdict, together
from devices.model import VitalCode


class Marked(msgspec.Struct, frozen=True):
    """A questionnaire as it was answered: score of each question, and what was left out."""

    row: QuestionnaireRow
    scores: dict[str, int]
    missing: tuple[str, ...]

    @property
    def at_least(self) -> int:
        """The least the total can be."""
        return sum(self.scores.values())

    @property
    def total(self) -> int | None:
        """The total, when everything was answered."""
        return None if self.missing else self.at_least


def marked(step: Step, answered: Answered) -> tuple[Marked, ...]:
    """Give the questionnaires of the person's pathway that these answers are of."""
    pathway = step.state.plan.pathway
    found = []
    for row in step.rules.vitals.questionnaires.values():
        if pathway not in row.pathways:
            continue
        said = ((q.name, score_of(q, answered.answers.get(q.name))) for q in row.questions)
        scores = {name: score for name, score in said if score is not None}
        if scores:
            missing = tuple(q.name for q in row.questions if q.name not in scores)
            found.append(Marked(row, scores, missing))
    return tuple(found)


def score_of(question: Question, answer: AnswerValue) -> int | None:
    """Score one answer; None when it is none of the question's."""
    if answer is None:
        return None
    if question.highest is None:
        word = str(answer).lower() if isinstance(answer, bool) else f"{answer}".strip()
        return question.scores.get(word)
    if isinstance(answer, str | bool) or answer != int(answer):
        return None
    return int(answer) if 0 <= answer <= question.highest else None


def confusion(step: Step, answered: Answered) -> tuple[str, Reading] | None:
    """Give the question whose answer says new confusion, and the reading that this is.

    None where none does, and where a reading as new says already that the person is not alert.
    """
    known = step.state.newest.get(VitalCode.CONSCIOUSNESS)
    as_usual = (ALERT, step.state.plan.baseline_cognition, None)
    if answered.flags & STALE or (
        known is not None and known.at >= answered.at and known.value not in as_usual
    ):
        return None
    asked = [
        question.name
        for one in marked(step, answered)
        for question in one.row.questions
        if question.confusion_from is not None
        and one.scores.get(question.name, 0) >= question.confusion_from
    ]
    if not asked:
        return None
    said = Reading(
        VitalCode.CONSCIOUSNESS,
        CONFUSED,
        answered.at,
        source=answered.source,
        device=answered.device,
    )
    return asked[0], said


def verdict(step: Step, one: Marked, answered: Answered) -> Verdict:
    """Say how bad a questionnaire's answers are."""
    found = together(one.row.name, answered.at, _said(step, one))
    return msgspec.structs.replace(found, waits=False, score=one.at_least)


def _said(step: Step, one: Marked) -> Iterable[Said]:
    row = one.row
    for question in row.questions:
        score = one.scores.get(question.name)
        level = _level(score, question.amber_from, question.red_from)
        if score is not None and level is not None:
            inputs = {"questionnaire": row.name, "question": question.name, "score": score}
            yield Said(level, Reason(f"answer_{level.value}", row.id, row.version, inputs))
    shown = {"questionnaire": row.name, "total": one.total, "at_least": one.at_least}
    level = _level(one.at_least, row.amber_from, row.red_from)
    if level is not None:
        inputs = {**shown, "missing": list(one.missing)}
        yield Said(level, Reason(f"score_{level.value}", row.id, row.version, inputs))
    last = step.state.filled.get(row.name)
    if row.rise_amber is not None and last is not None and one.total is not None:
        rise = one.total - last.total
        if rise >= row.rise_amber:
            inputs = {**shown, "was": last.total, "was_at": last.at, "limit": row.rise_amber}
            yield Said(Level.AMBER, Reason("score_rose", row.id, row.version, inputs))


def _level(score: int | None, amber_from: int | None, red_from: int | None) -> Level | None:
    if score is None:
        return None
    if red_from is not None and score >= red_from:
        return Level.RED
    return Level.AMBER if amber_from is not None and score >= amber_from else None


def remember(step: Step, one: Marked, answered: Answered) -> Step:
    """Keep when it was answered, and its total where it is complete and newer than the last."""
    heard = max(answered.at, step.state.heard.get(one.row.name, answered.at))
    step = step.change(heard={**step.state.heard, one.row.name: heard})
    last = step.state.filled.get(one.row.name)
    if one.total is None or (last is not None and last.at > answered.at):
        return step
    filled = {**step.state.filled, one.row.name: Filled(answered.at, one.total)}
    return step.change(filled=filled)
