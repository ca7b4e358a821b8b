"""An alarm that a person makes: a call came by telephone, not from a device.

It is decided like every other call for help, with the same ladder, plan and reasons; nobody is
enrolled as its sender. A caller whom nobody knows gets a case of their own, by their number.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from alerts.case import Alarm, Case
from alerts.events import Heard
from alerts.words import AlarmState, SubjectKind
from devices.model import Activation, ActivationKind
from gateway import casework
from gateway.acts import retried
from gateway.placing import NAMESPACE, Desk
from gateway.store import cases
from gateway.store.cases import NewSubject
from gateway.store.connect import Sessions
from gateway.store.save import save

LINE = "telephone"


@dataclass(frozen=True, slots=True)
class CallByHand:
    """What somebody was told: about whom, what, from which number; `key` names the call once.

    One call may be about several: somebody picks the wrong person, or speaks for two. The receipt,
    of which the alarm's id is made, names the case too.
    """

    organisation_id: UUID
    key: str
    what: ActivationKind
    person_id: UUID | None
    number: str | None
    actor: str

    @property
    def subject(self) -> NewSubject:
        """Give the case it belongs to."""
        if self.person_id is not None:
            return NewSubject(
                self.person_id, self.organisation_id, SubjectKind.PERSON, person_id=self.person_id
            )
        name = self.number or f"call {self.key[:8]}"
        own = uuid5(NAMESPACE, f"unknown/{self.organisation_id}/{LINE}/={name}")
        return NewSubject(
            own, self.organisation_id, SubjectKind.UNKNOWN_DEVICE, line=LINE, label=name
        )

    def heard(self, now: datetime) -> Heard:
        """Give it as deciding hears it; who is not known gets nothing by itself."""
        return Heard(
            receipt=f"{LINE}|{self.organisation_id}|{self.subject.id}|{self.key}",
            received_at=now,
            sender=LINE,
            line=LINE,
            signal=Activation(device=None, what=self.what, key=self.key),
            known=self.person_id is not None,
        )


async def make(
    sessions: Sessions, desk: Desk, call: CallByHand, now: datetime
) -> tuple[UUID, Alarm]:
    """Open the alarm, or ring the person's open one again, and commit; give case and alarm.

    Raises:
        StoreError: nothing was kept.
    """
    subject = call.subject

    async def once() -> Case:
        async with sessions.transaction() as connection:
            await cases.add_subjects(connection, [subject], now)
            locked = await cases.lock_one(connection, subject.id)
            assert locked is not None  # made in the line before
            facts = await cases.read_facts(connection, [locked], now)
            inputs = {locked.id: casework.Inputs(heard=(call.heard(now),), actor=call.actor)}
            decided = casework.work([locked], facts, inputs, desk.rules, now)
            await save(connection, decided, now, desk.audit_key)
            return decided[0].decision.case

    case = await retried(once)
    receipt = call.heard(now).receipt
    key = f"{LINE}/{call.key}"
    live = [alarm for alarm in case.alarms if alarm.state is not AlarmState.CLOSED]
    mine = [alarm for alarm in live if alarm.opened_by == receipt or key in alarm.keys]
    return subject.id, (mine or live or list(case.alarms))[-1]
