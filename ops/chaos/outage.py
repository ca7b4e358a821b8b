"""The database stops answering while pendants are pressed: frozen as a whole, then shut down.

Expected (DESIGN 4, "When we cannot store, say so at once"): nothing is acknowledged meanwhile,
connections are refused or closed, `receiver blind` is raised, and when the database is back every
press becomes an alarm soon after its device has said it again; none is lost, none is double.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import httpx

from gateway import embedded
from gateway.embedded import guard, place
from gateway.store.connect import Session
from ops.chaos.callers import Crowd, Person, enrol
from ops.chaos.count import Count, at, judge, read
from ops.chaos.house import House, is_ready, until
from ops.chaos.witness import Seen, Witness

BLIND_BOUND_S = 5.0
ALARM_BOUND_S = 2.0
BEFORE = 20
PRESSES_PER_S = 5
STANDING = 20
START_S = 90.0
SETTLE_S = 90.0


class Form(StrEnum):
    """How the database goes away."""

    STOPPED = "stopped (SIGSTOP)"
    SHUT_DOWN = "shut down"


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
            seen = await witness.watch(
                partial(_take_away, house, form), outage_s, crowd, victims[STANDING:]
            )
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
