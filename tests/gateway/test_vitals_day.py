"""A failing vital sign, from a device's MQTT message to a referral, through a restarted gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway import enrol
from gateway.clock import StoryClock
from gateway.context import Context
from gateway.runtime import Gateway, prepared
from gateway.settings import Settings
from gateway.store.connect import Session
from tests.databases import MORNING, ORGANISATION
from tests.devices import mqtt_wire as wire
from tests.gateway.mqtt_house import Device
from tests.store.messages import column, roll
from tests.store.vitals_house import WARD

WAIT_S = 60.0
DEVICE = {"line": "mqtt-main", "sender": "17", "person": "wc", "interval_s": 3600}
PERSON = {"id": "wc", "name": "Fictional WC", "born": "1951-05-01", "postcode": "LE1 1AA",
          "plan": {"deterioration": "at_once"}}  # fmt: skip
PLAN = {"person": "wc", "ward": "east"}


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Gateway]:
    """Run a whole gateway, with all its roles."""
    gateway = Gateway(context)
    try:
        await gateway.start()
        yield gateway
    finally:
        await gateway.stop()


async def wait_for(session: Session, text: str, expected: list[Any]) -> None:
    """Wait until a query gives this."""
    found: list[Any] = []
    for _ in range(int(WAIT_S / 0.1)):
        found = await column(session, text)
        if found == expected:
            return
        await asyncio.sleep(0.1)
    assert found == expected


async def send(port: int, secret: str, **body: Any) -> bytes:
    """Send one message as the device does, and give what is answered first."""
    device = Device(*await asyncio.open_connection("127.0.0.1", port))
    device.send(wire.connect(username="17", password=secret.encode()))
    assert (await device.read())[3] == 0
    device.send(wire.publish("lifeline/v1/17/up", json.dumps(body).encode(), packet_id=1))
    answer = await device.read()
    await device.close()
    return answer


async def test_a_red_reading_becomes_an_alert_and_untaken_a_provisional_referral(
    database: str, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "dsn").write_text(database)
    settings = Settings(
        state_dir=tmp_path / "state", database_dsn_file=tmp_path / "dsn", web_port=0, mqtt_port=0,
        organisation=ORGANISATION, storage="auto",
    )  # fmt: skip
    clock = StoryClock(MORNING)
    async with prepared(settings, clock) as context:
        known = roll(persons=[PERSON], devices=[DEVICE], wards=[WARD], monitoring=[PLAN])
        done = await enrol.enrol(context.sessions, known, MORNING, context.desk.rules)
        secret = done.secrets["mqtt-main", "17"]
        async with running(context):
            await wait_for(session, "select plan_revision from vitals_state", [1])
            answer = await send(context.ports.mqtt or 0, secret, id="1-1", vitals={"spo2_pct": 86})
            assert answer == wire.puback(1), "acknowledged, so it is stored and decided"
            alerts = "select level || ' ' || state || ' ' || confirmed from vitals_alert"
            assert await column(session, alerts) == ["red open false"]
            clock.forward_to(MORNING + timedelta(minutes=10, seconds=30))
            await wait_for(session, alerts, ["red open true"])
        # Nobody runs while the ward's ladder climbs; whoever comes back goes on with it.
        clock.forward_to(MORNING + timedelta(minutes=56))
        async with running(context):
            referrals = "select state || ' ' || provisional from referral"
            await wait_for(session, "select kind from alarm", ["health"])
            await wait_for(session, referrals, ["received true"])
            told = "select distinct recipient from outbox where recipient like 'ward%' order by 1"
            assert await column(session, told) == ["ward", "ward_lead", "ward_on_call"]
            carried = "select body -> 'vitals' -> 'readings' -> 'spo2_pct' ->> 'value' from outbox where what = 'referral_request'"  # noqa: E501
            assert await column(session, carried) in (["86"], ["86.0"])
