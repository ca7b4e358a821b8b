"""Freeze a process at each step of a transaction; how long does another one have to wait?

A real `lifeline run ingest` and a real `lifeline run dispatch` share a database with a process
that is stopped in mid-step (ops/chaos/frozen.py). A device then says the same message again, the
same person calls anew, and somebody else calls; each wait is measured from its publication to its
receipt, which means "stored and decided". For the outbox, `again` is the referral's delivery.
"""

import asyncio
import json
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

import aiomqtt

from gateway.outbox import LEASE_S
from gateway.store.connect import Session
from ops.chaos.callers import ORGANISATION, Person, enrol
from ops.chaos.frozen import Frozen, Message, Order, Step
from ops.chaos.house import HOST, LINE, House, Program, until

BOUND_S = 5.0
# A lease that was committed is nobody's lock: it runs out by itself, and then some.
LEASE_BOUND_S = LEASE_S + 2.0
START_S = 60.0
ANSWER_S = 60.0
ALARM_STEPS = (Step.LOCKED, Step.CLAIMED, Step.SAVED, Step.COMMITTED)
OUTBOX_STEPS = (Step.CLAIMING, Step.SENDING)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long others waited for a frozen process, and how its own work ended afterwards."""

    step: Step
    again_s: float
    anew_s: float
    other_s: float
    ended: str
    wrong: str = ""

    @property
    def bound_s(self) -> float:
        """What is allowed."""
        return LEASE_BOUND_S if self.step is Step.SENDING else BOUND_S

    @property
    def good(self) -> bool:
        """Within its bound, and nothing wrong in the tables."""
        return max(self.again_s, self.anew_s, self.other_s) <= self.bound_s and not self.wrong


async def command(seed: int, say: Callable[[str], None]) -> int:
    """Measure every step; 0 when all keep their bound and nothing is lost or double."""
    chance = random.Random(seed)  # noqa: S311 - repeatable chance is the purpose
    async with House(chance) as house:
        await house.start_database()
        people = await enrol(house, 2 * len(Step) + 1)
        port = house.free_port()
        ingest = house.program(["run", "ingest"], MQTT_PORT=port)
        await ingest.start()
        await until("the endpoint listens", lambda: _listens(port), START_S)
        dispatch = house.program(["run", "dispatch"])
        await dispatch.start()
        scene = Scene(house, port, people, dispatch)
        say(
            f"{'seconds until answered; frozen at':<38}{'again':>7}{'anew':>7}{'other':>7}  its end"
        )
        good = True
        for step in Step:
            found = await scene.play(step)
            good = good and found.good
            say(
                f"{step:<38}{found.again_s:>7.2f}{found.anew_s:>7.2f}{found.other_s:>7.2f}"
                f"  {found.ended}{'' if found.good else '  FAILED ' + found.wrong}"
            )
    say(f"bound: {BOUND_S:.0f} s; a committed lease: {LEASE_BOUND_S:.0f} s (it runs out by itself)")
    say("passed" if good else "FAILED")
    return 0 if good else 1


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


@dataclass(slots=True)
class Scene:
    """The house with its people; each step takes two of them."""

    house: House
    port: int
    people: list[Person]
    dispatch: Program
    used: int = 0

    async def play(self, step: Step) -> Wait:
        """Freeze a process at the step, let people call, thaw it, look."""
        victim, other = self.people[self.used : self.used + 2]
        self.used += 2
        message = message_of(step, victim.name)
        is_outbox = step in OUTBOX_STEPS
        if is_outbox:
            # The frozen one shall be the one that takes the lease.
            self.dispatch.signal(signal.SIGSTOP)
        if is_outbox or step is Step.TICKING:
            await self.say(victim, press("0-1"))
        frozen = await Frozen.at(Order(step, self.house.dsn(), str(ORGANISATION), message))
        try:
            self.dispatch.signal(signal.SIGCONT)
            (again_s, anew_s), (other_s,), delivered_s = await asyncio.gather(
                self.say(victim, message, press("2-1")),
                self.say(other, press("2-1")),
                self._delivered(victim),
            )
            ended = await frozen.thaw()
        finally:
            self.dispatch.signal(signal.SIGCONT)
            await frozen.end()
        again_s = delivered_s if is_outbox else again_s
        return Wait(step, again_s, anew_s, other_s, ended, await self._wrong(step, victim, other))

    async def say(self, person: Person, *messages: Message) -> list[float]:
        """Publish as the person's device, on one line; give the seconds to each receipt."""
        loop = asyncio.get_running_loop()
        waits_s: dict[str, float] = {}
        async with aiomqtt.Client(
            HOST, self.port, username=person.name, password=person.secret,
            identifier=person.name, timeout=ANSWER_S,
        ) as client, asyncio.timeout(ANSWER_S):  # fmt: skip
            began_s = loop.time()
            for message in messages:
                topic = f"lifeline/v1/{person.name}/{message.channel}"
                # The receipt on `down` goes at once; a PUBACK waits for those before it.
                await client.publish(topic, message.body.encode(), qos=0)
            async for told in client.messages:
                receipt = json.loads(bytes(told.payload))["receipt"]
                waits_s[receipt] = loop.time() - began_s
                if len(waits_s) == len(messages):
                    break
        return [waits_s[message.key] for message in messages]

    async def _delivered(self, person: Person) -> float:
        return await until("the referral is delivered", lambda: self._is_there(person), ANSWER_S)

    async def _is_there(self, person: Person) -> bool:
        return (await self._figures(person))[2] > 0

    async def _figures(self, person: Person) -> tuple[int, int, int]:
        """Presses in the open alarm, referrals made, referrals at the receiver."""
        session = Session(self.house.dsn, "torture")
        try:
            async with session.plain() as connection:
                cursor = await connection.execute(FIGURES, {"subject": person.subject})
                found = await cursor.fetchone()
        finally:
            await session.close()
        assert found is not None
        return found.signals, found.referrals, found.delivered

    async def _wrong(self, step: Step, victim: Person, other: Person) -> str:
        wanted = 1 if step is Step.COPYING else 2
        for person, presses in ((victim, wanted), (other, 1)):
            await self._delivered(person)
            found = await self._figures(person)
            if found != (presses, 1, 1):
                return f"{person.name}: {found}, expected {(presses, 1, 1)}"
        return ""


FIGURES = b"""
select (select coalesce(sum((record->>'signals')::int), 0) from alarm
        where subject_id = %(subject)s and kind = 'help')::int as signals,
       (select count(*) from referral where subject_id = %(subject)s) as referrals,
       (select count(*) from desk_delivery join referral on referral.id = referral_id
        where subject_id = %(subject)s) as delivered
"""


def press(key: str, sender: str = "") -> Message:
    """A press of a pendant."""
    return Message(LINE, sender, "call", json.dumps({"id": key, "activation": "pendant"}))


def message_of(step: Step, sender: str) -> Message:
    """What the frozen process is handling."""
    if step is Step.COPYING:
        return Message(LINE, sender, "up", json.dumps({"id": "1-1", "vitals": {"spo2_pct": 96}}))
    if step is Step.TICKING or step in OUTBOX_STEPS:
        return press("0-1", sender)
    return press("1-1", sender)
