"""The order of decision (DECIDING 1): eight branches, asked in order, each with its reasons.

A branch answers with a Verdict that decides, or with reasons that are kept while the next branch
is asked. The same list is asked for a signal and for a script's answers. Unknown goes up, never
down: no branch here lowers or ends anything.
"""

from collections.abc import Callable

import msgspec

from alerts.case import Alarm, Reason
from alerts.plans import Planned
from alerts.rule_ids import Rule
from alerts.ruleset import AnswerRow, CallRow, Grade, Ladder
from alerts.step import Step
from alerts.telecare.answered import PREFIX, excluded_by, line_speaks_first, not_ruled_out
from alerts.telecare.exclusions import way_for
from alerts.telecare.helped import person_of
from alerts.words import Ceiling, Disposition
from devices.model import Flag


class Question(msgspec.Struct, frozen=True):
    """What is known: the alarm, its row and plan, the signal's flags, answers and who gave them."""

    alarm: Alarm
    row: CallRow
    planned: Planned
    flags: frozenset[Flag] = frozenset()
    answers: tuple[AnswerRow, ...] = ()
    given_by: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What a branch says: reasons, and a disposition when it decides; `to` names a line."""

    reasons: tuple[Reason, ...] = ()
    disposition: Disposition | None = None
    to: str | None = None


Branch = Callable[[Step, Question], Verdict]
FIRST = (
    Disposition.FIRE,
    Disposition.GAS,
    Disposition.EMERGENCY_999,
    Disposition.POLICE,
)
"""Where a threat to life goes when several are said: out of the fire first."""
NO_WORD = Verdict()


def technical(step: Step, question: Question) -> Verdict:
    """0. Only the device's own test code is a test; a press at test time is a press."""
    if Flag.TEST not in question.flags:
        return NO_WORD
    reason = step.why(Rule.ORDER_TECHNICAL, "device_test", device=question.alarm.device)
    return Verdict((reason,), Disposition.TECHNICAL)


def ceiling(step: Step, question: Question) -> Verdict:
    """1. With a ceiling and a named line, covered life-threat answers go to that line first."""
    person = person_of(step, question.alarm)
    if person is None or person.ceiling is Ceiling.NONE:
        return NO_WORD
    grave = tuple(a for a in question.answers if a.grade is Grade.EMERGENCY_999)
    inputs = {"ceiling": person.ceiling.value, "line": person.anticipatory_line}
    if not grave:
        return Verdict((step.why(Rule.ORDER_CEILING, "ceiling_on_record", **inputs),))
    if not line_speaks_first(person, grave):
        return Verdict((step.why(Rule.ORDER_CEILING, "not_covered_by_ceiling", **inputs),))
    reason = step.why(Rule.ORDER_CEILING, "named_line_first", **inputs, answers=_words(grave))
    return Verdict((reason,), Disposition.CLINICIAN, person.anticipatory_line)


def life_threat(step: Step, question: Question) -> Verdict:
    """2. Answers of grade 999, fire, gas and CO."""
    grave = tuple(a for a in question.answers if a.grade is Grade.EMERGENCY_999)
    if grave:
        given = {"answers": _words(grave), "given_by": question.given_by}
        reason = step.why(Rule.ORDER_LIFE_THREAT, "life_threat_answer", **given)
        return Verdict((reason,), min((a.to for a in grave), key=FIRST.index))
    if question.row.disposition is not None and not question.answers:
        what = question.row.what.value
        reason = step.why(Rule.ORDER_LIFE_THREAT, "danger_to_life", what=what)
        return Verdict((reason,), question.row.disposition)
    return NO_WORD


def exclusions(step: Step, question: Question) -> Verdict:
    """3. What is said of this event goes its own way; the rest never goes out by itself."""
    said = tuple(a for a in question.answers if a.grade is Grade.EXCLUSION)
    if any(a.grade is Grade.CLINICIAN for a in question.answers):
        said = said or excluded_by(step, question.alarm)
    if said:
        way = way_for(step, said)
        return Verdict(way.reasons, way.disposition, way.service)
    barred = question.planned.barred
    if not barred:
        return NO_WORD
    return Verdict(tuple(step.why(Rule.ORDER_EXCLUSIONS, r.reason, **r.inputs) for r in barred))


LADDER_REASONS = {
    Ladder.LISTEN: (Rule.LISTEN_ONLY, "listen_only"),
    Ladder.WANDER: (Rule.WANDER, "do_not_call_home"),
    Ladder.FALL: (Rule.FALL_VOICE, "voice_awaited"),
    Ladder.SPEAK: (Rule.ORDER_NO_REPLY, "reply_awaited"),
    Ladder.ASKED: (Rule.ORDER_NO_REPLY, "no_ladder"),
    Ladder.NONE: (Rule.ORDER_NO_REPLY, "no_ladder"),
}


def no_reply(step: Step, question: Question) -> Verdict:
    """4. Which silent ladder stands ready."""
    if question.answers:
        return NO_WORD
    rule, reason = LADDER_REASONS[question.row.ladder]
    return Verdict((step.why(rule, reason, script=question.row.script),))


def ucr_need(step: Step, question: Question) -> Verdict:
    """5. A crisis team's need: by plan for a signal, by a clinician's call for an answer."""
    asked = tuple(a for a in question.answers if a.grade is Grade.CLINICIAN)
    if asked:
        reason = step.why(Rule.SCRIPT, "clinician_answer", answers=_words(asked))
        return Verdict((reason,), Disposition.CLINICIAN)
    if question.answers:
        return NO_WORD
    return Verdict((step.why(Rule.ORDER_UCR, "by_plan"), *question.planned.reasons))


def lift_only(step: Step, question: Question) -> Verdict:
    """6. A fall is lift only when every answer is known and none is grave; a person says so."""
    if not question.answers:
        return NO_WORD
    unknown = tuple(a for a in question.answers if a.grade is Grade.UNKNOWN)
    if unknown:
        reason = step.why(Rule.ORDER_LIFT_ONLY, "unknown_is_not_lift_only", answers=_words(unknown))
        return Verdict((reason,))
    if _is_stumble(question) and not not_ruled_out(step, question.alarm):
        return Verdict((step.why(Rule.ORDER_LIFT_ONLY, "nothing_found_by_i_stumble"),))
    return NO_WORD


def _is_stumble(question: Question) -> bool:
    return any(PREFIX + a.letter in question.alarm.answers for a in question.answers)


def reassurance(step: Step, question: Question) -> Verdict:
    """7. Only a person closes, with a coded reason."""
    reason = step.why(Rule.ORDER_REASSURANCE, "a_person_decides", alarm=question.alarm.id)
    return Verdict((reason,))


BRANCHES: tuple[Branch, ...] = (
    technical,
    ceiling,
    life_threat,
    exclusions,
    no_reply,
    ucr_need,
    lift_only,
    reassurance,
)


def ask(step: Step, question: Question) -> Verdict:
    """Ask the branches in order until one decides; keep every reason on the way."""
    reasons: tuple[Reason, ...] = ()
    for branch in BRANCHES:
        verdict = branch(step, question)
        if verdict is NO_WORD:
            continue
        reasons = (*reasons, *verdict.reasons)
        if verdict.disposition is not None:
            return Verdict(reasons, verdict.disposition, verdict.to)
    return Verdict(reasons)


def _words(answers: tuple[AnswerRow, ...]) -> list[str]:
    return [f"{answer.letter}.{answer.answer}" for answer in answers]
