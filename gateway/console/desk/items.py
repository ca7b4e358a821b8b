"""One open alarm as the queue shows it. Pure: a row of `desk_queue` in, a JSON-able item out.

Contract: `revision` grows with every change of the alarm, of its referrals and of its tasks; an
item may be shown over another one of the same alarm when its revision is not smaller. `order` sorts
the queue: life safety, help, technical; the worst, then what nobody has, then what rang again, then
the oldest.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from alerts.case import Alarm, Timer
from alerts.step import CLOSED_REFERRALS, LIVE_TASKS
from alerts.timing import TimerKind
from alerts.words import AlarmKind, AlarmState, PersonStatus, ReferralState, TaskKind, TaskState
from gateway.api.records_base import HomeWarning
from gateway.console.desk import words

LANES = ("life_safety", "help", "technical")
LIFE_SAFETY_PRIORITY = 1
STEPS_SHOWN = 4
CAUSES_SHOWN = 3
LATE_PRESS = timedelta(seconds=60)
HIDDEN = frozenset({TimerKind.CANCEL_KEPT})
WARNINGS = {
    HomeWarning.BEREAVED: "Somebody in this home has died: read the record before you call",
    HomeWarning.DEATH_REPORTED: "A death was reported here: read the record before you call",
}

Item = dict[str, Any]
_timers = msgspec.json.Decoder(list[Timer]).decode
_alarm = msgspec.json.Decoder(Alarm).decode


class ReferralLine(msgspec.Struct, frozen=True):
    """What the queue shows of a referral."""

    id: str
    service: str
    state: str
    provisional: bool
    seen_at: datetime | None = None
    eta_at: datetime | None = None
    breached_at: datetime | None = None


class TaskLine(msgspec.Struct, frozen=True):
    """What the queue shows of a task."""

    id: str
    kind: str
    state: str
    due_at: datetime | None = None
    claimed_by: str | None = None


_referrals = msgspec.json.Decoder(list[ReferralLine]).decode
_tasks = msgspec.json.Decoder(list[TaskLine]).decode


def lane(alarm: Alarm) -> str:
    """Say in which lane an alarm stands."""
    if alarm.kind is AlarmKind.TECHNICAL:
        return "technical"
    grave = alarm.kind is AlarmKind.LIFE_SAFETY or alarm.priority <= LIFE_SAFETY_PRIORITY
    return "life_safety" if grave else "help"


def who(row: Any) -> str:  # noqa: ANN401 - a row of desk_queue
    """Say whose alarm it is."""
    named = row.person_name or row.place_name
    if named:
        return str(named)
    return f"Unknown caller {row.label}" if row.label else "Unknown caller"


def item(row: Any, warning: HomeWarning | None = None) -> Item:  # noqa: ANN401 - as above
    """Show an alarm in the queue."""
    alarm = _alarm(row.record)
    referrals, tasks = _referrals(row.referrals), _tasks(row.tasks)
    about = {alarm.id, *(one.id for one in referrals), *(one.id for one in tasks)}
    closed = alarm.state is AlarmState.CLOSED
    timers = [] if closed else _timers(row.timers)
    return {
        "id": alarm.id,
        "revision": int(row.revision),
        "state": alarm.state.value,
        "lane": lane(alarm),
        "order": order(alarm),
        "kind": alarm.kind.value,
        "what": _what(alarm),
        "who": who(row),
        "where": ", ".join(part for part in (row.address, row.postcode) if part),
        "alarm_at": utc(alarm.alarm_at),
        "pressed_at": utc(alarm.pressed_at) if _is_late(alarm) else None,
        "taken_by": alarm.taken_by,
        "answered_at": utc(alarm.spoke_at if alarm.speech else alarm.taken_at),
        "speech": alarm.speech,
        "rings": alarm.rings,
        "on_floor_since": utc(alarm.on_floor_since),
        "close_asked_by": alarm.close_asked_by,
        "steps": next_steps(timers, about),
        "recall_at": recall_at(timers, about),
        "flags": flags(alarm, referrals, tasks, status=_away(row), warning=warning),
    }


def utc(at: datetime | None) -> str | None:
    """Write a time as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def order(alarm: Alarm) -> list[int]:
    """Give the place in the queue, smallest first."""
    untaken = alarm.state is AlarmState.OPEN
    return [
        LANES.index(lane(alarm)),
        alarm.priority,
        0 if untaken else 1,
        0 if untaken and alarm.rings > 1 else 1,
        int(alarm.alarm_at.timestamp() * 1000),
    ]


def next_steps(timers: Iterable[Timer], about: set[str]) -> list[dict[str, str | None]]:
    """Give what will happen by itself about an alarm, soonest first; at most STEPS_SHOWN."""
    due = sorted(
        (timer for timer in timers if timer.about in about),
        key=lambda timer: (timer.due_at, timer.kind),
    )
    shown = [timer for timer in due if TimerKind(timer.kind) not in HIDDEN]
    return [
        {"kind": one.kind, "words": words.STEPS[TimerKind(one.kind)], "due_at": utc(one.due_at)}
        for one in shown[:STEPS_SHOWN]
    ]


def recall_at(timers: Iterable[Timer], about: set[str]) -> str | None:
    """Say when ambulance control is to be called again; None while no ambulance is awaited."""
    due = [one.due_at for one in timers if one.kind == TimerKind.RECALL_999 and one.about in about]
    return utc(min(due, default=None))


def _what(alarm: Alarm) -> str:
    if alarm.kind is AlarmKind.TECHNICAL:
        shown = [words.cause(one) for one in alarm.causes[:CAUSES_SHOWN]]
        more = len(alarm.causes) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "") or words.what(alarm.what)
    times = f" ({alarm.signals} times)" if alarm.signals > 1 else ""
    return words.what(alarm.what) + times


def _is_late(alarm: Alarm) -> bool:
    return alarm.pressed_at is not None and alarm.alarm_at - alarm.pressed_at > LATE_PRESS


def _away(row: Any) -> str | None:  # noqa: ANN401 - a row of desk_queue
    status = row.person_status
    return None if status in (None, PersonStatus.HOME) else words.STATUSES.get(status, status)


def flags(
    alarm: Alarm,
    referrals: Iterable[ReferralLine],
    tasks: Iterable[TaskLine],
    *,
    status: str | None,
    warning: HomeWarning | None,
) -> list[dict[str, str]]:
    """Say what must be known before one opens it, the gravest first."""
    found = [*_of_tasks(tasks), *_of_alarm(alarm), *_of_referrals(referrals)]
    if warning is not None:
        found.append(("amber", WARNINGS[warning]))
    if status is not None:
        found.append(("amber", f"On record: {status}"))
    rank = ("red", "amber", "blue", "green", "grey")
    found.sort(key=lambda flag: rank.index(flag[0]))
    return [{"level": level, "words": said} for level, said in found]


def _of_alarm(alarm: Alarm) -> Iterable[tuple[str, str]]:
    if alarm.rings > 1 and alarm.state is AlarmState.OPEN:
        yield "red", f"Rang again ({alarm.rings} times)"
    if alarm.silent_since is not None:
        yield "red", "Nobody has heard a voice"
    if not alarm.known:
        yield "amber", "Sender not known"
    if _is_late(alarm):
        yield "amber", "Late: pressed before it reached us"
    if alarm.cancelled_at is not None:
        yield "blue", "Cancelled by the device"
    if alarm.close_asked_by is not None:
        yield "amber", f"{alarm.close_asked_by} asks for a second person to close it"
    if not alarm.speech and alarm.kind is AlarmKind.HELP:
        yield "grey", "No voice channel: telephone"


def _of_tasks(tasks: Iterable[TaskLine]) -> Iterable[tuple[str, str]]:
    for task in tasks:
        if TaskState(task.state) not in LIVE_TASKS:
            continue
        if task.kind != TaskKind.EMERGENCY_999:
            continue
        if task.claimed_by:
            yield "amber", f"999: {task.claimed_by} has it"
        else:
            yield "red", "999 must be called: nobody has claimed it"


def _of_referrals(referrals: Iterable[ReferralLine]) -> Iterable[tuple[str, str]]:
    for one in referrals:
        if one.state in CLOSED_REFERRALS:
            continue
        said = f"{one.service}: {words.REFERRALS[ReferralState(one.state)]}"
        if one.breached_at is not None and one.state == "breached":
            yield "red", said
        elif one.provisional:
            yield "amber", f"{said}, provisional: nobody has confirmed it"
        else:
            yield "green", said
