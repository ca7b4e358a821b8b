"""Need, judgement and criteria of a referral that a person decides (DECIDING 1.5, CLINICAL 2.3).

Not met stops it and says where to instead; not known goes up, with a warning. A clinician's
referral is not screened again, an automatic one is not assessed.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from alerts.case import Alarm, Reason
from alerts.facts import Service
from alerts.plans import effective_status, is_under_age
from alerts.rule_ids import Rule
from alerts.rule_rows import AnswerRow, Grade
from alerts.script_rows import NO, Check, CriterionRow, NeedRow, reason_of
from alerts.step import Step
from alerts.telecare.answered import (
    NEW_CONFUSION,
    excluded_by,
    is_fall,
    is_life_threat,
    line_speaks_first,
    row_of,
)
from alerts.telecare.exclusions import way_for
from alerts.telecare.helped import ADULT, AGE, UNDER_AGE, person_of, somebody_else
from alerts.words import PersonStatus

NATIONAL = "national"
JUDGEMENT = "referral.would_otherwise_attend"


class State(StrEnum):
    """What became of a criterion."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_KNOWN = "not_known"


class Assessment(msgspec.Struct, frozen=True):
    """Every criterion with its state, the reasons to show, and why it is refused, if it is."""

    states: dict[str, str]
    reasons: tuple[Reason, ...]
    refusal: str = ""


def assess(step: Step, alarm: Alarm, need: str | None, service: Service | None) -> Assessment:
    """Assess a referral for a need to a service."""
    named = step.rules.scripts.needs.get(need or "")
    which, unknown_set = _set_of(step, service)
    concerns = _concerns(alarm, named)
    states = {
        row.id: (row, CHECKS[row.check](step, alarm, row, named))
        for row in step.rules.scripts.criteria
        if which in row.sets and (not row.needs or concerns & set(row.needs))
    }
    refused = [row for row, state in states.values() if state is State.NOT_MET]
    reasons = (_need(step, need, named), *_judgement(step, alarm), *unknown_set)
    return Assessment(
        {row_id: state.value for row_id, (_, state) in states.items()},
        (*reasons, *_folded(step, which, states.values())),
        "; ".join(dict.fromkeys(_instead(step, alarm, row) for row in refused)),
    )


def _set_of(step: Step, service: Service | None) -> tuple[str, tuple[Reason, ...]]:
    """Give the set of criteria a service asks for; one that no row knows is said."""
    wanted = NATIONAL if service is None or not service.criteria else service.criteria
    if any(wanted in row.sets for row in step.rules.scripts.criteria):
        return wanted, ()
    return NATIONAL, (step.why(Rule.CRITERIA, "criteria_set_not_known", wanted=wanted),)


def _concerns(alarm: Alarm, named: NeedRow | None) -> set[str]:
    """Give the needs whose own criteria count: the named one, and what the call is about."""
    about = {"fall"} if is_fall(alarm) else set()
    if NEW_CONFUSION in alarm.marks:
        about.add("confusion")
    return about if named is None else {*about, named.name}


def _need(step: Step, need: str | None, named: NeedRow | None) -> Reason:
    if named is not None:
        return reason_of(named, "need_named", need=need, named=named.name)
    word = "need_not_named" if need is None else "need_not_of_the_nine"
    return step.why(Rule.NEED, word, need=need)


def _judgement(step: Step, alarm: Alarm) -> tuple[Reason, ...]:
    """Record the judgement that the decision is, unless somebody answered otherwise."""
    if alarm.answers.get(JUDGEMENT) == NO:
        return ()
    said = alarm.answers.get(JUDGEMENT, "by the decision")
    return (step.why(Rule.JUDGEMENT, "would_otherwise_attend", said=said),)


def _folded(
    step: Step, which: str, states: Iterable[tuple[CriterionRow, State]]
) -> tuple[Reason, ...]:
    """Give one reason for each state, naming its criteria with their versions and words."""
    reasons = []
    for state in State:
        rows = {row.id: f"{row.version}: {row.text}" for row, found in states if found is state}
        if rows:
            reasons.append(
                step.why(Rule.CRITERIA, f"criteria_{state.value}", set=which, criteria=rows)
            )
    return tuple(reasons)


def _instead(step: Step, alarm: Alarm, row: CriterionRow) -> str:
    """Say where to instead of a crisis team."""
    if row.check is not Check.EXCLUSION:
        return row.instead
    said = excluded_by(step, alarm)
    way = way_for(step, said)
    named = step.rules.scripts.exclusions[said[0].exclusion].name.replace("_", " ")
    return f"{row.instead}: {named}: decide {way.disposition.value} ({way.text})"


def _adult(step: Step, alarm: Alarm, _: CriterionRow, __: NeedRow | None) -> State:
    if somebody_else(alarm):
        said = alarm.answers.get(AGE)
        return {ADULT: State.MET, UNDER_AGE: State.NOT_MET}.get(said or "", State.NOT_KNOWN)
    person = step.facts.person
    if person is None or person.born is None:
        return State.NOT_KNOWN
    return State.NOT_MET if is_under_age(step, person) else State.MET


def _life_threat(step: Step, alarm: Alarm, row: CriterionRow, _: NeedRow | None) -> State:
    if is_life_threat(step, alarm):
        return State.NOT_MET
    return _all(_group(step, alarm, group) for group in row.asks)


def _exclusion(step: Step, alarm: Alarm, _: CriterionRow, __: NeedRow | None) -> State:
    return State.NOT_MET if excluded_by(step, alarm) else State.MET


def _judged(_: Step, alarm: Alarm, __: CriterionRow, ___: NeedRow | None) -> State:
    """Deciding so is the judgement (INTERFACES 7); an answer may say otherwise."""
    return State.NOT_MET if alarm.answers.get(JUDGEMENT) == NO else State.MET


def _of_the_nine(_: Step, __: Alarm, ___: CriterionRow, named: NeedRow | None) -> State:
    return State.NOT_KNOWN if named is None else State.MET


def _at_home(step: Step, alarm: Alarm, _: CriterionRow, __: NeedRow | None) -> State:
    """A record that says away may be old: not known, never not met."""
    if somebody_else(alarm):
        return State.MET
    person = step.facts.person
    at_home = person is not None and effective_status(person, step.now) is PersonStatus.HOME
    return State.MET if at_home else State.NOT_KNOWN


def _answers(step: Step, alarm: Alarm, row: CriterionRow, _: NeedRow | None) -> State:
    return _all(_group(step, alarm, group) for group in row.asks)


def _all(states: Iterable[State]) -> State:
    found = set(states)
    if State.NOT_MET in found:
        return State.NOT_MET
    return State.MET if found <= {State.MET} else State.NOT_KNOWN


def _group(step: Step, alarm: Alarm, questions: tuple[str, ...]) -> State:
    """Judge one thing that several questions ask for; what a clinician must see is not known."""
    rows: list[AnswerRow] = []
    for question in questions:
        row = row_of(step, alarm, question, alarm.answers.get(question, ""))
        rows += [] if row is None else [row]
    grave = tuple(row for row in rows if row.grade is Grade.EMERGENCY_999)
    if grave and not line_speaks_first(person_of(step, alarm), grave):
        return State.NOT_MET
    return State.MET if rows and all(r.grade is Grade.NONE for r in rows) else State.NOT_KNOWN


Judge = Callable[[Step, Alarm, CriterionRow, NeedRow | None], State]
CHECKS: Mapping[Check, Judge] = {
    Check.ADULT: _adult,
    Check.LIFE_THREAT: _life_threat,
    Check.EXCLUSION: _exclusion,
    Check.JUDGEMENT: _judged,
    Check.NEED: _of_the_nine,
    Check.AT_HOME: _at_home,
    Check.ANSWERS: _answers,
}
