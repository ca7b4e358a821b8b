"""Answers to a script (DECIDING 4), graded: I STUMBLE like all others. A free question is recorded.

`stumble` gives several letters at once, `answer` one question of any script by its id. Whoever gave
an answer is kept with it.
"""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import Heard, OperatorEvent
from alerts.lifecycle import Forbidden
from alerts.plans import plan_of
from alerts.referral.notes import said
from alerts.rule_ids import Rule
from alerts.rule_rows import AnswerRow, Grade
from alerts.script_rows import STUMBLE
from alerts.step import Step
from alerts.tasks import EMERGENCIES, make_999
from alerts.telecare import effects, floor, ladder
from alerts.telecare.answered import PREFIX, excluded_by, row_of
from alerts.telecare.care_home import ptcda
from alerts.telecare.dispose import BY_TELEPHONE, ring_back
from alerts.telecare.dispose import EMERGENCIES as EMERGENCY_TEXTS
from alerts.telecare.exclusions import back_in_front, telephone
from alerts.telecare.order import Question, Verdict, ask
from alerts.words import AlarmKind, Disposition, TaskKind, What
from devices.model import Answers

GIVERS = ("patient", "carer", "staff")
DEVICE = "device"
MAX_ANSWERS = 200
ASKED_ABOUT = frozenset({AlarmKind.HELP, AlarmKind.LIFE_SAFETY})


def answer(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Grade the answer to a question of a script; record the answer to any other question.

    Raises:
        Forbidden: question or answer is missing, or the answer is no word of its question.
    """
    if not event.question or event.answer is None:
        raise Forbidden("answer needs question and answer", Rule.SCRIPT)
    if step.rules.scripts.words(event.question):
        return _graded(step, alarm, _asked(event), {event.question: event.answer})
    alarm = _keep(alarm, {event.question: event.answer}, event.given_by)
    reason = step.why(
        Rule.SCRIPT, "answer", question=event.question, answer=event.answer, by=event.given_by
    )
    text = said(event.reason, event.text)
    return step.put_alarm(alarm).about(What.NOTHING, alarm, reason, text=text)


def stumble(step: Step, alarm: Alarm, event: OperatorEvent) -> Step:
    """Grade the answers of I STUMBLE.

    Raises:
        Forbidden: not a help alarm, an answer is no word of the script, nobody gave it.
    """
    if alarm.kind is not AlarmKind.HELP or not event.answers:
        raise Forbidden("stumble needs a help alarm and answers", Rule.SCRIPT)
    answers = {f"{PREFIX}{letter}": word for letter, word in event.answers.items()}
    return _graded(step, alarm, _asked(event), answers)


def by_device(step: Step, heard: Heard, reading: Answers) -> Step:
    """Grade what a device's questionnaire says about an open call for help.

    It opens nothing, speaks for nobody, and never replaces what a person decided; stale answers,
    and those without a call, dispatch nobody.
    """
    flags = sorted(flag.value for flag in reading.flags)
    alarm = step.open_alarm(AlarmKind.HELP)
    scripts = step.rules.scripts
    meant = {asked: scripts.word_for(asked, word) for asked, word in reading.answers.items()}
    answers = {asked: word for asked, word in meant.items() if (asked, word) in scripts.graded}
    if alarm is None or not heard.known or flags or not answers:
        reason = step.why(
            Rule.READING, "reading_dispatches_nobody", device=heard.sender, flags=flags
        )
        return step.say(What.NOTHING, reason)
    given = Given(DEVICE, f"answered on device {heard.sender}", by_a_person=False)
    return _graded(step, alarm, given, answers)


class Given(msgspec.Struct, frozen=True):
    """Who gave answers, what was said with them, and whether a person entered them."""

    by: str | None
    text: str
    by_a_person: bool = True


def _asked(event: OperatorEvent) -> Given:
    """Say who gave the answers that an operator enters.

    Raises:
        Forbidden: nobody who could have.
    """
    if event.given_by not in (None, *GIVERS):
        raise Forbidden(f"given_by {event.given_by!r}, expected {', '.join(GIVERS)}", Rule.SCRIPT)
    return Given(event.given_by, said(event.reason, event.text))


def _keep(alarm: Alarm, answers: dict[str, str], given_by: str | None) -> Alarm:
    kept = {**alarm.answers, **answers}
    if len(kept) > MAX_ANSWERS:
        raise Forbidden(f"{len(kept)} answers, expected at most {MAX_ANSWERS}", Rule.SCRIPT)
    by = {**alarm.given_by, **dict.fromkeys(answers, given_by or "")}
    return replace(alarm, answers=kept, given_by={asked: who for asked, who in by.items() if who})


def _graded(step: Step, alarm: Alarm, given: Given, told: dict[str, str]) -> Step:
    """Keep answers with their grades and follow the order of decision.

    Raises:
        Forbidden: not a call for help, or an answer is no word of its question.
    """
    if alarm.kind not in ASKED_ABOUT:
        raise Forbidden(f"a {alarm.kind} alarm has no script", Rule.SCRIPT)
    answers = {asked: step.rules.scripts.word_for(asked, word) for asked, word in told.items()}
    _check(step, answers)
    before = _grave(step, alarm)
    alarm = _keep(alarm, answers, given.by)
    step = step.put_alarm(alarm)
    step, alarm = _heard(step, alarm, given, answers)
    step, alarm = effects.apply(step, alarm, _rows(step, alarm, answers), given.by)
    step, alarm = _taken_back(step, alarm)
    # An answer given before may be grave since: a head that was hit, and now new confusion.
    since = sorted(_grave(step, alarm) - before - answers.keys())
    weighed = _rows(step, alarm, (*answers, *since))
    planned = plan_of(step, alarm)
    question = Question(alarm, step.row(alarm), planned, answers=weighed, given_by=given.by)
    verdict = ask(step, question)
    by = step.why(Rule.SCRIPT, "answers_given", given_by=given.by, answers=_named(told))
    return _follow(step, alarm, verdict, by, given)


def _rows(step: Step, alarm: Alarm, questions: Iterable[str]) -> tuple[AnswerRow, ...]:
    """Give the rows of what was answered to some questions, as they are graded now."""
    found = (row_of(step, alarm, question, alarm.answers[question]) for question in questions)
    return tuple(row for row in found if row is not None)


def _grave(step: Step, alarm: Alarm) -> frozenset[str]:
    """Name the questions whose answer is of grade 999 as things stand."""
    return frozenset(
        question
        for question, word in alarm.answers.items()
        if (row := row_of(step, alarm, question, word)) is not None
        and row.grade is Grade.EMERGENCY_999
    )


def _taken_back(step: Step, alarm: Alarm) -> tuple[Step, Alarm]:
    """Forget where an exclusion sent the alarm, once its answer was corrected."""
    by_answer = alarm.decided_at is None and alarm.disposition in BY_TELEPHONE
    if not by_answer or excluded_by(step, alarm):
        return step, alarm
    alarm = replace(alarm, disposition=None)
    return step.put_alarm(alarm), alarm


def _named(answers: dict[str, str]) -> dict[str, str]:
    return {question.removeprefix(PREFIX): word for question, word in answers.items()}


def _check(step: Step, answers: dict[str, str]) -> None:
    for question, word in answers.items():
        words = step.rules.scripts.words(question)
        if word not in words:
            expected = ", ".join(words) or "a letter of I STUMBLE"
            name = question.removeprefix(PREFIX)
            raise Forbidden(f"{name}: {word!r}, expected {expected}", Rule.SCRIPT)


def _heard(step: Step, alarm: Alarm, given: Given, answers: dict[str, str]) -> tuple[Step, Alarm]:
    """Whoever answers speaks for the client, where the script says so; letters are of the floor."""
    questions = step.rules.scripts.questions
    scripts = {questions[q].script for q in answers if q in questions}
    voice = all(step.rules.scripts.scripts[script].voice for script in scripts)
    if given.by in GIVERS and voice:
        spoken = replace(alarm, spoke_at=alarm.spoke_at or step.now)
        step, alarm = ladder.heard_voice(step, spoken)
    letters = any(question.startswith(f"{STUMBLE}.") for question in answers)
    if letters and alarm.kind is AlarmKind.HELP and "up" not in alarm.marks:
        step, alarm = floor.lies(step, alarm, step.now)
    return step, alarm


def _follow(step: Step, alarm: Alarm, verdict: Verdict, by: Reason, given: Given) -> Step:
    """Do what the verdict asks for."""
    to, text = verdict.disposition, given.text
    if to in EMERGENCIES:
        if text:
            step = step.about(What.NOTHING, alarm, by, text=text)
        reason = verdict.reasons[-1]
        step = make_999(step, alarm, reason, EMERGENCY_TEXTS[to], to, by_a_person=given.by_a_person)
        step = _beside(step, alarm.id, to, reason)
        if to is not Disposition.POLICE:
            return step
        return back_in_front(step, alarm, reason, "said since: a matter for the police")
    reason = verdict.reasons[-1]
    verdict = Verdict((*verdict.reasons, *ptcda(step, alarm)), to, verdict.to)
    if to is None:
        return step.about(What.NOTHING, alarm, by, *verdict.reasons, text=text)
    step = _disposed(step, alarm, verdict, by, text)
    alarm = step.alarm(alarm.id) or alarm
    if to in BY_TELEPHONE:
        step = telephone(step, alarm, to, reason, BY_TELEPHONE[to])
        return back_in_front(step, alarm, reason, "said since: not for a crisis team")
    if step.live_task(TaskKind.EMERGENCY_999, alarm.id) is not None:
        return step
    return ring_back(step, alarm, reason, verdict.to)


def _beside(step: Step, alarm_id: str, to: Disposition, reason: Reason) -> Step:
    """Say that the emergency under way is for another service too: fire, and an ambulance."""
    alarm = step.alarm(alarm_id)
    if alarm is None or alarm.disposition is to or alarm.also_disposition is to:
        return step
    alarm = replace(alarm, also_disposition=to)
    text = f"also needed: {EMERGENCY_TEXTS[to]}"
    return step.put_alarm(alarm).notify(("consoles",), alarm, reason, text, TaskKind.EMERGENCY_999)


def _disposed(step: Step, alarm: Alarm, verdict: Verdict, by: Reason, text: str) -> Step:
    """Give the alarm what the answers say, unless a person decided or an emergency is under way."""
    stands = alarm.decided_at is not None or alarm.disposition in EMERGENCIES
    if not stands:
        alarm = replace(alarm, disposition=verdict.disposition)
        step = step.put_alarm(alarm)
    return step.about(
        What.NOTHING if stands else What.DISPOSED,
        alarm,
        *verdict.reasons,
        by,
        disposition=verdict.disposition,
        service=verdict.to,
        text=text,
    )
