"""The rows of scripts, exclusions, needs and criteria, and what must be true of them.

Contract: `check_scripts` says what is wrong with a row before anything is decided with it. Every
question knows `unknown`; a bare `yes` takes the highest grade of its question.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from alerts.case import Reason
from alerts.facts import Service
from alerts.hours import check_service
from alerts.rule_rows import AnswerRow, CallRow, Grade, Row
from alerts.rule_versions import Placed
from alerts.words import Disposition

STUMBLE = "stumble"
FALLS = "falls"
YES, NO, UNKNOWN = "yes", "no", "unknown"
RANK = {grade: rank for rank, grade in enumerate(
    (Grade.NONE, Grade.UNKNOWN, Grade.CLINICIAN, Grade.EXCLUSION, Grade.EMERGENCY_999)
)}  # fmt: skip


class Effect(StrEnum):
    """What an answer does beyond its grade."""

    ON_FLOOR = "on_floor"
    CONFUSION = "confusion"
    SEIZURE = "seizure"
    WHO = "who"


class Check(StrEnum):
    """What a criterion looks at."""

    ADULT = "adult"
    LIFE_THREAT = "life_threat"
    EXCLUSION = "exclusion"
    JUDGEMENT = "judgement"
    NEED = "need"
    AT_HOME = "at_home"
    ANSWERS = "answers"


class ScriptRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A script; `voice` = whoever answers it speaks for the client, who is then not silent."""

    name: str
    text: str
    voice: bool = True


class QuestionRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question of a script with the grade of each answer; its id is what `answer` names.

    Attributes:
        covered: A ceiling of treatment speaks of it.
        to: Where its answers of grade 999 go: 999, fire, gas or police.
        exclusion: The name of the exclusion that its answers of that grade say.
        on_anticoagulants: Grades that hold instead for a person who takes them.
        if_usual: Grades that hold instead for a person whose recorded cognition is not alert.
        numbers: For a question that a number answers: each answer's smallest number.
        if_confused: Grades that hold instead for somebody who is newly confused.
    """

    script: str
    text: str
    answers: dict[str, Grade]
    covered: bool = True
    to: Disposition = Disposition.EMERGENCY_999
    exclusion: str = ""
    on_anticoagulants: dict[str, Grade] = msgspec.field(default_factory=dict)
    if_usual: dict[str, Grade] = msgspec.field(default_factory=dict)
    numbers: dict[str, float] = msgspec.field(default_factory=dict)
    if_confused: dict[str, Grade] = msgspec.field(default_factory=dict)
    effect: Effect | None = None

    def rows(self) -> tuple[AnswerRow, ...]:
        """Give a row for each answer, a bare yes included."""
        highest = max(self.answers.values(), key=RANK.__getitem__, default=Grade.NONE)
        grades = self.answers if RANK[highest] <= RANK[Grade.UNKNOWN] else {YES: highest}
        return tuple(
            AnswerRow(
                id=f"{self.id}.{word}",
                version=self.version,
                author=self.author,
                approver=self.approver,
                effective=self.effective,
                source=self.source,
                letter=self.id,
                answer=word,
                grade=grade,
                covered=self.covered,
                grade_on_anticoagulants=self.on_anticoagulants.get(word),
                grade_if_usual=self.if_usual.get(word),
                grade_if_confused=self.if_confused.get(word),
                exclusion=self.exclusion if grade is Grade.EXCLUSION else "",
                to=self.to,
            )
            for word, grade in {**grades, **self.answers}.items()
        )


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an exclusion goes in some hours; which service that is, the rows of routes say."""

    disposition: Disposition
    text: str
    hours: str | dict[str, tuple[str, ...]] = "24/7"
    timezone: str = "Europe/London"

    def as_service(self) -> Service:
        """Give the hours in the shape that alerts/hours.py reads."""
        return Service(self.disposition.value, timezone=self.timezone, hours=self.hours)


class ExclusionRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An exclusion for this event and its routes; the first that is open, else the last."""

    name: str
    text: str
    routes: tuple[Route, ...]


class NeedRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the nine conditions or needs of UCR; `also` are other words for it."""

    name: str
    text: str
    also: tuple[str, ...] = ()


class CriterionRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A criterion of a referral to UCR.

    Attributes:
        sets: The names under which services ask for it (`Service.criteria`).
        needs: For these needs only; none named = for all.
        asks: What must have been asked: each inner list is one thing under its several questions.
        instead: Where to, when it is not met.
    """

    sets: tuple[str, ...]
    check: Check
    text: str
    instead: str
    needs: tuple[str, ...] = ()
    asks: tuple[tuple[str, ...], ...] = ()


class ScriptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of this module as they stand in a file."""

    script: tuple[ScriptRow, ...] = ()
    question: tuple[QuestionRow, ...] = ()
    exclusion: tuple[ExclusionRow, ...] = ()
    need: tuple[NeedRow, ...] = ()
    criterion: tuple[CriterionRow, ...] = ()


class Scripts(msgspec.Struct, frozen=True):
    """All rows of this module, by what they are looked up with.

    `graded` maps (question, answer) to its row: of every script, I STUMBLE's letters included,
    whose questions are `stumble.I` and so on.
    """

    scripts: dict[str, ScriptRow]
    questions: dict[str, QuestionRow]
    graded: dict[tuple[str, str], AnswerRow]
    exclusions: dict[str, ExclusionRow]
    needs: dict[str, NeedRow]
    criteria: tuple[CriterionRow, ...]

    def words(self, question: str) -> list[str]:
        """Give the answers that a question knows; none when it is no question of a script."""
        return sorted(word for asked, word in self.graded if asked == question)

    def asked(self) -> frozenset[str]:
        """Give the questions of all scripts."""
        return frozenset(question for question, _ in self.graded)

    def word_for(self, question: str, said: object) -> str:
        """Give the answer that was meant: yes or no for true or false, a number by its band."""
        if isinstance(said, bool):
            return YES if said else NO
        row = self.questions.get(question)
        if row is None or not row.numbers:
            return str(said)
        try:
            number = float(str(said))
        except ValueError:
            return str(said)
        reached = (word for word, smallest in row.numbers.items() if smallest <= number)
        return max(reached, key=row.numbers.__getitem__, default=str(said))

    def letters(self) -> tuple[str, ...]:
        """Give the questions of I STUMBLE."""
        asked = (question for question, _ in self.graded if question.startswith(f"{STUMBLE}."))
        return tuple(dict.fromkeys(asked))

    def vocabulary(self) -> dict[str, list[str]]:
        """Give scripts, questions, graded answers, exclusions, needs and criteria as words."""
        return {
            "script": list(self.scripts),
            "question": list(dict.fromkeys(question for question, _ in self.graded)),
            "answer": [f"{q}={word}:{row.grade.value}" for (q, word), row in self.graded.items()],
            "exclusion": list(self.exclusions),
            "need": list(self.needs),
            "criterion": [row.id for row in self.criteria],
        }


def reason_of(row: Row, reason: str, **inputs: object) -> Reason:
    """Name a reason with the row that said so."""
    return Reason(reason, row.id, row.version, inputs)


def scripts_of(placed: Iterable[Placed]) -> Scripts:
    """Build scripts, exclusions, needs and criteria from the rows that hold.

    Raises:
        RuleError: a row does not fit the others, naming file, row and key, and what to do.
    """
    every = {one.row.id: one for one in placed}
    rows = [one.row for one in every.values()]
    scripts = _built(rows)
    for row_id, wrong in _wrong(scripts, rows):
        raise every[row_id].wrong(wrong)
    return scripts


def _built(rows: Iterable[Row]) -> Scripts:
    questions = {row.id: row for row in rows if isinstance(row, QuestionRow)}
    letters = (row for row in rows if isinstance(row, AnswerRow))
    graded = {(f"{STUMBLE}.{row.letter}", row.answer): row for row in letters}
    for question in questions.values():
        graded |= {(question.id, row.answer): row for row in question.rows()}
    needs = (row for row in rows if isinstance(row, NeedRow))
    return Scripts(
        scripts={row.name: row for row in rows if isinstance(row, ScriptRow)},
        questions=questions,
        graded=graded,
        exclusions={row.name: row for row in rows if isinstance(row, ExclusionRow)},
        needs={name: row for row in needs for name in (row.name, *row.also)},
        criteria=tuple(row for row in rows if isinstance(row, CriterionRow)),
    )


def _wrong(scripts: Scripts, rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
    """Say what is wrong, as (id of the row, key and what to do)."""
    for row in rows:
        if isinstance(row, CallRow | QuestionRow) and row.script not in scripts.scripts:
            yield row.id, f"script {row.script!r} has no row; add it or correct the name"
    for question in scripts.questions.values():
        yield from ((question.id, wrong) for wrong in _question(scripts, question))
    for exclusion in scripts.exclusions.values():
        yield from ((exclusion.id, wrong) for wrong in _routes(exclusion))
    for criterion in scripts.criteria:
        yield from ((criterion.id, wrong) for wrong in _criterion(scripts, criterion))


def _question(scripts: Scripts, row: QuestionRow) -> Iterable[str]:
    if row.id.startswith(f"{STUMBLE}."):
        yield "id begins with stumble., which are the letters of I STUMBLE; choose another"
    if row.answers.get(UNKNOWN) is not Grade.UNKNOWN:
        yield 'answers need unknown = "unknown"; add it'
    highest = max(row.answers.values(), key=RANK.__getitem__, default=Grade.NONE)
    weighs = RANK[highest] > RANK[Grade.UNKNOWN]
    if weighs and row.answers.get(YES, highest) is not highest:
        yield f"answers: a bare yes takes the highest grade, {highest.value}; correct it"
    if (Grade.EXCLUSION in row.answers.values()) != (row.exclusion in scripts.exclusions):
        yield f"exclusion {row.exclusion!r} does not fit the answers; name the one they say"
    for word in (*row.on_anticoagulants, *row.if_usual, *row.if_confused, *row.numbers):
        if word not in row.answers:
            yield f"answer {word!r} is graded for some and is none of the answers; add it"


def _criterion(scripts: Scripts, row: CriterionRow) -> Iterable[str]:
    for asked in (one for group in row.asks for one in group):
        if not scripts.words(asked):
            yield f"asks {asked!r}, which is no question of a script; correct it"
    for need in row.needs:
        if need not in scripts.needs:
            yield f"needs {need!r}, which is no need; correct it"


def _routes(row: ExclusionRow) -> Iterable[str]:
    if not row.routes:
        yield "routes are empty; name at least one"
    for route in row.routes:
        try:
            check_service(route.as_service())
        except ValueError as error:
            yield f"routes: {error}; correct the row"
