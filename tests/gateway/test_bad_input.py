"""Bad input through the real device endpoint, the real lanes and a real database.

Each has a named error, is counted, is kept where it is evidence, raises what DECIDING says, and
harms nothing else: after each of them the same device's press is stored as if nothing had been.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
import pytest
from prometheus_client import REGISTRY

from devices.decoding import families
from gateway import enrol
from gateway.clock import Clock
from gateway.ingest import Ingest
from gateway.listeners.mqtt_endpoint import MqttEndpoint
from gateway.listeners.mqtt_shared import MqttSettings
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import ORGANISATION
from tests.store.messages import LINE, column, count, roll

WAIT_S = 30.0
WC = enrol.person_id(ORGANISATION, "wc")
HELP = f"kind = 'help' and state = 'open' and subject_id = '{WC}'"
FAULT = f"kind = 'technical' and subject_id = '{WC}'"
NOTHING = "false"
MEBIBYTE = 1_048_576


@dataclass
class Front:
    """The endpoint, and a way to speak to it as device 17 or as a stranger."""

    port: int
    secret: str
    session: Session

    async def say(
        self,
        body: bytes,
        *,
        topic: str = "call",
        name: str = "17",
        patience_s: float = WAIT_S,
    ) -> dict[str, Any] | None:
        """Publish and give the receipt; None when the line was cut instead."""
        full = topic if "/" in topic else f"lifeline/v1/{name}/{topic}"
        secret = self.secret if name == "17" else "no-secret-of-ours"
        try:
            async with (
                asyncio.timeout(WAIT_S),
                aiomqtt.Client(
                    "127.0.0.1",
                    self.port,
                    username=name,
                    password=secret,
                    identifier=name,
                    timeout=patience_s,
                ) as client,
            ):
                await client.publish(full, body, qos=1)
                async for told in client.messages:
                    assert isinstance(told.payload, bytes)
                    receipt: dict[str, Any] = json.loads(told.payload)
                    return receipt
        except aiomqtt.MqttError:
            return None
        return None

    async def press(self, number: int, **more: object) -> dict[str, Any] | None:
        body = {"id": f"9-{number}", "activation": "pendant", **more}
        return await self.say(json.dumps(body).encode())


@pytest.fixture
async def front(
    database: str, desk: Desk, sessions: Sessions, session: Session
) -> AsyncIterator[Front]:
    enrolled = await enrol.enrol(sessions, roll(), datetime.now(UTC))
    clock = Clock()
    ingest = Ingest(lambda: database, desk, clock, families(), LINE)
    tasks = ingest.tasks()
    endpoint = MqttEndpoint(MqttSettings(line=LINE), ingest, ingest, clock.now)
    await endpoint.start()
    yield Front(endpoint.port, enrolled.secrets[LINE, "17"], session)
    await endpoint.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await ingest.close()


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def faults(fault: str) -> float:
    return counted("lifeline_message_faults_total", link="native", fault=fault)


# What is said, where, the word of its fault, and what it raises.
BAD = [
    pytest.param(b'{"id": "1-1", "activ', "call", "corrupt", HELP, id="wrong JSON on call"),
    pytest.param(b'{"id": "1-1", "vit', "up", "corrupt", FAULT, id="wrong JSON on up"),
    pytest.param(b'{"id": "1-1", "activation": 5}', "call", "corrupt", HELP, id="wrong type"),
    pytest.param(b'{"id": "1-1", "vitals": {"spo2_pct": "x"}}', "up", "corrupt", FAULT,
                 id="wrong type of a reading"),
    pytest.param(b'{"id": "1-1", "vitals": {"spo2_pct": NaN}}', "up", "corrupt", FAULT, id="NaN"),
    pytest.param(b'{"id": "1-1", "activation": "pendant", "location": "\\u0000"}', "call",
                 "corrupt", HELP, id="NUL"),
    pytest.param(b'{"id": "1-1", "activation": "pendant", "location": "\\ud800"}', "call",
                 "corrupt", HELP, id="lone surrogate"),
    pytest.param(b'{"id": "1-1", "activation": "pendant"}', "elsewhere/17", "not_mine", HELP,
                 id="a call on an unknown topic"),
    pytest.param(b'{"id": "1-1", "temperature": 20}', "elsewhere/17", "not_mine", FAULT,
                 id="something else on an unknown topic"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "topic", "fault", "raised"), BAD)
async def test_what_cannot_be_read_is_named_counted_kept_and_raised_and_harms_no_press(
    front: Front, body: bytes, topic: str, fault: str, raised: str
) -> None:
    before = faults(fault)
    session = front.session

    receipt = await front.say(body, topic=topic)

    assert receipt == {"receipt": "1-1", "result": "stored"}
    assert faults(fault) == before + 1
    assert await column(session, "select body from packet") == [body]
    (problem,) = await column(session, "select problem from packet")
    assert problem.startswith(f"{fault}: ")
    assert await count(session, "alarm", raised) == 1
    assert await front.press(1) == {"receipt": "9-1", "result": "stored"}
    assert await count(session, "alarm", HELP) == 1
    assert await count(session, "packet", "problem is null and lane = 'alarm'") == 1


async def test_a_payload_of_a_mebibyte_is_refused_by_name_and_the_next_press_is_stored(
    front: Front, session: Session
) -> None:
    def refused() -> float:
        return counted("lifeline_mqtt_protocol_errors_total", line=LINE, reason="packet_too_large")

    before = refused()
    body = b'{"id": "1-1", "activation": "' + b"x" * MEBIBYTE + b'"}'

    assert await front.say(body, patience_s=2) is None
    assert refused() == before + 1
    assert await count(session, "packet", "lane = 'alarm'") == 0
    assert await front.press(1) == {"receipt": "9-1", "result": "stored"}


async def test_a_press_of_an_unknown_device_is_an_unknown_caller_kept_apart(
    front: Front, session: Session
) -> None:
    receipt = await front.say(b'{"id": "1-1", "activation": "pendant"}', name="stranger")

    assert receipt == {"receipt": "1-1", "result": "stored"}
    unknown = "select label from alarm join subject on subject.id = subject_id"
    assert await column(session, f"{unknown} where alarm.kind = 'help'") == ["stranger"]
    assert await count(session, "quarantine") == 1
    assert await count(session, "referral") == 0
    assert await front.press(1) == {"receipt": "9-1", "result": "stored"}
    assert await count(session, "alarm", HELP) == 1


@pytest.mark.parametrize("years", [-30, 30], ids=["past", "future"])
async def test_a_device_with_a_wrong_clock_is_heard_now_and_its_readings_say_so(
    front: Front, session: Session, years: int
) -> None:
    at = (datetime.now(UTC) + timedelta(days=365 * years)).isoformat()
    await front.press(1, at=at)
    await front.say(json.dumps({"id": "1-2", "at": at, "vitals": {"spo2_pct": 95}}).encode(),
                    topic="up")  # fmt: skip

    assert await count(session, "alarm", HELP) == 1
    assert await count(session, "referral") == 1, "a call for help is never stale"
    age = "abs(extract(epoch from now() - alarm_at)) < 3600"
    assert await count(session, "alarm", age) == 1
    assert await column(session, "select quality from measurement") == ["device_clock"]
    assert await count(session, "measurement_default") == 0


async def test_the_same_id_with_other_content_is_a_press_of_its_own_and_a_technical_alarm(
    front: Front, session: Session
) -> None:
    assert await front.press(1) == {"receipt": "9-1", "result": "stored"}
    assert await front.press(1, location="stairs") == {"receipt": "9-1", "result": "stored"}

    assert await column(
        session, "select (record->>'signals')::int from alarm where kind = 'help'"
    ) == [2]
    assert await count(session, "alarm", FAULT) == 1
    assert await count(session, "referral") == 1
    assert await count(session, "packet", "lane = 'alarm'") == 2
