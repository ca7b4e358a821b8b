"""Serial listeners on real pseudo-terminals: half frames, garbage, pauses, and plugs pulled out."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import serial

from devices.links import nonin2
from devices.links.nonin2_stream import NoninStream
from devices.links.rfxtrx_receiver import GET_STATUS, RESET, START
from devices.model import Lane
from gateway.listeners.serial import ABSENT, SerialListener
from gateway.serial_ports import SerialPort
from tests.devices.damage import in_order
from tests.devices.test_nonin2 import packet
from tests.gateway.mqtt_house import WAIT_S, Ledger
from tests.gateway.serial_plug import Plug

PANIC = bytes.fromhex("0820024ed3dc540689")
STATUS = bytes.fromhex("0d0100010253450c000000000000")
DAMAGES = 1_000


class Bench:
    """A listener, what it handed in, and what it said of its receiver, in order."""

    def __init__(self, plug: Plug, port: SerialPort) -> None:
        self.plug = plug
        self.is_radio = port.link == "rfxtrx"
        self.ledger = Ledger()
        self.said = [False]
        self.notes = 0
        self.listener = SerialListener(port, self.ledger, lambda: datetime.now(UTC), self._note)

    def _note(self, name: str, present: bool) -> None:  # noqa: FBT001 - the listener's own shape
        assert name == "receiver"
        self.notes += 1
        if self.said[-1:] != [present]:
            self.said.append(present)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110 - the port is looked at four times a second anyway
                await asyncio.sleep(0.01)

    async def put_in(self) -> None:
        """Plug in and wait until the port is open: what was sent before is not ours to hear."""
        self.plug.put_in()
        if self.is_radio:
            async with asyncio.timeout(WAIT_S):
                assert await self.plug.receive(len(RESET)) == RESET
        else:
            await self.until(lambda: self.said[-1:] == [True])

    def has_heard(self, frame: bytes) -> bool:
        """Say whether a frame was handed in, or is collected to be."""
        link = self.listener._link
        waiting = link._waiting if isinstance(link, NoninStream) else []
        return frame in waiting or any(frame in body for body in self.bodies()[-2:])

    def bodies(self) -> list[bytes]:
        return [one.body for one in self.ledger.packets]


@asynccontextmanager
async def bench(folder: Path, link: str = "rfxtrx") -> AsyncIterator[Bench]:
    plug = Plug(folder)
    sender = {"sender": "ox-1"} if link == "nonin-2" else {}
    port = SerialPort.model_validate({"path": plug.path, "link": link, "line": "radio", **sender})
    one = Bench(plug, port)
    task = asyncio.create_task(one.listener.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        plug.pull_out()


async def test_a_receiver_is_reset_asked_and_started(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.put_in()
        async with asyncio.timeout(WAIT_S):
            sent = await one.plug.receive(2 * 14)
        await one.plug.send(STATUS)
        await one.until(lambda: one.said[-1:] == [True])

    assert sent == GET_STATUS + START
    assert one.said == [False, True, False]


async def test_a_press_is_handed_in_with_its_sender_and_its_line(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.put_in()
        await one.plug.send(PANIC)
        (press,) = await one.ledger.heard(1)

    assert (press.link, press.line, press.sender) == ("rfxtrx", "radio", "d3dc54")
    assert press.body == PANIC


async def test_several_frames_in_one_read_half_frames_and_garbage(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.put_in()
        await one.plug.send(b"\xff\x00" + PANIC + STATUS + PANIC + PANIC[:4])
        await one.ledger.heard(2)
        await asyncio.sleep(0.05)
        await one.plug.send(PANIC[4:] + b"\xfe" * 300 + PANIC)
        await one.ledger.heard(4)

    assert one.bodies() == [PANIC] * 4


async def test_a_receiver_that_is_pulled_out_and_put_in_again_is_read_again(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        for count in (1, 2, 3):
            await one.put_in()
            await one.plug.send(PANIC)
            await one.ledger.heard(count)
            await one.until(lambda: one.said[-1:] == [True])
            one.plug.pull_out()
            await one.until(lambda: one.said[-1:] == [False])

    assert one.said == [False, True, False, True, False, True, False]


def test_a_plug_pulled_out_while_it_is_opened_is_an_absent_one(tmp_path: Path) -> None:
    plug = Plug(tmp_path)
    port = SerialPort(path=plug.path, link="rfxtrx", line="radio")
    listener = SerialListener(port, Ledger(), lambda: datetime.now(UTC), lambda _name, _is: None)
    chance = random.Random(5)  # noqa: S311 - repeatable
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.wait(0.000_2):
            plug.put_in()
            ended.wait(chance.random() * 0.001)
            plug.pull_out()

    comer = threading.Thread(target=come_and_go)
    comer.start()
    results = set()
    try:
        for _ in range(5_000):
            try:
                listener._open().close()
                results.add("open")
            except ABSENT:
                results.add("absent")
    finally:
        ended.set()
        comer.join()
    plug.pull_out()

    assert results == {"open", "absent"}


async def test_half_a_frame_before_the_plug_was_pulled_joins_nothing_after_it(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as one:
        await one.put_in()
        await one.plug.send(PANIC + PANIC[:5])
        await one.ledger.heard(1)
        one.plug.pull_out()
        await one.until(lambda: one.said[-1:] == [False])
        await one.put_in()
        await one.plug.send(PANIC[5:] + PANIC)
        await one.ledger.heard(2)

    assert one.bodies() == [PANIC, PANIC]


async def test_a_path_that_leads_elsewhere_is_opened_anew(tmp_path: Path) -> None:
    other = Plug(tmp_path, "other")
    other.put_in()
    async with bench(tmp_path) as one:
        await one.put_in()
        await one.plug.send(PANIC)
        await one.ledger.heard(1)
        one.plug.replace_path(other)
        assert await other.receive(len(RESET)) == RESET
        await other.send(PANIC)
        await one.ledger.heard(2)
    other.pull_out()

    assert one.said == [False, True, False, True, False]


async def test_what_is_not_there_is_said_to_be_absent(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.until(lambda: one.notes > 0)
        (tmp_path / "receiver").write_text("no serial port")
        seen = one.notes
        await one.until(lambda: one.notes > seen + 1)

    assert one.said == [False]


async def test_a_port_is_kept_from_other_programs(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.put_in()
        await one.plug.send(PANIC)
        await one.ledger.heard(1)

        with pytest.raises(serial.SerialException, match="exclusively lock"):
            serial.Serial(str(one.plug.path), exclusive=True)


async def test_a_lane_without_room_stops_the_reading_and_nothing_is_lost(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        await one.put_in()
        await one.plug.send(PANIC)
        await one.ledger.heard(1)
        one.ledger.full.add(Lane.ALARM)
        await asyncio.sleep(0.3)
        written = 0
        while taken := one.plug.send_some(PANIC * 100):
            written += taken
        await asyncio.sleep(0.6)
        assert one.bodies() == [PANIC]

        one.ledger.make_room()
        await one.ledger.heard(1 + written // len(PANIC))


async def test_vitals_without_room_do_not_stop_a_press(tmp_path: Path) -> None:
    async with bench(tmp_path) as one:
        one.ledger.full.add(Lane.VITALS)
        await one.put_in()
        await one.plug.send(PANIC)
        await one.ledger.heard(1)


async def test_an_oximeters_stream_is_handed_in_at_the_stop_too(tmp_path: Path) -> None:
    async with bench(tmp_path, "nonin-2") as one:
        await one.put_in()
        await one.plug.send(packet()[70:] + packet(96) + packet(95))
        await one.until(lambda: one.has_heard(packet(95)))

    assert one.bodies() == [packet(96) + packet(95)]
    assert [(p.link, p.line, p.sender) for p in one.ledger.packets] == [
        ("nonin-2", "radio", "ox-1")
    ]


@pytest.mark.parametrize("link", ["rfxtrx", "nonin-2"])
async def test_a_thousand_damages_lose_nothing_that_was_left_whole(
    tmp_path: Path, link: str
) -> None:
    chance = random.Random(17)  # noqa: S311 - repeatable
    make = _press if link == "rfxtrx" else _reading
    stream, whole = [], []
    for _ in range(DAMAGES):
        stream += [_damage(make(chance), chance), good := make(chance)]
        whole.append(good)
    async with bench(tmp_path, link) as one:
        await one.put_in()
        await one.plug.send(b"".join(stream))
        await one.until(lambda: one.has_heard(whole[-1]))

    size = len(whole[0])
    found = [body[at : at + size] for body in one.bodies() for at in range(0, len(body), size)]
    assert in_order(whole, found)
    assert all(nonin2.good_bytes(part, 0) == size for part in found if link == "nonin-2")


def _press(chance: random.Random) -> bytes:
    return bytes((8, 0x20, chance.randrange(11))) + chance.randbytes(6)


def _reading(chance: random.Random) -> bytes:
    return packet(chance.randint(0, 127), chance.randint(0, 511), pleth=chance.choice((1, 0x81)))


def _damage(frame: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(frame))
    return chance.choice((
        frame[:at] + frame[at + chance.randint(1, 9) :],
        frame[:at] + chance.randbytes(chance.randint(1, 20)) + frame[at:],
        frame[:at] + bytes((frame[at] ^ 1 << chance.randrange(8),)) + frame[at + 1 :],
    ))  # fmt: skip
