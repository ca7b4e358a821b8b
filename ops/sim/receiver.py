"""Ways out of a simulated gateway: the built-in desk, a far service with moods, phones that ring.

The far service is idempotent by referral id, as a BaRS receiver must be; it may be silent, late or
refuse, and its answer may be lost on the way back.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.errors import DeliveryError
from gateway.senders import Sender
from gateway.senders.desk import desk_sender
from gateway.senders.devices import device_sender
from gateway.senders.phone import by_phone
from gateway.store.connect import Sessions
from gateway.store.outbox import Message
from ops.sim.faults import Kind
from ops.sim.process import Process

if TYPE_CHECKING:
    from ops.sim.world import World

CHANGES = ("referral_request", "referral_update", "referral_withdrawal")
SILENT_S = 30.0
LATE_S = (3.0, 4.9)
QUICK_S = (0.01, 0.4)
LOST_EITHER_WAY = 0.03


@dataclass(slots=True)
class FarService:
    """What the far service has: referrals known and withdrawn, by id."""

    world: "World"
    has: dict[str, str] = field(default_factory=dict)

    async def take(self, message: Message, process: Process) -> None:
        """Take one message, in the mood of the moment.

        Raises:
            DeliveryError: it said no, or the connection was lost.
        """
        world, weather = self.world, self.world.weather
        choice = world.far_choice
        if weather.now_is(Kind.FAR_REFUSES):
            world.trace.add("service_said", service=message.recipient,
                            referral=str(message.referral_id), answer="refused")  # fmt: skip
            raise DeliveryError("the service refused it. Telephone now.", again=False)
        if choice.chance(LOST_EITHER_WAY) and not world.is_calm:
            raise DeliveryError("the connection was lost on the way there")
        if weather.now_is(Kind.FAR_SILENT):
            await self._say_nothing(message, choice.chance(0.5))
        await asyncio.sleep(choice.between(*QUICK_S))
        self._note(message)
        late = weather.now_is(Kind.FAR_LATE)
        await asyncio.sleep(choice.between(*(LATE_S if late else QUICK_S)))
        if choice.chance(LOST_EITHER_WAY) and not world.is_calm:
            raise DeliveryError("the connection was lost on the way back")
        await world.wire.gate(process, "answer", "before")

    async def _say_nothing(self, message: Message, got_it: bool) -> None:  # noqa: FBT001 - a draw
        self.world.trace.add(
            "service_silent", service=message.recipient, referral=str(message.referral_id)
        )
        if got_it:
            self._note(message)
        await asyncio.sleep(SILENT_S)

    def _note(self, message: Message) -> None:
        referral = str(message.referral_id)
        if message.what == "referral_withdrawal":
            self.has[referral] = "withdrawn"
        elif message.what == "referral_request":
            self.has.setdefault(referral, "known")
        self.world.note_handed(message)


def senders_of(world: "World", process: Process, sessions: Sessions) -> dict[str, Sender]:
    """Give a process its ways out, as gateway/runtime.py does."""
    far = world.far

    async def to_far(message: Message, now: datetime) -> None:
        del now
        await world.wire.gate(process, "send", "before")
        await far.take(message, process)

    async def to_phones(message: Message, now: datetime) -> None:
        del now
        await world.wire.gate(process, "send", "before")
        if message.recipient != "consoles" and world.weather.now_is(Kind.NOTICES_FAIL):
            raise DeliveryError(f"the webhook of {message.recipient} does not answer")
        world.trace.add(
            "notice", audience=message.recipient,
            alarm=str(message.alarm_id) if message.alarm_id else None,
            text=str(message.body.get("text", ""))[:80],
        )  # fmt: skip

    desk = desk_sender(sessions)

    async def to_desk(message: Message, now: datetime) -> None:
        await world.wire.gate(process, "send", "before")
        await desk(message, now)

    return {
        **dict.fromkeys(CHANGES, to_desk),
        **{f"{what}/bars": to_far for what in CHANGES},
        **{f"{what}/phone": by_phone for what in CHANGES},
        "notice": to_phones,
        "device_down": device_sender(sessions),
    }
