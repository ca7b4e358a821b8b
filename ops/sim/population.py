"""Who lives in a simulated town, what they wear, and which service answers for them. Fictional.

Every person has a pendant; some have a fall detector; one place has a smoke detector. Postcodes
decide which service is theirs: the one with the built-in desk, or the far one.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateway import enrol
from ops.sim.choice import Choice

ORGANISATION = UUID("5eed0000-0000-4000-8000-0000000000aa")
LINE = "mqtt-main"
AT_ONCE, AFTER_UNTAKEN, OPERATOR = "at_once", "after_untaken", "operator"
UNTAKEN_S = (60, 90)
DESK, FAR, PHONE = "icrs", "far", "line"
INTERVAL_S = 300
POSTCODES = {DESK: "LE1 1AA", FAR: "NG1 1AA", PHONE: "CV1 1AA"}
CATCHMENTS = {DESK: ["LE"], FAR: ["NG"], PHONE: ["CV"]}


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """What the judge must know of a person: plan, service, devices."""

    subject: str
    plan: str
    untaken_s: int | None
    service: str
    devices: tuple[str, ...]


@dataclass(slots=True)
class Town:
    """A roll to enrol, and what is in it."""

    roll: enrol.Roll
    people: dict[str, PersonPlan] = field(default_factory=dict)
    smoke: str = "smoke-1"
    place: str = ""

    def owner(self, device: str) -> str:
        """Give the subject id of the case that a call of this device belongs to."""
        for subject, plan in self.people.items():
            if device in plan.devices:
                return subject
        return self.place


def make_town(choice: Choice) -> Town:
    """Make a town of a few people."""
    persons: list[dict[str, Any]] = []
    devices: list[dict[str, Any]] = []
    people: dict[str, PersonPlan] = {}
    for number in range(1, choice.whole(2, 5) + 1):
        plan = choice.one((AT_ONCE, AFTER_UNTAKEN, AFTER_UNTAKEN, OPERATOR))
        service = choice.one((DESK, DESK, FAR, FAR, FAR, PHONE))
        untaken_s = choice.one(UNTAKEN_S) if plan == AFTER_UNTAKEN else None
        worn = (f"pendant-{number}", f"fall-{number}")[: choice.whole(1, 2)]
        person = f"person-{number}"
        persons.append({
            "id": person, "name": f"Fictional {number}", "born": "1940-05-01",
            "postcode": POSTCODES[service],
            "plan": {"press": _plan(plan, untaken_s), "fall": _plan(plan, untaken_s)},
        })  # fmt: skip
        devices.extend(_device(name, person=person) for name in worn)
        subject = str(enrol.person_id(ORGANISATION, person))
        people[subject] = PersonPlan(subject, plan, untaken_s, service, worn)
    devices.append(_device("smoke-1", place="scheme"))
    roll = enrol.Roll.model_validate({
        "organisation": str(ORGANISATION),
        "name": "Simulated service",
        "services": [
            {"id": DESK, "name": "Crisis service", "catchment": CATCHMENTS[DESK]},
            {"id": FAR, "name": "Far service", "catchment": CATCHMENTS[FAR], "delivery": "bars"},
            {"id": PHONE, "name": "By phone", "catchment": CATCHMENTS[PHONE], "delivery": "phone"},
        ],
        "places": [{"id": "scheme", "name": "Fictional scheme", "postcode": "LE1 1AA"}],
        "persons": persons,
        "devices": devices,
    })  # fmt: skip
    return Town(roll, people, place=str(enrol.place_id(ORGANISATION, "scheme")))


def _plan(plan: str, untaken_s: int | None) -> object:
    return {"after_untaken_s": untaken_s} if untaken_s is not None else plan


def _device(sender: str, **whose: str) -> dict[str, Any]:
    return {
        "line": LINE, "sender": sender, "interval_s": INTERVAL_S, "secret_sha256": "00" * 32,
        **whose,
    }  # fmt: skip
