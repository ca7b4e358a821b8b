"""Marking a task done: one transaction behind the case's lock.

What deciding offers for it is alerts.tasks.finish and the table of tasks; no event of its own
exists. Tasks that only an act on the alarm may end (a 999 call, calls to the person, a ring-back)
are refused here with the act that ends them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alerts import decide
from alerts.case import Case, Decision, Entry, Task
from alerts.facts import Facts
from alerts.lifecycle import Forbidden, TaskEvent
from alerts.rule_ids import Rule
from alerts.ruleset import Rules
from alerts.step import Step
from alerts.tasks import finish
from alerts.words import TaskKind, What
from gateway.acts import TRIES, WAIT_S
from gateway.api.auth import Caller
from gateway.api.problems import ApiError
from gateway.context import Context
from gateway.errors import StoreBusy
from gateway.store import cases
from gateway.store.save import Decided, save
from gateway.tokens import Role

ENDED_BY: Mapping[TaskKind, str] = {
    TaskKind.EMERGENCY_999: "Record the call on the alarm: call to 999; closing ends the task.",
    TaskKind.CALL_PATIENT: "Record the call on the alarm: spoke or no_reply.",
    TaskKind.COMFORT_CALL: "Record the call on the alarm: spoke or no_reply.",
    TaskKind.RING_BACK: "The clinician records ring_back on the referral.",
}


@dataclass(frozen=True, slots=True)
class Done:
    """A finished task and the steps that led to it."""

    task: Task
    entries: tuple[Entry, ...]


def check(task: Task) -> None:
    """Refuse what this way may not end.

    Raises:
        ApiError: 409 with the act that ends it.
    """
    if task.kind in ENDED_BY:
        raise ApiError(
            409,
            f"a {task.kind} task is ended by what was done, not by a tick",
            what_next=ENDED_BY[task.kind],
            reason="ended_by_its_own_act",
        )
    if task.kind is TaskKind.PHONE_REFERRAL and task.referral is not None:
        raise ApiError(
            409,
            "a referral by telephone is done when the service has answered it",
            what_next="Record accept or reject on the referral, as the service said it.",
            reason="ended_by_its_own_act",
        )


def finished(  # noqa: PLR0913 - the four of every decision, and who did which
    case: Case,
    facts: Facts,
    rules: Rules,
    now: datetime,
    *,
    task_id: str,
    caller: Caller,
    text: str,
) -> Decision:
    """Decide what is due, then finish the task.

    Raises:
        ApiError: 404 when the case no longer holds it, 409 when it is done or cancelled.
    """
    due = decide.due(case, facts, rules, now)
    step = Step(due.case, facts, rules, max(now, due.case.as_of))
    task = next((one for one in due.case.tasks if one.id == task_id), None)
    if task is None:
        raise ApiError(404, "no task of this id that is still open")
    check(task)
    try:
        step = finish(step, task, TaskEvent.DONE)
    except Forbidden as no:
        raise ApiError(409, str(no), reason="refused") from no
    rule = Rule.SERVICE_ACTS if caller.role is Role.RESPONDER else Rule.OPERATOR
    reason = step.why(rule, "task_done", by=caller.name, task=task.kind.value)
    step = step.say(
        What.NOTHING,
        reason,
        alarm=task.alarm,
        referral=task.referral,
        service=task.service,
        task=task.kind,
        task_id=task.id,
        text=text,
    )
    return Decision(step.case, (*due.entries, *step.entries), (*due.outgoing, *step.outgoing))


async def finish_task(
    context: Context, caller: Caller, subject_id: UUID, task_id: UUID, text: str
) -> Done:
    """Finish a task and commit.

    Raises:
        ApiError: 404 or 409; nothing was changed.
        StoreError: nothing was kept.
    """
    for attempt in range(TRIES):
        try:
            return await _once(context, caller, subject_id, str(task_id), text)
        except StoreBusy:
            if attempt == TRIES - 1:
                raise
            await asyncio.sleep(WAIT_S)
    raise AssertionError("the last try returns or raises")


async def _once(
    context: Context, caller: Caller, subject_id: UUID, task_id: str, text: str
) -> Done:
    now, desk = context.clock.now(), context.desk
    async with context.sessions.transaction() as connection:
        subject = await cases.lock_one(connection, subject_id)
        if subject is None or subject.case is None:
            raise ApiError(404, "no case of this id")
        facts = await cases.read_facts(connection, [subject], now)
        decision = finished(
            subject.case,
            facts[subject.id],
            desk.rules,
            now,
            task_id=task_id,
            caller=caller,
            text=text,
        )
        decided = Decided(subject, subject.case, decision, caller.actor)
        await save(connection, [decided], now, desk.audit_key)
    task = next(one for one in decision.case.tasks if one.id == task_id)
    return Done(task, decision.entries)
