"""Homes as the desk shows them: who lives in a place, and what must be read before one calls.

Contract: a place's name goes to those whose work needs to know where somebody lives; ids go to all
who may see the alarm.
"""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from gateway.api import build, reads, records_people
from gateway.api.auth import READ_PERSONS, Caller
from gateway.context import Context
from gateway.store.connect import Connection, Row, rows

RESIDENTS = 20


async def homes(
    connection: Connection, caller: Caller, alarms: Iterable[Row]
) -> dict[UUID, build.Home]:
    """Give the home of each alarm's case: its place and who lives there, and the warning."""
    alarms = list(alarms)
    warned = await reads.warnings_of(connection, alarms)
    wanted = sorted({one.place_id for one in alarms if one.place_id is not None})
    places = {}
    if wanted:
        for one in await rows(
            connection,
            "desk_places",
            ids=wanted,
            organisation_id=caller.organisation_id,
            limit=RESIDENTS + 1,
        ):
            places[one.id] = build.Home(
                name=one.name if caller.role in READ_PERSONS else None,
                residents=tuple(one.residents[:RESIDENTS]),
                more=len(one.residents) > RESIDENTS,
            )
    nowhere = build.Home()
    return {
        one.subject_id: replace(
            places.get(one.place_id, nowhere), warning=warned.get(one.subject_id)
        )
        for one in alarms
    }


async def resident_cards(
    connection: Connection, context: Context, caller: Caller, home: build.Home, about: UUID
) -> tuple[records_people.PersonCard, ...]:
    """Read the cards of the several people of a place; each reading is audited."""
    if home.only_resident is not None:
        return ()
    cards = [
        await reads.person_card(connection, context, caller, person, about)
        for person in home.residents
    ]
    return tuple(card for card in cards if card is not None)
