"""Bring one caller's act to one case; what the tables refuse becomes a 409 with its words."""

from datetime import datetime, timedelta
from uuid import UUID

from alerts.case import Case
from alerts.events import Event, OperatorEvent
from alerts.words import AlarmState, OperatorAct
from gateway import acts
from gateway.acts import Acted
from gateway.api.auth import Caller
from gateway.api.problems import ApiError
from gateway.api.words import refusal
from gateway.context import Context
from gateway.store.cases import NewSubject

AHEAD = timedelta(seconds=60)
BEHIND = timedelta(days=30)


async def bring(
    context: Context,
    caller: Caller,
    subject_id: UUID,
    event: Event,
    *,
    new: NewSubject | None = None,
) -> Acted:
    """Bring the event, commit, and give what it led to.

    Raises:
        ApiError: 404 when there is no such case; 409 when the tables refuse the act.
        StoreError: nothing was kept.
    """
    acted = await acts.act(
        context.sessions,
        subject_id,
        event,
        context.desk,
        context.clock.now(),
        actor=caller.actor,
        new=new,
    )
    if acted is None:
        raise ApiError(404, "no case of this id")
    refused = refusal(acted.entries)
    if refused is not None:
        reason, text = refused
        raise ApiError(409, _too_late(acted.case, event) or text, reason=reason)
    return acted


def _too_late(case: Case, event: Event) -> str | None:
    """Tell somebody who takes an alarm that was taken who has it; None for any other refusal."""
    if not isinstance(event, OperatorEvent) or event.do is not OperatorAct.TAKE:
        return None
    alarm = next((one for one in case.alarms if one.id == event.alarm), None)
    if alarm is None or alarm.state is not AlarmState.TAKEN:
        return None
    who = "you have" if alarm.taken_by == event.operator else f"{alarm.taken_by} has"
    return f"{who} this alarm already"


def check_occurred(occurred_at: datetime | None, now: datetime) -> None:
    """Refuse a time that has not come, or that is too long ago to be meant.

    Raises:
        ApiError: 422.
    """
    if occurred_at is None:
        return
    if occurred_at > now + AHEAD:
        raise ApiError(
            422, f"occurred_at lies {occurred_at - now} in the future; it is {now:%H:%M} UTC"
        )
    if occurred_at < now - BEHIND:
        raise ApiError(422, f"occurred_at lies more than {BEHIND.days} days back")
