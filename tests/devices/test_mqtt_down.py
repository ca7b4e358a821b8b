"""Receipts on `down`, and who may subscribe to what."""

import pytest

from devices.links.mqtt_events import Deliver, Limits
from tests.devices import mqtt_wire as wire
from tests.devices.mqtt_line import DOWN, Line, connected

V311, V5 = wire.V311, wire.V5
RECEIPT = b'{"receipt":"1-1","result":"stored"}'


def receipt(packet_id: int | None, version: int = V311) -> bytes:
    return wire.publish(DOWN, RECEIPT, version=version, packet_id=packet_id)


@pytest.mark.parametrize("version", [V311, V5])
def test_a_receipt_goes_out_unasked_at_qos_1(version: int) -> None:
    line = connected(version)
    assert line.say(Deliver(RECEIPT)) == receipt(1, version)
    assert line.say(Deliver(RECEIPT)) == receipt(2, version)


def test_a_device_without_a_down_topic_gets_none() -> None:
    line = Line()
    line.enter(wire.connect(), down_topic=None)
    assert line.say(Deliver(RECEIPT)) == b""


def test_a_subscription_sets_the_qos() -> None:
    line = connected()
    assert line.reply(wire.subscribe(7, (DOWN, 0))) == b"\x90\x03\x00\x07\x00"
    assert line.say(Deliver(RECEIPT)) == receipt(None)
    assert line.reply(wire.subscribe(8, (DOWN, 2))) == b"\x90\x03\x00\x08\x01"
    assert line.say(Deliver(RECEIPT)) == receipt(1)


def test_a_device_that_unsubscribes_hears_no_more() -> None:
    for version, answer in ((V311, b"\xb0\x02\x00\x07"), (V5, b"\xb0\x05\x00\x07\x00\x00\x11")):
        line = connected(version)
        assert line.reply(wire.unsubscribe(7, DOWN, "x", version=version)) == answer
        assert line.say(Deliver(RECEIPT)) == b""
    assert line.reply(wire.unsubscribe(8, DOWN, version=V5)) == b"\xb0\x04\x00\x08\x00\x11"


REFUSED = {
    "another device's": ("lifeline/v1/18/down", 0x87),
    "anything": ("#", 0xA2),
    "a level of anything": ("lifeline/+/17/down", 0xA2),
    "shared": ("$share/g/lifeline/v1/17/down", 0x9E),
    "nothing": ("", 0x8F),
    "a hash in the middle": ("a/#/b", 0x8F),
    "a plus beside letters": ("a/b+", 0x8F),
    "a plus beside letters above": ("a+/b", 0x8F),
    "a hash beside letters": ("a/b#", 0x8F),
}


@pytest.mark.parametrize(("topic_filter", "code"), REFUSED.values(), ids=REFUSED)
def test_a_filter_that_is_not_its_own_is_refused_and_the_line_stays(
    topic_filter: str, code: int
) -> None:
    asked = ((topic_filter, 1), (DOWN, 1))
    line = connected(V5)
    answer = line.reply(wire.subscribe(7, *asked, version=V5))
    assert answer == b"\x90\x05\x00\x07\x00" + bytes((code, 1))
    assert connected().reply(wire.subscribe(7, *asked)) == b"\x90\x04\x00\x07\x80\x01"
    assert line.reply(wire.PINGREQ) == b"\xd0\x00"


def test_a_subscription_identifier_is_refused() -> None:
    asked = wire.subscribe(7, (DOWN, 1), version=V5, props=b"\x0b\x05")
    assert connected(V5).reply(asked) == b"\x90\x04\x00\x07\x00\xa1"


def test_a_full_window_falls_back_to_qos_0_until_the_device_acknowledges() -> None:
    line = connected(limits=Limits(deliver_window=2))
    assert line.say(Deliver(RECEIPT)) + line.say(Deliver(RECEIPT)) == receipt(1) + receipt(2)
    assert line.say(Deliver(RECEIPT)) == receipt(None)
    assert line.hear(wire.puback(1) + wire.puback(99)) == []
    assert line.say(Deliver(RECEIPT)) == receipt(3)


def test_the_device_may_ask_for_a_smaller_window() -> None:
    line = connected(V5, props=b"\x21\x00\x01")
    assert line.say(Deliver(RECEIPT)) == receipt(1, V5)
    assert line.say(Deliver(RECEIPT)) == receipt(None, V5)


def test_packet_ids_go_round_and_pass_over_those_in_use() -> None:
    line = connected()
    line.say(Deliver(RECEIPT))
    for packet_id in range(2, 65_536):
        line.say(Deliver(RECEIPT))
        line.hear(wire.puback(packet_id))
    assert line.say(Deliver(RECEIPT)) == receipt(2)


def test_what_is_larger_than_the_device_takes_is_not_sent_and_holds_no_place() -> None:
    line = connected(V5, limits=Limits(deliver_window=1), props=b"\x27\x00\x00\x00\x3d")
    assert line.say(Deliver(b"x" * 80)) == b""
    assert line.say(Deliver(RECEIPT)) == receipt(2, V5)
    assert line.say(Deliver(b"x" * 80)) == b""
