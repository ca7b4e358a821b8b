"""What callers send: bodies with their limits, and which fields an act needs.

Contract: text is bounded and holds no NUL, times carry their zone, unknown fields are refused, so
that a misspelt field is never dropped in silence.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from alerts.words import (
    CallTarget,
    CloseReason,
    Disposition,
    Mechanism,
    OperatorAct,
    Source,
    Standard,
)

TEXT_CHARACTERS = 4_000
NO_NUL = r"^[^\x00]*$"

Text = Annotated[str, StringConstraints(max_length=TEXT_CHARACTERS, pattern=NO_NUL)]
Short = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=NO_NUL, strip_whitespace=True),
]
Said = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=TEXT_CHARACTERS, pattern=NO_NUL, strip_whitespace=True
    ),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]

NHS_DIGITS = 10
NHS_MODULUS = 11


def _nhs_number(value: str) -> str:
    """Check the tenth digit of an NHS number (Modulus 11, NHS Data Dictionary "NHS NUMBER")."""
    weighted = sum(int(digit) * (10 - place) for place, digit in enumerate(value[:9]))
    expected = (NHS_MODULUS - weighted % NHS_MODULUS) % NHS_MODULUS
    if expected != int(value[-1]):
        raise ValueError("the check digit of the NHS number is wrong: read it again")
    return value


NhsNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$"), AfterValidator(_nhs_number)]


class Body(BaseModel):
    """Base of what is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def shown_as(**fields: Any) -> ConfigDict:  # noqa: ANN401 - shown in the document
    """Give a body's configuration with an example."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [fields]})


NEEDED: dict[OperatorAct, tuple[str, ...]] = {
    OperatorAct.CALL: ("to",),
    OperatorAct.ANSWER: ("question", "answer"),
    OperatorAct.STUMBLE: ("answers",),
    OperatorAct.DECIDE: ("disposition",),
    OperatorAct.CLOSE: ("close_reason",),
    OperatorAct.WITHDRAW: ("reason",),
    OperatorAct.NOTE: ("text",),
    OperatorAct.FOLLOW_UP: ("text", "due_at"),
}


class OperatorBody(Body):
    """What an operator does to an alarm. `close` takes its coded reason in `reason` too."""

    model_config = shown_as(do="stumble", answers={"E": "cannot_weight_bear"}, given_by="patient")

    do: OperatorAct
    referral: UUID | None = Field(default=None, description="confirm, withdraw: only this one")
    to: CallTarget | None = Field(default=None, description="call: whom")
    question: Short | None = None
    answer: Short | None = None
    answers: dict[Slug, Slug] = Field(default={}, max_length=20, description="stumble: by letter")
    given_by: Slug | None = Field(default=None, description="patient, carer or staff")
    disposition: Disposition | None = Field(default=None, description="decide: where it goes")
    service: Slug | None = Field(default=None, description="decide: to this service")
    need: Slug | None = Field(default=None, description="decide ucr: which of the nine needs")
    reason: Said | None = Field(default=None, description="withdraw, release: why")
    close_reason: CloseReason | None = Field(default=None, description="close: the coded reason")
    incident: Short | None = Field(default=None, description="call 999: ambulance control's number")
    eta: Instant | None = Field(default=None, description="call 999: when it expects to arrive")
    due_at: Instant | None = Field(default=None, description="follow_up: by when")
    text: Text = Field(default="", description="note; follow_up: what; hand_over: to whom")

    @model_validator(mode="before")
    @classmethod
    def _coded(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was sent
        if isinstance(given, dict) and given.get("do") == "close" and "reason" in given:
            moved = {key: value for key, value in given.items() if key != "reason"}
            return {"close_reason": given["reason"], **moved}
        return given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = list(NEEDED.get(self.do, ()))
        if self.do is OperatorAct.DECIDE and self.disposition is Disposition.CLOSE:
            needed.append("close_reason")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.do} needs {' and '.join(missing)}")
        return self


class ConfirmBody(Body):
    """An operator confirms a provisional referral."""

    text: Text = ""


class WithdrawBody(Body):
    """An operator withdraws a referral."""

    model_config = shown_as(reason="Neighbour has the spare key, no help needed")

    reason: Said


Regraded = Annotated[
    Standard | None, Field(description="re-graded up or down; the first clock goes on")
]


class ServiceBody(Body):
    """What every act of a service may carry."""

    occurred_at: Instant | None = Field(
        default=None, description="when it happened, if before now; kept beside the time of entry"
    )
    text: Text = ""
    tasks: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}(:urgent)?$")], ...] = (
        Field(
            default=(),
            max_length=20,
            description="tasks it leaves behind: equipment, equipment:urgent, therapy, handyperson,"
            " assistive_technology, social_care, falls_assessment",
        )
    )
    disposition: Disposition | None = Field(
        default=None,
        description="where it should go instead: 999_task opens one; the first clock goes on",
    )


class SeenBody(ServiceBody):
    """A person of the service has read the referral."""


class AcceptBody(ServiceBody):
    """The service accepts; it may change the standard, which keeps the first clock."""

    model_config = shown_as(standard="two_hour")

    standard: Regraded = None


class RejectBody(ServiceBody):
    """The service rejects; the case goes back to an operator, loudly."""

    model_config = shown_as(reason="Outside of our area since the move on 1 March")

    reason: Said


class SetOutBody(ServiceBody):
    """The team has set out."""

    model_config = shown_as(eta="2021-02-02T07:40:00Z")

    eta: Instant | None = Field(default=None, description="when the team expects to arrive")
    standard: Regraded = None


class VisitBody(ServiceBody):
    """A face-to-face visit; the first one stops the national clock."""

    model_config = shown_as(
        occurred_at="2021-02-02T07:40:00Z",
        text="Cannot transfer; right leg red and swollen; no equipment",
        tasks=["equipment"],
    )

    standard: Regraded = None


class ContactBody(ServiceBody):
    """A contact; by telephone or video it stops no clock."""

    model_config = shown_as(mechanism="video", text="Fracture ruled out with carer present")

    mechanism: Mechanism


class RingBackBody(ServiceBody):
    """A clinician rang back."""

    model_config = shown_as(result="Spoke to daughter; bruise only; visit stays as planned")

    result: Said


class OutcomeBody(ServiceBody):
    """The outcome; it closes the referral and flows back to whoever answered the alarm."""

    model_config = shown_as(outcome="remains_at_home", text="Antibiotics by GP, care three a day")

    outcome: Said
    action_needed: bool = Field(
        default=False, description="it asks us to act: the case goes back to an operator"
    )


class NewPerson(Body):
    """A person nobody has enrolled yet. The NHS number may come later."""

    model_config = shown_as(
        name="Example Person", born="1940-05-01", address="1 Example Street", postcode="LE1 1AA"
    )

    name: Short
    born: date | None = None
    nhs_number: NhsNumber | None = None
    address: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""
    postcode: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9 ]{2,8}$")] | None = None
    phone_home: Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{3,24}$")] | None = None
    phone_mobile: Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{3,24}$")] | None = None
    language: Slug | None = None


class ReferralBody(Body):
    """A referral that came to a service from elsewhere: a GP's telephone call, a partner's hub."""

    model_config = shown_as(
        service="icrs",
        source="gp",
        standard="two_hour",
        person={"name": "Example Person", "born": "1940-05-01", "postcode": "LE1 1AA"},
        need="fall",
        text="Fall, back pain, cannot mobilise; dementia, diabetes",
    )

    service: Slug
    source: Source
    standard: Standard = Standard.TWO_HOUR
    person: UUID | NewPerson = Field(description="the id of a known person, or a new one's details")
    need: Slug | None = Field(default=None, description="which of the nine needs, where it is said")
    text: Text = ""
    occurred_at: Instant | None = Field(
        default=None, description="when it was received, if before now; the clock starts there"
    )
    disposition: Disposition | None = Field(
        default=None, description="999_task: who refers says 999, which opens a task for it"
    )

    @model_validator(mode="after")
    def _from_elsewhere(self) -> Self:
        if self.source is Source.TELECARE:
            raise ValueError("source telecare is for our own alarms; name who referred")
        return self


class DoneBody(Body):
    """A task is done."""

    model_config = shown_as(text="Commode and walking frame delivered")

    text: Text = ""
