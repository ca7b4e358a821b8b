"""How the lasting faults of a run begin and end: database, disk, clocks."""

from typing import TYPE_CHECKING

from ops.sim.faults import Fault, Kind, Weather

if TYPE_CHECKING:
    from ops.sim.world import World

STOPPED = (Kind.DATABASE_STOPS, Kind.DATABASE_CRASHES)
UNUSABLE = (*STOPPED, Kind.DATABASE_SLOW, Kind.DATABASE_HANGS, Kind.DISK_FULL)


def database_is_usable(weather: Weather) -> bool:
    """Say whether the database answers, quickly, and can write."""
    return not any(weather.now_is(kind) for kind in UNUSABLE)


def apply(world: "World", fault: Fault) -> None:
    """Let a fault begin."""
    if fault.kind is Kind.DATABASE_STOPS:
        world.server.stop("shutdown")
    elif fault.kind is Kind.DATABASE_CRASHES:
        world.server.stop("crash")
    elif fault.kind is Kind.DISK_FULL:
        world.server.disk_full = True
    elif fault.kind in (Kind.CLOCK_AHEAD, Kind.CLOCK_BEHIND):
        _jump(world, fault)


def lift(world: "World", fault: Fault) -> None:
    """Let a fault end, unless another of its kind still holds."""
    if fault.kind in STOPPED and not any(world.weather.now_is(kind) for kind in STOPPED):
        world.server.start()
    elif fault.kind is Kind.DISK_FULL:
        world.server.disk_full = world.weather.now_is(Kind.DISK_FULL)


def _jump(world: "World", fault: Fault) -> None:
    """Let one process run ahead of the true time, or the database's clock ahead of all of them."""
    process = world.lives.living(fault.whom)
    if fault.kind is Kind.CLOCK_BEHIND:
        world.database_ahead_s += fault.for_s
    elif process is not None:
        process.skew_s += fault.for_s
    world.trace.add("clock_jumped", process=fault.whom, by_s=round(fault.for_s, 3))
