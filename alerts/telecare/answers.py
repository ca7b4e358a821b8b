"""Answers to a script (DECIDING 4): I STUMBLE with its grades, and free questions, recorded."""

from msgspec.structs import replace

from alerts.case import Alarm
from alerts.events import OperatorEvent
from alerts.lifecycle import Forbidden
from alerts.referral.notes import said
from alerts.rule_ids import Rule
from alerts.ruleset import AnswerRow
from alerts.step import Step
from alerts.tasks import make_999
from alerts.telecare import floor, ladder
from alerts.telecare.answered import for_person, key_of
from alerts.telecare.dispose import ring_back
from alerts.telecare.order import Question, ask
from alerts.words import AlarmKind, Disposition, What

GIVERS = ("patient", "carer", "staff")
MAX_ANSWERS = 100


def answer(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Record the answer to a question.

    Raises:
        Forbidden: question or answer is missing.
    """
    if not event.question or event.answer is None:
        raise Forbidden("answer needs question and answer", Rule.SCRIPT)
    kept = {**alarm.answers, event.question: event.answer}
    if len(kept) > MAX_ANSWERS:
        raise Forbidden(f"{len(kept)} answers, expected at most {MAX_ANSWERS}", Rule.SCRIPT)
    alarm = replace(alarm, answers=kept)
    reason = step.why(
        Rule.SCRIPT, "answer", question=event.question, answer=event.answer, by=event.given_by
    )
    text = said(event.reason, event.text)
    return step.put_alarm(alarm).about(What.NOTHING, alarm, reason, text=text)


def stumble(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Grade the answers of I STUMBLE and follow the order of decision.

    Raises:
        Forbidden: not a help alarm, an answer is no word of the script, nobody gave it.
    """
    if alarm.kind is not AlarmKind.HELP or not event.answers:
        raise Forbidden("stumble needs a help alarm and answers", Rule.SCRIPT)
    if event.given_by not in (None, *GIVERS):
        raise Forbidden(f"given_by {event.given_by!r}, expected {', '.join(GIVERS)}", Rule.SCRIPT)
    given = tuple(_row(step, letter, word) for letter, word in event.answers.items())
    kept = {**alarm.answers, **{key_of(row): row.answer for row in given}}
    alarm = replace(alarm, answers=kept)
    step = step.put_alarm(alarm)
    if event.given_by is not None:
        spoken = replace(alarm, spoke_at=alarm.spoke_at or step.now)
        step, alarm = ladder.heard_voice(step, spoken)
    if "up" not in alarm.marks:
        step, alarm = floor.lies(step, alarm, step.now)
    verdict = ask(step, Question(alarm, step.row(alarm), answers=given))
    by = step.why(Rule.SCRIPT, "answers_given", given_by=event.given_by, answers=event.answers)
    text = said(event.reason, event.text)
    if verdict.disposition is None:
        return step.about(What.NOTHING, alarm, by, *verdict.reasons, text=text)
    if verdict.disposition is Disposition.EMERGENCY_999:
        if text:
            step = step.about(What.NOTHING, alarm, by, text=text)
        return make_999(step, alarm, verdict.reasons[-1], "life threat", by_a_person=True)
    if alarm.decided_at is None:
        alarm = replace(alarm, disposition=verdict.disposition)
        step = step.put_alarm(alarm)
    step = step.about(
        What.DISPOSED,
        alarm,
        *verdict.reasons,
        by,
        disposition=verdict.disposition,
        service=verdict.to,
        text=text,
    )
    return ring_back(step, alarm, verdict.reasons[-1], verdict.to)


def _row(step: Step, letter: str, word: str) -> AnswerRow:
    row = step.rules.answers.get((letter, word))
    if row is None:
        words = sorted(w for known, w in step.rules.answers if known == letter)
        expected = ", ".join(words) or "a letter of I STUMBLE"
        raise Forbidden(f"{letter}: {word!r}, expected {expected}", Rule.SCRIPT)
    return for_person(step, row)
