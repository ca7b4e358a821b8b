"""What BaRS demands of the person, the contact, the plan, the place, the flags and the consent."""

from gateway.practice_receiver.outcomes import Refusal
from gateway.practice_receiver.reading import Findings, Json, Message, codes, moment, text, values

NHS_NUMBER = "https://fhir.nhs.uk/id/nhs-number"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
VERIFICATION = UK_CORE + "NHSNumberVerificationStatus"
RANK = UK_CORE + "ContactRank"
PLACE = "https://fhir.nhs.uk/StructureDefinition/LocationExtension"
# Category -> (status of the Encounter, status of the CarePlan).
STATUS = {"validation": ("triaged", "active"), "referral": ("finished", "completed")}


def check_people(message: Message, found: Findings) -> None:
    """Check everything in a referral that is not its MessageHeader or ServiceRequest."""
    encounter, plan = STATUS.get(message.category, ("", ""))
    if encounter:
        _check_encounter(message.one("Encounter"), found, encounter)
        _check_plan(message.one("CarePlan"), found, plan)
    _check_patient(message, found)
    _check_place(message.one("Location"), found)
    for flag in message.all("Flag"):
        _check_flag(message, flag, found)
    for consent in message.all("Consent"):
        _check_consent(consent, found)
    _check_role(message, found)


def _check_encounter(encounter: Json, found: Findings, status: str) -> None:
    if not encounter:
        return  # its absence has been said
    found.among("Encounter.status", text(encounter, "status"), (status,))
    found.need("Encounter.class", text(encounter, "class", "code"), "a code, as EMER or VR")
    found.need("Encounter.identifier", text(encounter, "identifier", "value"), "the case number")
    journey = text(encounter, "episodeOfCare", "reference")
    found.need("Encounter.episodeOfCare", journey, "the journey's id, made at first contact")
    start = moment(text(encounter, "period", "start"))
    found.need("Encounter.period.start", start, "when the call was connected or answered")


def _check_plan(plan: Json, found: Findings, status: str) -> None:
    if not plan:
        return
    found.among("CarePlan.status", text(plan, "status"), (status,))
    found.need("CarePlan.period.start", moment(text(plan, "period", "start")), "the clock's start")
    told = text(plan, "activity", "outcomeCodeableConcept", "text").strip()
    where = "CarePlan.activity.outcomeCodeableConcept"
    found.need(where, told, "a text that a person can read, beside any codes")


def _check_patient(message: Message, found: Findings) -> None:
    patient = message.one("Patient")
    if not patient:
        return
    identifiers = values(patient, "identifier")
    found.need("Patient.identifier", text(identifiers, "value"), "an NHS number or a local id")
    for identifier in identifiers:
        if text(identifier, "system").lower() == NHS_NUMBER:
            _check_nhs_number(identifier, found)
    _check_contacts(patient, found)
    practice = text(patient, "generalPractitioner", "reference")
    if practice and message.kind_at(practice) != "Organization":
        where = "Patient.generalPractitioner"
        found.say(Refusal.WRONG_VALUE, where, "expected the surgery, an Organization")


def _check_nhs_number(identifier: Json, found: Findings) -> None:
    where = "Patient.identifier(nhs-number)"
    if not is_nhs_number(text(identifier, "value")):
        found.say(Refusal.WRONG_VALUE, f"{where}.value", "no NHS number: 10 digits, modulus 11")
    status = [one for one in values(identifier, "extension") if text(one, "url") == VERIFICATION]
    code = text(status, "valueCodeableConcept", "coding", "code")
    found.need(f"{where}.extension", code, "the verification status")


def is_nhs_number(written: str) -> bool:
    """Say whether ten digits carry the right check digit (modulus 11)."""
    if len(written) != 10 or not (written.isascii() and written.isdigit()):
        return False
    digits = [int(one) for one in written]
    rest = sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return (11 - rest) % 11 == digits[9]


def _rank(contact: Json) -> object:
    ranks = [one for one in values(contact, "extension") if text(one, "url") == RANK]
    return next(iter(values(ranks, "valuePositiveInt")), None)


def _check_contacts(patient: Json, found: Findings) -> None:
    """Each contact has a rank; exactly one is first, and it has a telephone."""
    contacts = values(patient, "contact")
    ranks = [_rank(contact) for contact in contacts]
    unranked = sum(1 for rank in ranks if not isinstance(rank, int) or rank < 1)
    if unranked:
        found.say(Refusal.INCOMPLETE, "Patient.contact.extension", f"{unranked} without a rank")
    first = [contact for contact, rank in zip(contacts, ranks, strict=True) if rank == 1]
    if len(first) != 1:
        where = "Patient.contact"
        found.say(Refusal.INCOMPLETE, where, f"{len(first)} of rank 1, expected exactly one")
        return
    phones = [
        one
        for one in values(first, "telecom")
        if text(one, "system") == "phone" and text(one, "value")
    ]
    found.need("Patient.contact.telecom", phones, "a telephone of the contact of rank 1")


def _check_place(place: Json, found: Findings) -> None:
    if not place:
        return
    extensions = [one for one in values(place, "extension") if text(one, "url") == PLACE]
    known = values(extensions, "extension") or values(place, "address", "line")
    found.need("Location", known, "an address, or UPRN, grid reference or what3words")


def _check_flag(message: Message, flag: Json, found: Findings) -> None:
    category = codes(flag, "category", "coding", system="flag-categories-bars")
    found.need("Flag.category", category, "a code of flag-categories-bars")
    wanted = "Location" if "SS" in category else "Patient"
    if message.kind_at(text(flag, "subject", "reference")) != wanted:
        where = "Flag.subject"
        found.say(Refusal.WRONG_VALUE, where, f"expected the {wanted} for this category")


def _check_consent(consent: Json, found: Findings) -> None:
    direct_care = "DRC" in values(consent, "category", "coding", "code")
    found.need("Consent.category", direct_care, "DRC, direct care")
    implied = "IMPLIED" in values(consent, "policyRule", "coding", "code")
    found.need("Consent.policyRule", implied, "IMPLIED")


def _check_role(message: Message, found: Findings) -> None:
    for role in message.all("PractitionerRole"):
        for element, kind in (("practitioner", "Practitioner"), ("organization", "Organization")):
            if message.kind_at(text(role, element, "reference")) != kind:
                where = f"PractitionerRole.{element}"
                found.say(Refusal.WRONG_VALUE, where, f"expected a reference to the {kind}")
