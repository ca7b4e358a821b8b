"""Whether a referral goes out by itself for an alarm (DECIDING 2), and what forbids it."""

import math
from datetime import date, datetime

import msgspec

from alerts.case import Alarm, Reason
from alerts.facts import Person, Plan
from alerts.rule_ids import Rule
from alerts.rule_rows import Ladder
from alerts.script_rows import reason_of
from alerts.step import Step
from alerts.telecare.answered import excluded_by, is_life_threat
from alerts.telecare.helped import somebody_else
from alerts.words import Disposition, PersonStatus

BY_OPERATOR = Plan(operator=True)
RECOVERED = "recovered"
"""Mark of an alarm whose readings were normal again when it was handed over."""
NOT_FOR_UCR = frozenset(
    {
        Disposition.EMERGENCY_999,
        Disposition.FIRE,
        Disposition.GAS,
        Disposition.POLICE,
        Disposition.EDT,
        Disposition.SOCIAL_CARE,
        Disposition.MENTAL_HEALTH,
        Disposition.GP_111,
    }
)


class Planned(msgspec.Struct, frozen=True):
    """The plan that counts for an alarm, why it is that one, and what bars every other."""

    plan: Plan
    reasons: tuple[Reason, ...]
    barred: tuple[Reason, ...] = ()


def plan_of(step: Step, alarm: Alarm) -> Planned:
    """Give the plan for an alarm; what is barred goes by the operator, so does a personal attack.

    Of several kinds of call that stand each has its plan, and the one that refers first counts. It
    holds while the time, the alarm's kind of call, answers and decision stay as they are: who
    asks several things about one alarm asks this once and passes it on.
    """
    barred = barred_by(step, alarm)
    kinds = () if barred else _kinds(step, alarm)
    if not kinds:
        decides = step.why(Rule.PLAN, "operator_decides", what=alarm.what)
        return Planned(BY_OPERATOR, (*barred, decides), barred)
    if len(kinds) == 1:
        return _plan_for(step, kinds[0])
    return min([_plan_for(step, kind) for kind in kinds], key=lambda one: _soonest(one.plan))


def first_plan(step: Step, alarm: Alarm) -> Plan:
    """Give the plan of `plan_of` without its reasons, as it is while nothing bars it."""
    plans = [_chosen(step, kind)[0] or BY_OPERATOR for kind in _kinds(step, alarm)]
    return min(plans, key=_soonest, default=BY_OPERATOR)


def _kinds(step: Step, alarm: Alarm) -> tuple[str, ...]:
    return () if step.row(alarm).ladder is Ladder.LISTEN else tuple(calls_of(step, alarm))


def calls_of(step: Step, alarm: Alarm) -> dict[str, datetime]:
    """Give the kinds of call that stand, and since when."""
    if alarm.calls is not None:
        return alarm.calls
    kind = step.row(alarm).plan
    return {kind: alarm.alarm_at} if kind else {}


def _soonest(plan: Plan) -> float:
    """Order plans by when they refer: at once, after so many seconds, never by themselves."""
    return 0 if plan.at_once else plan.after_untaken_s or math.inf


def _chosen(step: Step, kind: str) -> tuple[Plan | None, str]:
    """Choose the plan for a kind of call: the person's own, else the shipped row, named."""
    person = step.facts.person
    own = None if person is None else person.plan.get(kind)
    if own is not None:
        return own, ""
    shipped = step.rules.plans.get(kind)
    return (None, "") if shipped is None else (shipped.plan, shipped.id)


def _plan_for(step: Step, kind: str) -> Planned:
    plan, row = _chosen(step, kind)
    if plan is None:
        return Planned(BY_OPERATOR, (step.why(Rule.PLAN, "no_plan_shipped", kind=kind),))
    if not row:
        return Planned(plan, (step.why(Rule.PLAN, "plan_of_person", plan=_words(plan)),))
    return Planned(plan, (step.why(Rule.PLAN, "plan_shipped", plan=_words(plan), row=row),))


def barred_by(step: Step, alarm: Alarm) -> tuple[Reason, ...]:
    """Say what forbids that anything goes out by itself for this alarm."""
    person = step.facts.person
    if not alarm.known:
        return (step.why(Rule.UNKNOWN_CALLER, "unknown_caller", device=alarm.device),)
    if person is None:
        return (step.why(Rule.PLAN, "no_person", subject=step.facts.subject.value),)
    reasons = [*_excluded(step, alarm)]
    if (who := somebody_else(alarm)) is not None:
        reasons.append(step.why(Rule.SOMEBODY_ELSE, "somebody_else_needs_help", who=who))
        return tuple(reasons)
    if (status := effective_status(person, step.now)) is not PersonStatus.HOME:
        reasons.append(step.why(Rule.PERSON_STATUS, "person_not_at_home", status=status.value))
    if RECOVERED in alarm.marks:
        at = alarm.marks[RECOVERED]
        reasons.append(step.why(Rule.DETERIORATION, "readings_normal_again", at=at))
    if is_under_age(step, person):
        reasons.append(step.why(Rule.ADULT_AGE, "under_age", born=person.born))
    return tuple(reasons)


def _excluded(step: Step, alarm: Alarm) -> tuple[Reason, ...]:
    """Say what about this event is not for a crisis team: the order of decision before it."""
    decided = alarm.decided_at is not None and alarm.disposition in NOT_FOR_UCR
    if decided and alarm.disposition is not None:
        to = alarm.disposition.value
        return (step.why(Rule.ORDER_EXCLUSIONS, "decided_otherwise", disposition=to),)
    if not alarm.answers:
        return ()
    if is_life_threat(step, alarm):
        return (step.why(Rule.ORDER_LIFE_THREAT, "life_threat_answer"),)
    return tuple(
        reason_of(
            step.rules.scripts.exclusions[said.exclusion],
            "excluded_event",
            answer=f"{said.letter}.{said.answer}",
        )
        for said in excluded_by(step, alarm)[:1]
    )


def effective_status(person: Person, now: datetime) -> PersonStatus:
    """Give the person's status; an absence whose end has passed is over."""
    over = person.away_until is not None and person.away_until <= now
    if person.status is PersonStatus.AWAY and over:
        return PersonStatus.HOME
    return person.status


def is_under_age(step: Step, person: Person) -> bool:
    """Say whether the person is under the age of UCR; an unknown date of birth is not."""
    if person.born is None:
        return False
    return age_years(person.born, step.now.date()) < step.rules.count(Rule.ADULT_AGE)


def age_years(born: date, today: date) -> int:
    """Count birthdays; one on 29 February is reached on 1 March of other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _words(plan: Plan) -> str:
    if plan.after_untaken_s is not None:
        return f"after_untaken {plan.after_untaken_s} s"
    return "at_once" if plan.at_once else "operator"
