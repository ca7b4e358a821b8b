"""A gateway says at a broker whether it is there; the broker says it when it is not."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt

from gateway.listeners.mqtt_presence import Presence
from ops.chaos.mosquitto import HOST
from tests.gateway.broker_house import QUICK, broker
from tests.gateway.mqtt_house import Ledger

TOPIC = "lifeline/v1/gateway/county-1/status"


async def said(messages: Any) -> str:
    """Give the next word."""
    async with asyncio.timeout(10):
        message = await anext(messages)
    assert str(message.topic) == TOPIC
    return str(json.loads(message.payload)["state"])


async def ended(presence: Presence, task: asyncio.Task[None]) -> None:
    presence.finish()
    async with asyncio.timeout(10):
        await task


async def test_online_blind_and_offline_are_said_and_kept_for_those_who_come_later(
    tmp_path: Path,
) -> None:
    ledger = Ledger()
    async with broker(tmp_path, acl_file=None) as mosquitto:
        settings = mosquitto.settings(timing=replace(QUICK, keep_alive_s=1))
        presence = Presence(settings, "county-1", ledger)
        task = asyncio.create_task(presence.run())
        async with aiomqtt.Client(
            HOST, mosquitto.port, username="17", password="secret-of-17"
        ) as seer:
            await seer.subscribe(TOPIC, 1)
            words = aiter(seer.messages)
            assert await said(words) == "online"
            ledger.turn_blind(blind=True)
            while (word := await said(words)) == "online":
                pass
            assert word == "blind"
            ledger.turn_blind(blind=False)
            while (word := await said(words)) == "blind":
                pass
            assert word == "online"
            await ended(presence, task)
            while (word := await said(words)) == "online":
                pass
            assert word == "offline"


async def test_a_gateway_that_dies_is_offline_by_its_will(tmp_path: Path) -> None:
    """Another client takes its name, as seen from the broker: it was cut off without a word."""
    async with (
        broker(tmp_path, acl_file=None) as mosquitto,
        aiomqtt.Client(HOST, mosquitto.port, username="17", password="secret-of-17") as seer,
    ):
        await seer.subscribe(TOPIC, 1)
        words = aiter(seer.messages)
        slow = replace(QUICK, pause_first_s=60, pause_max_s=60)
        presence = Presence(mosquitto.settings(timing=slow), "county-1", Ledger())
        task = asyncio.create_task(presence.run())
        assert await said(words) == "online"
        async with aiomqtt.Client(
            HOST, mosquitto.port, username="18", password="secret-of-18",
            identifier="gateway-1-status",
        ):  # fmt: skip
            assert await said(words) == "offline"
        await ended(presence, task)


async def test_a_gateway_says_again_that_it_is_there_when_the_broker_was_away(
    tmp_path: Path,
) -> None:
    async with broker(tmp_path, acl_file=None) as mosquitto:
        presence = Presence(mosquitto.settings(), "county-1", Ledger())
        task = asyncio.create_task(presence.run())
        for _ in range(2):
            async with aiomqtt.Client(
                HOST, mosquitto.port, username="17", password="secret-of-17"
            ) as seer:
                await seer.subscribe(TOPIC, 1)
                words = aiter(seer.messages)
                while await said(words) != "online":
                    pass
            mosquitto.stop()
            mosquitto.start()
        await ended(presence, task)
