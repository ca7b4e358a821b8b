"""A device is let in, or kept out, as MQTT 3.1.1 and 5 say."""

import pytest

from devices.links.mqtt_events import (
    AcceptConnect,
    ConnectRequested,
    Limits,
    ProtocolError,
    RefuseConnect,
)
from devices.links.mqtt_packets import Published
from devices.links.mqtt_reasons import MqttMisuseError, Reason, Version
from devices.links.mqtt_state import State
from tests.devices import mqtt_wire as wire
from tests.devices.mqtt_line import CALL, DOWN, Line, connected

V311, V5 = wire.V311, wire.V5
BOTH = pytest.mark.parametrize("version", [V311, V5])
WILL = ("lifeline/v1/17/will", b'{"id":"1-1"}')
WELCOME_V5 = bytes.fromhex(
    "20 18 00 00 15  21 0040  24 01  25 00  27 00040000  22 0010  28 00  29 00  2a 00"
)


def test_a_device_is_let_in_with_session_present_0() -> None:
    assert Line().enter(wire.connect(V311, clean=False)) == b"\x20\x02\x00\x00"


def test_version_5_is_told_what_a_receiver_has_not() -> None:
    assert Line().enter(wire.connect(V5)) == WELCOME_V5


def test_version_5_is_told_that_its_session_ends_with_the_line() -> None:
    welcome = Line().enter(wire.connect(V5, props=b"\x11\x00\x00\x00\x3c"))
    assert welcome == bytes.fromhex("20 1d 00 00 1a") + WELCOME_V5[5:] + b"\x11\0\0\0\0"


@pytest.mark.parametrize("asked_s", [0, 1_201])
def test_version_5_is_told_to_speak_often_enough(asked_s: int) -> None:
    welcome = Line().enter(wire.connect(V5, keep_alive_s=asked_s))
    assert welcome.endswith(b"\x13" + (1_200).to_bytes(2))


def test_a_device_without_a_name_is_given_one() -> None:
    welcome = Line().enter(wire.connect(V5, ""), entropy=bytes(range(8)))
    assert welcome.endswith(b"\x12\x00\x17device-0001020304050607")
    assert Line().enter(wire.connect(V311, ""), entropy=bytes(8)) == b"\x20\x02\x00\x00"


def test_a_name_is_not_made_of_too_little_entropy() -> None:
    line = Line()
    line.hear(wire.connect(V5, ""))
    with pytest.raises(MqttMisuseError, match="7 bytes of entropy, expected 8"):
        line.say(AcceptConnect(DOWN), bytes(7))


REFUSED = {
    "3.1.1 client id empty, session kept": (wire.connect(V311, "", clean=False), "20020002"),
    "3.1.1 client id too long": (wire.connect(V311, "x" * 257), "20020002"),
    "3.1.1 user name too long": (wire.connect(V311, username="x" * 257), "20020004"),
    "3.1.1 level 6": (wire.connect(6), "20020001"),
    "3.1.1 malformed": (wire.connect(V311, extra_flags=1), ""),
    "5 password too long": (wire.connect(V5, password=b"x" * 1025), "2003008600"),
    "5 will QoS 2": (wire.connect(V5, will=WILL, will_qos=2), "2003009b00"),
    "5 will retained": (wire.connect(V5, will=WILL, will_retain=True), "2003009a00"),
    "5 malformed": (wire.connect(V5, extra_flags=1), "2003008100"),
    "not CONNECT first": (wire.PINGREQ, ""),
    "no MQTT at all": (b"GET / HTTP/1.1\r\n" + b"X-Padding: 0123456789\r\n" * 4, ""),
    "CONNECT too large": (wire.connect(V311, password=b"x" * 20_000, username="u"), ""),
}


@pytest.mark.parametrize(("octets", "answer"), REFUSED.values(), ids=REFUSED)
def test_a_connect_that_cannot_be_is_answered_in_its_version(octets: bytes, answer: str) -> None:
    line = Line()
    (error,) = line.hear(octets)
    assert isinstance(error, ProtocolError)
    assert error.octets == bytes.fromhex(answer)
    assert line.connection.state is State.CLOSED
    assert line.hear(wire.PINGREQ) == []


def test_a_will_that_3_1_1_cannot_be_told_about_is_let_in() -> None:
    connected(V311, will=WILL, will_qos=2, will_retain=True)


def test_the_gateway_keeps_a_device_out() -> None:
    for version, answer in ((V311, "20020003"), (V5, "2003008800")):
        line = Line()
        line.hear(wire.connect(version))
        assert line.say(RefuseConnect(Reason.SERVER_UNAVAILABLE)) == bytes.fromhex(answer)
        assert line.connection.state is State.CLOSED


def test_connect_is_handed_over_whole_and_hides_the_password() -> None:
    (event,) = Line().hear(wire.connect(V311, "c", username="17", password=b"sesame"))
    assert event == ConnectRequested(Version.V311, "c", "17", b"sesame", 60, True, None)
    assert "sesame" not in repr(event)


@BOTH
def test_what_comes_behind_connect_waits_for_the_answer(version: int) -> None:
    line = Line()
    press = wire.publish(CALL, b"{}", version=version, packet_id=1)
    assert len(line.hear(wire.connect(version) + press + press[:5])) == 1
    assert line.hear(press[5:]) == []
    line.say(AcceptConnect(DOWN))
    assert line.hear(b"") == [Published(1, CALL, b"{}", 1, False, False)] * 2


def test_what_comes_behind_connect_has_a_limit() -> None:
    line = Line(Limits(early_bytes=20))
    line.hear(wire.connect(V5))
    assert line.hear(wire.PINGREQ * 10) == []
    (error,) = line.hear(wire.PINGREQ)
    assert isinstance(error, ProtocolError)
    assert error.message == "22 bytes behind CONNECT, expected at most 20"
    assert error.octets == bytes.fromhex("2003009700")
