"""Before the curtain: the cast enrolled, tokens given, her unit connected, someone watching."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.demo.acting import Stage
from gateway.demo.desk import Desk
from gateway.demo.house import House
from gateway.demo.missing import Missing
from gateway.demo.observe import Observer
from gateway.demo.parts import Story
from gateway.demo.pendant import Pendant, Unit
from gateway.demo.people import ORGANISATION, cast_of, pendant_on
from gateway.demo.practice import Answers
from gateway.demo.screen import Screen
from gateway.enrol import enrol, person_id
from gateway.tokens import Role, new_token

CONNECT_S = 10.0
NAMES = {Role.OPERATOR: "operator-1", Role.RESPONDER: "icrs-desk", Role.SERVICE: "icrs-system"}
SERVICE_OF = {Role.RESPONDER: "icrs", Role.SERVICE: "icrs"}


@asynccontextmanager
async def staged(story: Story, screen: Screen, house: House) -> AsyncIterator[Stage]:
    """Enrol the cast, give tokens, connect her unit, and watch.

    Raises:
        Missing: the unit does not get in.
    """
    secret = await _enrolled(story, house)
    tokens = await _tokens(house)
    async with AsyncExitStack() as stack:
        observer = await stack.enter_async_context(_watching(house))
        desk = await stack.enter_async_context(Desk(house.address, tokens))
        stage = Stage(house, desk, observer, screen, story.stated)
        if house.around.practice is not None:
            token = tokens[Role.SERVICE]
            stage.answers = Answers(house.around.practice, house.address, token)
            stack.push_async_callback(stage.answers.close)
        if story.person is not None:
            stage.person = person_id(ORGANISATION, str(story.person["id"]))
            stage.pendant = await stack.enter_async_context(_unit(house, secret))
        yield stage


async def _enrolled(story: Story, house: House) -> str:
    """Enrol the cast; give the unit's secret, "" where there is none."""
    context, now = house.context, house.clock.now()
    around = house.around
    line = context.settings.mqtt_line if around.mosquitto is None else around.mosquitto.broker.line
    unit = pendant_on(line) if around.radio is None else around.radio.device
    ucr = "desk" if around.practice is None else "bars"
    roll = cast_of(story, unit, context.desk.rules.service_list(), now, ucr)
    enrolled = await enrol(context.sessions, roll, now)
    return next(iter(enrolled.secrets.values()), "")


async def _tokens(house: House) -> dict[Role, str]:
    return {
        role: await new_token(
            house.context.sessions,
            organisation_id=ORGANISATION,
            name=name,
            role=role,
            service_id=SERVICE_OF.get(role),
            now=house.clock.now(),
        )
        for role, name in NAMES.items()
    }


@asynccontextmanager
async def _watching(house: House) -> AsyncIterator[Observer]:
    observer = Observer(house.context.database.dsn)
    watching = asyncio.ensure_future(observer.run())
    try:
        await observer.ready()
        yield observer
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await observer.close()


@asynccontextmanager
async def _unit(house: House, secret: str) -> AsyncIterator[Unit]:
    """Give her unit, connected.

    Raises:
        Missing: it does not get in.
    """
    around = house.around
    if around.radio is not None:
        await around.radio.ready()
        yield around.radio
        return
    port = house.device_port
    if around.mosquitto is not None:
        await around.mosquitto.ready()
        port, secret = around.mosquitto.port, around.mosquitto.secret
    pendant = Pendant(port, secret, house.clock)
    async with pendant.device:
        await _connected(pendant)
        yield pendant


async def _connected(pendant: Pendant) -> None:
    try:
        await asyncio.wait_for(pendant.device.connected.wait(), CONNECT_S)
    except TimeoutError as late:
        raise Missing(f"the pendant was not let in within {CONNECT_S:g} s") from late
