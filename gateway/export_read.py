"""Read what an export is made of, as one snapshot, in pages so that no statement runs long."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from alerts.case import Alarm, Entry, Referral
from alerts.facts import Service
from alerts.referral.extract_raw import Patient, Period, Raw
from gateway.errors import SettingsError
from gateway.store.connect import Connection, Row, Sessions, rows, run

PAGE = 500
MAX_ROWS = 200_000
MARGIN = timedelta(days=1)
"""A service's month begins and ends within a day of the month in UTC, wherever it is."""
FIRST = UUID(int=0)

_referral_of = msgspec.json.Decoder(Referral).decode
_alarm_of = msgspec.json.Decoder(Alarm).decode
_entry_of = msgspec.json.Decoder(Entry).decode


@asynccontextmanager
async def snapshot(sessions: Sessions) -> AsyncIterator[Connection]:
    """Give a connection that sees one state of the database in all its statements."""
    async with sessions.transaction() as connection:
        await run(connection, "export_snapshot")
        yield connection


async def read_referrals(
    connection: Connection, organisation: UUID, period: Period
) -> tuple[Raw, ...]:
    """Read every referral of the month, and those that were open in it.

    Raises:
        SettingsError: there are more than one export holds.
        StoreError: as the database says.
    """
    services = await read_services(connection, organisation)
    raws: list[Raw] = []
    for page in await _pages(connection, "export_referrals", organisation, period):
        beside = await _beside(connection, organisation, page)
        entries = await _entries(connection, page)
        raws += [_raw(one, services, beside, entries) for one in page]
    return tuple(raws)


async def read_alarms(
    connection: Connection, organisation: UUID, period: Period
) -> tuple[Alarm, ...]:
    """Read the month's calls; which of them a local month holds is told by who counts them.

    Raises:
        SettingsError: there are more than one export holds.
        StoreError: as the database says.
    """
    pages = await _pages(connection, "export_alarms", organisation, period)
    return tuple(_alarm_of(one.record) for page in pages for one in page)


async def read_services(connection: Connection, organisation: UUID) -> dict[str, Service]:
    """Read the services: what a figure needs of them."""
    found = await rows(connection, "export_services", organisation_id=organisation)
    return {
        one.id: Service(one.id, kind=one.kind, timezone=one.timezone, hours=_hours(one.hours))
        for one in found
    }


def _hours(found: Any) -> str | dict[str, tuple[str, ...]]:  # noqa: ANN401 - JSON
    if isinstance(found, dict):
        return {day: tuple(spans) for day, spans in found.items()}
    return str(found)


async def _pages(
    connection: Connection, name: str, organisation: UUID, period: Period
) -> list[list[Row]]:
    since, until = period.span(ZoneInfo("UTC"))
    pages: list[list[Row]] = []
    after = FIRST
    for _ in range(MAX_ROWS // PAGE):
        page = await rows(
            connection,
            name,
            organisation_id=organisation,
            since=since.astimezone(UTC) - MARGIN,
            until=until.astimezone(UTC) + MARGIN,
            after=after,
            limit=PAGE,
        )
        if page:
            pages.append(page)
        if len(page) < PAGE:
            return pages
        after = page[-1].id
    raise SettingsError(
        f"more than {MAX_ROWS} records in {period.label}, expected at most so many: nothing was "
        "exported; raise MAX_ROWS where there is the memory for it"
    )


async def _beside(
    connection: Connection, organisation: UUID, page: Sequence[Row]
) -> dict[UUID, list[Referral]]:
    """Read, by person, every referral of these people, from their own cases and their places'."""
    known = {one.subject_id for one in page} | {one.person_id for one in page}
    cases = (known | {one.place_id for one in page}) - {None}
    found: dict[UUID, list[Referral]] = {}
    for one in await rows(
        connection, "export_beside", organisation_id=organisation, subjects=sorted(cases)
    ):
        if one.person_id is not None:
            found.setdefault(one.person_id, []).append(_referral_of(one.record))
    return found


async def _entries(connection: Connection, page: Sequence[Row]) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = {}
    for one in await rows(
        connection,
        "export_decisions",
        subjects=[one.subject_id for one in page],
        referrals=[one.id for one in page],
    ):
        found.setdefault(one.referral_id, []).append(_entry_of(one.entry))
    return found


def _raw(
    found: Row,
    services: dict[str, Service],
    beside: dict[UUID, list[Referral]],
    entries: dict[UUID, list[Entry]],
) -> Raw:
    patient = None
    if found.person_id is not None:
        patient = Patient(str(found.person_id), found.born, found.nhs_number, found.postcode)
    return Raw(
        referral=_referral_of(found.record),
        service=services[found.service_id],
        patient=patient,
        alarm=None if found.alarm is None else _alarm_of(found.alarm),
        entries=tuple(entries.get(found.id, ())),
        beside=tuple(beside.get(found.person_id, ())),
    )
