"""Random houses to decide about: persons, services, devices, and places, for the properties."""

from datetime import date

import msgspec
from hypothesis import strategies as st

from alerts.facts import Device, Elsewhere, Facts, Person, Plan, Service
from alerts.words import Ceiling, PersonStatus, SubjectKind
from tests.alerts.houses import HUB, ICRS, PENDANT, T0, facts, person

COUNTY = Service("county", catchment=("LE",), capacity=1, position=1)
PLANS = st.sampled_from(
    [Plan(at_once=True), Plan(operator=True), Plan(after_untaken_s=45), Plan(after_untaken_s=90)]
)
PERSONS = st.builds(
    lambda press, fall, status, fields: person(
        plan={"press": press, "fall": fall}, status=status, **fields
    ),
    PLANS,
    PLANS,
    st.sampled_from([PersonStatus.HOME, PersonStatus.HOME, PersonStatus.HOME, *PersonStatus]),
    st.sampled_from(
        [
            {},
            {},
            {},
            {"born": date(2010, 5, 1)},
            {"postcode": "NG1 1AA"},
            {"care_home": True, "baseline_cognition": "C"},
            {"ceiling": Ceiling.COMFORT_ONLY, "anticipatory_line": "hub", "anticoagulants": True},
        ]
    ),
)
DEVICES = st.sampled_from(
    [PENDANT, PENDANT, Device("17", speech=False), Device("17", faulty_since=T0)]
)
SERVICES = st.sampled_from(
    [
        (ICRS, HUB),
        (ICRS, HUB),
        (ICRS, COUNTY, HUB),
        (msgspec.structs.replace(ICRS, automatic_last_hour=1000), HUB),
        (msgspec.structs.replace(ICRS, hours={"tue": ("06:00-06:57",)}), COUNTY, HUB),
        (msgspec.structs.replace(ICRS, capacity=None), HUB),
        (),
    ]
)
WHOSE = st.sampled_from(["person", "person", "person", "person", "alone", "several"])


def _home(who: Person, services: tuple[Service, ...], device: Device, whose: str) -> Facts:
    """Give a person's case, or a place's: of one who lives there alone, or of several."""
    if whose == "person":
        return facts(who, services, device)
    alone = whose == "alone"
    return Facts(
        SubjectKind.PLACE,
        person=who if alone else None,
        place="no-3",
        devices={"17": device},
        services=services,
        residents=("wc",) if alone else ("wc", "ab"),
        elsewhere=(Elsewhere("theirs", "icrs"),) if alone else (),
    )


HOUSES = st.builds(_home, PERSONS, SERVICES, DEVICES, WHOSE)
