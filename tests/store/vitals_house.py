"""What tests of watching share: a gateway that decides vital signs, a ward, and its patients."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from alerts.ruleset import Rules
from gateway import enrol, ticker, vitals_intake, vitals_watch
from gateway.arrivals import Arrival
from gateway.intake import Taken
from gateway.placing import Desk
from gateway.store.connect import Session, Sessions
from tests.databases import MORNING, ORGANISATION
from tests.store.messages import column, roll, up

WC = enrol.person_id(ORGANISATION, "wc")
OP = enrol.person_id(ORGANISATION, "op")
WARD = {"id": "east", "name": "East virtual ward", "ladder_min": [15, 30]}
COPD = {
    "person": "wc",
    "ward": "east",
    "pathway": "copd",
    "spo2_scale": 2,
    "baseline_spo2_pct": 90,
    "target_spo2_pct": [88, 92],
}
GOOD: dict[str, Any] = {
    "respiratory_rate_bpm": 16,
    "spo2_pct": 97,
    "oxygen": False,
    "systolic_mmhg": 125,
    "heart_rate_bpm": 70,
    "consciousness": "A",
    "temperature_c": 36.8,
}


def watching(desk: Desk) -> Desk:
    """Give a desk that decides vital signs."""
    return replace(desk, vitals=True)


async def admit(sessions: Sessions, rules: Rules, *plans: dict[str, Any], **more: Any) -> None:
    """Enrol the roll again with a ward and monitoring plans."""
    given = roll(**{"wards": [WARD], "monitoring": list(plans), **more})
    await enrol.enrol(sessions, given, MORNING, rules)


class Watch:
    """A gateway that is told readings and whose clock the test moves."""

    def __init__(self, session: Session, desk: Desk) -> None:
        self.session = session
        self.desk = watching(desk)
        self.now = MORNING
        self._number = 0

    def later(self, **span: float) -> datetime:
        """Move the clock."""
        self.now += timedelta(**span)
        return self.now

    def message(self, vitals: dict[str, Any], device: str = "17", **more: Any) -> Arrival:
        """Give a message with readings, received now."""
        self._number += 1
        body = {"id": f"9-{self._number}", "vitals": vitals, **more}
        return up(body, device=device, at=self.now)

    async def hear(self, *batch: Arrival) -> Taken:
        """Take messages as the vitals lane does."""
        return await vitals_intake.take(self.session, batch, (), self.desk, self.now)

    async def say(self, device: str = "17", at: str | None = None, **vitals: Any) -> None:
        """Take one message with readings."""
        more = {} if at is None else {"at": at}
        await self.hear(self.message(vitals, device, **more))

    async def tick(self) -> None:
        """Decide what is due, in both halves, as the ticker's duties do."""
        while await vitals_watch.take_left(self.session, self.desk, self.now):
            pass
        while await vitals_watch.take_due(self.session, self.desk, self.now):
            pass
        while await ticker.take_inbox(self.session, self.desk, self.now):
            pass
        while await ticker.take_due(self.session, self.desk, self.now):
            pass

    async def climb(self, minutes: int) -> None:
        """Let time pass, minute by minute, with a ticker that runs."""
        for _ in range(minutes):
            self.later(minutes=1)
            await self.tick()

    async def newest(self, vital: str) -> list[float]:
        """Give the newest number of a vital sign, of every person who has one."""
        return await column(
            self.session,
            f"select (newest -> '{vital}' ->> 'value')::float from vitals_state"  # noqa: S608 - our own words
            " order by person_id",
        )

    async def alerts(self) -> list[str]:
        """Give the alerts: level, state and whether it is confirmed."""
        return await column(
            self.session,
            "select level || ' ' || state || case when confirmed then ' confirmed' else '' end"
            " from vitals_alert order by opened_at, id",
        )
