"""The running gateway sends a press to a service behind HTTP, as its settings say."""

import asyncio
from pathlib import Path

from gateway import enrol, intake
from gateway.clock import Clock
from gateway.practice_receiver.receiver import PracticeReceiver, PracticeSettings
from gateway.roles import Role
from gateway.runtime import Gateway, prepared
from gateway.settings import Settings
from gateway.store.connect import Session
from tests.gateway.bars_house import PERSON, SERVICE
from tests.gateway.bars_keys import endpoint, new_key, public, signing
from tests.store.messages import column, press, roll

DEVICE = {"line": "mqtt-main", "sender": "17", "person": "wc", "interval_s": 3600}


async def test_a_press_goes_to_the_service_that_the_settings_name(
    database: str, tmp_path: Path
) -> None:
    key = new_key(tmp_path / "key.pem")
    receiver = PracticeReceiver(PracticeSettings(keys=public(key)))
    await receiver.start()
    (tmp_path / "dsn").write_text(database)
    settings = Settings(
        state_dir=tmp_path / "state",
        database_dsn_file=tmp_path / "dsn",
        bars={
            "icrs": endpoint(receiver.address, **signing(receiver.address, tmp_path / "key.pem"))
        },
    )
    session = Session(lambda: database, "test")
    async with prepared(settings, Clock()) as context:
        gateway = Gateway(context, (Role.DISPATCH,))
        await gateway.start()
        now = context.clock.now()
        known = roll(services=[SERVICE], persons=[PERSON], devices=[DEVICE])
        await enrol.enrol(context.sessions, known, now)
        await intake.take(session, [press(at=now)], context.desk, now)
        async with asyncio.timeout(60):
            (heard,) = await receiver.hears(1)
            for _ in range(1_000):
                states = await column(session, "select state from referral")
                if states == ["received"]:
                    break
                await asyncio.sleep(0.05)
        await gateway.stop()
    await session.close()
    await receiver.stop()

    assert states == ["received"]
    assert (heard.answered, heard.problems) == (200, ())
