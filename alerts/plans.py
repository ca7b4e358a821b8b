"""Whether a referral goes out by itself for an alarm (DECIDING 2), and what forbids it."""

from datetime import date, datetime

from alerts.case import Alarm, Reason
from alerts.facts import Person, Plan
from alerts.rule_ids import Rule
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


def plan_of(step: Step, alarm: Alarm) -> tuple[Plan, tuple[Reason, ...]]:
    """Give the plan for an alarm with the reasons; what is barred goes by the operator."""
    barred = barred_by(step, alarm)
    kind = step.row(alarm).plan
    if barred or not kind:
        return BY_OPERATOR, (*barred, step.why(Rule.PLAN, "operator_decides", what=alarm.what))
    person = step.facts.person
    own = None if person is None else person.plan.get(kind)
    if own is not None:
        return own, (step.why(Rule.PLAN, "plan_of_person", plan=_words(own)),)
    shipped = step.rules.plans.get(kind)
    if shipped is None:
        return BY_OPERATOR, (step.why(Rule.PLAN, "no_plan_shipped", kind=kind),)
    return shipped.plan, (
        step.why(Rule.PLAN, "plan_shipped", plan=_words(shipped.plan), row=shipped.id),
    )


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
