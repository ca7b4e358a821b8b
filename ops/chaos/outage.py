"""The database stops answering while pendants are pressed: frozen as a whole, then shut down.

Expected (DESIGN 4, "When we cannot store, say so at once"): nothing is acknowledged meanwhile,
connections are refused or closed, `receiver blind` is raised, and when the database is back every
press becomes an alarm soon after its device has said it again; none is lost, none is double.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import httpx

from gateway import embedded
from gateway.embedded import guard, place
from gateway.store.connect import Session
from ops.chaos.callers import Crowd, Person, enrol
from ops.chaos.count import Count, at, judge, read
from ops.chaos.house import HOST, House, HouseError, Program, is_ready, until

BLIND_BOUND_S = 5.0
ALARM_BOUND_S = 2.0
BEFORE = 20
PRESSES_PER_S = 5
STANDING = 20
START_S = 90.0
SETTLE_S = 90.0
PROBE_EVERY_S = 0.25
ANSWER_S = 10.0
CONNACK_BYTES = 4
BLIND = "\nlifeline_receiver_blind 1.0"


class Form(StrEnum):
    """How the database goes away."""

    STOPPED = "stopped (SIGSTOP)"
    SHUT_DOWN = "shut down"


@dataclass(slots=True)
class Seen:
    """What was seen of the gateway from outside, in seconds since the database went."""

    began: datetime
    metric_s: float | None = None
    ready_s: float | None = None
    log_s: float | None = None
    refused: int = 0
    closed: int = 0
    silent: int = 0
    accepted: int = 0
    told: int = 0
    sighted_s: float | None = None


@dataclass(slots=True)
class Outage:
    """What came of one outage."""

    form: Form
    seen: Seen
    count: Count
    presses: int = 0
    alarm_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def command(outage_s: float, seed: int, say: Callable[[str], None]) -> int:
    """Both forms; 0 when the facts hold and the bounds are kept."""
    good = True
    for form in Form:
        found = await suffer(form, outage_s, random.Random(seed))  # noqa: S311 - repeatable
        wrong = found.wrong + late(found)
        say(f"\nthe database {form} for {outage_s:.0f} s")
        for name, value in lines(found):
            say(f"  {name:<50} {value}")
        for one in wrong:
            say(f"  WRONG: {one}")
        good = good and not wrong
    say("\npassed" if good else "\nFAILED")
    return 0 if good else 1


def late(found: Outage) -> list[str]:
    """Say which bounds were not kept."""
    wrong = [
        f"{name}: {'never' if took_s is None else f'{took_s:.1f} s'}, bound {BLIND_BOUND_S:.0f} s"
        for name, took_s in (
            ("lifeline_receiver_blind", found.seen.metric_s),
            ("/readyz 503", found.seen.ready_s),
            ("the log", found.seen.log_s),
        )
        if took_s is None or took_s > BLIND_BOUND_S
    ]
    if at(found.alarm_s, 1.0) > ALARM_BOUND_S:
        wrong.append(f"an alarm {at(found.alarm_s, 1.0):.1f} s after its re-delivery, "
                     f"bound {ALARM_BOUND_S:.0f} s")  # fmt: skip
    return wrong


def lines(found: Outage) -> list[tuple[str, object]]:
    """What is shown of one outage."""
    seen, count = found.seen, found.count

    def since(took_s: float | None) -> str:
        return "never" if took_s is None else f"{took_s:.2f} s"

    return [
        ("presses during the outage", found.presses),
        ("acknowledged during the outage", seen.told),
        ("connections: refused / closed / unanswered / accepted",
         f"{seen.refused} / {seen.closed} / {seen.silent} / {seen.accepted}"),
        ("blind: metric / readyz 503 / log, after",
         f"{since(seen.metric_s)} / {since(seen.ready_s)} / {since(seen.log_s)}"),
        ("database back to gateway ready", since(seen.sighted_s)),
        ("re-delivery to alarm p50 / p99 / most, s",
         " / ".join(f"{at(found.alarm_s, share):.2f}" for share in (0.5, 0.99, 1.0))),
        ("lost / double", f"{len(count.lost)} / {len(count.double)}"),
    ]  # fmt: skip


async def suffer(form: Form, outage_s: float, chance: random.Random) -> Outage:
    """Let the database be away for so long; look from outside; count.

    Raises:
        HouseError: the gateway did not come up, or did not see again.
    """
    during = int(outage_s * PRESSES_PER_S)
    async with House(chance) as house:
        await house.start_database()
        people = await enrol(house, BEFORE + during)
        web, mqtt = house.free_port(), house.free_port()
        gateway = house.program(["up"], WEB_PORT=web, MQTT_PORT=mqtt)
        await gateway.start()
        crowd = Crowd([mqtt], chance)
        async with httpx.AsyncClient() as client:
            await until("the gateway is ready", lambda: is_ready(client, web), START_S)
            for person in people[:BEFORE]:
                crowd.go(person)
            await crowd.settled()
            victims = people[BEFORE:]
            for person in victims[:STANDING]:  # connected beforehand, pressed during the outage
                crowd.go(person, within_s=outage_s, connected=True)
            await asyncio.sleep(1.0)
            witness = Witness(client, gateway, web, mqtt, victims[-1])
            seen = await witness.watch(house, form, outage_s, crowd, victims[STANDING:])
            try:
                await asyncio.wait_for(crowd.settled(), SETTLE_S)
            finally:
                await crowd.leave()
        await until("the outbox empties", lambda: _is_quiet(house), SETTLE_S)
        return await _counted(house, form, people, crowd, seen)


async def _is_quiet(house: House) -> bool:
    session = Session(house.dsn, "torture")
    try:
        return (await read(session)).waiting == 0
    finally:
        await session.close()


async def _counted(
    house: House, form: Form, people: list[Person], crowd: Crowd, seen: Seen
) -> Outage:
    session = Session(house.dsn, "torture")
    try:
        tables = await read(session)
    finally:
        await session.close()
    count = judge(people, crowd.presses, tables, [])
    meanwhile = [one for one in crowd.presses if one.pressed_at > seen.began]
    found = Outage(form, seen, count, len(meanwhile), sorted(
        (one.acknowledged_at - one.delivered_at).total_seconds()
        for one in meanwhile if one.acknowledged_at and one.delivered_at
    ))  # fmt: skip
    found.wrong = count.lost + count.double
    if seen.told:
        found.wrong.append(f"{seen.told} presses acknowledged while nothing could be stored")
    if seen.accepted:
        found.wrong.append(f"{seen.accepted} connections accepted while nothing could be stored")
    if count.acknowledged != count.presses:
        found.wrong.append(f"{count.presses - count.acknowledged} presses were never acknowledged")
    return found


@dataclass(slots=True)
class Witness:
    """Looks at a gateway whose database is away."""

    client: httpx.AsyncClient
    gateway: Program
    web: int
    mqtt: int
    person: Person

    async def watch(
        self, house: House, form: Form, outage_s: float, crowd: Crowd, people: list[Person]
    ) -> Seen:
        """Take the database away, let people press, look, give it back; return when all see."""
        log_from = self.gateway.log.stat().st_size
        back = await asyncio.to_thread(_take_away, house, form)
        seen = Seen(datetime.now(UTC))
        began_s = time.monotonic()
        for person in people:
            crowd.go(person, within_s=outage_s)
        looks = [
            asyncio.create_task(work)
            for work in (
                self._look(seen, began_s, log_from),
                self._knock(seen),
            )
        ]
        try:
            await asyncio.sleep(outage_s)
            seen.told = sum(
                one.acknowledged_at is not None and one.pressed_at > seen.began
                for one in crowd.presses
            )
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)
            await asyncio.to_thread(back)
        seen.sighted_s = await until(
            "the gateway sees again", lambda: is_ready(self.client, self.web), START_S
        )
        return seen

    async def _look(self, seen: Seen, began_s: float, log_from: int) -> None:
        """Ask the metric, readiness and the log again and again until each has said it."""
        while True:
            if seen.log_s is None and await asyncio.to_thread(self._shouted, log_from):
                seen.log_s = time.monotonic() - began_s
            if seen.metric_s is None and BLIND in await self._get("metrics"):
                seen.metric_s = time.monotonic() - began_s
            if seen.ready_s is None and await self._get("readyz") == "503":
                seen.ready_s = time.monotonic() - began_s
            await asyncio.sleep(0.1)

    def _shouted(self, log_from: int) -> bool:
        return b"receiver blind" in self.gateway.log.read_bytes()[log_from:]

    async def _get(self, path: str) -> str:
        """A page's text, or its status when it is not 200."""
        try:
            answer = await self.client.get(f"http://{HOST}:{self.web}/{path}", timeout=0.5)
        except httpx.HTTPError:
            return ""
        return answer.text if answer.status_code == 200 else str(answer.status_code)

    async def _knock(self, seen: Seen) -> None:
        """Try to connect as an enrolled device, again and again."""
        async with asyncio.TaskGroup() as knocks:
            while True:
                knocks.create_task(self._knock_once(seen))
                await asyncio.sleep(PROBE_EVERY_S)

    async def _knock_once(self, seen: Seen) -> None:
        try:
            reader, writer = await asyncio.open_connection(HOST, self.mqtt)
        except OSError:
            seen.closed += 1
            return
        try:
            writer.write(connect_packet(self.person.name, self.person.secret))
            answer = await asyncio.wait_for(reader.read(CONNACK_BYTES), ANSWER_S)
        except TimeoutError:
            seen.silent += 1
        except OSError:
            seen.closed += 1
        else:
            if len(answer) < CONNACK_BYTES:
                seen.closed += 1
            elif answer[3]:
                seen.refused += 1
            else:
                seen.accepted += 1
        finally:
            writer.close()


def connect_packet(name: str, secret: str) -> bytes:
    """CONNECT of MQTT 3.1.1 (section 3.1): clean session, user name and password."""

    def text(value: str) -> bytes:
        return len(value).to_bytes(2) + value.encode()

    rest = text("MQTT") + bytes((4, 0xC2, 0, 30)) + text(f"{name}-probe") + text(name)
    rest += text(secret)
    assert len(rest) < 128, "one byte of length is enough for a probe"
    return bytes((0x10, len(rest))) + rest


def _take_away(house: House, form: Form) -> Callable[[], None]:
    """Stop the database; give what brings it back."""
    server = house.server
    assert server is not None
    if form is Form.SHUT_DOWN:
        server.stop()

        def start() -> None:
            house.server = embedded.start(house.database_settings)

        return start
    target = place.resolve(house.database_settings).target
    pids = guard.processes(target)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    def go_on() -> None:
        for pid in guard.processes(target):
            os.kill(pid, signal.SIGCONT)

    return go_on
