"""The gateway's tests of the HTTP side begin with a few fictional people enrolled."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import enrol
from gateway.context import Context
from gateway.database import Database
from gateway.placing import Desk
from gateway.settings import Settings
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING
from tests.gateway.api_house import House, StillClock, build_house, enrol_elsewhere
from tests.gateway.bars_house import World
from tests.store.messages import roll


@pytest.fixture
async def house(session: Session, sessions: Sessions, desk: Desk, tmp_path: Path) -> House:
    """Give the application with two enrolled people, and an organisation elsewhere."""
    clock = StillClock(MORNING)
    settings = Settings(state_dir=tmp_path)
    context = Context(
        settings=settings,
        clock=clock,
        database=Database(settings),
        desk=desk,
        storage="native",
        sessions=sessions,
        listen=session,
    )
    await enrol.enrol(sessions, roll(), clock.now())
    async with session.transaction() as connection:
        await enrol_elsewhere(connection, clock.now())
    return build_house(context, clock, session)


@pytest.fixture
async def world(
    session: Session, sessions: Sessions, desk: Desk, tmp_path: Path
) -> AsyncIterator[World]:
    """Give where a house with a service behind HTTP can stand."""
    world = World(session, sessions, desk, tmp_path)
    async with world.stack:
        yield world


@pytest.fixture
def ward(house: House) -> House:
    """Give the application with the vitals half on."""
    context = replace(house.context, desk=replace(house.context.desk, vitals=True))
    return build_house(context, house.clock, house.session)
