"""Exclusions for this event (DECIDING 1.3): spoken words and answers, never a diagnosis on record.

They beat a UCR plan: nothing goes out by itself from then on, and what went out already goes back
in front of an operator. Where to, rows say by the hour: the first route that is open now.
"""

import msgspec

from alerts.case import Alarm, Reason
from alerts.hours import is_open
from alerts.referral.choose import Choice
from alerts.referral.routes import phone_task, route
from alerts.rule_rows import AnswerRow
from alerts.script_rows import ExclusionRow, Route, reason_of
from alerts.step import LIVE_TASKS, Step
from alerts.timing import TimerKind
from alerts.waiting import front
from alerts.words import Disposition, TaskKind


class Way(msgspec.Struct, frozen=True):
    """Where an event goes: a disposition, the service that answers now, in words, and why."""

    disposition: Disposition
    service: str | None
    text: str
    reasons: tuple[Reason, ...]


def way_for(step: Step, said: tuple[AnswerRow, ...]) -> Way:
    """Find where these answers of grade exclusion go now; what is for the police is theirs."""
    rows = [step.rules.scripts.exclusions[answer.exclusion] for answer in said]
    row = min(rows, key=lambda one: one.routes[0].disposition is not Disposition.POLICE)
    words = [f"{answer.letter}.{answer.answer}" for answer in said]
    *before, last = row.routes
    for each in before:
        if is_open(each.as_service(), step.now):
            choice = route(step, each.disposition.value)
            if not _stands_in(step, each, choice):
                return _way(row, each, choice, words)
    return _way(row, last, route(step, last.disposition.value), words)


def _stands_in(step: Step, each: Route, choice: Choice) -> bool:
    """Say whether the service that was meant is known and cannot go, so that another answers."""
    known = step.rules.routes.get(each.disposition.value)
    kinds = () if known is None else known.kinds[:1]
    meant = {service.id for service in step.facts.services if service.kind in kinds}
    chosen = None if choice.service is None else choice.service.id
    return bool(meant) and chosen not in meant


def _way(row: ExclusionRow, each: Route, choice: Choice, words: list[str]) -> Way:
    to = each.disposition.value
    why = reason_of(row, "excluded_event", answers=words, exclusion=row.name, to=to)
    service = None if choice.service is None else choice.service.id
    return Way(each.disposition, service, each.text, (why,))


def telephone(step: Step, alarm: Alarm, asked: Disposition, reason: Reason, text: str) -> Step:
    """Ask a person to telephone who answers now, unless a task says so already.

    A task to telephone somebody else does not stand in for it.
    """
    if any(
        task.kind is TaskKind.PHONE_REFERRAL
        and task.alarm == alarm.id
        and task.state in LIVE_TASKS
        and task.text.startswith(text)
        for task in step.case.tasks
    ):
        return step
    return phone_task(step, alarm, reason, route(step, asked.value), text)


def back_in_front(step: Step, alarm: Alarm, reason: Reason, text: str) -> Step:
    """Put what went out already back in front of an operator; it is not withdrawn by itself."""
    if not any(referral.alarm == alarm.id for referral in step.open_referrals()):
        return step
    # Who has just given the answer has it in front of them, and is not asked to respond again.
    return front(step, alarm.id, reason, text).stop(alarm.id, (TimerKind.PRESSED_AGAIN,))
