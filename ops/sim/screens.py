"""What people of a simulated run see on their screens: committed rows, nothing else."""

from typing import TYPE_CHECKING, Any

from ops.sim.population import FAR

if TYPE_CHECKING:
    from ops.sim.world import World

FAR_FUTURE_S = 3_600.0


def open_alarms(world: "World") -> list[Any]:
    """Give the open alarms, worst first."""
    found = [one for one in world.server.tables.alarm.values() if one.state == "open"]
    return sorted(found, key=lambda one: (one.priority, one.alarm_at, one.id))


def alarms_by_id(world: "World", alarm: str) -> list[Any]:
    """Give the alarm of this id, when there is one."""
    return [one for one in world.server.tables.alarm.values() if str(one.id) == alarm]


def referrals_of(world: "World", service: str) -> list[Any]:
    """Give the referrals that a service's staff can see: the far one, those it was handed."""
    seen = [
        one
        for one in world.server.tables.referral.values()
        if one.service_id == service
        and (service != FAR or world.far.has.get(str(one.id)) == "known")
    ]
    return sorted(seen, key=lambda one: (one.made_at, one.id))


def due_in_s(world: "World") -> float:
    """Say in how many seconds the database holds something to do; 0 when it does already."""
    tables, now = world.server.tables, world.now()
    if tables.inbox:
        return 0.0
    times = [one.next_due_at for one in tables.subject.values() if one.next_due_at is not None]
    heads: dict[Any, Any] = {}
    for one in tables.outbox.values():
        if one.state == "waiting":
            head = heads.setdefault(one.stream, one)
            if one.seq < head.seq:
                heads[one.stream] = one
    times.extend(max(one.try_at, one.lease_until or one.try_at) for one in heads.values())
    if not times:
        return FAR_FUTURE_S
    return max(0.0, (min(times) - now).total_seconds())
