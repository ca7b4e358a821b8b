"""What a device is told later reaches the device it is for, and no other of its name."""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec
import pytest

from gateway import enrol
from gateway.down import pass_down
from gateway.senders.devices import device_sender
from gateway.store.connect import Sessions
from gateway.store.outbox import Message
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import LINE

pytestmark = pytest.mark.usefixtures("enrolled")


@dataclass
class Listener:
    """A listener that has every device connected."""

    line: str
    told: asyncio.Queue[tuple[str, bytes]] = field(default_factory=asyncio.Queue)

    def tell(self, name: str, payload: bytes) -> bool:
        self.told.put_nowait((name, payload))
        return True


def message(device: str, text: str) -> Message:
    return Message(
        stream=uuid4(),
        seq=1,
        organisation_id=ORGANISATION,
        subject_id=enrol.person_id(ORGANISATION, "wc"),
        what="device_down",
        recipient=device,
        referral_id=None,
        alarm_id=None,
        body={"text": text},
        attempt=1,
        made_at=MORNING,
    )


async def test_a_namesake_on_another_line_is_told_nothing(
    database: str, sessions: Sessions
) -> None:
    stranger, hers = Listener("dc09-other"), Listener(LINE)
    passing = asyncio.create_task(pass_down(lambda: database, [stranger, hers]))
    send = device_sender(sessions)
    async with asyncio.timeout(30):
        while hers.told.empty():
            await send(message("17", "a person has it"), MORNING)
            await asyncio.sleep(0.05)
    passing.cancel()
    name, payload = hers.told.get_nowait()

    assert (name, msgspec.json.decode(payload)["result"]) == ("17", "a person has it")
    assert stranger.told.empty()


async def test_another_persons_device_is_told_nothing(database: str, sessions: Sessions) -> None:
    listener = Listener(LINE)
    passing = asyncio.create_task(pass_down(lambda: database, [listener]))
    send = device_sender(sessions)
    async with asyncio.timeout(30):
        while listener.told.empty():
            await send(message("18", "not for her"), MORNING)
            await send(message("17", "a person has it"), MORNING)
            await asyncio.sleep(0.05)
    passing.cancel()

    names = set()
    while not listener.told.empty():
        name, _ = listener.told.get_nowait()
        names.add(name)

    assert names == {"17"}
