"""The silent parts of a broker's client: order of acknowledgements, pauses, queues, notes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import MQTTMessage

from gateway.listeners.mqtt_client_packets import packet_of, topic_word
from gateway.listeners.mqtt_client_parts import (
    MAX_KNOWN,
    BrokerSettings,
    BrokerTiming,
    Known,
    Pauses,
    SubscriptionNotes,
    Topics,
)
from gateway.listeners.mqtt_client_texts import Text, Texts
from gateway.listeners.mqtt_client_window import Slot, Window

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HERE = BrokerSettings("site-3", "broker.example", 8883, "gateway-1")


def ids(slots: list[Slot]) -> list[int]:
    return [slot.packet_id for slot in slots]


@given(st.permutations(range(12)))
def test_acknowledgements_keep_the_order_of_receipt_whatever_the_order_of_commits(
    commits: list[int],
) -> None:
    window = Window(12, 60)
    slots = [window.take(number, 1, 0) for number in range(12)]
    sent: list[int] = []
    for number in commits:
        sent += ids(window.settle(slots[number]))
        assert sent == list(range(len(sent)))

    assert sent == list(range(12))
    assert len(window) == 0


def test_a_commit_that_comes_twice_acknowledges_once() -> None:
    window = Window(2, 60)
    slot = window.take(1, 1, 0)

    assert (ids(window.settle(slot)), ids(window.settle(slot))) == ([1], [])


def test_a_stuck_message_lets_later_ones_go_and_is_itself_never_acknowledged() -> None:
    window = Window(5, 60)
    stuck, first, second = (window.take(number, 1, number) for number in (1, 2, 3))
    assert window.settle(first) == []

    assert window.pass_over(now_s=60) == []
    assert ids(window.pass_over(now_s=61)) == [2]
    assert window.settle(stuck) == []
    assert ids(window.settle(second)) == [3]
    assert (window.passed_over, len(window)) == (1, 0)


def test_while_nothing_later_is_done_nothing_is_passed_over() -> None:
    window = Window(5, 60)
    window.take(1, 1, 0)
    window.take(2, 1, 0)

    assert (window.pass_over(1e6), window.passed_over, len(window)) == ([], 0, 2)


def test_pauses_double_are_jittered_and_bounded_and_begin_anew_after_a_good_connection() -> None:
    timing = BrokerTiming(pause_first_s=1, pause_max_s=5, held_s=10)
    pauses = Pauses(timing)

    assert [pauses.after(0, 0.0) for _ in range(4)] == [0.5, 1, 2, 2.5]
    assert pauses.after(9.9, 1.0) == 5
    assert pauses.after(10, 1.0) == 1
    assert pauses.after(0, 0.5) == 1.5


class Line:
    """A connection that takes texts while it is good for so many."""

    def __init__(self, good_for: int) -> None:
        self.sent: list[bytes] = []
        self._good_for = good_for

    def publish(self, text: Text) -> int | None:
        if len(self.sent) >= self._good_for:
            return None
        self.sent.append(text.payload)
        return len(self.sent)


def test_texts_wait_for_a_connection_and_go_again_in_order_when_it_was_lost() -> None:
    texts = Texts("site-3", limit=10, in_flight=2)
    for word in (b"1", b"2", b"3"):
        texts.tell("17", word)
    first, second = Line(9), Line(9)
    texts.connected(first)
    texts.delivered(1)
    texts.disconnected()
    texts.connected(second)
    texts.delivered(1)

    assert (first.sent, second.sent, len(texts)) == ([b"1", b"2", b"3"], [b"2", b"3"], 1)


def test_when_too_many_texts_wait_the_oldest_goes() -> None:
    texts = Texts("site-3", limit=2, in_flight=9)
    for word in (b"1", b"2", b"3"):
        texts.tell("17", word)
    line = Line(9)
    texts.connected(line)

    assert line.sent == [b"2", b"3"]


def test_a_text_that_waits_already_waits_once() -> None:
    texts = Texts("site-3", limit=2, in_flight=9)
    for word in (b"1", b"2", b"1", b"1"):
        texts.tell("17", word)
    line = Line(9)
    texts.connected(line)

    assert line.sent == [b"1", b"2"]


def test_a_text_that_could_not_go_out_keeps_its_place() -> None:
    texts = Texts("site-3", limit=9, in_flight=9)
    for word in (b"1", b"2"):
        texts.tell("17", word)
    texts.connected(Line(1))
    texts.disconnected()
    line = Line(9)
    texts.connected(line)

    assert line.sent == [b"1", b"2"]


def test_devices_are_remembered_up_to_a_bound_and_the_longest_silent_goes_first() -> None:
    known = Known()
    for number in range(MAX_KNOWN):
        known.add(str(number))
    known.add("0")
    known.add("new")

    assert ("0" in known, "1" in known, "new" in known) == (True, False, True)


def test_notes_tell_what_earlier_settings_subscribed(tmp_path: Path) -> None:
    notes = SubscriptionNotes(tmp_path / "brokers", "gateway-1-calls")
    notes.note(["old"])
    notes.note(["new"])

    assert SubscriptionNotes(tmp_path / "brokers", "gateway-1-calls").stale(["new"]) == ["old"]
    notes.only(["new"])
    assert notes.stale(["new"]) == []


@pytest.mark.parametrize("text", ["", "{", "3", '{"a": 1}', "[1, 2]"])
def test_notes_nobody_can_read_are_no_notes(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)

    assert SubscriptionNotes(tmp_path, "s").stale([]) == []


def test_notes_that_cannot_be_written_keep_nobody_from_subscribing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notes = SubscriptionNotes(tmp_path / "file", "s")

    notes.note(["one"])
    assert notes.stale([]) == []


def test_calls_and_everything_else_are_subscribed_apart_and_shared_in_a_group() -> None:
    assert HERE.filters(Topics.CALLS) == ("lifeline/v1/+/call",)
    assert HERE.filters(Topics.OTHERS) == ("lifeline/v1/+/up", "lifeline/v1/+/will")
    grouped = BrokerSettings("site-3", "b", 1, "gateway-1", group="all")
    assert grouped.filters(Topics.CALLS) == ("$share/all/lifeline/v1/+/call",)


def message(topic: bytes, payload: bytes = b"{}", *, retain: bool = False) -> MQTTMessage:
    made = MQTTMessage(1, topic)
    made.payload, made.retain = payload, retain
    return made


def test_the_sender_is_the_device_the_topic_names_and_the_broker_vouches_for_it() -> None:
    packet = packet_of(message(b"lifeline/v1/17/call", retain=True), HERE, NOON)

    assert (packet.line, packet.sender, packet.peer) == ("site-3", "17", "broker.example")
    assert (packet.authenticated, packet.retained) == (True, True)
    assert packet.received_at == NOON


def test_a_broker_that_vouches_for_nobody_brings_unknown_callers() -> None:
    lax = BrokerSettings("site-3", "b", 1, "gateway-1", trusted_topics=False)

    assert not packet_of(message(b"lifeline/v1/17/call"), lax, NOON).authenticated


@pytest.mark.parametrize("topic", [b"lifeline/v1//call", b"other", b"", b"\xff\xfe", b"x" * 500])
def test_a_topic_that_names_no_device_proves_nothing_and_is_kept(topic: bytes) -> None:
    packet = packet_of(message(topic), HERE, NOON)

    assert not packet.authenticated
    assert (topic_word(packet), 1 <= len(packet.sender) <= 128) == ("other", True)


def test_of_a_message_beyond_all_bounds_the_head_is_kept() -> None:
    packet = packet_of(message(b"lifeline/v1/17/up", b"x" * 300_000), HERE, NOON)

    assert len(packet.body) == BrokerTiming().body_bytes
