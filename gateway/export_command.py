"""`lifeline export`: read a snapshot, build the files, audit, hand them over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import typer

from alerts.case import Alarm
from alerts.referral.extract import Asked
from alerts.referral.extract_raw import Period, Raw, parse_period
from alerts.rule_ids import Rule
from gateway import export_build
from gateway.audit.rows import Act, add
from gateway.clock import Clock
from gateway.context import Context
from gateway.errors import GatewayError, SettingsError
from gateway.export_build import Built, Manifest
from gateway.export_read import read_alarms, read_referrals, read_services, snapshot
from gateway.export_write import (
    drop_partial,
    finish,
    json_file,
    refuse_existing,
    sha256,
    write_partial,
)
from gateway.keys import key_file
from gateway.log import configure
from gateway.runtime import prepared
from gateway.settings import load

SHAPE = 1
FINDINGS = 3
PSEUDONYM_KEY = "pseudonym.key"
NAMESPACE_EXPORT = UUID("6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e06")
USED = (
    Rule.TWO_HOUR, Rule.TWO_DAY, Rule.ANSWER_SOON, Rule.ANSWER_LATE, Rule.PUBLISH_ROUND,
    Rule.EXTRACT_OLDEST, Rule.EXTRACT_LONGEST,
)  # fmt: skip


class Kind(StrEnum):
    """What is exported."""

    CSDS = "csds"
    KPI = "kpi"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked to be exported.

    Attributes:
        by: Staff id of who asked; it stands in the audit.
        zone: Whose month the answering of calls belongs to; a service has its own.
        strict: The exit code says when the data-quality report has findings.
        publish: Round as published figures are.
    """

    kind: Kind
    month: str
    to: Path
    by: str
    service: str | None = None
    zone: str = "Europe/London"
    strict: bool = False
    publish: bool = False

    def checked(self) -> tuple[Period, ZoneInfo]:
        """Read month and zone.

        Raises:
            SettingsError: says what was found and expected.
        """
        if not self.by.strip():
            raise SettingsError("--by is empty: name who asks for the export, by staff id")
        try:
            return parse_period(self.month), ZoneInfo(self.zone)
        except (ValueError, KeyError, OSError) as error:
            wrong = error if isinstance(error, ValueError) else f"{self.zone!r} is no time zone"
            raise SettingsError(f"nothing was exported: {wrong}") from error


async def export_to(order: Order, toml: Path | None) -> int:
    """Export, from the command line; 0, or 3 when `strict` and the report has findings.

    Raises:
        GatewayError: nothing was exported; says what to do.
    """
    order.checked()
    refuse_existing(order.to)
    settings = load(toml)
    configure("warning")
    async with prepared(settings, Clock()) as context:
        manifest = await export(order, context)
    typer.echo(f"{order.to}: {manifest.records} records of {manifest.month}")
    if order.kind is Kind.CSDS:
        typer.echo(f"{manifest.findings} findings to put right: see data_quality.csv")
    return FINDINGS if order.strict and manifest.findings else 0


async def export(order: Order, context: Context) -> Manifest:
    """Read, build, write, audit, hand over.

    Raises:
        SettingsError: month, zone, service or folder cannot be used; nothing was exported.
        StoreError: nothing was exported.
    """
    period, zone = order.checked()
    refuse_existing(order.to)
    now = context.clock.now()
    raws, alarms = await _read(order, context, period)
    asked = Asked(period, context.desk.rules.at(now), now)
    built = _builders(context, alarms, zone, publish=order.publish)[order.kind](raws, asked)
    manifest = _manifest(order, context, asked, built)
    content = json_file(manifest)
    write_partial(order.to, {**built.files, "manifest.json": content})
    try:
        await _audit(order, context, content, now)
    except GatewayError:
        drop_partial(order.to)
        raise
    finish(order.to)
    return manifest


async def _read(
    order: Order, context: Context, period: Period
) -> tuple[tuple[Raw, ...], tuple[Alarm, ...]]:
    organisation = context.settings.organisation
    async with snapshot(context.sessions) as connection:
        known = await read_services(connection, organisation)
        if order.service is not None and order.service not in known:
            names = ", ".join(known) or "none"
            raise SettingsError(f"no service {order.service!r}: there are {names}")
        raws = await read_referrals(connection, organisation, period)
        alarms: tuple[Alarm, ...] = ()
        if order.kind is Kind.KPI:
            alarms = await read_alarms(connection, organisation, period)
    mine = (raw for raw in raws if order.service in (None, raw.referral.service))
    return tuple(mine), alarms


Build = Callable[[tuple[Raw, ...], Asked], Built]


def _builders(
    context: Context, alarms: Sequence[Alarm], zone: ZoneInfo, *, publish: bool
) -> dict[Kind, Build]:
    def kpi(raws: tuple[Raw, ...], asked: Asked) -> Built:
        return export_build.kpi(raws, alarms, asked, zone, publish=publish)

    def evaluation(raws: tuple[Raw, ...], asked: Asked) -> Built:
        key = key_file(context.settings.state_dir / PSEUDONYM_KEY)
        return export_build.evaluation(raws, asked, key)

    return {Kind.CSDS: export_build.csds, Kind.KPI: kpi, Kind.EVALUATION: evaluation}


def _manifest(order: Order, context: Context, asked: Asked, built: Built) -> Manifest:
    return Manifest(
        export=order.kind.value,
        shape=SHAPE,
        organisation=str(context.settings.organisation),
        month=asked.period.label,
        service=order.service,
        made_at=asked.now.isoformat().replace("+00:00", "Z"),
        records=built.records,
        findings=built.findings,
        rules={rule.value: asked.rules.rows[rule].version for rule in USED},
        files={name: sha256(content) for name, content in built.files.items()},
        apart=built.apart,
    )


async def _audit(order: Order, context: Context, manifest: bytes, now: datetime) -> None:
    """Write down who exported what; the digest is the manifest's, which holds every file's."""
    about = uuid5(NAMESPACE_EXPORT, f"{order.kind}/{order.month}/{order.service or ''}")
    organisation, act = context.settings.organisation, f"export_{order.kind}"
    exported = Act(organisation, now, order.by, act, about, manifest)
    async with context.sessions.transaction() as connection:
        await add(connection, context.desk.audit_key, exported)
