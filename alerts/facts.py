"""What is known before a decision: the person, the devices, the services, the rules.

Facts are read from the database (or from a story) and never changed by deciding. Clinical figures
come from the rules, not from here.
"""

from datetime import date, datetime

import msgspec

from alerts.words import Ceiling, PersonStatus, SubjectKind


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a referral goes out by itself (DECIDING 2).

    Exactly one of the three: `at_once`, `operator`, or `after_untaken_s` seconds without a taker.
    `call_back` False: this person's cancelled falls are not called back.
    """

    at_once: bool = False
    operator: bool = False
    after_untaken_s: int | None = None
    call_back: bool = True


class Person(msgspec.Struct, frozen=True):
    """Who may need help, as far as deciding needs to know; name and address stay in the store.

    `plan` maps `press`, `fall` or `deterioration`; an absent entry is the shipped plan.
    `baseline_cognition` is how they usually are, in ACVPU.
    """

    id: str
    born: date | None = None
    postcode: str | None = None
    status: PersonStatus = PersonStatus.HOME
    away_until: datetime | None = None
    ceiling: Ceiling = Ceiling.NONE
    anticipatory_line: str | None = None
    conditions: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    anticoagulants: bool | None = None
    plan: dict[str, Plan] = {}
    place: str | None = None
    language: str | None = None
    baseline_cognition: str = "A"
    care_home: bool = False


class Device(msgspec.Struct, frozen=True):
    """An enrolled sender.

    `speech` says that its unit can open a voice channel; `faulty_since` that it is known to be
    faulty and not replaced yet.
    """

    id: str
    person: str | None = None
    place: str | None = None
    interval_s: int | None = None
    model: str | None = None
    line: str = ""
    speech: bool = True
    faulty_since: datetime | None = None


class Service(msgspec.Struct, frozen=True):
    """A response service: hours, catchment, criteria, capacity.

    Attributes:
        kind: `UCR`, `EDT`, `LINE`, `RESPONDER`, ... as rows name it.
        hours: `24/7`, or weekday (`mon` .. `sun`) to spans `HH:MM-HH:MM` in the service's zone.
        catchment: Postcode prefixes; empty = everywhere.
        capacity: Free places now; None = unknown.
        capacity_at: When that figure was entered; older than 4 h counts as unknown.
        automatic_per_hour: Ceiling of automatic referrals per hour; None = the rules' default.
        automatic_last_hour: How many went out in the last hour, counted by the store.
        position: Order in the list: lower first.
        roaming: It goes out beyond its places: no free place is not full.
    """

    id: str
    kind: str = "UCR"
    timezone: str = "Europe/London"
    hours: str | dict[str, tuple[str, ...]] = "24/7"
    catchment: tuple[str, ...] = ()
    capacity: int | None = None
    capacity_at: datetime | None = None
    criteria: str = ""
    automatic_per_hour: int | None = None
    automatic_last_hour: int = 0
    delivery: str = "desk"
    position: int = 0
    roaming: bool = False


class Elsewhere(msgspec.Struct, frozen=True):
    """A referral of this case's person that is open in another case: of their place, or theirs."""

    referral: str
    service: str


class Facts(msgspec.Struct, frozen=True):
    """All that one case's decision may look at, apart from the case itself.

    `devices` maps a device's name to its row, for the subject's own devices. `residents` are who
    live in the place, where the subject is one; `elsewhere` is what is open for this person outside
    this case (ADR 0009). `bereaved`: somebody who lived in this home has died.
    """

    subject: SubjectKind
    person: Person | None = None
    place: str | None = None
    devices: dict[str, Device] = {}
    services: tuple[Service, ...] = ()
    residents: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    bereaved: bool = False
