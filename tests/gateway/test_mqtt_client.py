"""Messages of devices behind a real Mosquitto: taken, acknowledged after the commit, receipted."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from devices.links import native
from devices.model import Lane
from gateway.listeners.mqtt_client_parts import Topics, Version
from tests.gateway.broker_house import (
    LINE,
    QUICK,
    broker,
    client,
    counted,
    device,
    publisher,
    until,
)
from tests.gateway.mqtt_house import CALL, UP, Ledger, body

VITALS = b'{"id":"1-%d","vitals":{"spo2_pct":95}}'


async def test_a_press_gets_its_receipt_after_the_commit_and_not_before(tmp_path: Path) -> None:
    ledger = Ledger(commits_at_once=False)
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger),
        device(mosquitto) as pendant,
    ):
        pressed = asyncio.create_task(pendant.press())
        await ledger.heard(1)
        assert not pressed.done()
        ledger.commit(ledger.packets[0].body)
        receipt = await pressed

    first = ledger.packets[0]
    assert (receipt.result, first.key) == ("stored", receipt.id)
    assert (first.line, first.sender, first.topic) == (LINE, "17", CALL)
    assert first.authenticated
    assert not first.retained


async def test_sixty_unacknowledged_readings_do_not_delay_a_press(tmp_path: Path) -> None:
    """Neither at a broker's default window of 20, nor with all sixty here and uncommitted."""
    for version, window in ((Version.V311, 20), (Version.V5, 200)):
        folder = tmp_path / version.name
        folder.mkdir()
        ledger = Ledger(commits_at_once=False)
        async with (
            broker(folder, max_inflight_messages=window) as mosquitto,
            client(mosquitto.settings(version=version), ledger) as ours,
            publisher(mosquitto) as bare,
            device(mosquitto, "18") as pendant,
        ):
            for number in range(60):
                await bare.publish(UP, VITALS % number, 1)
            await ledger.heard(min(window, 60))

            pressed = asyncio.create_task(pendant.press())
            await until(lambda ledger=ledger: bool(calls(ledger)))  # type: ignore[misc]
            ledger.commit(calls(ledger)[0].body)
            receipt = await pressed

            assert receipt.result == "stored"
            assert ours.sessions[Topics.OTHERS].unacknowledged == min(window, 60)
            await until(lambda ours=ours: ours.sessions[Topics.CALLS].unacknowledged == 0)  # type: ignore[misc]


def calls(ledger: Ledger) -> list[Any]:
    return [one for one in ledger.packets if native.looks_like_call(one)]


async def test_the_broker_gives_more_only_as_we_acknowledge_and_in_the_order_of_receipt(
    tmp_path: Path,
) -> None:
    """Window of 4: committing the later three frees nothing; the first frees all four."""
    ledger = Ledger(commits_at_once=False)
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(timing=replace(QUICK, receive_maximum=4)), ledger) as ours,
        publisher(mosquitto) as bare,
    ):
        for number in range(8):
            await bare.publish(CALL, body(number), 1)
        await ledger.heard(4)
        ledger.commit(body(3), body(2), body(1))
        await asyncio.sleep(0.2)
        assert len(ledger.packets) == 4
        assert ours.sessions[Topics.CALLS].unacknowledged == 4

        ledger.commit(body(0))
        await ledger.heard(8)

    assert [one.body for one in ledger.packets] == [body(number) for number in range(8)]


async def test_what_was_not_committed_when_the_client_is_killed_comes_again(
    tmp_path: Path,
) -> None:
    first, second = Ledger(commits_at_once=False), Ledger()
    async with broker(tmp_path) as mosquitto, publisher(mosquitto) as bare:
        async with client(mosquitto.settings(), first):
            for number in range(3):
                await bare.publish(CALL, body(number), 1)
            await first.heard(3)
            first.commit(body(0))
        await bare.publish(CALL, body(3), 1)  # nobody is there: the broker queues
        async with client(mosquitto.settings(), second) as ours:
            await second.heard(3)
            await until(lambda: ours.sessions[Topics.CALLS].unacknowledged == 0)

    assert [one.body for one in second.packets] == [body(1), body(2), body(3)]


async def test_an_acknowledgement_of_an_older_connection_is_not_sent_on_the_new_one(
    tmp_path: Path,
) -> None:
    """The broker was restarted: what it gives again is acknowledged by its own commit only."""
    ledger = Ledger(commits_at_once=False)
    before = counted("lifeline_broker_old_acknowledgements_total")
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger) as ours,
    ):
        async with publisher(mosquitto) as bare:
            await bare.publish(CALL, body(1), 1)
        await ledger.heard(1)
        old = ledger.waiting.pop()
        mosquitto.stop()
        await until(lambda: not ours.is_up)
        mosquitto.start()
        await until(lambda: ours.is_up)
        await ledger.heard(2)

        ledger._answer(*old)
        await asyncio.sleep(0.2)
        assert ours.sessions[Topics.CALLS].unacknowledged == 1
        assert counted("lifeline_broker_old_acknowledgements_total") == before + 1

        ledger.commit(body(1))
        await until(lambda: ours.sessions[Topics.CALLS].unacknowledged == 0)
    assert [one.body for one in ledger.packets] == [body(1), body(1)]


async def test_a_killed_broker_loses_no_press_of_devices_that_repeat(tmp_path: Path) -> None:
    ledger = Ledger()
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger),
        device(mosquitto, "17") as one,
        device(mosquitto, "18") as two,
    ):
        for _ in range(3):
            presses = [asyncio.create_task(pendant.press()) for pendant in (one, two)]
            mosquitto.kill()
            mosquitto.start()
            receipts = await asyncio.gather(*presses)
            assert [receipt.result for receipt in receipts] == ["stored", "stored"]
            stored = {(packet.sender, packet.key) for packet in ledger.packets}
            assert {("17", receipts[0].id), ("18", receipts[1].id)} <= stored


async def test_nothing_stored_means_away_and_the_broker_queues_until_sight_is_back(
    tmp_path: Path,
) -> None:
    ledger = Ledger()
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger) as ours,
        publisher(mosquitto) as bare,
    ):
        ledger.turn_blind(blind=True)
        await until(lambda: not ours.is_up)
        for number in range(30):
            await bare.publish(CALL, body(number), 1)
        await asyncio.sleep(0.2)
        assert ledger.packets == []
        assert not ours.is_up

        ledger.turn_blind(blind=False)
        await ledger.heard(30)
        assert "exceeded timeout" not in mosquitto.log()
    assert [one.body for one in ledger.packets] == [body(number) for number in range(30)]


async def test_a_retained_call_is_heard_and_marked_and_only_once_over_reconnects(
    tmp_path: Path,
) -> None:
    """Version 5: what is retained comes with a new subscription, not with each reconnect."""
    ledger = Ledger()
    async with broker(tmp_path) as mosquitto:
        async with publisher(mosquitto) as bare:
            await bare.publish(CALL, b'{"activation":"pendant"}', 1, retain=True)
        for _ in range(2):
            async with client(mosquitto.settings(), ledger), publisher(mosquitto) as bare:
                await bare.publish(CALL, body(1), 1)
                await until(lambda: ledger.packets[-1:] != [] and ledger.packets[-1].key == "1-1")

    assert [one.retained for one in ledger.packets] == [True, False, False]


async def test_what_nobody_can_read_is_handed_in_and_does_not_stop_the_next_press(
    tmp_path: Path,
) -> None:
    ledger = Ledger()
    poison = [b"", b"\x00\xff\xfe", b'{"id":"1-7","activation":', b"[" * 10_000, b"{}" * 100_000]
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger) as ours,
        publisher(mosquitto) as bare,
        device(mosquitto, "18") as pendant,
    ):
        for one in poison:
            await bare.publish(CALL, one, 1)
        assert (await pendant.press()).result == "stored"
        await ledger.heard(len(poison) + 1)
        await until(lambda: ours.sessions[Topics.CALLS].unacknowledged == 0)

    assert {one.body for one in ledger.packets} >= set(poison)


async def test_version_3_1_1_does_as_well(tmp_path: Path) -> None:
    ledger = Ledger()
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(version=Version.V311), ledger) as ours,
        device(mosquitto) as pendant,
    ):
        assert (await pendant.press()).result == "stored"
        assert (await pendant.vitals(spo2_pct=93)).result == "stored"
        await until(lambda: not any(one.unacknowledged for one in ours.sessions.values()))


async def test_a_later_text_reaches_a_device_heard_here_and_no_other(tmp_path: Path) -> None:
    told: list[dict[str, object]] = []
    ledger = Ledger()
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger) as ours,
        device(mosquitto, on_down=told.append) as pendant,
    ):
        receipt = await pendant.press()
        assert ours.tell("17", native.down_text(receipt.id, "a person has it"))
        assert not ours.tell("18", b"{}")
        await until(lambda: len(told) == 2)

    assert told[1] == {"receipt": receipt.id, "result": "a person has it"}


async def test_receipts_made_while_the_broker_is_away_reach_their_device_afterwards(
    tmp_path: Path,
) -> None:
    ledger = Ledger(commits_at_once=False)
    async with broker(tmp_path) as mosquitto, client(mosquitto.settings(), ledger) as ours:
        # The broker keeps the device's subscription: we may be back before the device is.
        async with publisher(mosquitto, clean_session=False) as bare:
            await bare.subscribe("lifeline/v1/17/down", 1)
            await bare.publish(CALL, body(1), 1)
        await ledger.heard(1)
        mosquitto.stop()
        await until(lambda: not ours.is_up)
        ledger.commit(body(1))
        mosquitto.start()
        async with publisher(mosquitto, clean_session=False) as bare:
            async for message in bare.messages:
                assert json.loads(message.payload) == {"receipt": "1-1", "result": "stored"}
                break


async def test_readings_at_qos_0_are_dropped_and_counted_while_their_lane_is_full(
    tmp_path: Path,
) -> None:
    ledger = Ledger()
    ledger.full.add(Lane.VITALS)
    before = counted("lifeline_broker_left_total", why="lane_full")
    async with (
        broker(tmp_path) as mosquitto,
        client(mosquitto.settings(), ledger),
        publisher(mosquitto) as bare,
    ):
        await bare.publish(UP, VITALS % 1, 0)
        await bare.publish(CALL, body(2), 0)
        await ledger.heard(1)
        await until(lambda: counted("lifeline_broker_left_total", why="lane_full") == before + 1)
    assert [one.body for one in ledger.packets] == [body(2)]
