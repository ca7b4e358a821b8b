"""`lifeline rehearse`: proposed rules, or one person's proposed limits, over recorded history."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import typer

from alerts.vitals.rehearsal_plan import plan_of_now, wrong_with
from alerts.vitals.rehearsal_sum import Document
from gateway.clock import Clock
from gateway.commands import write_once
from gateway.context import Context
from gateway.enrol import person_id
from gateway.errors import SettingsError
from gateway.export_write import json_file
from gateway.log import configure
from gateway.rehearse_print import lines_of
from gateway.rehearse_proposal import Proposal
from gateway.rehearse_work import MadeUp, Recorded
from gateway.runtime import prepared
from gateway.settings import load
from gateway.store import rehearse
from gateway.store.rehearse import Span
from gateway.store.vitals import read_plans

MAX_DAYS = 400
DAYS = 90
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Attributes:
        proposed: A folder of rules, or one file laid over those in force.
        person, limits: In its place one person and a file with proposed limits.
        since, until, days: From when to when; of two the third follows.
        ward: `SEED:PATIENTS:DAYS` in place of the database.
    """

    proposed: Path | None = None
    person: str | None = None
    limits: Path | None = None
    since: date | None = None
    until: date | None = None
    days: int | None = None
    ward: str | None = None
    to: Path | None = None
    jobs: int | None = None

    def check(self) -> None:
        """Check what is asked for together.

        Raises:
            SettingsError: says what is missing or too much.
        """
        if (self.proposed is None) == (self.limits is None):
            raise SettingsError(
                "say what is proposed: --proposed DIR_or_FILE, or --person ID --limits FILE"
            )
        if (self.person is None) != (self.limits is None):
            raise SettingsError("--person and --limits go together: whose limits, and which")
        if self.ward is not None and (self.person or self.since or self.until or self.days):
            raise SettingsError(
                "--ward is a made-up ward with its own people and days: leave out "
                "--person, --from, --to and --days"
            )
        if self.to is not None and self.to.exists():
            raise SettingsError(f"{self.to} exists: name a file that does not")

    def span(self, now: datetime) -> Span:
        """Give from when to when.

        Raises:
            SettingsError: the days cannot be used.
        """
        until = self.until or now.astimezone(UTC).date()
        since = self.since or until - (self.days or DAYS) * DAY
        if self.since is not None and self.days is not None:
            until = self.since + self.days * DAY
            if self.until is not None:
                raise SettingsError("of --from, --to and --days name two at most")
        days = (until - since) // DAY
        if not 1 <= days <= MAX_DAYS:
            raise SettingsError(f"{since} to {until} are {days} days, expected 1 to {MAX_DAYS}")
        return Span(_midnight(since), _midnight(until))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


async def rehearse_it(order: Order, toml: Path | None) -> int:
    """Rehearse, print what was found, and write the document where one is asked for.

    Raises:
        GatewayError: nothing was written; says what to do.
    """
    order.check()
    settings = load(toml)
    configure("warning")
    if order.ward is not None:
        proposal = Proposal.of(order, settings.rules_dir, Clock().now(), None)
        found = proposal.rehearsed(order.jobs, ward_of(order.ward))
    else:
        async with prepared(settings, Clock()) as context:
            found = await recorded(order, context)
    for line in lines_of(found):
        typer.echo(line)
    if order.to is not None:
        write_once(order.to, json_file(found).decode())
        typer.echo(f"{order.to}: rehearsal {found.digest[:16]}, for the approval")
    return 0


async def recorded(order: Order, context: Context) -> Document:
    """Rehearse over what a database has recorded.

    Raises:
        GatewayError: says what is wrong and what to do.
    """
    now = context.clock.now()
    span, organisation = order.span(now), context.settings.organisation
    person = None if order.person is None else _person(order.person, organisation)
    proposal = Proposal.of(order, context.settings.rules_dir, now, person)
    async with context.sessions.transaction() as connection:
        ids = await rehearse.people(connection, organisation, person)
        plans = await read_plans(connection, ids) if person else {}
    if not ids:
        whom = "nobody is" if person is None else f"person {order.person} is not"
        raise SettingsError(
            f"{whom} watched in this database: nothing to rehearse over; a made-up ward is "
            "--ward 7:1000:90"
        )
    if person is not None and proposal.limits is not None:
        plan = plans.get(person)
        if isinstance(plan, str) or plan is None:
            raise SettingsError(f"person {order.person}: {plan or 'no monitoring plan'}")
        tried = plan_of_now(plan, span.since, now, proposal.limits)
        for wrong in wrong_with(tried, context.desk.rules.at(now), now):
            raise SettingsError(f"{order.limits}: {wrong}")
    over = Recorded(context.database.dsn(), tuple(ids), span)
    return await asyncio.to_thread(proposal.rehearsed, order.jobs, over)


def ward_of(text: str) -> MadeUp:
    """Read `SEED:PATIENTS:DAYS`.

    Raises:
        SettingsError: says what was found and expected.
    """
    try:
        seed, patients, days = (int(part) for part in text.split(":"))
        found = MadeUp(seed, patients, days)
        _ = found.ward  # says what is out of its limits
    except ValueError as error:
        raise SettingsError(
            f"--ward {text!r}: {error}; expected SEED:PATIENTS:DAYS, such as 7:1000:90"
        ) from error
    return found


def _person(text: str, organisation: UUID) -> UUID:
    """Take an id of ours, or the organisation's own for the person."""
    try:
        return UUID(text)
    except ValueError:
        return person_id(organisation, text)
