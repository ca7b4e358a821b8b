"""What several commits at once say to one device, in one command."""

import pytest

from devices.links.mqtt_events import Answer, Close
from devices.links.mqtt_packets import Published
from devices.links.mqtt_reasons import MqttMisuseError, Reason
from tests.devices import mqtt_wire as wire
from tests.devices.mqtt_line import DOWN, connected
from tests.devices.mqtt_wire import V5

RECEIPT = b'{"receipt":"1-1","result":"stored"}'


def _two(version: int = wire.V311) -> bytes:
    return b"".join(wire.publish("t", b"x", packet_id=one, version=version) for one in (1, 2))


def test_answers_go_out_in_the_order_of_receipt_each_receipt_behind_what_it_allows() -> None:
    line = connected()
    assert len(line.hear(_two())) == 2
    later, first = (2, Reason.SUCCESS, RECEIPT), (1, Reason.SUCCESS, None)
    assert line.say(Answer([later])) == wire.publish(DOWN, RECEIPT, packet_id=1)
    assert line.say(Answer([first])) == wire.puback(1) + wire.puback(2)


def test_a_message_at_qos_0_gets_its_receipt_and_no_acknowledgement() -> None:
    line = connected()
    assert isinstance(line.hear(wire.publish("t", b"x"))[0], Published)
    said = line.say(Answer([(None, Reason.SUCCESS, RECEIPT)]))
    assert said == wire.publish(DOWN, RECEIPT, packet_id=1)


def test_a_refusal_among_answers_keeps_its_reason() -> None:
    line = connected(V5)
    line.hear(_two(V5))
    answer = Answer([(1, Reason.REFUSED, None), (2, Reason.SUCCESS, None)])
    assert line.say(answer) == wire.puback(1, bytes((Reason.REFUSED,))) + wire.puback(2)


def test_an_answer_after_the_end_says_nothing_and_one_that_is_not_owed_is_our_mistake() -> None:
    line = connected()
    with pytest.raises(MqttMisuseError):
        line.say(Answer([(9, Reason.SUCCESS, None)]))
    line.say(Close(Reason.SERVER_BUSY))
    assert line.say(Answer([(9, Reason.SUCCESS, RECEIPT)])) == b""
