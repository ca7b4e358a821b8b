"""The native link and family beyond the vectors: keys, digests, receipts, failing up."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import native as family
from devices.errors import Corrupt, DecodeError
from devices.links.native import (
    MAX_REASON_CHARS,
    REPEAT_WINDOW_S,
    Channel,
    NativeTopic,
    Result,
    digest,
    down_text,
    looks_like_call,
    parse_topic,
    reply,
    topic_of,
    unwrap,
)
from devices.model import (
    Activation,
    ActivationKind,
    Lane,
    Measurement,
    Packet,
    VitalCode,
    lane_of,
)
from devices.strict_json import MAX_BODY_BYTES, read_object
from devices.vital_ranges import VITALS

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALL = "lifeline/v1/17/call"
UP = "lifeline/v1/17/up"


def packet(body: bytes | str, topic: str = CALL, **extra: Any) -> Packet:
    context: dict[str, Any] = {"line": "l", "sender": "17", "received_at": NOW, "peer": None}
    context |= {"authenticated": True, "retained": False, **extra}
    return unwrap(topic, body.encode() if isinstance(body, str) else body, **context)


@pytest.mark.parametrize("channel", Channel)
def test_a_topic_comes_back_as_it_went(channel: Channel) -> None:
    assert parse_topic(topic_of("hub 7", channel)) == NativeTopic("hub 7", channel)


@pytest.mark.parametrize("name", ["", "a/b", "a+", "#", "x" * 129, "nul\0", "tab\t", "\ud800"])
def test_a_name_no_topic_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 128"):
        topic_of(name, Channel.UP)
    assert parse_topic(f"lifeline/v1/{name}/up") is None


@pytest.mark.parametrize("topic", [None, "", "lifeline/v1/", "lifeline/v1/17", "lifeline/v1/17/x"])
def test_a_foreign_topic_is_none(topic: str | None) -> None:
    assert parse_topic(topic) is None


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"id": "17-0042"}', "17-0042"),
        ('{"activation": "pendant", "id": "17-0042"}', "17-0042"),
        ('{"id": "17-0042", "activation": "pend', "17-0042"),
        (b'{"id": "17-0042", "activation": "\xff"}', "17-0042"),
        ('{"id": "17-0042", "x": ' + "[" * 5_000, "17-0042"),
        ('{"id": "17-0042", "x": "' + "x" * MAX_BODY_BYTES + '"}', "17-0042"),
        ('{"id": "17-00', ""),
        (b'{"id": "17-\xff"', ""),
        ('{"id": "' + "7" * 128 + '"}', "7" * 128),
        ('{"id": "' + "7" * 129 + '"}', ""),
        ('{"id": ""}', ""),
        ('{"id": 42}', ""),
        ('{"id": null}', ""),
        ('{"id": "a\\u0000"}', ""),
        ('{"id": "a\\nb"}', ""),
        ("[]", ""),
        ("", ""),
    ],
)
def test_the_key_is_read_leniently(body: bytes | str, key: str) -> None:
    assert packet(body).key == key


@given(st.binary(max_size=200), st.text(max_size=40))
def test_unwrapping_never_fails(body: bytes, topic: str) -> None:
    wrapped = packet(body, topic)
    assert wrapped.body == body
    assert wrapped.topic == topic
    assert wrapped.repeat_window_s == REPEAT_WINDOW_S
    assert len(wrapped.key) <= 128
    assert wrapped.key.isprintable()
    assert len(digest(wrapped)) == 32
    assert looks_like_call(wrapped) in (True, False)


def test_a_repeat_has_the_same_digest_whatever_the_transport_says_of_it() -> None:
    body = '{"id": "1", "activation": "pendant"}'
    first = digest(packet(body))
    later = NOW.replace(hour=13)
    assert digest(packet(body, retained=True, received_at=later, authenticated=False)) == first


def test_other_content_or_another_channel_has_another_digest() -> None:
    bodies = {digest(packet(json.dumps({"id": "1", "activation": word}))) for word in ("a", "b")}
    channels = {digest(packet("{}", topic)) for topic in (CALL, UP, "foreign")}
    assert len(bodies) == 2
    assert len(channels) == 3


@pytest.mark.parametrize(
    ("body", "topic", "is_call"),
    [
        ("\0garbage", CALL, True),
        ('{"id": "1", "ACTIVATION": "pen', UP, True),
        ('{"id": "1", "activatiom": "pendant"}', UP, True),
        ('{"id": "1", "vitals": {"spo2_pct"', UP, False),
        ('{"id": "1", "activation"', "foreign", True),
    ],
)
def test_what_may_have_been_a_call_looks_like_one(body: str, topic: str, *, is_call: bool) -> None:
    assert looks_like_call(packet(body, topic)) is is_call


def test_a_receipt_names_the_message_and_the_result() -> None:
    pressed = packet('{"id": "17-0042", "activation": "pendant"}')
    assert json.loads(reply(pressed, Result.STORED)) == {"receipt": "17-0042", "result": "stored"}
    refused = json.loads(reply(pressed, Result.REFUSED, "x" * 1_000))
    assert refused == {
        "receipt": "17-0042",
        "result": "refused",
        "reason": "x" * MAX_REASON_CHARS,
    }


def test_a_receipt_for_a_message_without_id_names_none() -> None:
    assert json.loads(reply(packet("{}"), Result.STORED)) == {"receipt": None, "result": "stored"}


def test_a_later_message_says_what_is_true_now() -> None:
    sent = down_text("17-0042", "team expected 07:40")
    assert json.loads(sent) == {"receipt": "17-0042", "result": "team expected 07:40"}


def test_a_body_beyond_the_limit_is_corrupt_and_still_a_call() -> None:
    big = packet('{"id": "1", "activation": "pendant", "x": "' + "x" * 1_000_000 + '"}')
    with pytest.raises(Corrupt, match="bytes, expected 1 to 65536"):
        family.decode(big)
    assert looks_like_call(big)


def test_nesting_beyond_the_parser_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="16 levels"):
        read_object(b'{"x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}")


def test_every_word_of_the_list_is_understood_as_itself() -> None:
    for kind in ActivationKind:
        body = json.dumps({"id": "1", "activation": kind.value})
        (call,) = family.decode(packet(body)).signals
        assert isinstance(call, Activation)
        assert call.what is kind
        assert call.key == "1"
        assert lane_of((call,)) is Lane.ALARM


def test_vitals_wait_for_nobody_in_their_own_lane() -> None:
    decoded = family.decode(packet('{"id": "1", "vitals": {"spo2_pct": 93}}', UP))
    assert lane_of(decoded.signals) is Lane.VITALS


def test_every_vital_sign_has_a_range() -> None:
    assert list(VITALS) == list(VitalCode)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON | st.just("1"),
        "at": JSON | st.datetimes().map(lambda at: at.isoformat() + "Z"),
        "activation": JSON | st.sampled_from([kind.value for kind in ActivationKind]),
        "of": JSON,
        "impact_g": JSON,
        "still_s": JSON,
        "location": JSON,
        "vitals": JSON | st.dictionaries(st.sampled_from(list(VITALS)), JSON, max_size=4),
        "answers": JSON,
        "status": JSON | st.dictionaries(st.sampled_from(list(family.STATUS)), JSON, max_size=3),
    },
)


@given(message=MESSAGES, topic=st.sampled_from([CALL, UP]))
@settings(max_examples=400, deadline=None)
def test_a_message_of_wild_parts_gives_signals_or_a_named_error(
    message: dict[str, Any], topic: str
) -> None:
    sent = packet(json.dumps(message), topic)
    try:
        decoded = family.decode(sent)
    except DecodeError:
        if isinstance(message.get("activation"), str):
            assert looks_like_call(sent)
        return
    for signal in decoded.signals:
        assert signal.device == "17"
        if isinstance(signal, Measurement):
            assert signal.value is not None
    readable = isinstance(message.get("activation"), str)
    if readable and message["activation"] != "cancel" and topic == UP:
        assert lane_of(decoded.signals) is Lane.ALARM


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
@settings(max_examples=300, deadline=None)
def test_strict_reading_agrees_with_the_standard_reader(message: dict[str, Any]) -> None:
    body = json.dumps(message, ensure_ascii=False).encode(errors="surrogatepass")
    try:
        value = read_object(body)
    except Corrupt:
        return
    assert value == json.loads(body)
