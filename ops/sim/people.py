"""Simulated people: operators who take, speak, decide, close, or vanish; staff of the services.

They see what their screens would show (committed rows) and act through a process's sessions, so an
act meets the same faults as everything else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from alerts.events import Event, OperatorEvent, ServiceEvent
from alerts.words import CallTarget, CloseReason, Disposition, OperatorAct, ServiceAct
from gateway.acts import act
from gateway.errors import StoreBusy, StoreUnavailable
from ops.sim import screens
from ops.sim.choice import Choice
from ops.sim.faults import Kind
from ops.sim.population import DESK, FAR

if TYPE_CHECKING:
    from ops.sim.world import World

ACT_S = 8.0
Step = tuple[OperatorAct, dict[str, Any]]
SPOKE: Step = (OperatorAct.SPOKE, {})
SCRIPTS: tuple[tuple[Step, ...], ...] = (
    (SPOKE, (OperatorAct.CLOSE, {"close_reason": CloseReason.REASSURED})),
    (SPOKE, (OperatorAct.DECIDE, {"disposition": Disposition.UCR})),
    (SPOKE, (OperatorAct.CONFIRM, {}),
     (OperatorAct.CLOSE, {"close_reason": CloseReason.RESOLVED_BY_RESPONDER})),
    (SPOKE, (OperatorAct.WITHDRAW, {"reason": "not needed"}),
     (OperatorAct.CLOSE, {"close_reason": CloseReason.ACCIDENT})),
    ((OperatorAct.CALL, {"to": CallTarget.HOME}), (OperatorAct.NO_REPLY, {}),
     (OperatorAct.CALL, {"to": CallTarget.EMERGENCY_999})),
    (SPOKE, (OperatorAct.DECIDE, {"disposition": Disposition.EMERGENCY_999}),
     (OperatorAct.CALL, {"to": CallTarget.EMERGENCY_999})),
    ((OperatorAct.RELEASE, {"reason": "shift ends"}),),
    ((OperatorAct.HAND_OVER, {}),),
    (SPOKE,),
    (),
)  # fmt: skip


@dataclass(slots=True)
class Operator:
    """One operator at a console."""

    world: "World"
    name: str
    choice: Choice
    on_duty: bool = True
    alarm: str | None = None
    script: list[Step] = field(default_factory=list)

    async def work(self) -> None:
        """Work until the run ends."""
        while True:
            await asyncio.sleep(self.choice.between(1.5, 9))
            if self.world.weather.now_is(Kind.OPERATORS_VANISH) or not self.on_duty:
                continue
            if self.choice.chance(0.02):
                self.world.spawn(self._vanish())
            elif self.alarm is None:
                await self._take_one()
            else:
                await self._go_on()

    async def _vanish(self) -> None:
        self.on_duty, self.alarm = False, None
        self.world.trace.add("vanished", operator=self.name)
        await asyncio.sleep(self.choice.between(20, 400))
        self.on_duty = True
        self.world.trace.add("returned", operator=self.name)

    async def _take_one(self) -> None:
        rows = screens.open_alarms(self.world)
        if not rows:
            return
        alarm = rows[min(self.choice.whole(0, 2), len(rows) - 1)]
        said = await self._do(OperatorAct.TAKE, str(alarm.id), alarm.subject_id, {})
        if said == "done":
            self.alarm = str(alarm.id)
            closing = (OperatorAct.CLOSE, {"close_reason": CloseReason.TECHNICAL_FIXED})
            technical = alarm.kind == "technical"
            self.script = [closing] if technical else list(self.choice.one(SCRIPTS))

    async def _go_on(self) -> None:
        found = screens.alarms_by_id(self.world, self.alarm or "")
        if not self.script or not found or found[0].state == "closed":
            self.alarm = None
            return
        alarm = found[0]
        do, fields = self.script[0]
        said = await self._do(do, str(alarm.id), alarm.subject_id, fields)
        if said != "unavailable":
            self.script.pop(0)

    async def _do(
        self, do: OperatorAct, alarm: str, subject: UUID, fields: Mapping[str, Any]
    ) -> str:
        event = OperatorEvent(at=self.world.now(), operator=self.name, do=do, alarm=alarm, **fields)
        said = await bring(self.world, self.choice, subject, event, f"operator:{self.name}")
        self.world.trace.add("acted", operator=self.name, do=do.value, alarm=alarm, result=said)
        return said


NEXT: Mapping[str, tuple[ServiceAct, ...]] = {
    "provisional": (ServiceAct.SEEN, ServiceAct.ACCEPT),
    "sent": (ServiceAct.SEEN, ServiceAct.ACCEPT),
    "received": (ServiceAct.SEEN, ServiceAct.ACCEPT, ServiceAct.ACCEPT, ServiceAct.REJECT),
    "breached": (ServiceAct.ACCEPT,),
    "accepted": (ServiceAct.SET_OUT,),
    "set_out": (ServiceAct.FACE_TO_FACE,),
    "attended": (ServiceAct.OUTCOME,),
}


@dataclass(slots=True)
class Staff:
    """Who works at a service's desk; some sleep."""

    world: "World"
    service: str
    choice: Choice
    is_asleep: bool

    async def work(self) -> None:
        """Work until the run ends."""
        while not self.is_asleep:
            await asyncio.sleep(self.choice.between(4, 40))
            rows = [
                one for one in screens.referrals_of(self.world, self.service) if one.state in NEXT
            ]
            if not rows:
                continue
            row = self.choice.one(rows)
            do = self.choice.one(NEXT[row.state])
            more: dict[str, Any] = (
                {"outcome": "remained_at_home"} if do is ServiceAct.OUTCOME else {}
            )
            event = ServiceEvent(
                at=self.world.now(), service=self.service, do=do, referral=str(row.id),
                by="staff", **more,
            )  # fmt: skip
            said = await bring(
                self.world, self.choice, row.subject_id, event, f"service:{self.service}"
            )
            self.world.trace.add(
                "served", service=self.service, do=do.value, referral=str(row.id), result=said
            )


async def bring(world: "World", choice: Choice, subject: UUID, event: Event, actor: str) -> str:
    """Bring an act to a case through one of the living processes; say what the screen shows."""
    processes = world.lives.running()
    if not processes:
        return "unavailable"
    process = choice.one(processes)

    async def work() -> str:
        try:
            acted = await act(
                process.sessions, subject, event, process.desk, process.clock.now(), actor=actor
            )
        except (StoreUnavailable, StoreBusy):
            return "unavailable"
        if acted is None:
            return "no such case"
        return "refused" if acted.refused else "done"

    task = process.go(work())
    done, _ = await asyncio.wait({task}, timeout=ACT_S)
    if task in done and not task.cancelled():
        return str(task.result())
    return "unavailable"  # nobody knows what became of it: the screen reads again


def staff_of(world: "World") -> list[Staff]:
    """Give the staff of the services that have a screen."""
    choice = world.choice.named("staff")
    return [
        Staff(world, service, choice.named(service), choice.chance(0.3)) for service in (DESK, FAR)
    ]
