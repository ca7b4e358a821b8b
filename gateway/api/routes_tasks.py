"""What wants a person: tasks by due time, and marking them done."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from alerts.events import ServiceEvent, TaskDone
from alerts.lifecycle import Forbidden
from alerts.step import LIVE_TASKS
from alerts.words import ServiceAct, TaskKind
from gateway import vitals_acts
from gateway.api import build, reads, views
from gateway.api.act import bring, check_occurred
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import NO_NUL, DoneBody, RingBackBody
from gateway.api.problems import ApiError
from gateway.api.routes_alarms import LIMIT, Limit
from gateway.context import Context
from gateway.store.connect import Row, row, rows
from gateway.tokens import Role
from gateway.vitals_acts import Ended

router = APIRouter(prefix=V1, tags=["tasks"])


def _kinds(caller: Caller) -> list[str]:
    """Say which tasks a caller sees: of devices for engineers, calls to patients for clinicians."""
    if caller.role is Role.ENGINEER:
        return [TaskKind.DEVICE_FAULT.value]
    if caller.role is Role.CLINICIAN:
        return [TaskKind.CALL_PATIENT.value]
    return [kind.value for kind in TaskKind]


@router.get("/tasks", summary="Open tasks, by due time")
async def list_tasks(
    caller: WhoCalls,
    context: Shared,
    service: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    limit: Limit = LIMIT,
) -> views.Tasks:
    """Give tasks that are open or claimed, the most urgent first; a responder's service's only.

    Each says whom it is about; `warning` is read before one calls their home.
    """
    named = reads.named_service(caller, service)
    async with context.sessions.transaction() as connection:
        found = await rows(
            connection,
            "desk_tasks",
            organisation_id=caller.organisation_id,
            service_id=named,
            kinds=_kinds(caller),
            limit=limit + 1,
        )
        warned = await reads.warnings_of(connection, found)
    now = context.clock.now()
    return views.Tasks(
        tasks=tuple(
            build.task_view(build.task_of(one.record), build.whose(one, warned), now)
            for one in found[:limit]
        ),
        more=len(found) > limit,
    )


async def _vitals_task(
    context: Context, caller: Caller, task_id: UUID, text: str
) -> views.TaskDone | None:
    """Mark a task of the vitals half done; None when there is none of this id that they may see."""
    ended = Ended(caller.organisation_id, caller.actor, task_id, text, _kinds(caller))
    now = context.clock.now()
    try:
        done = await vitals_acts.end_task(context.sessions, ended, context.desk, now)
    except Forbidden as no:
        raise ApiError(409, str(no), reason="refused") from no
    if done is None:
        return None
    person, task = done
    async with context.sessions.transaction() as connection:
        warned = await reads.warnings(connection, [person])
    whose = build.Whose(person, person, warned.get(person))
    return views.TaskDone(task=build.task_view(task, whose, now), notes=(), decided=())


@router.post("/tasks/{task_id}/done", summary="A task is done")
async def done(task_id: UUID, body: DoneBody, caller: WhoCalls, context: Shared) -> views.TaskDone:
    """Mark a task done, such as equipment that was delivered; 409 names the act that ends it."""
    found, warned = await _look(context, task_id, caller)
    if found is None and (ended := await _vitals_task(context, caller, task_id, body.text)):
        return ended
    found = _seen(found, caller)
    now = context.clock.now()
    event = TaskDone(at=now, by=caller.name, task=str(task_id), text=body.text)
    return await _bring(context, caller, found, warned, event)


@router.post("/tasks/{task_id}/ring_back", summary="A clinician rang back, as the task asks")
async def ring_back(
    task_id: UUID, body: RingBackBody, caller: WhoCalls, context: Shared
) -> views.TaskDone:
    """Note the call and its result where an alarm has no referral; the task is done with it.

    Without a call no such task is done: 999 follows it when its time is over. `disposition`
    999_task says that the clinician wants 999; `tasks` need a referral.
    """
    found, warned = await _look(context, task_id, caller)
    found = _seen(found, caller)
    now = context.clock.now()
    check_occurred(body.occurred_at, now)
    task = build.task_of(found.record)
    if task.kind is not TaskKind.RING_BACK or task.state not in LIVE_TASKS:
        raise ApiError(409, f"this is a {task.kind} task, {task.state}: nobody waits for a call")
    event = ServiceEvent(
        at=now,
        service=caller.service_id or found.service_id or "",
        do=ServiceAct.RING_BACK,
        by=caller.name,
        alarm=task.alarm,
        **body.model_dump(),
    )
    return await _bring(context, caller, found, warned, event)


async def _look(
    context: Context, task_id: UUID, caller: Caller
) -> tuple[Row | None, build.Warnings]:
    """Find a task of the telecare half, and the warning of its home."""
    async with context.sessions.transaction() as connection:
        found = await row(
            connection, "desk_task", id=task_id, organisation_id=caller.organisation_id
        )
        return found, await reads.warnings_of(connection, [found] if found is not None else [])


def _seen(found: Row | None, caller: Caller) -> Row:
    """Give back a task that the caller may see.

    Raises:
        ApiError: 404.
    """
    hidden = found is None or build.task_of(found.record).kind.value not in _kinds(caller)
    if found is None or hidden or caller.service_id not in (None, found.service_id):
        raise ApiError(404, "no task of this id that you may see")
    return found


async def _bring(
    context: Context,
    caller: Caller,
    found: Row,
    warned: build.Warnings,
    event: TaskDone | ServiceEvent,
) -> views.TaskDone:
    acted = await bring(context, caller, found.subject_id, event)
    named = build.task_of(found.record).id
    task = next(one for one in acted.case.tasks if one.id == named)
    referral = next((one for one in acted.case.referrals if one.id == task.referral), None)
    return views.TaskDone(
        task=build.task_view(task, build.whose(found, warned), context.clock.now()),
        notes=() if referral is None else build.notes(referral),
        decided=build.steps(acted.entries),
    )
