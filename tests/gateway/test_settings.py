"""Settings are read at the start, and what is wrong stops it with a name."""

import json
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import load


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert (load().web_port, load().mqtt_port) == (8080, 1883)


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lifeline.toml"
    file.write_text("web_port = 1\nmqtt_port = 2\n")
    monkeypatch.setenv("LIFELINE_WEB_PORT", "3")

    assert (load(file).web_port, load(file).mqtt_port) == (3, 2)


def test_an_unknown_key_of_the_file_stops_the_start_by_name(tmp_path: Path) -> None:
    file = tmp_path / "lifeline.toml"
    file.write_text("web_prot = 1\n")

    with pytest.raises(SettingsError, match="web_prot"):
        load(file)


def test_an_unknown_variable_stops_the_start_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_WEBPORT", "1")

    with pytest.raises(SettingsError, match="LIFELINE_WEBPORT is no setting"):
        load()


def test_a_wrong_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_WEB_PORT", "70000")

    with pytest.raises(SettingsError, match="web_port") as caught:
        load()
    assert "70000" not in str(caught.value)


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no settings file"):
        load(tmp_path / "none.toml")


def test_tls_needs_both_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_MQTT_TLS_PORT", "0")

    with pytest.raises(SettingsError, match="tls_certificate and tls_key"):
        load()


def test_notices_go_to_known_audiences_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_NOTICE_WEBHOOKS", '{"boss": "http://127.0.0.1:1/"}')

    with pytest.raises(SettingsError, match="boss"):
        load()


RADIO = {"path": "/dev/serial/by-id/usb-RFXCOM_1", "link": "rfxtrx", "line": "radio"}
OXIMETER = {"path": "/dev/ttyUSB1", "link": "nonin-2", "line": "ox", "sender": "ox-1"}


def test_serial_ports_have_the_usual_speed_of_their_link(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [RADIO, OXIMETER, {**OXIMETER, "path": "/dev/ttyUSB2", "baud": 19200}]
    monkeypatch.setenv("LIFELINE_SERIAL_PORTS", json.dumps(given))

    assert [(port.name, port.speed_baud) for port in load().serial_ports] == [
        ("usb-RFXCOM_1", 38_400),
        ("ttyUSB1", 9_600),
        ("ttyUSB2", 19_200),
    ]


@pytest.mark.parametrize(
    ("ports", "says"),
    [
        ([{**OXIMETER, "sender": ""}], "sender"),
        ([{**RADIO, "sender": "x"}], "takes no sender"),
        ([RADIO, RADIO], "same name"),
        ([RADIO, {**OXIMETER, "line": "radio"}], "line radio has two links"),
        ([{**RADIO, "line": "mqtt-main"}], "line mqtt-main belongs to another listener"),
        ([{**RADIO, "path": f"/dev/tty{number}"} for number in range(33)], "33 ports"),
        ([{**RADIO, "speed": 1}], "speed"),
        ([{**RADIO, "link": "esp3"}], "link"),
    ],
)
def test_wrong_serial_ports_are_named(
    monkeypatch: pytest.MonkeyPatch, ports: list[dict[str, object]], says: str
) -> None:
    monkeypatch.setenv("LIFELINE_SERIAL_PORTS", json.dumps(ports))

    with pytest.raises(SettingsError, match=says):
        load()
