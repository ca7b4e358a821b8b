"""What callers send about people and services: their records, and how many places are free."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from alerts.words import Ceiling, PersonStatus
from gateway.api.models import NO_NUL, Body, Instant, Slug, Text, shown_as

MAX_PLACES = 10_000
NEVER_NULL = ("status", "ceiling", "conditions", "baseline_cognition", "care_home")
Condition = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]


class RecordBody(Body):
    """Parts of a person's record; what is not named stays, and null says: not known.

    `deceased` is a report until a second person of another name sends it too.
    """

    model_config = shown_as(
        status="away", away_until="2021-02-16T12:00:00Z", text="With her son until the sixteenth"
    )

    status: PersonStatus | None = None
    away_until: Instant | None = Field(default=None, description="away: until when, if known")
    ceiling: Ceiling | None = None
    anticipatory_line: Slug | None = Field(
        default=None, description="the service that the ceiling of treatment names"
    )
    conditions: list[Condition] | None = Field(default=None, max_length=50)
    anticoagulants: bool | None = None
    baseline_cognition: Literal["A", "C", "V", "P", "U"] | None = Field(
        default=None, description="how they usually are, in ACVPU"
    )
    care_home: bool | None = None
    text: Text = Field(default="", description="why, or who said so")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        named = self.model_fields_set - {"text"}
        if not named:
            raise ValueError("name at least one part of the record to change")
        null = [name for name in NEVER_NULL if name in named and getattr(self, name) is None]
        if null:
            raise ValueError(f"{' and '.join(null)} cannot be null: leave out what stays")
        if "away_until" in named and self.status is not PersonStatus.AWAY:
            raise ValueError("away_until needs status away beside it")
        return self


class CapacityBody(Body):
    """How many free places a service has now; null: it cannot say."""

    model_config = shown_as(capacity=4)

    capacity: int | None = Field(ge=0, le=MAX_PLACES)
