"""Clients that others wrote hand over a press and get its receipt: paho, aiomqtt, mosquitto_pub."""

import asyncio
import queue
import shutil
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.gateway.mqtt_house import CALL, DOWN, SECRET, House, body, open_house

WAIT_S = 10.0
PAHO = pytest.mark.parametrize(
    "protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]
)
AIOMQTT = pytest.mark.parametrize(
    "protocol", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5]
)
RECEIPT = b'{"receipt":"1-1","result":"stored"}'


class Paho:
    """A paho client on its own thread; what it is told ends up in queues."""

    def __init__(self, protocol: MQTTProtocolVersion, password: str = SECRET.decode()) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "17", protocol=protocol)
        self.client.username_pw_set("17", password)
        self.connected: queue.Queue[Any] = queue.Queue()
        self.acknowledged: queue.Queue[tuple[int, Any]] = queue.Queue()
        self.received: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.disconnected: queue.Queue[Any] = queue.Queue()
        self.subscribed: queue.Queue[Any] = queue.Queue()
        self.client.on_connect = lambda _c, _u, _f, code, _p: self.connected.put(code)
        self.client.on_publish = lambda _c, _u, mid, code, _p: self.acknowledged.put((mid, code))
        self.client.on_message = lambda _c, _u, message: self.received.put(message)
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: self.disconnected.put(code)
        self.client.on_subscribe = lambda _c, _u, _m, codes, _p: self.subscribed.put(codes)

    async def enter(self, house: House) -> None:
        await asyncio.to_thread(self.client.connect, "127.0.0.1", house.port, 60)
        self.client.loop_start()
        code = await self.next(self.connected)
        assert code == 0, code

    async def next(self, waiting: "queue.Queue[Any]") -> Any:
        return await asyncio.to_thread(waiting.get, timeout=WAIT_S)

    async def leave(self) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)


@PAHO
async def test_paho_hands_over_a_press_and_gets_its_receipt(protocol: MQTTProtocolVersion) -> None:
    async with open_house() as house:
        device = Paho(protocol)
        await device.enter(house)
        sent = device.client.publish(CALL, body(1), qos=1)
        message = await device.next(device.received)
        assert (message.topic, message.payload, message.qos) == (DOWN, RECEIPT, 1)
        assert (await device.next(device.acknowledged))[0] == sent.mid
        (packet,) = house.ledger.packets
        assert (packet.topic, packet.body, packet.authenticated) == (CALL, body(1), True)
        await device.leave()
        await house.is_empty()


@PAHO
async def test_paho_hands_over_a_thousand_messages_in_order(protocol: MQTTProtocolVersion) -> None:
    async with open_house() as house:
        device = Paho(protocol)
        await device.enter(house)
        for number in range(1_000):
            device.client.publish(CALL, body(number), qos=1)
        answered = [(await device.next(device.acknowledged))[0] for _ in range(1_000)]
        assert answered == sorted(answered)
        assert [packet.body for packet in house.ledger.packets] == [body(n) for n in range(1_000)]
        await device.leave()


@PAHO
async def test_paho_may_subscribe_to_its_own_receipts_only(protocol: MQTTProtocolVersion) -> None:
    async with open_house() as house:
        device = Paho(protocol)
        await device.enter(house)
        device.client.subscribe([(DOWN, 1), ("lifeline/v1/18/down", 1)])
        granted, refused = await device.next(device.subscribed)
        assert granted.value == 1
        assert refused.is_failure
        await device.leave()


@PAHO
async def test_paho_is_refused_while_nothing_can_be_stored(protocol: MQTTProtocolVersion) -> None:
    async with open_house() as house:
        house.ledger.blind = True
        device = Paho(protocol)
        await asyncio.to_thread(device.client.connect, "127.0.0.1", house.port, 60)
        device.client.loop_start()
        code = await device.next(device.connected)
        assert str(code) == "Server unavailable"
        await device.leave()


async def test_paho_in_version_5_uses_topic_aliases_and_properties() -> None:
    async with open_house() as house:
        device = Paho(MQTTProtocolVersion.MQTTv5)
        await device.enter(house)
        for number, topic in ((1, CALL), (2, "")):
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
            properties.TopicAlias = 3
            properties.UserProperty = ("maker", "fictional")
            properties.MessageExpiryInterval = 60
            device.client.publish(topic, body(number), qos=1, properties=properties)
            await device.next(device.acknowledged)
        assert [packet.topic for packet in house.ledger.packets] == [CALL, CALL]
        await device.leave()


async def test_paho_is_told_why_its_session_ended() -> None:
    async with open_house() as house:
        device = Paho(MQTTProtocolVersion.MQTTv5)
        await device.enter(house)
        await house.enter()
        assert str(await device.next(device.disconnected)) == "Session taken over"
        await asyncio.to_thread(device.client.loop_stop)


@AIOMQTT
async def test_aiomqtt_hands_over_a_press_and_gets_its_receipt(
    protocol: aiomqtt.ProtocolVersion,
) -> None:
    async with open_house() as house:
        client = aiomqtt.Client(
            "127.0.0.1",
            house.port,
            identifier="17",
            username="17",
            password=SECRET.decode(),
            protocol=protocol,
        )
        async with client, asyncio.timeout(WAIT_S):
            await client.subscribe(DOWN, qos=1)
            await client.publish(CALL, body(1), qos=1)
            message = await anext(client.messages)
        assert (message.topic.value, message.payload) == (DOWN, RECEIPT)
        assert [packet.body for packet in house.ledger.packets] == [body(1)]


async def test_a_will_of_aiomqtt_is_not_said_when_it_leaves() -> None:
    async with open_house() as house:
        will = aiomqtt.Will("lifeline/v1/17/up", b"gone", qos=1)
        async with aiomqtt.Client("127.0.0.1", house.port, identifier="17", will=will):
            pass
        await house.is_empty()
        assert house.ledger.packets == []


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
async def test_mosquitto_pub_exits_0_when_its_press_is_committed(version: str) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("mosquitto_pub is not installed: apt install mosquitto-clients")
    async with open_house(commits_at_once=False) as house:
        arguments = ["-h", "127.0.0.1", "-p", str(house.port), "-V", version, "-q", "1"]
        arguments += ["-u", "17", "-P", SECRET.decode(), "-t", CALL, "-m", body(1).decode()]
        process = await asyncio.create_subprocess_exec(program, *arguments)
        await house.ledger.heard(1)
        assert process.returncode is None
        house.ledger.commit(body(1))
        async with asyncio.timeout(WAIT_S):
            assert await process.wait() == 0
