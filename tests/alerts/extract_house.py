"""A house that keeps everything that was decided, as the store does, and reports on it."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from alerts.case import Decision, Entry
from alerts.events import DeliveryEvent
from alerts.facts import Facts
from alerts.referral.extract import Asked, csds_records
from alerts.referral.extract_codes import Coder
from alerts.referral.extract_quality import BY_REFERRAL, Finding, findings
from alerts.referral.extract_raw import Patient, Period, Raw
from alerts.words import DeliveryAct
from tests.alerts.houses import AT_ONCE, T0, House, facts, person, rules

FEBRUARY = Period(2021, 2)
WC = "6f2b1f0a-43c1-5d0e-9a57-1d6a0c5f7e11"
PATIENT = Patient(WC, date(1951, 5, 1), "9476719931", "LE1 1AA")
LATER = T0 + timedelta(days=10)


def asked(period: Period = FEBRUARY, now: datetime = LATER) -> Asked:
    return Asked(period, rules(), now)


class Recorded(House):
    """A house whose decisions stay."""

    def __init__(self, known: Facts | None = None) -> None:
        super().__init__(known)
        self.entries: list[Entry] = []

    def _keep(self, decision: Decision) -> Decision:
        self.entries += decision.entries
        return super()._keep(decision)

    def delivered(self, seconds: float) -> None:
        event = DeliveryEvent(self.at(seconds), "icrs", DeliveryAct.ACKNOWLEDGED, self.referral.id)
        self.tell(seconds, event)

    def raw(self, patient: Patient | None = PATIENT, place: int = -1) -> Raw:
        referral = self.case.referrals[place]
        service = next(one for one in self.facts.services if one.id == referral.service)
        return Raw(
            referral=referral,
            service=service,
            patient=patient,
            alarm=next((one for one in self.case.alarms if one.id == referral.alarm), None),
            entries=tuple(one for one in self.entries if one.referral == referral.id),
            beside=self.case.referrals,
        )

    def record(self, **changed: Any) -> dict[str, Any]:
        raw = msgspec.structs.replace(self.raw(), **changed)
        (record,) = csds_records((raw,), asked(), Coder(rules()))
        return record


def pressed() -> Recorded:
    """WC presses; the referral goes out at once and is received after 2 min 10 s."""
    house = Recorded(facts(person(plan=AT_ONCE)))
    house.hear(0)
    house.delivered(130)
    return house


def visited() -> Recorded:
    """As above, and the team is there after 44 minutes."""
    house = pressed()
    house.service(150, "accept", by="nurse-7")
    house.service(2640, "face_to_face", by="nurse-7")
    return house


def finished(outcome: str = "remains_at_home", **more: Any) -> Recorded:
    """As above, with an outcome an hour later."""
    house = visited()
    house.service(6240, "outcome", by="nurse-7", outcome=outcome, **more)
    return house


def put_right(*raws: Raw, now: datetime = LATER) -> list[Finding]:
    """Give the findings that concern a referral."""
    found = findings(tuple(raws), asked(now=now), Coder(rules()))
    return [one for one in found if one.problem in BY_REFERRAL]
