"""BaRS-shaped referrals by HTTP: request, update and withdrawal (CLINICAL 3).

    request     POST; the service has it when it answers with an Encounter `planned`, or with 409
                `duplicate`, which a retry gets when the first answer was lost
    update      POST with the reason `update`
    withdrawal  GET the service's ServiceRequest, then POST it as `revoked`

A retry is the same body under the same X-Request-Id. What may be tried again is said by
alerts/referral/bars_problem.py; when, by the outbox; that a withdrawal never overtakes its
referral, by the outbox's streams. The whole of one attempt takes less than DEADLINE_S, the lease of
the outbox more than twice that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from urllib.parse import quote

import httpx
import msgspec

from alerts.referral import bars_codes
from alerts.referral.bars import build
from alerts.referral.bars_answer import Answer, AnswerKind, interpret
from alerts.referral.bars_case import BarsCase, Change, bundle_id
from alerts.referral.bars_problem import Refused, Verdict, judge
from alerts.referral.bars_read import dicts, resources, text
from alerts.referral.nhs_number import is_nhs_number
from gateway.bars_settings import BarsEndpoint
from gateway.errors import DeliveryError, SettingsError
from gateway.placing import Desk
from gateway.senders.bars_headers import PROCESS
from gateway.senders.bars_http import Answered, Wire
from gateway.senders.bars_reading import read_case
from gateway.senders.bars_token import Tokens
from gateway.store.connect import Sessions, run
from gateway.store.outbox import Message

DEADLINE_S = 4.5
PHASE_S = 4.0
CONNECTIONS = 20
ENDED = frozenset({"revoked", "entered-in-error", "completed"})
TELEPHONE = "Telephone the service now."

TakeAnswer = Callable[[Message, BarsCase, Answer, datetime], Awaitable[None]]
"""Bring to its case what a service says in its HTTP answer beyond having the referral."""


class BarsSender:
    """Sends to every service that has an endpoint; a Sender (gateway/senders/__init__.py)."""

    def __init__(
        self,
        sessions: Sessions,
        desk: Desk,
        endpoints: Mapping[str, BarsEndpoint],
        take: TakeAnswer,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Read keys and certificates.

        Raises:
            SettingsError: one of them cannot be used.
        """
        self._sessions = sessions
        self._desk = desk
        self._endpoints = endpoints
        self._take = take
        self._deadline_s = deadline_s
        self._stack = AsyncExitStack()
        self._wires = {service: self._wire(one) for service, one in endpoints.items()}

    def _wire(self, endpoint: BarsEndpoint) -> Wire:
        verify: str | bool = True if endpoint.ca_file is None else str(endpoint.ca_file)
        try:
            client = httpx.AsyncClient(
                timeout=PHASE_S,
                verify=verify,
                limits=httpx.Limits(max_connections=CONNECTIONS),
                trust_env=False,
            )
        except OSError as error:
            raise SettingsError(f"bars: cannot use ca_file {endpoint.ca_file}") from error
        self._stack.push_async_callback(client.aclose)
        return Wire(endpoint.url, client, Tokens(endpoint, client))

    async def close(self) -> None:
        """End all connections."""
        await self._stack.aclose()

    async def __call__(self, message: Message, now: datetime) -> None:
        """Deliver one message.

        Raises:
            DeliveryError: with words for the operator, without personal data.
        """
        endpoint = self._endpoints.get(message.recipient)
        owner = None if endpoint is None else endpoint.organisation or self._desk.organisation_id
        if endpoint is None or owner != message.organisation_id:
            raise DeliveryError(
                "No electronic address is set up for this service (setting `bars`). "
                "Telephone the service now. Then tell an engineer.",
                again=False,
            )
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._deliver(message, endpoint, now)
        except TimeoutError as error:
            raise DeliveryError(
                f"The service gave no answer within {self._deadline_s:g} s. {TELEPHONE}"
            ) from error

    async def _deliver(self, message: Message, endpoint: BarsEndpoint, now: datetime) -> None:
        async with self._sessions.transaction() as connection:
            case = await read_case(connection, message, endpoint, self._desk.audit_key, now)
        wire = self._wires[message.recipient]
        if case.change.is_cancel:
            found = await _look(wire, case, now)
            if found is None:
                return
            case = found
        body = msgspec.json.encode(build(case))
        answered = await wire.post(case, PROCESS, body, now)
        if not answered.is_success:
            _raise_unless_delivered(judge(answered.status, answered.body), answered)
            return
        answer = _read(case, answered)
        await self._keep(message, case, answer)
        if case.change is Change.NEW and answer.kind is not AnswerKind.PLANNED:
            await self._take(message, case, answer, now)

    async def _keep(self, message: Message, case: BarsCase, answer: Answer) -> None:
        """Keep how the service names the referral."""
        async with self._sessions.transaction() as connection:
            await run(
                connection,
                "bars_named",
                organisation_id=message.organisation_id,
                service_id=message.recipient,
                bundle_id=bundle_id(case.referral, Change.NEW, 0),
                receivers_id=answer.receivers_id,
                reference=answer.reference or None,
            )


def _read(case: BarsCase, answered: Answered) -> Answer:
    """Read the answer to a message that was taken.

    Raises:
        DeliveryError: it says nothing that can be relied on; sending again finds out.
    """
    answer = interpret(answered.body, case.encounter_id, case.bundle_id)
    strange = answer.to not in ("", case.bundle_id)
    if case.change is Change.NEW:
        strange = strange or answer.kind is AnswerKind.NOT_UNDERSTOOD
    elif not isinstance(answered.body, dict):
        strange = True
    if strange:
        raise DeliveryError(
            "The service took the message but its answer cannot be understood "
            f"(HTTP {answered.status}). {TELEPHONE} Then tell an engineer.",
            after_s=answered.after_s,
        )
    return answer


def _raise_unless_delivered(refused: Refused, answered: Answered) -> None:
    if refused.verdict is Verdict.DELIVERED:
        return
    again = refused.verdict is Verdict.AGAIN
    raise DeliveryError(refused.words, again=again, after_s=answered.after_s)


async def _look(wire: Wire, case: BarsCase, now: datetime) -> BarsCase | None:
    """Look at what the service has before it is withdrawn; None when it has ended already.

    Without the service's id (its answer was lost) the referral is searched for; when that finds
    nothing, the withdrawal goes out under our own names alone.

    Raises:
        DeliveryError: the service does not know the referral, or cannot say now.
    """
    if case.receivers_id is None:
        return await _search(wire, case, now)
    path = f"/ServiceRequest/{quote(case.receivers_id, safe='')}"
    answered = await wire.get(case, path, now)
    if not answered.is_success:
        _raise_unless_delivered(judge(answered.status, answered.body), answered)
    found = next(iter(dicts(answered.body)), {})
    return None if text(found.get("status")) in ENDED else case


async def _search(wire: Wire, case: BarsCase, now: datetime) -> BarsCase | None:
    """Search by the person; only what names our own Encounter is ours."""
    person = case.person
    known = is_nhs_number(person.nhs_number or "")
    system = bars_codes.NHS_NUMBER if known else bars_codes.PERSON_ID
    value = person.nhs_number if known else person.id
    wanted = quote(f"{system}|{value}", safe="")
    answered = await wire.get(case, f"/ServiceRequest?patient:identifier={wanted}", now)
    if not answered.is_success or not isinstance(answered.body, dict):
        return case
    for one in resources(answered.body, "ServiceRequest"):
        encounter = next(iter(dicts(one.get("encounter"))), {})
        if text(encounter.get("reference")).endswith(f"/{case.encounter_id}"):
            if text(one.get("status")) in ENDED:
                return None
            return msgspec.structs.replace(case, receivers_id=text(one.get("id")) or None)
    return case
