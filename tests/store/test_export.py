"""The extract of a city's month is complete, and its figures equal a count by SQL alone."""

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from alerts.referral.extract import Asked, csds_records
from alerts.referral.extract_codes import Coder
from alerts.referral.extract_quality import BY_REFERRAL, findings
from alerts.referral.extract_raw import Period, Raw
from alerts.referral.kpi import Figure, percent, service_figures
from alerts.referral.kpi_answering import answering_figures, calls_of, late_calls
from gateway.export_read import read_alarms, read_referrals, snapshot
from gateway.placing import Desk
from gateway.store.connect import Sessions
from tests.databases import ORGANISATION
from tests.store import month
from tests.store.export_sql import ANSWERING, CALLS, FIGURES, LATE_CALLS, OF_CALLS, ROWS

OCTOBER = Period(2026, 10)
LONDON = ZoneInfo("Europe/London")
TABLES = ("CYP001", "CYP101", "CYP102", "CYP104", "CYP105", "CYP201", "CYP202")


@pytest.fixture(scope="module")
def raws(told: str) -> tuple[Raw, ...]:
    async def read() -> tuple[Raw, ...]:
        sessions = Sessions(lambda: told, "test", 1)
        async with snapshot(sessions) as connection:
            found = await read_referrals(connection, ORGANISATION, OCTOBER)
        await sessions.close()
        return found

    return asyncio.run(read())


@pytest.fixture(scope="module")
def asked(desk: Desk) -> Asked:
    return Asked(OCTOBER, desk.rules, month.EXPORTED_AT)


def of_icrs(raws: tuple[Raw, ...]) -> tuple[Raw, ...]:
    return tuple(raw for raw in raws if raw.service.id == "icrs")


def counted(dsn: str, text: str, service: str = "icrs") -> list[tuple[Any, ...]]:
    given = {"month": "2026-10", "service": service, "now": month.EXPORTED_AT}
    with psycopg.connect(dsn) as connection:
        return connection.execute(text.encode(), given).fetchall()


def test_nothing_of_the_month_was_refused(told: str) -> None:
    """What the generator tells is possible, so its figures are those of real deciding."""
    assert counted(told, "select entry ->> 'text' from decision where what = 'refused'") == []


def test_the_extract_of_the_month_is_complete(raws: tuple[Raw, ...], asked: Asked) -> None:
    coder = Coder(asked.rules)
    records = csds_records(of_icrs(raws), asked, coder)

    assert len(records) == month.REFERRALS
    assert len({record["ServiceRequestID"] for record in records}) == month.REFERRALS
    for record in records:
        empty = {
            f"{table}.{name}"
            for table in TABLES[:4]
            for name, value in record[table].items()
            if value in (None, "")
        }
        ended = record["derived"]["stop_reason"]
        allowed = {"CYP102.RejectionDate", "CYP102.RejectionReason"}
        if ended == "rejected":
            allowed = {"CYP102.ClosureDate", "CYP102.ClosureReason"}
        elif ended is None:
            allowed |= {"CYP102.ClosureDate", "CYP102.ClosureReason"}
        if ended != "f2f":
            allowed |= {"CYP104.RTT_EndDate", "CYP104.RTT_EndTime"}
        assert empty <= allowed, record


def test_the_report_names_only_codes_to_be_agreed_and_what_is_not_held_here(
    raws: tuple[Raw, ...], asked: Asked
) -> None:
    coder = Coder(asked.rules)
    csds_records(raws, asked, coder)
    found = findings(raws, asked, coder)

    assert [one for one in found if one.problem in BY_REFERRAL] == []
    assert {one.problem for one in found} == {"to_be_agreed", "not_held"}


def test_keys_of_contacts_are_composite_and_single(raws: tuple[Raw, ...], asked: Asked) -> None:
    records = csds_records(raws, asked, Coder(asked.rules))
    keys = [one["CareContactID"] for record in records for one in record["CYP201"]]

    assert len(keys) == len(set(keys)) > month.REFERRALS
    for record in records:
        for one in record["CYP201"]:
            assert one["CareContactID"].startswith(record["ServiceRequestID"])


def test_what_was_withdrawn_before_acceptance_never_enters(
    told: str, raws: tuple[Raw, ...], asked: Asked
) -> None:
    records = csds_records(raws, asked, Coder(asked.rules))
    held = {record["derived"]["referral"] for record in records}
    gone = counted(told, "select id::text from referral where provisional and state = 'withdrawn'")

    assert len(gone) == month.WITHDRAWN_PROVISIONAL
    assert held.isdisjoint(one for (one,) in gone)


@pytest.mark.parametrize("service", ["icrs", "lpt"])
def test_every_figure_equals_a_count_by_sql_alone(
    told: str, raws: tuple[Raw, ...], asked: Asked, service: str
) -> None:
    mine = tuple(raw for raw in raws if raw.service.id == service)
    ours = {one.measure: one for one in service_figures(service, mine, asked)}

    assert set(ours) == set(FIGURES)
    for measure, text in FIGURES.items():
        ((value, of),) = counted(told, ROWS + text, service)
        share = None if of is None or measure.endswith("_min") else percent(value, of)
        expected = Figure("2026-10", service, measure, value, of, share)
        assert ours[measure] == expected, measure


def test_the_month_has_the_proportions_of_the_seeds(raws: tuple[Raw, ...], asked: Asked) -> None:
    """CLINICAL 1.3: so a figure that is always 0 or 100 % could not pass above."""
    ours = {one.measure: one for one in service_figures("icrs", of_icrs(raws), asked)}

    assert ours["referrals"].value == month.REFERRALS
    assert (ours["falls"].value, ours["falls"].pct) == (month.FALLS, 21.9)
    assert ours["joint"].pct == 50.0
    assert ours["falls_conveyed_of_known"].pct == 7.9
    assert ours["falls_home_of_known"].pct == 92.1
    assert ours["two_hour_all"].of == month.REFERRALS - month.TWO_DAY
    assert 70.0 <= (ours["two_hour_all"].pct or 0) < (ours["two_hour_stopped"].pct or 0) < 74.0
    assert ours["withdrawn_provisional"].value == month.WITHDRAWN_PROVISIONAL
    assert ours["withdrawn_confirmed"].value == month.WITHDRAWN_CONFIRMED
    assert ours["rejected"].value == month.REJECTED


async def test_answering_equals_a_count_by_sql_alone(told: str, asked: Asked) -> None:
    sessions = Sessions(lambda: told, "test", 1)
    async with snapshot(sessions) as connection:
        alarms = await read_alarms(connection, ORGANISATION, OCTOBER)
    await sessions.close()
    calls = calls_of(alarms, asked, LONDON)
    ours = {one.measure: one for one in answering_figures(calls, asked) if one.group == "all"}
    late = {one.alarm for one in late_calls(calls, asked)}

    assert set(ours) == set(ANSWERING)
    for measure, text in ANSWERING.items():
        ((value, of),) = counted(told, CALLS + text + OF_CALLS)
        assert (ours[measure].value, ours[measure].of) == (value, of), measure
        assert ours[measure].pct == percent(value, of)
    assert late == {one for (one,) in counted(told, CALLS + LATE_CALLS)}
    assert 0 < len(late) < len(calls)
