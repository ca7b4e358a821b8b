"""Who trusts whom at a site's broker: TLS, passwords, access list, and answers that are wrong."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from firmware_stubs.words import Timing
from gateway.listeners.mqtt_client import BrokerClient
from gateway.listeners.mqtt_client_parts import BrokerSettings, Version
from ops.chaos.mosquitto import HOST
from tests.gateway.broker_house import (
    LINE,
    QUICK,
    Certificates,
    broker,
    client,
    counted,
    device,
    publisher,
    until,
)
from tests.gateway.mqtt_house import CALL, UP, Ledger, body


async def test_a_press_through_a_broker_with_tls_passwords_and_access_list(
    tmp_path: Path,
) -> None:
    certificates = Certificates(tmp_path)
    ledger = Ledger()
    async with broker(tmp_path, **certificates.broker) as mosquitto:
        settings = mosquitto.settings(host="localhost", tls=certificates.trust)
        async with (
            client(settings, ledger) as ours,
            device(mosquitto, host="localhost", tls=certificates.trust, timing=Timing()) as pendant,
        ):
            assert (await pendant.press()).result == "stored"
            async with asyncio.TaskGroup() as many:
                for _ in range(100):  # more than one TLS record holds
                    many.create_task(pendant.vitals(spo2_pct=95))
            await until(lambda: not any(one.unacknowledged for one in ours.sessions.values()))
    assert len({packet.key for packet in ledger.packets}) == 101


@pytest.mark.parametrize("word", ["tls", "refused", "unreachable"])
async def test_a_broker_that_is_not_trusted_refuses_or_is_not_there_is_counted_by_why(
    tmp_path: Path, word: str
) -> None:
    certificates = Certificates(tmp_path)
    before = counted("lifeline_broker_connects_total", topics="calls", result=word)
    async with broker(tmp_path, **(certificates.broker if word == "tls" else {})) as mosquitto:
        wrong: dict[str, dict[str, Any]] = {
            "tls": {"host": "localhost", "tls": ssl.create_default_context()},
            "refused": {"password": "wrong"},
            "unreachable": {"port": 1},
        }
        ours = BrokerClient(mosquitto.settings(**wrong[word]), Ledger(), _never)
        ours.start()
        await until(
            lambda: (
                counted("lifeline_broker_connects_total", topics="calls", result=word) > before + 1
            )
        )
        assert not ours.is_up
        await ours.stop()


def _never() -> datetime:
    raise AssertionError("nothing is heard")


async def test_the_access_list_lets_a_device_speak_below_its_own_name_only(
    tmp_path: Path,
) -> None:
    """This is what `trusted_topics` stands on. Mosquitto 2.0 disconnects who tries, or ignores."""
    ledger = Ledger()
    forbidden = (CALL, UP, "lifeline/v1/17/will", "lifeline/v1/17/down", "lifeline/v1/17/x/call")
    async with broker(tmp_path) as mosquitto, client(mosquitto.settings(), ledger):
        for topic in forbidden:
            with suppress(aiomqtt.MqttError):
                async with publisher(mosquitto, "18") as other:
                    await other.publish(topic, body(1), 1)
        async with publisher(mosquitto, "18") as other:
            await other.publish("lifeline/v1/18/call", body(2), 1)
        await ledger.heard(1)
    assert [(one.sender, one.body) for one in ledger.packets] == [("18", body(2))]


CONNACK = b"\x20\x02\x00\x00"


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ((CONNACK, b"\x90\x03\x00\x01\x80"), "not_authorized"),
        ((CONNACK, b""), "silent"),
        ((b"",), "silent"),
        ((b"\x20\x02\x00\x05",), "refused"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "lost"),
    ],
)
async def test_a_broker_that_answers_wrongly_is_left_and_tried_again(
    answers: tuple[bytes, ...], word: str
) -> None:
    """Bytes as they come: CONNACK, SUBACK with 0x80, nothing, not authorized, not MQTT."""
    before = counted("lifeline_broker_connects_total", topics="calls", result=word)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for one in answers:
            await reader.read(1_000)  # one packet: we wait for its answer before the next
            writer.write(one)
        await asyncio.sleep(0.1)
        if word == "lost":
            writer.close()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    settings = BrokerSettings(
        LINE, HOST, server.sockets[0].getsockname()[1], "gateway-1", version=Version.V311,
        timing=replace(QUICK, answer_s=0.5),
    )  # fmt: skip
    ours = BrokerClient(settings, Ledger(), _never)
    ours.start()
    await until(
        lambda: counted("lifeline_broker_connects_total", topics="calls", result=word) > before + 1
    )
    assert not ours.is_up
    await ours.stop()
    server.close()
