"""One step done on the real gateway, timed, and compared with what must be true after it.

Contract: `perform` returns when the step has happened and is stored, or raises Missing.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, assert_never
from uuid import UUID

from gateway.demo.agree import agree, count, explained
from gateway.demo.desk import Answer, Desk
from gateway.demo.goals import STATED_MS, Goal, Ledger
from gateway.demo.house import House
from gateway.demo.missing import Missing
from gateway.demo.observe import SEE_S, Observer
from gateway.demo.parts import (
    LONDON,
    Check,
    Finish,
    Meet,
    Operate,
    Press,
    Refer,
    Reply,
    Serve,
    Stated,
    Step,
)
from gateway.demo.pendant import Unit
from gateway.demo.practice import Answers
from gateway.demo.screen import Screen
from gateway.tokens import Role

SERVICE = "icrs"
GOOD = "green"


@dataclass(slots=True)
class Stage:
    """Everything the steps work with, and the ids that the gateway gave on the way."""

    house: House
    desk: Desk
    observer: Observer
    screen: Screen
    stated: Stated
    pendant: Unit | None = None
    answers: Answers | None = None
    person: UUID | None = None
    alarm: str | None = None
    referral: str | None = None
    ledger: Ledger = field(default_factory=Ledger)
    clocks: Mapping[str, Any] = field(default_factory=dict)

    async def perform(self, step: Step) -> None:
        """Do one step and print it.

        Raises:
            Missing: it did not happen, or too late.
        """
        match step.act:
            case Press():
                await self._press(step, step.act)
            case Operate():
                await self._operate(step, step.act)
            case Refer():
                await self._refer(step, step.act)
            case Serve():
                await self._serve(step, step.act)
            case Reply():
                await self._reply(step, step.act)
            case Check():
                await self._check(step, step.act)
            case Meet():
                await self._meet(step)
            case Finish():
                await self._finish(step, step.act)
            case _:
                assert_never(step.act)
        if step.clocks:
            await self._show_clocks()

    async def _press(self, step: Step, act: Press) -> None:
        assert self.pendant is not None  # a story with a press enrols a unit
        self.observer.forget()
        acknowledged = self._acknowledged(self._person()) if act.refers else None
        pressed_at = self.house.clock.now()
        began = perf_counter()
        watching = asyncio.create_task(self._on_screen())
        receipt = await self.pendant.press()
        stored = perf_counter()
        if receipt is not None and receipt.result != "stored":
            raise Missing(f"the receipt says {receipt.result!r}, expected 'stored'")
        self.alarm, shown = await watching
        delivered = await acknowledged if acknowledged is not None else 0.0
        self.screen.step(step, pressed_at, None)
        if receipt is not None:  # a one-way button gets none
            self._measured(Goal.RECEIPT, stored - began)
        self._measured(Goal.SCREEN, shown - began)
        if acknowledged is not None:
            self._measured(Goal.REFERRAL, delivered - began)
            self._taken()

    def _person(self) -> UUID:
        assert self.person is not None  # whoever has a unit is a person of the story
        return self.person

    def _acknowledged(self, person: UUID) -> Awaitable[float]:
        """Begin to look for the referral; give the moment its service acknowledged it."""
        seen = self.observer.expect(person)

        async def wait() -> float:
            try:
                self.referral, delivered = await asyncio.wait_for(seen, SEE_S)
            except TimeoutError as late:
                raise Missing(f"no referral was acknowledged within {SEE_S:g} s") from late
            return delivered

        return wait()

    def _taken(self) -> None:
        """Show how a service with a system of its own took the referral."""
        if self.answers is not None:
            self.screen.detail(self.answers.taken())

    async def _on_screen(self) -> tuple[str, float]:
        """Do what an operator's console does: hear of an alarm, read it, show it."""
        alarm = await self.observer.alarm()
        await self.desk.get(Role.OPERATOR, f"/alarms/{alarm}")
        return alarm, perf_counter()

    def _measured(self, goal: Goal, seconds: float, words: str | None = None) -> None:
        self.screen.measure(words or goal.value, seconds * 1_000, STATED_MS[goal])
        self.ledger.note(goal, seconds * 1_000)

    def _acted(self, step: Step, at: datetime, took_ms: float, goal: Goal = Goal.ACT) -> None:
        self.screen.step(step, at, took_ms)
        self.ledger.note(goal, took_ms)

    async def _operate(self, step: Step, act: Operate) -> None:
        acknowledged = self._acknowledged(self._person()) if act.refers else None
        at, began = self.house.clock.now(), perf_counter()
        answer = await self.desk.post(Role.OPERATOR, f"/alarms/{self.alarm}/events", act.body)
        agree("the alarm", answer.body["alarm"], act.expect)
        self._acted(step, at, answer.took_ms)
        if acknowledged is not None:
            self._measured(Goal.DECIDED, await acknowledged - began)
            self._taken()
        await self._told(act.told, began)

    async def _refer(self, step: Step, act: Refer) -> None:
        at = self.house.clock.now()
        answer = await self.desk.post(Role.RESPONDER, "/referrals", act.body)
        self.referral = str(answer.body["referral"]["id"])
        agree("the referral", answer.body["referral"], act.expect)
        self._acted(step, at, answer.took_ms)

    async def _serve(self, step: Step, act: Serve) -> None:
        at, began = self.house.clock.now(), perf_counter()
        path = f"/referrals/{self.referral}/{act.do}"
        answer = await self.desk.post(_enters(act), path, act.body)
        agree("the referral", answer.body["referral"], act.expect)
        said = str(act.body.get("text", ""))
        if not any(said in one["says"] for one in answer.body["decided"]):
            raise Missing(f"what was said is not in the record: {said!r}")
        self._acted(step, at, answer.took_ms)
        await self._told(act.told, began)

    async def _reply(self, step: Step, act: Reply) -> None:
        assert self.answers is not None  # only a service with a system of its own replies
        at, began = self.house.clock.now(), perf_counter()
        posted = await self.answers.say(act.says)
        took_ms = (perf_counter() - began) * 1_000
        referral = (await self._read_referral()).body["referral"]
        agree("the referral", referral, act.expect)
        self._acted(step, at, took_ms)
        self.screen.detail(posted)
        if referral["outcome"]:
            self.screen.detail(f"outcome, in the receiver's words: {referral['outcome']}")

    async def _told(self, text: str | None, began: float) -> None:
        if text is None:
            return
        assert self.pendant is not None  # only a story with a pendant tells it something
        heard = await self.pendant.heard(text)
        self._measured(Goal.DEVICE, heard - began, f'her unit hears "{text}"')

    async def _check(self, step: Step, act: Check) -> None:
        at, took_ms = self.house.clock.now(), 0.0
        details = []
        if act.alarm or act.explained:
            answer = await self.desk.get(Role.OPERATOR, f"/alarms/{self.alarm}")
            agree("the alarm", answer.body["alarm"], act.alarm)
            took_ms = answer.took_ms
            if act.explained:
                details.append(explained(answer))
        if act.referral:
            answer = await self._read_referral()
            agree("the referral", answer.body["referral"], act.referral)
            took_ms = max(took_ms, answer.took_ms)
        self._acted(step, at, took_ms, Goal.READ)
        for one in details:
            self.screen.detail(one)

    async def _read_referral(self) -> Answer:
        return await self.desk.get(Role.RESPONDER, f"/referrals/{self.referral}")

    async def _meet(self, step: Step) -> None:
        at = self.house.clock.now()
        day = f"{at.astimezone(LONDON):%Y-%m-%d}"
        answer = await self.desk.get(Role.RESPONDER, "/mdt", service=SERVICE, date=day)
        entries = answer.body["entries"]
        ours = [one for one in entries if one["referral"]["id"] == self.referral]
        if not ours or answer.body["date"] != day:
            raise Missing(f"the MDT list of {day} has {len(entries)} cases, and not this one")
        self._acted(step, at, answer.took_ms, Goal.READ)
        tasks, alarms = len(ours[0]["tasks"]), len(ours[0]["alarms_24h"])
        self.screen.detail(f"with {count(tasks, 'task')}, {count(alarms, 'alarm')} of 24 hours")

    async def _finish(self, step: Step, act: Finish) -> None:
        listed = await self.desk.get(Role.RESPONDER, "/tasks")
        ours = [
            one
            for one in listed.body["tasks"]
            if one["kind"] == act.task and one["referral"] == self.referral
        ]
        if len(ours) != 1:
            raise Missing(f"{len(ours)} open tasks {act.task!r} of this referral, expected 1")
        at, due_at = self.house.clock.now(), datetime.fromisoformat(ours[0]["due_at"])
        answer = await self.desk.post(
            _enters(act), f"/tasks/{ours[0]['id']}/done", {"text": step.words}
        )
        agree("the task", answer.body["task"], {"state": "done"})
        if datetime.fromisoformat(answer.body["task"]["done_at"]) > due_at:
            raise Missing(f"task {act.task!r} was due by {_local(due_at)} and done after it")
        self._acted(step, at, answer.took_ms)
        self.screen.detail(f"due by {_local(due_at)}, done in time")

    async def _show_clocks(self) -> None:
        """Show both clocks and hold them against the case study; once stopped they never move."""
        referral = (await self._read_referral()).body["referral"]
        clocks = referral["clocks"]
        if self.clocks:
            agree("the stopped clock", clocks, self.clocks)
            minutes = clocks["minutes_elapsed"]
            self.screen.detail(f"the clock stopped at the first visit: still {minutes} min", GOOD)
            return
        self.clocks = clocks
        from_press = self.stated.since == "press"
        measured = clocks["minutes_press_to_arrival" if from_press else "minutes_elapsed"]
        agree("the clock", {"minutes": measured}, {"minutes": self.stated.minutes})
        agree("the clock", clocks, {"standard_met": True})
        name = "press to arrival" if from_press else "referral to visit"
        received = datetime.fromisoformat(referral["received_at"]).astimezone(LONDON)
        self.screen.detail(
            f"{name}: {measured} min measured, {self.stated.minutes} min in the case study", GOOD
        )
        self.screen.detail(
            f"national clock, from receipt {received:%H:%M:%S}: {clocks['minutes_elapsed']} of "
            "120 min, met",
            GOOD,
        )


def _enters(act: Serve | Finish) -> Role:
    return Role.OPERATOR if act.phoned else Role.RESPONDER


def _local(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local:%H:%M} on {local.day} {local:%B}"
