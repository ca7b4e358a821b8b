"""From stored vital signs to what is shown. Pure: rows and states in, views out."""

from datetime import datetime
from uuid import UUID

import msgspec

from alerts.vital_rows import DEFAULT_WARD
from alerts.vitals.inputs import Reading
from alerts.vitals.state import Alert, Finding, VitalsState
from devices.model import VitalCode
from gateway.api.records import ReasonView, Step
from gateway.api.vitals_models import (
    AlertView,
    FindingView,
    OwnLimits,
    PersonVitals,
    ReadingView,
)
from gateway.errors import SettingsError
from gateway.rehearsals import document_of
from gateway.store.connect import Row

_alert_of = msgspec.json.Decoder(Alert).decode
_state_of = msgspec.json.Decoder(VitalsState).decode
_newest_of = msgspec.json.Decoder(dict[VitalCode, Reading]).decode
BROKEN = "the vital signs cannot be decided; a technical alarm says so"


def open_alert(state: VitalsState | None, person_id: UUID) -> AlertView | None:
    """Show what is open in a state."""
    alert = None if state is None else state.alert
    if state is None or alert is None or (level := alert.level) is None:
        return None
    return AlertView(
        id=alert.id,
        person=str(person_id),
        ward=DEFAULT_WARD if state.plan.ward is None else state.plan.ward.id,
        level=level,
        confirmed=alert.confirmed_level is not None,
        state="open" if alert.acknowledged_at is None else "acknowledged",
        score=alert.score,
        opened_at=alert.opened_at,
        acknowledged_by=alert.acknowledged_by,
        acknowledged_at=alert.acknowledged_at,
        review_by=alert.review_by,
        closed_at=None,
        findings=tuple(map(_finding, alert.findings)),
        note=alert.note,
    )


def alert_view(found: Row) -> AlertView:
    """Show a stored alert."""
    alert = _alert_of(found.record)
    fields = {name: getattr(found, name) for name in AlertView.model_fields if hasattr(found, name)}
    fields |= {"id": str(found.id), "person": str(found.person_id), "ward": found.ward_id}
    return AlertView(
        **fields, findings=tuple(_finding(one) for one in alert.findings), note=alert.note
    )


def _finding(one: Finding) -> FindingView:
    fields = msgspec.structs.asdict(one)
    reasons = tuple(ReasonView.model_validate(reason) for reason in one.reasons)
    return FindingView(**{**fields, "confirmed": one.is_confirmed, "reasons": reasons})


def person_view(
    found: Row,
    alerts: tuple[AlertView, ...],
    steps: tuple[Step, ...],
    now: datetime,
    *,
    is_watched: bool,
) -> PersonVitals:
    """Show a person's vital signs."""
    problem = "the newest monitoring plan is about to be taken up" if found.is_behind else None
    state, newest = None, dict[VitalCode, Reading]()
    try:
        state = None if found.state is None else _state_of(found.state)
        newest = {} if found.newest is None else _newest_of(found.newest)
    except msgspec.DecodeError:
        problem = BROKEN
    if found.broken_at is not None:
        problem = BROKEN
    return PersonVitals(
        person=str(found.id),
        ward=found.ward_id or DEFAULT_WARD,
        pathway=found.pathway,
        ended_at=None if state is None else state.plan.ended_at,
        as_of=found.as_of,
        newest={
            code.value: ReadingView(
                value=one.value,
                quality=one.quality.value,
                at=one.at,
                age_min=max(0, int((now - one.at).total_seconds()) // 60),
                source=one.source,
            )
            for code, one in newest.items()
        },
        events=tuple(msgspec.to_builtins(one) for one in (state.recorded if state else ())),
        alerts=alerts,
        explanation=steps if alerts else (),
        is_watched=is_watched,
        problem=problem,
    )


def limits_view(found: Row) -> OwnLimits:
    """Show a version of a person's own limits, and how it was rehearsed."""
    document = None
    if found.rehearsal is not None:
        try:
            document = document_of(found.rehearsal.encode(), f"limits {found.version}").summary()
        except SettingsError as error:
            document = str(error)
    return OwnLimits(
        version=found.version,
        effective=found.effective,
        author=found.author,
        approver=found.approver,
        limits=msgspec.json.decode(found.limits),
        rehearsal=document,
    )
