"""The fictional people, devices and services that the demo enrols.

Telephone numbers are of the ranges that Ofcom keeps for drama. The measured presses belong to an
organisation of their own, so that the story's desk shows the story only.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from alerts.facts import Service
from gateway.demo.parts import Story
from gateway.demo.stories import PENDANT
from gateway.enrol import DeviceRow, PersonRow, Roll, ServiceRow

ORGANISATION = UUID("de300000-0000-4000-8000-000000000001")
MEASURED = UUID("de300000-0000-4000-8000-000000000002")
NAME = "Demonstration (fictional people)"
INTERVAL_S = 3_600
CAPACITY = 5
MEASURED_CEILING_PER_HOUR = 1_000


def services(shipped: Iterable[Service], now: datetime, ucr: str) -> list[ServiceRow]:
    """Enrol the shipped services, the crisis service with a fresh figure of its free places.

    Args:
        ucr: How the crisis service is sent to, `desk` or `bars`. The others take no referral in
            any story.
    """
    return [
        ServiceRow(
            id=one.id,
            name=one.id.upper(),
            kind=one.kind,
            timezone=one.timezone,
            hours=_hours(one),
            catchment=list(one.catchment),
            capacity=CAPACITY if one.kind == "UCR" else None,
            capacity_at=now if one.kind == "UCR" else None,
            criteria=one.criteria,
            delivery=ucr if one.kind == "UCR" else one.delivery,
            position=one.position,
        )
        for one in shipped
    ]


def pendant_on(line: str) -> DeviceRow:
    """Give the simulated pendant, behind the endpoint or a broker."""
    return DeviceRow(line=line, sender=PENDANT, model="simulated pendant", interval_s=INTERVAL_S)


def _hours(service: Service) -> str | dict[str, list[str]]:
    if isinstance(service.hours, str):
        return service.hours
    return {day: list(spans) for day, spans in service.hours.items()}


def cast_of(
    story: Story, unit: DeviceRow, shipped: Iterable[Service], now: datetime, ucr: str
) -> Roll:
    """Give who plays in a story: the services, and a person with a unit where there is one."""
    persons, devices = [], []
    if story.person is not None:
        persons = [PersonRow.model_validate(dict(story.person))]
        devices = [unit.model_copy(update={"person": persons[0].id})]
    return Roll(
        organisation=ORGANISATION,
        name=NAME,
        services=services(shipped, now, ucr),
        persons=persons,
        devices=devices,
    )


def crowd(count: int, line: str, now: datetime) -> Roll:
    """Give people for the measured presses, each with a pendant and the plan `at_once`."""
    names = [f"measured-{number:03d}" for number in range(1, count + 1)]
    return Roll(
        organisation=MEASURED,
        name=f"{NAME}, measured",
        services=[
            ServiceRow(
                id="icrs",
                name="ICRS",
                catchment=["LE"],
                capacity=count,
                capacity_at=now,
                automatic_per_hour=MEASURED_CEILING_PER_HOUR,
            )
        ],
        persons=[
            PersonRow(
                id=name, name=f"{name} (fictional)", postcode="LE1 1AA", plan={"press": "at_once"}
            )
            for name in names
        ],
        devices=[DeviceRow(line=line, sender=name, person=name) for name in names],
    )
