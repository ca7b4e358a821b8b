"""What happens to a referral: the service's acts, and the operator's confirmation or withdrawal.

Each is one event on one case in one transaction; an answer of 2xx is given after its commit.
"""

from uuid import UUID

from fastapi import APIRouter

from alerts.events import OperatorEvent, ServiceEvent
from alerts.words import OperatorAct, ServiceAct
from gateway.api import build, models, reads
from gateway.api.act import bring, check_occurred
from gateway.api.auth import V1, Caller, Shared, WhoCalls
from gateway.api.views import ReferralActed
from gateway.context import Context
from gateway.store.connect import Row

router = APIRouter(prefix=f"{V1}/referrals/{{referral_id}}", tags=["referrals"])


@router.post("/seen", summary="A person of the service has read it")
async def seen(
    referral_id: UUID, body: models.SeenBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Stop the three minutes in which a human must see a provisional referral."""
    return await _serve(context, caller, referral_id, ServiceAct.SEEN, body)


@router.post("/accept", summary="The service accepts")
async def accept(
    referral_id: UUID, body: models.AcceptBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Accept; nothing is provisional after it. A changed standard keeps the first clock."""
    return await _serve(context, caller, referral_id, ServiceAct.ACCEPT, body)


@router.post("/reject", summary="The service rejects")
async def reject(
    referral_id: UUID, body: models.RejectBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Reject with a reason; the case goes back in front of an operator, loudly."""
    return await _serve(context, caller, referral_id, ServiceAct.REJECT, body)


@router.post("/set_out", summary="The team has set out")
async def set_out(
    referral_id: UUID, body: models.SetOutBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Note that the team is on its way, and when it expects to arrive."""
    return await _serve(context, caller, referral_id, ServiceAct.SET_OUT, body)


@router.post("/face_to_face", summary="A face-to-face visit")
async def face_to_face(
    referral_id: UUID, body: models.VisitBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Note a visit with its findings; the first one stops the national clock."""
    return await _serve(context, caller, referral_id, ServiceAct.FACE_TO_FACE, body)


@router.post("/contact", summary="A contact by telephone, video or in person")
async def contact(
    referral_id: UUID, body: models.ContactBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Note a contact; by telephone or video it stops no clock."""
    return await _serve(context, caller, referral_id, ServiceAct.CONTACT, body)


@router.post("/ring_back", summary="A clinician rang back")
async def ring_back(
    referral_id: UUID, body: models.RingBackBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Note the call and its result; the task that waited for it is done."""
    return await _serve(context, caller, referral_id, ServiceAct.RING_BACK, body)


@router.post("/outcome", summary="The outcome, which closes the referral")
async def outcome(
    referral_id: UUID, body: models.OutcomeBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Close with an outcome; it flows back to whoever answered the alarm."""
    return await _serve(context, caller, referral_id, ServiceAct.OUTCOME, body)


@router.post("/confirm", summary="An operator confirms a provisional referral")
async def confirm(
    referral_id: UUID, body: models.ConfirmBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Confirm: a person has decided that the crisis team is needed."""
    return await _operate(context, caller, referral_id, OperatorAct.CONFIRM, text=body.text)


@router.post("/withdraw", summary="An operator withdraws a referral")
async def withdraw(
    referral_id: UUID, body: models.WithdrawBody, caller: WhoCalls, context: Shared
) -> ReferralActed:
    """Withdraw with a reason; the service is told, never before it was told of the referral."""
    return await _operate(context, caller, referral_id, OperatorAct.WITHDRAW, reason=body.reason)


async def _serve(
    context: Context,
    caller: Caller,
    referral_id: UUID,
    do: ServiceAct,
    body: models.ServiceBody,
) -> ReferralActed:
    now = context.clock.now()
    check_occurred(body.occurred_at, now)
    found, whose = await _referral(context, caller, referral_id)
    event = ServiceEvent(
        at=now,
        service=build.referral_of(found.record).service,
        do=do,
        referral=str(referral_id),
        by=caller.name,
        **body.model_dump(),
    )
    return await _bring(context, caller, whose, event)


async def _operate(  # noqa: PLR0913 - who does what to which, and why
    context: Context,
    caller: Caller,
    referral_id: UUID,
    do: OperatorAct,
    *,
    reason: str | None = None,
    text: str = "",
) -> ReferralActed:
    found, whose = await _referral(context, caller, referral_id)
    event = OperatorEvent(
        at=context.clock.now(),
        operator=caller.name,
        do=do,
        alarm=build.referral_of(found.record).alarm,
        referral=str(referral_id),
        reason=reason,
        text=text,
    )
    return await _bring(context, caller, whose, event)


async def _referral(context: Context, caller: Caller, referral_id: UUID) -> tuple[Row, build.Whose]:
    async with context.sessions.transaction() as connection:
        found = await reads.referral_row(connection, caller, referral_id)
        return found, build.whose(found, await reads.warnings_of(connection, [found]))


async def _bring(
    context: Context, caller: Caller, whose: build.Whose, event: OperatorEvent | ServiceEvent
) -> ReferralActed:
    acted = await bring(context, caller, whose.subject, event)
    after = next(one for one in acted.case.referrals if one.id == event.referral)
    view = build.referral_view(after, whose, context.desk.rules, context.clock.now())
    return ReferralActed(referral=view, decided=build.steps(acted.entries))
