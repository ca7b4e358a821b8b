"""Random things that happen to a house, for the properties."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from alerts.case import Case
from alerts.events import (
    DeliveryEvent,
    DeviceBack,
    DeviceLost,
    Event,
    Heard,
    OperatorEvent,
    ServiceEvent,
)
from alerts.facts import Device, Plan
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
from tests.alerts.houses import HUB, ICRS, PENDANT, T0, facts, person

Input = Heard | Event
Making = Callable[[datetime, int, Case], Input]

NOT_CALLS = {ActivationKind.CANCEL, ActivationKind.RESET}
QUESTIONS = [None, "because", "general.breathing", "general.pain", "general.safeguarding",
             "general.crime", "general.on_floor", "confusion.now", "seizure.now",
             "who_needs_help"]  # fmt: skip
FLAGS = [Flag.RETAINED, Flag.CACHED, Flag.FROM_MEMORY, Flag.UNAUTHENTICATED, Flag.SIMULATED]


def _last(items: tuple[Any, ...], name: str) -> str:
    return items[-1].id if items else name


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

    def make(at: datetime, number: int, case: Case) -> ServiceEvent:
        return ServiceEvent(
            at,
            "icrs",
            do,
            f"given-{number}" if fresh else _last(case.referrals, "none"),
            mechanism=mechanism,
            source=Source.GP,
            standard=standard,
            eta=None if eta_s is None else at + timedelta(seconds=eta_s),
            occurred_at=None if back_s is None else at - timedelta(seconds=back_s),
            tasks=tasks,
        )

    return make


@st.composite
def other_events(draw: st.DrawFn) -> Making:
    which = draw(st.sampled_from(["ack", "fail", "lost", "back"]))

    def make(at: datetime, _: int, case: Case) -> Event:
        if which == "lost":
            return DeviceLost(at, ("17",), line="main")
        if which == "back":
            return DeviceBack(at, ("17",))
        act = DeliveryAct.ACKNOWLEDGED if which == "ack" else DeliveryAct.FAILED
        return DeliveryEvent(at, "icrs", act, _last(case.referrals, "none"))

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
        ),
    ),
    max_size=14,
)
PLANS = st.sampled_from(
    [Plan(at_once=True), Plan(operator=True), Plan(after_untaken_s=45), Plan(after_untaken_s=90)]
)
HOUSES = st.builds(
    lambda press, fall, status, last_hour, device: facts(
        person(plan={"press": press, "fall": fall}, status=status),
        (msgspec.structs.replace(ICRS, automatic_last_hour=last_hour), HUB),
        device,
    ),
    PLANS,
    PLANS,
    st.sampled_from([PersonStatus.HOME, PersonStatus.HOME, PersonStatus.AWAY]),
    st.sampled_from([0, 0, 1000]),
    st.sampled_from([PENDANT, Device("17", speech=False), Device("17", faulty_since=T0)]),
)
END_S = 4000
