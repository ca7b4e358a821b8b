"""What a story is made of: steps with a time, who, plain words, and one act on the real gateway.

Contract: data only. Times are Europe/London wall clock turned to UTC; `stated` marks those that the
case study itself gives. An act says what must be true after it; what is not is a missing step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Press:
    """Her unit is pressed: one message, its receipt, its alarm on a screen, its referral.

    `refers`: her plan lets the gateway refer by itself; a panic button's press never does.
    """

    refers: bool = True


@dataclass(frozen=True, slots=True)
class Operate:
    """An operator acts on the alarm. `told` is the text the device must then have heard.

    `refers`: the act makes the referral, which its service must then acknowledge.
    """

    body: Body
    expect: Body = field(default_factory=dict)
    told: str | None = None
    refers: bool = False


@dataclass(frozen=True, slots=True)
class Refer:
    """A clinician's referral is entered at the desk."""

    body: Body
    expect: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serve:
    """The service acts on the referral: `seen`, `accept`, `set_out`, `face_to_face`, ...

    `phoned`: it has no desk here and telephones; an operator enters what it says.
    """

    do: str
    body: Body = field(default_factory=dict)
    expect: Body = field(default_factory=dict)
    told: str | None = None
    phoned: bool = False


class Says(StrEnum):
    """What a service's own system posts after it has taken a referral: its Encounter's status."""

    IN_PROGRESS = "in-progress"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Reply:
    """The service's own system answers the referral with a BaRS-shaped message."""

    says: Says
    expect: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """The records are read: what the alarm and the referral must say now."""

    alarm: Body = field(default_factory=dict)
    referral: Body = field(default_factory=dict)
    explained: bool = False


@dataclass(frozen=True, slots=True)
class Meet:
    """The daily meeting's list of that day must hold the case."""


@dataclass(frozen=True, slots=True)
class Finish:
    """An open task of this kind is done, and in time. `phoned`: as for Serve."""

    task: str
    phoned: bool = False


Act = Press | Operate | Refer | Serve | Reply | Check | Meet | Finish


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline."""

    at: datetime
    who: str
    words: str
    act: Act
    stated: bool = False
    clocks: bool = False  # show both clocks after it


@dataclass(frozen=True, slots=True)
class Stated:
    """What the case study says of the whole: minutes from the start to the first visit."""

    minutes: int
    since: str  # "press" or "referral"


@dataclass(frozen=True, slots=True)
class Story:
    """A case study: who, from when, the steps, and what must have come out."""

    number: int
    title: str
    about: str
    source: str
    stated: Stated
    steps: tuple[Step, ...]
    person: Mapping[str, object] | None = None  # who is enrolled with a pendant; None: nobody
    figures: bool = False  # measure many presses after it
    notes: tuple[str, ...] = field(default=())

    @property
    def start(self) -> datetime:
        """When the first step happens."""
        return self.steps[0].at


def london(text: str) -> datetime:
    """Read "2021-02-02 06:56" or "... 06:56:08" as London time; give UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)
