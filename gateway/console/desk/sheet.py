"""The scripts of an alarm as the operator reads them: questions, answers, what was answered. Pure.

Contract: every question and every answer is a row of the rules; nothing is asked that deciding does
not know. The texts of I STUMBLE stand here because its rows are letters (CLINICAL 2.7).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts.case import Alarm
from alerts.rule_rows import Grade
from alerts.ruleset import Rules
from alerts.script_rows import FALLS, NO, RANK, STUMBLE, UNKNOWN, YES, Scripts
from alerts.words import AlarmKind
from gateway.console.desk import words

GENERAL = "general"
LETTERS: Mapping[str, str] = {
    "I": "Is there new, intense pain? Where: chest, belly, head, back, an arm or leg?",
    "S": "Did you faint or feel dizzy or sick before you fell, rather than trip?",
    "T": "Is your head, neck or back hurt? Is anything numb, or can you not move it?",
    "U": "Is the person confused, drowsy or not themselves? Did it begin suddenly?",
    "M": "Is it very hard to breathe, or is there pain in the chest?",
    "B": "Is blood flowing freely?",
    "L": "Were you knocked out, or are parts of the fall missing?",
    "E": "Is a bone out of shape, is a leg shorter or turned, can you not put weight on it?",
}
NAMES: Mapping[str, str] = {
    "falls": "Fall: I STUMBLE",
    "general": "Red flags, asked of everybody",
    "no_reply": "No reply",
    "seizure": "Seizure",
    "fire": "Smoke and fire",
    "co": "Carbon monoxide",
    "gas": "Gas",
    "flood": "Flood",
    "duress": "Intruder, attack, bogus caller",
    "wander": "Missing person",
    "missed_medication": "Missed medication",
    "suicidal": "Thoughts of suicide",
    "confusion": "New confusion",
    "referral": "Before a referral",
}
LEVELS: Mapping[Grade, str] = {
    Grade.EMERGENCY_999: "999",
    Grade.CLINICIAN: "clinician",
    Grade.EXCLUSION: "not for a crisis team",
    Grade.UNKNOWN: "",
    Grade.NONE: "",
}
FIRST = {NO: 0, YES: 1}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its word for the rules, its words for people, what it leads to."""

    word: str
    words: str
    leads_to: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what was answered last, and by whom."""

    id: str
    letter: str
    text: str
    answers: tuple[Answer, ...]
    chosen: str | None
    given_by: str | None
    needed: bool


@dataclass(frozen=True, slots=True)
class Script:
    """A script; `first` is the one this alarm is about."""

    name: str
    words: str
    text: str
    questions: tuple[Question, ...]
    first: bool
    answered: int


def scripts_for(alarm: Alarm, rules: Rules) -> tuple[Script, ...]:
    """Give the scripts in the order in which they are wanted: the alarm's own, then red flags."""
    if alarm.kind is AlarmKind.TECHNICAL:
        return ()
    scripts = rules.scripts
    own = rules.activation(alarm.what).script or GENERAL
    if "fall" in alarm.marks or alarm.on_floor_since is not None:
        own = FALLS
    order = [own, GENERAL, "referral", *scripts.scripts]
    names = [name for name in dict.fromkeys(order) if name in scripts.scripts]
    needed = needed_questions(scripts)
    made = (_script(name, alarm, scripts, needed, first=name == own) for name in names)
    return tuple(script for script in made if script.questions)


def needed_questions(scripts: Scripts) -> frozenset[str]:
    """Give the questions that a criterion of a referral asks for."""
    return frozenset(
        question
        for row in scripts.criteria
        if not row.needs
        for group in row.asks
        for question in group
    )


def _script(
    name: str, alarm: Alarm, scripts: Scripts, needed: frozenset[str], *, first: bool
) -> Script:
    row = scripts.scripts[name]
    asked = list(scripts.letters()) if name == FALLS else []
    asked += [one.id for one in scripts.questions.values() if one.script == name]
    questions = tuple(_question(one, alarm, scripts, needed) for one in asked)
    return Script(
        name=name,
        words=NAMES.get(name) or words.plain(name),
        text="" if name == FALLS else row.text,
        questions=questions,
        first=first,
        answered=sum(one.chosen is not None for one in questions),
    )


def _question(asked: str, alarm: Alarm, scripts: Scripts, needed: frozenset[str]) -> Question:
    letter = asked.removeprefix(f"{STUMBLE}.") if asked.startswith(f"{STUMBLE}.") else ""
    text = LETTERS.get(letter, letter) if letter else scripts.questions[asked].text
    return Question(
        id=asked,
        letter=letter,
        text=text,
        answers=tuple(_answers(asked, scripts)),
        chosen=alarm.answers.get(asked),
        given_by=alarm.given_by.get(asked),
        needed=asked in needed,
    )


def _answers(asked: str, scripts: Scripts) -> Iterable[Answer]:
    """Give the answers: no first, not known last; a bare yes only where there is no other."""
    graded = {word: row for (question, word), row in scripts.graded.items() if question == asked}
    others = [word for word in graded if word not in (NO, YES, UNKNOWN)]
    shown = [word for word in graded if word != YES or not others]
    shown.sort(key=lambda word: (word == UNKNOWN, FIRST.get(word, 2), RANK[graded[word].grade]))
    for word in shown:
        yield Answer(word, words.answer(word), LEVELS[graded[word].grade])
