"""A connection hears, answers and ends as MQTT 3.1.1 and 5 say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.links import mqtt_writer
from devices.links.mqtt_events import (
    AcceptConnect,
    Acknowledge,
    Cause,
    Close,
    ConnectRequested,
    Deliver,
    Disconnected,
    Event,
    Limits,
    ProtocolError,
    RefuseConnect,
    Reply,
)
from devices.links.mqtt_packets import Published
from devices.links.mqtt_reasons import MqttMisuseError, Reason, Version
from devices.links.mqtt_state import ON_COMMAND, ON_PACKET, State
from tests.devices import mqtt_wire as wire
from tests.devices.mqtt_line import CALL, DOWN, Line, connected

V311, V5 = wire.V311, wire.V5
BOTH = pytest.mark.parametrize("version", [V311, V5])
WILL = ("lifeline/v1/17/will", b'{"id":"1-1"}')


@BOTH
def test_acknowledgements_go_in_the_order_of_receipt(version: int) -> None:
    line = connected(version)
    for packet_id in (5, 6, 7):
        line.hear(wire.publish(CALL, b"{}", version=version, packet_id=packet_id))
    assert line.connection.in_flight == 3
    assert line.say(Acknowledge(7)) == b""
    assert line.say(Acknowledge(6)) == b""
    assert line.say(Acknowledge(5)) == wire.puback(5) + wire.puback(6) + wire.puback(7)
    assert line.connection.in_flight == 0


def test_an_acknowledgement_names_its_reason_in_version_5_only() -> None:
    for version, tail in ((V5, b"\x87"), (V311, b"")):
        line = connected(version)
        line.hear(wire.publish("other", b"", version=version, packet_id=5))
        assert line.say(Acknowledge(5, Reason.NOT_AUTHORIZED)) == wire.puback(5, tail)


def test_a_message_repeated_before_its_puback_is_answered_twice() -> None:
    line = connected()
    for _ in range(2):
        line.hear(wire.publish(CALL, b"{}", packet_id=5, dup=True))
    line.hear(wire.publish(CALL, b"{}", packet_id=6))
    assert line.say(Acknowledge(6)) == b""
    assert line.say(Acknowledge(5)) == wire.puback(5)
    assert line.say(Acknowledge(5)) == wire.puback(5) + wire.puback(6)


def test_two_answers_to_one_repeated_id_wait_behind_an_earlier_one() -> None:
    line = connected()
    for packet_id in (4, 5, 5):
        line.hear(wire.publish(CALL, b"{}", packet_id=packet_id))
    assert line.say(Acknowledge(5)) == line.say(Acknowledge(5)) == b""
    assert line.say(Acknowledge(4)) == wire.puback(4) + wire.puback(5) * 2


def test_nothing_is_acknowledged_that_is_not_owed() -> None:
    line = connected()
    with pytest.raises(MqttMisuseError, match="packet id 5"):
        line.say(Acknowledge(5))


def test_more_in_flight_than_receive_maximum_only_asks_for_a_pause() -> None:
    line = connected(V5, Limits(receive_maximum=1, in_flight_pause=3))
    assert not line.connection.is_full
    for packet_id in (1, 2, 3):
        line.hear(wire.publish(CALL, b"{}", version=V5, packet_id=packet_id))
    assert line.connection.is_full
    line.say(Acknowledge(1))
    assert not line.connection.is_full


@BOTH
def test_a_retained_call_is_taken_and_marked(version: int) -> None:
    line = connected(version)
    (event,) = line.hear(wire.publish(CALL, b"{}", version=version, packet_id=1, retain=True))
    assert event == Published(1, CALL, b"{}", 1, False, retain=True)


@BOTH
def test_a_call_at_qos_2_is_heard_before_the_line_closes_for_it(version: int) -> None:
    line = connected(version)
    call = wire.publish(CALL, b"{}", version=version, packet_id=1, qos=2)
    heard, error, ended = line.hear(call + wire.PINGREQ)
    assert heard == Published(None, CALL, b"{}", 2, False, False)
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.QOS_NOT_SUPPORTED
    assert ended == Disconnected(Cause.PROTOCOL, None)


def test_a_topic_alias_stands_for_its_topic() -> None:
    line = connected(V5)
    line.hear(wire.publish(CALL, b"1", version=V5, props=b"\x23\x00\x10"))
    (event,) = line.hear(wire.publish("", b"2", version=V5, packet_id=3, props=b"\x23\x00\x10"))
    assert event == Published(3, CALL, b"2", 1, False, False)


@pytest.mark.parametrize(("alias", "reason"), [(0, 0x94), (17, 0x94), (1, 0x82)])
def test_a_topic_alias_without_a_topic_ends_the_line(alias: int, reason: int) -> None:
    props = b"\x23" + alias.to_bytes(2)
    error = connected(V5).hear(wire.publish("", b"", version=V5, props=props))[0]
    assert isinstance(error, ProtocolError)
    assert error.reason == reason
    assert error.octets[:3] == bytes((0xE0, len(error.octets) - 2, reason))


def test_a_ping_is_answered_in_its_place() -> None:
    events = connected().hear(wire.PINGREQ + wire.publish(CALL, b"{}") + wire.PINGREQ)
    assert [type(event) for event in events] == [Reply, Published, Reply]
    assert events[0] == Reply(b"\xd0\x00")


def test_a_goodbye_takes_the_will_back() -> None:
    line = connected(will=WILL)
    assert line.hear(wire.disconnect() + wire.PINGREQ) == [Disconnected(Cause.GOODBYE, None)]
    assert line.connection.lost() == []


def test_a_goodbye_with_will_lets_it_speak() -> None:
    (ended,) = connected(V5, will=WILL).hear(wire.disconnect(b"\x04"))
    assert isinstance(ended, Disconnected)
    assert ended.with_will
    assert ended.will is not None
    assert (ended.will.topic, ended.will.payload) == WILL


def test_a_lost_line_lets_the_will_speak_once() -> None:
    line = connected(will=WILL)
    (ended,) = line.connection.lost()
    assert isinstance(ended, Disconnected)
    assert (ended.cause, ended.with_will) == (Cause.LOST, True)
    assert line.connection.lost() == []


def test_a_line_lost_before_it_was_accepted_says_nothing() -> None:
    line = Line()
    line.hear(wire.connect(will=WILL))
    assert line.connection.lost() == []


@pytest.mark.parametrize("kind", [0, 1, 2, 5, 6, 7, 9, 11, 13, 15])
def test_a_packet_that_has_no_cell_in_the_table_ends_the_line(kind: int) -> None:
    error, ended = connected(V5, will=WILL).hear(bytes((kind << 4, 0)))
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.PROTOCOL_ERROR
    assert "while connected, expected PUBLISH, PUBACK" in error.message
    assert isinstance(ended, Disconnected)
    assert ended.with_will


def test_a_megabyte_is_refused_with_its_size() -> None:
    line = connected(V5)
    error = line.hear(wire.publish(CALL, b"x" * 1_000_000, version=V5, packet_id=1))[0]
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.PACKET_TOO_LARGE
    assert error.message == "packet of 1000028 bytes, expected at most 262144"
    assert error.octets[2:3] == b"\x95"


def test_a_garbled_length_is_malformed() -> None:
    error = connected().hear(b"\x30\xff\xff\xff\xff\xff")[0]
    assert isinstance(error, ProtocolError)
    assert (error.reason, error.octets) == (Reason.MALFORMED, b"")


def test_a_device_with_small_packets_gets_a_goodbye_without_words() -> None:
    line = connected(V5, props=b"\x27\x00\x00\x00\x10")
    assert line.say(Close(Reason.SESSION_TAKEN_OVER, "x" * 20)) == b"\xe0\x02\x8e\x00"


def test_closing_says_why_where_the_version_can() -> None:
    assert connected(V311).say(Close(Reason.SESSION_TAKEN_OVER)) == b""
    line = connected(V5)
    assert line.say(Close(Reason.SESSION_TAKEN_OVER)) == b"\xe0\x02\x8e\x00"
    assert line.say(Close(Reason.SESSION_TAKEN_OVER)) == b""
    stranger = Line()
    assert stranger.say(Close(Reason.SERVER_SHUTTING_DOWN)) == b""
    undecided = Line()
    undecided.hear(wire.connect(V311))
    assert undecided.say(Close(Reason.SERVER_SHUTTING_DOWN)) == b"\x20\x02\x00\x03"


def test_what_commits_after_the_end_goes_nowhere() -> None:
    line = connected()
    line.hear(wire.publish(CALL, b"{}", packet_id=5))
    line.connection.lost()
    assert line.say(Acknowledge(5)) == b""
    assert line.say(Deliver(b"{}")) == b""
    assert line.hear(wire.PINGREQ) == []


def test_a_command_without_a_cell_is_our_fault() -> None:
    with pytest.raises(MqttMisuseError, match="AcceptConnect while awaiting_connect"):
        Line().say(AcceptConnect(DOWN))
    with pytest.raises(MqttMisuseError, match="RefuseConnect while connected"):
        connected().say(RefuseConnect(Reason.SERVER_BUSY))


def test_the_tables_have_a_row_for_every_state() -> None:
    assert set(ON_PACKET) == set(ON_COMMAND) == set(State)


def _story(version: int) -> bytes:
    return (
        wire.connect(version, will=WILL)
        + wire.publish(CALL, b"{}", version=version, packet_id=1)
        + wire.subscribe(2, (DOWN, 1), version=version)
        + wire.PINGREQ
        + wire.publish("lifeline/v1/17/up", b"x" * 300, version=version)
        + wire.unsubscribe(3, DOWN, version=version)
        + wire.disconnect()
    )


def _told(line: Line, chunks: list[bytes]) -> list[Event]:
    events: list[Event] = []
    for chunk in chunks:
        events += line.hear(chunk)
        if line.connection.state is State.DECIDING:
            line.say(AcceptConnect(DOWN))
            events += line.hear(b"")
    return events


@BOTH
def test_byte_by_byte_tells_the_same_story(version: int) -> None:
    octets = _story(version)
    whole = _told(Line(), [octets])
    assert [type(event) for event in whole] == [
        ConnectRequested, Published, Reply, Reply, Published, Reply, Disconnected,
    ]  # fmt: skip
    assert _told(Line(), [bytes((octet,)) for octet in octets]) == whole


@settings(deadline=None)
@given(version=st.sampled_from([V311, V5]), cut=st.integers(0), noise=st.binary(max_size=200))
def test_noise_is_never_more_than_a_protocol_error(version: int, cut: int, noise: bytes) -> None:
    octets = _story(version)
    line = Line()
    _told(line, [octets[: cut % len(octets)], noise])
    assert line.hear(b"") is not None


@settings(deadline=None)
@given(version=st.sampled_from([V311, V5]), bit=st.integers(0))
def test_a_flipped_bit_is_never_more_than_a_protocol_error(version: int, bit: int) -> None:
    octets = bytearray(_story(version))
    at, shift = divmod(bit % (8 * len(octets)), 8)
    octets[at] ^= 1 << shift
    _told(Line(), [bytes(octets)])


def test_3_1_1_has_no_disconnect_from_us() -> None:
    assert mqtt_writer.disconnect(Reason.UNSPECIFIED, "x", Version.V311) == b""
