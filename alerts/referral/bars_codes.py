"""Systems, profiles and closed codes of BaRS-shaped messages (CLINICAL 3.4, 3.6, 3.8)."""

from typing import Any

FHIR_UK = "https://fhir.nhs.uk"
CODES = f"{FHIR_UK}/CodeSystem"
IDS = f"{FHIR_UK}/Id"
PROFILES = f"{FHIR_UK}/StructureDefinition"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition"
HL7_PROFILES = "http://hl7.org/fhir/StructureDefinition"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
MESSAGES = f"{FHIR_UK}/MessageDefinition"

NHS_NUMBER = f"{IDS}/nhs-number"
ODS = f"{IDS}/ods-organization-code"
DOS = f"{IDS}/dos-service-id"

EVENTS = f"{CODES}/message-events-bars"
REASONS = f"{CODES}/message-reason-bars"
CATEGORIES = f"{CODES}/message-category-servicerequest"
USE_CASES = f"{CODES}/usecases-categories-bars"
FLAGS = f"{CODES}/flag-categories-bars"
SCENE = f"{CODES}/scene-safety-codes-bars"
CONSENTS = f"{CODES}/consent-categories-bars"
ARP = "arp-priority-codes"
OUTCOMES = "response-outcome-codes"
REJECTED = "rejected-reasons-bars"

REQUEST = "servicerequest-request"
RESPONSE = "servicerequest-response"
LIFTED = "PATLIFT"

# Ours: local systems have no registered address, so they are names and not addresses.
LOCAL = "urn:lifeline-gateway"
DOUBTED_NUMBER = f"{LOCAL}:nhs-number-failing-its-check"
PERSON_ID = f"{LOCAL}:person"
CASE_NUMBER = f"{LOCAL}:referral"
OPERATOR_ID = f"{LOCAL}:operator"
NEED = f"{LOCAL}:ucr-need"
STANDARD = f"{LOCAL}:standard"
FLAG_CODES = f"{LOCAL}:flag"

USE_CASE_WORDS = {
    "a3t1": "999 - CAS",
    "a4t1": "999 - CAS",
    "a4t2": "999 - Falls",
    "a4t3": "999 - Community Services",
}
CATEGORY_WORDS = {"validation": "For Validation", "referral": "Transfer of Care"}
REJECTED_WORDS = {
    "RRNA": "not available in time",
    "OTH": "another reason",
    "FC": "the service could not contact the person",
}

Json = dict[str, Any]


def coding(system: str, code: str, display: str = "") -> Json:
    """Make a Coding."""
    found = {"system": system, "code": code}
    return {**found, "display": display} if display else found


def concept(system: str, code: str, display: str = "") -> Json:
    """Make a CodeableConcept of one coding."""
    return {"coding": [coding(system, code, display)]}


def ref(urn: str) -> Json:
    """Make a Reference to an entry of the message."""
    return {"reference": urn}
