"""Technical conditions (DECIDING 1, branch 0): opened by their cause, closed only by its end.

One technical alarm is open per subject; causes join it. When the last cause is gone it closes by
itself, unless a person has taken it or a cause can only be judged by a person.
"""

import msgspec
from msgspec.structs import replace

from alerts.case import Alarm, Reason
from alerts.events import DeviceBack, DeviceLost, Heard
from alerts.ids import alarm_id
from alerts.lifecycle import ALARM, AlarmEvent, advance
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.tasks import finish_all
from alerts.telecare.faulty import see_to
from alerts.waiting import CONSOLES
from alerts.words import AlarmKind, AlarmState, CloseReason, Disposition, What
from devices.model import Status, StatusKind, StatusState

PRIORITY = 5
MAX_CAUSES = 100
SHOWN_DEVICES = 20
BEGINS = frozenset({StatusState.LOW, StatusState.LOST, StatusState.FAULT})


class Trouble(msgspec.Struct, frozen=True):
    """A technical condition that begins: the device, its cause, what opened it, and why."""

    device: str
    cause: str
    opened_by: str
    reason: Reason
    note: str = ""


def status(step: Step, heard: Heard, said: Status) -> Step:
    """A status edge opens or ends its cause; an attendance code asks about the responder."""
    cause = f"{heard.sender}:{said.what.value}"
    inputs = {"device": heard.sender, "what": said.what.value, "state": said.state.value}
    if said.what is StatusKind.ATTENDANCE:
        return _attendance(step, inputs)
    if said.state in BEGINS:
        reason = step.why(Rule.TECHNICAL_EDGE, "condition_began", **inputs, value=said.value)
        return trouble(step, Trouble(heard.sender, cause, heard.receipt, reason))
    word = "heard" if said.what is StatusKind.HEARTBEAT else "condition_ended"
    return restored(step, (cause,), step.why(Rule.TECHNICAL_BACK, word, **inputs))


def _attendance(step: Step, inputs: dict[str, str]) -> Step:
    alarm = step.open_alarm(AlarmKind.HELP) or step.open_alarm(AlarmKind.LIFE_SAFETY)
    reason = step.why(Rule.RESPONDER_ARRIVED, "attendance_code", **inputs)
    if alarm is None:
        return step.say(What.NOTHING, reason)
    return step.notify(CONSOLES, alarm, reason, "has the responder arrived?")


def fault(step: Step, heard: Heard) -> Step:
    """A message that cannot be read is work for a person."""
    reason = step.why(Rule.UNREADABLE, "message_unreadable", device=heard.sender, fault=heard.fault)
    cause = f"{heard.sender}:message"
    return trouble(step, Trouble(heard.sender, cause, heard.receipt, reason, heard.detail))


def lost(step: Step, event: DeviceLost) -> Step:
    """Nothing was heard from devices for too long: one alarm with a list."""
    shown = list(event.devices[:SHOWN_DEVICES])
    reason = step.why(
        Rule.TECHNICAL_EDGE,
        "device_lost",
        devices=shown,
        count=len(event.devices),
        line=event.line,
        silent_since=event.silent_since,
    )
    for device in event.devices[:MAX_CAUSES]:
        opened_by = f"lost:{event.line}:{device}@{step.now.isoformat()}"
        step = trouble(step, Trouble(device, f"{device}:lost", opened_by, reason, ", ".join(shown)))
    return step


def back(step: Step, event: DeviceBack) -> Step:
    """Lost devices were heard again."""
    causes = tuple(f"{device}:lost" for device in event.devices)
    reason = step.why(Rule.TECHNICAL_BACK, "device_back", devices=list(event.devices))
    return restored(step, causes, reason)


def trouble(step: Step, new: Trouble) -> Step:
    """Open the technical alarm for a cause, or join the open one; a known cause is not new."""
    alarm = step.open_alarm(AlarmKind.TECHNICAL)
    if alarm is None:
        return _open(step, new)
    alarm = replace(alarm, signals=alarm.signals + 1, last_signal_at=step.now)
    if new.cause in alarm.causes or len(alarm.causes) >= MAX_CAUSES:
        known = step.why(Rule.ALARM_OPEN, "already_open", causes=len(alarm.causes))
        return step.put_alarm(alarm).about(What.NOTHING, alarm, new.reason, known)
    alarm = replace(alarm, causes=(*alarm.causes, new.cause))
    return step.put_alarm(alarm).about(What.ALARM_JOINED, alarm, new.reason)


def _open(step: Step, new: Trouble) -> Step:
    alarm = Alarm(
        id=alarm_id(new.opened_by, AlarmKind.TECHNICAL.value),
        kind=AlarmKind.TECHNICAL,
        state=AlarmState.OPEN,
        alarm_at=step.now,
        what=new.cause.rpartition(":")[2],
        device=new.device,
        opened_by=new.opened_by,
        priority=PRIORITY,
        last_signal_at=step.now,
        causes=(new.cause,),
        note=new.note,
        disposition=Disposition.TECHNICAL,
    )
    step = step.put_alarm(alarm).about(
        What.TECHNICAL_OPENED, alarm, new.reason, disposition=alarm.disposition
    )
    reason = step.why(Rule.DEVICE_FAULT, "person_unprotected", device=new.device)
    return see_to(step, reason, alarm.id)


def restored(step: Step, causes: tuple[str, ...], reason: Reason) -> Step:
    """End causes; the alarm closes with its last one when nobody has it."""
    alarm = step.open_alarm(AlarmKind.TECHNICAL)
    if alarm is None or not set(causes) & set(alarm.causes):
        return step.say(What.NOTHING, reason)
    left = tuple(cause for cause in alarm.causes if cause not in causes)
    alarm = replace(alarm, causes=left)
    if left or advance(ALARM, alarm.state, AlarmEvent.CAUSE_GONE) is not AlarmState.CLOSED:
        rule = step.why(Rule.TECHNICAL_BACK, "stays_open", causes=list(left), state=alarm.state)
        return step.put_alarm(alarm).about(What.NOTHING, alarm, reason, rule)
    alarm = replace(
        alarm,
        state=AlarmState.CLOSED,
        closed_at=step.now,
        close_reason=CloseReason.TECHNICAL_FIXED,
    )
    return finish_all(step.put_alarm(alarm), alarm).about(What.TECHNICAL_CLOSED, alarm, reason)
