"""What is sent and shown about vital signs. Shapes only; routes_vitals.py fills them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from alerts.vital_words import ClinicianAct, Level, Pathway, ReadingSource, VitalEvent
from gateway.api.models import Body, Instant, Said, Short, Slug, Text
from gateway.api.records import ReasonView, Step
from gateway.api.records_base import View

NEEDED: dict[ClinicianAct, tuple[str, ...]] = {
    ClinicianAct.SNOOZE: ("parameter", "level"),
    ClinicianAct.RECORD: ("event",),
    ClinicianAct.CLOSE: ("reason",),
    ClinicianAct.DISCHARGE: ("reason",),
    ClinicianAct.NOTE: ("text",),
}


class ClinicianBody(Body):
    """What a clinician does about a person's vital signs."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"do": "acknowledge", "text": "Will ring at ten"}]},
    )

    do: ClinicianAct
    alarm: UUID | None = Field(default=None, description="the alert; else the person's open one")
    parameter: Slug | None = Field(default=None, description="snooze: which finding")
    level: Level | None = Field(default=None, description="snooze: at which level; never red")
    until: Instant | None = Field(default=None, description="acknowledge, review, snooze: until")
    need: Slug | None = Field(default=None, description="confirm: which of the nine needs")
    service: Slug | None = Field(default=None, description="confirm: to this service")
    event: VitalEvent | None = Field(default=None, description="record: what happened")
    reason: Said | None = Field(default=None, description="close, discharge: why")
    text: Text = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.do is ClinicianAct.STATUS:
            raise ValueError("where a person is stands on their record; change it there")
        missing = [name for name in NEEDED.get(self.do, ()) if not getattr(self, name)]
        if missing:
            raise ValueError(f"{self.do} needs {' and '.join(missing)}")
        return self


class ReadingsBody(Body):
    """Readings and answers that somebody read off, was told, or asked for."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"source": "carer", "vitals": {"spo2_pct": 93, "heart_rate_bpm": 88}}]
        },
    )

    source: ReadingSource = Field(description="who gave them: clinician, carer, link_page, sms")
    at: Instant | None = Field(default=None, description="when it was measured, if before now")
    vitals: dict[Slug, float | str | bool] = Field(
        default={}, max_length=20, description="as devices send them: spo2_pct, heart_rate_bpm, …"
    )
    answers: dict[Slug, int | float | bool | Short] = Field(
        default={}, max_length=60, description="question to answer"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.source is ReadingSource.DEVICE:
            raise ValueError("a device speaks for itself: say who gave the readings")
        if not self.vitals and not self.answers:
            raise ValueError("neither vitals nor answers")
        return self


class ReadingView(View):
    """The newest reading of a vital sign."""

    value: float | str | bool | None
    quality: str
    at: datetime
    age_min: int
    source: ReadingSource


class FindingView(View):
    """One thing that is out of order."""

    parameter: str
    level: Level
    confirmed: bool = Field(description="false: a second reading is awaited")
    since: datetime
    last_at: datetime
    value: float | str | bool | None
    recheck_by: datetime | None
    score: int
    recovered_at: datetime | None
    snoozed_until: datetime | None
    snoozed_by: str | None
    reasons: tuple[ReasonView, ...]


class AlertView(View):
    """A vitals alert of a person."""

    id: str
    person: str
    ward: str
    level: Level
    confirmed: bool
    state: str = Field(description="open, acknowledged or closed")
    score: int = Field(description="the confirmed NEWS2 total, or its lower bound")
    opened_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    review_by: datetime | None
    closed_at: datetime | None
    findings: tuple[FindingView, ...]
    note: str


class WardAlerts(View):
    """What is open on a ward, worst first."""

    ward: str
    alerts: tuple[AlertView, ...]
    more: bool


class OwnLimits(View):
    """A version of a person's own limits."""

    version: str
    effective: datetime
    author: str
    approver: str
    limits: dict[str, dict[str, float]]
    rehearsal: str | None = Field(
        description="what the change would have done to recorded alerts; null: NOT rehearsed"
    )


class PersonVitals(View):
    """A person's vital signs as they stand."""

    person: str
    ward: str
    pathway: Pathway | None
    ended_at: datetime | None = Field(description="when a clinician ended the monitoring")
    as_of: datetime | None = Field(description="null: nothing was heard or decided yet")
    newest: dict[str, ReadingView]
    events: tuple[dict[str, Any], ...] = Field(description="what clinicians recorded")
    alerts: tuple[AlertView, ...] = Field(description="the newest first; one at most is open")
    explanation: tuple[Step, ...] = Field(description="of the newest alert, oldest first")
    own_limits: tuple[OwnLimits, ...] = Field(
        default=(), description="every version, the newest first"
    )
    is_watched: bool = Field(description="false: vital signs are stored and nothing more")
    problem: str | None = Field(description="why nobody watches, or not by the newest plan")


class VitalsActed(View):
    """What an act or an entry led to."""

    alert: AlertView | None = Field(description="what is open afterwards")
    decided: tuple[Step, ...]
