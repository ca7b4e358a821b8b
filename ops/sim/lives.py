"""Which gateway processes live, and which of their lives is over."""

import asyncio
from typing import TYPE_CHECKING

from ops.sim.process import Process

if TYPE_CHECKING:
    from ops.sim.world import World


class Lives:
    """Starts processes, ends them, lets them freeze; a process that died begins another life."""

    def __init__(self, world: "World") -> None:
        """Start with none."""
        self._world = world
        self._all: dict[str, Process] = {}
        self._now: dict[str, Process] = {}

    def of(self, client: str) -> Process | None:
        """Give the life, past or present, by its database client's name."""
        return self._all.get(client)

    def living(self, name: str) -> Process | None:
        """Give the process of this name that lives now."""
        return self._now.get(name)

    def running(self) -> list[Process]:
        """Give the processes that live, have started, and move."""
        return [one for one in self._now.values() if one.runs]

    def begin(self, name: str) -> None:
        """Start a process."""
        process = Process(self._world, name, len(self._all) + 1)
        self._all[process.client] = process
        self._now[name] = process
        self._world.trace.add("born", process=name)
        process.start()

    def note_ready(self, process: Process) -> None:
        """Note that a process has started."""
        self._world.trace.add("ready", process=process.name)
        self._world.note_health()

    def kill(self, process: Process, for_s: float) -> None:
        """End a process now; another takes its place after a while."""
        process.die()
        if self._now.get(process.name) is process:
            del self._now[process.name]
        self._world.note_health()
        self._world.spawn(self._begin_again(process.name, for_s))

    async def _begin_again(self, name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.begin(name)

    def freeze(self, process: Process, for_s: float) -> None:
        """Let a process stand still for a while."""
        process.thawed.clear()
        self._world.note_health()
        self._world.spawn(self._thaw(process, for_s))

    async def _thaw(self, process: Process, after_s: float) -> None:
        await asyncio.sleep(after_s)
        process.thawed.set()
        if not process.is_dead:
            self._world.trace.add("thawed", process=process.name)
        self._world.note_health()
