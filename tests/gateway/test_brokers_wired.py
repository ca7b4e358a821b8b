"""The gateway as it is started: a press through a broker, what is said there, an orderly end."""

import asyncio
import json
from pathlib import Path

import aiomqtt
import pytest
from typer.testing import CliRunner

from gateway import enrol
from gateway.__main__ import app
from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.roles import Role
from gateway.runtime import Gateway, prepared
from gateway.settings import load
from ops.chaos.mosquitto import HOST
from tests.databases import ORGANISATION
from tests.gateway.broker_house import GATEWAY, LINE, broker, device
from tests.store.messages import roll

STATUS = "lifeline/v1/gateway/county-1/status"


async def test_a_press_through_a_broker_named_in_the_settings(
    empty_database: str, tmp_path: Path
) -> None:
    dsn, password = tmp_path / "dsn", tmp_path / "password"
    for file, text in ((dsn, empty_database), (password, GATEWAY[1])):
        file.write_text(text)
        file.chmod(0o600)
    async with broker(tmp_path) as mosquitto:
        settings = load(
            state_dir=tmp_path / "state", database_dsn_file=dsn, organisation=ORGANISATION,
            mqtt_port=0, web_port=0,
            brokers=[
                {"line": LINE, "host": HOST, "port": mosquitto.port, "username": GATEWAY[0],
                 "password_file": password, "status_as": "county-1"}
            ],
        )  # fmt: skip
        async with prepared(settings, Clock()) as context:
            devices = [{"line": LINE, "sender": "17", "person": "wc", "interval_s": 3600}]
            await enrol.enrol(context.sessions, roll(devices=devices), context.clock.now())
            gateway = Gateway(context, (Role.INGEST,))
            await gateway.start()
            try:
                async with device(mosquitto, "17") as pendant:
                    assert (await pendant.press()).result == "stored"
                assert await status(mosquitto.port) == "online"
            finally:
                await gateway.stop()
            assert await status(mosquitto.port) == "offline"
    assert (tmp_path / "state/brokers" / f"lifeline-{LINE}-calls.json").exists()


def test_the_device_endpoints_line_is_not_a_brokers_too() -> None:
    with pytest.raises(SettingsError, match="mqtt-main belongs to another listener"):
        load(brokers=[{"line": "mqtt-main", "host": HOST}])


def test_checking_the_settings_reads_the_files_of_brokers(tmp_path: Path) -> None:
    file = tmp_path / "lifeline.toml"
    file.write_text(
        f'[[brokers]]\nline = "site-3"\nhost = "{HOST}"\nusername = "gateway"\n'
        f'password_file = "{tmp_path}/none"\n'
    )
    checked = CliRunner().invoke(app, ["config", "check", "--settings", str(file)])

    assert (checked.exit_code, "password_file" in checked.output) == (1, True)


async def status(port: int) -> str:
    """Give what a dashboard sees."""
    async with asyncio.timeout(20):
        async with aiomqtt.Client(
            HOST, port, username="dashboard", password="secret-of-the-dashboard"
        ) as seer:
            await seer.subscribe(STATUS, 1)
            async for message in seer.messages:
                return str(json.loads(str(message.payload, "utf-8"))["state"])
    raise AssertionError("the broker ended it")
