"""`lifeline explain`: why an alarm or a referral went as it did, in plain words or as data.

What GET /api/v1/alarms/{id} and /referrals/{id} answer, for somebody at the machine: every step in
order, each with its rule, the rule's version and what it looked at, and who did what when. It
reads no person's card; that it was read is audited all the same.
"""

from datetime import UTC
from pathlib import Path
from uuid import UUID

import msgspec
import typer

from alerts.case import Alarm, Entry, Reason, Referral
from alerts.vitals.state import Alert
from gateway.api.words import because, say_plainly
from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.context import Context
from gateway.errors import SettingsError
from gateway.log import configure
from gateway.runtime import prepared
from gateway.settings import load
from gateway.store.connect import Connection, row, rows

STEPS = 10_000
ACTOR = "command line"
EXPLAINED = "explained"


class Explained(msgspec.Struct, frozen=True):
    """An alarm, a referral or a vitals alert as it stands, and every step that led there."""

    alarm: Alarm | None
    referral: Referral | None
    steps: tuple[Entry, ...]
    cut: bool
    alert: Alert | None = None


async def explain(named: UUID, toml: Path | None, *, as_json: bool) -> int:
    """Print why an alarm, a referral or a vitals alert went as it did.

    Raises:
        SettingsError: there is none of them of this id.
    """
    settings = load(toml)
    configure("warning")
    async with prepared(settings, Clock()) as context, context.sessions.transaction() as connection:
        found = await _read(connection, settings.organisation, named)
        await _audit(connection, context, named)
    typer.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(lines(found)))
    return 0


def lines(found: Explained) -> list[str]:
    """Say it for a person: what it is, then each step, why, and what was looked at."""
    said = [_head(found)]
    for entry in found.steps:
        said.append(f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC  {say_plainly(entry)}")
        said.extend(
            f"    because {because(reason)}{_looked_at(reason)}" for reason in entry.reasons
        )
    if found.cut:
        said.append(f"only the first {STEPS} steps are shown")
    return said


def _head(found: Explained) -> str:
    alarm, referral = found.alarm, found.referral
    if alarm is not None:
        heard = ", ".join(alarm.keys) or alarm.opened_by
        return (
            f"alarm {alarm.id}: {alarm.kind}, {alarm.state}; {alarm.signals} signals, "
            f"the last as device/message: {heard}"
        )
    if found.alert is not None and referral is None:
        alert = found.alert
        return (
            f"vitals alert {alert.id}: {alert.level}, opened {alert.opened_at:%Y-%m-%d %H:%M} UTC"
        )
    assert referral is not None  # one of the three was found
    sort = "provisional, " if referral.provisional else ""
    return f"referral {referral.id} to {referral.service}: {sort}{referral.state}"


def _looked_at(reason: Reason) -> str:
    inputs = ", ".join(f"{name} {value}" for name, value in reason.inputs.items())
    return f"; it looked at: {inputs}" if inputs else ""


async def _read(connection: Connection, organisation: UUID, named: UUID) -> Explained:
    alarm = await row(connection, "desk_alarm", id=named, organisation_id=organisation)
    referral = await row(
        connection, "desk_referral", id=named, organisation_id=organisation, service_id=None
    )
    alert = await row(connection, "desk_vitals_alert", id=named, organisation_id=organisation)
    found = alarm or referral or alert
    if found is None:
        raise SettingsError(f"no alarm and no referral has the id {named}: name one that exists")
    referrals = [named]
    if alarm is not None:
        made = await rows(
            connection, "desk_alarm_referrals", alarm_id=named, organisation_id=organisation
        )
        referrals = [one.id for one in made]
    known = msgspec.json.decode(referral.record, type=Referral) if referral is not None else None
    about = known.alarm if known is not None else None
    steps = await rows(
        connection,
        "desk_decisions",
        organisation_id=organisation,
        subject_id=found.subject_id,
        alarm_id=named if alarm or alert else (UUID(about) if about else None),
        referrals=referrals,
        limit=STEPS + 1,
    )
    return Explained(
        alarm=msgspec.json.decode(alarm.record, type=Alarm) if alarm is not None else None,
        referral=known,
        steps=tuple(msgspec.json.decode(one.entry, type=Entry) for one in steps[:STEPS]),
        cut=len(steps) > STEPS,
        alert=msgspec.json.decode(alert.record, type=Alert) if alert is not None else None,
    )


async def _audit(connection: Connection, context: Context, named: UUID) -> None:
    organisation, now = context.settings.organisation, context.clock.now()
    explained = Act(organisation, now, ACTOR, EXPLAINED, named, named.bytes)
    await add(connection, context.desk.audit_key, explained)
