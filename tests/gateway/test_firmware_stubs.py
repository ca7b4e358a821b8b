"""The simulated devices are honest: they repeat until told "stored", and never give up a call."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from devices.model import Activation, ActivationKind, Answers, Measurement, Status
from firmware_stubs import native
from firmware_stubs.fall_detector import report
from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Address, Timing
from tests.gateway.moody_receiver import Mood, Receiver, receivers, signals

__all__ = ["receivers"]

QUICK = Timing(repeat_s=0.2, interval_s=3_600, pause_first_s=0.01, pause_max_s=0.05, connect_s=2)


def device(*receivers: Receiver, timing: Timing = QUICK, **more: Any) -> NativeDevice:
    addresses = [receiver.address for receiver in receivers]
    return NativeDevice(addresses, "17", "secret", 3, timing=timing, **more)


async def test_a_press_comes_back_with_its_receipt(receivers: list[Receiver]) -> None:
    async with device(receivers[0]) as pendant:
        receipt = await pendant.press()
    assert (receipt.id, receipt.result, receipt.sends) == ("3-0001", "stored", 1)
    (heard,) = receivers[0].heard
    assert heard.topic == "lifeline/v1/17/call"
    (call,) = signals(heard)
    assert isinstance(call, Activation)
    assert call.what is ActivationKind.PENDANT
    assert call.at is not None
    assert call.flags == frozenset()


async def test_a_device_says_its_name_and_secret(receivers: list[Receiver]) -> None:
    async with device(receivers[0]) as pendant:
        await pendant.press()
    (connect,) = receivers[0].connects
    assert (connect.client_id, connect.username, connect.password) == ("17", "17", b"secret")


async def test_everything_a_device_says_is_understood(receivers: list[Receiver]) -> None:
    async with device(receivers[0]) as hub:
        await hub.fall(impact_g=3.4, still_s=20)
        await hub.cancel("3-0001")
        await hub.vitals(spo2_pct=93, consciousness="A", oxygen=None)
        await hub.answers(breathlessness=2)
        await hub.status(battery_pct=12, mains=False)
    kinds = [tuple(type(signal) for signal in signals(heard)) for heard in receivers[0].heard]
    assert kinds == [
        (Activation,),
        (Activation,),
        (Measurement, Measurement),
        (Answers,),
        (Status, Status),
    ]
    assert [heard.channel for heard in receivers[0].heard] == ["call", "call", "up", "up", "up"]
    assert receivers[0].ids == [f"3-000{n}" for n in range(1, 6)]


@pytest.mark.parametrize("silence", [Mood.PUBACK_ONLY, Mood.SAY_NOTHING])
async def test_without_a_receipt_the_same_id_comes_again(
    receivers: list[Receiver], silence: Mood
) -> None:
    receivers[0]._moods = iter([silence, Mood.STORE])
    async with device(receivers[0]) as pendant:
        receipt = await pendant.press()
    assert receivers[0].ids == ["3-0001", "3-0001"]
    first, second = receivers[0].heard
    assert first.message == second.message
    assert receipt.sends == 2
    assert len(receivers[0].connects) == 1


async def test_a_receiver_that_stays_silent_is_left_for_the_next(receivers: list[Receiver]) -> None:
    receivers[0]._moods = iter([Mood.SAY_NOTHING])
    async with device(*receivers) as pendant:
        receipt = await pendant.press()
    assert receipt.result == "stored"
    assert receivers[0].ids == ["3-0001"] * QUICK.repeats
    assert receivers[1].ids == ["3-0001"]


async def test_a_refused_connect_leads_to_the_next_receiver(receivers: list[Receiver]) -> None:
    receivers[0].lets_in = False
    async with device(*receivers) as pendant:
        assert (await pendant.press()).result == "stored"
    assert receivers[0].heard == []
    assert receivers[1].ids == ["3-0001"]


async def test_a_receiver_that_is_not_there_leads_to_the_next(receivers: list[Receiver]) -> None:
    nobody = Receiver(address=Address("127.0.0.1", 9))
    async with device(nobody, receivers[1]) as pendant:
        assert (await pendant.press()).result == "stored"


async def test_a_press_survives_the_loss_of_its_connection(receivers: list[Receiver]) -> None:
    receivers[0]._moods = iter([Mood.HANG_UP, Mood.HANG_UP, Mood.STORE])
    async with device(receivers[0]) as pendant:
        receipt = await pendant.press()
    assert receivers[0].ids == ["3-0001"] * 3
    assert receipt.sends == 3
    assert len(receivers[0].connects) == 3


async def test_a_refused_call_is_taken_to_the_next_receiver(receivers: list[Receiver]) -> None:
    receivers[0]._moods = iter([Mood.REFUSE])
    async with device(*receivers) as pendant:
        assert (await pendant.press()).result == "stored"
    assert receivers[1].ids == ["3-0001"]


async def test_a_refused_reading_is_over(receivers: list[Receiver]) -> None:
    receivers[0]._moods = iter([Mood.REFUSE])
    async with device(*receivers) as hub:
        receipt = await hub.vitals(spo2_pct=93)
    assert (receipt.result, receipt.reason) == ("refused", "full")
    assert receivers[1].heard == []


async def test_giving_up_the_wait_does_not_give_up_the_call(receivers: list[Receiver]) -> None:
    receivers[0].lets_in = False
    async with device(receivers[0]) as pendant:
        waiting = asyncio.create_task(pendant.press())
        await receivers[0].is_asked(2)
        waiting.cancel()
        receivers[0].lets_in = True
        await receivers[0].hears(1)
    assert receivers[0].ids == ["3-0001"]


async def test_calls_go_before_readings_that_waited_longer(receivers: list[Receiver]) -> None:
    receivers[0].lets_in = False
    async with device(receivers[0]) as hub:
        sending = [asyncio.create_task(hub.vitals(spo2_pct=90 + n)) for n in range(5)]
        await asyncio.sleep(0)
        sending.append(asyncio.create_task(hub.press()))
        await receivers[0].is_asked(2)
        receivers[0].lets_in = True
        await asyncio.gather(*sending)
    assert receivers[0].heard[0].channel == "call"
    assert len(receivers[0].heard) == 6


async def test_what_is_no_receipt_of_ours_changes_nothing(receivers: list[Receiver]) -> None:
    told: list[dict[str, object]] = []
    receivers[0]._moods = iter([Mood.BABBLE])
    async with device(receivers[0], on_down=told.append) as pendant:
        receipt = await pendant.press()
    assert (receipt.result, receipt.sends) == ("stored", 1)
    assert {"receipt": "3-0001", "result": "a person has it"} in told


async def test_a_heartbeat_is_settled_by_its_puback(receivers: list[Receiver]) -> None:
    receivers[0]._moods = iter([Mood.PUBACK_ONLY])
    async with device(receivers[0]) as pendant:
        receipt = await pendant.heartbeat()
    assert (receipt.result, receipt.sends) == ("acknowledged", 1)
    assert receivers[0].heard[0].message == {"id": "3-0001"}


async def test_heartbeats_come_by_themselves(receivers: list[Receiver]) -> None:
    timing = Timing(interval_s=0.02)
    async with device(receivers[0], timing=timing):
        heard = await receivers[0].hears(3)
    assert [one.message for one in heard] == [{"id": f"3-000{n}"} for n in (1, 2, 3)]


async def test_a_cancelled_fall_is_a_fall_and_a_cancel_of_it(receivers: list[Receiver]) -> None:
    async with device(receivers[0]) as detector:
        await report(detector, 3.4, 20, is_cancelled=True)
        await report(detector, 2.9)
    fall, cancel, second = (heard.message for heard in receivers[0].heard)
    assert (fall["impact_g"], fall["still_s"]) == (3.4, 20)
    assert cancel["of"] == fall["id"]
    assert "still_s" not in second


async def test_the_oldest_reading_makes_room_and_says_so(
    receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "MAX_READINGS", 2)
    receivers[0].lets_in = False
    async with device(receivers[0]) as hub:
        sending = [asyncio.create_task(hub.vitals(spo2_pct=90 + n)) for n in range(3)]
        await receivers[0].is_asked(1)
        receivers[0].lets_in = True
        receipts = await asyncio.gather(*sending)
    assert [receipt.result for receipt in receipts] == ["dropped", "stored", "stored"]


async def test_beyond_the_limit_the_last_call_stands_for_the_next(
    receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "MAX_CALLS", 2)
    receivers[0].lets_in = False
    async with device(receivers[0]) as pendant:
        sending = [asyncio.create_task(pendant.press()) for _ in range(3)]
        await receivers[0].is_asked(1)
        receivers[0].lets_in = True
        receipts = await asyncio.gather(*sending)
    assert [receipt.id for receipt in receipts] == ["3-0001", "3-0002", "3-0002"]


async def test_two_hundred_devices_live_in_one_process(receivers: list[Receiver]) -> None:
    async with AsyncExitStack() as stack:
        pendants = [
            await stack.enter_async_context(
                NativeDevice([receivers[0].address], f"p{n}", None, 1, timing=Timing())
            )
            for n in range(200)
        ]
        receipts = await asyncio.gather(*(pendant.press() for pendant in pendants))
    assert {receipt.result for receipt in receipts} == {"stored"}
    assert len({heard.topic for heard in receivers[0].heard}) == 200


async def test_a_receiver_that_never_answers_connect_is_hung_up_on() -> None:
    """Else each try would leave a socket behind."""
    hung_up = asyncio.Semaphore(0)

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        hung_up.release()
        writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    mute = Receiver(address=Address("127.0.0.1", server.sockets[0].getsockname()[1]))
    timing = Timing(connect_s=0.05, pause_first_s=0.01, pause_max_s=0.01)
    async with server, device(mute, timing=timing):
        for _ in range(3):
            await hung_up.acquire()
