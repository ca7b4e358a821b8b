"""From an outbox message, which holds ids, codes and times, to all that its Bundle says.

What happened is what was decided when the message was made, so that a retry says the same. Who the
person is, is read now and written down in the audit: which referral, to whom, never what.
"""

from datetime import datetime
from typing import Any

import msgspec

from alerts.referral.bars_case import (
    BarsCase,
    Change,
    Contact,
    PersonCard,
    Receiver,
    Sender,
    bundle_id,
)
from alerts.words import Ceiling
from gateway import __version__
from gateway.audit.rows import Act, add
from gateway.bars_settings import BarsEndpoint
from gateway.errors import DeliveryError
from gateway.store.connect import Connection, Row, row, run
from gateway.store.outbox import Message

CHANGES = {
    "referral_request": Change.NEW,
    "referral_update": Change.UPDATE,
    "referral_withdrawal": Change.REVOKED,
}
PERSON_SENT = "person_sent"
_contacts_of = msgspec.json.Decoder(list[dict[str, Any]]).decode


class _Told(msgspec.Struct):
    """What alerts/referral/message.py says about a referral."""

    sent_at: datetime
    at: datetime
    alarm: str | None = None
    alarm_at: datetime | None = None
    pressed_at: datetime | None = None
    breach_due_at: datetime | None = None
    operator: str | None = None
    provisional: bool = False
    what: str | None = None
    need: str | None = None
    standard: str = "two_hour"
    spoken_to: bool = False
    on_floor_since: datetime | None = None
    task_999_at: datetime | None = None
    change: str = ""


async def read_case(
    connection: Connection,
    message: Message,
    endpoint: BarsEndpoint,
    audit_key: bytes,
    now: datetime,
) -> BarsCase:
    """Read what a message is about, note that it goes out, and give it as one value.

    Raises:
        DeliveryError: the message or the referral cannot be read; trying again changes nothing.
        StoreError: as the database says.
    """
    found = await row(
        connection,
        "bars_case",
        id=message.referral_id,
        organisation_id=message.organisation_id,
        service_id=message.recipient,
    )
    if found is None or message.what not in CHANGES:
        raise DeliveryError("This referral cannot be read. Telephone the service.", again=False)
    try:
        told = msgspec.convert(message.body, _Told)
    except msgspec.ValidationError as error:
        raise DeliveryError(
            "This referral's message cannot be read. Telephone the service; tell an engineer.",
            again=False,
        ) from error
    case = _case(message, told, found, endpoint)
    named = {"service_id": message.recipient, "organisation_id": message.organisation_id}
    opening = bundle_id(case.referral, Change.NEW, 0)
    known = await row(connection, "bars_name", bundle_id=opening, **named)
    await run(
        connection,
        "bars_sent",
        bundle_id=case.bundle_id,
        referral_id=message.referral_id,
        now=now,
        **named,
    )
    await _audit(connection, message, found, audit_key, now)
    receivers_id = known.receivers_id if known is not None else None
    # An opening message names nothing of the receiver's, or its retry would be another message.
    if case.change is Change.NEW:
        return case
    return msgspec.structs.replace(case, receivers_id=receivers_id)


def _case(message: Message, told: _Told, found: Row, endpoint: BarsEndpoint) -> BarsCase:
    return BarsCase(
        referral=str(message.referral_id),
        flow=endpoint.flow,
        change=CHANGES[message.what],
        number=message.seq,
        use_case=endpoint.case,
        person=_person(found),
        receiver=Receiver(
            found.service_name, endpoint.service_id, endpoint.receiver_ods, found.timezone
        ),
        sender=_sender(found, endpoint),
        at=told.at,
        sent_at=told.sent_at,
        started_at=told.pressed_at or told.alarm_at or told.sent_at,
        breach_at=told.breach_due_at,
        alarm=told.alarm,
        requester=told.operator,
        provisional=told.provisional,
        what=told.what,
        need=told.need,
        standard=told.standard,
        spoken_to=told.spoken_to,
        on_floor_since=told.on_floor_since,
        task_999_at=told.task_999_at,
        changed=told.change,
    )


def _sender(found: Row, endpoint: BarsEndpoint) -> Sender:
    return Sender(
        name=found.organisation_name,
        dos_id=endpoint.sender_service_id,
        ods=endpoint.ods_code,
        phone=endpoint.phone,
        software=endpoint.software,
        version=__version__,
        device_arrays=endpoint.device_arrays,
    )


def _person(found: Row) -> PersonCard:
    """Give the card; for a place without a person, the place's address under no name."""
    place = [found.place_name or "", found.place_address or ""]
    address = found.address or ", ".join(part for part in place if part)
    ceiling = found.ceiling or Ceiling.NONE.value
    return PersonCard(
        id=str(found.subject_id),
        name=found.name or "",
        born=found.born,
        nhs_number=found.nhs_number,
        address=address,
        postcode=found.postcode or found.place_postcode,
        phone_home=found.phone_home,
        phone_mobile=found.phone_mobile,
        contacts=tuple(_contact(one) for one in _contacts_of(found.contacts or "[]")),
        ceiling="" if ceiling == Ceiling.NONE.value else ceiling.replace("_", " "),
        language=found.language,
        bereaved=found.bereaved,
    )


def _contact(given: dict[str, Any]) -> Contact:
    return Contact(
        name=str(given.get("name") or ""),
        phone=str(given.get("phone") or ""),
        relationship=str(given.get("relationship") or given.get("relation") or ""),
    )


async def _audit(
    connection: Connection, message: Message, found: Row, audit_key: bytes, now: datetime
) -> None:
    actor, about = f"sender:{message.recipient}", message.referral_id
    content = found.subject_id.bytes
    sent = Act(message.organisation_id, now, actor, PERSON_SENT, about, content)
    await add(connection, audit_key, sent)
