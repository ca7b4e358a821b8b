"""One message: headers, what its ids were used for, the mood, the checks, keeping, the answer.

In the order a real receiver's parts stand: the proxy looks at headers and token; then the mood may
refuse whatever came (400, 408, 422, 429, 503: nothing is kept); then the message is read, checked
and kept; then the mood may spoil the answer (kept but failed, 409, slow, cut off, silence, broken:
the message is held all the same, so a repeat gets 409 duplicate).

Repeats (CLINICAL 3.3): the same X-Request-Id means the same body and the same X-Correlation-Id. A
message that was kept is answered 409 with issue.code duplicate; so is a kept Bundle.id under a new
X-Request-Id. Another body under a used id is answered 400, because a sender takes duplicate for
success and would believe that the other body had arrived.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from gateway.practice_receiver.answers import opened, updated
from gateway.practice_receiver.elements import check_elements
from gateway.practice_receiver.headers import FHIR_JSON, check_headers, target_of
from gateway.practice_receiver.ledger import Case, Ledger, Received, Seen
from gateway.practice_receiver.moods import Mood, Moods, Step
from gateway.practice_receiver.outcomes import Problem, Refusal, operation_outcome, status_of
from gateway.practice_receiver.reading import Json, Message, is_uuid
from gateway.practice_receiver.structure import read_message

NewId = Callable[[], str]
RETRY_AFTER_S = 2
RETRY_STATUS = (429, 503)
MAX_LISTED = 20
REFUSES = {
    Mood.BAD_REQUEST: Refusal.BAD,
    Mood.TIMEOUT: Refusal.TIMEOUT,
    Mood.UNPROCESSABLE: Refusal.NOT_SUPPORTED,
    Mood.TOO_MANY: Refusal.THROTTLED,
    Mood.UNAVAILABLE: Refusal.UNAVAILABLE,
}
SPOILS = {Mood.KEPT_BUT_FAILED: Refusal.UNAVAILABLE, Mood.DUPLICATE: Refusal.DUPLICATE}
MOOD = "the receiver's mood"
NO_STEP = Step(Mood.PLANNED)


@dataclass(frozen=True, slots=True)
class Came:
    """A message as it came. `headers` by name in small letters."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime
    number: int

    @property
    def request_id(self) -> str:
        """Its X-Request-Id, cut to what a list can hold."""
        return self.headers.get("x-request-id", "")[:64]

    @property
    def correlation_id(self) -> str:
        """Its X-Correlation-Id, likewise."""
        return self.headers.get("x-correlation-id", "")[:64]

    @property
    def digest(self) -> bytes:
        """What tells one body from another."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `case` is the referral a kept message belongs to."""

    status: int
    body: bytes
    step: Step
    headers: Mapping[str, str]
    case: Case | None = None


def meet(
    came: Came, ledger: Ledger, moods: Moods, new_id: NewId, refused: Problem | None = None
) -> Answer:
    """Meet one message: check it, keep it, list it, answer it.

    Args:
        came: The message.
        ledger: What is held; changes.
        moods: How the next message is met; a step is used up unless headers or token are refused.
        new_id: Gives UUIDs.
        refused: What is wrong with the token.
    """
    meeting = _Meeting(came, ledger, new_id)
    problems = [refused] if refused else check_headers(came.headers, message=True).problems
    if problems:
        return meeting.refuse(problems)
    meeting.step = moods.next()
    problems = meeting.read()
    return meeting.refuse(problems) if problems else meeting.keep()


class _Meeting:
    """One message being met: what is known of it grows from step to step."""

    def __init__(self, came: Came, ledger: Ledger, new_id: NewId) -> None:
        self.came = came
        self.ledger = ledger
        self.new_id = new_id
        self.step: Step | None = None
        self.message: Message | None = None
        self.case: Case | None = None

    def read(self) -> list[Problem]:
        """Read the message; give why it cannot be kept, or nothing."""
        assert self.step is not None, "the mood is asked before the message is read"
        if problems := self._used_before():
            return problems
        if self.step.mood in REFUSES:
            return [Problem(REFUSES[self.step.mood], "Bundle", MOOD)]
        self.message, found = read_message(self.came.body)
        if self.message is None or found.problems:
            return found.problems
        problems = check_elements(self.message, target_of(self.came.headers))
        return problems or self._unkeepable(self.message)

    def keep(self) -> Answer:
        """Hold the message and answer it, as far as the mood lets the answer through."""
        assert self.message is not None, "only a message that was read is kept"
        assert self.step is not None, "as above"
        self.case = self._case(self.message)
        came, mood = self.came, self.step.mood
        self.ledger.keep(self.case, self.message.bundle_id, came.digest)
        if mood in SPOILS:
            return self.refuse([Problem(SPOILS[mood], "Bundle", f"{MOOD}; the message is held")])
        broken = mood is Mood.BROKEN
        self._list(200, [])
        body: Json = {"ok": True} if broken else self.case.opened.message.bundle
        headers = self._headers("application/json" if broken else FHIR_JSON)
        return Answer(200, msgspec.json.encode(body), self.step, headers, self.case)

    def refuse(self, problems: list[Problem]) -> Answer:
        """Answer with an OperationOutcome."""
        status = status_of(problems)
        self._list(status, problems)
        headers = self._headers(FHIR_JSON)
        wait_s = self.step.retry_after_s if self.step else None
        if status == Refusal.THROTTLED.status and wait_s is None:
            wait_s = RETRY_AFTER_S
        if wait_s is not None and status in RETRY_STATUS:
            headers["Retry-After"] = str(wait_s)
        body = msgspec.json.encode(operation_outcome(problems, self.new_id()))
        return Answer(status, body, self.step or NO_STEP, headers, self.case)

    def _used_before(self) -> list[Problem]:
        came, where = self.came, "X-Request-Id"
        first = self.ledger.first_use(came.request_id, Seen(came.digest, came.correlation_id))
        if first.digest != came.digest:
            what = (
                "was used for another body; a repeat sends the same bytes, a new message a new id"
            )
            return [Problem(Refusal.INCONSISTENT, where, what)]
        if first.correlation_id != came.correlation_id:
            what = "was used with another X-Correlation-Id; a repeat keeps both"
            return [Problem(Refusal.INCONSISTENT, where, what)]
        return []

    def _unkeepable(self, message: Message) -> list[Problem]:
        """Say why a good message cannot be kept: it is here already, or leads to nothing."""
        came, ledger = self.came, self.ledger
        before = ledger.body_of(message.bundle_id)
        if before == came.digest:
            what = "this message has already been processed"
            return [Problem(Refusal.DUPLICATE, "Bundle", what)]
        if before is not None:
            what = "was used for another body; each message has its own"
            return [Problem(Refusal.INCONSISTENT, "Bundle.id", what)]
        if message.reason != "new" and ledger.case_of(message, came.correlation_id) is None:
            what = f"{message.reason} ({message.status}) of a referral that is not here"
            return [Problem(Refusal.UNKNOWN_REFERRAL, "ServiceRequest", what)]
        if ledger.full:
            what = f"{ledger.most} referrals are held; start the practice receiver anew"
            return [Problem(Refusal.UNAVAILABLE, "Bundle", what)]
        return []

    def _case(self, message: Message) -> Case:
        """Open a referral, or change the one an update belongs to."""
        came = self.came
        ids = [self.new_id() for _ in range(len(message.resources) + 2)]
        if message.reason == "new":
            reference = f"UCR-{came.at:%Y%m%d}-{len(self.ledger.cases) + 1:05d}"
            mirrored = opened(message, reference, came.at, ids)
            return Case(mirrored, came.correlation_id, message.case_number, came.at)
        case = self.ledger.case_of(message, came.correlation_id)
        assert case is not None, "an update of nothing was refused before"
        case.opened = updated(case.opened, message, came.at, ids)
        case.status = message.status
        case.messages += 1
        return case

    def _headers(self, content: str) -> dict[str, str]:
        """Give the answer's headers: the ids of the request come back with it."""
        ids = {"X-Request-Id": self.came.request_id, "X-Correlation-Id": self.came.correlation_id}
        back = {name: value for name, value in ids.items() if is_uuid(value)}
        return {"Content-Type": content, **back}

    def _list(self, status: int, problems: list[Problem]) -> None:
        message = self.message or Message({}, {})
        silent = self.step is not None and self.step.mood is Mood.SILENCE
        self.ledger.write(
            Received(
                number=self.came.number,
                at=self.came.at,
                request_id=self.came.request_id,
                correlation_id=self.came.correlation_id,
                bundle_id=message.bundle_id[:64],
                reason=message.reason[:16],
                status=message.status[:32],
                case_number=self.case.case_number if self.case else message.case_number[:64],
                referral_id=self.case.opened.referral_id if self.case else "",
                mood=self.step.mood.value if self.step else "",
                answered=None if silent else status,
                kept=self.case is not None,
                problems=tuple(f"{one.where}: {one.text}" for one in problems[:MAX_LISTED]),
            )
        )
