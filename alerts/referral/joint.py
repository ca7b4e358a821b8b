"""Two services for one person: a referral each, and each knows of the other (CLINICAL 1.1 row 6).

Both answer one alarm, or one of them came from elsewhere and has no alarm (ADR 0013).
"""

from msgspec.structs import replace

from alerts.case import Reason, Referral
from alerts.referral.message import send_update
from alerts.rule_ids import Rule
from alerts.step import Step
from alerts.words import ReferralState

NEVER_CAME = frozenset({ReferralState.WITHDRAWN, ReferralState.REJECTED})


def pair(step: Step, referral: Referral) -> tuple[Step, Referral, tuple[Reason, ...]]:
    """Join a new referral with the open ones it is joint with, and tell their services."""
    partners = tuple(other for other in step.open_referrals() if _answers_with(referral, other))
    if not partners:
        return step, referral, ()
    referral = replace(referral, joint_with=tuple(other.id for other in partners))
    step = step.put_referral(referral)
    for other in partners:
        paired = replace(other, joint_with=(*other.joint_with, referral.id))
        step = send_update(step.put_referral(paired), paired, "joint")
    services = [other.service for other in partners]
    return step, referral, (step.why(Rule.JOINT, "joint_response", services=services),)


def _answers_with(referral: Referral, other: Referral) -> bool:
    """Say whether two referrals are of one alarm, or of one person where one has no alarm."""
    if other.id == referral.id:
        return False
    if referral.alarm is not None and other.alarm is not None:
        return referral.alarm == other.alarm
    return referral.person is not None and referral.person == other.person


def part(step: Step, referral: Referral) -> Step:
    """Take a referral that was withdrawn or rejected out of its joint response."""
    for other in step.case.referrals:
        if referral.id in other.joint_with:
            left = tuple(one for one in other.joint_with if one != referral.id)
            alone = replace(other, joint_with=left)
            step = send_update(step.put_referral(alone), alone, "joint_no_longer")
    return step
