"""What a service answered: a BaRS-shaped response read as one of a few answers (CLINICAL 3.5).

    Encounter planned       it has the referral         (the answer to our request)
              in-progress   it accepts                  (interim response)
              cancelled     it rejects, with reasonCode (interim response)
              finished      it is done; CarePlan completed: nothing more to do, else we must act

Unknown codes are shown as they are; an answer that cannot be understood says so, and the gateway
puts it before a person. Nothing here raises.
"""

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from alerts.referral import bars_codes
from alerts.referral.bars_read import Json, codes, dicts, resources, text, words

PLAIN_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


class AnswerKind(StrEnum):
    """What an answer says."""

    PLANNED = "planned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FINISHED = "finished"
    NOT_UNDERSTOOD = "not_understood"


STATUSES = {
    "planned": AnswerKind.PLANNED,
    "in-progress": AnswerKind.ACCEPTED,
    "cancelled": AnswerKind.REJECTED,
    "finished": AnswerKind.FINISHED,
}


class Answer(msgspec.Struct, frozen=True):
    """An answer. Texts are as the service wrote them and may be personal: never for a log.

    Attributes:
        id: The answer's own Bundle.id; "" when it has none.
        to: The Bundle.id of the message that is answered; "" when it does not say.
        case: Our case number, where the answer repeats it; "" otherwise.
        reference: The service's own number for a person to say on the telephone.
        receivers_id: The service's id of our ServiceRequest; None when it gives none.
        reason: Why it was rejected, or why the answer cannot be understood.
        outcome: What was done, in words.
        arp: Ambulance response priority that the service came to, such as C5.
        lifted: The person was lifted (PATLIFT), so somebody was there.
        action_needed: The service asks us to act.
        at: When it happened, where the answer says so.
    """

    kind: AnswerKind
    id: str = ""
    to: str = ""
    case: str = ""
    reference: str = ""
    receivers_id: str | None = None
    reason: str = ""
    outcome: str = ""
    arp: str = ""
    lifted: bool = False
    action_needed: bool = False
    at: datetime | None = None


def interpret(bundle: object, ours: str = "", sent: str = "") -> Answer:
    """Read an answer.

    Args:
        bundle: The decoded JSON body.
        ours: The id of our own Encounter: an answer may repeat it beside the service's.
        sent: For the answer to a request: the Bundle.id we sent. It comes back with our own
            MessageHeader and what the service has added.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        return Answer(AnswerKind.NOT_UNDERSTOOD, reason="no FHIR Bundle")
    given = Answer(AnswerKind.NOT_UNDERSTOOD, id=_id(bundle.get("id")) or "")
    headers = resources(bundle, "MessageHeader")
    if len(headers) != 1:
        return _not(given, f"{len(headers)} MessageHeaders, expected 1")
    response = next(iter(dicts(headers[0].get("response"))), {})
    given = msgspec.structs.replace(given, to=_id(response.get("identifier")) or "")
    event = next((text(one.get("code")) for one in dicts(headers[0].get("eventCoding"))), "")
    if event == bars_codes.REQUEST and sent and given.id == sent:
        given = msgspec.structs.replace(given, id="", to=sent)
    elif event != bars_codes.RESPONSE:
        return _not(given, f"not the event {bars_codes.RESPONSE}")
    if text(response.get("code")).endswith("-error"):
        return _not(given, "the answer says that our message failed")
    return _read(given, bundle, ours)


def _read(given: Answer, bundle: Json, ours: str) -> Answer:
    encounters = resources(bundle, "Encounter")
    theirs = [one for one in encounters if one.get("id") != ours] or encounters
    given = msgspec.structs.replace(given, case=_case(encounters), receivers_id=_request(bundle))
    statuses = {text(one.get("status")) for one in theirs}
    known = statuses & set(STATUSES)
    if len(known) != 1:
        return _not(given, f"{len(known)} known states of the Encounter, expected 1")
    status = known.pop()
    encounter = next(one for one in theirs if one.get("status") == status)
    return _filled(given, bundle, encounter)


def _filled(given: Answer, bundle: Json, encounter: Json) -> Answer:
    kind = STATUSES[text(encounter.get("status"))]
    found = msgspec.structs.replace(
        given, kind=kind, reference=_reference(encounter), at=_when(encounter, kind)
    )
    if kind is AnswerKind.REJECTED:
        return msgspec.structs.replace(found, reason=_rejected(encounter))
    if kind is AnswerKind.FINISHED:
        return _finished(found, bundle)
    return found


def _finished(found: Answer, bundle: Json) -> Answer:
    plans = resources(bundle, "CarePlan")
    activities = [one for plan in plans for one in dicts(plan.get("activity"))]
    results = [one for each in activities for one in dicts(each.get("outcomeCodeableConcept"))]
    arp = next(codes(results, bars_codes.ARP), "")
    lifted = bars_codes.LIFTED in codes(results, bars_codes.OUTCOMES)
    # Doubt makes noise: only a plan that says "completed" needs nobody.
    done = bool(plans) and all(text(plan.get("status")) == "completed" for plan in plans)
    said = ["the person was lifted"] if lifted else []
    said += [f"response priority {arp}"] if arp else []
    said += [words(results)] if words(results) else []
    outcome = "; ".join(said) or "finished, without words"
    return msgspec.structs.replace(
        found, outcome=outcome, arp=arp, lifted=lifted, action_needed=not done
    )


def _not(given: Answer, reason: str) -> Answer:
    return msgspec.structs.replace(given, kind=AnswerKind.NOT_UNDERSTOOD, reason=reason)


def _rejected(encounter: Json) -> str:
    reasons = encounter.get("reasonCode")
    code = next(codes(reasons, bars_codes.REJECTED), "")
    said = words(reasons) or bars_codes.REJECTED_WORDS.get(code, "")
    if not said:
        return f"reason code {code}" if code else "the service gave no reason"
    return f"{said} ({code})" if code else said


def _id(value: object) -> str | None:
    """Give an id without the prefix some senders write before it; None for what is no id."""
    found = text(value).removeprefix("urn:uuid:")
    return found if PLAIN_ID.fullmatch(found) else None


def _request(bundle: Json) -> str | None:
    found = (_id(one.get("id")) for one in resources(bundle, "ServiceRequest"))
    return next(filter(None, found), None)


def _identifiers(encounter: Json) -> list[tuple[str, str]]:
    found = dicts(encounter.get("identifier"))
    return [(text(one.get("system")), text(one.get("value"))) for one in found]


def _case(encounters: list[Json]) -> str:
    pairs = (pair for one in encounters for pair in _identifiers(one))
    return next((value for system, value in pairs if system == bars_codes.CASE_NUMBER), "")


def _reference(encounter: Json) -> str:
    pairs = _identifiers(encounter)
    return next((value for system, value in pairs if system != bars_codes.CASE_NUMBER), "")


def _when(encounter: Json, kind: AnswerKind) -> datetime | None:
    """Give when a finished encounter ended, where it says so with an offset.

    None means: when the answer came. Its start is no such time: that is when we asked, and would
    stop a clock before it ran.
    """
    if kind is not AnswerKind.FINISHED:
        return None
    period = next(iter(dicts(encounter.get("period"))), {})
    try:
        at = datetime.fromisoformat(text(period.get("end")))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
