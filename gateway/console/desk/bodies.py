"""What the desk's own acts are sent, with their limits."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from devices.model import ActivationKind
from gateway.api.models import NO_NUL, Body, Instant, Said, Short, Text, shown_as
from gateway.api.records_base import View

DRAFT_CHARACTERS = 8_000
CallId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{3,24}$")]


# What somebody can be told by telephone; the rest only devices say.
BY_HAND = (
    ActivationKind.ASSISTANCE,
    ActivationKind.FALL,
    ActivationKind.SEIZURE,
    ActivationKind.WANDERING,
    ActivationKind.MEDICATION_MISSED,
    ActivationKind.SMOKE,
    ActivationKind.FIRE,
    ActivationKind.CO,
    ActivationKind.GAS,
    ActivationKind.FLOOD,
    ActivationKind.INTRUDER,
)


def _by_hand(what: ActivationKind) -> ActivationKind:
    if what not in BY_HAND:
        raise ValueError("only devices say this; expected one of " + ", ".join(BY_HAND))
    return what


class DutyBody(Body):
    """Somebody goes on duty, is still there, or goes off; `sound`: whether their console rings."""

    model_config = shown_as(on=True, sound=True)

    on: bool
    sound: bool = False


class DutyView(View):
    """Whether the caller is on duty."""

    on: bool


class DraftBody(Body):
    """What somebody is typing; an empty text drops it."""

    model_config = shown_as(text="Neighbour says the light is on")

    text: Annotated[str, StringConstraints(max_length=DRAFT_CHARACTERS, pattern=NO_NUL)]


class Kept(View):
    """What was sent is kept."""

    kept: bool = True


class KeySafeBody(Body):
    """Why somebody reads a key-safe code: for which alarm."""

    model_config = shown_as(alarm="5eed0000-0000-4000-8000-00000000000b")

    alarm: UUID


class KeySafeView(View):
    """The code of a key safe."""

    code: str


class HomeBody(Body):
    """What whoever goes to a home must know; a key-safe code that is left out stays."""

    model_config = shown_as(access="Side gate, ramp", hazards=["dog"], allergies=["penicillin"])

    access: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""
    hazards: list[Short] = Field(default=[], max_length=20)
    allergies: list[Short] = Field(default=[], max_length=20)
    communication: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""
    key_safe: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None


class CallBody(Body):
    """What a telephone system says about one of its calls."""

    model_config = shown_as(
        call="sip-2041", event="connected", number="0116 496 0001", recording="rec/2041"
    )

    call: CallId = Field(description="the telephone system's own id of the call")
    event: Literal["offered", "connected", "ended"]
    alarm: UUID | None = Field(default=None, description="the alarm the call is about, if known")
    number: Number | None = Field(default=None, description="the caller's number")
    operator: Short | None = Field(default=None, description="who speaks")
    recording: Short | None = Field(default=None, description="where the recording is kept")
    occurred_at: Instant | None = None


class CallView(View):
    """A call as it is known now; `clear_down` asks the telephone system to end it."""

    call: str
    alarm: UUID | None
    number: str | None
    operator: str | None
    offered_at: Instant | None
    connected_at: Instant | None
    ended_at: Instant | None
    recording: str | None
    clear_down: bool


class CallsToClear(View):
    """Calls that are to be ended."""

    calls: tuple[CallView, ...]


class SearchBody(Body):
    """Words of a name, a postcode, a telephone or NHS number, or the name of a unit."""

    model_config = shown_as(text="Example")

    text: Annotated[
        str,
        StringConstraints(min_length=2, max_length=100, pattern=NO_NUL, strip_whitespace=True),
    ]


class FoundPerson(View):
    """A person who was found."""

    id: UUID
    name: str
    born: date | None
    postcode: str | None
    address: str
    status: str
    alarm: UUID | None = Field(description="their open alarm")


class Found(View):
    """People who were found, by name."""

    persons: tuple[FoundPerson, ...]
    more: bool


class ByHandBody(Body):
    """An alarm that somebody makes from an incoming call."""

    model_config = shown_as(person="5eed0000-0000-4000-8000-00000000000a", what="assistance")

    person: UUID | None = Field(default=None, description="whom the call is about, if known")
    number: Number | None = Field(default=None, description="the caller's number")
    what: Annotated[ActivationKind, AfterValidator(_by_hand)] = ActivationKind.ASSISTANCE
    text: Text = ""
    call: CallId | None = Field(default=None, description="the telephone system's id of the call")


class MadeByHand(View):
    """The alarm that was made."""

    alarm: UUID


class HandoverBody(Body):
    """What one shift tells the next; what is open is added by itself."""

    model_config = shown_as(note="Quiet; the unit of Example Road 3 waits for a new battery")

    note: Said


class HandoverView(View):
    """The hand-over that was kept."""

    id: int
