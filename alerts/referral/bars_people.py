"""The people, places and organisations of a BaRS-shaped message (CLINICAL 3.6, 3.8)."""

from alerts.referral import bars_codes as codes
from alerts.referral.bars_case import BarsCase, Contact, PersonCard
from alerts.referral.bars_codes import Json, concept, ref
from alerts.referral.nhs_number import is_nhs_number

MAX_CONTACTS = 20
NO_ADDRESS = "Address not recorded: ring the lifeline centre"
ONESELF = concept(f"{codes.TERMINOLOGY}/v3-RoleCode", "ONESELF", "self")
EMERGENCY = concept(f"{codes.TERMINOLOGY}/v2-0131", "EP", "Emergency contact person")
NOT_TRACED = ("number-present-but-not-traced", "Number present but not traced")


def patient(case: BarsCase) -> Json:
    """Make the Patient; a person without an NHS number, or without a name, is one too."""
    person = case.person
    name = person.name or "Not known"
    found: Json = {
        "resourceType": "Patient",
        "identifier": _identifiers(person),
        "name": [{"use": "official", "text": name, **_family(person.name)}],
        "contact": contacts(case),
    }
    if person.born is not None:
        found["birthDate"] = person.born.isoformat()
    if person.address or person.postcode:
        found["address"] = [{"use": "home", "type": "both", **address(person)}]
    if person.language:
        found["communication"] = [{"language": {"text": person.language}}]
    if person.surgery:
        found["generalPractitioner"] = [ref(case.urn("surgery"))]
    return found


def _family(name: str) -> Json:
    """Give the last word as the family name: FHIR asks for one, our record keeps one line."""
    first, _, last = name.rpartition(" ")
    if not last:
        return {}
    return {"family": last, "given": first.split()} if first else {"family": last}


def _identifiers(person: PersonCard) -> list[Json]:
    local = {"system": codes.PERSON_ID, "value": person.id}
    if not person.nhs_number:
        return [local]
    if not is_nhs_number(person.nhs_number):
        # Under its own system a wrong number could find another person; a Flag tells of it.
        return [{"system": codes.DOUBTED_NUMBER, "value": person.nhs_number}, local]
    # Never "verified": nothing here has asked the national register.
    url = f"{codes.UK_CORE}/Extension-UKCore-NHSNumberVerificationStatus"
    system = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
    status = {"url": url, "valueCodeableConcept": concept(system, *NOT_TRACED)}
    number = {"extension": [status], "system": codes.NHS_NUMBER, "value": person.nhs_number}
    return [number, local]


def contacts(case: BarsCase) -> list[Json]:
    """Rank who can be rung: exactly one first, and that one has a telephone.

    The person themself, then whoever has a number; when nobody has, the lifeline centre is first.
    """
    person = case.person
    own = [("home", person.phone_home), ("mobile", person.phone_mobile)]
    numbers = [(use, number) for use, number in own if number]
    listed: list[Json] = []
    if numbers:
        listed.append({"relationship": [ONESELF], "telecom": _telecom(numbers)})
    known = sorted(person.contacts[:MAX_CONTACTS], key=lambda one: not one.phone)
    if not numbers and not any(one.phone for one in known):
        listed.append(_centre(case))
    listed.extend(_contact(one) for one in known)
    url = f"{codes.UK_CORE}/Extension-UKCore-ContactRank"
    return [
        {"extension": [{"url": url, "valuePositiveInt": rank}], **one}
        for rank, one in enumerate(listed, start=1)
    ]


def _telecom(numbers: list[tuple[str, str]]) -> list[Json]:
    return [
        {"system": "phone", "value": number, "use": use, "rank": rank}
        for rank, (use, number) in enumerate(numbers, start=1)
    ]


def _contact(contact: Contact) -> Json:
    words = {"text": contact.relationship} if contact.relationship else {}
    found: Json = {"relationship": [{**EMERGENCY, **words}]}
    found["name"] = {"text": contact.name or "Name not recorded"}
    if contact.phone:
        found["telecom"] = _telecom([("home", contact.phone)])
    return found


def _centre(case: BarsCase) -> Json:
    words = {"text": "Lifeline centre: no telephone of the person is recorded"}
    return {
        "relationship": [{**EMERGENCY, **words}],
        "name": {"text": case.sender.name},
        "telecom": _telecom([("work", case.sender.phone)]),
        "organization": ref(case.urn("sender")),
    }


def address(person: PersonCard) -> Json:
    """Make the Address parts from one line of text and a postcode; never without a line."""
    lines = [line.strip() for line in person.address.split(",") if line.strip()]
    found: Json = {"text": ", ".join([*lines, *filter(None, [person.postcode])]) or NO_ADDRESS}
    found["line"] = lines or [person.postcode or NO_ADDRESS]
    if person.postcode:
        found["postalCode"] = person.postcode
    return found


def location(case: BarsCase) -> Json:
    """Make the Location the team goes to."""
    person = case.person
    found: Json = {"resourceType": "Location", "name": "Home"}
    if person.uprn:
        uprn = {"url": "UPRN", "valueString": person.uprn}
        found["extension"] = [
            {"url": f"{codes.PROFILES}/LocationExtension", "extension": [uprn]},
        ]
    found["address"] = {**address(person), "country": "UK"}
    return found


def organisation(ods: str, name: str) -> Json:
    """Make an Organization."""
    return {
        "resourceType": "Organization",
        "identifier": [{"system": codes.ODS, "value": ods}],
        "name": name,
    }


def practitioner(case: BarsCase) -> Json:
    """Make who asks: an operator by id; "automatic" while nobody has the alarm."""
    who = case.requester or "automatic"
    words = "Lifeline operator" if case.requester else "Automatic referral, no operator yet"
    return {
        "resourceType": "Practitioner",
        "identifier": [{"system": codes.OPERATOR_ID, "value": who}],
        "name": [{"text": words}],
        "telecom": [{"system": "phone", "value": case.sender.phone, "use": "work"}],
    }


def practitioner_role(case: BarsCase) -> Json:
    """Make the requester's role at the lifeline centre."""
    staff = concept("http://snomed.info/sct", "224608005", "Administrative healthcare staff")
    return {
        "resourceType": "PractitionerRole",
        "practitioner": ref(case.urn("practitioner")),
        "organization": ref(case.urn("sender")),
        "code": [staff],
    }
