"""What wants a person: tasks by due time, and marking them done."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from alerts.events import TaskDone
from alerts.lifecycle import Forbidden
from alerts.words import TaskKind
from gateway import vitals_acts
from gateway.api import build, reads, views
from gateway.api.act import bring
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.models import DoneBody
from gateway.api.problems import ApiError
from gateway.api.routes_alarms import LIMIT, Limit
from gateway.context import Context
from gateway.store.connect import row, rows
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
    service: Annotated[str | None, Query(max_length=64)] = None,
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
    async with context.sessions.transaction() as connection:
        found = await row(
            connection, "desk_task", id=task_id, organisation_id=caller.organisation_id
        )
        warned = await reads.warnings_of(connection, [found] if found is not None else [])
    if found is None and (ended := await _vitals_task(context, caller, task_id, body.text)):
        return ended
    hidden = found is None or build.task_of(found.record).kind.value not in _kinds(caller)
    if found is None or hidden or caller.service_id not in (None, found.service_id):
        raise ApiError(404, "no task of this id that you may see")
    now = context.clock.now()
    event = TaskDone(at=now, by=caller.name, task=str(task_id), text=body.text)
    acted = await bring(context, caller, found.subject_id, event)
    task = next(one for one in acted.case.tasks if one.id == str(task_id))
    referral = next((one for one in acted.case.referrals if one.id == task.referral), None)
    return views.TaskDone(
        task=build.task_view(task, build.whose(found, warned), now),
        notes=() if referral is None else build.notes(referral),
        decided=build.steps(acted.entries),
    )
