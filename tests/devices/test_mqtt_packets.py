"""Reading what a device sends: good ones whole, every truncation refused, the malformed by rule."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.errors import Corrupt
from devices.framing import MqttFrame, MqttFramer
from devices.links import mqtt_packets as packets
from devices.links.mqtt_codec import Reader, write_variable
from devices.links.mqtt_connect_packet import read_connect, read_version
from devices.links.mqtt_events import Limits
from devices.links.mqtt_packets import Published, Subscribe, Subscription, Unsubscribe
from devices.links.mqtt_reasons import MqttFault, Reason, Version
from devices.links.mqtt_windows import PublishReader
from devices.links.mqtt_writer import publish as write_publish
from tests.devices import mqtt_wire as wire

SIZES = Limits().sizes
READERS: dict[int, Callable[..., Any]] = {
    3: packets.read_publish,
    4: packets.read_puback,
    8: packets.read_subscribe,
    10: packets.read_unsubscribe,
    14: packets.read_disconnect,
}
USER = b"\x26\x00\x01k\x00\x01v"


def read(octets: bytes, version: int) -> Any:
    (frame,) = MqttFramer(1_000_000, 1_000_000).feed(octets)
    assert isinstance(frame, MqttFrame)
    kind, flags = divmod(frame.first, 16)
    if kind == 1:
        return read_connect(flags, frame.body, read_version(frame.body), SIZES)
    if kind == 12:
        return packets.read_pingreq(flags, frame.body)
    return READERS[kind](flags, frame.body, Version(version), SIZES)


V5_CONNECT = wire.connect(
    5,
    "a",
    username="u",
    password=b"p",
    will=("w", b"gone"),
    props=b"\x11\x00\x00\x00\x3c\x21\x00\x14\x27\x00\x00\x10\x00\x22\x00\x05\x19\x01\x17\x00"
    + USER,
    will_props=b"\x18\x00\x00\x00\x05\x01\x01\x02\x00\x00\x00\x09\x03\x00\x01c\x08\x00\x01r"
    b"\x09\x00\x01d" + USER,
)
WITH_PROPERTIES = wire.publish(
    "t", b"x", version=5, packet_id=7, props=b"\x01\x01\x02\x00\x00\x00\x09\x23\x00\x03" + USER
)
WHOLE = {
    "CONNECT 3.1.1": (4, wire.connect(4, "a", username="u", password=b"p", will=("w", b"x"))),
    "CONNECT 5": (5, V5_CONNECT),
    "PUBLISH QoS 1 with nothing behind its id": (4, wire.publish("t", b"", packet_id=1)),
    "PUBACK 3.1.1": (4, wire.puback(9)),
    "PUBACK 5 with a reason and properties": (5, wire.puback(9, b"\x10\x07" + USER)),
    "SUBSCRIBE 3.1.1": (4, wire.subscribe(9, ("a", 0))),
    "SUBSCRIBE 5": (5, wire.subscribe(9, ("a", 0x2D), version=5, props=b"\x0b\x01" + USER)),
    "UNSUBSCRIBE 3.1.1": (4, wire.unsubscribe(9, "a")),
    "UNSUBSCRIBE 5": (5, wire.unsubscribe(9, "a", version=5)),
}


@pytest.mark.parametrize(("version", "octets"), WHOLE.values(), ids=WHOLE)
def test_every_truncation_is_refused(version: int, octets: bytes) -> None:
    read(octets, version)
    (frame,) = MqttFramer(10_000, 10_000).feed(octets)
    assert isinstance(frame, MqttFrame)
    whole_body = frame.body
    for length in range(len(whole_body)):
        if (version, frame.first >> 4, length) in {(5, 4, 2), (5, 4, 3)}:
            continue  # version 5 lets PUBACK end behind its id and behind its reason
        with pytest.raises(Corrupt):
            read(wire.packet(frame.first, whole_body[:length]), version)


def test_connect_says_who_it_is() -> None:
    connect = read(WHOLE["CONNECT 5"][1], 5)
    assert (connect.version, connect.client_id, connect.username) == (Version.V5, "a", "u")
    assert (connect.password, connect.keep_alive_s, connect.clean) == (b"p", 60, True)
    assert (connect.will.topic, connect.will.payload, connect.will.qos) == ("w", b"gone", 0)
    assert connect.properties.user_count == 1


def test_neither_password_nor_will_is_in_the_repr() -> None:
    connect = read(wire.connect(5, "a", password=b"sesame-42", will=("w", b"private-7")), 5)
    assert "sesame" not in repr(connect)
    assert "private" not in repr(connect)


def test_publish_is_read_with_its_marks() -> None:
    octets = wire.publish("t/u", b"x", packet_id=10, dup=True, retain=True)
    expected = Published(10, "t/u", b"x", qos=1, dup=True, retain=True)
    assert read(octets, 4) == (expected, None)
    assert read(WITH_PROPERTIES, 5)[1] == 3
    assert repr(expected) == "Published(10, 't/u', 1 bytes, qos=1, dup=True, retain=True)"


def test_a_publish_without_payload_is_whole() -> None:
    assert read(wire.publish("t", b""), 4)[0].payload == b""


@settings(deadline=None)
@given(
    topic=st.text(st.characters(exclude_characters="+#\0", codec="utf-8"), min_size=1, max_size=80),
    payload=st.binary(max_size=300),
    packet_id=st.none() | st.integers(1, 65_535),
    version=st.sampled_from(Version),
)
def test_publish_goes_there_and_back(
    topic: str, payload: bytes, packet_id: int | None, version: Version
) -> None:
    read_back, alias = read(write_publish(topic, payload, packet_id, version), version)
    assert alias is None
    assert (read_back.topic, read_back.payload, read_back.packet_id) == (topic, payload, packet_id)


@settings(deadline=None)
@given(st.integers(0, (1 << 28) - 1))
def test_a_variable_integer_goes_there_and_back(value: int) -> None:
    assert Reader(write_variable(value), "test").variable("value") == value


def test_subscriptions_keep_their_order() -> None:
    asked = read(wire.subscribe(5, ("b", 1), ("a", 2)), 4)
    assert asked == Subscribe(5, (Subscription("b", 1), Subscription("a", 2)), False)
    assert read(WHOLE["SUBSCRIBE 5"][1], 5).with_identifier
    assert read(wire.unsubscribe(5, "b", "a"), 4) == Unsubscribe(5, ("b", "a"))


def test_a_short_goodbye_is_a_good_one() -> None:
    assert read(wire.disconnect(), 5).reason == 0
    assert read(wire.disconnect(b"\x04"), 5).reason == 4
    assert read(wire.disconnect(b"\x04\x05\x11\x00\x00\x00\x09"), 5).reason == 4


MALFORMED = {
    "PUBLISH with QoS 3": (4, wire.publish("t", b"", packet_id=1, qos=3), 0x81),
    "PUBLISH with packet id 0": (4, wire.publish("t", b"", packet_id=0, qos=1), 0x82),
    "PUBLISH with a wildcard": (4, wire.publish("a/+", b""), 0x90),
    "PUBLISH with a hash": (4, wire.publish("a/#", b""), 0x90),
    "PUBLISH without a topic": (4, wire.publish("", b""), 0x82),
    "PUBLISH with a long topic": (4, wire.publish("t" * 513, b""), 0x90),
    "topic with NUL": (4, wire.publish("a\0b", b""), 0x81),
    "topic in Latin-1": (4, wire.packet(0x30, b"\x00\x02\xe9!"), 0x81),
    "topic with a surrogate": (4, wire.packet(0x30, b"\x00\x03\xed\xa0\x80"), 0x81),
    "topic longer than the packet": (4, wire.packet(0x30, b"\x00\x09t"), 0x81),
    "unknown property": (5, wire.publish("t", b"", version=5, props=b"\x7f\x00"), 0x81),
    "property of another packet": (5, wire.publish("t", b"", version=5, props=b"\x21\0\1"), 0x81),
    "property of servers": (5, wire.publish("t", b"", version=5, props=b"\x24\x01"), 0x81),
    "property twice": (5, wire.publish("t", b"", version=5, props=b"\x01\0\x01\0"), 0x82),
    "property out of range": (5, wire.publish("t", b"", version=5, props=b"\x01\x02"), 0x82),
    "property cut": (5, wire.publish("t", b"", version=5, props=b"\x02\x00"), 0x81),
    "property list of 5 length bytes": (
        5,
        wire.packet(0x30, b"\x00\x01t\xff\xff\xff\xff\x01"),
        0x81,
    ),
    "too many user properties": (5, wire.publish("t", b"", version=5, props=USER * 33), 0x97),
    "PUBACK with flags": (4, b"\x42\x02\x00\x01", 0x81),
    "PUBACK with a tail in 3.1.1": (4, wire.puback(1, b"\x00"), 0x81),
    "SUBSCRIBE without its flag": (4, b"\x80" + wire.subscribe(1, ("a", 0))[1:], 0x81),
    "SUBSCRIBE without filters": (4, wire.subscribe(1), 0x82),
    "SUBSCRIBE with QoS 3": (4, wire.subscribe(1, ("a", 3)), 0x81),
    "SUBSCRIBE with options in 3.1.1": (4, wire.subscribe(1, ("a", 4)), 0x81),
    "SUBSCRIBE with reserved options": (5, wire.subscribe(1, ("a", 0x40), version=5), 0x81),
    "SUBSCRIBE with retain handling 3": (5, wire.subscribe(1, ("a", 0x30), version=5), 0x81),
    "SUBSCRIBE with 17 filters": (4, wire.subscribe(1, *[("a", 0)] * 17), 0x97),
    "subscription identifier 0": (
        5,
        wire.subscribe(1, ("a", 0), version=5, props=b"\x0b\x00"),
        0x82,
    ),
    "UNSUBSCRIBE without filters": (4, wire.unsubscribe(1), 0x82),
    "UNSUBSCRIBE with 17 filters": (4, wire.unsubscribe(1, *["a"] * 17), 0x97),
    "PINGREQ with a body": (4, b"\xc0\x01\x00", 0x81),
    "PINGREQ with flags": (4, b"\xc1\x00", 0x81),
    "DISCONNECT with a body in 3.1.1": (4, wire.disconnect(b"\x00"), 0x81),
    "CONNECT of another protocol": (4, wire.packet(0x10, b"\x00\x04HTTP\x04"), 0x81),
    "CONNECT of 3.1": (4, wire.packet(0x10, b"\x00\x06MQIsdp\x03\x02\x00\x00\x00\x01a"), 0x84),
    "CONNECT of level 6": (4, wire.connect(6), 0x84),
    "CONNECT with the reserved flag": (4, wire.connect(extra_flags=1), 0x81),
    "CONNECT with will QoS 3": (4, wire.connect(will=("w", b""), will_qos=3), 0x81),
    "CONNECT with will flags and no will": (4, wire.connect(extra_flags=0x20), 0x81),
    "CONNECT with a password alone in 3.1.1": (4, wire.connect(password=b"p"), 0x81),
    "CONNECT with bytes behind it": (4, wire.packet(0x10, wire.connect()[2:] + b"\x00"), 0x81),
    "CONNECT with a will to nowhere": (4, wire.connect(will=("", b"x")), 0x90),
    "CONNECT with a will to all": (4, wire.connect(will=("a/#", b"x")), 0x90),
    "CONNECT with a will to any": (4, wire.connect(will=("a/+", b"x")), 0x90),
    "CONNECT with extended authentication": (5, wire.connect(5, props=b"\x15\0\1x"), 0x8C),
    "CONNECT with authentication data alone": (5, wire.connect(5, props=b"\x16\0\1x"), 0x82),
    "CONNECT with receive maximum 0": (5, wire.connect(5, props=b"\x21\x00\x00"), 0x82),
    "CONNECT with a property twice": (5, wire.connect(5, props=b"\x22\0\1" * 2), 0x82),
}


@pytest.mark.parametrize(("version", "octets", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_is_refused_with_its_reason(version: int, octets: bytes, reason: int) -> None:
    with pytest.raises(MqttFault) as refused:
        read(octets, version)
    assert refused.value.reason == Reason(reason)
    assert str(refused.value)


@pytest.mark.parametrize("prefix", [b"\x16\0\1x", b"\x15\0\1x\x15\0\1y", b"\x16\0\1x\x16\0\1y"])
def test_text_and_binary_properties_come_once_too(prefix: bytes) -> None:
    with pytest.raises(MqttFault):
        read(wire.connect(5, props=prefix), 5)


@pytest.mark.parametrize("version", list(Version))
def test_a_topic_used_before_is_read_as_the_first_time(version: Version) -> None:
    bodies = [
        wire.publish("t/u", payload, version=version, packet_id=9, dup=True)
        for payload in (b"", b"x", b"\x00y")
    ] + [wire.publish("t/u", b"z", version=version)]
    if version is Version.V5:
        bodies.append(wire.publish("t/u", b"z", version=5, packet_id=3, props=b"\x01\x01"))
    reader = PublishReader(version, SIZES)
    for octets in bodies * 2:
        (frame,) = MqttFramer(1_000, 1_000).feed(octets)
        assert isinstance(frame, MqttFrame)
        assert reader.read(frame.first & 15, frame.body) == read(octets, version)


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("rest", [b"", b"\x00", b"\x00\x00\x00"])
def test_a_topic_used_before_excuses_nothing(version: Version, rest: bytes) -> None:
    reader = PublishReader(version, SIZES)
    reader.read(2, b"\x00\x01t\x00\x01\x00")
    with pytest.raises(MqttFault):
        reader.read(2, b"\x00\x01t" + rest)


def test_only_so_many_topics_are_remembered() -> None:
    reader = PublishReader(Version.V311, SIZES)
    for number in range(100):
        reader.read(0, b"\x00\x03t%02d" % number)
    assert len(reader._known) == 16
