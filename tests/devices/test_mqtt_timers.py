"""What silence brings about, to the second."""

from datetime import timedelta

import pytest

from devices.links.mqtt_events import Acknowledge, Cause, Disconnected, Limits, ProtocolError
from tests.devices import mqtt_wire as wire
from tests.devices.mqtt_line import CALL, START, Line, connected

V311, V5 = wire.V311, wire.V5
WILL = ("lifeline/v1/17/will", b'{"id":"1-1"}')


def test_a_connection_without_connect_ends_after_its_deadline() -> None:
    line = Line()
    assert line.connection.next_due == START + timedelta(seconds=10)
    assert line.after(9.9).due() == []
    (error,) = line.after(0.1).due()
    assert isinstance(error, ProtocolError)
    assert error.message == "nothing heard for 10.0 s, expected within 10 s"
    assert error.octets == b""
    assert line.connection.next_due is None


def test_bytes_that_make_no_packet_do_not_move_the_deadline() -> None:
    line = Line()
    line.after(9).hear(wire.connect()[:5])
    assert line.connection.next_due == START + timedelta(seconds=10)


def test_while_the_gateway_decides_no_clock_runs() -> None:
    line = Line()
    line.hear(wire.connect())
    assert line.connection.next_due is None
    assert line.after(1_000).due() == []


@pytest.mark.parametrize(("version", "goodbye"), [(V311, b""), (V5, b"\xe0")])
def test_a_device_silent_for_one_and_a_half_keep_alives_is_lost_with_its_will(
    version: int, goodbye: bytes
) -> None:
    line = connected(version, keep_alive_s=60, will=WILL)
    line.after(10).hear(wire.PINGREQ)
    assert line.connection.next_due == START + timedelta(seconds=100)
    assert line.after(89.9).due() == []
    (ended,) = line.after(0.1).due()
    assert isinstance(ended, Disconnected)
    assert (ended.cause, ended.with_will) == (Cause.SILENT, True)
    assert ended.octets[:1] == goodbye
    assert line.due() == []


def test_a_3_1_1_device_may_ask_not_to_be_timed() -> None:
    assert connected(V311, keep_alive_s=0).connection.next_due is None


def test_a_version_5_device_is_timed_by_what_it_was_told() -> None:
    line = connected(V5, Limits(keep_alive_max_s=100), keep_alive_s=0)
    assert line.connection.next_due == START + timedelta(seconds=150)


def test_while_reading_is_paused_a_device_is_not_silent() -> None:
    line = connected(keep_alive_s=60)
    line.connection.pause()
    assert line.connection.next_due is None
    assert line.after(1_000).due() == []
    line.connection.resume(line.now)
    assert line.connection.next_due == line.now + timedelta(seconds=90)
    assert line.after(90).due() != []


def test_what_we_send_does_not_count_as_hearing() -> None:
    line = connected(keep_alive_s=60)
    line.hear(wire.publish(CALL, b"{}", packet_id=1))
    line.after(50).say(Acknowledge(1))
    assert line.connection.next_due == START + timedelta(seconds=90)
