"""Random things that happen to a house, for the properties."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from alerts.case import Case
from alerts.events import (
    DeliveryEvent,
    DeviceBack,
    DeviceFault,
    DeviceLost,
    Event,
    Heard,
    OperatorEvent,
    PersonChanged,
    ServiceEvent,
    TaskDone,
)
from alerts.step import LIVE_TASKS
from alerts.words import (
    CallTarget,
    CloseReason,
    DeliveryAct,
    Disposition,
    Mechanism,
    OperatorAct,
    PersonStatus,
    ServiceAct,
    Source,
    Standard,
)
from devices.model import (
    Activation,
    ActivationKind,
    Flag,
    Measurement,
    Phase,
    Status,
    StatusKind,
    StatusState,
    VitalCode,
)

Input = Heard | Event
Making = Callable[[datetime, int, Case], Input]

NOT_CALLS = {ActivationKind.CANCEL, ActivationKind.RESET}
QUESTIONS = [None, "because", "general.breathing", "general.pain", "general.safeguarding",
             "general.crime", "general.on_floor", "confusion.now", "seizure.now",
             "who_needs_help"]  # fmt: skip
FLAGS = [Flag.RETAINED, Flag.CACHED, Flag.FROM_MEMORY, Flag.UNAUTHENTICATED, Flag.SIMULATED]


def _last(items: tuple[Any, ...], name: str, back: int = 0) -> str:
    return items[max(len(items) - 1 - back, 0)].id if items else name


@st.composite
def signals(draw: st.DrawFn) -> Making:
    what = draw(st.sampled_from(list(ActivationKind)) | st.sampled_from(["fall", "pendant"]))
    flags = frozenset(draw(st.lists(st.sampled_from(FLAGS), max_size=1)))
    phase = draw(st.sampled_from([Phase.START, Phase.START, Phase.START, Phase.END]))
    of = draw(st.sampled_from([None, "1", "2", "3"]))
    back_s = draw(st.sampled_from([None, 0, 5, 4000]))
    known = draw(st.sampled_from([True, True, True, False]))

    def make(at: datetime, number: int, _: Case) -> Heard:
        signal = Activation(
            "17",
            ActivationKind(what),
            key=str(number),
            phase=phase,
            flags=flags,
            of=of,
            at=None if back_s is None else at - timedelta(seconds=back_s),
        )
        return Heard(f"r{number}", at, "17", "main", signal, known=known)

    return make


@st.composite
def other_signals(draw: st.DrawFn) -> Making:
    kind = draw(st.sampled_from([StatusKind.BATTERY, StatusKind.LINK, StatusKind.ATTENDANCE]))
    status = Status("17", kind, draw(st.sampled_from(StatusState)))
    signal = draw(st.sampled_from([status, Measurement("17", VitalCode.SPO2, 80.0), None]))
    shaped = draw(st.booleans())

    def make(at: datetime, number: int, _: Case) -> Heard:
        fault = "corrupt" if signal is None else None
        return Heard(f"r{number}", at, "17", "main", signal, fault=fault, press_shaped=shaped)

    return make


@st.composite
def operator_events(draw: st.DrawFn) -> Making:
    do = draw(st.sampled_from(OperatorAct))
    who = draw(st.sampled_from(["op1", "op2"]))
    to = draw(st.sampled_from([None, *CallTarget]))
    disposition = draw(st.sampled_from([None, *Disposition]))
    letter = draw(st.sampled_from(["M", "S", "T", "E", "?"]))
    word = draw(st.sampled_from(["yes", "no", "unknown"]))
    asked = draw(st.sampled_from(QUESTIONS))
    close = draw(st.sampled_from([None, CloseReason.REASSURED]))
    reason = draw(st.sampled_from([None, "because"]))
    due_s = draw(st.sampled_from([None, -60, 600]))
    to_referral = draw(st.sampled_from([False, False, True]))

    def make(at: datetime, _: int, case: Case) -> OperatorEvent:
        return OperatorEvent(
            at,
            who,
            do,
            alarm=None if to_referral else _last(case.alarms, "none"),
            referral=_last(case.referrals, "none") if to_referral else None,
            to=to,
            question=asked,
            answer="spouse" if asked == "who_needs_help" and word == "yes" else word,
            answers={letter: word},
            given_by=draw_giver,
            disposition=disposition,
            reason=reason,
            close_reason=close,
            text=reason or "",
            due_at=None if due_s is None else at + timedelta(seconds=due_s),
        )

    draw_giver = draw(st.sampled_from([None, "patient", "carer"]))
    return make


@st.composite
def service_events(draw: st.DrawFn) -> Making:
    do = draw(st.sampled_from(ServiceAct))
    mechanism = draw(st.sampled_from([None, *Mechanism]))
    fresh = draw(st.booleans()) and do is ServiceAct.RECEIVE
    eta_s = draw(st.sampled_from([None, 600, 6000]))
    tasks = draw(st.sampled_from([(), ("equipment",), ("nonsense",)]))
    back_s = draw(st.sampled_from([None, 100]))
    standard = draw(st.sampled_from([None, *Standard]))
    given_to = draw(st.sampled_from(["icrs", "icrs", "hub", "county"]))
    source = draw(st.sampled_from([Source.GP, Source.FAMILY]))
    to_999 = draw(st.sampled_from([None, None, None, Disposition.EMERGENCY_999]))
    action_needed = draw(st.booleans())
    back = draw(st.sampled_from([0, 0, 1, 2]))

    def make(at: datetime, number: int, case: Case) -> ServiceEvent:
        meant = _last(case.referrals, "none", back)
        its = next((one.service for one in case.referrals if one.id == meant), given_to)
        return ServiceEvent(
            at,
            given_to if fresh else its,
            do,
            f"given-{number}" if fresh else meant,
            mechanism=mechanism,
            source=source,
            disposition=to_999,
            action_needed=action_needed,
            standard=standard,
            eta=None if eta_s is None else at + timedelta(seconds=eta_s),
            occurred_at=None if back_s is None else at - timedelta(seconds=back_s),
            tasks=tasks,
        )

    return make


@st.composite
def other_events(draw: st.DrawFn) -> Making:
    which = draw(st.sampled_from(["ack", "fail", "lost", "back", "faulty", "mended"]))

    def make(at: datetime, _: int, case: Case) -> Event:
        if which == "lost":
            return DeviceLost(at, ("17",), line="main")
        if which == "back":
            return DeviceBack(at, ("17",))
        if which in ("faulty", "mended"):
            return DeviceFault(at, "eng-1", "17", at if which == "faulty" else None)
        act = DeliveryAct.ACKNOWLEDGED if which == "ack" else DeliveryAct.FAILED
        return DeliveryEvent(at, "icrs", act, _last(case.referrals, "none"))

    return make


@st.composite
def cancels(draw: st.DrawFn) -> Making:
    """Draw a cancel of the fall that is waited for, or of one that comes next."""
    early = draw(st.booleans())

    def make(at: datetime, number: int, case: Case) -> Heard:
        falls = [one.fall_key.partition("/")[2] for one in case.alarms if one.fall_key]
        of = str(number + 1) if early or not falls else falls[-1]
        signal = Activation("17", ActivationKind.CANCEL, key=str(number), of=of)
        return Heard(f"r{number}", at, "17", "main", signal)

    return make


@st.composite
def tasks_and_persons(draw: st.DrawFn) -> Making:
    """Draw a task ticked off, or a person's status changed on the record."""
    is_task = draw(st.booleans())
    was, now = draw(st.sampled_from(PersonStatus)), draw(st.sampled_from(PersonStatus))
    second = draw(st.sampled_from([None, "op2"]))

    def make(at: datetime, _: int, case: Case) -> Event:
        live = [one.id for one in case.tasks if one.state in LIVE_TASKS]
        if is_task:
            return TaskDone(at, "op1", live[-1] if live else "none")
        return PersonChanged(at, "op1", was, now, second)

    return make


SENSIBLE: list[dict[str, Any]] = [
    {"do": OperatorAct.TAKE},
    {"do": OperatorAct.SPOKE},
    {"do": OperatorAct.SPOKE},
    {"do": OperatorAct.CLOSE, "close_reason": CloseReason.REASSURED},
    {"do": OperatorAct.CLOSE, "close_reason": CloseReason.ACCIDENT},
    {"do": OperatorAct.RELEASE},
    {"do": OperatorAct.WITHDRAW, "reason": "because"},
    {"do": OperatorAct.CALL, "to": CallTarget.EMERGENCY_999},
    {"do": OperatorAct.UP},
    {"do": OperatorAct.NO_REPLY},
    {"do": OperatorAct.CONFIRM},
    {"do": OperatorAct.DECIDE, "disposition": Disposition.CONTACT},
    {"do": OperatorAct.DECIDE, "disposition": Disposition.ADVICE},
    {"do": OperatorAct.DECIDE, "disposition": Disposition.UCR},
]


@st.composite
def sensible_acts(draw: st.DrawFn) -> Making:
    """Draw what operators do all day, so that long stories come about."""
    fields = draw(st.sampled_from(SENSIBLE))
    who = draw(st.sampled_from(["op1", "op1", "op2"]))

    def make(at: datetime, _: int, case: Case) -> OperatorEvent:
        return OperatorEvent(at, who, alarm=_last(case.alarms, "none"), **fields)

    return make


@st.composite
def plain_calls(draw: st.DrawFn) -> Making:
    """Draw a press, now and then a fall."""
    what = draw(st.sampled_from(["pendant", "pendant", "pull_cord", "fall"]))

    def make(at: datetime, number: int, _: Case) -> Heard:
        signal = Activation("17", ActivationKind(what), key=str(number))
        return Heard(f"r{number}", at, "17", "main", signal)

    return make


WAITS_S = st.sampled_from([0, 1, 15, 30, 31, 60, 61, 90, 120, 180, 600, 1200, 3600, 90_000])
MOVES = st.lists(
    st.tuples(
        WAITS_S,
        st.one_of(
            plain_calls(),
            sensible_acts(),
            sensible_acts(),
            signals(),
            other_signals(),
            operator_events(),
            service_events(),
            other_events(),
            cancels(),
            tasks_and_persons(),
        ),
    ),
    max_size=14,
)
END_S = 4000
