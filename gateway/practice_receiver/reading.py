"""Reading FHIR JSON of which nothing is known yet: no shape that comes from outside may raise.

`values` follows names through objects and lists and gives what stands at the end; a name that is
missing, or stands on something else, gives nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.practice_receiver.outcomes import Problem, Refusal

Json = dict[str, Any]
URN = "urn:uuid:"
CODES = "https://fhir.nhs.uk/CodeSystem/"
WITHDRAWN = ("revoked", "entered-in-error")


def values(node: object, *names: str) -> list[Any]:
    """Give what stands at `names` under a node, with every list on the way opened."""
    found = _opened(node)
    for name in names:
        found = [
            inner
            for one in found
            if isinstance(one, dict) and name in one
            for inner in _opened(one[name])
        ]
    return found


def _opened(node: object) -> list[Any]:
    return node if isinstance(node, list) else [node]


def text(node: object, *names: str) -> str:
    """Give the first text at `names`; empty when there is none."""
    return next((one for one in values(node, *names) if isinstance(one, str)), "")


def is_uuid(written: str) -> bool:
    """Say whether a text is a UUID in its usual form."""
    try:
        return str(UUID(written)) == written.lower()
    except ValueError:
        return False


def moment(written: str) -> datetime | None:
    """Read a FHIR instant or dateTime with its offset; None for anything else."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else None


def codes(node: object, *names: str, system: str) -> list[str]:
    """Give the codes of one system under `names` (codings); systems compare without case."""
    wanted = (CODES + system).lower()
    return [
        text(coding, "code")
        for coding in values(node, *names)
        if text(coding, "system").lower() == wanted
    ]


def walk(node: object) -> Iterator[Json]:
    """Yield every object within a node, itself included."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


@dataclass(frozen=True, slots=True)
class Message:
    """A Bundle of type message whose entries could be told apart: fullUrl -> resource, in order."""

    bundle: Json
    resources: dict[str, Json]

    def all(self, kind: str) -> list[Json]:
        """Give the resources of one type."""
        return [one for one in self.resources.values() if one.get("resourceType") == kind]

    def one(self, kind: str) -> Json:
        """Give the first resource of a type; an empty one when there is none."""
        return next(iter(self.all(kind)), {})

    def url_of(self, kind: str) -> str:
        """Give the fullUrl of the first resource of a type; empty when there is none."""
        urls = (url for url, one in self.resources.items() if one.get("resourceType") == kind)
        return next(urls, "")

    def kind_at(self, reference: str) -> str:
        """Give the type of the resource a reference leads to; empty when it leads nowhere."""
        return text(self.resources.get(reference, {}), "resourceType")

    @property
    def bundle_id(self) -> str:
        """The message's own id."""
        return text(self.bundle, "id")

    @property
    def reason(self) -> str:
        """Why it came: new, update or delete."""
        found = codes(self.one("MessageHeader"), "reason", "coding", system="message-reason-bars")
        return next(iter(found), "")

    @property
    def status(self) -> str:
        """What the referral is to be: active, revoked or entered-in-error."""
        return text(self.one("ServiceRequest"), "status")

    @property
    def withdraws(self) -> bool:
        """Whether it takes a referral back."""
        return self.status in WITHDRAWN

    @property
    def category(self) -> str:
        """What is asked for: referral or validation."""
        service_request = self.one("ServiceRequest")
        found = codes(
            service_request, "category", "coding", system="message-category-servicerequest"
        )
        return next(iter(found), "")

    @property
    def case_number(self) -> str:
        """The sender's number of the case, on its Encounter."""
        return text(self.one("Encounter"), "identifier", "value")


class Findings:
    """What is wrong with a message, as it is found."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, refusal: Refusal, where: str, what: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(refusal, where, what))

    def need(self, where: str, held: object, what: str) -> None:
        """Say what is missing unless it is there."""
        if not held:
            self.say(Refusal.INCOMPLETE, where, f"missing; expected {what}")

    def among(self, where: str, found: str, allowed: tuple[str, ...]) -> None:
        """Say that a code is not one of the allowed ones."""
        if found not in allowed:
            shown = f"found {found[:40]!r}" if found else "missing"
            self.say(Refusal.WRONG_VALUE, where, f"{shown}; expected {' or '.join(allowed)}")
