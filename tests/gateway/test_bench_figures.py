"""The benchmark's arithmetic: percentiles, backlogs, sustained rates, noise, proofs, messages."""

import json
from datetime import UTC, datetime

import pytest

from devices.decoding import decode, families
from devices.links.native import unwrap
from devices.model import Activation, Measurement, Signal
from gateway.bench import wire
from gateway.bench.answers import Run
from gateway.bench.figures import Figure, figure, growth, holds, percentile, rung, spread, sustained
from gateway.bench.messages import BODY_BYTES, NS, Order, number_of, plan
from gateway.bench.plot import svg
from gateway.bench.proofs import Proof, prove
from gateway.bench.system import ALARM_ABOVE_BPM, Shape, Stored

NAMES = tuple(f"bench-{number:05d}" for number in range(7))
BEGAN_NS = 1_795_387_225_000_000_000


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.001, 1)]
)
def test_a_percentile_is_the_value_of_one_message(share: float, value: float) -> None:
    assert percentile(list(range(1, 101)), share) == value


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.01)])
def test_a_percentile_of_nothing_is_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="expected some"):
        percentile(values, share)


def test_latencies_are_summed_up_from_the_raw_values() -> None:
    found = spread([0.003, 0.001, 0.002])

    assert found is not None
    assert (found.p50_ms, found.p99_ms, found.max_ms) == pytest.approx((2, 3, 3))
    assert spread([]) is None


def due(rate: float, seconds: float) -> list[float]:
    return [number / rate for number in range(int(rate * seconds))]


@pytest.mark.parametrize("wait_s", [0.0, 0.2, 0.9])
def test_a_backlog_that_is_only_a_wait_does_not_grow(wait_s: float) -> None:
    sent = due(1_000, 8)

    assert abs(growth(sent, [at + wait_s for at in sent], 8)) < 1


@pytest.mark.parametrize("share", [0.5, 0.9, 0.97])
def test_a_system_that_does_less_than_is_offered_has_a_backlog_that_grows(share: float) -> None:
    sent = due(1_000, 8)
    done = [at / share for at in sent]

    assert growth(sent, done, 8) == pytest.approx(1_000 * (1 - share), rel=0.05)
    assert not holds(growth(sent, done, 8), 1_000)


def test_messages_that_are_never_done_grow_the_backlog() -> None:
    sent = due(100, 8)

    assert growth(sent, [], 8) == pytest.approx(100, rel=0.05)


def test_one_short_stall_is_no_growing_backlog() -> None:
    sent = due(1_000, 8)
    done = [max(at, 7.1) if 7.0 <= at <= 7.1 else at for at in sent]

    assert holds(growth(sent, done, 8), 1_000)


@pytest.mark.parametrize(
    ("held", "best"),
    [
        ([True, True, False, False, True], 2),
        ([True, False, True, False, False], 3),
        ([False, True], 2),
        ([False, False, True], None),
        ([], None),
    ],
)
def test_the_sustained_rate_ends_before_two_in_a_row_that_did_not_hold(
    held: list[bool], best: float | None
) -> None:
    assert sustained([(float(rate), one) for rate, one in enumerate(held, 1)]) == best


def test_a_figure_is_the_median_and_its_noise_what_the_rounds_differ_by() -> None:
    assert figure([3.0, 9.0, 4.0], 0.5) == Figure(4.0, 6.0)
    assert figure([3.0, 3.1], 0.5) == Figure(3.05, 0.5)
    with pytest.raises(ValueError, match="no rounds"):
        figure([], 1.0)


def test_two_runs_agree_when_their_bands_meet() -> None:
    assert Figure(10, 1).agrees(Figure(12, 1))
    assert not Figure(10, 1).agrees(Figure(12.1, 1))


@pytest.mark.parametrize(("rate", "distance"), [(100, 100), (200, 300), (500, 300), (50, 100)])
def test_a_sustained_rate_is_known_to_the_next_rung(rate: float, distance: float) -> None:
    assert rung([100, 200, 500], rate) == distance


STORED = Stored(
    count=13,
    commits={"v1-0": 10.0, "v1-1": 10.0, "c1-99": 11.0},
    alarms={"c1-99": 11.0},
)


@pytest.mark.parametrize(
    ("acked", "proof"),
    [
        ({"v1-0": 10.1, "c1-99": 11.1}, Proof(2)),
        ({"v1-0": 10.1, "v1-7": 10.1}, Proof(2, lost=1, named=("v1-7",))),
        ({"v1-0": 9.999}, Proof(1, early=1, named=("v1-0",))),
        ({"c1-99": 11.0}, Proof(1)),
        ({"c1-199": 11.0}, Proof(1, lost=1, named=("c1-199",))),
    ],
)
def test_acknowledgements_are_held_against_commits(acked: dict[str, float], proof: Proof) -> None:
    assert prove(acked, STORED, 10, stores=True, durable_ack=True) == proof
    assert proof.is_refused is bool(proof.named)


def test_a_call_that_is_stored_without_an_alarm_row_is_refused() -> None:
    stored = Stored(1, {"c1-99": 11.0}, {})
    proof = prove({"c1-99": 11.1}, stored, 0, stores=True, durable_ack=True)

    assert proof.unalarmed == 1
    assert "1 calls without an alarm row of 1 acknowledged" in proof.why()


def test_a_brokers_acknowledgement_may_come_before_the_commit_but_must_not_lose() -> None:
    assert not prove({"v1-0": 9.0}, STORED, 0, stores=True, durable_ack=False).is_refused
    assert prove({"v1-9": 9.0}, STORED, 0, stores=True, durable_ack=False).lost == 1


def test_what_stores_nothing_is_only_counted() -> None:
    taken = Stored(13, None, {})
    acked = {"v1-0": 1.0, "v1-1": 1.0, "c1-99": 1.0}

    assert not prove(acked, taken, 10, stores=False, durable_ack=False).is_refused
    assert prove(acked, taken, 11, stores=False, durable_ack=False).lost == 1


@pytest.mark.parametrize("shape", list(Shape))
def test_every_message_has_200_bytes_and_one_in_100_calls(shape: Shape) -> None:
    order = Order(3, 500.0, 1.0, calls_before=2)
    planned = plan(order, NAMES, shape, BEGAN_NS)
    bodies = [bodies_of(packet) for packet in planned.packets]

    assert {len(body) for _, body in bodies} == {BODY_BYTES}
    assert [json.loads(body)["id"] for _, body in bodies] == [order.id(n) for n in range(500)]
    assert [n for n in range(500) if order.is_call(n)] == [99, 199, 299, 399, 499]
    assert [planned.devices[n] for n in range(99, 500, 100)] == [2, 3, 4, 5, 6]
    for number, (topic, _) in enumerate(bodies):
        assert NAMES[planned.devices[number]] in topic


def bodies_of(packet: bytes) -> tuple[str, bytes]:
    ((first, begin, end),) = wire.packets(packet)
    length = int.from_bytes(packet[begin : begin + 2])
    packet_id, body = wire.told(packet, first, begin, end)
    assert packet_id is not None
    return packet[begin + 2 : begin + 2 + length].decode(), body


def test_our_own_decoder_understands_the_native_messages() -> None:
    order = Order(1, 100.0, 1.0)
    planned = plan(order, NAMES, Shape.NATIVE, BEGAN_NS)
    signals: list[Signal] = []
    for number, packet in enumerate(planned.packets):
        topic, body = bodies_of(packet)
        arrived = unwrap(
            topic, body, line="mqtt-main", sender=NAMES[planned.devices[number]], peer=None,
            received_at=datetime.fromtimestamp(BEGAN_NS / NS, UTC), authenticated=True,
            retained=False,
        )  # fmt: skip
        decoded = decode(arrived, families())
        assert not decoded.errors
        signals += decoded.signals

    assert [type(one) for one in signals] == [Measurement] * 99 + [Activation]


def test_a_peers_alarm_is_a_reading_above_its_bound() -> None:
    planned = plan(Order(1, 100.0, 1.0), NAMES, Shape.TELEMETRY, BEGAN_NS)
    values = [json.loads(bodies_of(packet)[1])["value"] for packet in planned.packets]

    assert [value > ALARM_ABOVE_BPM for value in values] == [False] * 99 + [True]


def test_more_messages_than_packet_ids_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="use more connections"):
        plan(Order(1, 70_000.0, 1.0), NAMES[:1], Shape.NATIVE, BEGAN_NS)


@pytest.mark.parametrize(("text", "number"), [("v3-17", 17), ("c3-99", 99), ("v4-17", None)])
def test_an_id_names_its_step(text: str, number: int | None) -> None:
    assert number_of(text, 3) == number


def test_packets_are_found_wherever_a_read_was_cut() -> None:
    stream = wire.puback(b"\0\1") + wire.publish("t/1", 7, b"x" * 300) + wire.puback(b"\0\2")
    whole = [stream[begin:end] for _, begin, end in wire.packets(stream)]
    for cut in range(len(stream)):
        found, rest = [], b""
        for piece in (stream[:cut], stream[cut:]):
            data, read = rest + piece, 0
            for _, begin, end in wire.packets(data):
                found.append(data[begin:end])
                read = end
            rest = data[read:]
        assert found == whole


def test_a_length_without_an_end_is_no_mqtt() -> None:
    with pytest.raises(wire.WireError, match="more than 4 bytes"):
        list(wire.packets(b"\x30\xff\xff\xff\xff\x01"))


def test_an_acknowledgement_of_nothing_or_twice_is_strange() -> None:
    order = Order(1, 10.0, 1.0)
    run = Run(order, plan(order, NAMES, Shape.NATIVE, BEGAN_NS), BEGAN_NS)
    run.queued[0] = 0
    run.take(0, wire.puback(b"\0\1") * 2 + wire.puback(b"\0\x63") + wire.puback(b"\0\2"), 5)

    assert (run.said.acked, run.said.strange) == (1, 3)
    assert run.acked[0] == 5


def test_the_plot_names_every_line_and_escapes_names() -> None:
    drawn = svg("p99", {"a -> b": [(10, 1.0), (100, 30.0)], "none": []})

    assert "a -&gt; b" in drawn
    assert "none" in drawn
    assert drawn.count("stroke-width") == 1
