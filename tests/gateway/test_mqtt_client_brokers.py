"""A site's broker as it is run: TLS, access list, groups, changed settings, overruns, takeovers."""

import asyncio
import json
import signal
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest
import uvloop

from gateway.listeners.mqtt_client_parts import (
    SubscriptionNotes,
    Topics,
)
from ops.chaos.mosquitto import HOST
from tests.gateway.broker_house import (
    GATEWAY,
    QUICK,
    Broker,
    broker,
    client,
    counted,
    publisher,
    until,
)
from tests.gateway.mqtt_house import CALL, UP, Ledger, body

STALE = "lifeline/v1/+/up"


def connected() -> float:
    return counted("lifeline_broker_connects_total", topics="calls", result="connected")


async def test_two_gateways_of_a_group_share_and_none_is_given_to_both(tmp_path: Path) -> None:
    one, two = Ledger(), Ledger()
    async with broker(tmp_path) as mosquitto, publisher(mosquitto) as bare:
        settings = mosquitto.settings(group="all")
        async with (
            client(settings, one),
            client(replace(settings, client_id="gateway-2"), two),
        ):
            for number in range(20):
                await bare.publish(CALL, body(number), 1)
            await until(lambda: len(one.packets) + len(two.packets) == 20)
            await asyncio.sleep(0.1)

    assert one.packets
    assert two.packets
    heard = sorted(packet.body for packet in [*one.packets, *two.packets])
    assert heard == sorted(body(number) for number in range(20))


async def test_a_member_of_a_group_that_cannot_store_leaves_its_share_to_the_others(
    tmp_path: Path,
) -> None:
    one, two = Ledger(), Ledger()
    async with broker(tmp_path) as mosquitto, publisher(mosquitto) as bare:
        settings = mosquitto.settings(group="all")
        async with (
            client(settings, one) as first,
            client(replace(settings, client_id="gateway-2"), two),
        ):
            one.turn_blind(blind=True)
            await until(lambda: not first.is_up and first.sessions[Topics.CALLS]._link is None)
            for number in range(20):
                await bare.publish(CALL, body(number), 1)
            await two.heard(20)
    assert one.packets == []


@pytest.mark.parametrize(("noted", "times"), [(True, 1), (False, 2)])
async def test_what_earlier_settings_subscribed_is_given_up_when_it_was_noted(
    tmp_path: Path, *, noted: bool, times: int
) -> None:
    """The session of calls was once subscribed to readings; a session keeps what it has."""
    ledger = Ledger()
    memory = tmp_path / "memory"
    if noted:
        SubscriptionNotes(memory, "gateway-1-calls").note([STALE])
    async with broker(tmp_path) as mosquitto:
        async with aiomqtt.Client(
            HOST, mosquitto.port, username=GATEWAY[0], password=GATEWAY[1],
            identifier="gateway-1-calls", clean_session=False,
        ) as earlier:  # fmt: skip
            await earlier.subscribe(STALE, 1)
        async with (
            client(mosquitto.settings(memory=memory), ledger),
            publisher(mosquitto) as bare,
            publisher(mosquitto, "18") as last,
        ):
            await bare.publish(UP, body(1), 1)
            await ledger.heard(times)
            await last.publish("lifeline/v1/18/call", body(2), 1)
            await last.publish("lifeline/v1/18/up", body(2), 1)
            await until(lambda: len([one for one in ledger.packets if one.sender == "18"]) >= 2)
        left = json.loads((memory / "gateway-1-calls.json").read_text())
    assert len([one for one in ledger.packets if one.sender == "17"]) == times
    assert left == ["lifeline/v1/+/call"]


async def test_an_overrun_is_left_with_the_broker_and_comes_when_there_is_room(
    tmp_path: Path,
) -> None:
    """We hold three; the broker sends up to eight; nothing is lost and nothing is fatal."""
    ledger = Ledger(commits_at_once=False)
    timing = replace(QUICK, receive_maximum=8, window=3)
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(timing=timing), ledger) as ours,
        publisher(mosquitto) as bare,
    ):
        for number in range(8):
            await bare.publish(CALL, body(number), 1)
        await ledger.heard(3)
        await asyncio.sleep(0.2)
        assert (len(ledger.packets), ours.is_up) == (3, True)
        ledger.commits_at_once = True
        ledger.commit(body(0), body(1), body(2))
        await until(lambda: {one.body for one in ledger.packets} == {body(n) for n in range(8)})
        await until(lambda: ours.sessions[Topics.CALLS].unacknowledged == 0)


async def test_unacknowledged_messages_do_not_stop_the_pings(tmp_path: Path) -> None:
    """Keep-alive of one second, everything held for four: the broker has no reason to end it."""
    ledger = Ledger(commits_at_once=False)
    timing = replace(QUICK, keep_alive_s=1, receive_maximum=5)
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(timing=timing), ledger) as ours,
        publisher(mosquitto) as bare,
    ):
        before = connected()
        for number in range(20):
            await bare.publish(CALL, body(number), 1)
        await ledger.heard(5)
        await asyncio.sleep(4)
        assert (ours.is_up, len(ledger.packets), connected()) == (True, 5, before)


async def test_a_message_that_cannot_be_stored_does_not_hold_up_all_others_for_ever(
    tmp_path: Path,
) -> None:
    """It is never acknowledged: on the next connection the broker gives it again."""
    ledger = Ledger(commits_at_once=False)
    timing = replace(QUICK, receive_maximum=2, stuck_s=0.3)
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(timing=timing), ledger) as ours,
        publisher(mosquitto) as bare,
    ):
        for number in range(4):
            await bare.publish(CALL, body(number), 1)
        await ledger.heard(2)
        ledger.commit(body(1))
        await ledger.heard(3)
        ledger.commit(body(2))
        await ledger.heard(4)
        assert ours.stuck == 1
        ledger.commit(body(3))
        mosquitto.stop()
        mosquitto.start()
        await until(lambda: [one.body for one in ledger.packets].count(body(0)) > 1)


async def test_two_clients_with_one_name_are_told_so_and_pause(tmp_path: Path) -> None:
    """A second gateway with the same client id: takeovers, with growing pauses between them."""
    async with broker(tmp_path) as mosquitto:
        settings = mosquitto.settings()
        async with client(settings, Ledger()) as one, aiomqtt.Client(
            HOST, mosquitto.port, username=GATEWAY[0], password=GATEWAY[1],
            identifier="gateway-1-calls",
        ):  # fmt: skip
            before = connected()
            await until(lambda: one.is_up and connected() > before)


async def test_a_client_stops_within_its_bounds_though_the_broker_hangs(tmp_path: Path) -> None:
    async with broker(tmp_path) as mosquitto:
        async with client(mosquitto.settings(), Ledger()) as ours:
            _freeze(mosquitto)
            await ours.stop()
            assert not ours.is_up
        _freeze(mosquitto, frozen=False)


def _freeze(mosquitto: Broker, *, frozen: bool = True) -> None:
    assert mosquitto.process is not None
    mosquitto.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)


async def test_receipts_beyond_what_may_be_on_its_way_at_once_all_go_out(tmp_path: Path) -> None:
    ledger = Ledger()
    before = counted("lifeline_broker_told_total")
    timing = replace(QUICK, in_flight_out=1)
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(timing=timing), ledger),
        publisher(mosquitto) as bare,
    ):
        for number in range(20):
            await bare.publish(CALL, body(number), 1)
        await until(lambda: counted("lifeline_broker_told_total") == before + 20)


def test_on_the_gateways_own_event_loop_a_reset_line_is_noticed_and_made_again(
    tmp_path: Path,
) -> None:
    """The broker dies with unread bytes: the line is reset, which uvloop tells only once."""

    async def story() -> None:
        ledger = Ledger(commits_at_once=False)
        async with broker(tmp_path) as mosquitto, client(mosquitto.settings(), ledger) as ours:
            for _ in range(5):
                async with publisher(mosquitto) as bare:
                    for number in range(20):
                        await bare.publish(CALL, body(number), 1)
                    _freeze(mosquitto)
                    for number in range(20):  # acknowledgements it will never read
                        ledger.commit(*[one.body for one, _ in ledger.waiting][:1])
                        del number
                    await asyncio.sleep(0.05)
                    mosquitto.kill()
                mosquitto.start()
                ledger.waiting.clear()
                before = connected()
                await until(lambda before=before: ours.is_up and connected() > before)  # type: ignore[misc]

    uvloop.run(story())
